//! `sanctum reboot`: check, record, drain, guest, vault, and only then the system's own reboot.
//!
//! Each step says what it did, what it skipped and why. The system's reboot is not asked for when a step before it
//! failed. Below a directory everything is done but that last step, as there is no machine to restart.

pub mod report;
mod steps;
#[cfg(test)]
pub(super) mod tests;

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
use sanctum_orchestrator::supervise::reboot::BeforeBoot;
use sanctum_types::{Action, Actor, AuditEvent, AuditSink, OperationId, Outcome, Phase, Severity};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use steps::{Did, Step};

/// The record of before, in the supervisor's state directory.
const RECORD: &str = "reboot.json";

/// What is given from outside.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// Asks the system to restart, in so many minutes; none where there is no system to restart.
    pub restart: Option<&'a dyn Fn(u32) -> Result<String, Failure>>,
    /// The journal; a reboot that it does not record does not happen.
    pub journal: Option<&'a dyn AuditSink>,
    /// How long the boot job waits for services to come back.
    pub patience: Duration,
}

/// Runs the verb.
pub fn run(context: &Context, args: &Reboot) -> Result<Exit, Failure> {
    let machine = Place::of(&context.common) == Place::Machine;
    let restart: Option<&dyn Fn(u32) -> Result<String, Failure>> =
        if machine { Some(&shutdown) } else { None };
    if machine && !args.dry_run && !args.report {
        crate::machine::may_change(&context.around)?;
    }
    let recorder = if args.report { report::recorder(context)? } else { recorder(context, args)? };
    let journal = recorder.as_ref().map(Recorder::sink);
    let means = Means { restart, journal, patience: report::COMES_BACK_WITHIN };
    let exit = with(context, args, &means)?;
    // The machine may be about to end; a report waits for nobody.
    if let Some(failure) = recorder.and_then(|recorder| recorder.seal().err()) {
        context.out.warn(&format!("the journal is not witnessed: {}", failure.text()));
    }
    Ok(exit)
}

fn recorder(context: &Context, args: &Reboot) -> Result<Option<Recorder>, Failure> {
    let place = Place::of(&context.common);
    (!args.dry_run).then(|| Recorder::of_place(&place, &context.around)).transpose()
}

/// The same with other means.
pub fn with(context: &Context, args: &Reboot, means: &Means<'_>) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    if args.report {
        return report::run(context, &house, args, means);
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
        tell(means, &house, &operation, (End::Finished(Outcome::Failed), BTreeMap::new()))?;
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
    let looked = Looked::gather(&eyes, &needs);
    let manager = looked.overrides().err().or_else(|| looked.units().err());
    if let Some(unseen) = manager.filter(|_| place == Place::Machine) {
        context.out.warn(&format!(
            "what the service manager was told not to start is not known: {unseen}"
        ));
    }
    let all = survivors(&looked).map_err(|unseen| {
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
    tell(means, house, &operation, (End::Started, BTreeMap::new()))?;
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

fn tell(
    means: &Means<'_>,
    house: &House,
    operation: &str,
    (end, details): (End, BTreeMap<String, String>),
) -> Result<(), Failure> {
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
        details,
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
