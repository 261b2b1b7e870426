//! Commit-confirm below a root: without the owner's word a change goes away by itself, whatever became of the
//! process, the terminal and the instance file that began it.
#![expect(clippy::disallowed_methods, reason = "real processes and real time")]

use crate::cli::program::{House, SMALL, sanctum};
use crate::cli::tree::Tree;
use rustix::fs::{FlockOperation, flock};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Time for two more commands on a busy machine.
const WITHIN: &[&str] = &["apply", "--yes", "--confirm-within", "10"];
/// Until the deadline and, on a busy machine, well past it.
const PATIENCE: Duration = Duration::from_secs(60);
/// The deadline is over, and the watchdog has had its turn.
const OVER: Duration = Duration::from_secs(14);

fn comes_back(house: &House, before: &Tree) {
    let began = Instant::now();
    while house.tree() != *before
        || house.receipts().last().is_none_or(|(_, is)| is != "rolled-back")
    {
        assert!(began.elapsed() < PATIENCE, "it stays: {:?} {:?}", house.tree(), house.receipts());
        sleep(Duration::from_millis(100));
    }
}

fn occupied() -> House {
    let house = House::new(SMALL);
    house.put("etc/ssh/sshd_config.d/00-sanctum.conf", "# before\n", 0o640);
    house
}

#[test]
fn without_the_owners_word_it_goes_and_with_it_it_stays() {
    let (silent, confirmed) = (occupied(), occupied());
    let before = silent.tree();
    let began = Instant::now();
    let ran = silent.run(WITHIN).exits(0);
    assert!(ran.stdout.contains("undone in 10 s unless"), "{ran:?}");
    confirmed.run(WITHIN).exits(0);
    let applied = confirmed.tree();
    assert_eq!(silent.tree(), applied);
    // While the word is awaited nothing new begins.
    silent.instance(&SMALL.replace("1111", "2222"));
    silent.run(&["apply", "--yes"]).exits(4).says("waits to be confirmed").says("sanctum confirm");
    confirmed.run(&["confirm"]).exits(0);
    confirmed.run(&["confirm"]).exits(4).says("nothing waits to be confirmed");
    comes_back(&silent, &before);
    assert!(began.elapsed() > Duration::from_secs(9), "the owner had the time that was promised");
    sleep(OVER.saturating_sub(began.elapsed()));
    assert_eq!(confirmed.tree(), applied);
    assert_eq!(confirmed.receipts()[0].1, "applied");
}

#[test]
fn the_next_boot_does_not_wait_for_the_deadline() {
    let house = occupied();
    let before = house.tree();
    house.run(&["apply", "--yes", "--confirm-within", "3600"]).exits(0);
    let applied = house.tree();
    for verb in [&["recover"][..], &["recover", "--boot"]] {
        house.run(verb).exits(0);
        assert_eq!(house.tree(), applied, "in this boot the owner still has time");
    }
    let [(id, _)] = house.receipts().try_into().expect("one receipt");
    let path = house.at("root/.sanctum/receipts").join(id).join("plan.json");
    let text = fs::read_to_string(&path).expect("a receipt");
    let mut header: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert!(header["boot"].is_string(), "{header}");
    header["boot"] = "a boot before this one".into();
    fs::write(&path, header.to_string()).expect("it is written");
    house.run(&["recover"]).exits(0);
    assert_eq!(house.tree(), applied, "only boot asks which boot it was");
    house.run(&["recover", "--boot"]).exits(0);
    assert_eq!(house.tree(), before);
    house.run(&["confirm"]).exits(4);
    end_watchdog(&house);
}

/// A change that can lock nobody out needs no word.
#[test]
fn a_harmless_change_does_not_wait() {
    let house = House::new(SMALL);
    let ran = house.run(&[WITHIN, &["--only", "instance", "--json"]].concat()).exits(0).json();
    assert_eq!(ran["status"], "applied", "{ran}");
    assert!(ran["confirm_until"].is_null(), "{ran}");
}

#[test]
fn the_watchdog_outlives_the_terminal_of_the_apply() {
    let script = sanctum_tests::need!("script");
    let house = occupied();
    let before = house.tree();
    let line = format!("{} {}; sleep 60", sanctum().display(), house.arguments(WITHIN).join(" "));
    let mut command = house.command(&script);
    command.args(["-q", "-e", "-c", &line, "/dev/null"]);
    let mut terminal = command.stdout(Stdio::null()).stdin(Stdio::piped()).spawn().expect("script");
    let began = Instant::now();
    while house.receipts().last().is_none_or(|(_, is)| is != "unconfirmed") {
        assert!(began.elapsed() < PATIENCE, "nothing was applied");
        sleep(Duration::from_millis(20));
    }
    // The master side goes: everything of that terminal gets a SIGHUP.
    terminal.kill().expect("a child of ours");
    terminal.wait().expect("it ends");
    comes_back(&house, &before);
}

#[test]
fn the_watchdog_needs_no_instance_file_any_more() {
    let house = occupied();
    let before = house.tree();
    house.run(WITHIN).exits(0);
    let good = fs::read_to_string(house.at("house.yaml")).expect("a house");
    house.instance("nodes: [");
    sleep(OVER);
    house.instance(&good);
    comes_back(&house, &before);
}

#[test]
fn the_watchdog_waits_for_a_run_that_holds_the_lock() {
    let house = occupied();
    let before = house.tree();
    house.run(WITHIN).exits(0);
    let lock = fs::OpenOptions::new()
        .write(true)
        .open(house.at("root/.sanctum/lock"))
        .expect("the lock is there");
    flock(&lock, FlockOperation::LockExclusive).expect("nobody holds it");
    // Longer than the deadline and than any verb waits for the lock.
    sleep(Duration::from_secs(10) + Duration::from_secs(7));
    drop(lock);
    comes_back(&house, &before);
}

/// Ends the watchdog of this house, found by its arguments, so that no test leaves a process behind.
fn end_watchdog(house: &House) {
    let root = house.at("root");
    let root = root.to_str().expect("a path in UTF-8").as_bytes();
    let processes =
        fs::read_dir("/proc").expect("Linux").filter_map(|entry| Some(entry.ok()?.path()));
    let ours = processes.filter(|process| is_watchdog(process, root));
    let found: Vec<i32> =
        ours.filter_map(|process| process.file_name()?.to_str()?.parse().ok()).collect();
    assert_eq!(found.len(), 1, "one watchdog was started");
    for pid in found.into_iter().filter_map(rustix::process::Pid::from_raw) {
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it is ours");
    }
}

fn is_watchdog(process: &Path, root: &[u8]) -> bool {
    let words = fs::read(process.join("cmdline")).unwrap_or_default();
    let mut words = words.split(|byte| *byte == 0);
    words.clone().any(|word| word == b"--watch") && words.any(|word| word == root)
}
