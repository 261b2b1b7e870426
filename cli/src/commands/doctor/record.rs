//! `sanctum doctor --record-ssh`: the host keys and logins of this machine, confirmed by its owner.
//!
//! Whoever records decides what later looks take for right, so it needs the owner in person, and a typed word. The lints
//! `ssh/host-key-changed`, `ssh/host-key-new` and `ssh/authorized-keys-drift` hold the machine against it.

use crate::commands::Context;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::presence;
use crate::record::{self, Deed, Recorder};
use sanctum_host::files;
use sanctum_orchestrator::doctor::Eyes;
use sanctum_orchestrator::doctor::ssh::{inventory, look};
use serde_json::json;
use std::path::Path;

/// Shows what is new, asks, and writes.
pub(super) fn run(context: &Context, eyes: &Eyes<'_>) -> Result<Exit, Failure> {
    let out = context.out;
    if !eyes.is_machine() {
        return Err(Failure::new(Exit::Usage, "a directory has no host keys of its own")
            .hint("run it on the machine, without --root"));
    }
    // Who is not root can neither see all of it nor be the owner in person.
    if context.around.euid != 0 {
        presence::require(context, "record keys")?;
    }
    let now = look::found(eyes).map_err(Failure::failed)?;
    // One that cannot be read is replaced, like one that is not there.
    let before = look::recorded(eyes).ok().flatten();
    let news = now.news(before.as_ref());
    let file = inventory::path(eyes.ground.facts.os);
    if news.is_empty() {
        out.line(Paint::Good, "nothing new: the inventory is as this machine is");
        out.data(&json!({ "format": 1, "inventory": file, "news": news, "recorded": false }));
        return Ok(Exit::Done);
    }
    for line in &news {
        out.line(Paint::Note, &format!("new: {line}"));
    }
    presence::require(context, "record keys")?;
    ask(context)?;
    let bytes = serde_json::to_vec_pretty(&now).map_err(Failure::failed)?;
    let recorder = Recorder::of_account(&context.around);
    let deed = Deed::new("doctor.record-ssh", &file).with("new", news.join("; "));
    record::during(context, recorder, &deed, |_| {
        Ok(files::write_private(Path::new(&file), &bytes)?)
    })?;
    out.line(Paint::Good, &format!("recorded in {file}"));
    out.data(&json!({ "format": 1, "inventory": file, "news": news, "recorded": true }));
    Ok(Exit::Done)
}

fn ask(context: &Context) -> Result<(), Failure> {
    context.out.question("Type `record` if every line above is right:");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if answer.trim() == "record" {
        return Ok(());
    }
    Err(Failure::refused("nothing was recorded"))
}
