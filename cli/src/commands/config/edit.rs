//! `sanctum config --edit`: the owner's editor on a private copy, which takes the file's place only when it can be read.
//!
//! What cannot be followed is refused with its place, and the file stays as it was. At euid 0 it is root's floor.

use super::firewall::unknown;
use crate::commands::Context;
use crate::commands::hook::rules;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::{self, Deed, Recorder};
use crate::{signals, surroundings};
use sanctum_firewall::agents::config::{self, Grade, Layer};
use sanctum_host::command;
use sanctum_host::files::{self, TempDir};
use sanctum_host::owner_command::{self, Start};
use sanctum_secrets::sops::identities::words;
use serde_json::json;

/// Looked for where no variable names one.
const EDITORS: [&str; 3] = ["vim", "nano", "vi"];
/// As much as counts as configuration.
const LIMIT: u64 = 1 << 20;

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    if context.out.json {
        return Err(Failure::new(
            Exit::Usage,
            "an editor is for a person, and --json for programs",
        ));
    }
    let root = context.around.euid == 0;
    let layer = if root { Layer::Floor } else { Layer::User };
    let path = rules::own_file(context)?;
    let before = files::read_optional(&path, LIMIT)?;
    let begin = match &before {
        Some(bytes) => bytes.clone(),
        None => config::recommended().into_bytes(),
    };
    let mut line = editor()?;
    let dir = TempDir::in_memory()?;
    let copy = dir.path().join("config.toml");
    signals::outlive()?;
    files::write_new(&copy, &begin)?;
    line.push(copy.display().to_string());
    let status = owner_command::status(&line, &Start::default())?;
    if status != 0 {
        return Err(Failure::failed(format!(
            "the editor ended with status {status}, nothing was changed"
        )));
    }
    let after = files::read(&copy, LIMIT)?;
    if before.as_ref() == Some(&after) {
        context.out.line(Paint::Plain, "nothing was changed");
        return Ok(Exit::Done);
    }
    judged(context, &after, layer)?;
    let shown = path.display().to_string();
    let deed = Deed::new("config.edit", layer.name()).with("file", &shown);
    record::during(context, Recorder::of_account(&context.around), &deed, |_| {
        // Somebody may have saved it since it was read; what they wrote is not overwritten unseen.
        if files::read_optional(&path, LIMIT)? != before {
            return Err(Failure::refused(format!("{shown} changed meanwhile")).hint("say it again"));
        }
        if root {
            return Ok(files::publish(&path, &after)?);
        }
        if let Some(dir) = path.parent() {
            files::make_dir(dir)?;
        }
        Ok(files::replace(&path, &after)?)
    })?;
    context.out.line(Paint::Good, &format!("in place: {shown}"));
    context.out.data(&json!({ "format": 1, "file": shown }));
    Ok(Exit::Done)
}

/// Refuses what cannot be followed, with its place.
fn judged(context: &Context, after: &[u8], layer: Layer) -> Result<(), Failure> {
    let text = String::from_utf8(after.to_vec())
        .map_err(|_| Failure::refused("what was edited is not UTF-8, nothing was changed"))?;
    let read = config::parse(&text, layer);
    if let Some(wrong) = read.findings.iter().find(|finding| finding.grade == Grade::Error) {
        let at = &wrong.at;
        return Err(Failure::refused(format!(
            "line {}, column {}: {}",
            at.line, at.col, at.message
        ))
        .hint("nothing was changed; edit again: sanctum config --edit"));
    }
    for finding in &read.findings {
        context.out.warn(&unknown(&finding.key).text());
    }
    Ok(())
}

fn editor() -> Result<Vec<String>, Failure> {
    let none = || Failure::failed("there is no editor").hint("set VISUAL or EDITOR to one");
    let all = surroundings::inherited();
    let named = ["VISUAL", "EDITOR"].iter().find_map(|wanted| {
        let (_, value) = all.iter().find(|(name, value)| name == wanted && !value.is_empty())?;
        value.to_str()
    });
    match named {
        Some(line) => words(line).filter(|words| !words.is_empty()).ok_or_else(none),
        None => command::find_program(&EDITORS)
            .map(|path| vec![path.as_str().to_owned()])
            .ok_or_else(none),
    }
}
