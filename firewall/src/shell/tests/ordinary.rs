//! Command lines of the scripts that this machine's packages ship: ordinary work of administrators.
#![expect(
    clippy::disallowed_methods,
    reason = "reads the scripts of the machine at test time, as the corpus is not copied"
)]

use super::{Context, Decision, NoView, Policy, judge, read};
use std::path::Path;

const PLACES: [&str; 6] = [
    "/usr/bin",
    "/usr/sbin",
    "/etc/init.d",
    "/var/lib/dpkg/info",
    "/usr/share/doc",
    "/usr/lib/git-core",
];

/// Enough for the bar of 2,000 lines, and few enough for a debug build.
const MOST: usize = 6_000;

fn scripts(directory: &Path, depth: usize, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    let mut paths: Vec<_> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if depth > 0 {
                scripts(&path, depth - 1, found);
            }
        } else if let Ok(bytes) = std::fs::read(&path)
            && bytes.starts_with(b"#!")
            && bytes.len() < 200_000
            && let Ok(text) = String::from_utf8(bytes)
            && text.lines().next().is_some_and(|l| l.ends_with("sh") || l.contains("sh "))
        {
            found.push(text);
        }
    }
}

/// Lines that stand for themselves: no part of a compound command, of a quoted text or of a document.
fn lines(script: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut document: Option<String> = None;
    for line in script.lines() {
        let line = line.trim();
        if let Some(end) = &document {
            if line == end {
                document = None;
            }
            continue;
        }
        if let Some((_, mark)) = line.split_once("<<") {
            document = Some(
                mark.trim_matches(|c: char| !c.is_alphanumeric() && c != '_')
                    .split_whitespace()
                    .next()
                    .unwrap_or("")
                    .trim_matches(['\'', '"'])
                    .to_owned(),
            );
            continue;
        }
        let first = line.split_whitespace().next().unwrap_or("");
        let part = [
            "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case",
            "esac", "{", "}", "function", "return", "local", "shift", "break", "continue", "exit",
            "set",
        ]
        .contains(&first);
        let unfinished = line.ends_with(['\\', '|', '{', '(', ';'])
            || line.ends_with("&&")
            || line.ends_with("||")
            || line.matches('"').count() % 2 == 1
            || line.matches('\'').count() % 2 == 1;
        let assignment = line
            .split_once('=')
            .is_some_and(|(name, _)| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
            && !line.contains(' ');
        if line.is_empty()
            || line.starts_with('#')
            || part
            || unfinished
            || assignment
            || line.contains(')') && !line.contains('(')
            || first.starts_with('-')
            || first.ends_with(')')
        {
            continue;
        }
        // A line of a usage text or of another language is no command.
        if crate::shell::parse::program(line).is_ok()
            && !first.starts_with(['"', '\'', '[', '(', '|'])
        {
            out.push(line.to_owned());
        }
    }
    out
}

/// `cargo test -p sanctum-firewall --lib shell::tests::ordinary -- --ignored --nocapture`.
#[test]
#[ignore = "reads the scripts of the machine it runs on"]
fn ordinary_commands_are_let_through() {
    let mut texts = Vec::new();
    for place in PLACES {
        scripts(Path::new(place), usize::from(place.ends_with("doc")) * 3, &mut texts);
    }
    let mut all: Vec<String> = texts.iter().flat_map(|t| lines(t)).collect();
    all.sort_unstable();
    all.dedup();
    let step = (all.len() / MOST).max(1);
    let chosen: Vec<&String> = all.iter().step_by(step).collect();
    let context = Context {
        home: "/home/dev",
        cwd: "/home/dev/project",
        project: "/home/dev/project",
        view: &NoView,
    };
    let (mut blocked, mut asked) = (Vec::new(), Vec::new());
    for line in &chosen {
        let judgement = judge(&read(line, &context), &Policy::default());
        match judgement.decision {
            Decision::Allow => {}
            Decision::Ask => asked.push(format!("{line}   ({})", judgement.reason)),
            Decision::Deny => blocked.push(format!("{line}   ({})", judgement.reason)),
        }
    }
    println!(
        "{} scripts, {} lines, blocked {}, asked {}",
        texts.len(),
        chosen.len(),
        blocked.len(),
        asked.len()
    );
    for line in blocked.iter().chain(asked.iter().take(200)) {
        println!("  {line}");
    }
    assert!(chosen.len() >= 2_000, "only {} lines on this machine", chosen.len());
    assert!(blocked.len() * 200 < chosen.len(), "{} of {} blocked", blocked.len(), chosen.len());
    assert!(asked.len() * 50 <= chosen.len(), "{} of {} asked", asked.len(), chosen.len());
}
