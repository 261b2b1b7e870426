//! The whole example house as files: `tests/golden/manor/<node>` is what an apply below a root leaves.
//!
//! `UPDATE_GOLDEN=1` writes it anew; the diff is then reviewed like code. `manifest.txt` has what a file cannot
//! show in a repository: modes, owners, accounts and what is loaded. The approved instance is named there only,
//! because its bytes are those of the example.
#![expect(clippy::disallowed_methods, reason = "golden files are read and written")]

use crate::cli::program::{House, MANOR, checkout};
use crate::cli::tree::Tree;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Every node of the example on which something runs.
const NODES: [&str; 3] = ["hub", "vm", "cottage"];
const APPROVED: &str = "etc/sanctum/instance.yaml";

/// Files by their path in the golden folder.
fn rendered(node: &'static str) -> BTreeMap<String, Vec<u8>> {
    let house = House::of(MANOR, Some(node));
    house.run(&["apply", "--yes"]).exits(0);
    house.run(&["plan"]).exits(0);
    let tree = house.tree();
    let mut files = BTreeMap::from([("manifest.txt".to_owned(), manifest(&tree).into_bytes())]);
    for (path, entry) in tree.entries {
        if let Some(bytes) = entry.bytes.filter(|_| path != APPROVED) {
            files.insert(path, bytes);
        }
    }
    files
}

fn manifest(tree: &Tree) -> String {
    let mut text = String::new();
    for (path, entry) in &tree.entries {
        let slash = if entry.bytes.is_none() { "/" } else { "" };
        let same = if path == APPROVED { " (the instance file)" } else { "" };
        writeln!(text, "{:04o} {path}{slash}{same}", entry.mode).expect("text");
    }
    assert_eq!(tree.entries[APPROVED].bytes.as_deref(), Some(MANOR.as_bytes()));
    for line in &tree.ledger {
        // A digest says nothing to a reader, and the file beside it says it all.
        let line = line.split("{\"blob\":").next().unwrap_or(line);
        writeln!(text, "{}", line.trim_end_matches(" from ")).expect("text");
    }
    text
}

fn golden(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let tree = if folder.is_dir() { Tree::of(folder).entries } else { BTreeMap::new() };
    tree.into_iter().filter_map(|(path, entry)| Some((path, entry.bytes?))).collect()
}

fn write(folder: &Path, files: &BTreeMap<String, Vec<u8>>) {
    if folder.is_dir() {
        fs::remove_dir_all(folder).expect("the old golden files go");
    }
    for (path, bytes) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a file has a parent")).expect("a folder");
        fs::write(path, bytes).expect("a golden file");
    }
}

/// What differs, in words.
fn differences(golden: &BTreeMap<String, Vec<u8>>, now: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let gone = golden.keys().filter(|path| !now.contains_key(*path));
    let gone = gone.map(|path| format!("{path} is no longer rendered"));
    let new = now.iter().filter_map(|(path, bytes)| match golden.get(path) {
        Some(old) if old == bytes => None,
        Some(old) => Some(format!("{path}:\n{}", diff(&text(old), &text(bytes)))),
        None => Some(format!("{path} is new")),
    });
    gone.chain(new).collect()
}

/// Lines of one and not of the other, enough to see what happened.
fn diff(old: &str, new: &str) -> String {
    let only = |a: &str, b: &str, sign: char| {
        let missing = a.lines().filter(|line| !b.lines().any(|other| other == *line));
        missing.map(|line| format!("{sign}{line}\n")).collect::<String>()
    };
    only(old, new, '-') + &only(new, old, '+')
}

#[test]
fn the_example_house_is_rendered_as_reviewed() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for node in NODES {
        let folder = checkout().join("tests/golden/manor").join(node);
        let now = rendered(node);
        if update {
            write(&folder, &now);
        }
        let found = differences(&golden(&folder), &now);
        assert!(found.is_empty(), "{node}: {}\nreview, then UPDATE_GOLDEN=1", found.join("\n"));
    }
}

#[test]
fn nothing_rendered_knows_when_or_where_it_was_rendered() {
    let (here, there) = (rendered("hub"), rendered("hub"));
    assert_eq!(differences(&here, &there), Vec::<String>::new());
    for (path, bytes) in here {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("/dev/shm") && !text.contains("/tmp/"), "{path}");
    }
}

#[test]
fn planted_differences_are_found() {
    let files = |list: &[(&str, &str)]| -> BTreeMap<String, Vec<u8>> {
        list.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    };
    let old = files(&[("a", "1\n2\n"), ("b", "")]);
    assert_eq!(differences(&old, &old), Vec::<String>::new());
    assert_eq!(differences(&old, &files(&[("a", "1\n3\n"), ("b", "")])), ["a:\n-2\n+3\n"]);
    assert_eq!(differences(&old, &files(&[("a", "1\n2\n")])), ["b is no longer rendered"]);
    assert_eq!(differences(&files(&[]), &files(&[("c", "")])), ["c is new"]);
}
