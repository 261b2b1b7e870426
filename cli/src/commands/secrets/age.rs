//! `sanctum secrets age`: how old each value is, when it is due, and what nobody knows. It never rotates.

use super::house::House;
use crate::args::rotate::Age as Args;
use crate::commands::{Context, FOUND, audit, rotate};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::Recorder;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sanctum_host::clock;
use sanctum_host::journal::merge::Story;
use sanctum_orchestrator::rotate::calendar;
use sanctum_orchestrator::rotate::due::{self, Age, Changes, Source, Standing};
use sanctum_types::{
    Action, AuditEvent, CouldNotCheck, Outcome, Phase, ServiceName, Severity, UnixTime, chain,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// What was told on which day.
const TOLD: &str = "ages.json";
/// The journal's word.
const ACTION: &str = "secrets.age";

/// The day on which each secret was told of last, in the house's zone.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    format: u32,
    days: BTreeMap<ServiceName, String>,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Exit, Failure> {
    let house = House::open(context)?;
    let names = args.names.iter().map(|name| house.entry(name).map(|(name, _)| name));
    let names: Vec<ServiceName> = names.collect::<Result<_, _>>()?;
    let asked = if args.ask { rotate::made(context, &house, &names)? } else { BTreeMap::new() };
    let mut all = ages(context, &house, &asked)?;
    all.retain(|age| names.is_empty() || names.contains(&age.secret));
    if args.calendar {
        let known = &house.opened.instance.instance;
        let house = (known.slug.as_str(), known.timezone.as_str());
        context.out.raw(&calendar::calendar(house, &all, clock::now()));
        return Ok(Exit::Done);
    }
    for age in &all {
        context.out.line(paint(age.standing), &line(age));
    }
    let told = if args.notify { notify(context, &house, &all)? } else { 0 };
    context.out.data(&json!({ "format": 1, "secrets": all, "told": told }));
    let found = all.iter().any(|age| age.standing.is_finding());
    Ok(if found { FOUND } else { Exit::Done })
}

/// The age of every secret, by the journal and by what providers said. A journal that does not hold says nothing.
pub(in crate::commands) fn ages(
    context: &Context,
    house: &House,
    told: &BTreeMap<ServiceName, UnixTime>,
) -> Result<Vec<Age>, Failure> {
    let story = story(context)?;
    let changes = match broken(&story) {
        Some(stream) => {
            context.out.warn(&format!(
                "the journal {stream} does not hold, so no age is known from it: sanctum audit verify"
            ));
            Changes::default()
        }
        None => heard(&story),
    };
    Ok(due::ages(&house.opened.instance, &changes, told, clock::now()))
}

/// When each secret was changed last; a journal that does not hold, or is closed to this account, was not looked at.
pub(in crate::commands) fn changes(context: &Context) -> Result<Changes, CouldNotCheck> {
    let closed =
        |subject: &str, cause: String| CouldNotCheck { subject: subject.to_owned(), cause };
    let story = story(context).map_err(|failure| closed("the journal", failure.text()))?;
    if let Some(stream) = broken(&story) {
        return Err(closed(stream, "the journal does not hold: sanctum audit verify".to_owned()));
    }
    match story.unread.first() {
        Some(unread) => Err(closed(&unread.what, chain(&unread.error))),
        None => Ok(heard(&story)),
    }
}

fn story(context: &Context) -> Result<Story, Failure> {
    audit::gather(context, None, &|line| line.action.starts_with("secrets."))
}

/// A stream that does not hold.
fn broken(story: &Story) -> Option<&str> {
    story.checked.iter().find_map(|one| one.fault.as_ref().map(|_| one.stream.as_str()))
}

fn heard(story: &Story) -> Changes {
    let mut changes = Changes::default();
    for entry in &story.entries {
        changes.hear(&entry.event, UnixTime(entry.at / 1000));
    }
    changes
}

/// Records each finding once a day; how many were recorded now.
fn notify(context: &Context, house: &House, all: &[Age]) -> Result<usize, Failure> {
    let memory = super::Memory::open(&house.place, &context.around)?;
    let known = memory.read(TOLD)?.and_then(|bytes| serde_json::from_slice::<Told>(&bytes).ok());
    let mut known = known.filter(|told| told.format == 1).unwrap_or_default();
    known.format = 1;
    let today = day(&house.opened.instance.instance.timezone, clock::now());
    let found: Vec<&Age> = all
        .iter()
        .filter(|age| age.standing.is_finding() && known.days.get(&age.secret) != Some(&today))
        .collect();
    if found.is_empty() {
        return Ok(0);
    }
    let recorder: Recorder = house.recorder(context)?;
    for age in &found {
        recorder.sink().record(&event(&recorder, age)?)?;
        known.days.insert(age.secret.clone(), today.clone());
    }
    recorder.seal()?;
    memory.write(TOLD, &serde_json::to_vec(&known)?)?;
    Ok(found.len())
}

/// What is only due soon waits for whoever reads the journal; the rest is told at once.
fn event(recorder: &Recorder, age: &Age) -> Result<AuditEvent, Failure> {
    let severity = if age.standing == Standing::Soon { Severity::Warn } else { Severity::Error };
    let mut details = BTreeMap::from([("standing".to_owned(), age.standing.word().to_owned())]);
    if let Some(days) = age.days {
        details.insert("days".to_owned(), days.to_string());
    }
    Ok(AuditEvent {
        actor: recorder.actor().clone(),
        action: Action::new(ACTION)?,
        subject: age.secret.to_string(),
        phase: Phase::Single,
        outcome: Outcome::Found,
        severity,
        details,
    })
}

/// The date in the house's zone; in UTC where that zone is not known here.
fn day(zone: &str, now: UnixTime) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let at = Timestamp::from_second(now.0).unwrap_or_default();
    at.to_zoned(zone).date().to_string()
}

fn line(age: &Age) -> String {
    let days = match (age.days, age.source) {
        (Some(days), Source::Provider) => format!("{days} days (says the provider)"),
        (Some(days), _) => format!("{days} days"),
        (None, _) => "unknown age".to_owned(),
    };
    let of = age.due_after_days.map_or(String::new(), |after| format!(" of {after}"));
    let next = match age.standing {
        Standing::Well | Standing::NoLimit => String::new(),
        Standing::Unknown if age.rotates => {
            format!("  -> sanctum secrets set {}, or --ask", age.secret)
        }
        _ => format!("  -> sanctum {}", age.verb()),
    };
    format!("{:<28} {:<9} {days}{of}{next}", age.secret, age.standing.word())
}

const fn paint(standing: Standing) -> Paint {
    match standing {
        Standing::Well => Paint::Good,
        Standing::NoLimit => Paint::Plain,
        Standing::Soon => Paint::Note,
        Standing::Due | Standing::Overdue | Standing::Unknown => Paint::Bad,
    }
}
