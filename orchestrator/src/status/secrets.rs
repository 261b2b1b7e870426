//! Secrets in the status: the stores as far as files tell of them, the age of each value, and what was begun.
//!
//! No value is opened, no store is asked and no child is started, so that a look never waits for a dialog. An age is the one of
//! `sanctum secrets age`, a trouble the one of [`crate::rotate::trouble`], and lints are those of `sanctum doctor` that look at
//! files. What could not be looked at is unknown, and unknown is never well.

use super::gather::Looked;
use super::model::{Item, Run, SecretAge, State};
use super::table::ago;
use crate::doctor::secrets::look::{Gone, gone};
use crate::doctor::secrets::rotations::{Rotation, rotations};
use crate::doctor::{Eyes, Lint, Many, Need, Report, Verdict, catalogue};
use crate::doctor::{Looked as Observed, Seen as Observation};
use crate::instance::Instance;
use crate::instance::model::Schedule;
use crate::instance::secrets::{SecretEntry, held};
use crate::jobs::derive::one_shot_verb;
use crate::rotate::due::{self, Age, Changes, Standing};
use crate::rotate::trouble::trouble;
use sanctum_types::{CouldNotCheck, NodeName, ServiceName, UnixTime};
use std::collections::{BTreeMap, BTreeSet};

/// What is told of files alone; of what these need no value is opened.
const CHEAP: [Need; 2] = [Need::SecretPaths, Need::SopsDocuments];
/// The verbs whose schedules keep secrets young.
const JOBS: [&str; 2] = ["secrets-age", "rotate"];

/// What was seen of this node's secrets.
#[derive(Debug, Default)]
pub struct Secrets {
    /// What is not as it should be, one line each.
    pub wrong: Vec<String>,
    /// What could not be looked at.
    pub unseen: Vec<CouldNotCheck>,
    /// How many sources are in stores that are asked, not looked at.
    pub unasked: usize,
    /// Rotations that were begun, as far as their records can be read.
    pub rotations: Many<Rotation>,
}

/// Looks at files.
#[must_use]
pub fn look(eyes: &Eyes<'_>) -> Secrets {
    let cheap = |lint: &&Lint| {
        lint.family() == "secrets" && lint.needs.iter().all(|need| CHEAP.contains(need))
    };
    let lints: Vec<&'static Lint> = catalogue::all().into_iter().filter(cheap).collect();
    let looked = Observed::gather(eyes, &CHEAP.into());
    let verdicts = Report::of(&lints, &looked).verdicts;
    let mut secrets = Secrets::default();
    let found = verdicts.iter().flat_map(Verdict::findings);
    secrets.wrong.extend(found.map(|one| format!("{}: {}", one.subject, one.message)));
    secrets.unseen.extend(verdicts.into_iter().flat_map(|verdict| verdict.unseen));
    match gone(eyes) {
        Ok(Gone { absent, unasked }) => {
            secrets.wrong.extend(absent.all);
            secrets.unseen.extend(absent.unseen);
            secrets.unasked = unasked;
        }
        Err(unseen) => secrets.unseen.push(unseen),
    }
    secrets.unseen.sort_by(|a, b| (&a.subject, &a.cause).cmp(&(&b.subject, &b.cause)));
    secrets.unseen.dedup();
    secrets.rotations = open(rotations(eyes));
    secrets
}

/// Those that are not over.
fn open(seen: Observation<Many<Rotation>>) -> Many<Rotation> {
    let mut many = match seen {
        Ok(many) => many,
        Err(unseen) => Many { all: Vec::new(), unseen: vec![unseen] },
    };
    many.all.retain(|one| !one.record.is_over());
    many
}

/// Whether an age is wanted of any secret of this node, so that a journal is read for nothing nowhere.
#[must_use]
pub fn ages_wanted(instance: &Instance, node: &NodeName) -> bool {
    held(instance, node)
        .any(|(_, entry)| entry.rotation_max_age_days.is_some() || entry.rotation.is_some())
}

/// The age of each secret that this node holds.
pub(super) fn ages(
    (instance, node): (&Instance, &NodeName),
    changes: &Looked<Changes>,
    now: UnixTime,
) -> Vec<SecretAge> {
    let (known, why) = match changes {
        Looked::Seen(changes) => (Some(changes), None),
        blank => (None, blank.blank()),
    };
    let one = |(name, entry): (&ServiceName, &SecretEntry)| {
        let since = known.and_then(|changes| changes.of(name));
        let age = due::age(name, entry, (since, None), now);
        let (state, detail) = match (&why, age.standing) {
            (Some((_, why)), Standing::Unknown) => (State::Unknown, format!("age unknown: {why}")),
            (_, standing) => (state_of(standing), words(&age)),
        };
        SecretAge {
            item: Item::new(name.as_str(), state, detail),
            days_old: age.days.and_then(|days| u32::try_from(days).ok()),
            max_days: entry.rotation_max_age_days,
        }
    };
    held(instance, node).map(one).collect()
}

