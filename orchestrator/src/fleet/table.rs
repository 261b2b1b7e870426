//! The fleet as one table, a row a node; what failed stands in its row with its kind.

use super::report::{NodeReport, Report};
use crate::status::State;
use crate::status::model::Source;
use crate::status::table::{Row, Tone, cell, tone};
use sanctum_types::UnixTime;

/// Clocks that differ by more than this are worth a word: schedules and signatures rely on them.
const SKEW_SECONDS: u64 = 30;

/// The table, with the causes of what failed below it.
#[must_use]
pub fn rows(report: &Report) -> Vec<Row> {
    let head = line("node", "state", "ms", "answered by", "what");
    let mut rows = vec![Row::new(Tone::Head, head)];
    rows.extend(report.nodes.iter().map(|one| row(one, report.at)));
    for one in &report.nodes {
        let Some(error) = &one.error else { continue };
        rows.push(Row::new(Tone::Bad, format!("{}: {}", one.node, error.message)));
        rows.extend(error.hint.iter().map(|hint| Row::new(Tone::Plain, format!("  hint: {hint}"))));
    }
    let all = report.summary;
    let text = format!(
        "{} asked: {} hold, {} with findings or unknowns, {} failed",
        all.asked, all.hold, all.findings, all.failed
    );
    let good = all.hold == all.asked;
    rows.push(Row::new(if good { Tone::Good } else { Tone::Bad }, text));
    rows
}

fn line(node: &str, state: &str, ms: &str, by: &str, what: &str) -> String {
    let (node, state, by) = (cell(node, 20), cell(state, 9), cell(by, 14));
    format!("{node} {state} {ms:>6}  {by} {what}").trim_end().to_owned()
}

fn row(one: &NodeReport, now: UnixTime) -> Row {
    let (node, ms) = (one.node.as_str(), one.milliseconds.to_string());
    if let Some(error) = &one.error {
        let kind = serde_json::to_value(error.kind).ok();
        let kind = kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or("failed");
        return Row::new(Tone::Bad, line(node, "FAILED", &ms, "-", kind));
    }
    let Some(status) = &one.status else { return Row::new(Tone::Bad, node) };
    let by = match status.source {
        Source::Sanctum => format!("sanctum {}", status.version),
        Source::Probe => "probe".to_owned(),
    };
    let worst = if status.holds() { State::Holds } else { status.worst() };
    let mut what = Vec::new();
    let count = |state| status.states().filter(|one| *one == state).count();
    for (state, word) in [(State::Finding, "findings"), (State::Unknown, "unknown")] {
        let number = count(state);
        if number > 0 {
            what.push(format!("{number} {word}"));
        }
    }
    if status.node.as_ref().is_some_and(|name| *name != one.node) {
        let name = status.node.as_ref().map_or("", |name| name.as_str());
        what.push(format!("it calls itself {name}"));
    }
    let skew = status.at.0.abs_diff(now.0);
    if skew > SKEW_SECONDS {
        what.push(format!("its clock is {skew} s off"));
    }
    Row::new(tone(worst), line(node, worst.word(), &ms, &by, &what.join(", ")))
}
