//! Offsets, lines and columns of a text, and the edits that are made to it.
//!
//! The invariant: an edit names bytes of the text as it was parsed; [`apply`] refuses edits that overlap. Deliberately absent: what
//! the bytes mean.

use std::ops::Range;

use zeroize::Zeroizing;

/// A piece of text; nothing when the range is not one of `text`.
pub(super) fn cut(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// Where the line of `offset` begins.
pub(super) fn line_start(text: &str, offset: usize) -> usize {
    cut(text, 0..offset).rfind('\n').map_or(0, |found| found + 1)
}

/// Where the line of `offset` ends, before its break.
pub(super) fn line_end(text: &str, offset: usize) -> usize {
    let end = cut(text, offset..text.len()).find('\n').map_or(text.len(), |found| offset + found);
    if end > offset && text.as_bytes().get(end - 1) == Some(&b'\r') { end - 1 } else { end }
}

/// Where the line after that of `offset` begins.
pub(super) fn next_line(text: &str, offset: usize) -> usize {
    cut(text, offset..text.len()).find('\n').map_or(text.len(), |found| offset + found + 1)
}

/// In bytes from the start of the line, a byte order mark not counted.
pub(super) fn column(text: &str, offset: usize) -> usize {
    let start = line_start(text, offset);
    let mark = if start == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    offset.saturating_sub(start + mark)
}

/// The column of a map's entry, from where its key begins: that of the question mark when there is one.
pub(super) fn entry_column(text: &str, key: usize) -> usize {
    column(text, entry_start(text, key))
}

/// Where a map's entry begins, from where its key begins.
pub(super) fn entry_start(text: &str, key: usize) -> usize {
    let line = line_start(text, key);
    let before = cut(text, line..key);
    let mark = before.trim_end_matches([' ', '\t']).strip_suffix('?');
    mark.filter(|lead| lead.is_empty() || lead.ends_with([' ', '\t']))
        .map_or(key, |lead| line + lead.len())
}

/// Line and column from one, for a person.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = cut(text, 0..offset);
    (before.matches('\n').count() + 1, column(text, offset) + 1)
}

/// The break that the text uses.
pub(super) fn newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if at > 0 && text.as_bytes().get(at - 1) == Some(&b'\r') => "\r\n",
        _ => "\n",
    }
}

/// The line of a `=======` in a text that does not parse: in one that does, it is text.
pub(super) fn half_conflict(text: &str) -> Option<usize> {
    text.lines().position(|line| line == "=======").map(|found| found + 1)
}

/// New bytes for a range of the old ones.
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) new: Zeroizing<String>,
}

impl Edit {
    pub(super) fn new(range: Range<usize>, new: impl Into<String>) -> Self {
        Self { range, new: Zeroizing::new(new.into()) }
    }
}

/// The text after all edits; `None` when two of them overlap or one is out of range.
pub(super) fn apply(text: &str, mut edits: Vec<Edit>) -> Option<Zeroizing<String>> {
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let grown: usize = edits.iter().map(|edit| edit.new.len()).sum();
    // One allocation, so that no shorter copy of a secret is left behind by growth.
    let mut result = Zeroizing::new(String::with_capacity(text.len() + grown));
    let mut done = 0;
    for edit in &edits {
        result.push_str(text.get(done..edit.range.start)?);
        result.push_str(&edit.new);
        done = edit.range.end;
    }
    result.push_str(text.get(done..)?);
    Some(result)
}
