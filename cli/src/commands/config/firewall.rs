//! What the firewall is configured with here: merged, with whose each value is, and what in the files has no effect.
//!
//! Looks only. Deliberately absent: the keys and their merging (`sanctum_firewall::agents::config`).

use crate::commands::hook::{rules, view};
use crate::commands::{Context, FOUND};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use sanctum_firewall::agents::config::{self, Grade, KEYS, Layer, Layered, Loosened};
use serde_json::{Value, json};
use std::path::Path;

/// Says which key was meant.
pub(super) fn unknown(name: &str) -> Failure {
    let failure = Failure::new(Exit::Usage, format!("there is no key `{name}`"));
    let failure = match config::nearest(name) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure,
    };
    failure.hint("`sanctum config --recommended` names them all")
}

/// `sanctum config --explain KEY`.
pub(super) fn explain(context: &Context, name: &str) -> Result<Exit, Failure> {
    let (layers, _) = read(context)?;
    let (merged, loosened) = config::merge(&layers);
    let Some(mut text) = config::explain(name, &merged) else { return Err(unknown(name)) };
    let tried: Vec<String> =
        loosened.iter().filter(|one| one.key == name).map(|one| refused(context, one)).collect();
    tried.iter().for_each(|one| text.push_str(&format!("  no effect: {one}\n")));
    let setting = merged.get(name);
    context.out.data(&json!({
        "format": 1, "key": name, "what": config::key(name).map(|key| key.what),
        "value": setting.map(|setting| setting.value.to_string()),
        "from": setting.map(|setting| setting.layer.name()), "loosened": tried,
    }));
    if !context.out.json {
        context.out.raw(&text);
    }
    Ok(if tried.is_empty() { Exit::Done } else { FOUND })
}

/// `sanctum config --recommended`.
pub(super) fn recommended(context: &Context) -> Result<Exit, Failure> {
    context.out.raw(&config::recommended());
    Ok(Exit::Done)
}

/// `sanctum config`.
pub(super) fn show(context: &Context) -> Result<Exit, Failure> {
    let (layers, files) = read(context)?;
    let (merged, loosened) = config::merge(&layers);
    for (layer, path, there) in &files {
        let state = if *there { "" } else { " (not there)" };
        context.out.line(Paint::Plain, &format!("{:<8} {path}{state}", layer.name()));
    }
    let mut values: Vec<Value> = Vec::new();
    for (name, setting) in merged.all() {
        let layer = setting.layer;
        values.push(json!({
            "key": name, "value": setting.value.to_string(), "from": layer.name(),
        }));
        if layer != Layer::Default {
            let line = format!("{name} = {}  # {}", setting.value, layer.name());
            context.out.line(Paint::Plain, &line);
        }
    }
    let kept = values.iter().filter(|value| value["from"] == "default").count();
    context.out.line(Paint::Note, &format!("{kept} of {} keys have their defaults", KEYS.len()));
    let wrong = without_effect(context, &layers, &loosened);
    wrong.iter().for_each(|line| context.out.line(Paint::Bad, line));
    context.out.data(&json!({
        "format": 1, "values": values, "without_effect": wrong,
        "files": files.iter().map(|(layer, path, there)| {
            json!({ "layer": layer.name(), "file": path, "there": there })
        }).collect::<Vec<_>>(),
    }));
    Ok(if wrong.is_empty() { Exit::Done } else { FOUND })
}

/// A layer, its file, and whether that is there.
type File = (Layer, String, bool);

/// The layers here, and which files they are.
fn read(context: &Context) -> Result<(Vec<Layered>, Vec<File>), Failure> {
    let here = view::here()?;
    let layers = rules::layers(context, &here)?;
    let files = rules::files(context, &here)
        .into_iter()
        .map(|(layer, path)| {
            let there = layers.iter().any(|layered| layered.layer == layer);
            (layer, path.display().to_string(), there)
        })
        .collect();
    Ok((layers, files))
}

/// One line for everything in the files that does not do what it says.
pub(in crate::commands) fn without_effect(
    context: &Context,
    layers: &[Layered],
    loosened: &[Loosened],
) -> Vec<String> {
    let of = |layer: Layer| place(context, layer);
    let findings = layers.iter().flat_map(|layered| &layered.findings).map(|finding| {
        let grade = if finding.grade == Grade::Error { "error" } else { "warning" };
        let at = &finding.at;
        let hint = at.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}:{}:{}: {grade}: {}{hint}", of(finding.layer), at.line, at.col, at.message)
    });
    findings.chain(loosened.iter().map(|one| refused(context, one))).collect()
}

fn refused(context: &Context, one: &Loosened) -> String {
    let above = if one.layer == Layer::User { "root's floor" } else { "what holds here" };
    format!(
        "{}:{}:{}: `{}` would go below {above}: {} stays, not {}",
        place(context, one.layer),
        one.line,
        one.col,
        one.key,
        one.from,
        one.to
    )
}

fn place(context: &Context, layer: Layer) -> String {
    let here = view::here().unwrap_or_default();
    let files = rules::files(context, &here);
    let path = files.into_iter().find(|(each, _)| *each == layer).map(|(_, path)| path);
    path.as_deref().unwrap_or(Path::new(".sanctum/config.toml")).display().to_string()
}
