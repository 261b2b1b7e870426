//! `kill -9` of the real binary: wherever it dies, the next run either finishes the work or takes it back.
//!
//! strace delivers the signal at the entry of the chosen system call, so that the process dies between any
//! two changes of the disk. The next verb must then bring the root to exactly one of two trees: the one before,
//! or the one that a run that nobody killed leaves. Deliberately absent: losing power, which would need a
//! disk that forgets; the order of fsync and rename is what this can show of it.
#![expect(clippy::disallowed_methods, reason = "the real binary is started and killed")]

mod sweep;

use crate::cli::program::{House, SMALL, sanctum};
use crate::cli::tree::Tree;
use std::process::Stdio;
use std::time::{Duration, Instant};
use sweep::{Case, Next, Start, sweep};

/// The proof that follows an apply starts other programs and changes nothing.
const APPLY: &[&str] = &["apply", "--yes", "--quiet", "--json", "--no-prove"];
const ROLLBACK: &[&str] = &["rollback", "--yes", "--quiet", "--json"];
const UNINSTALL: &[&str] = &["uninstall", "--yes", "--quiet", "--json"];

/// A Linux box with one supervised service: few files, and yet accounts, directories, units, the packet filter
/// and the SSH server.
const DEN: Start = Start { instance: den, node: Some("den") };
/// The hub of the smallest house, which has three times as many places to die.
const HUB: Start = Start { instance: || SMALL.to_owned(), node: None };

fn den() -> String {
    let text = SMALL
        .replace(
            "  hub: {type: hub}\n",
            "  hub: {type: hub}\n  den: {type: satellite, os: linux}\n",
        )
        .replace("node: hub", "node: den");
    assert!(text.contains("satellite") && text.contains("node: den"));
    text
}

fn fresh(start: Start) -> House {
    House::of(&(start.instance)(), start.node)
}

/// Files that somebody else had there first, with modes that are not ours.
fn inhabited(start: Start) -> House {
    let house = fresh(start);
    house.put("etc/ssh/sshd_config.d/00-sanctum.conf", "# the owner's own\n", 0o600);
    for place in ["etc/pf.anchors/sanctum", "etc/nftables.d/sanctum.nft"] {
        house.put(place, "# theirs\n", 0o640);
    }
    house.put("etc/pf.anchors/other", "block all\n", 0o644);
    house
}

/// Another port and another owner: rules, drop-in and approved instance change.
fn before_a_change(start: Start) -> House {
    let house = inhabited(start);
    house.run(APPLY).exits(0);
    let text = (start.instance)();
    let changed = text.replace("[1111]", "[1111, 2222]").replace("operator", "keeper");
    assert_ne!(text, changed);
    house.instance(&changed);
    house
}

fn after_a_change(start: Start) -> House {
    let house = before_a_change(start);
    house.run(APPLY).exits(0);
    house
}

const fn fresh_apply(start: Start) -> Case {
    Case { prepare: fresh, start, verb: APPLY, next: [Next::Again, Next::TakeBack] }
}

const fn apply_over_others(start: Start) -> Case {
    Case { prepare: inhabited, start, verb: APPLY, next: [Next::Again, Next::TakeBack] }
}

const fn changing_apply(start: Start) -> Case {
    Case { prepare: before_a_change, start, verb: APPLY, next: [Next::Again, Next::TakeBack] }
}

const fn rollback(start: Start) -> Case {
    Case { prepare: after_a_change, start, verb: ROLLBACK, next: [Next::Finish, Next::Apply] }
}

const fn uninstall(start: Start) -> Case {
    Case { prepare: after_a_change, start, verb: UNINSTALL, next: [Next::Again, Next::Apply] }
}

#[test]
fn an_apply_that_dies_at_any_write_is_finished_or_taken_back() {
    let _strace = sanctum_tests::need!("strace");
    sweep(&fresh_apply(DEN));
}

#[test]
fn an_apply_over_files_of_others_that_dies_is_finished_or_taken_back() {
    let _strace = sanctum_tests::need!("strace");
    sweep(&apply_over_others(DEN));
}

#[test]
fn an_apply_of_a_change_that_dies_is_finished_or_taken_back() {
    let _strace = sanctum_tests::need!("strace");
    sweep(&changing_apply(DEN));
}

#[test]
fn a_rollback_that_dies_is_finished_or_followed_by_an_apply() {
    let _strace = sanctum_tests::need!("strace");
    sweep(&rollback(DEN));
}

#[test]
fn an_uninstall_that_dies_is_finished_or_followed_by_an_apply() {
    let _strace = sanctum_tests::need!("strace");
    sweep(&uninstall(DEN));
}

/// Minutes of work that the five above do in small: `cargo test -p sanctum-tests --test it kill -- --ignored`.
#[test]
#[ignore = "a soak; its command is in docs/testing.md"]
fn every_verb_on_the_hub_may_die_anywhere() {
    let _strace = sanctum_tests::need!("strace");
    for case in [fresh_apply, apply_over_others, changing_apply, rollback, uninstall] {
        sweep(&case(HUB));
    }
}

/// How often an apply is killed at a moment that nobody chose.
const MOMENTS: usize = 200;
/// Where the clock decides, a run may end before it is killed; more than this is a test that kills nothing.
const TRIES: usize = 1000;

#[test]
fn an_apply_that_dies_at_any_moment_is_finished_or_taken_back() {
    let seed = inhabited(DEN);
    let before = seed.tree();
    let whole = (0..5).map(|_| duration(&seed.twin())).min().expect("five runs");
    seed.run(APPLY).exits(0);
    let after = seed.tree();
    let mut died = 0;
    for attempt in 1..=TRIES {
        let house = inhabited(DEN);
        // Multiples of the golden ratio fall evenly over the run; where exactly is up to the machine.
        let wait = whole.mul_f64((attempt as f64 * 0.618_033_988_75).fract());
        if !is_killed_after(&house, wait) {
            continue;
        }
        died += 1;
        if died % 2 == 0 {
            house.run(APPLY).exits(0);
            assert_eq!(house.tree(), after, "killed after {wait:?}");
            house.run(&["plan"]).exits(0);
        } else {
            sweep::take_back(&house, 0);
            assert_eq!(house.tree(), before, "killed after {wait:?}");
        }
        if died == MOMENTS {
            return;
        }
    }
    panic!("only {died} of {TRIES} were killed before they ended");
}

fn duration(house: &House) -> Duration {
    let began = Instant::now();
    house.run(APPLY).exits(0);
    began.elapsed()
}

/// Whether the process died by our hand; otherwise it was faster.
fn is_killed_after(house: &House, wait: Duration) -> bool {
    let mut command = house.command(sanctum());
    command.args(house.arguments(APPLY)).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("sanctum starts");
    std::thread::sleep(wait);
    child.kill().expect("a child of ours");
    child.wait().expect("it ends").code().is_none()
}

/// What is compared is not the same for everything.
#[test]
fn trees_that_differ_are_told_apart() {
    let (a, b) = (inhabited(DEN), inhabited(DEN));
    assert_eq!(a.tree(), b.tree());
    b.put("etc/pf.anchors/other", "block all\n", 0o600);
    assert_ne!(a.tree(), b.tree(), "modes count");
    let tree: Tree = a.tree();
    a.put("etc/.x.sanctum-new", "", 0o600);
    assert_ne!(a.tree(), tree, "leftovers count");
}
