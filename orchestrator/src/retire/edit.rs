//! Which lines of the instance file go with a service.
//!
//! An entry runs from its key to the line before the next key, without the blank lines and comments that stand
//! directly above that one. Only files whose entries stand on lines of their own are edited so.

use crate::instance::tree::{self, Kind, Node};
use sanctum_types::ServiceName;
use serde::Serialize;

/// Lines to remove, counted from 1, both included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// The file.
    pub file: String,
    /// The first line.
    pub first: usize,
    /// The last line.
    pub last: usize,
    /// What stands there.
    pub removed: Vec<String>,
}

/// Edits from the end of the file to its beginning, so that one does not move the lines of the next.
pub(super) fn edits(
    path: &str,
    text: &str,
    service: &ServiceName,
    schedules: &[ServiceName],
    secrets: &[ServiceName],
) -> Option<Vec<Edit>> {
    let root = tree::parse(text).ok()?;
    let lines: Vec<&str> = text.lines().collect();
    let one = |section: &str, name: &ServiceName| entry(&root, &lines, section, name.as_str());
    let mut ranges = vec![one("services", service)?];
    for name in schedules {
        ranges.push(one("schedules", name)?);
    }
    for name in secrets {
        ranges.push(one("secrets", name)?);
    }
    ranges.sort_unstable();
    ranges.reverse();
    ranges
        .into_iter()
        .map(|(first, last)| {
            let removed = lines.get(first - 1..last)?.iter().map(|line| (*line).to_owned());
            Some(Edit { file: path.to_owned(), first, last, removed: removed.collect() })
        })
        .collect()
}

/// First and last line of an entry of a section.
fn entry(root: &Node, lines: &[&str], section: &str, name: &str) -> Option<(usize, usize)> {
    let Kind::Map(sections) = &root.kind else { return None };
    let at = sections.iter().position(|(key, _)| key.text == section)?;
    let (section_key, node) = sections.get(at)?;
    let Kind::Map(entries) = &node.kind else { return None };
    let index = entries.iter().position(|(key, _)| key.text == name)?;
    let first = entries.get(index)?.0.pos.0;
    let next = entries.get(index + 1).or_else(|| sections.get(at + 1)).map(|(key, _)| key.pos.0);
    let mut last = next.map_or(lines.len(), |line| line - 1);
    // Two entries on one line, or the section itself in braces: lines are not enough.
    let before = index.checked_sub(1).and_then(|n| entries.get(n)).map(|(key, _)| key.pos.0);
    if last < first || before == Some(first) || section_key.pos.0 == first {
        return None;
    }
    let quiet = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    while last > first && lines.get(last - 1).is_some_and(|line| quiet(line)) {
        last -= 1;
    }
    Some((first, last))
}
