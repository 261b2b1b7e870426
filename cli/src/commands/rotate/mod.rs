//! `sanctum rotate`: a new value for a secret, in every place, and the old one gone.
//!
//! What was begun is gone on with first; one rotation runs in a house at a time. No value passes through
//! [`crate::output::Out`], an error, an argument or the journal. Exit: 0 done or in its overlap, 3 it needs the owner (or
//! a dry run has something to do), 4 refused before anything was asked for, 5 given up with every place as it was.

mod crew;
mod show;

use super::secrets::House;
use super::{Context, FOUND, ask, status_fleet};
use crate::args::rotate::Rotate;
use crate::args::status::{Reach, Via};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::{self, Deed, Notes};
use crate::site::{HERE, Place};
use crew::Hands;
use sanctum_host::{clock, random};
use sanctum_orchestrator::fleet::Fleet;
use sanctum_orchestrator::instance::secrets::{held, holders};
use sanctum_orchestrator::rotate::due::Standing;
use sanctum_orchestrator::rotate::{
    Driver, Prepared, Refusal, Setting, Shelf, ShelfError, leaves, prepare,
};
use sanctum_rotation::{KeyId, Machine, Record, RotationId, Stage, Status};
use sanctum_types::{ServiceName, UnixTime};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// As for `sanctum status --on`.
const SSH_TIMEOUT: u32 = 30;

/// One secret, and what is to be done with it.
struct Task {
    name: ServiceName,
    begun: Option<Record>,
    /// What its last rotation left in use.
    last_key: Option<KeyId>,
}

/// Runs the verb.
pub fn run(context: &Context, args: &Rotate) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let below = house.memory_dir(context)?;
    let looked = Shelf::at(&house.places, &below).map_err(damaged)?;
    if args.list {
        return show::list(context, &house.place, &looked);
    }
    if args.dry_run {
        let tasks = tasks(context, args, &house, &looked)?;
        return rehearse(context, args, &house, &tasks);
    }
    let shelf = Shelf::open(&house.places, &below).map_err(damaged)?;
    let _turn = shelf.turn().map_err(|error| {
        Failure::refused(error).hint("one rotation runs in a house at a time; wait for it")
    })?;
    // What is begun is looked at with the turn in hand.
    let tasks = tasks(context, args, &house, &shelf)?;
    if args.name.is_some() {
        let all: Vec<&str> = tasks.iter().map(|task| task.name.as_str()).collect();
        ask(context, args.yes, &format!("Rotate {}?", all.join(", ")))?;
    }
    let run = Run { context, args, house: &house, shelf: &shelf };
    let (mut reports, mut exits, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    for task in tasks {
        match run.one(&task) {
            Ok((report, exit)) => {
                reports.push(report);
                exits.push(exit);
            }
            // One that cannot be rotated keeps no other from it.
            Err(failure) => failures.push((task.name, failure)),
        }
    }
    if exits.is_empty() && failures.is_empty() {
        context.out.line(Paint::Good, "nothing is due, and nothing was begun");
    }
    finish(context, (reports, exits), failures)
}

fn finish(
    context: &Context,
    (mut reports, mut exits): (Vec<Value>, Vec<Exit>),
    mut failures: Vec<(ServiceName, Failure)>,
) -> Result<Exit, Failure> {
    if exits.is_empty() && failures.len() == 1 {
        return failures.pop().map_or(Ok(Exit::Done), |(_, failure)| Err(failure));
    }
    for (name, failure) in failures {
        context.out.warn(&format!("{name}: {}", failure.text()));
        reports.push(json!({ "secret": name, "standing": "refused", "why": failure.json() }));
        exits.push(failure.exit);
    }
    context.out.data(&json!({ "format": 1, "rotations": reports }));
    let worst = |exit: &Exit| match exit {
        Exit::Done => 0,
        Exit::Differences => 1,
        Exit::Refused | Exit::Usage => 2,
        Exit::RolledBack => 3,
        _ => 4,
    };
    Ok(exits.into_iter().max_by_key(worst).unwrap_or(Exit::Done))
}

/// What is to be done, what was begun first.
fn tasks(
    context: &Context,
    args: &Rotate,
    house: &House,
    shelf: &Shelf,
) -> Result<Vec<Task>, Failure> {
    let records = shelf.records().map_err(damaged)?;
    let task = |name: ServiceName, begun: Option<&Record>| {
        let last_key = last_key(&records, &name);
        Task { name, begun: begun.cloned(), last_key }
    };
    let mut open = records.iter().filter(|one| !one.is_over());
    if let Some(name) = &args.name {
        let (name, _) = house.entry(name)?;
        let begun = open.rfind(|record| record.plan.secret == name);
        return Ok(vec![task(name, begun)]);
    }
    let mut tasks: Vec<Task> =
        open.map(|record| task(record.plan.secret.clone(), Some(record))).collect();
    if args.due {
        let instance = &house.opened.instance;
        for age in super::secrets::ages(context, house, &Default::default())? {
            let is_due = matches!(age.standing, Standing::Due | Standing::Overdue);
            let here = holders(instance, &age.secret).contains(&house.node);
            let begun = tasks.iter().any(|task| task.name == age.secret);
            if is_due && here && age.unattended && !begun {
                tasks.push(task(age.secret, None));
            }
        }
    }
    Ok(tasks)
}

