//! `sanctum status`: how this node stands, looked at without asking any daemon or starting any child.
//!
//! Whatever cannot be looked at is a line of the report, not the end of it. Only an instance that was named and
//! cannot be read, or a node that does not exist, ends the verb.

use super::{Context, FOUND, doctor, status_fleet, status_runs};
use crate::args::status::Status as Args;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::session::{Opened, choose_node, told_node};
use crate::site::{Access, HERE, Place, Site};
use crate::verbs;
use sanctum_host::{Blobs, Scope, clock, files, vitals};
use sanctum_orchestrator::alerts::stale;
use sanctum_orchestrator::fleet::probe::hundredths;
use sanctum_orchestrator::house::facts;
use sanctum_orchestrator::instance::Instance;
use sanctum_orchestrator::instance::registry::os_of;
use sanctum_orchestrator::jobs::account;
use sanctum_orchestrator::rotate::due::Changes;
use sanctum_orchestrator::status::gather::{Looked, Written, ports_of, without_port};
use sanctum_orchestrator::status::reboot::Left;
use sanctum_orchestrator::status::secrets::{self, Secrets};
use sanctum_orchestrator::status::table::{Row, Tone, rows};
use sanctum_orchestrator::status::{AlertCounts, Seen, Status, System, gather, ports};
use sanctum_types::{Digest, NodeName, ServiceName, Severity, UnixTime, chain};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// This binary's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Looks once, or again and again.
pub fn run(context: &Context, args: &Args) -> Result<Exit, Failure> {
    let remote = args.all || !args.on.is_empty();
    // Keys are read once, so that a passphrase is asked for once.
    let asker = remote.then(|| status_fleet::Asker::new(context, args)).transpose()?;
    let look = || match &asker {
        Some(asker) => asker.look(context),
        None => local(context),
    };
    let Some(seconds) = args.watch else {
        let page = look()?;
        context.out.data(&page.data);
        for (paint, line) in &page.lines {
            context.out.line(*paint, line);
        }
        return Ok(page.exit);
    };
    loop {
        let page = look()?;
        let read = if context.out.json {
            context.out.data_line(&page.data)
        } else {
            context.out.page(&page.lines, context.around.screen)
        };
        if !read {
            return Ok(page.exit);
        }
        clock::sleep(Duration::from_secs(seconds.into()));
    }
}

/// A report, ready to be printed.
pub struct Page {
    /// As data.
    pub data: serde_json::Value,
    /// As lines.
    pub lines: Vec<(Paint, String)>,
    /// What it means.
    pub exit: Exit,
}

/// Rows with their paint.
pub fn painted(rows: Vec<Row>) -> Vec<(Paint, String)> {
    rows.into_iter()
        .map(|row| {
            let paint = match row.tone {
                Tone::Head => Paint::Head,
                Tone::Good => Paint::Good,
                Tone::Bad => Paint::Bad,
                Tone::Note => Paint::Note,
                Tone::Plain => Paint::Plain,
            };
            (paint, row.text)
        })
        .collect()
}

fn local(context: &Context) -> Result<Page, Failure> {
    let status = here(context)?;
    let exit = if status.holds() { Exit::Done } else { FOUND };
    Ok(Page { data: serde_json::to_value(&status)?, lines: painted(rows(&status)), exit })
}

