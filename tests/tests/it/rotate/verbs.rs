//! Each verb once: a rehearsal that asks nobody, a rotation to its end, what is refused, ages and the calendar.
#![expect(clippy::disallowed_methods, reason = "files of a test's own house")]

use super::bed::{Bed, CASES, ENV, JSON, over};
use super::laws::ends_well;
use crate::rotation::stand_in::Fault;
use std::fs;

#[test]
fn a_rotation_from_its_rehearsal_to_the_end_of_the_old_key() {
    for case in CASES {
        let bed = Bed::new(case);
        let old = bed.held()[0].clone();
        let ran = bed.house.run(&["rotate", "router", "--dry-run"]).exits(3);
        assert!(ran.stdout.contains("write the new value to file:router"), "{}", ran.stdout);
        assert_eq!(bed.provider.account().log, Vec::<String>::new(), "a rehearsal asks nobody");
        assert!(bed.records().is_empty());
        bed.house.run(&["rotate", "router", "--yes", "--wait", "0"]).exits(0);
        let held = bed.held();
        assert_eq!(held.len(), 5);
        assert!(held.iter().all(|value| *value == held[0]) && held[0] != old, "{case:?}");
        assert!(bed.provider.account().is_valid(&held[0]));
        let env = fs::read_to_string(bed.house.at("root").join(ENV)).unwrap();
        assert!(env.starts_with("# kept\nA=1\n"), "{env}");
        let json = fs::read_to_string(bed.house.at("root").join(JSON)).unwrap();
        assert!(json.contains("\"n\": 1.50"), "other bytes stay: {json}");
        bed.see_out();
        assert_eq!(bed.held(), held);
        let account = bed.provider.account();
        assert!(!account.is_valid(&old), "{case:?}");
        let alive: Vec<&str> = account.alive().iter().map(|key| key.name.as_str()).collect();
        assert_eq!(alive.len(), bed.before.len(), "the new one and somebody else's: {alive:?}");
        let sealed = fs::read_dir(bed.house.at("root/.sanctum/rotations/sealed")).unwrap().count();
        assert_eq!(sealed, 0, "no sealed value stays");
        drop(account);
        let ages = bed.house.run(&["secrets", "age", "--json"]).json();
        let router = ages["secrets"].as_array().unwrap().iter().find(|a| a["secret"] == "router");
        assert_eq!(router.unwrap()["source"], "journal");
        let root = bed.house.at("root");
        bed.house.bare(&["audit", "verify", "--root", root.to_str().unwrap()]).exits(0);
    }
}

#[test]
fn bad_input_is_refused_before_anything_is_minted_and_says_what_to_do() {
    let bed = Bed::new(CASES[0]);
    let minted = |bed: &Bed| bed.provider.account().log.iter().any(|line| line.starts_with("POST"));
    // The provider answers with a page.
    bed.provider.fail("GET", "/key", Fault::Html);
    let ran = bed.house.run(&["rotate", "router", "--yes"]).exits(4);
    assert!(ran.stdout.contains("the answer is not the provider's"), "{}", ran.stdout);
    let way_out = "look what answers at the provider's address (a captive portal, a proxy), then rotate again: sanctum rotate";
    assert!(ran.stdout.contains(way_out), "{}", ran.stdout);
    // The management key is a plain key.
    let plain = bed.held()[0].clone();
    let management = bed.provider.account().management.clone();
    bed.house.fed(&["secrets", "set", "management", "--stdin"], plain.as_bytes()).exits(0);
    let ran = bed.house.run(&["rotate", "router", "--yes"]).exits(4);
    assert!(ran.stdout.contains("plain key"), "{}", ran.stdout);
    let way_out =
        "store a management key where the instance expects one, then rotate again: sanctum rotate";
    assert!(ran.stdout.contains(way_out), "{}", ran.stdout);
    bed.house.fed(&["secrets", "set", "management", "--stdin"], management.as_bytes()).exits(0);
    // A consumer that cannot be written: the path leads through no object.
    let path = bed.house.at("root").join(JSON);
    let before = fs::read_to_string(&path).unwrap();
    bed.house.put(JSON, "{\"models\": \"none\"}", 0o600);
    let ran = bed.house.run(&["rotate", "router", "--yes"]).exits(4);
    let words = format!("json:/{JSON}#models.providers.router.apiKey is not ready");
    let way_out =
        "make the consumer readable and writable, then rotate again: sanctum rotate router";
    assert!(ran.stdout.contains(&words) && ran.stdout.contains(way_out), "{}", ran.stdout);
    bed.house.put(JSON, &before, 0o644);
    bed.house.run(&["rotate", "router", "--yes"]).exits(4);
    assert!(!minted(&bed) && bed.records().is_empty());
    assert_eq!(bed.held()[0], plain);
}

