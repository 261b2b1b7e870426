//! `sanctum reboot`: check, record, drain, guest, vault, and only then the system's own reboot.
//!
//! Each step says what it did, what it skipped and why. The system's reboot is not asked for when a step before it
//! failed. Below a directory everything is done but that last step, as there is no machine to restart.

mod steps;
#[cfg(test)]
mod tests;

use super::Context;
use super::doctor;
use super::services;
use super::up::House;
use crate::args::reboot::Reboot;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::Recorder;
use crate::session::facts_of;
use crate::site::Place;
use sanctum_host::command::{self, Program};
use sanctum_host::{boot, clock, files};
use sanctum_orchestrator::doctor::boot::survival::{Survivor, survivors};
use sanctum_orchestrator::doctor::looked::{Looked, Need};
use sanctum_orchestrator::instance::model::Criticality;
use sanctum_orchestrator::supervise::reboot::{AfterBoot, BeforeBoot, after};
use sanctum_types::{Action, Actor, AuditEvent, AuditSink, OperationId, Outcome, Phase, Severity};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use steps::{Did, Step};

/// The record of before, in the supervisor's state directory.
const RECORD: &str = "reboot.json";
/// A record holds a line a service.
const RECORD_LIMIT: u64 = 4 * 1024 * 1024;

/// What is given from outside.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// Asks the system to restart, in so many minutes; none where there is no system to restart.
    pub restart: Option<&'a dyn Fn(u32) -> Result<String, Failure>>,
    /// The journal; a reboot that it does not record does not happen.
    pub journal: Option<&'a dyn AuditSink>,
}

/// Runs the verb.
pub fn run(context: &Context, args: &Reboot) -> Result<Exit, Failure> {
    let machine = Place::of(&context.common) == Place::Machine;
    let restart: Option<&dyn Fn(u32) -> Result<String, Failure>> =
        if machine { Some(&shutdown) } else { None };
    if machine && !args.dry_run && !args.report {
        crate::machine::may_change(&context.around)?;
    }
    let acts = machine && !args.dry_run && !args.report;
    let recorder = acts.then(|| Recorder::of_account(&context.around)).transpose()?;
    let journal = recorder.as_ref().map(Recorder::sink);
    let means = Means { restart, journal };
    with(context, args, &means)
}

/// The same with other means.
pub fn with(context: &Context, args: &Reboot, means: &Means<'_>) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    if args.report {
        return report(context, &house, means);
    }
    let losses = match losses(context, &house) {
        Ok(losses) => losses,
        Err(failure) if args.anyway => {
            context.out.warn(&failure.text());
            Vec::new()
        }
        Err(failure) => return Err(failure),
    };
    for loss in &losses {
        let because: Vec<String> = loss.because.iter().map(ToString::to_string).collect();
        context.out.warn(&format!("{} stays down: {}", loss.name, because.join("; ")));
    }
    let grave = losses.iter().any(|loss| loss.criticality != Criticality::P2);
    if args.dry_run {
        let steps = steps::planned(context, &house, args, means.restart.is_some());
        say(context, &losses, &steps, true);
        return Ok(if losses.is_empty() { Exit::Done } else { Exit::Differences });
    }
    if grave && !args.anyway {
        return Err(Failure::refused("something would not come back without a person")
            .hint("sanctum reboot --dry-run shows the whole check")
            .hint("say --anyway when you will be there")
            .with("losses", serde_json::to_value(&losses)?));
    }
    super::ask(context, args.yes, &format!("Restart {}?", house.node))?;
    let operation = record(context, &house, means)?;
    let mut done = Vec::new();
    let result = steps::all(context, &house, args, means, &mut done);
    if result.is_err() {
        tell(means, &house, &operation, End::Finished(Outcome::Failed))?;
    }
    say(context, &losses, &done, false);
    result.map(|()| Exit::Done)
}

/// What would not come back, as the doctor judges it.
fn losses(context: &Context, house: &House) -> Result<Vec<Survivor>, Failure> {
    let place = Place::of(&context.common);
    let (instance, node) = (&house.instance, &house.node);
    let facts = facts_of(instance, node, &place)?;
    let ground = doctor::ground(&place, node, (instance, &house.text), &facts);
    let eyes = doctor::eyes(&place, &ground)?;
    let needs = BTreeSet::from([Need::Wanted, Need::Overrides, Need::Units]);
    let all = survivors(&Looked::gather(&eyes, &needs)).map_err(|unseen| {
        Failure::refused(format!("cannot tell what would come back: {}", unseen.cause))
            .hint("sanctum doctor --only boot")
            .hint("say --anyway when you will be there")
    })?;
    Ok(all.into_iter().filter(|one| one.comes_back == Some(false)).collect())
}

