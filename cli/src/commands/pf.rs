//! `sanctum pf`: rules of the packet filter. `check` and `decide` touch nothing but the file they read.

use super::Context;
use crate::args::{Pf, PfDecide, ProtoArg};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::session::Opened;
use crate::site::{Access, HERE, Site};
use sanctum_host::live::Live;
use sanctum_host::{Blobs, Host as _, Op, Unit, boot, clock, files, interfaces};
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::instance::model::Os;
use sanctum_orchestrator::pf::verbs::{Question, Report, check_report, decide_report};
use sanctum_orchestrator::pf::{Direction, Machine, Proto};
use sanctum_orchestrator::render::pf_anchor::anchor_name;
use sanctum_types::AbsPath;
use std::path::Path;

/// A ruleset is read whole; the largest real ones have some hundred KiB.
const LIMIT: u64 = 4 * 1024 * 1024;

/// Runs the verb.
pub fn run(context: &Context, verb: &Pf) -> Result<Exit, Failure> {
    match verb {
        Pf::Check { file } => {
            let bytes = read(file)?;
            let report = check_report(&file.display().to_string(), &bytes, &machine());
            Ok(say(context, &report))
        }
        Pf::Decide(args) => decide(context, args),
        Pf::Load => load(context, true),
        Pf::Unload => load(context, false),
    }
}

/// A file that cannot be read is this verb's exit code 2, not a rejected ruleset.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    files::read(file, LIMIT).map_err(|error| Failure::new(Exit::Usage, error))
}

fn decide(context: &Context, args: &PfDecide) -> Result<Exit, Failure> {
    let question = Question {
        on: args.on.clone(),
        direction: Direction::In,
        proto: match args.proto {
            ProtoArg::Tcp => Proto::Tcp,
            ProtoArg::Udp => Proto::Udp,
        },
        port: args.port,
        from: args.from,
        to: args.to,
    };
    let bytes = read(&args.file)?;
    let shown = args.file.display().to_string();
    Ok(say(context, &decide_report(&shown, &bytes, &machine(), &question)))
}

/// Interfaces of this machine, where the rules are meant for its kind of system; of others nothing is known.
fn machine() -> Machine {
    if HERE != Os::Macos {
        return Machine::unknown();
    }
    interfaces::interfaces().map_or_else(
        |_| Machine::unknown(),
        |all| {
            Machine::with(all.into_iter().map(|(name, one)| {
                (name, one.addresses.into_iter().map(|at| (at.ip, at.prefix)).collect())
            }))
        },
    )
}

fn say(context: &Context, report: &Report) -> Exit {
    context.out.data(&serde_json::json!({
        "format": 1, "accepted": report.code == 0, "answer": report.answer.trim_end(),
        "remarks": report.remarks.trim_end(),
    }));
    if !context.out.json {
        context.out.raw(&report.answer);
    }
    context.out.remarks(&report.remarks);
    if report.code == 0 { Exit::Done } else { Exit::Failed }
}

/// launchd starts jobs in no order, so whichever of `bootstrap` and this one comes first takes back what an
/// earlier boot left unconfirmed. What cannot be taken back must not keep the rules from being loaded.
fn recover_first(context: &Context) {
    let recovered = || -> Result<(), Failure> {
        let mut site = Site::recall(&context.common, &context.around, Access::Change)?;
        let boot = boot::id()?;
        for back in site.engine().recover(Some(&boot), clock::now())? {
            context.out.warn(&format!("receipt {} was not confirmed; it is taken back", back.id));
        }
        Ok(())
    };
    if let Err(failure) = recovered() {
        context.out.warn(&failure.text());
    }
}

/// Loads or flushes our own anchor through the host, which reads it back.
fn load(context: &Context, wanted: bool) -> Result<Exit, Failure> {
    if HERE != Os::Macos {
        return Err(Failure::refused("pf is the packet filter of macOS; this is Linux")
            .hint("the same registry is an nftables ruleset here: sanctum plan --only nft"));
    }
    crate::machine::may_change(&context.around)?;
    if wanted {
        recover_first(context);
    }
    let attach = Opened::read_approved(&context.common, context.out)?.instance.pf.attach;
    let unit = Unit::PfAnchor { name: anchor_name(attach).to_owned() };
    let from = AbsPath::new(layout::PF_ANCHOR_FILE)?;
    let mut host = Live::open(Path::new(layout::store(HERE)))?;
    let op = if wanted { Op::Loaded { unit, from } } else { Op::Unloaded { unit } };
    host.ensure(&op, &Blobs::default())?;
    context.out.data(&serde_json::json!({ "format": 1, "done": op.to_string() }));
    context.out.line(Paint::Good, &op.to_string());
    Ok(Exit::Done)
}