fn rehearse(
    context: &Context,
    args: &Rotate,
    house: &House,
    tasks: &[Task],
) -> Result<Exit, Failure> {
    let mut all = Vec::new();
    for task in tasks {
        let last_key = task.last_key.clone();
        let prepared = ready(context, house, (&task.name, last_key), is_job(context, args))?;
        let lines = prepared.rehearsal();
        let stage = task.begun.as_ref().map(show::stage);
        context.out.line(
            Paint::Head,
            &match &stage {
                Some(stage) => format!("{}: goes on from `{stage}`; the whole way is", task.name),
                None => format!("{}:", task.name),
            },
        );
        for line in &lines {
            context.out.line(Paint::Plain, &format!("  {line}"));
        }
        all.push(json!({ "secret": task.name, "stage": stage, "steps": lines }));
    }
    if all.is_empty() {
        context.out.line(Paint::Good, "nothing is due, and nothing was begun");
    }
    let exit = if all.is_empty() { Exit::Done } else { FOUND };
    context.out.data(&json!({ "format": 1, "dry_run": true, "rotations": all }));
    Ok(exit)
}

/// Which key the last rotation of that secret left in use.
fn last_key(records: &[Record], name: &ServiceName) -> Option<KeyId> {
    let mut done = records.iter().filter(|record| record.stage == Stage::Done);
    done.rfind(|record| record.plan.secret == *name)?.adopted.clone()
}

/// How sanctum is called for that place: a person's own rotations are none of root's.
fn called(context: &Context, place: &Place, verb: &str) -> String {
    let own = *place == Place::Machine && context.around.euid != 0;
    let program = if own { "sanctum".to_owned() } else { place.command("") };
    format!("{}{verb}", program.trim_end())
}

/// Whether nobody is there: whoever names a secret is.
fn is_job(context: &Context, args: &Rotate) -> bool {
    args.name.is_none() && !context.around.terminal
}

/// Everything that one rotation works with.
fn ready(
    context: &Context,
    house: &House,
    (name, last_key): (&ServiceName, Option<KeyId>),
    unattended: bool,
) -> Result<Prepared, Failure> {
    let instance = &house.opened.instance;
    let away = instance.secrets.get(name).is_some_and(|entry| leaves(entry, &house.node));
    let fleet = away.then(|| fleet(context)).transpose()?;
    let setting = Setting {
        places: &house.places,
        os: HERE,
        node: &house.node,
        unattended,
        sandbox: house.place != Place::Machine,
        fleet: fleet.as_ref(),
        last_key,
    };
    prepare(instance, name, &setting).map_err(refused)
}

fn fleet(context: &Context) -> Result<Fleet, Failure> {
    let reach = Reach { transport: Via::Own, identity: None, jump: None, timeout: SSH_TIMEOUT };
    status_fleet::fleet(context, &reach, 1, false)
}

fn refused(refusal: Refusal) -> Failure {
    let way_out = refusal.way_out();
    way_out.into_iter().fold(Failure::refused(refusal), Failure::hint)
}

fn damaged(error: ShelfError) -> Failure {
    Failure::failed(error)
        .hint(
            "nothing is rotated while a record cannot be read: a key could live that nobody knows",
        )
        .hint("docs/runbooks/rotate-by-hand.md says what a record means")
}

/// One run of the verb.
struct Run<'a> {
    context: &'a Context,
    args: &'a Rotate,
    house: &'a House,
    shelf: &'a Shelf,
}

