//! Due dates as an iCalendar object (RFC 5545): one all-day event a secret, the same UID in every print.
//!
//! A secret without a due date has no event; nothing of a value, a place or a provider is in it. Deliberately absent:
//! alarms, which are the house's alerts.

use super::due::{Age, Standing};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use sanctum_types::UnixTime;

/// The longest line in octets, without its break (section 3.1).
const LONGEST: usize = 75;

/// The calendar of a house; days are those of its zone, and of UTC where that is not known here.
#[must_use]
pub fn calendar((slug, zone): (&str, &str), ages: &[Age], now: UnixTime) -> String {
    let mut text = String::new();
    let stamp = zoned(now, TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string();
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    for line in [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//sanctum//secrets age//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
    ] {
        put(&mut text, line);
    }
    for age in ages {
        let Some(due) = age.due else { continue };
        let summary = match age.standing {
            Standing::Due | Standing::Overdue => format!("{} is due for rotation", age.secret),
            _ => format!("Rotate {}", age.secret),
        };
        let how = if age.unattended { "rotate --due".to_owned() } else { age.verb() };
        put(&mut text, "BEGIN:VEVENT");
        put(&mut text, &format!("UID:secret-{}@{slug}.sanctum", age.secret));
        put(&mut text, &format!("DTSTAMP:{stamp}"));
        let day = zoned(due, zone.clone()).date();
        put(&mut text, &format!("DTSTART;VALUE=DATE:{}", day.strftime("%Y%m%d")));
        // The end is the day after (section 3.6.1); the last day of all calendars has none.
        if let Ok(next) = day.tomorrow() {
            put(&mut text, &format!("DTEND;VALUE=DATE:{}", next.strftime("%Y%m%d")));
        }
        put(&mut text, &format!("SUMMARY:{}", escaped(&summary)));
        put(&mut text, &format!("DESCRIPTION:{}", escaped(&format!("sanctum {how}"))));
        put(&mut text, "TRANSP:TRANSPARENT");
        put(&mut text, "END:VEVENT");
    }
    put(&mut text, "END:VCALENDAR");
    text
}

fn zoned(time: UnixTime, zone: TimeZone) -> Zoned {
    Timestamp::from_second(time.0).unwrap_or_default().to_zoned(zone)
}

/// Section 3.3.11.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// A content line, folded between characters.
fn put(text: &mut String, line: &str) {
    let mut room = LONGEST;
    for c in line.chars() {
        if c.len_utf8() > room {
            text.push_str("\r\n ");
            // The space counts.
            room = LONGEST - 1;
        }
        room -= c.len_utf8();
        text.push(c);
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use proptest::prelude::*;
    use sanctum_types::ServiceName;

    fn age(name: &str, due: Option<i64>) -> Age {
        Age {
            secret: ServiceName::new(name).unwrap(),
            since: None,
            source: super::super::due::Source::Journal,
            days: None,
            due: due.map(UnixTime),
            limit: None,
            due_after_days: Some(85),
            max_age_days: Some(90),
            rotates: true,
            unattended: true,
            standing: Standing::Well,
        }
    }

    #[test]
    fn a_calendar() {
        let text = calendar(
            ("manor", "UTC"),
            &[age("openrouter-api-key", Some(1_800_000_000)), age("far", None)],
            UnixTime(1_795_348_800),
        );
        assert_eq!(text.matches("\r\n").count(), text.matches('\n').count());
        expect![[r#"
            BEGIN:VCALENDAR
            VERSION:2.0
            PRODID:-//sanctum//secrets age//EN
            CALSCALE:GREGORIAN
            METHOD:PUBLISH
            BEGIN:VEVENT
            UID:secret-openrouter-api-key@manor.sanctum
            DTSTAMP:20261122T120000Z
            DTSTART;VALUE=DATE:20270115
            DTEND;VALUE=DATE:20270116
            SUMMARY:Rotate openrouter-api-key
            DESCRIPTION:sanctum rotate --due
            TRANSP:TRANSPARENT
            END:VEVENT
            END:VCALENDAR
        "#]]
        .assert_eq(&text.replace("\r\n", "\n"));
    }

    #[test]
    fn what_a_person_renews_says_how() {
        for (rotates, how) in [(true, "sanctum rotate a"), (false, "sanctum secrets set a")] {
            let age = Age { rotates, unattended: false, ..age("a", Some(0)) };
            let text = calendar(("manor", "UTC"), &[age], UnixTime(0));
            assert!(text.contains(&format!("DESCRIPTION:{how}\r\n")), "{text}");
        }
    }

    /// 2026-11-22T02:30:00Z is still the day before in New York and noon in Auckland.
    #[test]
    fn a_day_is_the_houses() {
        for (zone, day) in [
            ("UTC", "20261122"),
            ("America/New_York", "20261121"),
            ("Pacific/Auckland", "20261122"),
            ("Nowhere/At_All", "20261122"),
        ] {
            let text = calendar(("manor", zone), &[age("a", Some(1_795_314_600))], UnixTime(0));
            assert!(text.contains(&format!("DTSTART;VALUE=DATE:{day}\r\n")), "{zone}: {text}");
        }
        // Twenty-three hours after midnight is the same day, also when the clocks change: the end is the next one.
        let text =
            calendar(("manor", "America/New_York"), &[age("a", Some(1_793_505_600))], UnixTime(0));
        assert!(
            text.contains("DTSTART;VALUE=DATE:20261101\r\nDTEND;VALUE=DATE:20261102\r\n"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn no_line_is_too_long_and_unfolding_gives_it_back(line in "[ -~éß漢]{1,300}") {
            let mut text = String::new();
            put(&mut text, &line);
            prop_assert!(text.split("\r\n").all(|one| one.len() <= LONGEST));
            prop_assert_eq!(text.replace("\r\n ", ""), format!("{line}\r\n"));
        }
    }
}
