//! The gate and the fire times, held against launchd as a model: it fires whenever the machine's own wall
//! clock shows an entry, twice where the clock comes by twice, never where it jumps over it.

use super::*;
use proptest::prelude::*;

fn at(text: &str) -> UnixTime {
    unix(text.parse::<Timestamp>().unwrap())
}

fn ny(cron: &str) -> Schedule {
    Schedule::new(cron, "America/New_York").unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

#[track_caller]
fn moments(cron: &str, date: &str, wanted: &[&str]) {
    let wanted: BTreeSet<_> = wanted.iter().map(|text| at(text)).collect();
    assert_eq!(ny(cron).moments(day(date)), wanted, "{cron} on {date}");
}

#[test]
fn moments_over_changes_of_clocks() {
    moments("0 6 * * *", "2026-01-10", &["2026-01-10T11:00:00Z"]);
    moments("0 6 * * *", "2026-03-08", &["2026-03-08T10:00:00Z"]);
    moments("0 6 * * *", "2026-11-01", &["2026-11-01T11:00:00Z"]);
    // 02:30 does not come: 03:30 EDT.
    moments("30 2 * * *", "2026-03-08", &["2026-03-08T07:30:00Z"]);
    // 01:30 comes twice: the first, EDT.
    moments("30 1 * * *", "2026-11-01", &["2026-11-01T05:30:00Z"]);
    moments("30 2,3 * * *", "2026-03-08", &["2026-03-08T07:30:00Z"]);
    assert_eq!(ny("0 * * * *").moments(day("2026-03-08")).len(), 23);
    assert_eq!(ny("0 * * * *").moments(day("2026-11-01")).len(), 25);
    // Lord Howe's clocks jump by half an hour, from 02:00 to 02:30.
    let howe = Schedule::new("5 * * * *", "Australia/Lord_Howe").unwrap();
    assert_eq!(howe.moments(day("2026-10-04")).len(), 23);
}

#[track_caller]
fn gate(cron: &str, now: &str, last: Option<&str>, wanted: Gate) {
    assert_eq!(due(at(now), &ny(cron), last.map(at)), wanted, "{cron} at {now}, last {last:?}");
}

#[test]
fn the_gate() {
    let six = "0 6 * * *";
    let (before, on, late) =
        ("2026-07-02T09:00:00Z", "2026-07-02T10:00:00Z", "2026-07-02T15:12:09Z");
    let yesterday = Some("2026-07-01T10:00:00Z");
    gate(six, before, yesterday, Gate::NotYet);
    gate(six, on, yesterday, Gate::Run);
    gate(six, late, yesterday, Gate::Run);
    gate(six, late, Some(on), Gate::AlreadyRan);
    gate(six, before, None, Gate::NotYet);
    gate(six, on, None, Gate::Run);
    // Missed yesterday: made up for early today, and due again at six.
    gate(six, before, Some("2026-06-30T10:00:00Z"), Gate::Run);
    gate(six, on, Some(before), Gate::Run);
    // The clock was put back by a second, and by a century.
    gate(six, "2026-07-02T09:59:59Z", Some(on), Gate::NotYet);
    gate(six, on, Some("2126-07-02T10:00:00Z"), Gate::Run);
    gate("0 6 29 2 *", on, Some("2024-02-29T11:00:00Z"), Gate::NotYet);
}

#[track_caller]
fn entries(cron: &str, machine: &str, wanted: &str) {
    let fired = match fire(&ny(cron), &zone(machine).unwrap()) {
        Fire::Every(seconds) => format!("every {seconds} s"),
        Fire::Calendar(entries) => {
            let entry = |entry: &CalendarEntry| {
                let day = entry.weekday.map(|day| format!("{day}@")).unwrap_or_default();
                let hour = entry.hour.map_or("*".to_owned(), |hour| format!("{hour:02}"));
                format!("{day}{hour}:{:02}", entry.minute)
            };
            entries.iter().map(entry).collect::<Vec<_>>().join(" ")
        }
    };
    assert_eq!(fired, wanted, "{cron} on a machine in {machine}");
}

#[test]
fn fire_times() {
    entries("0 6 * * *", "America/New_York", "06:00");
    entries("0 6 * * *", "America/Los_Angeles", "03:00");
    entries("0 6 * * *", "UTC", "10:00 11:00");
    entries("0 6 * * *", "Europe/Berlin", "11:00 12:00");
    entries("0 6 * * *", "Asia/Kolkata", "15:30 16:30");
    entries("30 2 * * *", "America/New_York", "02:30 03:30");
    entries("0 22 * * 1", "Asia/Tokyo", "2@11:00 2@12:00");
    entries("0 1 * * 0", "America/Los_Angeles", "6@22:00");
    entries("0 6 1 * 1", "America/New_York", "06:00");
    entries("*/20 * * * *", "Asia/Kathmandu", "*:05 *:25 *:45");
    entries("*/30 8-18 * * *", "America/New_York", &{
        let half = |hour| format!("{hour:02}:00 {hour:02}:30");
        (8..=18).map(half).collect::<Vec<_>>().join(" ")
    });
    entries("*/5 8-18 * * *", "UTC", "*:00 *:05 *:10 *:15 *:20 *:25 *:30 *:35 *:40 *:45 *:50 *:55");
    entries("* * * * *", "UTC", "every 60 s");
}

#[test]
fn zones() {
    assert!(zone("America/New_York").is_ok() && zone("UTC").is_ok());
    assert_eq!(zone("america/new_york").unwrap().iana_name(), Some("America/New_York"));
    for bad in ["", "EST5EDT,M3.2.0,M11.1.0", "America/Nowhere", "../etc/passwd", "+05:00"] {
        assert!(zone(bad).is_err(), "{bad}");
    }
}

/// Every moment from `start` on for `days` days of the machine at which launchd starts the job.
fn launchd(fire: &Fire, machine: &TimeZone, start: Timestamp, days: i64) -> BTreeSet<UnixTime> {
    let first = machine.to_datetime(start).date();
    let end = UnixTime(start.as_second() + days * 86_400);
    let mut fired = BTreeSet::new();
    let Fire::Calendar(entries) = fire else {
        return (unix(start).0..end.0).step_by(60).map(UnixTime).collect();
    };
    for date in first.series(1.day()).take(usize::try_from(days).unwrap() + 2) {
        for entry in entries {
            if entry
                .weekday
                .is_some_and(|day| day != date.weekday().to_sunday_zero_offset().unsigned_abs())
            {
                continue;
            }
            let hours = entry.hour.map_or(0..24, |hour| hour..hour + 1);
            for hour in hours {
                let found =
                    machine.to_ambiguous_timestamp(civil(date, hour, entry.minute).unwrap());
                match found.offset() {
                    AmbiguousOffset::Gap { .. } => {}
                    _ => fired.extend([found.earlier().unwrap(), found.later().unwrap()].map(unix)),
                }
            }
        }
    }
    fired.into_iter().filter(|at| *at >= unix(start) && *at < end).collect()
}

/// Starts at a midnight of the house, and runs the gate at every fire.
fn runs(schedule: &Schedule, fired: &BTreeSet<UnixTime>) -> BTreeSet<UnixTime> {
    let mut last = None;
    let mut ran = BTreeSet::new();
    for now in fired {
        if due(*now, schedule, last) == Gate::Run {
            last = Some(*now);
            ran.insert(*now);
        }
    }
    ran
}

const ZONES: &[&str] = &[
    "America/New_York",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Havana",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "America/Nuuk",
    "America/Asuncion",
    "Asia/Gaza",
    "Antarctica/Troll",
    "UTC",
];

fn crons() -> impl Strategy<Value = String> {
    let minute =
        prop_oneof![3 => (0..60u8).prop_map(|m| m.to_string()), 1 => Just("0,30".to_owned())];
    let hour = prop_oneof![
        3 => (0..24u8).prop_map(|h| h.to_string()), 2 => (0..4u8).prop_map(|h| h.to_string()),
        1 => Just("6,18".to_owned()), 1 => Just("*".to_owned()),
    ];
    let days = prop_oneof![
        5 => Just("* * *".to_owned()), 2 => (0..8u8).prop_map(|d| format!("* * {d}")),
        1 => (1..29u8).prop_map(|d| format!("{d} * *")), 1 => Just("13 * 5".to_owned()),
    ];
    (minute, hour, days).prop_map(|(minute, hour, days)| format!("{minute} {hour} {days}"))
}

fn zones_of_both() -> impl Strategy<Value = (usize, usize)> {
    (0..ZONES.len(), 0..ZONES.len())
}

fn setting(cron: &str, zones: (usize, usize), year: i16) -> (Schedule, TimeZone, Timestamp) {
    let schedule = Schedule::new(cron, ZONES[zones.0]).unwrap();
    let midnight = schedule.zone.to_ambiguous_timestamp(Date::new(year, 1, 1).unwrap().into());
    let start = midnight.compatible().unwrap();
    (schedule, zone(ZONES[zones.1]).unwrap(), start)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// On a machine that is always awake a job runs at each of its moments and at no other time.
    #[test]
    fn exactly_at_the_moments(cron in crons(), zones in zones_of_both(), year in 2025i16..2042) {
        let days = if cron.contains(" * * * *") { 60 } else { 2 * 366 };
        let (schedule, machine, start) = setting(&cron, zones, year);
        let fired = launchd(&fire(&schedule, &machine), &machine, start, days);
        let first = schedule.zone.to_datetime(start).date();
        let end = UnixTime(start.as_second() + days * 86_400);
        let all = first.series(1.day()).take(usize::try_from(days).unwrap() + 2);
        let wanted: BTreeSet<_> = all.flat_map(|date| schedule.moments(date)).filter(|at| *at < end).collect();
        prop_assert_eq!(runs(&schedule, &fired), wanted);
    }

    /// A machine that sleeps makes up once, when it wakes, for all that it slept through.
    #[test]
    fn late_but_once(
        cron in crons(), zones in zones_of_both(), year in 2025i16..2042,
        naps in proptest::collection::vec((1i64..120 * 24, 1i64..72), 0..12),
    ) {
        let (schedule, machine, start) = setting(&cron, zones, year);
        let mut fired = launchd(&fire(&schedule, &machine), &machine, start, 120);
        for (from, hours) in naps {
            let from = unix(start).plus(from * 3600 + 1);
            let wake = from.plus(hours * 3600);
            let slept: Vec<_> = fired.range(from..wake).copied().collect();
            slept.iter().for_each(|at| { fired.remove(at); });
            if !slept.is_empty() { fired.insert(wake); }
        }
        let ran: Vec<_> = runs(&schedule, &fired).into_iter().collect();
        for pair in ran.windows(2) {
            let moment = schedule.latest(pair[1]).unwrap();
            prop_assert!(pair[0] < moment && moment <= pair[1], "two runs for one moment: {:?}", pair);
        }
        for now in fired.iter().filter(|now| ran.first().is_some_and(|first| *now >= first)) {
            let moment = schedule.latest(*now).unwrap();
            prop_assert!(ran.iter().any(|run| moment <= *run && run <= now), "owed at {:?}", now);
        }
    }
}
