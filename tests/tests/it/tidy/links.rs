//! Relative links in Markdown lead to a file of the repository, and a `#fragment` to a heading of it.
//!
//! Addresses with a scheme are not tried: no test here needs a network. Code fences and `code` are no links.

use std::collections::BTreeSet;

use super::assert_clean;
use super::repository::{self, SourceFile};

/// The lines outside of code fences, with `code` spans emptied.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let outside: Vec<_> = line.split('`').step_by(2).collect();
            lines.push((number + 1, outside.join("``")));
        }
    }
    lines
}

/// Targets of `[text](target)`, `![text](target)` and `[label]: target`.
fn targets(line: &str) -> Vec<&str> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let label = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    inline.chain(label.and_then(|(_, target)| target.split(' ').next())).collect()
}

/// The folder of `from` joined with `target`; `None` where it leaves the repository.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Anchors of a page's headings as forges make them: lower case, spaces to hyphens, punctuation dropped.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut fenced = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        if fenced || heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let kept = heading.trim().to_lowercase().replace(' ', "-");
        found.insert(kept.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect());
    }
    found
}

fn judge(paths: &[String], files: &[SourceFile]) -> Vec<String> {
    let mut places: BTreeSet<String> = paths.iter().cloned().collect();
    for path in paths {
        places.extend(
            path.match_indices('/').filter_map(|(at, _)| path.get(..at)).map(str::to_owned),
        );
    }
    // The root itself, as `[house](..)` in docs/ reaches it.
    places.insert(String::new());
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        for (number, line) in prose(&file.text) {
            for target in targets(&line) {
                if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                let (page, fragment) = target.split_once('#').unwrap_or((target, ""));
                let place = if page.is_empty() {
                    Some(file.path.clone())
                } else {
                    resolve(&file.path, page)
                };
                let Some(place) = place.filter(|place| places.contains(place)) else {
                    findings.push(format!("{}:{number}: dead link `{target}`", file.path));
                    continue;
                };
                let linked = files.iter().find(|file| file.path == place && place.ends_with(".md"));
                if !fragment.is_empty()
                    && linked.is_some_and(|file| !anchors(&file.text).contains(fragment))
                {
                    findings.push(format!(
                        "{}:{number}: no heading `#{fragment}` in {place}",
                        file.path
                    ));
                }
            }
        }
    }
    findings
}

#[test]
fn repository_links_are_alive() {
    assert_clean(&judge(&repository::paths(), &repository::files()));
}

#[test]
fn planted_links_are_judged() {
    let paths: Vec<String> =
        ["README.md", "docs/a.md", "docs/b c.md", "tests/run"].map(str::to_owned).into();
    let b = "# B\n## Two words, 2nd\n```\n# not one\n```\n";
    let count = |text: &str| {
        let files = [SourceFile::new("docs/a.md", text), SourceFile::new("README.md", b)];
        judge(&paths, &files).len()
    };
    for (text, findings) in [
        ("[x](../README.md)", 0),
        ("[x](../README.md#two-words-2nd)", 0),
        ("[x](../README.md#not-one)", 1),
        ("[x](../README.md#Two)", 1),
        ("[x](README.md)", 1),
        ("![x](none.png)", 1),
        ("[x](../../README.md)", 1),
        ("[x](..), [y](../tests), [z](.)", 0),
        ("[x](gone.md), [y](../tests/gone)", 2),
        ("[x]: gone.md", 1),
        ("[x]: a.md \"title\"", 0),
        ("# Here\n[x](#here)", 0),
        ("# Here\n[x](#there)", 1),
        ("[x](https://example.org/gone.md)", 0),
        ("`[x](gone.md)`", 0),
        ("```\n[x](gone.md)\n```\n[y](gone.md)", 1),
    ] {
        assert_eq!(count(text), findings, "{text}");
    }
}
