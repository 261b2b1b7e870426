//! When a job of the house's clock runs on a machine whose clock may show another zone.
//!
//! launchd knows only the machine's own wall clock, so [`fire`] gives it every local time at which the moment
//! can come, and the job asks [`due`] whether this is it. `due` is the only judge: firing too often is harmless.
//! A time that a change of clocks skips runs as much later as the clock jumped; one that comes twice runs the
//! first time. Expressions that name every hour are intervals: they follow the hours that really pass.
//! Absent on purpose: the clock and the record of the last run, which are parameters.

use super::cron::{Cron, CronError};
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};
use sanctum_types::UnixTime;
use std::collections::BTreeSet;
use std::str::FromStr;

/// Why a schedule was refused.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The expression.
    #[error(transparent)]
    Cron(#[from] CronError),
    /// The zone is not in the time zone database of this binary.
    #[error("`{name}` is not an IANA time zone")]
    Zone {
        /// What was given.
        name: String,
    },
}

/// A zone by its IANA name, in the spelling of the time zone database.
pub fn zone(name: &str) -> Result<TimeZone, ScheduleError> {
    TimeZone::get(name)
        .ok()
        .filter(|zone| zone.iana_name().is_some())
        .ok_or_else(|| ScheduleError::Zone { name: name.to_owned() })
}

/// An expression with the zone that it is meant in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The expression.
    pub cron: Cron,
    /// The house's zone.
    pub zone: TimeZone,
}

/// Whether a job that was just started should do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// The last scheduled moment has not been served yet.
    Run,
    /// Nothing is owed; the next moment is still to come.
    NotYet,
    /// The moment of this day has been served already.
    AlreadyRan,
}

/// A moment that went by more than this many days ago is not made up for.
const MAKE_UP_DAYS: i64 = 366;
/// A last run further ahead of now than this is a clock that was set wrong, and is not believed. One day is
/// more than any correction of a running clock.
const BELIEVED_AHEAD: i64 = 86_400;

impl Schedule {
    /// Reads both.
    pub fn new(cron: &str, zone_name: &str) -> Result<Self, ScheduleError> {
        Ok(Self { cron: Cron::from_str(cron)?, zone: zone(zone_name)? })
    }

    /// The moments of one day of the house, in order.
    #[must_use]
    pub fn moments(&self, date: Date) -> BTreeSet<UnixTime> {
        if self.cron.on(date) { self.moments_of_any(date) } else { BTreeSet::new() }
    }

    fn moments_of_any(&self, date: Date) -> BTreeSet<UnixTime> {
        let times = |hour: u8| self.cron.minutes.iter().map(move |minute| (hour, minute));
        let at = |(hour, minute)| civil(date, hour, minute);
        let clock = self.cron.hours.iter().flat_map(times).filter_map(at);
        clock.flat_map(|time| self.resolve(time)).flatten().map(unix).collect()
    }

    fn resolve(&self, time: DateTime) -> [Option<Timestamp>; 2] {
        let found = self.zone.to_ambiguous_timestamp(time);
        match (found.offset(), self.cron.every_hour()) {
            (AmbiguousOffset::Gap { .. }, true) => [None, None],
            (AmbiguousOffset::Fold { .. }, true) => [found.earlier().ok(), found.later().ok()],
            _ => [found.compatible().ok(), None],
        }
    }

    /// The last moment at or before `now`, not older than a year.
    #[must_use]
    pub fn latest(&self, now: UnixTime) -> Option<UnixTime> {
        let today = self.date(now)?;
        // A moment can lie on the day after its date where a zone skipped a whole day.
        (-1..=MAKE_UP_DAYS).find_map(|back| {
            let date = today.checked_sub(back.days()).ok()?;
            self.moments(date).range(..=now).next_back().copied()
        })
    }

    fn date(&self, at: UnixTime) -> Option<Date> {
        Timestamp::from_second(at.0).ok().map(|at| self.zone.to_datetime(at).date())
    }
}

fn civil(date: Date, hour: u8, minute: u8) -> Option<DateTime> {
    let (hour, minute) = (i8::try_from(hour).ok()?, i8::try_from(minute).ok()?);
    Some(date.at(hour, minute, 0, 0))
}

fn unix(at: Timestamp) -> UnixTime {
    UnixTime(at.as_second())
}

/// Whether a job started at `now` should work, given when it last did.
///
/// Every moment is served once; several that went by unserved are served by one run. With no known last run
/// only a moment of this day of the house counts, so that a job is not started at the moment it is installed.
#[must_use]
pub fn due(now: UnixTime, schedule: &Schedule, last_run: Option<UnixTime>) -> Gate {
    let Some(moment) = schedule.latest(now) else { return Gate::NotYet };
    let today = schedule.date(moment) == schedule.date(now);
    match last_run.filter(|last| *last <= now.plus(BELIEVED_AHEAD)) {
        Some(last) if last < moment => Gate::Run,
        None if today => Gate::Run,
        Some(_) if today => Gate::AlreadyRan,
        Some(_) | None => Gate::NotYet,
    }
}

