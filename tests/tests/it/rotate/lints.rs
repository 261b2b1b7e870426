//! What doctor sees of rotations and ages, and that a queued revoke is told until it is done: once, however many see it.
#![expect(clippy::disallowed_methods, reason = "the real loop looks at a test's own house")]

use super::bed::{Bed, CASES};
use crate::alerts::peers::{Peer, Request, ntfy};
use crate::cli::program::sanctumd;
use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const DAY: i64 = 86_400;
/// Long enough for two looks of doctor on a busy machine.
const LONG: Duration = Duration::from_secs(90);

/// The house with more in its instance.
fn with(bed: &Bed, more: &str) {
    let path = bed.house.at("house.yaml");
    let text = fs::read_to_string(&path).unwrap() + more;
    fs::write(path, text).unwrap();
}

/// What one lint says: its outcome, and subject and hint of each finding.
fn asked(bed: &Bed, lint: &str) -> (String, Vec<(String, String)>) {
    let ran = bed.house.run(&["doctor", "--only", lint, "--json"]);
    let lints = ran.json()["lints"].clone();
    let verdicts = lints["verdicts"].as_array().or_else(|| lints.as_array()).cloned();
    let verdict = verdicts.into_iter().flatten().find(|one| one["id"] == lint);
    let verdict = verdict.unwrap_or_else(|| panic!("{lint}: {ran:?}"));
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let found = verdict["findings"].as_array().cloned().unwrap_or_default();
    let found = found.iter().map(|one| (text(&one["subject"]), text(&one["hint"]))).collect();
    (text(&verdict["outcome"]), found)
}

fn holds(bed: &Bed, lint: &str) {
    assert_eq!(asked(bed, lint), ("holds".to_owned(), Vec::new()), "{lint}");
}

/// The loop of alerts, which ends with its test.
struct Loop(Child);

impl Loop {
    fn of(bed: &Bed) -> Self {
        let mut command = bed.house.command(sanctumd());
        let words = bed.house.arguments(&["--only", "alerts", "--look-every", "1"]);
        command.args(words).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn told(phone: &Peer, words: &str) -> Vec<String> {
    let all = phone.asked();
    let bodies = all.iter().map(Request::json);
    let title = |body: serde_json::Value| body["title"].as_str().unwrap().to_owned();
    bodies.map(title).filter(|title| title.contains(words)).collect()
}

#[test]
fn a_queued_revoke_is_an_alert_until_it_is_done() {
    let phone = ntfy(None);
    let bed = Bed::new(CASES[0]);
    with(
        &bed,
        &format!(
            "alerts:\n  hourly_cap: 100\n  channels: [{{name: phone, via: {{ntfy: {{url: \"{}\", topic: house}}}}}}]\n",
            phone.url("")
        ),
    );
    let lints = [
        "secrets/rotation-needs-nobody",
        "secrets/old-key-off",
        "secrets/old-key-removed",
        "secrets/rotation-ends",
    ];
    bed.house.run(&["rotate", "router", "--yes", "--wait", "5"]).exits(0);
    for lint in lints {
        holds(&bed, lint);
    }
    // The management key is taken away at the provider: nobody can say when the old key was used, nor switch it off.
    let management = bed.provider.account().management.clone();
    bed.provider.account().management = "another".to_owned();
    bed.pass(8 * DAY);
    bed.house.run(&["rotate", "--due", "--wait", "1"]);
    let next = "sanctum rotate router --retry".to_owned();
    let queued = ("violated".to_owned(), vec![("router".to_owned(), next.clone())]);
    assert_eq!(asked(&bed, "secrets/old-key-off"), queued, "{:?}", bed.records());
    for other in
        ["secrets/rotation-needs-nobody", "secrets/old-key-removed", "secrets/rotation-ends"]
    {
        holds(&bed, other);
    }
    // The run's own event and doctor's looks are one alert, with the next command.
    let running = Loop::of(&bed);
    let begun = Instant::now();
    while told(&phone, "secrets/old-key-off").is_empty() {
        assert!(begun.elapsed() < LONG, "{:?}", told(&phone, ""));
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_secs(6));
    let about = told(&phone, "router");
    assert_eq!(about.len(), 1, "{about:?}");
    let all = phone.asked();
    let message = all.iter().map(Request::json).find(|body| body["title"] == about[0].as_str());
    assert!(message.unwrap()["message"].as_str().unwrap().contains(&next), "{all:?}");
    drop(running);
    // What is mended is found no more.
    bed.provider.account().management = management;
    bed.house.run(&["rotate", "router", "--retry", "--yes", "--wait", "5"]).exits(0);
    for lint in lints {
        holds(&bed, lint);
    }
}

#[test]
fn a_rotation_that_nobody_goes_on_with_is_found() {
    let bed = Bed::new(CASES[0]);
    bed.house.run(&["rotate", "router", "--yes", "--wait", "5"]).exits(0);
    bed.pass(8 * DAY);
    holds(&bed, "secrets/rotation-ends");
    bed.pass(2 * DAY);
    let found = vec![("router".to_owned(), "sanctum rotate router".to_owned())];
    assert_eq!(asked(&bed, "secrets/rotation-ends"), ("violated".to_owned(), found));
    // A record that cannot be read is a rotation that nobody sees.
    let (path, _) = bed.records().pop().unwrap();
    fs::write(&path, "{\"format\": 1}").unwrap();
    assert_eq!(asked(&bed, "secrets/rotation-ends").0, "could-not-look");
}

#[test]
fn an_age_is_known_unknown_or_not_looked_at() {
    let bed = Bed::new(CASES[0]);
    for lint in ["secrets/age-known", "secrets/rotated-in-time"] {
        holds(&bed, lint);
    }
    // A value that nobody recorded.
    let path = bed.house.at("house.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let paper = "secrets:\n  paper: {ref: \"file:paper\", cleartext: {reason: x}, rotation_max_age_days: 30}\n";
    fs::write(&path, text.replace("secrets:\n", paper)).unwrap();
    bed.house.put("etc/sanctum/secrets/paper", "written by hand", 0o600);
    let (outcome, found) = asked(&bed, "secrets/age-known");
    assert_eq!((outcome.as_str(), found.len()), ("violated", 1));
    assert_eq!(found[0].0, "paper");
    holds(&bed, "secrets/rotated-in-time");
    // A journal that does not hold says nothing of ages.
    let journal = bed.house.at("root/.sanctum/journal/sanctum/000001.jsonl");
    let lines = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, lines.replacen("secrets.set", "secrets.get", 1)).unwrap();
    for lint in ["secrets/age-known", "secrets/rotated-in-time"] {
        assert_eq!(asked(&bed, lint).0, "could-not-look", "{lint}");
    }
}
