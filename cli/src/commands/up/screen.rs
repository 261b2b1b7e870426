//! What people and programs see of a supervisor: a live table, plain lines, or one JSON line a transition.

use crate::output::{Out, Paint};
use sanctum_orchestrator::supervise::{Moment, Notice, Planner, Role, UpReport};
use sanctum_types::UnixTime;

/// How it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// A table that is drawn over.
    Table,
    /// A line for each notice.
    Lines,
    /// A line of JSON for each notice.
    Json,
}

pub(super) struct Screen {
    out: Out,
    shape: Shape,
    drawn: Vec<(Paint, String)>,
}

impl Screen {
    pub(super) fn new(out: Out) -> Self {
        let shape = match (out.json, out.can_redraw()) {
            (true, _) => Shape::Json,
            (false, true) => Shape::Table,
            (false, false) => Shape::Lines,
        };
        Self { out, shape, drawn: Vec::new() }
    }

    pub(super) fn begin(&mut self, report: &UpReport) {
        let names: Vec<&str> = report
            .services
            .iter()
            .filter(|(_, row)| row.role == Role::Managed)
            .map(|(name, _)| name.as_str())
            .collect();
        let what = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        super::say(self.out, &format!("{}: supervising {what}", report.node));
    }

    pub(super) fn end(&self, report: &UpReport) {
        super::say(self.out, &format!("{}: everything is stopped", report.node));
    }

    pub(super) fn tell(&self, notice: &Notice, at: UnixTime) {
        match (self.shape, notice) {
            (Shape::Json, _) => {
                let mut line = serde_json::to_value(notice).unwrap_or_default();
                if let Some(map) = line.as_object_mut() {
                    map.insert("format".to_owned(), 1.into());
                    map.insert("at".to_owned(), at.0.into());
                }
                self.out.json_line(&line);
            }
            (Shape::Lines, Notice::Turned { service, from, to, saw }) => {
                let why = if saw.is_empty() { String::new() } else { format!("  ({saw})") };
                self.out.line(paint(to), &format!("{service:<20} {from} -> {to}{why}"));
            }
            _ => {}
        }
    }

    /// The table, where something of it changed.
    pub(super) fn draw(&mut self, planner: &Planner, now: Moment) {
        if self.shape != Shape::Table {
            return;
        }
        let mut lines = table(planner, now);
        // A line that wraps would be two to whoever draws over them.
        if let Some(columns) = sanctum_host::supervisor::columns() {
            for (_, line) in &mut lines {
                *line = line.chars().take(columns.saturating_sub(1)).collect();
            }
        }
        if lines != self.drawn {
            self.out.redraw(self.drawn.len(), &lines);
            self.drawn = lines;
        }
    }
}

fn table(planner: &Planner, now: Moment) -> Vec<(Paint, String)> {
    let head = format!(
        "{:<20} {:<12} {:>8} {:>6}  {:<10} LAST LOOK",
        "SERVICE", "STATE", "RESTARTS", "LEFT", "PROBE"
    );
    let mut lines = vec![(Paint::Head, head)];
    for (name, one) in planner.standings() {
        if planner.role(name) == Some(Role::Elsewhere) {
            continue;
        }
        let left = planner.budget_left(name, now);
        let (rung, saw) =
            one.last.as_ref().map_or(("", ""), |look| (look.rung.word(), look.saw.as_str()));
        let line = format!(
            "{name:<20} {:<12} {:>8} {left:>6}  {rung:<10} {saw}",
            one.word(),
            one.restarts
        );
        lines.push((paint(one.word()), line));
    }
    lines
}

/// How a state looks.
pub(in crate::commands) fn paint(state: &str) -> Paint {
    match state {
        "up" => Paint::Good,
        "failed" | "down" | "quarantined" | "squatted" | "held" => Paint::Bad,
        "healing" | "suspect" | "unknown" | "starting" => Paint::Note,
        _ => Paint::Plain,
    }
}
