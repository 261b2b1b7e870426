//! Five-field cron expressions as sets of minutes, hours, days, months and weekdays.
//!
//! Only what every cron agrees on is accepted: an expression that two implementations read differently is
//! refused with its own error. Weekdays count from Sunday as 0; 7 is
//! Sunday too. Where both day fields are restricted a day matches when either does (crontab(5)).
//! Absent on purpose: instants and time zones, which are `schedule`'s work.

use jiff::civil::Date;
use std::fmt;
use std::str::FromStr;

/// Why an expression was refused.
#[derive(Debug, thiserror::Error)]
pub enum CronError {
    /// There are not five fields.
    #[error("`{text}` has {count} fields; a cron expression has five")]
    FieldCount {
        /// The expression.
        text: String,
        /// How many fields it has.
        count: usize,
    },
    /// A field holds something that is not a number, name, range, list or step of it.
    #[error("`{item}` is no {field}")]
    Item {
        /// The part of the field.
        item: String,
        /// Which field.
        field: &'static str,
    },
    /// `*/2` beside a restricted day field: some implementations read "and", others "or".
    #[error(
        "`{text}` steps over all days in one day field and restricts the other: \
         implementations disagree, so list the days"
    )]
    Ambiguous {
        /// The expression.
        text: String,
    },
    /// No date ever matches.
    #[error("`{text}` never comes: no such day in these months")]
    Never {
        /// The expression.
        text: String,
    },
}

/// A set of small numbers: bit `n` stands for the number `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits(u64);

impl Bits {
    /// Whether the set holds the number.
    #[must_use]
    pub const fn has(self, number: u8) -> bool {
        number < 64 && self.0 >> number & 1 == 1
    }

    /// The numbers in order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..64).filter(move |number| self.has(*number))
    }

    /// How many numbers it holds.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// One expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    /// Minutes, 0 to 59.
    pub minutes: Bits,
    /// Hours, 0 to 23.
    pub hours: Bits,
    /// Days of the month, 1 to 31.
    pub days: Bits,
    /// Months, 1 to 12.
    pub months: Bits,
    /// Weekdays, 0 (Sunday) to 6.
    pub weekdays: Bits,
    any_day: bool,
    any_weekday: bool,
    text: String,
}

struct Field {
    name: &'static str,
    low: u8,
    high: u8,
    names: &'static [&'static str],
}

const MONTHS: &[&str] =
    &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MINUTE: Field = Field { name: "minute (0-59)", low: 0, high: 59, names: &[] };
const HOUR: Field = Field { name: "hour (0-23)", low: 0, high: 23, names: &[] };
const DAY: Field = Field { name: "day of the month (1-31)", low: 1, high: 31, names: &[] };
const MONTH: Field = Field { name: "month (1-12 or jan-dec)", low: 1, high: 12, names: MONTHS };
/// 7 is a second name of Sunday, so that `5-7` means Friday to Sunday.
const WEEKDAY: Field = Field { name: "weekday (0-7 or sun-sat)", low: 0, high: 7, names: WEEKDAYS };

impl Field {
    fn number(&self, text: &str) -> Option<u8> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        if let Some(index) = named {
            return u8::try_from(index).ok().map(|index| index + self.low);
        }
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits)?;
        (self.low..=self.high).contains(&number).then_some(number)
    }

    fn item(&self, text: &str) -> Option<u64> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u8>().ok().filter(|step| *step > 0)?)),
            None => (text, None),
        };
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (self.number(from)?, self.number(to)?),
            None if range == "*" => (self.low, self.high),
            // `5/2` means "5" to some and "5 to the end" to others.
            None if step.is_some() => return None,
            None => (self.number(range)?, self.number(range)?),
        };
        let step = step.unwrap_or(1);
        if from > to || step > self.high {
            return None;
        }
        Some((from..=to).step_by(usize::from(step)).fold(0, |bits, number| bits | 1 << number))
    }

    fn parse(&self, text: &str) -> Result<Bits, CronError> {
        text.split(',').try_fold(Bits(0), |bits, item| match self.item(item) {
            Some(more) => Ok(Bits(bits.0 | more)),
            None => {
                Err(CronError::Item { item: item.escape_debug().to_string(), field: self.name })
            }
        })
    }
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            let text = text.escape_debug().to_string();
            return Err(CronError::FieldCount { text, count: fields.len() });
        };
        let sundays = WEEKDAY.parse(weekday)?.0;
        let cron = Self {
            minutes: MINUTE.parse(minute)?,
            hours: HOUR.parse(hour)?,
            days: DAY.parse(day)?,
            months: MONTH.parse(month)?,
            weekdays: Bits((sundays | sundays >> 7 & 1) & 0x7f),
            any_day: *day == "*",
            any_weekday: *weekday == "*",
            text: fields.join(" "),
        };
        let steps = |field: &str| field.starts_with('*') && field != "*";
        if (steps(day) && !cron.any_weekday) || (steps(weekday) && !cron.any_day) {
            return Err(CronError::Ambiguous { text: cron.text });
        }
        if !cron.comes() {
            return Err(CronError::Never { text: cron.text });
        }
        Ok(cron)
    }
}

