//! From what was seen of a node to its status document.
//!
//! Pure: the caller looked, cheaply, and says where it could not. Each section has its own judge here, so that one
//! that cannot be looked at leaves the others as they are. Drift is what was last written against what is there;
//! what the instance wants now takes a whole plan and is `sanctum drift`'s.

use super::model::{
    AlertCounts, Alerts, FORMAT, Guard, Item, Layer, Run, Source, State, Status, System,
};
use super::ports::Port;
use super::reboot::{self, Left};
use super::secrets::{self, Secrets};
use crate::drift::Drift;
use crate::instance::model::{GuardMode, PortSpec, Service, Transport};
use crate::instance::{Instance, vault};
use crate::jobs::{derive, schedule};
use crate::receipt::History;
use crate::rotate::due::Changes;
use sanctum_host::{Observed, PathState};
use sanctum_types::{Digest, NodeName, ServiceName, UnixTime};
use std::collections::{BTreeMap, BTreeSet};

/// A job that is due for less than this may still run: launchd gives it 600 s to end (jobs' ExitTimeOut), and a
/// machine that was asleep starts it when it wakes.
const LATE_SECONDS: i64 = 900;
const NOT_BUILT: &str = "not built in this version";

/// Something that was looked at, or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked<T> {
    /// It was.
    Seen(T),
    /// It could not be, for this reason.
    Unknown(String),
    /// It does not apply at this place.
    Off(String),
    /// This version does not have it.
    NotBuilt,
}

impl<T> Looked<T> {
    /// The state and detail of something that was not seen.
    pub(super) fn blank(&self) -> Option<(State, String)> {
        match self {
            Self::Seen(_) => None,
            Self::Unknown(why) => Some((State::Unknown, why.clone())),
            Self::Off(why) => Some((State::Off, why.clone())),
            Self::NotBuilt => Some((State::NotBuilt, NOT_BUILT.to_owned())),
        }
    }
}

/// Whether a service without a TCP port runs, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Running {
    /// It does; that it works is another question.
    Yes(String),
    /// It should and does not.
    No(String),
    /// Nobody can say, for this reason.
    Unknown(String),
}

/// Everything that was seen of a node.
#[derive(Debug)]
pub struct Seen<'a> {
    /// Version of this binary.
    pub version: &'a str,
    /// The time.
    pub now: UnixTime,
    /// Which node this is.
    pub node: Option<NodeName>,
    /// The instance.
    pub instance: Looked<&'a Instance>,
    /// The machine.
    pub system: System,
    /// What was written, and what is there of it.
    pub written: Looked<Written>,
    /// Last runs of this node's schedules; none inside for one that never ran.
    pub last_runs: Looked<BTreeMap<ServiceName, Looked<Option<UnixTime>>>>,
    /// TCP ports of this node's services.
    pub ports: Looked<BTreeMap<u16, Port>>,
    /// Services without a TCP port of which something can be said.
    pub running: BTreeMap<ServiceName, Running>,
    /// How the vault of this node answers.
    pub vault: Looked<Running>,
    /// The last reboot.
    pub reboot: Looked<Left>,
    /// This node's secrets, by files.
    pub secrets: Looked<Secrets>,
    /// When each secret was changed last, by the journal.
    pub changes: Looked<Changes>,
    /// Open alerts.
    pub alerts: Looked<AlertCounts>,
    /// Verbs of `sanctumd` and jobs of `sanctum` that this version has.
    pub implemented: BTreeSet<String>,
}

/// What receipts say was written, compared with what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many files are sanctum's.
    pub files: usize,
    /// Files that differ.
    pub differ: Vec<(String, Drift)>,
    /// A receipt that is half-done or waits for the owner's word, with the verb that ends it.
    pub open: Option<(String, &'static str)>,
    /// When the last apply ended.
    pub applied: Option<UnixTime>,
    /// Whether the instance that was read is the one that was applied; none when none was read.
    pub same_instance: Option<bool>,
}

