//! A whole reboot in a directory: everything really runs but the last command, which is a labelled stand-in.
#![expect(clippy::disallowed_methods, reason = "a house of a test is written and read")]

use super::{Means, with};
use crate::args::Common;
use crate::args::reboot::Reboot;
use crate::args::up::Up;
use crate::commands::Context;
use crate::commands::up::{Ears, state_dir, supervise};
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::surroundings::Surroundings;
use sanctum_host::command::{self, Program};
use sanctum_types::{AuditEvent, AuditSink, NotRecorded, Outcome, Phase};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// One service that nothing looks at.
pub(in crate::commands) const HOUSE: &str = "\
format: 1
instance: {name: Bed, slug: bed, timezone: UTC}
users: {owner: operator}
nodes:
  hub: {type: hub, os: linux}
networks:
  lan: {subnet: 192.168.7.0/24}
supervision: {confirm: 1, stop: 2, cadence: {P0: 1, P1: 1, P2: 1}}
services:
  sleeper:
    node: hub
    command: [/bin/sleep, '300']
    run_as: {user: root, reason: a test of root's}
";

/// A directory that stands for a machine, with that instance.
pub(in crate::commands) fn context(dir: &Path, text: &str) -> Context {
    let file = dir.join("house.yaml");
    std::fs::write(&file, text).unwrap();
    let root = dir.join("root");
    std::fs::create_dir_all(&root).unwrap();
    let common =
        Common { instance: Some(file), root: Some(root), node: None, json: true, quiet: true };
    let around = Surroundings {
        euid: sanctum_host::accounts::effective_uid(),
        home: std::sync::OnceLock::from(None),
        sudo_uid: None,
        instance: None,
        agent: None,
        session_bus: None,
        display: sanctum_host::clipboard::Display::default(),
        notify: None,
        screen: false,
        terminal: false,
        job: None,
        verb: None,
        exe: None,
    };
    Context { common, around, out: Out { json: true, quiet: true } }
}

fn args(yes: bool) -> Reboot {
    Reboot { wait: Some(1), dry_run: false, report: false, boot: false, anyway: false, yes }
}

/// Keeps events, or takes none.
#[derive(Default)]
pub(in crate::commands) struct Sink {
    pub(in crate::commands) events: Mutex<Vec<AuditEvent>>,
    pub(in crate::commands) full: bool,
}

impl AuditSink for Sink {
    fn record(&self, event: &AuditEvent) -> Result<(), NotRecorded> {
        if self.full {
            let source = Box::new(std::io::Error::from(std::io::ErrorKind::StorageFull));
            return Err(NotRecorded { action: event.action.clone(), source });
        }
        self.events.lock().unwrap().push(event.clone());
        Ok(())
    }
}

/// Stands in for shutdown(8): a real program that leaves a file behind.
fn stand_in(file: &Path) -> impl Fn(u32) -> Result<String, Failure> {
    let file = file.to_str().unwrap().to_owned();
    move |minutes| {
        let touch = Program::find(&["touch"]).unwrap();
        command::run(&touch, &[&file], command::Options::default())?.success()?;
        Ok(format!("stand-in for shutdown, +{minutes}"))
    }
}

#[test]
fn services_end_before_the_last_command_and_what_was_up_is_written_down() {
    let dir = tempfile::tempdir().unwrap();
    let context = context(dir.path(), HOUSE);
    let state = state_dir(&context).unwrap();
    let supervisor = {
        let context = context.clone();
        std::thread::spawn(move || {
            let ears = Ears { journal: None, alert: &|_| {} };
            supervise(&context, &Up { only: Vec::new() }, ears).map_err(|failure| failure.text())
        })
    };
    let start = Instant::now();
    let is_up = || {
        let text = std::fs::read_to_string(state.join("up.json")).unwrap_or_default();
        text.contains("\"state\": \"up\"")
    };
    while !is_up() {
        assert!(start.elapsed() < Duration::from_secs(30), "it does not come up");
        std::thread::sleep(Duration::from_millis(50));
    }
    let (restarted, journal) = (dir.path().join("restarted"), Sink::default());
    let last = stand_in(&restarted);
    // When the last command runs, nothing of ours does.
    let checked = |minutes: u32| {
        assert!(!state.join("up.sock").exists(), "the supervisor still runs");
        last(minutes)
    };
    let means =
        Means { restart: Some(&checked), journal: Some(&journal), patience: Duration::ZERO };
    assert_eq!(with(&context, &args(true), &means).unwrap(), Exit::Done);
    assert!(restarted.exists());
    assert_eq!(supervisor.join().unwrap(), Ok(Exit::Done));
    let record = std::fs::read_to_string(state.join("reboot.json")).unwrap();
    assert!(record.contains("\"sleeper\": \"up\""), "{record}");
    let events = journal.events.lock().unwrap();
    assert!(matches!(events[0].phase, Phase::Started(_)) && events.len() == 1);
    // The report is of another boot, or of none.
    let report = Reboot { report: true, wait: None, ..args(true) };
    let same = with(&context, &report, &means).unwrap_err();
    assert!(same.text().contains("was not restarted since"), "{}", same.text());
    let other = record.replace("\"boot\": \"", "\"boot\": \"another-");
    std::fs::write(state.join("reboot.json"), other).unwrap();
    drop(events);
    // The sleeper has neither port nor probe: nobody can say that it is back, nor that it is not.
    assert_eq!(with(&context, &report, &means).unwrap(), Exit::Done);
    let events = journal.events.lock().unwrap();
    assert!(matches!(events[1].phase, Phase::Finished(_)));
    assert_eq!(events[1].outcome, Outcome::CouldNotCheck);
}

#[test]
fn nothing_restarts_what_is_not_confirmed_recorded_or_would_not_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("restarted");
    let last = stand_in(&file);
    let (open, full) = (Sink::default(), Sink { full: true, ..Sink::default() });
    let session = HOUSE
        .replace("    command", "    criticality: P1\n    secrets: [key]\n    command")
        + "secrets:\n  key: {ref: 'keychain:sanctum/key'}\n";
    // A P2 service may stay down, but not what people need and stands on it.
    let below = HOUSE.replace("    command", "    secrets: [key]\n    command")
        + "  face:\n    node: hub\n    criticality: P0\n    requires: [sleeper]\n    command: [/bin/sleep, '300']\n\
           secrets:\n  key: {ref: 'op://house/key/password'}\n";
    let rows: [(&str, &str, Reboot, &Sink); 5] = [
        ("not confirmed", HOUSE, args(false), &open),
        ("not recorded", HOUSE, args(true), &full),
        ("would not come back", &session, args(true), &open),
        ("stands on what would not come back", &below, args(true), &open),
        ("a dry run", HOUSE, Reboot { dry_run: true, ..args(true) }, &open),
    ];
    for (why, text, args, journal) in rows {
        let context = context(dir.path(), text);
        let means =
            Means { restart: Some(&last), journal: Some(journal), patience: Duration::ZERO };
        let exit = with(&context, &args, &means).unwrap_or_else(|failure| failure.exit);
        let expected = if args.dry_run { Exit::Done } else { Exit::Refused };
        assert_eq!(exit, expected, "{why}");
        assert!(!file.exists(), "{why}");
    }
    let context = context(dir.path(), &session);
    let means = Means { restart: Some(&last), journal: None, patience: Duration::ZERO };
    let anyway = Reboot { anyway: true, ..args(true) };
    assert_eq!(with(&context, &anyway, &means).unwrap(), Exit::Done);
    assert!(file.exists());
}

