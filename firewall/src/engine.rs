//! Finds credentials in bytes: one automaton over all keywords first, then only the rules that were hit, near
//! their hits.
//!
//! A rule's expression is compiled on its keyword's first hit and kept, so a text without keywords costs one
//! pass and no compilation. Findings say where a secret is and of which kind, never what it is.

use crate::decode::{self, Layer};
use crate::hint::Kind;
use crate::matcher::Matcher;
use crate::rule::{RULES, Rule};
use crate::search::Seen;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

/// One secret that was found.
#[derive(Clone, Debug)]
pub struct Match {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// The bytes of the secret in the text, with their percent escapes; where it stands in base64 or hexadecimal, all bytes
    /// of the outermost of those.
    pub range: Range<usize>,
    /// Line of its first byte, from 1.
    pub line: usize,
    /// Column of its first byte in characters, from 1.
    pub col: usize,
    /// Line of the byte behind its last one.
    pub end_line: usize,
    /// Column of that byte.
    pub end_col: usize,
    /// The encodings around the secret, outermost first; empty where it stands in the text itself.
    pub layers: Vec<Layer>,
    /// The bytes of the name that it is assigned to, where there is one and it stands in the text itself.
    pub key: Option<Range<usize>>,
}

/// The built-in rules.
#[derive(Debug)]
pub struct Engine {
    compiled: Vec<OnceLock<Matcher>>,
    guards: bool,
}

/// A secret before its line and column are known.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) rule: usize,
    pub(crate) range: Range<usize>,
    pub(crate) key: Option<Range<usize>>,
    pub(crate) layers: Vec<Layer>,
}

impl From<Seen> for Span {
    fn from(seen: Seen) -> Self {
        Self { rule: seen.rule, range: seen.secret, key: seen.key, layers: Vec::new() }
    }
}

static BUILTIN: LazyLock<Engine> = LazyLock::new(|| Engine::new(false));
static GUARDING: LazyLock<Engine> = LazyLock::new(|| Engine::new(true));

impl Engine {
    /// The engine over the built-in rules, made on first use.
    #[must_use]
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// The engine of what stands between an agent and a secret: it knows tokens by their form alone too. A report that names what
    /// is none wastes somebody's time; a guard that lets a token pass because one letter of it was changed does not guard.
    #[must_use]
    pub fn guarding() -> &'static Self {
        &GUARDING
    }

    fn new(guards: bool) -> Self {
        Self { compiled: RULES.iter().map(|_| OnceLock::new()).collect(), guards }
    }

    /// Whether it looks for this kind.
    pub(crate) const fn heeds(&self, rule: &Rule) -> bool {
        self.guards || !rule.guards_only
    }

    /// Every secret in `text`, by position. Of two that nest only the outer one is reported, of two that
    /// coincide the one whose rule comes first.
    #[must_use]
    pub fn find(&self, text: &[u8]) -> Vec<Match> {
        self.find_in(text, None)
    }

    /// As [`Self::find`], in a file of this name or path: some files are known by their names to hold
    /// credentials, some to hold none but exact kinds. The path is read as text and nothing is opened.
    #[must_use]
    pub fn find_in(&self, text: &[u8], path: Option<&str>) -> Vec<Match> {
        let kind = path.map_or(Kind::Unknown, Kind::of_path);
        let mut here = Position::default();
        decode::spans(self, text, kind)
            .into_iter()
            .filter_map(|Span { rule, range, key, layers }| {
                let (line, col) = here.advance(text, range.start);
                let (end_line, end_col) = here.clone().advance(text, range.end);
                let rule = RULES.get(rule)?;
                Some(Match { rule, range, line, col, end_line, end_col, layers, key })
            })
            .collect()
    }

    /// An engine of its own, with nothing compiled.
    #[cfg(test)]
    pub(crate) fn builtin_for_test() -> Self {
        Self::new(false)
    }

    /// How many rules have been compiled so far; for tests and measurements.
    #[must_use]
    pub fn compiled_rules(&self) -> usize {
        self.compiled.iter().filter(|slot| slot.get().is_some()).count()
    }

    pub(crate) fn matcher(&self, at: usize, rule: &Rule) -> Option<&Matcher> {
        self.compiled.get(at).map(|slot| slot.get_or_init(|| Matcher::new(rule)))
    }
}

/// By position, without those that lie inside another; of two that coincide the one with fewer layers, then the
/// one whose rule comes first. Starts and ends of what is left both ascend.
pub(crate) fn outermost(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| {
        (span.range.start, usize::MAX - span.range.end, span.layers.len(), span.rule)
    });
    let mut end = 0;
    spans.retain(|span| {
        let outside = span.range.end > end;
        end = end.max(span.range.end);
        outside
    });
    spans
}

/// Whether one of the outermost `spans` shares a byte with `range`.
pub(crate) fn meets(spans: &[Span], range: &Range<usize>) -> bool {
    let first = spans.partition_point(|span| span.range.end <= range.start);
    spans.get(first).is_some_and(|span| span.range.start < range.end)
}

/// Line and column of ever later offsets of one text, in one pass.
#[derive(Clone, Default)]
struct Position {
    offset: usize,
    newlines: usize,
    col: usize,
}

impl Position {
    fn advance(&mut self, text: &[u8], offset: usize) -> (usize, usize) {
        for byte in text.get(self.offset..offset).unwrap_or_default() {
            if *byte == b'\n' {
                self.newlines += 1;
                self.col = 0;
            } else if byte & 0xC0 != 0x80 {
                // Continuation bytes of UTF-8 begin with the bits 10 and count with their character.
                self.col += 1;
            }
        }
        self.offset = self.offset.max(offset);
        (self.newlines + 1, self.col + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spans() -> impl Strategy<Value = Vec<Span>> {
        let span = (0..60_usize, 1..12_usize, 0..3_usize).prop_map(|(start, len, rule)| Span {
            rule,
            range: start..start + len,
            key: None,
            layers: Vec::new(),
        });
        proptest::collection::vec(span, 0..12)
    }

    proptest! {
        #[test]
        fn what_is_left_covers_what_was_there_and_nests_nowhere(all in spans()) {
            let ranges: Vec<_> = all.iter().map(|span| span.range.clone()).collect();
            let left = outermost(all);
            let holds = |a: &Range<usize>, b: &Range<usize>| a.start <= b.start && b.end <= a.end;
            for range in &ranges {
                prop_assert!(left.iter().any(|span| holds(&span.range, range)));
            }
            for (at, a) in left.iter().enumerate() {
                let others = left.iter().enumerate().filter(|(other, _)| *other != at);
                prop_assert!(others.into_iter().all(|(_, b)| !holds(&a.range, &b.range)));
            }
        }

        #[test]
        fn meeting_is_sharing_a_byte(all in spans(), start in 0..60_usize, len in 1..12_usize) {
            let (left, range) = (outermost(all), start..start + len);
            let shares = left.iter().any(|span| span.range.clone().any(|byte| range.contains(&byte)));
            prop_assert_eq!(meets(&left, &range), shares);
        }
    }
}
