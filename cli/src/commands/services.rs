//! `sanctum services`: the table, why one is as it is, letting one out of quarantine, and planning its retirement.
//!
//! A running supervisor is asked; without one every service is looked at here and now, the bad ones twice. Nothing
//! is changed but by `release`, which loosens and so needs the owner.

mod direct;
pub mod owner;
mod retire;
mod table;

use super::Context;
use super::up::{self, House};
use crate::args::services::{Services, ServicesVerb};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::presence;
use sanctum_host::supervisor::control;
use sanctum_orchestrator::status::text::printable;
use sanctum_orchestrator::supervise::{Row, Seen, UpReport, why};
use sanctum_types::ServiceName;
use std::collections::BTreeMap;

/// Runs the verb.
pub fn run(context: &Context, args: &Services) -> Result<Exit, Failure> {
    let name =
        |text: &str| ServiceName::new(text).map_err(|error| Failure::new(Exit::Usage, error));
    match &args.verb {
        None => list(context),
        Some(ServicesVerb::Why { name: text }) => explain(context, &name(text)?),
        Some(ServicesVerb::Retire { name: text }) => retire::run(context, &name(text)?),
        Some(ServicesVerb::Release { name: text }) => release(context, &name(text)?),
    }
}

/// Rows, and who they come from.
struct Seeing {
    rows: BTreeMap<ServiceName, Row>,
    /// The supervisor that was asked; without one the services were looked at directly.
    supervisor: Option<UpReport>,
}

fn seeing(context: &Context, house: &House) -> Result<Seeing, Failure> {
    // One that is just starting or ending does not answer; what it keeps can be looked at all the same.
    let answer = control::ask(&house.socket(), "report").unwrap_or_else(|error| {
        context.out.warn(&format!("the supervisor does not answer: {error}"));
        None
    });
    let report = answer.and_then(|line| serde_json::from_str::<UpReport>(&line).ok());
    match report {
        Some(report) if report.node == house.node => {
            let mut rows = direct::look(context, house, |name| !report.services.contains_key(name));
            rows.extend(report.services.clone());
            Ok(Seeing { rows, supervisor: Some(report) })
        }
        _ => Ok(Seeing { rows: direct::look(context, house, |_| true), supervisor: None }),
    }
}

/// What the services of this node do now, whoever supervises them.
pub fn rows(context: &Context, house: &House) -> Result<BTreeMap<ServiceName, Row>, Failure> {
    Ok(seeing(context, house)?.rows)
}

/// States that are findings.
fn bad(rows: &BTreeMap<ServiceName, Row>) -> bool {
    let states = ["failed", "held", "down", "healing", "quarantined", "squatted"];
    rows.values().any(|row| states.contains(&row.state.as_str()))
}

fn list(context: &Context) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let seeing = seeing(context, &house)?;
    let owners = owner::owners(&house, &seeing.rows);
    let pid = seeing.supervisor.as_ref().map(|report| report.pid);
    context.out.data(&serde_json::json!({
        "format": 1, "node": house.node, "supervisor": pid, "services": seeing.rows,
        "port_owners": owners,
    }));
    for (paint, line) in table::lines(&seeing.rows, &owners) {
        context.out.line(paint, &line);
    }
    if pid.is_none() {
        context.out.progress("no supervisor runs here: every service was looked at directly");
    }
    Ok(if bad(&seeing.rows) { Exit::Differences } else { Exit::Done })
}

fn explain(context: &Context, name: &ServiceName) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    house.known(name)?;
    let seeing = seeing(context, &house)?;
    let Some(told) = why(&house.graph(), &seeing.rows, name) else {
        return Err(Failure::new(Exit::Usage, format!("service `{name}` is not enabled")));
    };
    let log = house.log(name);
    let log = sanctum_host::files::is_there(&log).then(|| log.display().to_string());
    let mut data = serde_json::to_value(&told)?;
    if let Some(map) = data.as_object_mut() {
        map.insert("format".to_owned(), 1.into());
        map.insert("log".to_owned(), log.clone().into());
    }
    context.out.data(&data);
    let failed = !told.causes.is_empty();
    context.out.line(if failed { Paint::Bad } else { Paint::Good }, &told.verdict);
    for link in &told.chain {
        let indent = "  ".repeat(link.distance + 1);
        let probe = link.probe.as_deref().unwrap_or("no probe");
        let line = format!("{indent}{}: {} ({probe}: {})", link.service, link.state, link.saw);
        context.out.line(table::paint(&link.state), &line);
    }
    if let Some(log) = &log {
        context.out.line(Paint::Plain, &format!("log: {log}"));
    }
    if let Some(next) = &told.next {
        context.out.line(Paint::Note, &format!("next: {next}"));
    }
    Ok(if failed { Exit::Differences } else { Exit::Done })
}

fn release(context: &Context, name: &ServiceName) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    house.known(name)?;
    presence::require(context, &format!("let {name} out of quarantine"))?;
    let asked = format!("release {name}");
    let answer = match control::ask(&house.socket(), &asked)? {
        Some(answer) => Some(answer),
        // Through sudo, the owner may mean the supervisor of the owner's own account.
        None => {
            up::owners_socket(context).map_or(Ok(None), |socket| control::ask(&socket, &asked))?
        }
    };
    match answer.as_deref() {
        Some("ok") => {
            context
                .out
                .data(&serde_json::json!({ "format": 1, "service": name, "released": true }));
            context.out.line(Paint::Good, &format!("{name}: out of quarantine, with a new budget"));
            Ok(Exit::Done)
        }
        Some(up::UNRECORDED) => Err(Failure::failed("the release cannot be recorded").hint(
            "what cannot be recorded is not done; look at the journal: sanctum audit verify",
        )),
        Some(state) => {
            context
                .out
                .data(&serde_json::json!({ "format": 1, "service": name, "released": false }));
            let state = printable(state);
            context.out.line(Paint::Plain, &format!("{name} is {state}, not quarantined"));
            Ok(Exit::Done)
        }
        None => Err(Failure::failed("no supervisor runs here")
            .hint("start it first, then release: sanctum up")),
    }
}

/// Whether a look was bad.
const fn is_bad(seen: &Seen) -> bool {
    matches!(seen, Seen::Red | Seen::Foreign(_))
}