/// The record of before, as if another boot had written it.
fn of_another_boot(state: &Path) {
    let file = state.join("reboot.json");
    let record = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, record.replace("\"boot\": \"", "\"boot\": \"another-")).unwrap();
}

/// The boot job: it waits for who is late, tells once, and ends well also where somebody stays away.
#[test]
fn the_boot_job_waits_for_who_comes_back_late_and_tells_who_does_not_once() {
    let dir = tempfile::tempdir().unwrap();
    let door = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = door.local_addr().unwrap();
    let house = HOUSE.to_owned() + &format!("  door: {{node: hub, ports: [{}]}}\n", address.port());
    let context = context(dir.path(), &house);
    let state = state_dir(&context).unwrap();
    let journal = Sink::default();
    let means = |seconds| Means {
        restart: None,
        journal: Some(&journal),
        patience: Duration::from_secs(seconds),
    };
    let job = Reboot { report: true, boot: true, wait: None, ..args(true) };
    // Nothing was asked for: a job that fails at every boot would be a finding itself.
    assert_eq!(with(&context, &job, &means(0)).unwrap(), Exit::Done);
    assert_eq!(with(&context, &args(true), &means(0)).unwrap(), Exit::Done);
    assert_eq!(with(&context, &job, &means(0)).unwrap(), Exit::Done);
    assert!(!state.join("reboot-report.json").exists(), "the same boot has nothing to tell");
    of_another_boot(&state);
    drop(door);
    let late = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(2));
        std::net::TcpListener::bind(address).unwrap()
    });
    // A journal that takes nothing has no end of it, so that the next one is told again.
    let full = Sink { full: true, ..Sink::default() };
    let deaf = Means { journal: Some(&full), ..means(60) };
    assert_eq!(with(&context, &job, &deaf).unwrap(), Exit::Done);
    let door = late.join().unwrap();
    assert!(!super::report::left(&context).unwrap().unwrap().reported.unwrap().ended);
    assert_eq!(with(&context, &job, &means(60)).unwrap(), Exit::Done);
    let left = super::report::left(&context).unwrap().unwrap();
    let told = left.reported.unwrap().told;
    assert!(told.missing.is_empty() && told.came_back.len() == 1, "{told:?}");
    assert_eq!(with(&context, &job, &means(60)).unwrap(), Exit::Done);
    let ends = || {
        let events = journal.events.lock().unwrap();
        let ends = events.iter().filter(|event| matches!(event.phase, Phase::Finished(_)));
        ends.map(|event| (event.outcome, event.details.get("missing").cloned())).collect::<Vec<_>>()
    };
    assert_eq!(ends().len(), 1, "it is told once");
    // And one that does not come back.
    assert_eq!(with(&context, &args(true), &means(0)).unwrap(), Exit::Done);
    of_another_boot(&state);
    drop(door);
    assert_eq!(with(&context, &job, &means(0)).unwrap(), Exit::Done);
    assert_eq!(ends().last(), Some(&(Outcome::Failed, Some("door".to_owned()))));
    assert_eq!(
        with(&context, &Reboot { boot: false, ..job }, &means(0)).unwrap(),
        Exit::Differences
    );
    assert_eq!(ends().len(), 2, "looking again tells nothing again");
    // The job of a boot that nobody asked for does not wait for who stayed away after the last one.
    let begun = Instant::now();
    assert_eq!(with(&context, &job, &means(60)).unwrap(), Exit::Done);
    assert!(begun.elapsed() < Duration::from_secs(30), "it was told already");
}
