//! What `ps` of macOS prints, as data (ps(1)).
//!
//! The time zone of the child is UTC, so that `lstart` needs no zone. Fixtures are written from the manual;
//! nothing of it ran on a Mac yet.

use sanctum_types::UnixTime;
use std::str::SplitWhitespace;

/// Arguments for the whole table: no headings, no width.
pub const ARGS: [&str; 11] =
    ["-axww", "-o", "pid=", "-o", "ppid=", "-o", "uid=", "-o", "lstart=", "-o", "command="];

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `pid`.
    pub pid: u32,
    /// `ppid`.
    pub parent: u32,
    /// `uid`, the effective one.
    pub uid: u32,
    /// `lstart`.
    pub started: Option<UnixTime>,
    /// The words of `command`; it may hold secrets.
    pub words: Vec<String>,
}

/// Lines that are understood; ps prints nothing else.
#[must_use]
pub fn parse(text: &str) -> Vec<Row> {
    text.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let mut cells = line.split_whitespace();
    let mut number = || cells.next()?.parse().ok();
    let (pid, parent, uid) = (number()?, number()?, number()?);
    let started = lstart(&mut cells);
    Some(Row { pid, parent, uid, started, words: cells.map(str::to_owned).collect() })
}

/// `Sun Nov 22 05:00:00 2026`: five words.
fn lstart(cells: &mut SplitWhitespace<'_>) -> Option<UnixTime> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let words: Vec<&str> = cells.take(5).collect();
    let [_, month, day, clock, year] = words.as_slice() else { return None };
    let month = i64::try_from(MONTHS.iter().position(|name| name == month)?).ok()? + 1;
    let (day, year): (i64, i64) = (day.parse().ok()?, year.parse().ok()?);
    let clock: Vec<i64> = clock.split(':').map_while(|part| part.parse().ok()).collect();
    let [hour, minute, second] = clock.as_slice() else { return None };
    let fits = (1970..10_000).contains(&year)
        && (1..=31).contains(&day)
        && (0..24).contains(hour)
        && (0..60).contains(minute)
        && (0..=60).contains(second);
    fits.then(|| UnixTime(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second))
}

/// Days since 1970-01-01 of a day of the Gregorian calendar, counted in years that begin in March, so that the
/// leap day is a year's last.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    // 153 days are five months from March on; 719468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_table_is_read() {
        let said = "    1     0     0 Thu Jan  1 00:00:01 1970     /sbin/launchd\n  412     1   501 Sun Nov 22 05:00:00 2026     /opt/sanctum/bin/sanctumd --only journal\nnonsense\n";
        let [first, second] = <[Row; 2]>::try_from(parse(said)).unwrap();
        assert_eq!(
            (first.pid, first.parent, first.uid, first.started),
            (1, 0, 0, Some(UnixTime(1)))
        );
        assert_eq!(second.started, Some(UnixTime(1_795_323_600)));
        assert_eq!(second.words, ["/opt/sanctum/bin/sanctumd", "--only", "journal"]);
    }

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        for (date, expected) in [
            ((1970, 1, 1), 0),
            ((1972, 3, 1), 790),
            ((2000, 2, 29), 11_016),
            ((2100, 3, 1), 47_541),
            ((2024, 12, 31), 20_088),
        ] {
            assert_eq!(days(date.0, date.1, date.2), expected, "{date:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn a_day_follows_a_day(year in 1970_i64..9999, month in 1_i64..=12, day in 1_i64..28) {
            prop_assert_eq!(days(year, month, day) + 1, days(year, month, day + 1));
        }
    }
}