/// A job of launchd has no session: what it could not write is refused where the house is planned, with the way out.
#[test]
fn a_login_keychain_in_a_job_of_a_mac_is_refused_before_there_is_a_job() {
    let text = "format: 1\ninstance: {name: Bed, slug: bed, timezone: UTC}\nusers: {owner: operator}\n\
        nodes: {hub: {type: hub, os: macos}}\nnetworks: {lan: {subnet: 192.168.1.0/24, interface: en0}}\n\
        secrets:\n  management: {ref: \"file:management\"}\n  router:\n    ref: \"keychain:router/house\"\n    \
        rotation: {kind: {openrouter: {}}, management: management}\n\
        schedules:\n  rotation: {node: hub, cron: \"30 6 * * *\", command: [rotate, --due]}\n";
    let house = crate::cli::program::House::new(text);
    for verb in ["plan", "apply"] {
        let ran = house.run(&[verb]).exits(1);
        for words in [
            "house.yaml:12:45: ",
            "`keychain:router/house`, which rotating `router` needs, is in a login keychain",
            "keychain://system/ with run_as {user: root, reason: ...}, or file:, age:, sops:",
        ] {
            assert!(ran.stderr.contains(words), "{verb}: {words}: {}", ran.stderr);
        }
    }
    assert_eq!(fs::read_dir(house.at("root")).unwrap().count(), 0, "nothing is written");
    house.instance(&text.replace("keychain:router", "keychain://system/router"));
    house.run(&["plan"]).exits(3);
}

/// Listens as a service that does not take the first kicks; how often it was kicked.
pub(super) fn stubborn(refusals: usize) -> (u16, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    use std::io::{Read as _, Write as _};
    use std::sync::atomic::{AtomicUsize, Ordering};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let kicks = std::sync::Arc::new(AtomicUsize::new(0));
    let shared = std::sync::Arc::clone(&kicks);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            // A look whether anybody listens sends nothing.
            if stream.read(&mut head).unwrap_or(0) == 0 {
                continue;
            }
            let status = if shared.fetch_add(1, Ordering::SeqCst) < refusals { 500 } else { 204 };
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
        }
    });
    (port, kicks)
}

#[test]
fn when_the_service_does_not_work_with_it_every_place_gets_back_what_it_had() {
    // Five tries of the new value (`Policy::tries`), and the old one is taken at once.
    let (port, kicks) = stubborn(5);
    let reload = format!(", reload: [{{http: {{url: \"http://127.0.0.1:{port}/reload\"}}}}]");
    let bed = Bed::with(CASES[0], &reload);
    let before = bed.held();
    let alive = bed.provider.account().alive().len();
    let mut ran = bed.house.run(&["rotate", "router", "--yes", "--wait", "0"]);
    // Each pause of the four between the tries, and the one before the new key goes.
    for _ in 0..5 {
        ran.exits(3);
        bed.later();
        ran = bed.house.run(&["rotate", "--resume", "--wait", "0"]);
    }
    ran.exits(5);
    assert_eq!(bed.held(), before);
    assert_eq!(kicks.load(std::sync::atomic::Ordering::SeqCst), 6);
    let account = bed.provider.account();
    assert_eq!(account.alive().len(), alive, "the key that was made is gone: {:?}", account.log);
    assert!(account.is_valid(&before[0]));
    drop(account);
    assert!(bed.records().iter().all(|(_, record)| over(record)));
}

#[test]
fn a_service_that_nobody_could_tell_keeps_anything_from_being_minted() {
    let bed = Bed::with(CASES[0], ", reload: [{http: {url: \"http://127.0.0.1:9/\"}}]");
    bed.house.run(&["rotate", "router", "--yes"]).exits(4);
    assert!(!bed.provider.account().log.iter().any(|line| line.starts_with("POST")));
}

#[test]
fn what_is_due_is_rotated_and_what_nobody_knows_is_told_once_a_day() {
    let bed = Bed::new(CASES[0]);
    bed.house.run(&["rotate", "--due"]).exits(0);
    assert!(bed.records().is_empty(), "set a moment ago");
    let ages = bed.house.run(&["secrets", "age", "--json"]).exits(0).json();
    assert_eq!(ages["secrets"][1]["standing"], "well");
    let asked = |bed: &Bed| bed.provider.account().log.len();
    bed.house.run(&["secrets", "age", "management", "--ask"]).exits(0);
    assert_eq!(asked(&bed), 0, "of another secret than the one that was asked about");
    // The provider knows better: the key is ninety days old.
    let ages = bed.house.run(&["secrets", "age", "--ask", "--json"]).exits(3).json();
    let router = &ages["secrets"][1];
    assert_eq!((router["standing"].as_str(), router["days"].as_i64()), (Some("overdue"), Some(90)));
    let told = |again: i64| {
        let ran = bed.house.run(&["secrets", "age", "--ask", "--notify", "--json"]).exits(3);
        assert_eq!(ran.json()["told"], again);
    };
    told(1);
    told(0);
    let root = bed.house.at("root");
    let story = bed.house.bare(&["audit", "--json", "--root", root.to_str().unwrap()]).json();
    let entries = story["entries"].as_array().unwrap();
    let said: Vec<_> = entries.iter().filter(|one| one["action"] == "secrets.age").collect();
    assert_eq!(said.len(), 1, "{said:?}");
    let calendar = bed.house.run(&["secrets", "age", "--calendar"]).exits(0).stdout;
    assert!(calendar.contains("UID:secret-router@bed.sanctum\r\n"), "{calendar}");
}