impl Run<'_> {
    fn one(&self, task: &Task) -> Result<(Value, Exit), Failure> {
        let unattended = is_job(self.context, self.args);
        let last_key = task.last_key.clone();
        let prepared = ready(self.context, self.house, (&task.name, last_key), unattended)?;
        let retry = self.args.retry || self.args.removed;
        let machine = match &task.begun {
            Some(record) => {
                prepared.covers(&record.plan).map_err(refused)?;
                let mut record = record.clone();
                if retry {
                    // Whoever mended it does not wait for the hour of a queue.
                    record.not_before = None;
                }
                Machine::resume(record)
            }
            None => Machine::begin(prepared.plan.clone(), rotation_id()?, clock::now()),
        };
        let deed = Deed::new("secrets.rotate", task.name.as_str())
            .with("rotation", machine.record().rotation)
            .with("kind", &machine.record().plan.kind);
        let mut hands = Hands {
            context: self.context,
            prepared: &prepared,
            recorder: self.house.recorder(self.context)?,
            clipboard: self.args.clipboard,
            removed: self.args.removed,
            patience: i64::from(self.args.wait),
            sanctum: called(self.context, &self.house.place, ""),
            told: Vec::new(),
        };
        let mut driver = Driver::new(&prepared, self.shelf, machine);
        let recorder = self.house.recorder(self.context);
        let status = record::during(self.context, recorder, &deed, |notes: &mut Notes| {
            let status = driver.run(&mut hands, retry).map_err(|error| {
                let again = called(self.context, &self.house.place, " rotate --resume");
                Failure::failed(error).hint(format!("when that is mended: {again}"))
            })?;
            notes.insert("standing".to_owned(), show::word(&status).to_owned());
            Ok(status)
        })?;
        self.shelf.tidy(&task.name).map_err(damaged)?;
        Ok(self.report(driver.record(), &status, &hands.told))
    }

    fn report(&self, record: &Record, status: &Status, told: &[String]) -> (Value, Exit) {
        let name = &record.plan.secret;
        let verb = |more: &str| format!(" rotate {name}{more}");
        let again = |more: &str| called(self.context, &self.house.place, &verb(more));
        let (paint, words, exit) = standing(record, status, &again(""));
        let to_do = match status {
            Status::NeedsHuman(why) => Some((why, " --retry")),
            Status::Failed(Some(why)) => Some((why, "")),
            _ => None,
        };
        let to_do = to_do.map(|(why, more)| format!("{}: {}", why.what_to_do(), again(more)));
        let out = self.context.out;
        out.line(paint, &format!("{name}: {words}"));
        if let Some(to_do) = &to_do {
            out.line(Paint::Plain, &format!("  {to_do}"));
        }
        let report = json!({
            "secret": name, "rotation": record.rotation, "standing": show::word(status),
            "stage": show::stage(record), "words": words, "to_do": to_do, "told": told,
        });
        (report, exit)
    }
}

/// How a rotation stands, in words, and the exit code of that.
fn standing(record: &Record, status: &Status, again: &str) -> (Paint, String, Exit) {
    match status {
        Status::Done => (
            Paint::Good,
            "every place has the new value, and the old one is gone".to_owned(),
            Exit::Done,
        ),
        Status::Waiting { until } if is_retiring(record) => (
            Paint::Good,
            format!(
                "every place has the new value; the old one is looked at again at {} (sanctum rotate --due)",
                show::time(*until)
            ),
            Exit::Done,
        ),
        Status::Waiting { until } => {
            (Paint::Note, format!("it goes on at {}: {again}", show::time(*until)), FOUND)
        }
        Status::Working => (Paint::Note, format!("it stopped in the middle: {again}"), FOUND),
        Status::NeedsHuman(why) => (Paint::Bad, format!("it needs you: {why}"), FOUND),
        Status::Failed(why) => {
            let why = why.as_ref().map(ToString::to_string).unwrap_or_default();
            let begun = !record.attempts.is_empty();
            let exit = if begun { Exit::RolledBack } else { Exit::Refused };
            (Paint::Bad, format!("not rotated, every place has what it had: {why}"), exit)
        }
    }
}

/// Whether all that is left is to see the old key out, and to look once more.
const fn is_retiring(record: &Record) -> bool {
    record.cause.is_none()
        && matches!(
            record.stage,
            Stage::Overlap { .. } | Stage::Disabled { .. } | Stage::Sweeping | Stage::Closing
        )
}

fn rotation_id() -> Result<RotationId, Failure> {
    let mut bytes = [0; 16];
    random::fill(&mut bytes)?;
    Ok(RotationId::from_random(bytes))
}

/// When providers say that the keys in use were made, of these secrets or of all; a provider that does not answer says
/// nothing, and is told.
pub(super) fn made(
    context: &Context,
    house: &House,
    names: &[ServiceName],
) -> Result<BTreeMap<ServiceName, UnixTime>, Failure> {
    let shelf = Shelf::at(&house.places, &house.memory_dir(context)?).map_err(damaged)?;
    let records = shelf.records().map_err(damaged)?;
    let mut found = BTreeMap::new();
    for (name, entry) in held(&house.opened.instance, &house.node) {
        let asked = names.is_empty() || names.contains(name);
        if !asked || entry.rotation.is_none() {
            continue;
        }
        context.out.progress(&format!("asking the provider of {name}"));
        let last_key = last_key(&records, name);
        match ready(context, house, (name, last_key), !context.around.terminal) {
            Ok(prepared) => match prepared.made(clock::now()) {
                Ok(Some(at)) => drop(found.insert(name.clone(), at)),
                Ok(None) => {}
                Err(failure) => context.out.warn(&format!("{name}: {}", failure.reason())),
            },
            Err(why) => context.out.warn(&format!("{name}: {}", why.text())),
        }
    }
    Ok(found)
}
