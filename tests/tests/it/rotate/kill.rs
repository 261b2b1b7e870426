//! kill -9 of the real binary at every transition of a rotation's record, of every kind and to the end of the old key:
//! each place has a valid key at once, the next runs end it, and no key lives that nobody knows.
//!
//! A first walk notes each call of each run; then every run is begun anew from the moment before it and killed at one of
//! them. A save is killed twice: before its rename, and when it is done and nothing else is.
#![expect(clippy::disallowed_methods, reason = "the real binary is started and killed")]

use super::bed::{ANTHROPIC, Bed, CASES, COMMAND, Case, MANUAL, Moment, QUESTION};
use super::laws::{ends_well, holds};
use crate::cli::program::sanctum;
use std::fs;
use std::process::{Command, Stdio};

/// How a file gets into its place, and what makes that durable; how an answer of the provider is read: what was asked
/// for has happened by then, and nobody knows.
pub(super) const CALLS: [&str; 3] = [RENAME, "fsync", ANSWER];
const RENAME: &str = "renameat";
const ANSWER: &str = "recvfrom";
/// A request of a program, which kills who asked once it was done.
const REQUEST: &str = "a request of the program";

/// Where a run is killed: at the entry of a call, by its number among those of its name.
#[derive(Clone, Debug)]
struct Point {
    call: &'static str,
    number: usize,
    /// The call as it was seen.
    seen: String,
}

impl Point {
    /// The rename of a save, or the sync after it.
    fn is_transition(&self) -> bool {
        let is_there = self.seen.contains("/.sanctum/rotations>");
        is_there && (self.call == "fsync" || self.seen.contains(".json\""))
    }

    /// Everything else that leaves something behind.
    fn is_effect(&self) -> bool {
        [RENAME, ANSWER, REQUEST].contains(&self.call)
    }
}

/// A run of the walk.
struct Leg {
    before: Moment,
    verb: Vec<&'static str>,
    points: Vec<Point>,
}

/// The verb under strace, with a person where one is needed.
pub(super) fn traced(bed: &Bed, verb: &[&str], more: &[&str]) -> String {
    let strace = sanctum_tests::tool("strace");
    let trace = bed.house.at("trace");
    let pasted = bed.pasted().unwrap_or_default();
    let mut command = match pasted.as_str() {
        "" => bed.house.command(&strace),
        pasted => {
            let mut typist: Command = bed.house.at_terminal(&[(QUESTION, pasted); 5]);
            typist.arg(&strace);
            typist
        }
    };
    command.args(["-f", "-qq", "-y", "-o"]).arg(&trace);
    command.args(["-e", &format!("trace={}", CALLS.join(","))]).args(more);
    command.arg(sanctum()).args(bed.house.arguments(verb));
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("strace starts");
    fs::read_to_string(&trace).expect("what strace saw")
}

/// The calls of the program itself, not of what it starts.
fn points(seen: &str) -> Vec<Point> {
    let mut counts = [0; CALLS.len()];
    let mut points = Vec::new();
    let own = seen.split_ascii_whitespace().next().unwrap_or_default();
    for line in seen.lines() {
        let Some((own_again, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        let is = |call: &&str| rest.strip_prefix(*call).is_some_and(|rest| rest.starts_with('('));
        let Some(at) = CALLS.iter().position(is).filter(|_| own_again == own) else {
            continue;
        };
        counts[at] += 1;
        points.push(Point { call: CALLS[at], number: counts[at], seen: rest.to_owned() });
    }
    points
}

/// The whole way without a kill.
fn walk(bed: &Bed) -> Vec<Leg> {
    let mut legs = Vec::new();
    while legs.is_empty() || bed.open().is_some() {
        assert!(legs.len() < 6, "it never ends: {:?}", bed.records());
        if !legs.is_empty() {
            bed.later();
        }
        let verb = bed.next_verb();
        bed.visits(&verb);
        let before = bed.moment();
        let requests =
            |bed: &Bed| bed.program.as_ref().map_or(0, |one| one.read("log").lines().count());
        let from = requests(bed);
        let mut points = points(&traced(bed, &verb, &[]));
        let asked = from + 1..=requests(bed);
        points.extend(asked.map(|number| Point { call: REQUEST, number, seen: String::new() }));
        legs.push(Leg { before, verb, points });
    }
    legs
}

/// Begins that run anew and kills it there.
fn kill(bed: &Bed, leg: &Leg, point: &Point, at: &str) -> bool {
    bed.back_to(&leg.before);
    let seen = if point.call == REQUEST {
        bed.program.as_ref().expect("a program").put("kill", &point.number.to_string());
        traced(bed, &leg.verb, &[])
    } else {
        let inject = format!("inject={}:signal=SIGKILL:when={}", point.call, point.number);
        traced(bed, &leg.verb, &["-e", &inject])
    };
    let died = seen.contains("+++ killed by SIGKILL +++");
    // How many reads an answer takes is the network's matter.
    assert!(died || point.call == ANSWER, "{at}: it lived");
    died
}

/// Kills at each of the wanted points; how many there were.
fn sweep(case: Case, wanted: fn(&Point) -> bool) -> usize {
    let bed = Bed::new(case);
    let legs = walk(&bed);
    ends_well(&bed, "without a kill");
    let mut kills = 0;
    for leg in &legs {
        for point in leg.points.iter().filter(|point| wanted(point)) {
            let at = format!("{} killed in {:?} at {point:?}", case.kind, leg.verb);
            kills += usize::from(kill(&bed, leg, point, &at));
            holds(&bed, &at);
            bed.see_out();
            ends_well(&bed, &at);
        }
    }
    kills
}

/// Two kills a save, and a roll has fewest stages: each is saved, and five places are marked.
fn transitions(case: Case) {
    let kills = sweep(case, Point::is_transition);
    assert!(kills >= 2 * 10, "{kills} kills of {case:?}");
}

macro_rules! each_kind {
    ($($name:ident: $case:expr,)+) => {
        mod a_kill_at_a_transition_loses_no_key {
            use super::*;
            $(#[test]
            fn $name() {
                let (_strace, _python) = sanctum_tests::need!("strace", "python3");
                transitions($case);
            })+
        }

        mod soak {
            use super::*;
            $(#[test]
            #[ignore = "a soak; its command is in docs/testing.md"]
            fn $name() {
                let (_strace, _python) = sanctum_tests::need!("strace", "python3");
                let kills = sweep($case, Point::is_effect);
                println!("{kills} kills of {}", stringify!($name));
                assert!(kills >= 30, "{kills} kills");
            })+
        }
    };
}

each_kind! {
    openrouter: CASES[0],
    openai: CASES[1],
    aws_iam: CASES[2],
    tailscale: CASES[3],
    cloudflare: CASES[4],
    cloudflare_roll: CASES[5],
    command: COMMAND,
    manual: MANUAL,
    anthropic: ANTHROPIC,
}

/// Of one kind here, of each in the soak.
#[test]
fn a_kill_before_an_answer_is_read_loses_no_key() {
    let _strace = sanctum_tests::need!("strace");
    assert!(sweep(CASES[0], |point| point.call == ANSWER) > 10);
}
