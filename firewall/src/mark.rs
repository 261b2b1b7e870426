//! The marks that stand in a redacted text where secrets were: `ghp_…[redacted github-pat]`.
//!
//! A mark is recognised exactly, with the id of a rule that exists and a prefix of that rule, so that text
//! which only resembles one is not spared. It shows the kind's public prefix and nothing of the secret.

use crate::rule::{RULES, Rule};
use std::ops::Range;

const OPEN: &str = "[redacted ";
const ELLIPSIS: &str = "…";

/// The mark for a secret of this kind. Where a pattern narrows its match to a group, the secret has no public
/// prefix and none is shown.
pub(crate) fn mark_for(rule: &Rule, secret: &str) -> String {
    let shown = if rule.has_group() {
        ""
    } else {
        secret.get(..rule.prefix_len(secret.as_bytes())).unwrap_or_default()
    };
    let ellipsis = if shown.is_empty() { "" } else { ELLIPSIS };
    format!("{shown}{ellipsis}{OPEN}{}]", rule.id)
}

/// The ranges of all marks in `text`, by position.
pub(crate) fn find_marks(text: &[u8]) -> Vec<Range<usize>> {
    let mut marks = Vec::new();
    let mut from = 0;
    for open in memchr::memmem::find_iter(text, OPEN) {
        if let Some(mark) = mark_at(text, open).filter(|_| open >= from) {
            from = mark.end;
            marks.push(mark);
        }
    }
    marks
}

fn mark_at(text: &[u8], open: usize) -> Option<Range<usize>> {
    let rest = text.get(open + OPEN.len()..)?;
    let rule = RULES.iter().find(|rule| {
        rest.strip_prefix(rule.id.as_bytes()).is_some_and(|after| after.first() == Some(&b']'))
    })?;
    let end = open + OPEN.len() + rule.id.len() + 1;
    let before = text.get(..open)?.strip_suffix(ELLIPSIS.as_bytes());
    let shown = before.and_then(|before| {
        let ends = |keyword: &&&str| {
            let tail = before.len().checked_sub(keyword.len()).and_then(|at| before.get(at..));
            tail.is_some_and(|tail| tail.eq_ignore_ascii_case(keyword.as_bytes()))
        };
        let keyword = rule.keywords.iter().filter(ends).map(|keyword| keyword.len()).max()?;
        Some(before.len() - keyword)
    });
    Some(shown.filter(|_| !rule.has_group()).unwrap_or(open)..end)
}