/// The status of this machine, or of the directory that stands for one.
pub fn here(context: &Context) -> Result<Status, Failure> {
    let (common, place) = (&context.common, Place::of(&context.common));
    let opened = match Opened::read(common, &context.around, context.out) {
        Err(failure) if common.instance.is_some() => return Err(failure),
        other => other,
    };
    let node = match &opened {
        Ok(opened) => Some(choose_node(&opened.instance, common)?),
        Err(_) => told_node(common)?,
    };
    let instance = match &opened {
        Ok(opened) => Looked::Seen(&opened.instance),
        Err(failure) => Looked::Unknown(failure.error.to_string()),
    };
    let digest = opened.as_ref().ok().map(|opened| opened.digest);
    let (last_runs, ports) = match (&opened, &node, &place) {
        (_, _, Place::Root(_)) => {
            let why = "nothing runs below a directory";
            (Looked::Off(why.to_owned()), Looked::Off(why.to_owned()))
        }
        (Ok(opened), Some(node), Place::Machine) => running(&opened.instance, node),
        (_, _, Place::Machine) => {
            let why = "there is no instance that says what should run";
            (Looked::Unknown(why.to_owned()), Looked::Unknown(why.to_owned()))
        }
    };
    let running = match (&opened, &node) {
        (Ok(opened), Some(node)) if os_of(&opened.instance, node) == Some(HERE) => {
            let services = without_port(&opened.instance, node);
            status_runs::look(context, &opened.instance, node, services)
        }
        _ => BTreeMap::new(),
    };
    let vault = match (&opened, &node, &place) {
        (_, _, Place::Root(_)) => Looked::Off("nothing runs below a directory".to_owned()),
        (Ok(opened), Some(node), Place::Machine) => status_runs::vault(&opened.instance, node),
        _ => Looked::Unknown("there is no instance that says what should run".to_owned()),
    };
    let (kept, changes) = of_secrets(context, &place, (opened.as_ref(), node.as_ref()));
    Ok(gather(Seen {
        version: VERSION,
        now: clock::now(),
        node,
        instance,
        system: system(&place),
        written: written(context, digest),
        last_runs,
        ports,
        running,
        vault,
        reboot: reboot(context),
        secrets: kept,
        changes,
        alerts: alerts(context),
        implemented: verbs::implemented().collect(),
    }))
}

fn reboot(context: &Context) -> Looked<Left> {
    match super::reboot::report::left(context) {
        Ok(Some(left)) => Looked::Seen(left),
        Ok(None) => Looked::Off("no reboot of sanctum's is on record".to_owned()),
        Err(failure) => Looked::Unknown(chain(&*failure.error)),
    }
}

/// This node's secrets by files, and when each was changed last.
fn of_secrets(
    context: &Context,
    place: &Place,
    (opened, node): (Result<&Opened, &Failure>, Option<&NodeName>),
) -> (Looked<Secrets>, Looked<Changes>) {
    let unknown = |why: String| (Looked::Unknown(why.clone()), Looked::Unknown(why));
    match (opened, node) {
        (Ok(opened), Some(node)) => {
            let kept = match kept(place, opened, node) {
                Ok(seen) => Looked::Seen(seen),
                Err(failure) => Looked::Unknown(failure.error.to_string()),
            };
            (kept, changes(context, &opened.instance, node))
        }
        (Err(failure), _) => unknown(failure.error.to_string()),
        (Ok(_), None) => unknown("nothing says which node this is".to_owned()),
    }
}

/// What files tell of this node's secrets; no value is opened.
fn kept(place: &Place, opened: &Opened, node: &NodeName) -> Result<Secrets, Failure> {
    let Opened { instance, text, .. } = opened;
    let known = || Failure::failed(format!("the instance has no node `{node}`"));
    let declared = instance.nodes.get(node).ok_or_else(known)?;
    if *place == Place::Machine && os_of(instance, node) != Some(HERE) {
        return Err(Failure::failed(format!(
            "node `{node}` has another operating system: say --node"
        )));
    }
    // Only the system is asked of the facts, and the instance knows that.
    let facts = facts::assumed(instance, declared);
    let ground = doctor::ground(place, node, (instance, text), &facts);
    Ok(secrets::look(&doctor::eyes(place, &ground)?))
}

/// When each secret was changed last; read only where an age is wanted.
fn changes(context: &Context, instance: &Instance, node: &NodeName) -> Looked<Changes> {
    if !secrets::ages_wanted(instance, node) {
        return Looked::Off("no age is wanted".to_owned());
    }
    match super::secrets::changes(context) {
        Ok(changes) => Looked::Seen(changes),
        Err(unseen) => Looked::Unknown(unseen.to_string()),
    }
}

