//! Help, completions and `docs/cli.md`, which is the help of every verb on one page.
//!
//! `UPDATE_CLI_MD=1` writes the page; without it the page is compared with what the binary says.

use super::program::{House, Ran, SMALL, checkout, sanctum, sanctumd};
use std::fmt::Write as _;
use std::path::Path;

const HEAD: &str = "# Command line\n\nWhat `sanctum --help`, the help of every verb and `sanctumd --help` \
    say. Generated; a test compares this page with the binary, and\n`UPDATE_CLI_MD=1 cargo test -p sanctum-tests --test it \
    pages` writes it anew.\n";

fn help(house: &House, verbs: &[String]) -> String {
    let words = [verbs, &["--help".to_owned()]].concat();
    let ran = house.bare(&words).exits(0);
    assert_eq!(ran.stderr, "", "{verbs:?}");
    ran.stdout
}

/// The daemon's help: it has options and no verbs.
fn daemons_help(house: &House) -> String {
    let output = house.command(sanctumd()).arg("--help").output().expect("sanctumd starts");
    let ran = Ran::of(&output).exits(0);
    assert!(ran.stderr.is_empty() && below(&ran.stdout).is_empty(), "{ran:?}");
    ran.stdout
}

/// The names below `Commands:`, without clap's own `help`.
fn below(help: &str) -> Vec<&str> {
    let commands = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest);
    commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect()
}

/// Every verb with its help, parents first.
fn every(house: &House, verb: &[String]) -> Vec<(Vec<String>, String)> {
    let text = help(house, verb);
    let deeper: Vec<_> = below(&text)
        .into_iter()
        .flat_map(|name| every(house, &[verb, &[name.to_owned()]].concat()))
        .collect();
    [vec![(verb.to_vec(), text)], deeper].concat()
}

#[test]
fn every_verb_has_a_help_with_an_example() {
    let house = House::new(SMALL);
    let verbs = every(&house, &[]);
    assert!(verbs.len() > 15, "{}", verbs.len());
    for (verb, text) in verbs {
        let (_, example) =
            text.split_once("Example:\n").unwrap_or_else(|| panic!("{verb:?}: {text}"));
        let line = format!("sanctum {}", verb.join(" "));
        assert!(example.contains(line.trim_end()), "{verb:?}: {example}");
        assert!(text.contains("\nUsage: sanctum"), "{verb:?}: {text}");
        assert!(!text.contains('\u{1b}'), "{verb:?}: no colour without a terminal");
    }
}

#[test]
fn the_daemons_help_has_examples_that_it_takes() {
    let house = House::new(SMALL);
    let text = daemons_help(&house);
    let (_, examples) = text.split_once("Examples:\n").expect("examples");
    let mut named = 0;
    for line in examples.lines().filter_map(|line| line.trim().strip_prefix("sanctumd ")) {
        // With a word too many each is misuse for that word, and for nothing before it.
        let words = line.split(' ').chain(["--no-such-option"]);
        let output = house.command(sanctumd()).args(words).output().expect("sanctumd starts");
        Ran::of(&output).exits(2).says("'--no-such-option'");
        named += 1;
    }
    assert!(named > 2, "{text}");
}

#[test]
fn the_page_of_the_command_line_is_what_the_binary_says() {
    let house = House::new(SMALL);
    let mut page = HEAD.to_owned();
    for (verb, text) in every(&house, &[]) {
        let name =
            ["sanctum".to_owned()].iter().chain(&verb).cloned().collect::<Vec<_>>().join(" ");
        // A trailing space in the help is nothing that a page should have.
        let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
        write!(page, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n")).expect("text");
    }
    let text = daemons_help(&house);
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    write!(page, "\n## sanctumd\n\n```text\n{}\n```\n", lines.join("\n")).expect("text");
    same_page(&checkout().join("docs/cli.md"), &page);
}

#[expect(clippy::disallowed_methods, reason = "a page of this checkout is compared or written")]
fn same_page(path: &Path, page: &str) {
    if std::env::var_os("UPDATE_CLI_MD").is_some() {
        std::fs::write(path, page).expect("the page is written");
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        there == page,
        "docs/cli.md is old: UPDATE_CLI_MD=1 cargo test -p sanctum-tests --test it pages"
    );
}

#[test]
fn completions_know_the_verbs_and_their_shell_accepts_them() {
    let house = House::new(SMALL);
    for (shell, sign) in
        [("bash", "complete "), ("zsh", "#compdef sanctum"), ("fish", "complete -c sanctum")]
    {
        let script = house.bare(&["completions", shell]).exits(0).stdout;
        assert!(script.contains(sign), "{shell}");
        for word in ["uninstall", "confirm-within", "overwrite-foreign", "decide"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let script = format!(
        "source <({} completions bash) && complete -p sanctum && COMP_WORDS=(sanctum uni) COMP_CWORD=1 \
         && _sanctum sanctum uni sanctum && echo \"${{COMPREPLY[0]}}\"",
        sanctum().display()
    );
    let mut bash = house.command(Path::new("/bin/bash"));
    let output = bash.args(["-c", &script]).output().expect("a shell");
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("\nuninstall\n"), "{output:?}");
}
