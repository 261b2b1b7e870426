//! `sanctum keys list`: every key of the house, and what is there of it on this node. Files are looked at, never read.

use super::Context;
use super::doctor::{eyes, ground};
use crate::args::keys::Keys;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::session::{Opened, Session};
use crate::site::Access;
use sanctum_host::clock;
use sanctum_orchestrator::doctor::Eyes;
use sanctum_orchestrator::doctor::eyes::There;
use sanctum_orchestrator::secrets::keys::{Listed, Where, list};
use sanctum_secrets::resolve::Places;
use sanctum_types::{AbsPath, CouldNotCheck, UnixTime};
use serde_json::{Value, json};
use std::path::Path;

/// Seconds of a day.
const DAY: i64 = 24 * 3600;

/// Runs the verb.
pub fn run(context: &Context, verb: &Keys) -> Result<Exit, Failure> {
    match verb {
        Keys::List => table(context),
    }
}

fn table(context: &Context) -> Result<Exit, Failure> {
    let opened = Opened::read(&context.common, &context.around, context.out)?;
    let session = Session::open(opened, &context.common, &context.around, Access::Look)?;
    let Session { site, opened, facts } = &session;
    let ground = ground(&site.place, &site.node, (&opened.instance, &opened.text), facts);
    let eyes = eyes(&site.place, &ground)?;
    let places = Places::machine(Path::new("/"));
    let identities = places.map(|places| places.keys.identities).unwrap_or_default();
    let at = Where { os: facts.os, home: ground.owner_home.as_ref(), identities: &identities };
    let now = clock::now();
    let mut rows = Vec::new();
    for one in list(&opened.instance, &at) {
        rows.push(show(context, &eyes, &one, now));
    }
    context.out.data(&json!({ "format": 1, "node": site.node, "keys": rows }));
    Ok(Exit::Done)
}

fn show(context: &Context, eyes: &Eyes<'_>, one: &Listed, now: UnixTime) -> Value {
    let kind = one.kind;
    let built = if kind.built { "" } else { "  (not made by this version yet)" };
    context.out.line(Paint::Head, &format!("{}: {}{built}", kind.id, kind.what));
    let told = [
        ("made by", kind.made_by),
        ("read by", kind.read_by),
        ("rotates", kind.rotates),
        ("backup", kind.backup),
        ("its loss", kind.loss),
        ("its theft", kind.theft),
    ];
    for (word, text) in told {
        context.out.line(Paint::Plain, &format!("  {word:<10} {text}"));
    }
    let mut seen = Vec::new();
    for path in &one.paths {
        let state = State::of(eyes.at(path), now);
        context.out.line(state.paint, &format!("  {path}  {}", state.words));
        seen.push(state.json(path));
    }
    for reference in &one.references {
        context.out.line(Paint::Plain, &format!("  {reference}  (sanctum secrets list)"));
    }
    let mut row = json!(kind);
    if let Some(map) = row.as_object_mut() {
        map.insert("places".to_owned(), json!(seen));
        map.insert("references".to_owned(), json!(one.references));
    }
    row
}

/// What is at a path, for people and for programs.
struct State {
    paint: Paint,
    words: String,
    there: Option<There>,
    cause: Option<String>,
    days_old: Option<i64>,
}

impl State {
    fn of(seen: Result<Option<There>, CouldNotCheck>, now: UnixTime) -> Self {
        match seen {
            Ok(None) => Self {
                paint: Paint::Plain,
                words: "not there".to_owned(),
                there: None,
                cause: None,
                days_old: None,
            },
            Err(unseen) => {
                let words = format!("could not be looked at: {}", unseen.cause);
                Self {
                    paint: Paint::Note,
                    words,
                    there: None,
                    cause: Some(unseen.cause),
                    days_old: None,
                }
            }
            Ok(Some(there)) => {
                let days_old = there.modified.map(|at| (now.0 - at.0).max(0) / DAY);
                // What group or others may do with a key is too much, whatever it is.
                let open = there.mode & 0o077 != 0;
                let age = days_old.map_or_else(String::new, |days| format!(", {days} days old"));
                let words = format!(
                    "mode {:04o}{age}{}",
                    there.mode,
                    if open { ", others can use it" } else { "" }
                );
                let paint = if open { Paint::Bad } else { Paint::Good };
                Self { paint, words, there: Some(there), cause: None, days_old }
            }
        }
    }

    fn json(&self, path: &AbsPath) -> Value {
        let mode = self.there.as_ref().map(|there| format!("{:04o}", there.mode));
        let uid = self.there.as_ref().and_then(|there| there.uid);
        json!({
            "path": path, "there": self.cause.is_none().then_some(self.there.is_some()), "mode": mode, "uid": uid,
            "days_old": self.days_old, "cause": self.cause,
        })
    }
}