/// What is open at the desk of the alerts: held, on its way, or a channel that is silent. Nothing is there where the
/// desk never ran.
fn alerts(context: &Context) -> Looked<AlertCounts> {
    let state = match super::alerts::remembered(context) {
        Ok(Some(state)) => state,
        Ok(None) => return Looked::NotBuilt,
        Err(failure) => return Looked::Unknown(failure.error.to_string()),
    };
    let held = state.held().iter().map(|held| held.alert.severity);
    let under_way = state.undelivered().map(|message| message.severity);
    let silent = stale(&state, clock::now()).into_iter().map(|finding| finding.severity);
    let mut counts = AlertCounts::default();
    for severity in held.chain(under_way).chain(silent) {
        let count = match severity {
            Severity::Critical => &mut counts.critical,
            Severity::Error => &mut counts.error,
            Severity::Warn => &mut counts.warn,
            Severity::Info => &mut counts.info,
        };
        *count = count.saturating_add(1);
    }
    Looked::Seen(counts)
}

fn system(place: &Place) -> System {
    if let Place::Root(_) = place {
        return System::default();
    }
    let seen = vitals::look();
    System {
        host_name: seen.host_name,
        os: seen.os,
        kernel: seen.kernel,
        uptime_seconds: seen.uptime_seconds,
        load_hundredths: seen.load.as_deref().and_then(hundredths),
        root_kib: seen.root_kib.map(|(size, _)| size),
        root_free_kib: seen.root_kib.map(|(_, free)| free),
    }
}

type LastRuns = Looked<BTreeMap<ServiceName, Looked<Option<UnixTime>>>>;
type Ports = Looked<BTreeMap<u16, ports::Port>>;

fn running(instance: &Instance, node: &NodeName) -> (LastRuns, Ports) {
    if os_of(instance, node) != Some(HERE) {
        let why = format!("node `{node}` has another operating system: say --node");
        return (Looked::Unknown(why.clone()), Looked::Unknown(why));
    }
    let runs = instance
        .schedules
        .iter()
        .filter(|(_, entry)| entry.node == *node)
        .map(|(name, _)| (name.clone(), last_run(name)))
        .collect();
    (Looked::Seen(runs), Looked::Seen(ports::look(&ports_of(instance, node))))
}

fn last_run(name: &ServiceName) -> Looked<Option<UnixTime>> {
    let file = match account::last_run_file(HERE, name) {
        Ok(file) => file,
        Err(error) => return Looked::Unknown(chain(&error)),
    };
    match files::read_optional(Path::new(file.as_str()), account::LAST_RUN_LIMIT) {
        Ok(None) => Looked::Seen(None),
        Ok(Some(bytes)) => match account::read_last_run(&bytes) {
            Some(at) => Looked::Seen(Some(at)),
            None => Looked::Unknown(format!("{file} holds no time")),
        },
        Err(error) => Looked::Unknown(chain(&error)),
    }
}

/// What receipts say was written and what is there of it: files only, because units take children to ask.
fn written(context: &Context, instance: Option<Digest>) -> Looked<Written> {
    look_at_written(context, instance)
        .map_or_else(|failure| Looked::Unknown(chain(&*failure.error)), Looked::Seen)
}

fn look_at_written(context: &Context, instance: Option<Digest>) -> Result<Written, Failure> {
    if !Site::is_known(&context.common)? {
        return Ok(Written::default());
    }
    let mut site = Site::recall(&context.common, &context.around, Access::Look)?;
    let engine = site.engine();
    let history = engine.history()?;
    let paths = history.managed().paths.into_keys().collect();
    let scope = Scope { paths, ..Scope::default() };
    let seen = engine.host.observe(&scope, &mut Blobs::default())?;
    Ok(Written::of(&history, &seen, instance))
}