/// One entry of launchd's StartCalendarInterval; an absent field means every value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CalendarEntry {
    /// 0 (Sunday) to 6.
    pub weekday: Option<u8>,
    /// 0 to 23.
    pub hour: Option<u8>,
    /// 0 to 59; never absent, because an entry without it fires every minute.
    pub minute: u8,
}

/// How launchd is told to start a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fire {
    /// At these times of the machine's own wall clock.
    Calendar(BTreeSet<CalendarEntry>),
    /// Every so many seconds.
    Every(u32),
}

/// More entries than this are replaced by entries without an hour: two days of hourly entries.
const MAX_ENTRIES: usize = 48;
/// The years whose clock changes count: from the year before this program was written, for as long as a Mac
/// may serve. Rendering has no clock, and must give the same bytes every time.
const YEARS: (i16, i16) = (2025, 2045);

/// The local times at which a machine in `machine` has to start a job of this schedule.
#[must_use]
pub fn fire(schedule: &Schedule, machine: &TimeZone) -> Fire {
    let per_day = u64::from(schedule.cron.hours.len()) * u64::from(schedule.cron.minutes.len());
    if !schedule.cron.every_hour() && per_day <= MAX_ENTRIES as u64 {
        let entries = timed(schedule, machine);
        if entries.len() <= MAX_ENTRIES {
            return Fire::Calendar(entries);
        }
    }
    let minutes = minutes(schedule, machine);
    if minutes.len() == 60 {
        return Fire::Every(60);
    }
    let entry = |minute| CalendarEntry { weekday: None, hour: None, minute };
    Fire::Calendar(minutes.into_iter().map(entry).collect())
}

/// Between two clock changes every day is alike, so the days around each change show all there is.
fn timed(schedule: &Schedule, machine: &TimeZone) -> BTreeSet<CalendarEntry> {
    let mut entries = BTreeSet::new();
    let by_weekday = schedule.cron.restricts_weekdays() && !schedule.cron.restricts_days();
    for change in changes(&[&schedule.zone, machine]) {
        let Some(day) = schedule.date(unix(change)) else { continue };
        for date in day.saturating_sub(2.days()).series(1.day()).take(5) {
            for moment in schedule.moments_of_any(date) {
                let Ok(moment) = Timestamp::from_second(moment.0) else { continue };
                let local = machine.to_datetime(moment);
                let shift = days_between(date, local.date());
                let weekdays: Vec<Option<u8>> = match by_weekday {
                    true => schedule.cron.weekdays.iter().map(|day| turn(day, shift)).collect(),
                    false => vec![None],
                };
                let (hour, minute) = clock(local);
                entries.extend(weekdays.into_iter().map(|weekday| CalendarEntry {
                    weekday,
                    hour: Some(hour),
                    minute,
                }));
            }
        }
    }
    entries
}

fn clock(at: DateTime) -> (u8, u8) {
    (at.hour().unsigned_abs(), at.minute().unsigned_abs())
}

fn days_between(from: Date, to: Date) -> i64 {
    from.duration_until(to).as_hours() / 24
}

fn turn(weekday: u8, days: i64) -> Option<u8> {
    u8::try_from((i64::from(weekday) + days).rem_euclid(7)).ok()
}

/// The minutes at which a moment can come, whatever the hour.
pub(super) fn minutes(schedule: &Schedule, machine: &TimeZone) -> BTreeSet<u8> {
    let offsets = |zone: &TimeZone| -> BTreeSet<i32> {
        let all = changes(&[zone]);
        all.into_iter().map(|at| zone.to_offset(at).seconds() / 60).collect()
    };
    let house = offsets(&schedule.zone);
    let mut minutes = BTreeSet::new();
    for own in offsets(machine) {
        for of_house in &house {
            let shifted = |minute: u8| (i32::from(minute) + own - of_house).rem_euclid(60);
            let shifted = schedule.cron.minutes.iter().map(shifted);
            minutes.extend(shifted.filter_map(|minute| u8::try_from(minute).ok()));
        }
    }
    minutes
}

/// The start of the years that count, and every change of offset in them.
fn changes(zones: &[&TimeZone]) -> BTreeSet<Timestamp> {
    let new_year = |year: i16| {
        let date = Date::new(year, 1, 1).ok()?;
        TimeZone::UTC.to_timestamp(date.into()).ok()
    };
    let (Some(start), Some(end)) = (new_year(YEARS.0), new_year(YEARS.1)) else {
        return BTreeSet::new();
    };
    let within = |zone: &&TimeZone| {
        let later = zone.following(start).map(|change| change.timestamp());
        later.take_while(|at| *at < end).collect::<Vec<_>>()
    };
    zones.iter().flat_map(within).chain([start]).collect()
}

#[cfg(test)]
mod tests;
