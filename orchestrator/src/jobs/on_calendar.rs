//! A schedule as systemd's OnCalendar lines, each with its zone written out.
//!
//! systemd 252 leaves out a time that a change of clocks skips, and the second of two equal hours (seen with
//! `systemd-analyze calendar`). So a skipped time gets a second line, an hourly schedule is written in UTC, and
//! the job asks the same gate as on macOS.

use super::cron::{Bits, Cron};
use super::schedule::{CalendarEntry, Fire, Schedule, fire, minutes};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// The lines; the moments of the schedule are among the times that they name.
#[must_use]
pub fn on_calendar(schedule: &Schedule) -> Vec<String> {
    let cron = &schedule.cron;
    if cron.every_hour() {
        let times = minutes(schedule, &TimeZone::UTC);
        return vec![format!("*-*-* *:{}:00 UTC", list(times.into_iter(), 60))];
    }
    let zone = schedule.zone.iana_name().unwrap_or("UTC");
    let hours = list(cron.hours.iter(), 24);
    let times = format!("{hours}:{}:00 {zone}", list(cron.minutes.iter(), 60));
    let mut lines: Vec<String> = days(cron).iter().map(|day| format!("{day} {times}")).collect();
    match fire(schedule, &schedule.zone) {
        Fire::Every(_) => lines.push(format!("*-*-* *:*:00 {zone}")),
        Fire::Calendar(entries) => lines.extend(skipped(cron, &entries, zone)),
    }
    lines
}

/// Times at which only a moment comes that the clocks skipped.
fn skipped(cron: &Cron, entries: &BTreeSet<CalendarEntry>, zone: &str) -> BTreeSet<String> {
    let named = |entry: &&CalendarEntry| {
        !entry.hour.is_some_and(|hour| cron.hours.has(hour) && cron.minutes.has(entry.minute))
    };
    let line = |entry: &CalendarEntry| {
        let hour = entry.hour.map_or_else(|| "*".to_owned(), |hour| format!("{hour:02}"));
        format!("*-*-* {hour}:{:02}:00 {zone}", entry.minute)
    };
    entries.iter().filter(named).map(line).collect()
}

/// Two restricted day fields are two lines: a day matches when either does.
fn days(cron: &Cron) -> Vec<String> {
    let months = list(cron.months.iter(), 12);
    let by_day = format!("*-{months}-{}", list(cron.days.iter(), 31));
    let by_weekday = format!("{} *-{months}-*", weekdays(cron.weekdays));
    match (cron.restricts_days(), cron.restricts_weekdays()) {
        (false, false) => vec![format!("*-{months}-*")],
        (true, false) => vec![by_day],
        (false, true) => vec![by_weekday],
        (true, true) => vec![by_day, by_weekday],
    }
}

fn weekdays(days: Bits) -> String {
    const NAMES: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    let names = (0u8..).zip(NAMES).filter(|(day, _)| days.has(*day));
    names.map(|(_, name)| name).collect::<Vec<_>>().join(",")
}

/// `*` for all of them, a list otherwise.
fn list(numbers: impl Iterator<Item = u8>, all: usize) -> String {
    let texts: Vec<String> = numbers.map(|number| format!("{number:02}")).collect();
    if texts.len() == all { "*".to_owned() } else { texts.join(",") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cron: &str, zone: &str, wanted: &[&str]) {
        assert_eq!(on_calendar(&Schedule::new(cron, zone).unwrap()), wanted, "{cron}");
    }

    #[test]
    fn lines() {
        let ny = "America/New_York";
        check("0 6 * * *", ny, &["*-*-* 06:00:00 America/New_York"]);
        check("15,45 6 * 1-3 *", "utc", &["*-01,02,03-* 06:15,45:00 UTC"]);
        check("0 6 1 * *", ny, &["*-*-01 06:00:00 America/New_York"]);
        check("0 6 * * 1-5", ny, &["Mon,Tue,Wed,Thu,Fri *-*-* 06:00:00 America/New_York"]);
        check(
            "0 4 1,15 * sun",
            ny,
            &["*-*-01,15 04:00:00 America/New_York", "Sun *-*-* 04:00:00 America/New_York"],
        );
        check(
            "30 2 * * *",
            ny,
            &["*-*-* 02:30:00 America/New_York", "*-*-* 03:30:00 America/New_York"],
        );
        check("*/20 * * * *", "Asia/Kathmandu", &["*-*-* *:15,35,55:00 UTC"]);
        check("* * * * *", ny, &["*-*-* *:*:00 UTC"]);
    }
}
