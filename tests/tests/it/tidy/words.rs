//! Words that do not land: leftovers in code, and places that a clone does not have.
//!
//! The words are joined from halves here, so that this file is judged by its own law.

use super::assert_clean;
use super::repository::{self, SourceFile};

/// Leftovers of work in progress, and lint switches that give no reason. Looked for in code only: prose
/// may speak of them.
const LEFTOVERS: &[&str] = &[
    concat!("dbg", "!"),
    concat!("todo", "!"),
    concat!("unimplemented", "!"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
    concat!("#[al", "low"),
    concat!("#![al", "low"),
];

/// Hosts of package registries (each client is set up where it runs; a name here would only age), and
/// folders of one machine.
const PLACES: &[&str] = &[
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("deb.", "debian.org"),
    concat!("npm", "js."),
    concat!("proxy.", "golang"),
    concat!("../", "shared"),
    concat!("/work/", "shared"),
    concat!("/work/", "."),
];

/// The lock file is cargo's; it writes the registry's address itself.
const WRITTEN_BY_TOOLS: &[&str] = &["Cargo.lock"];

/// The word stands alone: no letter, digit or underscore touches it where it begins and ends with one.
fn stands_alone(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        let opens = !word.starts_with(is_part) || !before.is_some_and(is_part);
        let closes = !word.ends_with(is_part) || !after.is_some_and(is_part);
        opens && (closes || word.starts_with('#'))
    })
}

fn judge(files: &[SourceFile]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| !WRITTEN_BY_TOOLS.contains(&file.path.as_str())) {
        for (line, number) in file.text.lines().zip(1..) {
            let leftovers =
                LEFTOVERS.iter().filter(|word| file.is_code() && stands_alone(line, word));
            let places = PLACES.iter().filter(|place| line.contains(*place));
            for word in leftovers.chain(places) {
                findings.push(format!("{}:{number}: `{word}` does not land", file.path));
            }
        }
    }
    findings
}

#[test]
fn repository_has_no_forbidden_word() {
    assert_clean(&judge(&repository::files()));
}

#[test]
fn planted_words_are_found() {
    for word in LEFTOVERS {
        for line in [(*word).to_owned(), format!("x {word}(1)"), format!("{word}]")] {
            assert_eq!(judge(&[SourceFile::new("a.rs", &line)]).len(), 1, "{line}");
            let prose = SourceFile::new("a.md", &format!("Never {line}"));
            assert_eq!(judge(&[prose]).len(), 0, "{line} in prose");
        }
    }
    for place in PLACES {
        let line = format!("see {place}/x");
        assert_eq!(judge(&[SourceFile::new("docs/a.md", &line)]).len(), 1, "{line}");
        assert_eq!(judge(&[SourceFile::new("Cargo.lock", &line)]).len(), 0, "{line}");
    }
}

#[test]
fn like_words_are_no_finding() {
    for line in
        [concat!("mktemp /tmp/a.XX", "XXXX"), "dbg_macro = \"deny\"", "#[expect(x)]", "allow(x)"]
    {
        assert_clean(&judge(&[SourceFile::new("a.rs", line)]));
    }
    assert_eq!(judge(&[SourceFile::new("run", concat!("#!/bin/sh\n# FIX", "ME later"))]).len(), 1);
}
