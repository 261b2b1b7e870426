//! The daily jobs of secrets as they are rendered: by the house's own clock, once a moment, caught up after a sleep, and what
//! they find arrives at a receiver once a day.
//!
//! The provider and the receiver are the strict stand-ins of other tests. No systemd runs on this machine: the line of a unit's
//! `ExecStart` is run as it stands there, with an empty environment.
#![expect(clippy::disallowed_methods, reason = "jobs are started from outside, as a timer does")]

use super::bed::{
    Guarded, Machine, SANCTUM, Said, house, is_there, on_a_machine, program, read, sh, write,
};
use crate::alerts::peers::{Peer, ntfy};
use crate::rotation::stand_in::{Contract, StandIn};
use serde_json::Value;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400;
const UNITS: &str = "/run/rendered/etc/systemd/system";
const RECORDS: &str = "/var/lib/sanctum/rotations";
const ENV: &str = "/opt/app.env";

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// A zone five hours off, so that today's clock there has passed a moment that UTC's has not, or the other way round.
/// Neither zone changes its clocks.
fn zone() -> (&'static str, i64) {
    if (now() % DAY) / 3600 < 17 {
        ("Asia/Karachi", 5 * 3600)
    } else {
        ("America/Jamaica", -5 * 3600)
    }
}

/// Every day at the minute of the house's clock that is so many seconds away.
fn cron(seconds: i64) -> String {
    let of_day = (now() + zone().1 + seconds).rem_euclid(DAY);
    format!("{} {} * * *", of_day % 3600 / 60, of_day / 3600)
}

fn instance(provider: &StandIn, phone: &Peer) -> String {
    let root = "run_as: {user: root, reason: the machine's own stores}";
    let (past, later) = (cron(-60), cron(1800));
    format!(
        "  shelf: {{node: hub, command: [/bin/sleep, \"60\"]}}\nsecrets:\n  management: {{ref: \"file:management\", cleartext: {{reason: x}}}}\n  \
         paper: {{ref: \"file:paper\", cleartext: {{reason: x}}, rotation_max_age_days: 30}}\n  \
         router:\n    ref: \"file:router\"\n    cleartext: {{reason: x}}\n    rotation:\n      \
         kind: {{openrouter: {{base_url: \"{}\"}}}}\n      management: management\n      \
         consumers: [{{env: {{path: {ENV}, variable: ROUTER_KEY}}}}]\n      reload: [{{service: shelf}}]\n\
         schedules:\n  secret-scan: {{node: hub, cron: \"{past}\", command: [scan, --all], {root}}}\n  \
         secret-age: {{node: hub, cron: \"{past}\", command: [secrets, age, --notify], {root}}}\n  \
         secret-rotation: {{node: hub, cron: \"{past}\", command: [rotate, --due], exit_timeout: 600, {root}}}\n  \
         later: {{node: hub, cron: \"{later}\", command: [secrets, age, --notify], {root}}}\n\
         alerts:\n  dedup: 60\n  hourly_cap: 100\n  channels: [{{name: phone, via: {{ntfy: {{url: \"{}\", topic: house}}}}}}]\n",
        provider.base_url(),
        phone.url("")
    )
}

/// The line that the unit starts, with nothing in its environment and nobody there.
fn job(name: &str) -> Said {
    let unit = read(&format!("{UNITS}/sanctum-{name}.service")).expect("a unit");
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a command");
    // `:` keeps systemd from replacing variables (systemd.service(5)).
    let line = line.strip_prefix(':').unwrap_or(line);
    let script = format!("exec env -i setsid -w {line} < /dev/null");
    Said::of(&Command::new("sh").args(["-c", &script]).output().unwrap())
}

fn said(name: &str, words: &str) {
    let ran = job(name);
    assert!(ran.code == Some(0) && ran.out.contains(&format!("{name}: {words}")), "{ran:#?}");
}

/// The machine slept for a day and more: its job ran last before that.
fn slept(name: &str) {
    let file = format!("/var/lib/sanctum-{name}/last-run");
    assert!(is_there(&file), "{name}");
    write(&file, &format!("{}\n", now() - DAY - 7200));
}

