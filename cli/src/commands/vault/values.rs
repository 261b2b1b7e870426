//! Secrets of the vault, for their owner's eyes and hands.

use super::Desk;
use crate::args::vault::{Get, Put};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use sanctum_host::{passphrase, private_io};
use sanctum_vault::log::MOST_VALUE;
use sanctum_vault::{hex, unhex};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

pub(super) fn put(desk: &Desk<'_>, args: &Put) -> Result<Exit, Failure> {
    let value = if args.stdin {
        let mut bytes = private_io::read_stdin(MOST_VALUE)?;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        bytes
    } else {
        let typed = passphrase::ask(&format!("The value of {}:", args.path))?.ok_or_else(|| {
            Failure::refused("there is no terminal to type the value on")
                .hint("from a pipe: sanctum vault put PATH --stdin")
        })?;
        Zeroizing::new(typed.as_bytes().to_vec())
    };
    if value.is_empty() {
        return Err(Failure::refused("an empty value is no secret"));
    }
    let mut params = json!({ "path": args.path, "value": hex(&value) });
    let notes = noted(args)?;
    if !args.tag.is_empty() || !notes.is_empty() {
        let about = json!({ "tags": args.tag, "notes": notes });
        if let Some(params) = params.as_object_mut() {
            params.insert("about".to_owned(), about);
        }
    }
    let answer = desk.ask("put", params)?;
    let version = answer.get("version").and_then(Value::as_u64).unwrap_or_default();
    desk.done(&format!("{} is version {version} now", args.path), &answer)
}

/// The description is a note like others.
fn noted(args: &Put) -> Result<BTreeMap<&str, &str>, Failure> {
    let description = args.description.as_deref().map(|text| ("description", text));
    let mut notes: BTreeMap<&str, &str> = description.into_iter().collect();
    for note in &args.note {
        let (name, text) = note.split_once('=').ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "--note is NAME=TEXT, such as upstream=https://api.example/v1",
            )
        })?;
        notes.insert(name, text);
    }
    Ok(notes)
}

pub(super) fn get(desk: &Desk<'_>, args: &Get) -> Result<Exit, Failure> {
    let context = desk.context;
    if context.out.json {
        return Err(Failure::new(Exit::Usage, "a value is no part of a report")
            .hint("leave --json out; --stdout writes the bytes as they are"));
    }
    if !args.stdout && !context.around.screen {
        return Err(Failure::refused(
            "standard output is no terminal, so the value would go where nobody sees it",
        )
        .hint("say --stdout when that is what you want"));
    }
    let answer = desk.ask("get", json!({ "path": args.path, "version": args.version }))?;
    let bytes = answer.get("value").and_then(Value::as_str).and_then(unhex);
    let bytes = bytes.ok_or_else(|| Failure::failed("the vault's answer holds no value"))?;
    let plain = |text: &str| !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
    if !args.stdout && !std::str::from_utf8(&bytes).is_ok_and(plain) {
        return Err(Failure::refused("the value is not text that a terminal can show")
            .hint("--stdout writes it as it is"));
    }
    private_io::write_stdout(&bytes)?;
    if !args.stdout && bytes.last() != Some(&b'\n') {
        private_io::write_stdout(b"\n")?;
    }
    Ok(Exit::Done)
}

pub(super) fn list(desk: &Desk<'_>) -> Result<Exit, Failure> {
    let answer = desk.ask("list", json!({}))?;
    let all = answer.get("credentials").and_then(Value::as_array);
    for one in all.into_iter().flatten() {
        let word = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
        let version = one.get("version").and_then(Value::as_u64).unwrap_or_default();
        let line = format!("{:<40} {version:>4}  {}", word("path"), word("description"));
        desk.context.out.line(Paint::Plain, line.trim_end());
    }
    desk.context.out.data(&json!({ "format": 1, "vault": answer }));
    Ok(Exit::Done)
}

pub(super) fn history(desk: &Desk<'_>, path: &str) -> Result<Exit, Failure> {
    let answer = desk.ask("history", json!({ "path": path }))?;
    let all = answer.get("versions").and_then(Value::as_array);
    for one in all.into_iter().flatten() {
        let number = |name: &str| one.get(name).and_then(Value::as_i64).unwrap_or_default();
        let at = jiff::Timestamp::from_second(number("at")).map(|at| at.to_string());
        let line = format!("{:>4}  {}", number("version"), at.unwrap_or_default());
        desk.context.out.line(Paint::Plain, &line);
    }
    desk.context.out.data(&json!({ "format": 1, "vault": answer }));
    Ok(Exit::Done)
}
