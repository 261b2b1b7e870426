//! Rotations in words: how each stands, and the list of those that were begun.

use crate::commands::{Context, FOUND};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::site::Place;
use jiff::Timestamp;
use sanctum_orchestrator::rotate::Shelf;
use sanctum_rotation::{Record, Status};
use sanctum_types::UnixTime;
use serde_json::json;

/// The word of reports.
pub(super) const fn word(status: &Status) -> &'static str {
    match status {
        Status::Working => "stopped",
        Status::Waiting { .. } => "waiting",
        Status::NeedsHuman(_) => "needs-you",
        Status::Done => "done",
        Status::Failed(_) => "gave-up",
    }
}

/// The stage as its record spells it.
pub(super) fn stage(record: &Record) -> String {
    let value = serde_json::to_value(record.stage).unwrap_or_default();
    value.get("at").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

/// A moment for people, in UTC.
pub(super) fn time(at: UnixTime) -> String {
    Timestamp::from_second(at.0).map(|at| at.to_string()).unwrap_or_default()
}

/// `--list`; exit 3 where one of them needs the owner.
pub(super) fn list(context: &Context, place: &Place, shelf: &Shelf) -> Result<Exit, Failure> {
    let records = shelf.records().map_err(super::damaged)?;
    let mut needs = false;
    let mut rows = Vec::new();
    for record in &records {
        let halted = record.halted.as_ref();
        needs |= halted.is_some();
        let words = match (halted, &record.cause) {
            (Some(halt), _) => format!("needs you: {}", halt.why),
            (None, Some(why)) => format!("undone: {why}"),
            (None, None) => String::new(),
        };
        let (paint, name) = match halted {
            Some(_) => (Paint::Bad, &record.plan.secret),
            None if record.is_over() => (Paint::Plain, &record.plan.secret),
            None => (Paint::Note, &record.plan.secret),
        };
        let line = format!("{name:<28} {:<12} {} {words}", stage(record), time(record.begun));
        context.out.line(paint, line.trim_end());
        let to_do = halted.map(|halt| halt.why.what_to_do());
        if let Some(to_do) = to_do {
            let retry = super::called(context, place, &format!(" rotate {name} --retry"));
            context.out.line(Paint::Plain, &format!("  {to_do}: {retry}"));
        }
        rows.push(json!({
            "secret": name, "rotation": record.rotation, "stage": stage(record),
            "begun": record.begun, "not_before": record.not_before, "over": record.is_over(),
            "needs_you": halted.map(|halt| halt.why.to_string()), "to_do": to_do,
            "cause": record.cause.as_ref().map(ToString::to_string),
        }));
    }
    if records.is_empty() {
        context.out.line(Paint::Plain, "nothing was rotated here yet");
    }
    context.out.data(&json!({ "format": 1, "rotations": rows }));
    Ok(if needs { FOUND } else { Exit::Done })
}
