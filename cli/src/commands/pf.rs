//! `sanctum pf`: rules of the packet filter. `check` and `decide` touch nothing but the file they read.

mod anchor;

use super::Context;
use crate::args::{Pf, PfDecide, ProtoArg};
use crate::failure::{Exit, Failure};
use crate::site::HERE;
use sanctum_host::{files, interfaces};
use sanctum_orchestrator::instance::model::Os;
use sanctum_orchestrator::pf::verbs::{Question, Report, check_report, decide_report};
use sanctum_orchestrator::pf::{Direction, Machine, Proto};
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
        Pf::Load => anchor::run(context, true),
        Pf::Unload => anchor::run(context, false),
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
