//! Takes secrets out of a text and leaves marks of the same shape.
//!
//! The result holds no match of any rule: covering one secret can bring its neighbours together, so the text
//! is looked at again until nothing is found. When that does not settle, nothing of the text is shown.

use crate::engine::{Engine, Match};
use crate::mark;
use std::ops::Range;

/// Covering settles in two rounds on everything seen so far; text that needs more is built to need more.
const ROUNDS: usize = 8;
/// What remains of a text that does not settle.
const NOTHING: &str = "[redacted]";

/// A text without its secrets.
#[derive(Clone, Debug)]
pub struct Redacted {
    /// The text with a mark for each secret.
    pub text: String,
    /// What was found in the original, with positions there.
    pub found: Vec<Match>,
}

impl Engine {
    /// `text` with every secret replaced by a mark such as `ghp_…[redacted github-pat]`. Idempotent.
    #[must_use]
    pub fn redact(&self, text: &str) -> Redacted {
        let found = self.find(text.as_bytes());
        // Nearly every line of a report: nothing was covered, so there is nothing to look at again.
        if found.is_empty() {
            return Redacted { text: text.to_owned(), found };
        }
        let mut covered = cover(text, &found);
        for _ in 0..ROUNDS {
            let left = self.find(covered.as_bytes());
            if left.is_empty() {
                return Redacted { text: covered, found };
            }
            covered = cover(&covered, &left);
        }
        Redacted { text: NOTHING.to_owned(), found }
    }
}

/// One mark for each match; they are sorted by position and may overlap. Old marks that a match touches go
/// with it.
fn cover(text: &str, found: &[Match]) -> String {
    let marks = if found.is_empty() { Vec::new() } else { mark::find_marks(text.as_bytes()) };
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for each in found {
        let range = widen(text, &each.range, &marks);
        out.push_str(text.get(done..range.start).unwrap_or_default());
        out.push_str(&mark::mark_for(each.rule, text.get(range.clone()).unwrap_or_default()));
        done = done.max(range.end);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// The range grown to whole characters and over every mark that it cuts.
fn widen(text: &str, range: &Range<usize>, marks: &[Range<usize>]) -> Range<usize> {
    let (mut start, mut end) = (range.start, range.end);
    // Marks are in order and never overlap.
    let first = marks.partition_point(|mark| mark.end <= range.start);
    let cut = marks.get(first..).unwrap_or_default();
    for mark in cut.iter().take_while(|mark| mark.start < range.end) {
        start = start.min(mark.start);
        end = end.max(mark.end);
    }
    while start > 0 && !text.is_char_boundary(start) {
        start -= 1;
    }
    while end < text.len() && !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_grows_to_whole_characters_and_whole_marks() {
        let (whole, cut) = (std::iter::once(4..9).collect::<Vec<_>>(), Vec::new());
        assert_eq!(widen("aéb", &(2..3), &cut), 1..3);
        assert_eq!(widen("aéb", &(0..2), &cut), 0..3);
        assert_eq!(widen("0123456789", &(2..5), &whole), 2..9);
        assert_eq!(widen("0123456789", &(8..10), &whole), 4..10);
        assert_eq!(widen("0123456789", &(0..4), &whole), 0..4);
    }
}
