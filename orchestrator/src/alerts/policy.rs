//! The house's rules for alerts, resolved: numbers, the zone, the channels in their order.
//!
//! Made from the section `alerts` of the instance; nothing of a channel but its name and rhythm is known here.

use crate::instance::Instance;
use crate::instance::alerts::Below;
use crate::jobs::schedule::{self, ScheduleError};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sanctum_types::{Severity, UnixTime};

/// How often, when and through what the house tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The house's zone, in which quiet hours are meant.
    pub zone: TimeZone,
    /// Seconds in which the same thing is not told again.
    pub dedup: i64,
    /// How many messages that are not critical go out in any hour.
    pub hourly_cap: usize,
    /// When only what is bad enough is told.
    pub quiet: Option<Quiet>,
    /// Seconds after which a silent channel is tried.
    pub heartbeat: i64,
    /// Names of the channels, the first choice first.
    pub channels: Vec<String>,
}

/// Hours of a day, in minutes after midnight; they may span midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// First quiet minute of the day.
    pub from: u16,
    /// First minute that is not quiet any more.
    pub to: u16,
    /// What is less bad than this waits for the end.
    pub below: Severity,
}

/// Minutes of a day.
const DAY: u16 = 24 * 60;

impl Policy {
    /// The rules of a house.
    ///
    /// # Errors
    /// The house's time zone is not known, which its loader refuses as well.
    pub fn of(instance: &Instance) -> Result<Self, ScheduleError> {
        let alerts = &instance.alerts;
        Ok(Self {
            zone: schedule::zone(&instance.instance.timezone)?,
            dedup: i64::from(alerts.dedup),
            hourly_cap: usize::try_from(alerts.hourly_cap).unwrap_or(usize::MAX),
            quiet: alerts.quiet.as_ref().map(|quiet| Quiet {
                from: quiet.from.minutes(),
                to: quiet.to.minutes(),
                below: match quiet.below {
                    Below::Warn => Severity::Warn,
                    Below::Error => Severity::Error,
                    Below::Critical => Severity::Critical,
                },
            }),
            heartbeat: i64::from(alerts.heartbeat),
            channels: alerts.channels.iter().map(|one| one.name.to_string()).collect(),
        })
    }

    /// Whether something that bad waits at that time. What is critical never does.
    #[must_use]
    pub fn waits(&self, severity: Severity, now: UnixTime) -> bool {
        let Some(quiet) = self.quiet else { return false };
        severity < quiet.below && severity < Severity::Critical && quiet.covers(self.minute(now))
    }

    /// Seconds of the day that are quiet.
    #[must_use]
    pub fn quiet_seconds(&self) -> i64 {
        self.quiet.map_or(0, |quiet| {
            i64::from((DAY + quiet.to - quiet.from.min(DAY)) % DAY).saturating_mul(60)
        })
    }

    /// The minute of the house's day; a time that no calendar has counts as midnight in UTC.
    fn minute(&self, now: UnixTime) -> u16 {
        let at = Timestamp::from_second(now.0).unwrap_or(Timestamp::UNIX_EPOCH);
        let time = at.to_zoned(self.zone.clone()).time();
        u16::try_from(i16::from(time.hour()) * 60 + i16::from(time.minute())).unwrap_or(0)
    }
}

impl Quiet {
    fn covers(self, minute: u16) -> bool {
        if self.from <= self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(from: u16, to: u16) -> Policy {
        Policy {
            zone: schedule::zone("America/New_York").unwrap(),
            dedup: 1800,
            hourly_cap: 10,
            quiet: Some(Quiet { from, to, below: Severity::Error }),
            heartbeat: 86_400,
            channels: vec!["desk".to_owned()],
        }
    }

    fn at(text: &str) -> UnixTime {
        UnixTime(text.parse::<Timestamp>().unwrap().as_second())
    }

    #[test]
    fn the_night_is_the_houses_and_spans_midnight() {
        let night = policy(22 * 60, 8 * 60);
        // New York is five hours behind UTC in winter and four in summer.
        for (time, quiet) in [
            ("2026-11-22T02:59:59Z", false),
            ("2026-11-22T03:00:00Z", true),
            ("2026-11-22T12:59:59Z", true),
            ("2026-11-22T13:00:00Z", false),
            ("2026-07-01T01:59:00Z", false),
            ("2026-07-01T02:00:00Z", true),
            ("2026-07-01T12:00:00Z", false),
        ] {
            assert_eq!(night.waits(Severity::Warn, at(time)), quiet, "{time}");
            assert!(!night.waits(Severity::Error, at(time)), "{time}");
        }
        assert_eq!(night.quiet_seconds(), 10 * 3600);
        let noon = policy(12 * 60, 13 * 60);
        assert!(noon.waits(Severity::Info, at("2026-11-22T17:30:00Z")));
        assert!(!noon.waits(Severity::Info, at("2026-11-22T18:00:00Z")));
        assert_eq!(noon.quiet_seconds(), 3600);
    }

    #[test]
    fn whatever_waits_below_critical_the_critical_does_not() {
        let mut night = policy(0, DAY - 1);
        night.quiet = night.quiet.map(|quiet| Quiet { below: Severity::Critical, ..quiet });
        let noon = at("2026-11-22T17:30:00Z");
        assert!(night.waits(Severity::Error, noon) && !night.waits(Severity::Critical, noon));
    }
}
