//! The table of services for people.

use crate::output::Paint;
use sanctum_host::clock;
use sanctum_orchestrator::supervise::Row;
use sanctum_types::{ServiceName, UnixTime};
use std::collections::BTreeMap;

pub(super) use crate::commands::up::paint;

/// The lines, with a heading.
pub(super) fn lines(
    rows: &BTreeMap<ServiceName, Row>,
    owners: &BTreeMap<ServiceName, String>,
) -> Vec<(Paint, String)> {
    let head = format!(
        "{:<20} {:<12} {:>6} {:>8} {:>6}  {:<10} {:>7}  {:<32} LAST LOOK",
        "SERVICE", "STATE", "SINCE", "RESTARTS", "BUDGET", "PROBE", "PID", "PORT OWNER"
    );
    let now = clock::now();
    let line = |(name, row): (&ServiceName, &Row)| {
        let number = |number: Option<String>| number.unwrap_or_else(|| "-".to_owned());
        let text = format!(
            "{name:<20} {:<12} {:>6} {:>8} {:>6}  {:<10} {:>7}  {:<32} {}",
            row.state,
            number(row.since.map(|since| age(now, since))),
            row.restarts,
            number(row.budget_left.map(|left| left.to_string())),
            row.probe.as_deref().unwrap_or("-"),
            number(row.pid.map(|pid| pid.to_string())),
            owners.get(name).map_or("-", String::as_str),
            row.saw,
        );
        (paint(&row.state), text)
    };
    std::iter::once((Paint::Head, head)).chain(rows.iter().map(line)).collect()
}

/// Time since, in its largest unit.
fn age(now: UnixTime, since: UnixTime) -> String {
    match now.0.saturating_sub(since.0).max(0) {
        seconds @ ..60 => format!("{seconds}s"),
        seconds @ 60..3600 => format!("{}m", seconds / 60),
        seconds @ 3600..86400 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_one_unit() {
        let ages = [0, 59, 60, 3599, 3600, 86399, 86400, -5].map(|s| age(UnixTime(s), UnixTime(0)));
        assert_eq!(ages, ["0s", "59s", "1m", "59m", "1h", "23h", "1d", "0s"]);
    }
}
