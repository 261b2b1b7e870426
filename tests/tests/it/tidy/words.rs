//! Words that do not land: leftovers in code, and places that a clone does not have.
//!
//! The words are joined from halves here, so that this file is judged by its own law.

use std::collections::BTreeSet;

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

/// Hosts of package registries: each client is set up where it runs; a name here would only age.
const PLACES: &[&str] = &[
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("deb.", "debian.org"),
    concat!("npm", "js."),
    concat!("yarn", "pkg.com"),
    concat!("proxy.", "golang"),
    concat!("sum.", "golang"),
    concat!("ruby", "gems.org"),
    concat!("ana", "conda.org"),
    concat!("formulae.", "brew"),
];

/// Where absolute paths of prose and comments begin: folders that systems have (hier(7), macOS), and those of examples. Any
/// other one is a folder of the machine that somebody worked on.
const ROOTS: &[&str] = &[
    "Applications",
    "Caskroom",
    "Cellar",
    "Library",
    "System",
    "Users",
    "Volumes",
    "a",
    "bin",
    "boot",
    "dev",
    "etc",
    "home",
    "lib",
    "mnt",
    "models",
    "nix",
    "opt",
    "private",
    "proc",
    "root",
    "run",
    "sbin",
    "srv",
    "sys",
    "tmp",
    "usr",
    "var",
];

/// Lock files are cargo's; it writes the registry's address itself.
const WRITTEN_BY_TOOLS: &[&str] = &["Cargo.lock", "tests/tools/vault-client/Cargo.lock"];

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

/// Words of a line that could be paths.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| c.is_whitespace() || "\"'`()[]=:,;|".contains(c))
}

/// A path of this machine, or one that leads out of the checkout or to a folder that it does not have.
fn is_elsewhere(word: &str, file: &str, tops: &BTreeSet<&str>) -> bool {
    if let Some((top, _)) = word.strip_prefix('/').and_then(|rest| rest.split_once('/')) {
        let is_name = top.starts_with(|c: char| c.is_ascii_alphabetic())
            && top.chars().all(|c| c.is_alphanumeric() || "_-".contains(c));
        return is_name && !ROOTS.contains(&top);
    }
    if !word.starts_with("../") {
        return false;
    }
    let mut at: Vec<&str> = file.split('/').collect();
    at.pop();
    for part in word.split('/') {
        match part {
            ".." if at.pop().is_none() => return true,
            ".." | "." | "" => {}
            name => at.push(name),
        }
    }
    at.first().is_some_and(|top| !tops.contains(top.trim_end_matches('.')))
}

fn is_remark(file: &SourceFile, line: &str) -> bool {
    let line = line.trim_start();
    let comment = line.starts_with("//") || line.starts_with('#');
    file.path.ends_with(".md") || (file.is_code() && comment)
}

/// A host's name is the same in capitals.
fn places(text: &str) -> impl Iterator<Item = &'static &'static str> {
    let text = text.to_ascii_lowercase();
    PLACES.iter().filter(move |place| text.contains(*place))
}

fn judge(files: &[SourceFile]) -> Vec<String> {
    let mut findings = Vec::new();
    let tops = files.iter().filter_map(|file| file.path.split('/').next()).collect();
    for file in files.iter().filter(|file| !WRITTEN_BY_TOOLS.contains(&file.path.as_str())) {
        for (line, number) in file.text.lines().zip(1..) {
            let leftovers =
                LEFTOVERS.iter().filter(|word| file.is_code() && stands_alone(line, word));
            let elsewhere = paths(line)
                .filter(|word| is_remark(file, line) && is_elsewhere(word, &file.path, &tops));
            let own = leftovers.chain(places(line)).map(|word| -> &str { word });
            for word in own.chain(elsewhere) {
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

/// What is no text has lines for nobody, and is looked through as it is.
#[test]
fn repository_names_no_registry_in_any_tracked_file() {
    let mut found = Vec::new();
    for path in repository::paths() {
        if WRITTEN_BY_TOOLS.contains(&path.as_str()) {
            continue;
        }
        #[expect(clippy::disallowed_methods, reason = "the laws read the checkout itself")]
        let bytes = std::fs::read(repository::root().join(&path)).expect("a listed file");
        let named = places(&String::from_utf8_lossy(&bytes)).copied().collect::<Vec<_>>();
        found.extend(named.iter().map(|place| format!("{path}: `{place}` does not land")));
    }
    assert_clean(&found);
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
        let capitals = format!("see {}/x", place.to_ascii_uppercase());
        for line in [&line, &capitals] {
            assert_eq!(judge(&[SourceFile::new("docs/a.md", line)]).len(), 1, "{line}");
        }
        assert_eq!(judge(&[SourceFile::new("Cargo.lock", &line)]).len(), 0, "{line}");
    }
}

#[test]
fn paths_that_a_clone_does_not_have_are_found() {
    let judged = |path: &str, text: &str| judge(&[SourceFile::new(path, text)]).len();
    for (path, text) in [
        ("docs/a.md", "see ../../beside/x"),
        ("docs/a.md", "see `../beside`"),
        ("a.md", "(../beside)"),
        ("docs/a.rs", "// as ../../beside/x says"),
        ("a.md", "in /workshop/facts"),
        ("docs/run", "#!/bin/sh\n# in /workshop/facts"),
    ] {
        assert_eq!(judged(path, text), 1, "{path}: {text}");
    }
    for (path, text) in [
        ("docs/a.md", "see [b](../docs/b.md) and /etc/hosts, and/or"),
        ("docs/a.rs", "let x = \"../../beside\";"),
        ("docs/a.rs", "// `/a/b` and https://example.com/x/y"),
    ] {
        assert_eq!(judged(path, text), 0, "{path}: {text}");
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
