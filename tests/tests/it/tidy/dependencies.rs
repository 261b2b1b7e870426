//! Every dependency has its reason: a row of docs/dependencies.md, and no row is left behind.

use std::collections::BTreeSet;

use super::assert_clean;
use super::repository::{self, SourceFile};

/// Names under `[workspace.dependencies]` that are not crates of this workspace.
fn declared(manifest: &str) -> BTreeSet<&str> {
    let section = manifest.split_once("\n[workspace.dependencies]\n").map_or("", |(_, rest)| rest);
    let section = section.split("\n[").next().unwrap_or_default();
    let names =
        section.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name.trim());
    names.filter(|name| !name.starts_with("sanctum-") && !name.starts_with('#')).collect()
}

/// Names in the first column of the tables whose head is `| crate |`.
fn explained(page: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut in_table = false;
    for line in page.lines() {
        in_table = line.starts_with("| crate |") || (in_table && line.starts_with('|'));
        let name = line.strip_prefix("| `").and_then(|rest| rest.split_once("` |"));
        if let Some((name, reason)) = name
            && in_table
            && reason.trim_matches([' ', '|']).ends_with('.')
        {
            names.insert(name);
        }
    }
    names
}

fn judge(manifest: &str, page: &str) -> Vec<String> {
    let (declared, explained) = (declared(manifest), explained(page));
    let missing = declared.difference(&explained);
    let missing =
        missing.map(|name| format!("{name}: no row with a sentence in docs/dependencies.md"));
    let stale = explained.difference(&declared);
    missing.chain(stale.map(|name| format!("{name}: explained, but not in Cargo.toml"))).collect()
}

#[test]
fn repository_explains_every_dependency() {
    let files = repository::files();
    let text = |path: &str| {
        let found = files.iter().find(|file: &&SourceFile| file.path == path);
        found.map(|file| file.text.as_str()).expect("the file is in the checkout")
    };
    assert!(declared(text("Cargo.toml")).contains("serde"), "the manifest is read");
    assert_clean(&judge(text("Cargo.toml"), text("docs/dependencies.md")));
}

#[test]
fn planted_dependencies_are_found() {
    let manifest = "[workspace]\n\n[workspace.dependencies]\nsanctum-vm = { path = \"vm\" }\na = \"1\"\nb-c = { version = \"2\" }\n\n[x]\nd = 1\n";
    let page = |rows: &str| {
        format!("# Page\n\n| crate | why |\n|---|---|\n{rows}\n\n| other |\n|---|\n| `z` | no. |\n")
    };
    for (rows, findings) in [
        ("| `a` | Reason. |\n| `b-c` | Reason. |", 0),
        ("| `a` | Reason. |", 1),
        ("| `a` | Reason. |\n| `b-c` | |", 1),
        ("| `a` | Reason. |\n| `b-c` | Reason. |\n| `d` | Reason. |", 1),
        ("", 2),
    ] {
        assert_eq!(judge(manifest, &page(rows)).len(), findings, "{rows}");
    }
}
