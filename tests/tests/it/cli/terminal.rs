//! A terminal and its absence: colour, questions, answers. script(1) lends the terminal.

use super::program::{House, Ran, SMALL, sanctum};
use std::io::Write as _;
use std::process::Stdio;

const ESCAPE: char = '\u{1b}';

/// Runs a verb on a terminal of its own that says `typed`, with more environment.
pub(super) fn on_a_terminal(
    house: &House,
    verb: &[&str],
    typed: &str,
    environment: &[(&str, &str)],
) -> Ran {
    let script = sanctum_tests::tool("script");
    let line = format!("{} {}", sanctum().display(), house.arguments(verb).join(" "));
    let mut command = house.command(&script);
    command.env("TERM", "xterm").envs(environment.iter().copied());
    command.args(["-q", "-e", "-c", &line, "/dev/null"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("script starts");
    let mut keyboard = child.stdin.take().expect("a pipe");
    keyboard.write_all(typed.as_bytes()).expect("it listens");
    let output = child.wait_with_output().expect("it ends");
    drop(keyboard);
    Ran::of(&output)
}

#[test]
fn colour_is_for_terminals() {
    let house = House::new(SMALL);
    let coloured = |ran: Ran| ran.exits(3).stdout.contains(ESCAPE);
    assert!(coloured(on_a_terminal(&house, &["plan"], "", &[])));
    assert!(!coloured(on_a_terminal(&house, &["plan"], "", &[("NO_COLOR", "1")])));
    assert!(!coloured(on_a_terminal(&house, &["plan"], "", &[("TERM", "dumb")])));
    assert!(!coloured(house.run(&["plan"])));
    let ran = house.run(&["apply"]).exits(4);
    assert!(!ran.stderr.contains(ESCAPE), "{ran:?}");
}

#[test]
fn without_a_terminal_there_is_nobody_to_ask() {
    let house = House::new(SMALL);
    let before = house.tree();
    house
        .run(&["apply"])
        .exits(4)
        .says("hint: look at the plan first (`sanctum plan`), then say --yes");
    assert_eq!(house.tree(), before);
    house.run(&["apply", "--yes"]).exits(0);
    let applied = house.tree();
    house.run(&["rollback"]).exits(4).says("no terminal");
    house.run(&["uninstall"]).exits(4).says("no terminal");
    assert_eq!(house.tree(), applied);
}

#[test]
fn only_a_yes_is_a_yes() {
    let house = House::new(SMALL);
    let before = house.tree();
    for answer in ["\n", "n\n", "yess\n", "\u{4}"] {
        let ran = on_a_terminal(&house, &["apply"], answer, &[]).exits(4);
        assert!(ran.stdout.contains("Apply this? [y/N]"), "{answer:?}: {ran:?}");
        assert_eq!(house.tree(), before, "{answer:?}");
    }
    on_a_terminal(&house, &["apply"], "y\n", &[]).exits(0);
    assert_ne!(house.tree(), before);
    on_a_terminal(&house, &["rollback"], "yes\n", &[]).exits(0);
    assert_eq!(house.tree(), before);
}
