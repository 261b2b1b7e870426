//! Every place where a run can die, tried one by one.
#![expect(clippy::disallowed_methods, reason = "the real binary is started under strace")]

use crate::cli::program::{House, sanctum};
use crate::cli::tree::Tree;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// System calls that change a disk or decide who may. Opening is not among them: what it leaves (an empty
/// temporary file) is there when the next write is entered.
const CALLS: &str = "write,pwrite64,writev,rename,renameat,renameat2,fsync,fdatasync,mkdir,mkdirat,\
    unlink,unlinkat,rmdir,link,linkat,symlinkat,ftruncate,fchmod,fchmodat,fchown,fchownat,flock";
/// The machine of the continuous tests has two cores.
const THREADS: usize = 2;
const SIGKILL: i32 = 9;

/// What is run after a death.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    /// The same verb; it must succeed and leave what a whole run leaves.
    Again,
    /// The same verb; where the dead run had in truth ended, there is nothing left to do.
    Finish,
    /// Rollback of what the dead run began, if it began anything; the tree before must be there.
    TakeBack,
    /// Apply; what the instance wants must be there.
    Apply,
}

/// Which node of which house.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) instance: fn() -> String,
    pub(super) node: Option<&'static str>,
}

/// One verb on one prepared house, and the two ways on from a death.
pub(super) struct Case {
    pub(super) prepare: fn(Start) -> House,
    pub(super) start: Start,
    pub(super) verb: &'static [&'static str],
    pub(super) next: [Next; 2],
}

/// The trees that may be there in the end, and how many receipts there were at first.
struct Expected {
    before: Tree,
    after: Tree,
    wanted: Tree,
    receipts: usize,
}

/// Kills at every place, and goes each of the two ways on by turns.
pub(super) fn sweep(case: &Case) {
    let seed = (case.prepare)(case.start);
    let expected = expect(case, &seed);
    let places = places(case, &seed.twin());
    assert!(places.len() > 30, "only {} places to die: strace saw nothing", places.len());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some((call, nth)) = places.get(number) else { break };
                    die(case, &seed.twin(), (call, *nth), case.next[number % 2], &expected);
                }
            });
        }
    });
}

fn expect(case: &Case, seed: &House) -> Expected {
    let (ran, wants) = (seed.twin(), seed.twin());
    ran.run(case.verb).exits(0);
    wants.run(super::APPLY).exits(0);
    let (before, after) = (seed.tree(), ran.tree());
    assert_ne!(before, after, "the verb does something");
    Expected { before, after, wanted: wants.tree(), receipts: seed.receipts().len() }
}

/// Every system call of a whole run, with its number among those of its name.
fn places(case: &Case, house: &House) -> Vec<(String, usize)> {
    let log = house.at("strace.log");
    let output = house
        .command(&sanctum_tests::tool("strace"))
        .args(["-f", "-qq", "-e", &format!("trace={CALLS}"), "-o"])
        .arg(&log)
        .arg(sanctum())
        .args(house.arguments(case.verb))
        .output()
        .expect("strace starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut counts = BTreeMap::<String, usize>::new();
    let log = fs::read_to_string(log).expect("a log");
    log.lines()
        .filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('('))
        .map(|(call, _)| {
            let count = counts.entry(call.to_owned()).or_default();
            *count += 1;
            (call.to_owned(), *count)
        })
        .collect()
}

fn die(case: &Case, house: &House, (call, nth): (&str, usize), next: Next, expected: &Expected) {
    let at = format!("{:?} died at {call} number {nth}, then {next:?}", case.verb);
    let status = house
        .command(&sanctum_tests::tool("strace"))
        .args(["-f", "-qq", "-o", "/dev/null"])
        .args(["-e", &format!("trace={call}"), "-e"])
        .arg(format!("inject={call}:signal=SIGKILL:when={nth}"))
        .arg(sanctum())
        .args(house.arguments(case.verb))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("strace starts");
    assert_eq!(status.signal(), Some(SIGKILL), "{at}: it lived on");
    let audit = |code| {
        let root = house.at("root");
        let root = root.to_str().expect("a path in UTF-8");
        house.bare(&["audit", "verify", "--root", root]).exits(code)
    };
    // Before its first word in there, a run may have died at making the journal, which the next writer finishes.
    let told = house.at("root/.sanctum/begun.json").exists() || !matches!(next, Next::TakeBack);
    if house.receipts().last().is_some_and(|(_, is)| is == "interrupted") {
        assert!(audit(3).stdout.contains("never ended"), "{at}");
    }
    let tree = match next {
        Next::Again => {
            house.run(case.verb).exits(0);
            &expected.after
        }
        Next::Finish => {
            let ended = house.tree() == expected.after
                && house.receipts().last().is_some_and(|(_, status)| status == "rolled-back");
            if !ended {
                house.run(case.verb).exits(0);
            }
            &expected.after
        }
        Next::Apply => {
            house.run(super::APPLY).exits(0);
            &expected.wanted
        }
        Next::TakeBack => {
            take_back(house, expected.receipts);
            &expected.before
        }
    };
    assert_eq!(house.tree(), *tree, "{at}");
    if matches!(next, Next::Apply) || (matches!(next, Next::Again) && *tree == expected.wanted) {
        house.run(&["plan"]).exits(0);
    }
    // Where the run died after its work was whole, nothing is taken back, and its operation is ended all the same.
    if told {
        house.run(&["recover"]).exits(0);
        audit(0);
    }
}

/// Takes the newest receipt back, unless the dead run had not made one yet.
pub(super) fn take_back(house: &House, receipts_before: usize) {
    if house.receipts().len() > receipts_before {
        house.run(super::ROLLBACK).exits(0);
        assert!(house.receipts().iter().skip(receipts_before).all(|(_, is)| is == "rolled-back"));
    }
}
