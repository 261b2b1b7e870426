//! The bars over the corpora of others: how much is blocked, how much is asked.

use super::{Decision, decided, judged, report, unescaped};
use crate::shell::Effect;

const GUARD: &str = include_str!("../../../tests-data/shell/guard.txt");
const INSTALL: &str = include_str!("../../../tests-data/shell/install.txt");

fn guard(expectation: &str) -> Vec<String> {
    GUARD
        .lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split_once('\t'))
        .filter(|(e, _)| *e == expectation)
        .map(|(_, c)| unescaped(c))
        .collect()
}

fn counted(commands: &[String], decision: Decision) -> Vec<&String> {
    commands.iter().filter(|c| decided(c) == decision).collect()
}

#[test]
fn at_least_97_of_100_destructive_commands_are_blocked() {
    let commands = guard("block");
    let missed: Vec<&String> = commands.iter().filter(|c| decided(c) != Decision::Deny).collect();
    assert!(
        missed.len() * 100 <= commands.len() * 3,
        "{} of {}: {missed:#?}",
        missed.len(),
        commands.len()
    );
}

#[test]
fn at_most_1_of_100_harmless_commands_is_blocked_and_5_are_asked() {
    let commands = guard("delegate");
    let blocked: Vec<_> =
        counted(&commands, Decision::Deny).into_iter().map(|c| (c, judged(c).reason)).collect();
    let asked: Vec<_> =
        counted(&commands, Decision::Ask).into_iter().map(|c| (c, judged(c).reason)).collect();
    assert!(
        blocked.len() * 100 <= commands.len(),
        "{} of {}: {blocked:#?}",
        blocked.len(),
        commands.len()
    );
    assert!(
        asked.len() * 20 <= commands.len(),
        "{} of {}: {asked:#?}",
        asked.len(),
        commands.len()
    );
}

fn installs(command: &str) -> Vec<String> {
    report(command)
        .effects
        .into_iter()
        .filter_map(|e| if let Effect::Installs(i) = e { Some(i.packages) } else { None })
        .flatten()
        .collect()
}

#[test]
fn every_spelling_of_an_install_is_seen_and_no_neighbour_is_one() {
    let mut wrong = Vec::new();
    for line in INSTALL.lines().filter(|l| !l.starts_with('#')) {
        let mut cells = line.splitn(3, '\t');
        let (ecosystem, package, command) =
            (cells.next().unwrap(), cells.next().unwrap(), unescaped(cells.next().unwrap()));
        let seen = installs(&command);
        let named = seen.iter().any(|s| s.contains(package));
        let right = if ecosystem == "-" { seen.is_empty() } else { named };
        if !right {
            wrong.push((command, seen));
        }
    }
    assert!(wrong.is_empty(), "{}: {wrong:#?}", wrong.len());
}

/// Tells the rates; `cargo test -p sanctum-firewall --lib shell::tests::corpora::rates -- --ignored --nocapture`.
#[test]
#[ignore = "prints figures"]
fn rates() {
    for expectation in ["block", "delegate", "none"] {
        let commands = guard(expectation);
        for decision in [Decision::Allow, Decision::Ask, Decision::Deny] {
            let these = counted(&commands, decision);
            println!("{expectation}: {decision:?} {} of {}", these.len(), commands.len());
            let odd = matches!(
                (expectation, decision),
                ("block", Decision::Allow | Decision::Ask)
                    | ("delegate", Decision::Deny | Decision::Ask)
                    | ("none", Decision::Allow)
            );
            for command in these.iter().filter(|_| odd) {
                println!("    {:?} {}", command, judged(command).reason);
            }
        }
    }
}
