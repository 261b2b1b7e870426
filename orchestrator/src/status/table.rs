//! The status document as rows of a table; painting them is the caller's.
//!
//! Cells are cut to their column, so that a long path does not break the lines of the others.

use super::model::{Item, Source, State, Status};
use super::text::printable;
use sanctum_types::UnixTime;

/// How a row reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A heading.
    Head,
    /// It holds.
    Good,
    /// It does not.
    Bad,
    /// Unknown, or not built.
    Note,
    /// Neither good nor bad.
    Plain,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// How it reads.
    pub tone: Tone,
    /// What it says.
    pub text: String,
}

impl Row {
    /// A line.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }
}

/// The tone of a state.
#[must_use]
pub const fn tone(state: State) -> Tone {
    match state {
        State::Holds => Tone::Good,
        State::Finding => Tone::Bad,
        State::Unknown | State::NotBuilt => Tone::Note,
        State::Off => Tone::Plain,
    }
}

/// A text in a column: cut where it is too long, filled where it is short.
#[must_use]
pub fn cell(text: &str, width: usize) -> String {
    let text = printable(text);
    let length = text.chars().count();
    if length > width {
        let kept: String = text.chars().take(width.saturating_sub(1)).collect();
        return format!("{kept}…");
    }
    format!("{text}{}", " ".repeat(width - length))
}

/// How long ago, in the largest unit that is not zero.
#[must_use]
pub fn ago(now: UnixTime, then: UnixTime) -> String {
    let seconds = now.0.saturating_sub(then.0);
    match seconds {
        ..0 => "in the future".to_owned(),
        0..=59 => format!("{seconds} s ago"),
        60..=3599 => format!("{} min ago", seconds / 60),
        3600..=86_399 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

fn length_of(seconds: u64) -> String {
    match seconds {
        0..=3599 => format!("{} min", seconds / 60),
        3600..=86_399 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Everything, as lines.
#[must_use]
pub fn rows(status: &Status) -> Vec<Row> {
    let mut rows = vec![Row::new(Tone::Head, headline(status))];
    section(&mut rows, "layers", &status.layers, |_| String::new());
    let guards: Vec<Item> = status
        .guards
        .iter()
        .map(|guard| Item {
            name: format!("{} ({})", guard.item.name, guard.mode),
            ..guard.item.clone()
        })
        .collect();
    section(&mut rows, "guards", &guards, |_| String::new());
    section(&mut rows, "drift", &status.drift, |_| String::new());
    section(&mut rows, "alerts", std::slice::from_ref(&status.alerts.item), |_| String::new());
    let runs: Vec<Item> = status
        .schedules
        .iter()
        .map(|run| {
            let last = run.last_run.map_or_else(
                || "no run on record".to_owned(),
                |last| format!("last {}", ago(status.at, last)),
            );
            Item { detail: format!("{}; {last}", run.item.detail), ..run.item.clone() }
        })
        .collect();
    section(&mut rows, "schedules", &runs, |_| String::new());
    section(&mut rows, "services", &status.services, |_| String::new());
    section(&mut rows, "reboot", &status.reboot, |_| String::new());
    let ages: Vec<Item> = status.secrets.iter().map(|age| age.item.clone()).collect();
    let limits: Vec<Option<u32>> = status.secrets.iter().map(|age| age.max_days).collect();
    section(&mut rows, "secrets", &ages, |n| match limits.get(n).copied().flatten() {
        Some(days) => format!(" (limit {days} days)"),
        None => String::new(),
    });
    section(&mut rows, "rotations", &status.rotations, |_| String::new());
    rows.extend(
        status
            .not_looked_at
            .iter()
            .map(|what| Row::new(Tone::Plain, format!("not looked at: {}", printable(what)))),
    );
    rows
}

fn section(rows: &mut Vec<Row>, title: &str, items: &[Item], more: impl Fn(usize) -> String) {
    if items.is_empty() {
        return;
    }
    rows.push(Row::new(Tone::Head, title));
    for (n, item) in items.iter().enumerate() {
        let (name, word) = (cell(&item.name, 38), cell(item.state.word(), 9));
        let text = format!("  {name} {word} {}{}", printable(&item.detail), more(n));
        rows.push(Row::new(tone(item.state), text.trim_end()));
    }
}

fn headline(status: &Status) -> String {
    let name = status.node.as_ref().map_or("this machine", |node| node.as_str());
    let system = &status.system;
    let mut words = vec![format!("{name}:")];
    words.extend(system.os.as_deref().map(printable));
    words.extend(system.kernel.as_deref().map(printable));
    words.extend(system.uptime_seconds.map(|seconds| format!("up {}", length_of(seconds))));
    words.extend(
        system.load_hundredths.map(|load| format!("load {}.{:02}", load / 100, load % 100)),
    );
    if let (Some(size), Some(free)) =
        (system.root_kib.filter(|size| *size > 0), system.root_free_kib)
    {
        words.push(format!("disk {} % free", free.saturating_mul(100) / size));
    }
    words.push(match status.source {
        Source::Sanctum => format!("sanctum {}", printable(&status.version)),
        Source::Probe => "sanctum is not installed".to_owned(),
    });
    words.join("  ")
}

#[cfg(test)]
mod tests;