/// What icalendar, which is not ours, reads of the calendar: properties of each event.
fn events(bed: &Bed) -> Vec<serde_json::Value> {
    let text = bed.house.run(&["secrets", "age", "--calendar"]).exits(0).stdout;
    assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')), "{text}");
    let path = bed.house.at("due.ics");
    fs::write(&path, &text).unwrap();
    let mut command = std::process::Command::new(sanctum_tests::tool("icalendar-check"));
    let output = command.arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let [calendar] = read.as_array().unwrap().as_slice() else { panic!("{read}") };
    assert_eq!(
        (&calendar["name"], &calendar["properties"]["VERSION"]),
        (&"VCALENDAR".into(), &"2.0".into())
    );
    let events = calendar["components"].as_array().unwrap();
    assert!(events.iter().all(|event| event["name"] == "VEVENT"));
    events.iter().map(|event| event["properties"].clone()).collect()
}

/// The day that many days from now, in that zone, as a program of the system says.
fn day(zone: &str, days: i64) -> String {
    let at = format!("@{}", super::bed::now() + days * 86_400);
    let mut command = std::process::Command::new(sanctum_tests::tool("date"));
    let output = command.env("TZ", zone).args(["-d", &at, "+%F"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_calendar_of_due_dates_is_read_by_another_program() {
    let _judge = sanctum_tests::need!("icalendar-check", "date");
    let bed = Bed::new(CASES[0]);
    let path = bed.house.at("house.yaml");
    let text = fs::read_to_string(&path).unwrap();
    // As long as a name may be, so that its lines are folded; and one that nobody knows the age of.
    let long = format!("l{}", "o".repeat(39));
    let more = format!(
        "secrets:\n  {long}: {{ref: \"file:long\", cleartext: {{reason: x}}, rotation_max_age_days: 400}}\n  \
         paper: {{ref: \"file:paper\", cleartext: {{reason: x}}, rotation_max_age_days: 30}}\n"
    );
    let slug = "a-house-by-the-sea-with-a-name";
    let text = text.replace("secrets:\n", &more).replace("slug: bed", &format!("slug: {slug}"));
    fs::write(&path, &text).unwrap();
    bed.house.fed(&["secrets", "set", &long, "--stdin"], b"a-value-of-some-length").exits(0);
    let first = events(&bed);
    let uids = |events: &[serde_json::Value]| -> Vec<String> {
        events.iter().map(|event| event["UID"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        uids(&first),
        [format!("secret-{long}@{slug}.sanctum"), format!("secret-router@{slug}.sanctum")]
    );
    for (zone, apart) in [("UTC", 0), ("Pacific/Kiritimati", 14), ("Pacific/Pago_Pago", -11)] {
        fs::write(&path, text.replace("timezone: UTC", &format!("timezone: {zone}"))).unwrap();
        let before = day(zone, 0);
        let events = events(&bed);
        // Calendars take what has the same UID for the same event.
        assert_eq!(uids(&events), uids(&first), "{zone} {apart}");
        for (event, days) in events.iter().zip([400, 85]) {
            // All day long: dates without a time, the end being the day after.
            assert_eq!(event["DTSTART"]["day"], day(zone, days), "{zone}: {event}");
            assert_eq!(event["DTEND"]["day"], day(zone, days + 1), "{zone}: {event}");
            assert!(event["DTSTAMP"]["moment"].as_str().unwrap().ends_with("+00:00"), "{event}");
        }
        assert_eq!(before, day(zone, 0), "midnight passed in {zone}: run it again");
        assert_eq!(events[1]["SUMMARY"], "Rotate router");
        assert_eq!(events[1]["DESCRIPTION"], "sanctum rotate --due");
    }
}

/// In the overlap, and again while the old key is off and was switched on by hand.
#[test]
fn an_old_value_that_somebody_brought_back_is_replaced_before_its_key_goes() {
    let bed = Bed::new(CASES[0]);
    let old = bed.held()[0].clone();
    let backup = fs::read_to_string(bed.house.at("root").join(ENV)).unwrap();
    bed.house.run(&["rotate", "router", "--yes", "--wait", "0"]).exits(0);
    for stage in ["overlap", "disabled"] {
        while bed.open().unwrap()["stage"]["at"] != *stage {
            bed.later();
            bed.house.run(&["rotate", "--resume", "--wait", "0"]).exits(0);
        }
        bed.house.put(ENV, &backup, 0o600);
        bed.later();
        bed.house.run(&["rotate", "--resume", "--wait", "0"]).exits(0);
        assert_eq!(bed.open().unwrap()["stage"]["at"], "overlap", "it begins anew: {stage}");
        let held = bed.held();
        assert!(held.iter().all(|value| *value == held[0] && *value != old), "{stage}");
    }
    bed.see_out();
    ends_well(&bed, "at the end");
}
