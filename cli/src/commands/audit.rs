//! `sanctum audit`: what happened, from every stream in time order, and whether the journal is whole.
//!
//! Looks, and changes nothing. Exit 3 is a finding: a chain that does not hold, a start without an end. What could not
//! be looked at is said apart, and is exit 1 where nothing was found.

mod gather;
mod ocsf;

pub(super) use gather::gather;

use super::{Context, FOUND};
use crate::args::audit::{Audit, AuditVerb};
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use sanctum_host::clock;
use sanctum_host::journal::Checked;
use sanctum_host::journal::line::{outcome_word, severity_word};
use sanctum_host::journal::merge::{Entry, Story};
use sanctum_host::journal::scan::Line;
use sanctum_types::{Phase, Severity, chain};
use serde_json::{Value, json};

/// Runs the verb.
pub fn run(context: &Context, args: &Audit) -> Result<Exit, Failure> {
    match &args.verb {
        Some(AuditVerb::Verify { second_place }) => verify(context, second_place.as_deref()),
        None => tell(context, args),
    }
}

fn tell(context: &Context, args: &Audit) -> Result<Exit, Failure> {
    let since = args.last.map(|seconds| clock::now_millis() - seconds.saturating_mul(1000));
    let keep = |line: &Line<'_>| {
        !line.is_frame()
            && since.is_none_or(|since| line.at >= since)
            && line.severity >= args.level.severity()
            && args.actor.as_deref().is_none_or(|wanted| is_of(line.actor, wanted))
    };
    let story = gather(context, args.second_place.as_deref(), &keep)?;
    let out = context.out;
    if args.ocsf {
        for event in ocsf::events(&story) {
            out.raw(&format!("{event}\n"));
        }
    } else {
        for entry in &story.entries {
            out.line(paint(entry.event.severity), &shown(entry));
        }
        out.data(&json!({
            "format": 1,
            "entries": story.entries.iter().map(entry_json).collect::<Vec<_>>(),
            "unfinished": story.unfinished.iter().map(entry_json).collect::<Vec<_>>(),
            "streams": story.checked.iter().map(checked_json).collect::<Vec<_>>(),
            "could_not_look": unread_json(&story),
        }));
        findings(context, &story);
    }
    Ok(exit(&story))
}

fn verify(context: &Context, second: Option<&std::path::Path>) -> Result<Exit, Failure> {
    let story = gather(context, second, &|_| false)?;
    let out = context.out;
    out.data(&json!({
        "format": 1,
        "streams": story.checked.iter().map(checked_json).collect::<Vec<_>>(),
        "unfinished": story.unfinished.iter().map(entry_json).collect::<Vec<_>>(),
        "could_not_look": unread_json(&story),
    }));
    for one in story.checked.iter().filter(|one| one.fault.is_none()) {
        let Checked { stream, last, witnessed, checkpoints, .. } = one;
        let words = format!(
            "{stream}: {last} lines hold; {checkpoints} checkpoints, the last at {witnessed}"
        );
        out.line(Paint::Good, &words);
    }
    if story.checked.is_empty() && story.unread.is_empty() {
        out.line(Paint::Plain, "nothing was recorded yet");
    }
    findings(context, &story);
    Ok(exit(&story))
}

/// Whether an actor is the one that is asked for, or of the kind before its colon.
fn is_of(actor: &str, wanted: &str) -> bool {
    actor == wanted || actor.split_once(':').is_some_and(|(kind, _)| kind == wanted)
}

fn exit(story: &Story) -> Exit {
    let faulty = story.checked.iter().any(|one| one.fault.is_some());
    if faulty || !story.unfinished.is_empty() {
        return FOUND;
    }
    if story.unread.is_empty() { Exit::Done } else { Exit::Failed }
}

/// What is wrong, and what could not be looked at.
fn findings(context: &Context, story: &Story) {
    let out = context.out;
    for one in &story.checked {
        if one.torn > 0 {
            let words = "tails were set aside after a crash; see journal.torn";
            out.line(Paint::Note, &format!("{}: {} {words}", one.stream, one.torn));
        }
        if let Some(fault) = &one.fault {
            let place = match fault.line {
                Some(line) => format!("{}:{line}", fault.file),
                None => fault.file.clone(),
            };
            let words =
                format!("{}: first bad line {} at {place}: {}", one.stream, fault.seq, fault.kind);
            out.line(Paint::Bad, &words);
        }
    }
    for entry in &story.unfinished {
        out.line(Paint::Bad, &format!("never ended: {}", shown(entry)));
    }
    for unread in &story.unread {
        let error = chain(&unread.error);
        out.warn(&format!("could not look at {}: {error}", unread.what));
    }
}

const fn paint(severity: Severity) -> Paint {
    match severity {
        Severity::Info => Paint::Plain,
        Severity::Warn => Paint::Note,
        Severity::Error | Severity::Critical => Paint::Bad,
    }
}

fn time(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| millis.to_string(), |at| format!("{at:.3}"))
}

fn shown(entry: &Entry) -> String {
    let event = &entry.event;
    let phase = match event.phase {
        Phase::Single => "",
        Phase::Started(_) => "begins",
        Phase::Finished(_) => "ends",
    };
    let details: Vec<String> =
        event.details.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let line = format!(
        "{} {:<8} {:<12} {} {} {phase} {} {}",
        time(entry.at),
        severity_word(event.severity),
        event.actor.as_str(),
        event.action,
        event.subject,
        outcome_word(event.outcome),
        details.join(" "),
    );
    // A subject may hold any character; a table has one line an entry.
    line.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn entry_json(entry: &Entry) -> Value {
    let mut value = serde_json::to_value(&entry.event).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        let Entry { stream, seq, at, mono, boot, pid, .. } = entry;
        let more = json!({
            "stream": stream, "seq": seq, "at": at, "mono": mono, "boot": boot, "pid": pid,
        });
        if let Value::Object(more) = more {
            fields.extend(more);
        }
    }
    value
}

fn checked_json(one: &Checked) -> Value {
    json!({
        "stream": one.stream.as_str(), "id": one.id, "last": one.last, "bytes": one.bytes,
        "checkpoints": one.checkpoints, "witnessed": one.witnessed, "torn": one.torn,
        "fault": one.fault.as_ref().map(|fault| json!({
            "seq": fault.seq, "file": fault.file, "line": fault.line, "what": fault.kind.to_string(),
        })),
    })
}

fn unread_json(story: &Story) -> Vec<Value> {
    let one = |unread: &sanctum_host::journal::merge::Unread| json!({ "what": unread.what, "error": chain(&unread.error) });
    story.unread.iter().map(one).collect()
}