impl Cron {
    /// Whether the date is one of its days.
    #[must_use]
    pub fn on(&self, date: Date) -> bool {
        let bit = |bits: Bits, number: i8| u8::try_from(number).is_ok_and(|n| bits.has(n));
        let day = bit(self.days, date.day());
        let weekday = bit(self.weekdays, date.weekday().to_sunday_zero_offset());
        let either = match (self.any_day, self.any_weekday) {
            (true, _) => weekday,
            (false, true) => day,
            (false, false) => day || weekday,
        };
        either && bit(self.months, date.month())
    }

    /// Whether every hour is meant, so that it is an interval and not a time of day.
    #[must_use]
    pub const fn every_hour(&self) -> bool {
        self.hours.len() == 24
    }

    /// Whether the days of the month are restricted.
    #[must_use]
    pub const fn restricts_days(&self) -> bool {
        !self.any_day
    }

    /// Whether the weekdays are restricted.
    #[must_use]
    pub const fn restricts_weekdays(&self) -> bool {
        !self.any_weekday
    }

    /// A weekday comes in every month; of days only those that some month has.
    fn comes(&self) -> bool {
        // Days of each month in a leap year.
        const LENGTHS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let first = self.days.iter().next().unwrap_or(1);
        let fits = |(month, length): (u8, u8)| self.months.has(month) && first <= length;
        self.restricts_weekdays() || (1u8..).zip(LENGTHS).any(fits)
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refusals() {
        for bad in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "5-3 * * * *",
            "*/0 * * * *",
            "5/2 * * * *",
            "1,, * * * *",
            "-1 * * * *",
            "+1 * * * *",
            "0 0 L * *",
            "0 0 * * 5#2",
            "0 0 1W * *",
            "? * * * *",
            "0 6 */2 * 1",
            "0 6 1 * */2",
            "0 0 31 2,4 *",
            "@daily",
        ] {
            assert!(Cron::from_str(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sunday_has_two_numbers() {
        let week = |text: &str| Cron::from_str(text).unwrap().weekdays.iter().collect::<Vec<_>>();
        assert_eq!(week("0 0 * * 7"), [0]);
        assert_eq!(week("0 0 * * 5-7"), [0, 5, 6]);
        assert_eq!(week("0 0 * * mon-FRI"), [1, 2, 3, 4, 5]);
        assert_eq!(week("0 0 * * 1-7"), [0, 1, 2, 3, 4, 5, 6]);
    }

    prop_compose! {
        fn item(low: u8, high: u8)(a in low..=high, b in low..=high, step in 1..4u8, shape in 0..5) -> String {
            let (from, to) = (a.min(b), a.max(b));
            match shape {
                0 => format!("{from}-{to}"),
                1 => format!("{from}-{to}/{step}"),
                2 => format!("{from},{to}"),
                _ => a.to_string(),
            }
        }
    }

    fn field(low: u8, high: u8) -> impl Strategy<Value = String> {
        prop_oneof![Just("*".to_owned()), item(low, high)]
    }

    proptest! {
        #[test]
        fn agrees_with_croner(
            minute in field(0, 59), hour in field(0, 23), day in field(1, 31), month in field(1, 12),
            weekday in field(0, 7), at in 0i64..2_000_000_000,
        ) {
            let text = format!("{minute} {hour} {day} {month} {weekday}");
            let Ok(cron) = Cron::from_str(&text) else { return Ok(()) };
            let other = croner::Cron::from_str(&text).unwrap();
            let at = jiff::Timestamp::from_second(at).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
            for days in 0..60 {
                let at = &at + jiff::SignedDuration::from_hours(days * 25);
                let at = at.with().second(0).build().unwrap();
                let bit = |bits: Bits, n: i8| bits.has(n.try_into().unwrap());
                let ours = cron.on(at.date()) && bit(cron.hours, at.hour()) && bit(cron.minutes, at.minute());
                prop_assert_eq!(ours, other.is_time_matching(&at).unwrap(), "{} at {}", text, at);
            }
        }
    }
}