/// The system's own reboot.
fn shutdown(minutes: u32) -> Result<String, Failure> {
    let program = Program::find(&["shutdown"]).ok_or_else(|| {
        Failure::failed("there is no shutdown program in the system's directories")
    })?;
    let when = if minutes == 0 { "now".to_owned() } else { format!("+{minutes}") };
    command::run(&program, &["-r", &when], command::Options::default())?.success()?;
    Ok(format!("{} -r {when}", program.path()))
}

/// Writes down what is now, and that a reboot begins.
fn record(context: &Context, house: &House, means: &Means<'_>) -> Result<String, Failure> {
    let at = clock::now();
    let operation = format!("reboot-{}", at.0);
    tell(means, house, &operation, End::Started)?;
    let rows = services::rows(context, house)?;
    let before = BeforeBoot {
        format: 1,
        node: house.node.clone(),
        boot: boot::id()?,
        at,
        operation: operation.clone(),
        services: rows.into_iter().map(|(name, row)| (name, row.state)).collect(),
    };
    sanctum_host::supervisor::make_state_dir(&house.state)?;
    files::write_private(&house.state.join(RECORD), &serde_json::to_vec_pretty(&before)?)?;
    Ok(operation)
}

#[derive(Clone, Copy)]
enum End {
    Started,
    Finished(Outcome),
}

fn tell(means: &Means<'_>, house: &House, operation: &str, end: End) -> Result<(), Failure> {
    let Some(journal) = means.journal else { return Ok(()) };
    let id = OperationId::new(operation)?;
    let (phase, outcome) = match end {
        End::Started => (Phase::Started(id), Outcome::Pending),
        End::Finished(outcome) => (Phase::Finished(id), outcome),
    };
    let event = AuditEvent {
        actor: Actor::new("owner")?,
        action: Action::new("reboot.run")?,
        subject: house.node.to_string(),
        phase,
        outcome,
        severity: if outcome == Outcome::Failed { Severity::Error } else { Severity::Warn },
        details: BTreeMap::new(),
    };
    journal.record(&event).map_err(|error| {
        Failure::refused(error).hint("what the journal does not record is not done")
    })
}

fn say(context: &Context, losses: &[Survivor], steps: &[Step], dry: bool) {
    context.out.data(&json!({ "format": 1, "dry_run": dry, "losses": losses, "steps": steps }));
    for step in steps {
        let (paint, word) = match step.did {
            Did::Done => (Paint::Good, "done"),
            Did::Would => (Paint::Plain, "would"),
            Did::Skipped => (Paint::Note, "skipped"),
            Did::Failed => (Paint::Bad, "failed"),
        };
        context.out.line(paint, &format!("{word:<8} {:<8} {}", step.step, step.detail));
    }
}

fn report(context: &Context, house: &House, means: &Means<'_>) -> Result<Exit, Failure> {
    let bytes = files::read_optional(&house.state.join(RECORD), RECORD_LIMIT)?;
    let before: Option<BeforeBoot> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let Some(before) = before.filter(|before| before.format == 1) else {
        return Err(Failure::failed("no reboot of sanctum's was recorded here")
            .hint("sanctum reboot writes down what runs before it restarts"));
    };
    let rows = services::rows(context, house)?;
    let Some(told) = after(&before, &boot::id()?, &rows, clock::now()) else {
        return Err(Failure::failed("the machine was not restarted since the record was written")
            .with("recorded", before.at.0.into()));
    };
    let outcome = match (told.missing.is_empty(), told.unknown.is_empty()) {
        (false, _) => Outcome::Failed,
        (true, false) => Outcome::CouldNotCheck,
        (true, true) => Outcome::Ok,
    };
    tell(means, house, &before.operation, End::Finished(outcome))?;
    print(context, &told)?;
    Ok(if told.missing.is_empty() { Exit::Done } else { Exit::Differences })
}

fn print(context: &Context, told: &AfterBoot) -> Result<(), Failure> {
    let mut data = serde_json::to_value(told)?;
    if let Some(map) = data.as_object_mut() {
        map.insert("format".to_owned(), 1.into());
    }
    context.out.data(&data);
    for name in &told.came_back {
        context.out.line(Paint::Good, &format!("{name:<20} came back"));
    }
    for (name, state) in &told.missing {
        let line = format!("{name:<20} did not come back: {state}");
        context.out.line(Paint::Bad, &line);
        context.out.line(Paint::Note, &format!("next: sanctum services why {name}"));
    }
    for name in &told.unknown {
        context.out.line(Paint::Note, &format!("{name:<20} could not be looked at"));
    }
    for (name, state) in &told.were_down {
        context.out.line(Paint::Plain, &format!("{name:<20} was not up before; now {state}"));
    }
    for name in &told.new {
        context.out.line(Paint::Plain, &format!("{name:<20} is new"));
    }
    Ok(())
}