impl Written {
    /// Compares receipts with what is there.
    #[must_use]
    pub fn of(history: &History, seen: &Observed, instance: Option<Digest>) -> Self {
        let managed = history.managed();
        let files = managed.paths.iter().filter(|(_, at)| matches!(at.last, PathState::File(_)));
        let differ = files
            .clone()
            .filter_map(|(path, at)| {
                let drift = match seen.at(path) {
                    there if there == at.last => return None,
                    PathState::Absent => Drift::Missing,
                    PathState::Dir(_) | PathState::File(_) => Drift::ForeignEdit,
                };
                Some((path.to_string(), drift))
            })
            .collect();
        let interrupted = history.interrupted().map(|one| (one.header.id.clone(), "recover"));
        let unconfirmed = || history.unconfirmed().map(|one| (one.header.id.clone(), "confirm"));
        let last = history.receipts.iter().rev().find(|receipt| receipt.finished().is_some());
        Self {
            files: files.count(),
            differ,
            open: interrupted.or_else(unconfirmed),
            applied: last.and_then(crate::receipt::Receipt::finished),
            same_instance: instance.and_then(|digest| Some(last?.header.plan.instance == digest)),
        }
    }
}

/// The document.
#[must_use]
pub fn gather(seen: Seen<'_>) -> Status {
    let drift = drift(&seen.written);
    let schedules = schedules(&seen);
    let services = services(&seen);
    let reboot = reboot::items(&seen.reboot, &services);
    let guards = guards(&seen);
    let ages = instance(&seen)
        .map_or_else(Vec::new, |place| secrets::ages(place, &seen.changes, seen.now));
    let rotations = secrets::begun(&seen.secrets, seen.now);
    let alerts = alerts(&seen.alerts);
    let host = drift.iter().chain(&services).chain(schedules.iter().map(|run| &run.item)).fold(
        (State::Off, 0_usize),
        |(worst, bad), item| {
            let counts = matches!(item.state, State::Finding | State::Unknown);
            (worst.worse(item.state), bad + usize::from(counts))
        },
    );
    let jobs = match &seen.instance {
        Looked::Seen(instance) => secrets::jobs(&instance.schedules, &schedules),
        Looked::Unknown(_) | Looked::Off(_) | Looked::NotBuilt => Vec::new(),
    };
    let kept = secrets::kept_layer(&seen.secrets, !ages.is_empty());
    let rotation = secrets::rotation_layer((&seen.secrets, &rotations), &ages, &jobs);
    let layers = layers(host, (kept, rotation), &seen);
    let mut not_looked_at = vec![
        "what the instance wants now, and which definitions are loaded: sanctum drift".to_owned(),
        "tools' own judgement of what is rendered: sanctum doctor --prove".to_owned(),
    ];
    if matches!(seen.ports, Looked::Seen(_)) {
        not_looked_at.push("what services answer: only who listens was looked at".to_owned());
    }
    if let Looked::Seen(Secrets { unasked: 1.., .. }) = &seen.secrets {
        not_looked_at.push("stores that are asked for a value: sanctum secrets list".to_owned());
    }
    Status {
        format: FORMAT,
        version: seen.version.to_owned(),
        node: seen.node,
        at: seen.now,
        source: Source::Sanctum,
        system: seen.system,
        layers,
        guards,
        secrets: ages,
        rotations,
        drift,
        alerts,
        schedules,
        services,
        reboot,
        not_looked_at,
    }
}

fn layers(
    (worst, bad): (State, usize),
    (kept, rotation): ((State, String), (State, String)),
    seen: &Seen<'_>,
) -> Vec<Item> {
    let host = match (&seen.instance, worst) {
        (Looked::Unknown(why), _) => (State::Unknown.worse(worst), why.clone()),
        (_, State::Finding | State::Unknown) => (worst, format!("{bad} below are not in order")),
        _ => (State::Holds, "files, schedules and services".to_owned()),
    };
    Layer::ALL
        .into_iter()
        .map(|layer| match layer {
            Layer::Host => Item::new(layer.name(), host.0, host.1.clone()),
            Layer::Secrets => Item::new(layer.name(), kept.0, kept.1.clone()),
            Layer::Rotation => Item::new(layer.name(), rotation.0, rotation.1.clone()),
            Layer::Vault => {
                let (state, detail) = seen.vault.blank().unwrap_or_else(|| answered(&seen.vault));
                Item::new(layer.name(), state, detail)
            }
            _ => Item::new(layer.name(), State::NotBuilt, NOT_BUILT),
        })
        .collect()
}

