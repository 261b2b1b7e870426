//! Hostile sizes and nestings end soon and with a verdict.
#![expect(clippy::disallowed_methods, reason = "measures its own time")]

use super::{Decision, decided};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

/// A debug build on a busy machine; the release build takes a fiftieth of it.
const LIMIT: Duration = Duration::from_secs(10);

fn ends(name: &str, text: &str) -> Decision {
    let start = Instant::now();
    let decision = decided(text);
    assert!(start.elapsed() < LIMIT, "{name} took {:?}", start.elapsed());
    decision
}

#[test]
fn a_mebibyte_is_refused() {
    for unit in ["a", " ", "|", ";", "$(", "\"", "(", "{", "\n", "a=$a$a;", "<<E\n"] {
        let text = unit.repeat(1024 * 1024 / unit.len());
        assert!(ends(unit, &text) >= Decision::Ask, "{unit:?}");
    }
}

#[test]
fn deep_nesting_ends() {
    let pairs = [
        ("(", ")"),
        ("{ ", " ;}"),
        ("$(", ")"),
        ("\"$(", ")\""),
        ("`", "`"),
        ("((", "))"),
        ("$((", "))"),
        ("${x:-", "}"),
        ("[[ ( ", " ) ]]"),
        ("<(", ")"),
        ("if true; then ", " ;fi"),
        ("while true; do ", " ;done"),
        ("case a in a) ", " ;;esac"),
        ("case a in a) ", " ;esac"),
        ("f() { ", " ;}"),
        ("{a,", "}"),
        ("bash -c '", "'"),
        ("eval ", ""),
        ("sudo ", ""),
        ("! ", ""),
        ("\\", ""),
        ("x=", ""),
        ("[", "]"),
        ("until false; do ", " ;done"),
        ("for i in 1 2; do ", " ;done"),
        ("$'", "'"),
        ("!(", ")"),
    ];
    for (open, close) in pairs {
        for depth in [3, 11, 22, 39, 5_000] {
            let text = format!("{}ls{}", open.repeat(depth), close.repeat(depth));
            ends(open, &text);
            ends(open, &open.repeat(depth));
            ends(open, &format!("echo {text} {text}"));
            ends(open, &format!("rm -rf / ; {}", open.repeat(depth)));
        }
    }
}

#[test]
fn many_pipes_and_alternatives_end() {
    ends("pipes", &"ls | ".repeat(100_000));
    ends("pipes that fit", &format!("{} cat", "cat | ".repeat(5_000)));
    ends("alternatives", &format!("echo {}", "{a,b}".repeat(40)));
    ends("doubling", &format!("a=xxxxxxxx; {}", "a=$a$a; ".repeat(200)));
    ends("branches", &"if $x; then a=1; else a=2; fi; echo $a$a$a$a; ".repeat(300));
    ends("recursion", "f() { f; f; }; f");
    ends("bomb", ":(){ :|:& };:");
    // The limit of steps is a reason of its own.
    assert_eq!(
        ends(
            "loops",
            "for a in 1 2 3 4 5 6 7 8 9; do for b in 1 2 3 4 5 6 7 8 9; do for c in 1 2 3 4 5 6 7 8 9; do for d in 1 2 3 4 5 6 7 8 9; do true; done; done; done; done",
        ),
        Decision::Ask
    );
    ends("digits", "echo 99999999999999999999>x");
    ends("sequence", "echo {1..99999999999999999999} {1..9999999}");
    ends("eval", &format!("x='eval \"$x\"'; {}", "eval \"$x\"; ".repeat(50)));
}

#[test]
fn what_is_certain_before_a_mistake_is_still_seen() {
    assert_eq!(decided("rm -rf /\nif"), Decision::Deny);
    assert_eq!(decided("cat ~/.ssh/id_rsa\n)"), Decision::Deny);
}

/// Reads every text of so many of these pieces behind a here-document's operator; brush-parser 0.4.0 never comes back from some.
fn all_are_read<const PIECES: usize>(pieces: [&'static str; PIECES], length: u32) {
    const ENDS: [&str; 4] = ["", " # x", "\n", "\nx\n"];
    let (said, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for number in 0..PIECES.pow(length) {
            let picked: String =
                (0..length).map(|place| pieces[number / PIECES.pow(place) % PIECES]).collect();
            for end in ENDS {
                let text = format!("cat <<{picked}{end}");
                if said.send(text.clone()).is_err() {
                    return;
                }
                // A refusal is as good as a tree.
                let _ = super::super::parse::program(&text);
            }
        }
    });
    let mut last = String::new();
    loop {
        match heard.recv_timeout(LIMIT) {
            Ok(text) => last = text,
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => panic!("{last:?} is read for ever"),
        }
    }
}

#[test]
fn every_short_here_document_is_read_to_its_end() {
    let pieces =
        ["-", " ", "'", "\"", "\\", "\n", "\r", "\u{c}", "`", "a", ";", "#", "$(", "<<", ")"];
    all_are_read(pieces, 4);
}

#[test]
#[ignore = "twenty million texts: with --release a minute"]
fn every_here_document_of_five_pieces_is_read_to_its_end() {
    let pieces = [
        "-", " ", "'", "\"", "\\", "\n", "\r", "\u{c}", "`", "a", ";", "#", "$(", "<<", ")", "${",
        "((", "|", "{", "\t", "=", "$",
    ];
    all_are_read(pieces, 5);
}

#[test]
fn a_here_document_without_a_name_is_asked_about() {
    for text in [
        "cat <<'' # x",
        "<<\u{c} ",
        "cat <<-\"\"",
        "cat << \\\n'' x",
        "(cat <<'')",
        "cat <<$(  - # x",
    ] {
        assert_eq!(decided(text), Decision::Ask, "{text:?}");
    }
    for text in [
        "cat <<'E'\nx\nE\n",
        "echo $((1 << 2))",
        "cat <<-\\E\nx\nE\n",
        "cat <<< ''",
        "cat <<<\"\"",
        "echo $((1<<$n))",
        "echo $((x <<= 2))",
        "cat <<< $(ls)",
        "grep -rn '<<<<<<<' src",
        "cat <<\\E; ls\nx\nE\n",
        "cat <<E | grep $(hostname)\nx\nE\n",
    ] {
        assert_eq!(decided(text), Decision::Allow, "{text:?}");
    }
}