/// Events of the journal with that action.
fn events(action: &str) -> Vec<Value> {
    let text = sh(&format!("{SANCTUM} audit --json || true"));
    let all: Value = serde_json::from_str(&text).unwrap();
    let entries = all["entries"].as_array().unwrap();
    entries.iter().filter(|one| one["action"] == action).cloned().collect()
}

/// Records of rotations, and the last use of every key, that much older.
fn pass(provider: &StandIn, seconds: i64) {
    fn back(value: &mut Value, seconds: i64) {
        let Some(map) = value.as_object_mut() else {
            return value.as_array_mut().into_iter().flatten().for_each(|one| back(one, seconds));
        };
        for (name, value) in map {
            let times = ["begun", "since", "asked", "written", "not-before", "told"];
            match value.as_i64() {
                Some(at) if times.contains(&name.as_str()) => *value = Value::from(at - seconds),
                _ => back(value, seconds),
            }
        }
    }
    for path in sh(&format!("ls {RECORDS}/*.json")).lines() {
        let mut record: Value = serde_json::from_str(&read(path).unwrap()).unwrap();
        back(&mut record, seconds);
        write(path, &record.to_string());
    }
    for key in &mut provider.account().keys {
        key.last_used = key.last_used.map(|at| at - seconds);
    }
}

/// Everything that arrived about that.
fn arrived(phone: &Peer, words: &str) -> Vec<String> {
    let all = phone.asked();
    let texts = all.iter().map(|one| one.json().to_string());
    texts.filter(|text| text.contains(words)).collect()
}

fn arranged(machine: &Machine, provider: &StandIn, phone: &Peer) -> String {
    machine.install();
    let (zone, _) = zone();
    house(&[("timezone: UTC", &format!("timezone: {zone}"))], &instance(provider, phone));
    machine.apply_and_confirm();
    let (management, value) = {
        let account = provider.account();
        (account.management.clone(), account.keys[0].value.clone())
    };
    for (name, value) in [("management", &management), ("router", &value)] {
        sh(&format!("printf %s '{value}' | {SANCTUM} secrets set {name} --stdin"));
    }
    // Nobody recorded when this one was made.
    sh("umask 077; printf %s 'from the old machine' > /etc/sanctum/secrets/paper");
    sh(&format!("umask 077; printf 'ROUTER_KEY=%s\\n' '{value}' > {ENV}"));
    sh(&format!(
        "cd /run && {SANCTUM} apply --root /run/rendered --yes --instance /etc/sanctum/instance.yaml"
    ));
    value
}

/// STAND-IN for systemctl, which has nothing to manage here: it writes down what it was asked, and what the service would
/// read now. What systemd makes of it is `tests/boot`'s to show.
fn stand_in_for_systemctl() {
    let text = format!("#!/bin/sh\n{{ echo \"$@\"; cat {ENV}; }} >> /run/asked\n");
    program("/run/systemctl", &text);
    sh("mount --bind /run/systemctl /usr/bin/systemctl");
}

fn keeps_watch() -> Guarded {
    let mut command = Command::new("/opt/sanctum/bin/sanctumd");
    command.args(["--only", "alerts", "--look-every", "1"]).env_clear();
    let log = std::fs::File::create("/run/watch.log").unwrap();
    Guarded(command.stdout(Stdio::null()).stderr(log).spawn().unwrap())
}