fn drift(written: &Looked<Written>) -> Vec<Item> {
    const FILES: &str = "files as written";
    let seen = match (written.blank(), written) {
        (None, Looked::Seen(seen)) => seen,
        (blank, _) => {
            let (state, why) = blank.unwrap_or((State::Unknown, String::new()));
            return vec![Item::new(FILES, state, why)];
        }
    };
    let mut items = Vec::new();
    if let Some((id, verb)) = &seen.open {
        let what = if *verb == "confirm" { "waits for your word" } else { "is half-done" };
        items.push(Item::new(id.as_str(), State::Finding, format!("{what}: sanctum {verb}")));
    }
    if seen.same_instance == Some(false) {
        let detail = "changed since the last apply: sanctum plan";
        items.push(Item::new("instance", State::Finding, detail));
    }
    for (path, how) in &seen.differ {
        let word = if *how == Drift::Missing { "gone" } else { "changed by somebody else" };
        items.push(Item::new(path.as_str(), State::Finding, format!("{word}: sanctum drift")));
    }
    if seen.files == 0 {
        items.push(Item::new(FILES, State::Finding, "nothing is applied: sanctum apply"));
    } else if seen.differ.is_empty() {
        let detail = format!("{} files are as they were written", seen.files);
        items.push(Item::new(FILES, State::Holds, detail));
    }
    items
}

/// The instance's entries of this node, or nothing.
fn instance<'s>(seen: &'s Seen<'_>) -> Option<(&'s Instance, &'s NodeName)> {
    match (&seen.instance, &seen.node) {
        (Looked::Seen(instance), Some(node)) => Some((instance, node)),
        _ => None,
    }
}

fn schedules(seen: &Seen<'_>) -> Vec<Run> {
    let Some((instance, node)) = instance(seen) else { return Vec::new() };
    let zone = &instance.instance.timezone;
    let applied = match &seen.written {
        Looked::Seen(written) => written.applied,
        Looked::Unknown(_) | Looked::Off(_) | Looked::NotBuilt => None,
    };
    instance
        .schedules
        .iter()
        .filter(|(_, entry)| entry.node == *node)
        .map(|(name, entry)| {
            // A moment counts as missed only when there was time to serve it.
            let due = schedule::Schedule::new(&entry.cron, zone)
                .ok()
                .and_then(|clock| clock.latest(seen.now.plus(-LATE_SECONDS)));
            let verb = derive::one_shot_verb(&entry.command);
            let own = entry.command.first().is_some_and(|program| !program.starts_with('/'));
            let built = !own || seen.implemented.contains(&verb);
            let (state, last_run, detail) = match &seen.last_runs {
                Looked::Seen(_) if !built => (State::NotBuilt, None, NOT_BUILT.to_owned()),
                Looked::Seen(runs) => judge_run(runs.get(name), due, applied),
                blank => {
                    let (state, why) = blank.blank().unwrap_or((State::Unknown, String::new()));
                    (state, None, why)
                }
            };
            Run { item: Item::new(name.as_str(), state, detail), last_run, due }
        })
        .collect()
}

fn judge_run(
    run: Option<&Looked<Option<UnixTime>>>,
    due: Option<UnixTime>,
    applied: Option<UnixTime>,
) -> (State, Option<UnixTime>, String) {
    let last = match run {
        Some(Looked::Seen(last)) => *last,
        Some(blank) => {
            let (state, why) = blank.blank().unwrap_or((State::Unknown, String::new()));
            return (state, None, why);
        }
        None => return (State::Unknown, None, "not looked for".to_owned()),
    };
    let (state, detail) = match (due, last) {
        (None, _) => (State::Unknown, "the schedule names no moment of the last year"),
        (Some(due), Some(last)) if last < due => (State::Finding, "overdue"),
        (Some(_), Some(_)) => (State::Holds, "on time"),
        // What was applied after the moment has had none to serve yet.
        (Some(due), None) if applied.is_some_and(|applied| due <= applied) => {
            (State::Holds, "not due since it was applied")
        }
        (Some(_), None) => (State::Finding, "never ran"),
    };
    (state, last, detail.to_owned())
}

/// The TCP ports of this node's enabled services.
#[must_use]
pub fn ports_of(instance: &Instance, node: &NodeName) -> BTreeSet<u16> {
    of_node(instance, node).flat_map(|(_, service)| tcp(service)).collect()
}

/// This node's enabled services that have no TCP port.
pub fn without_port<'a>(
    instance: &'a Instance,
    node: &'a NodeName,
) -> impl Iterator<Item = ServiceName> {
    let all = of_node(instance, node).filter(|(_, service)| tcp(service).next().is_none());
    all.map(|(name, _)| name.clone())
}

fn of_node<'a>(
    instance: &'a Instance,
    node: &'a NodeName,
) -> impl Iterator<Item = (&'a ServiceName, &'a Service)> {
    instance.services.iter().filter(move |(_, service)| service.node == *node && service.enabled)
}

fn tcp(service: &Service) -> impl Iterator<Item = u16> + '_ {
    let ports = service.ports.iter().map(|port: &PortSpec| port.get());
    ports.filter(|(_, transport)| *transport == Transport::Tcp).map(|(port, _)| port)
}

