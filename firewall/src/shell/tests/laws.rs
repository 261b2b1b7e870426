//! Laws: noise never makes a verdict milder, and a verdict is a function of the report.

use super::{Decision, decided};
use crate::shell::expand::single_quoted;
use proptest::prelude::*;

const CASES: &str = include_str!("../../../tests-data/shell/cases.txt");

fn commands() -> Vec<String> {
    CASES
        .lines()
        .filter(|l| !l.starts_with('#') && !l.is_empty())
        .filter_map(|l| l.splitn(3, '\t').nth(2))
        .map(super::unescaped)
        // A document's end must stand alone on its line.
        .filter(|c| !c.contains("<<") && !c.trim_end().ends_with('\\') && !c.contains(" #"))
        .collect()
}

/// Ways to write the same command with something around it.
fn noisy(command: &str, kind: usize) -> String {
    match kind {
        0 => format!("true; {command}"),
        1 => format!("{command}\ntrue"),
        2 => format!("{command} # a comment"),
        3 => format!("  {command}  "),
        4 => format!("( {command}\n)"),
        5 => format!("{{ {command}\n}}"),
        6 => format!("bash -c {}", single_quoted(command)),
        7 => format!("eval {}", single_quoted(command)),
        8 => format!("if true; then {command}\nfi"),
        9 => format!("for i in 1; do {command}\ndone"),
        10 => format!("true && {{ {command}\n}}"),
        11 => format!("sudo env SANCTUM_NOISE=1 sh -c {}", single_quoted(command)),
        12 => format!("f() {{ {command}\n}}; f"),
        13 => format!("sh <<'SANCTUM_END'\n{command}\nSANCTUM_END"),
        14 => format!("x=$( {command}\n)"),
        15 => format!("timeout 5 nice -n 3 bash -c {}", single_quoted(command)),
        _ => format!("printf '%s\\n' {} | sh", single_quoted(command)),
    }
}

/// Every case with some kinds of noise; over 17 kinds and 900 cases all would take minutes in a debug build.
fn milder(kinds: impl Fn(usize) -> Vec<usize>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (nth, command) in commands().into_iter().enumerate() {
        let judgement = super::judged(&command);
        for kind in kinds(nth) {
            // What is captured is not shown.
            let shows = matches!(judgement.effect, Some(crate::shell::Effect::Shows { .. }));
            // The parser of the grammar does not know `case` inside `$( )`, which is then asked.
            if kind == 14 && (shows || command.contains("case ")) {
                continue;
            }
            let noisy = noisy(&command, kind);
            let got = decided(&noisy);
            if got < judgement.decision {
                wrong.push(format!("{:?} became {got:?}: {noisy:?}", judgement.decision));
            }
        }
    }
    wrong
}

#[test]
fn noise_never_makes_a_verdict_milder() {
    let wrong = milder(|nth| vec![nth % 17, (nth * 5 + 3) % 17]);
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// `cargo test -p sanctum-firewall --lib shell::tests::laws::every_noise -- --ignored`.
#[test]
#[ignore = "takes minutes"]
fn every_noise_around_every_case() {
    let wrong = milder(|_| (0..17).collect());
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// `cargo test -p sanctum-firewall --lib shell::tests::laws::every_word -- --ignored`.
#[test]
#[ignore = "takes minutes"]
fn every_word_of_every_case_in_every_quotes() {
    let mut wrong = Vec::new();
    for command in simple(&commands()) {
        let before = decided(command);
        for other in
            (0..8).flat_map(|nth| (0..6).filter_map(move |how| quoted_word(command, nth, how)))
        {
            if decided(&other) < before {
                wrong.push(format!("{command:?} as {other:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Inside quotes or an inner text a quote is another character.
fn simple(all: &[String]) -> Vec<&String> {
    all.iter().filter(|c| !c.contains(['\'', '"', '`', '$', '{', '\\', '\n'])).collect()
}

/// Puts one of the plain words into quotes, or breaks it by a pair of quotes or a backslash.
fn quoted_word(command: &str, nth: usize, how: usize) -> Option<String> {
    let words: Vec<&str> = command.split(' ').collect();
    let plain = |w: &str| {
        w.len() > 1
            && w.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '-' | '_'))
    };
    let places: Vec<usize> = words
        .iter()
        .enumerate()
        .filter(|(i, w)| plain(w) && (*i > 0 || !KEYWORDS.contains(w)))
        .map(|(i, _)| i)
        .collect();
    let at = *places.get(nth % places.len().max(1))?;
    let word = words[at];
    if KEYWORDS.contains(&word) {
        return None;
    }
    let (head, tail) = word.split_at(word.len() / 2);
    let changed = match how {
        0 => format!("'{word}'"),
        1 => format!("\"{word}\""),
        2 => format!("{head}''{tail}"),
        3 => format!("{head}\\{tail}"),
        4 => format!("{head}$@{tail}"),
        _ => format!("{head}${{SANCTUM_UNSET:-}}{tail}"),
    };
    let mut all: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
    all[at] = changed;
    Some(all.join(" "))
}

const KEYWORDS: [&str; 20] = [
    "if", "then", "else", "elif", "fi", "for", "in", "do", "done", "while", "until", "case",
    "esac", "function", "time", "select", "coproc", "alias", "declare", "export",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn quoting_a_word_never_makes_a_verdict_milder(which in 0_usize..10_000, nth in 0_usize..8, how in 0_usize..6) {
        let all = commands();
        let simple = simple(&all);
        let command = simple[which % simple.len()];
        if let Some(other) = quoted_word(command, nth, how) {
            prop_assert!(decided(&other) >= decided(command), "{command:?} as {other:?}");
        }
    }

    #[test]
    fn more_commands_never_make_a_verdict_milder(a in 0_usize..10_000, b in 0_usize..10_000) {
        let all = commands();
        let (a, b) = (&all[a % all.len()], &all[b % all.len()]);
        // What ends the shell keeps the second from running.
        if !a.contains("exit") && !a.contains("exec") && !a.contains("set -n") && !a.contains("noexec") {
            let both = decided(&format!("{a}\n{b}"));
            prop_assert!(both >= decided(a), "{a:?} then {b:?}");
        }
    }

    #[test]
    fn any_text_has_a_verdict(text in "\\PC{0,80}") {
        let _ = decided(&text);
    }

    #[test]
    fn any_shell_like_text_has_a_verdict(text in "([a-z /~.$(){}\\[\\]<>|&;'\"`\\\\*?!#=:,\n-]|rm|cat|<<|\\$\\(|if |do |case |esac){0,60}") {
        let _ = decided(&text);
    }
}

#[test]
fn what_is_underived_is_at_least_asked() {
    for command in [
        "$(cat f)",
        "$(cat f) x",
        "eval \"$X\"",
        "bash -c \"$X\"",
        "rm -rf \"$X\"",
        "case",
        "\"",
        "for",
        "cat <<EOF\n$(",
    ] {
        assert!(decided(command) >= Decision::Ask, "{command:?}");
    }
}