#[test]
fn the_daily_jobs_run_once_by_the_houses_clock_and_what_they_find_arrives() {
    let name =
        "live::rotation::the_daily_jobs_run_once_by_the_houses_clock_and_what_they_find_arrives";
    on_a_machine(name, |machine| {
        let provider = StandIn::start(Contract::Openrouter, now());
        let phone = ntfy(None);
        let old = arranged(machine, &provider, &phone);
        let _watch = keeps_watch();

        // The house's clock decides, whatever the machine's says.
        said("later", "not due yet");
        assert!(events("secrets.age").is_empty());

        // What is due, once; what nobody knows is told.
        said("secret-age", "done, with findings");
        said("secret-age", "already ran");
        let told = events("secrets.age");
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(
            (&told[0]["subject"], &told[0]["actor"]),
            (&"paper".into(), &"job:secret-age".into())
        );
        // Caught up after a sleep, and the same day's finding is not told again.
        slept("secret-age");
        said("secret-age", "done, with findings");
        said("secret-age", "already ran");
        assert_eq!(events("secrets.age").len(), 1);
        let runs = events("job.run");
        assert_eq!(runs.len(), 4, "a start and an end for each of two runs: {runs:?}");

        // In parts, so that no scanner takes this file for a leak.
        let (token, needle) =
            (["AKIA", "Q3EGRTY7MNBVCXZP"].concat(), ["RTY7MN", "BVCXZP"].concat());
        write("/home/alma/.bash_history", &format!("ls\nexport KEY={token}\n"));
        said("secret-scan", "done, with findings");
        said("secret-scan", "already ran");

        rotates(&provider, &old);
        no_watchdog();

        // One message for what was seen once (`alerts.dedup`), with both findings and no value.
        // Doctor has a word of its own for what is in a history.
        let all = ["paper", "scan.found (/home/alma/.bash_history)"];
        let end = now() + 150;
        while all.iter().any(|words| arrived(&phone, words).is_empty()) {
            let said = read("/run/watch.log");
            assert!(now() < end, "{:?} {said:?}", arrived(&phone, ""));
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        std::thread::sleep(std::time::Duration::from_secs(5));
        for words in all {
            assert_eq!(arrived(&phone, words).len(), 1, "{words}: {:?}", arrived(&phone, ""));
        }
        for text in arrived(&phone, "") {
            assert!(!text.contains(&needle) && !text.contains(&old), "{text}");
        }
        sh(&format!("{SANCTUM} audit verify"));
    });
}

/// A rotation that a person began is gone on with by the job, and by nothing else.
fn rotates(provider: &StandIn, old: &str) {
    let asked = || provider.account().log.len();
    stand_in_for_systemctl();
    sh(&format!("{SANCTUM} rotate router --yes --wait 5"));
    let new = read(ENV).unwrap().trim().trim_start_matches("ROUTER_KEY=").to_owned();
    assert!(new != old && provider.account().is_valid(&new) && provider.account().is_valid(old));
    // The service is started again once, when its file has the new value, and not when the old key goes.
    let started = format!("try-restart -- sanctum-shelf.service\nROUTER_KEY={new}\n");
    assert_eq!(read("/run/asked").as_deref(), Some(&*started));
    pass(provider, 2 * DAY);
    said("secret-rotation", "done");
    assert!(!provider.account().is_valid(old), "it is switched off");
    let before = asked();
    pass(provider, 2 * DAY);
    said("secret-rotation", "already ran");
    assert_eq!(asked(), before, "nobody is asked by a job that ran");
    slept("secret-rotation");
    said("secret-rotation", "done");
    assert_eq!(read("/run/asked").as_deref(), Some(&*started));
    let account = provider.account();
    assert!(account.alive().iter().all(|key| key.value != old), "it is gone");
    assert!(account.is_valid(&new));
    drop(account);
    let by_job = events("secrets.rotate");
    let ends = by_job.iter().filter(|one| one["actor"] == "job:secret-rotation");
    assert_eq!(ends.count(), 4, "{by_job:?}");
    assert_eq!(events("secrets.rotated").len(), 1);
}

/// Nothing starts such a job but its timer.
fn no_watchdog() {
    for name in ["secret-scan", "secret-age", "secret-rotation"] {
        let unit = read(&format!("{UNITS}/sanctum-{name}.service")).unwrap();
        assert!(unit.contains("Type=oneshot\n") && !unit.contains("Restart="), "{unit}");
        let timer = read(&format!("{UNITS}/sanctum-{name}.timer")).unwrap();
        let (zone, _) = zone();
        assert!(
            timer.contains(&format!(" {zone}\n")) && timer.contains("Persistent=true\n"),
            "{timer}"
        );
    }
    let served = Said::of(&Command::new(SANCTUM).args(["services", "--json"]).output().unwrap());
    assert!(served.out.contains("dashboard") && !served.out.contains("secret-"), "{served:#?}");
}