fn services(seen: &Seen<'_>) -> Vec<Item> {
    let Some((instance, node)) = instance(seen) else { return Vec::new() };
    of_node(instance, node)
        .map(|(name, service)| {
            let ports: Vec<u16> = tcp(service).collect();
            let running = seen.running.get(name).filter(|_| ports.is_empty());
            let (state, detail) = match &seen.ports {
                Looked::Seen(_) if !built(service, &seen.implemented) => {
                    (State::NotBuilt, NOT_BUILT.to_owned())
                }
                _ if running.is_some() => judge_running(running),
                Looked::Seen(_) if ports.is_empty() => judge_running(None),
                Looked::Seen(all) => judge_ports(&ports, all),
                blank => blank.blank().unwrap_or((State::Unknown, String::new())),
            };
            let own = name.as_str() == vault::NAME && matches!(seen.vault, Looked::Seen(_));
            // Who does not listen where he should is told of first.
            let (state, detail) = match state {
                State::Finding | State::NotBuilt => (state, detail),
                _ if own => answered(&seen.vault),
                _ => (state, detail),
            };
            Item::new(name.as_str(), state, detail)
        })
        .collect()
}

fn answered(vault: &Looked<Running>) -> (State, String) {
    match vault {
        Looked::Seen(said) => judge_running(Some(said)),
        Looked::Unknown(_) | Looked::Off(_) | Looked::NotBuilt => judge_running(None),
    }
}

fn judge_running(running: Option<&Running>) -> (State, String) {
    match running {
        Some(Running::Yes(who)) => (State::Holds, who.clone()),
        Some(Running::No(who)) => (State::Finding, who.clone()),
        Some(Running::Unknown(why)) => (State::Unknown, why.clone()),
        None => (State::Unknown, "no TCP port to look at".to_owned()),
    }
}

/// Whether this version has what the service's command asks of `sanctumd`; another program is its own.
fn built(service: &Service, implemented: &BTreeSet<String>) -> bool {
    let verb = service.command.as_deref().and_then(derive::daemon_verb);
    verb.is_none_or(|verb| implemented.contains(&verb))
}

fn judge_ports(ports: &[u16], seen: &BTreeMap<u16, Port>) -> (State, String) {
    let with = |how: Option<Port>| -> Vec<String> {
        ports.iter().filter(|port| seen.get(*port).copied() == how).map(u16::to_string).collect()
    };
    let (refuses, silent, unseen) =
        (with(Some(Port::Refuses)), with(Some(Port::Silent)), with(None));
    if !refuses.is_empty() {
        (State::Finding, format!("nobody listens on {}", refuses.join(", ")))
    } else if !silent.is_empty() || !unseen.is_empty() {
        (State::Unknown, format!("no answer from {}", [silent, unseen].concat().join(", ")))
    } else {
        (State::Holds, format!("listens on {}", with(Some(Port::Listens)).join(", ")))
    }
}

fn guards(seen: &Seen<'_>) -> Vec<Guard> {
    let Looked::Seen(instance) = &seen.instance else { return Vec::new() };
    let modes = &instance.guards;
    [("sentinel", modes.sentinel), ("firewall", modes.firewall), ("proxy", modes.proxy)]
        .into_iter()
        .map(|(name, mode)| {
            let (word, state, detail) = match mode {
                GuardMode::Off => ("off", State::Off, "switched off in the instance"),
                GuardMode::Observe => ("observe", State::NotBuilt, NOT_BUILT),
                GuardMode::Enforce => ("enforce", State::NotBuilt, NOT_BUILT),
            };
            Guard { item: Item::new(name, state, detail), mode: word.to_owned() }
        })
        .collect()
}

fn alerts(seen: &Looked<AlertCounts>) -> Alerts {
    const NAME: &str = "alerts";
    let Looked::Seen(open) = seen else {
        let (state, why) = seen.blank().unwrap_or((State::Unknown, String::new()));
        return Alerts { item: Item::new(NAME, state, why), open: None };
    };
    let bad = open.critical + open.error + open.warn;
    let (state, detail) = if bad == 0 {
        (State::Holds, "none open".to_owned())
    } else {
        let AlertCounts { critical, error, warn, .. } = open;
        (State::Finding, format!("open: {critical} critical, {error} error, {warn} warn"))
    };
    Alerts { item: Item::new(NAME, state, detail), open: Some(*open) }
}

#[cfg(test)]
mod tests;
