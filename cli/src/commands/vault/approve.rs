//! `sanctum vault approve`: what agents ask for and the owner has to approve, and the owner's word on it.

use super::{Desk, away};
use crate::args::vault::Approve;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use serde_json::{Value, json};

pub(super) fn run(desk: &Desk<'_>, args: &Approve) -> Result<Exit, Failure> {
    let Some(id) = &args.id else { return list(desk) };
    let verb = if args.deny { "deny" } else { "approve" };
    let params = json!({ "approval": id, "minutes": args.minutes });
    let mut client = desk.client("prove")?;
    let answer = client.call(&format!("admin.{verb}"), params).map_err(|error| {
        let gone = error.code() == Some("CREDENTIAL_NOT_FOUND");
        if gone { Failure::failed(error).hint("sanctum vault approve") } else { away(error) }
    })?;
    let minutes = answer.get("minutes").and_then(Value::as_u64).unwrap_or_default();
    let what = asked_for(&answer);
    let words = match (args.deny, answer.get("counts")) {
        (true, _) => format!("{what} is denied for {minutes} minutes"),
        (false, Some(Value::Bool(true))) => {
            format!("{what} is approved once, within {minutes} minutes")
        }
        (false, _) => format!("{what} is approved for {minutes} minutes"),
    };
    desk.done(&words, &answer)
}

fn list(desk: &Desk<'_>) -> Result<Exit, Failure> {
    let answer = desk.ask("approvals", json!({}))?;
    for one in answer.get("approvals").and_then(Value::as_array).into_iter().flatten() {
        let word = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
        let left = one.get("seconds").and_then(Value::as_u64).unwrap_or_default();
        let paint = if word("state") == "asked" { Paint::Note } else { Paint::Plain };
        let line =
            format!("{}  {:<8} {left:>6} s  {}", word("approval"), word("state"), asked_for(one));
        desk.context.out.line(paint, &line);
    }
    desk.context.out.data(&json!({ "format": 1, "vault": answer }));
    Ok(Exit::Done)
}

/// Such as `builder: use:http_request of openai/key (POST api.example:443)`.
fn asked_for(one: &Value) -> String {
    let word = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
    let target = one.get("target").and_then(Value::as_str);
    let target = target.map(|target| format!(" ({target})")).unwrap_or_default();
    format!("{}: {} of {}{target}", word("agent"), word("action"), word("path"))
}