/// What the owner has to hear of is a finding, as it is to `sanctum secrets age`.
const fn state_of(standing: Standing) -> State {
    match standing {
        Standing::Well => State::Holds,
        Standing::NoLimit => State::Off,
        Standing::Unknown => State::Unknown,
        Standing::Soon | Standing::Due | Standing::Overdue => State::Finding,
    }
}

fn words(age: &Age) -> String {
    let old = age.days.map_or("age unknown".to_owned(), |days| format!("{days} days old"));
    let after = age.due_after_days.map_or(String::new(), |days| format!(" after {days}"));
    let (name, verb) = (&age.secret, age.verb());
    match age.standing {
        Standing::Well => old,
        Standing::NoLimit => format!("{old}; nothing says how old it may become"),
        Standing::Soon if age.unattended => {
            format!("{old}, due soon{after}: sanctum rotate --due does it")
        }
        Standing::Soon => format!("{old}, due soon{after}: sanctum {verb}"),
        Standing::Due => format!("{old}, due{after}: sanctum {verb}"),
        Standing::Overdue => format!("{old}, overdue: sanctum {verb}"),
        Standing::Unknown if age.rotates => {
            format!("{old}: no change of it is on record: sanctum secrets age {name} --ask")
        }
        // Nobody is there to be asked.
        Standing::Unknown => format!("{old}: no change of it is on record: sanctum {verb}"),
    }
}

/// Rotations that are open, and records that cannot be read.
pub(super) fn begun(secrets: &Looked<Secrets>, now: UnixTime) -> Vec<Item> {
    let Looked::Seen(secrets) = secrets else { return Vec::new() };
    let one = |Rotation { record, sanctum }: &Rotation| {
        let (state, detail) = match trouble(record, now) {
            Some(trouble) => {
                let (words, next) = (trouble.words(record, now), trouble.next(record, sanctum));
                (State::Finding, format!("{words}: {next}"))
            }
            None => (State::Holds, format!("in progress, begun {}", ago(now, record.begun))),
        };
        Item::new(record.plan.secret.as_str(), state, detail)
    };
    let unseen = |one: &CouldNotCheck| Item::new(&one.subject, State::Unknown, &one.cause);
    let rotations = &secrets.rotations;
    rotations.iter().map(one).chain(rotations.unseen.iter().map(unseen)).collect()
}

/// The layer that secrets are kept in.
pub(super) fn kept_layer(secrets: &Looked<Secrets>, any: bool) -> (State, String) {
    let seen = match (secrets, secrets.blank()) {
        (Looked::Seen(seen), _) => seen,
        (_, blank) => return blank.unwrap_or((State::Unknown, String::new())),
    };
    let more = |count: usize| match count {
        0 | 1 => String::new(),
        count => format!("; and {} more: sanctum doctor --only secrets", count - 1),
    };
    if let Some(first) = seen.wrong.first() {
        return (State::Finding, format!("{first}{}", more(seen.wrong.len())));
    }
    if let Some(first) = seen.unseen.first() {
        return (State::Unknown, format!("{first}{}", more(seen.unseen.len())));
    }
    if !any {
        return (State::Off, "this node holds no secret".to_owned());
    }
    (State::Holds, "files of secrets are there, and closed to others".to_owned())
}

/// The layer that keeps secrets young: ages, rotations that are open, and the jobs of both.
pub(super) fn rotation_layer(
    (secrets, rotations): (&Looked<Secrets>, &[Item]),
    ages: &[SecretAge],
    jobs: &[&Run],
) -> (State, String) {
    if let Some((state, why)) = secrets.blank() {
        return (state, why);
    }
    let items = ages.iter().map(|age| &age.item).chain(rotations);
    let all: Vec<&Item> = items.chain(jobs.iter().map(|run| &run.item)).collect();
    let worst = all.iter().fold(State::Off, |worst, item| worst.worse(item.state));
    let bad = all.iter().filter(|one| matches!(one.state, State::Finding | State::Unknown)).count();
    let detail = match (worst, rotations.len()) {
        (State::Finding | State::Unknown, _) => format!("{bad} below are not in order"),
        (State::Off, _) => "no secret of this node has a limit or a rotation".to_owned(),
        (_, 0) => "no rotation is open".to_owned(),
        (_, open) => format!("{open} in progress"),
    };
    (worst, detail)
}

/// The schedules of this node that tell of ages and rotate.
pub(super) fn jobs<'a>(
    schedules: &BTreeMap<ServiceName, Schedule>,
    runs: &'a [Run],
) -> Vec<&'a Run> {
    let theirs: BTreeSet<&str> = schedules
        .iter()
        .filter(|(_, entry)| JOBS.contains(&one_shot_verb(&entry.command).as_str()))
        .map(|(name, _)| name.as_str())
        .collect();
    runs.iter().filter(|run| theirs.contains(run.item.name.as_str())).collect()
}

#[cfg(test)]
mod tests;
