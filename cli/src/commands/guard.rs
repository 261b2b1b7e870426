//! `sanctum guard`: the mode of each guard, what it blocked or would have blocked, and one word of the file.
//!
//! The owner's file is a proposal: what is set here counts when `sudo sanctum apply` takes it over, and lowering a
//! guard is a widening that the owner approves there in person. So nothing is loosened by this verb alone, and root
//! does not write into the owner's home.

use super::{Context, audit};
use crate::args::guard::{GuardArgs, GuardVerb};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::{self, Deed, Recorder};
use crate::session::Opened;
use crate::site::Place;
use sanctum_host::{clock, files};
use sanctum_orchestrator::guard::{Guard, edit, word};
use sanctum_orchestrator::instance::model::GuardMode;
use sanctum_types::Outcome;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// What is counted, backwards from now: as long as people remember what they did.
const DAY_MILLIS: i64 = 24 * 3600 * 1000;

/// Runs the verb.
pub fn run(context: &Context, args: &GuardArgs) -> Result<Exit, Failure> {
    match &args.verb {
        None => list(context),
        Some(GuardVerb::Enforce { name }) => set(context, (*name).into(), GuardMode::Enforce),
        Some(GuardVerb::Observe { name }) => set(context, (*name).into(), GuardMode::Observe),
    }
}

/// How often a guard blocked something, and would have.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    blocked: u64,
    would: u64,
}

fn list(context: &Context) -> Result<Exit, Failure> {
    let opened = Opened::read(&context.common, &context.around, context.out)?;
    let machine = Place::of(&context.common) == Place::Machine;
    let approved =
        machine.then(|| Opened::read_approved(&context.common, context.out).ok()).flatten();
    let counts = counts(context)?;
    let mut all = Vec::new();
    for (name, guard) in Guard::ALL {
        let file = guard.mode(&opened.instance);
        let in_force = approved.as_ref().map(|opened| guard.mode(&opened.instance));
        let count = counts.get(name).copied().unwrap_or_default();
        let force = in_force.map_or("not applied", word);
        let words = format!(
            "{name:<10} {:<8} in force: {force:<12} last 24 h: {} blocked, {} would have been",
            word(file),
            count.blocked,
            count.would
        );
        let paint = if file == GuardMode::Enforce { Paint::Good } else { Paint::Note };
        context.out.line(paint, &words);
        all.push(json!({
            "guard": name, "mode": word(file), "in_force": in_force.map(word),
            "blocked": count.blocked, "would_have_blocked": count.would,
        }));
    }
    context.out.data(&json!({ "format": 1, "guards": all }));
    Ok(Exit::Done)
}

/// From the journal: a guard is the actor, and a refusal that it only observed says so.
fn counts(context: &Context) -> Result<BTreeMap<String, Counts>, Failure> {
    let since = clock::now_millis() - DAY_MILLIS;
    let story = audit::gather(context, None, &|line| {
        line.at >= since && line.outcome == Outcome::Refused && line.actor.starts_with("guard:")
    })?;
    let mut all: BTreeMap<String, Counts> = BTreeMap::new();
    for entry in &story.entries {
        let Some(name) = entry.event.actor.as_str().strip_prefix("guard:") else { continue };
        let counts = all.entry(name.to_owned()).or_default();
        match entry.event.details.get("mode").map(String::as_str) {
            Some("observe") => counts.would += 1,
            _ => counts.blocked += 1,
        }
    }
    Ok(all)
}

fn set(context: &Context, guard: Guard, mode: GuardMode) -> Result<Exit, Failure> {
    let machine = Place::of(&context.common) == Place::Machine;
    if machine && context.around.euid == 0 && context.common.instance.is_none() {
        return Err(Failure::refused("this edits the owner's own file, which root does not write")
            .hint(format!("without sudo: sanctum guard {} {}", word(mode), guard.name()))
            .hint("then take it over: sudo /opt/sanctum/bin/sanctum apply"));
    }
    let opened = Opened::read(&context.common, &context.around, context.out)?;
    let before = guard.mode(&opened.instance);
    let next = Place::of(&context.common).command("apply");
    let report = |changed: bool| {
        context.out.data(&json!({
            "format": 1, "guard": guard.name(), "from": word(before), "to": word(mode),
            "changed": changed, "next": next,
        }));
    };
    if before == mode {
        context
            .out
            .line(Paint::Good, &format!("{} is set to {} already", guard.name(), word(mode)));
        report(false);
        return Ok(Exit::Done);
    }
    let edited = edit(&opened.text, guard, mode).map_err(|error| {
        Failure::refused(error).hint(format!(
            "write it by hand in {}: guards.{}: {}",
            opened.path,
            guard.name(),
            word(mode)
        ))
    })?;
    let recorder = Recorder::of_place(&Place::of(&context.common), &context.around);
    let deed = Deed::new("guard.mode", guard.name())
        .with("from", word(before))
        .with("to", word(mode))
        .with("file", &opened.path);
    record::during(context, recorder, &deed, |_| {
        Ok(files::write_private(Path::new(&opened.path), edited.as_bytes())?)
    })?;
    let words =
        format!("{}: guards.{}: {} → {}", opened.path, guard.name(), word(before), word(mode));
    context.out.line(Paint::Good, &words);
    context.out.line(Paint::Note, &format!("it counts after: {next}"));
    report(true);
    Ok(Exit::Done)
}
