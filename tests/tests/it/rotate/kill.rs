//! kill -9 of the real binary at every rename (each save of a record, each write of a store) and at every answer of the
//! provider: each place has a valid key at once, the next run ends it, and no key lives that nobody knows.

use super::bed::{Bed, CASES, Case, over};
use crate::cli::program::sanctum;
use crate::rotation::stand_in::Contract;
use std::collections::BTreeSet;
use std::process::Stdio;

/// How a file gets into its place.
const RENAMES: &str = "rename,renameat,renameat2";
/// How an answer of the provider is read: what was asked for has happened by then, and nobody knows.
const ANSWERS: &str = "recvfrom";

/// Starts a rotation and kills it at the entry of that call; whether it was killed.
fn killed(bed: &Bed, calls: &str, number: usize) -> bool {
    let strace = sanctum_tests::tool("strace");
    let status = bed
        .house
        .command(&strace)
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}"), "-e"])
        .arg(format!("inject={calls}:signal=SIGKILL:when={number}"))
        .arg(sanctum())
        .args(bed.house.arguments(&["rotate", "router", "--yes", "--wait", "5"]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("strace starts");
    status.code() != Some(0)
}

fn holds(bed: &Bed, case: Case, at: &str) {
    let held = bed.held();
    let account = bed.provider.account();
    // A roll takes the old value away before anybody has the new one: declared, and only until the next run.
    let rolls = case.more.contains("destructive");
    for value in held.iter().filter(|_| !rolls) {
        assert!(value == "new" || account.is_valid(value), "{at}: a place has a dead key");
    }
}

fn ends(bed: &Bed, at: &str) {
    bed.see_out();
    let held = bed.held();
    let account = bed.provider.account();
    for value in &held {
        assert!(account.is_valid(value), "{at}: a place has a dead key");
        assert_eq!(value, &held[0], "{at}: the places differ");
    }
    let known: BTreeSet<String> = bed
        .records()
        .iter()
        .filter(|(_, record)| over(record))
        .filter_map(|(_, record)| record["adopted"].as_str().map(str::to_owned))
        .collect();
    for key in account.alive() {
        let theirs = bed.before.iter().any(|before| before.id == key.id);
        assert!(theirs || known.contains(&key.id), "{at}: nobody knows {}", key.name);
        let somebody_elses = bed.before.iter().skip(1).any(|before| before.id == key.id);
        let used = somebody_elses || held.contains(&key.value);
        assert!(used, "{at}: {} lives and nobody uses it", key.name);
    }
}

fn sweep(case: Case, calls: &str, step: usize) {
    let mut kills = 0;
    for number in (1..400).step_by(step) {
        let bed = Bed::new(case);
        let at = format!("{:?} killed at {calls} {number}", case.contract);
        if !killed(&bed, calls, number) {
            break;
        }
        kills += 1;
        holds(&bed, case, &at);
        ends(&bed, &at);
    }
    assert!(kills * step > 3, "{kills} kills of {case:?} at {calls}");
}

/// Every point of one kind, and some of each other: what differs between them is the provider's own tests' matter. The
/// soak below takes every point of all.
fn step(case: Case, few: usize) -> usize {
    if case.contract == Contract::Openrouter { 1 } else { few }
}

#[test]
fn a_kill_at_a_write_loses_no_key() {
    let _strace = sanctum_tests::need!("strace");
    for case in CASES {
        sweep(case, RENAMES, step(case, 7));
    }
}

#[test]
fn a_kill_before_an_answer_is_read_loses_no_key() {
    let _strace = sanctum_tests::need!("strace");
    for case in CASES {
        sweep(case, ANSWERS, step(case, 5));
    }
}

#[test]
#[ignore = "a soak; its command is in docs/testing.md"]
fn a_rotation_of_any_kind_may_die_anywhere() {
    let _strace = sanctum_tests::need!("strace");
    for calls in [RENAMES, ANSWERS] {
        for case in CASES {
            sweep(case, calls, 1);
        }
    }
}
