//! Finds credentials in bytes: one automaton over all keywords first, then only the rules that were hit.
//!
//! A rule's expression is compiled on its keyword's first hit and kept, so a text without keywords costs one
//! pass and no compilation. Findings say where a secret is and of which kind, never what it is.

use crate::mark;
use crate::random;
use crate::rule::{RULES, Rule};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::{Regex, RegexBuilder};
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

/// How often a rule that refuses a candidate looks again one byte further on, per text, before it goes on
/// behind the candidate: bounds the cost of text that is made to be refused.
const SECOND_LOOKS: usize = 256;
/// Bytes of compiled program per rule; twice the `regex` crate's default of 10 MiB would hide a bad rule.
const PROGRAM_LIMIT: usize = 4 << 20;

/// One secret that was found.
#[derive(Clone, Debug)]
pub struct Match {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// The bytes of the secret in the text.
    pub range: Range<usize>,
    /// Line of its first byte, from 1.
    pub line: usize,
    /// Column of its first byte in characters, from 1.
    pub col: usize,
}

/// The built-in rules behind one prefilter.
#[derive(Debug)]
pub struct Engine {
    prefilter: AhoCorasick,
    /// The rule of each keyword of the prefilter.
    owners: Vec<usize>,
    compiled: Vec<OnceLock<Compiled>>,
}

#[derive(Debug)]
struct Compiled {
    regex: Regex,
    /// Whether the pattern narrows its match by a group.
    grouped: bool,
}

/// What one look at a text for one rule came to.
struct Candidate {
    whole: Range<usize>,
    secret: Range<usize>,
    key: Option<Range<usize>>,
}

static BUILTIN: LazyLock<Engine> = LazyLock::new(Engine::new);

impl Engine {
    /// The engine over the built-in rules, made on first use.
    #[must_use]
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    #[expect(clippy::expect_used, reason = "the keywords are constants; a test builds this")]
    fn new() -> Self {
        let keywords = || {
            RULES
                .iter()
                .enumerate()
                .flat_map(|(at, rule)| rule.keywords.iter().map(move |keyword| (at, keyword)))
        };
        let prefilter = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            // Built in a third of the time of the default kind and faster on text without keywords.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .prefilter(false)
            .build(keywords().map(|(_, keyword)| keyword))
            .expect("built-in keywords form an automaton");
        Self {
            prefilter,
            owners: keywords().map(|(at, _)| at).collect(),
            compiled: RULES.iter().map(|_| OnceLock::new()).collect(),
        }
    }

    /// Every secret in `text`, by position. Of two that nest only the outer one is reported, of two that
    /// coincide the one whose rule comes first.
    #[must_use]
    pub fn find(&self, text: &[u8]) -> Vec<Match> {
        let mut found = self.spans(text);
        found.sort_by_key(|(at, range)| (range.start, usize::MAX - range.end, *at));
        let mut end = 0;
        found.retain(|(_, range)| {
            let outside = range.end > end;
            end = end.max(range.end);
            outside
        });
        let mut here = Position::default();
        found
            .into_iter()
            .filter_map(|(at, range)| {
                let (line, col) = here.advance(text, range.start);
                Some(Match { rule: RULES.get(at)?, range, line, col })
            })
            .collect()
    }

    /// An engine of its own, with nothing compiled.
    #[cfg(test)]
    pub(crate) fn builtin_for_test() -> Self {
        Self::new()
    }

    /// How many rules have been compiled so far; for tests and measurements.
    #[must_use]
    pub fn compiled_rules(&self) -> usize {
        self.compiled.iter().filter(|slot| slot.get().is_some()).count()
    }

    /// Rule index and secret of every accepted candidate, in no particular order.
    fn spans(&self, text: &[u8]) -> Vec<(usize, Range<usize>)> {
        let mut hit = vec![false; RULES.len()];
        for keyword in self.prefilter.find_overlapping_iter(text) {
            let owner = self.owners.get(keyword.pattern().as_usize());
            if let Some(flag) = owner.and_then(|at| hit.get_mut(*at)) {
                *flag = true;
            }
        }
        let marks = if hit.contains(&true) { mark::find_marks(text) } else { Vec::new() };
        let mut spans = Vec::new();
        for ((at, rule), _) in RULES.iter().enumerate().zip(&hit).filter(|(_, hit)| **hit) {
            spans.extend(self.spans_of(at, rule, text, &marks).into_iter().map(|span| (at, span)));
        }
        spans
    }

    fn spans_of(
        &self,
        at: usize,
        rule: &'static Rule,
        text: &[u8],
        marks: &[Range<usize>],
    ) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        let Some(compiled) = self.compiled.get(at).map(|slot| slot.get_or_init(|| compile(rule)))
        else {
            return spans;
        };
        let (mut from, mut looks) = (0, SECOND_LOOKS);
        while let Some(candidate) = compiled.next(text, from) {
            if accepts(rule, text, &candidate, marks) {
                from = candidate.secret.end.max(candidate.whole.start + 1);
                spans.push(candidate.secret);
            } else if looks > 0 {
                looks -= 1;
                from = candidate.whole.start + 1;
            } else {
                from = candidate.whole.end.max(candidate.whole.start + 1);
            }
        }
        spans
    }
}

#[expect(clippy::expect_used, reason = "the patterns are constants; a test compiles every one")]
fn compile(rule: &Rule) -> Compiled {
    let regex = RegexBuilder::new(rule.pattern)
        .unicode(false)
        .size_limit(PROGRAM_LIMIT)
        .build()
        .expect("built-in patterns compile");
    Compiled { regex, grouped: rule.has_group() }
}

impl Compiled {
    fn next(&self, text: &[u8], from: usize) -> Option<Candidate> {
        if from > text.len() {
            return None;
        }
        if !self.grouped {
            let whole = self.regex.find_at(text, from)?.range();
            return Some(Candidate { secret: whole.clone(), whole, key: None });
        }
        let groups = self.regex.captures_at(text, from)?;
        let whole = groups.get(0)?.range();
        let secret = groups.name("secret").map_or_else(|| whole.clone(), |group| group.range());
        Some(Candidate { whole, secret, key: groups.name("key").map(|group| group.range()) })
    }
}

fn accepts(rule: &Rule, text: &[u8], candidate: &Candidate, marks: &[Range<usize>]) -> bool {
    let within = |mark: &Range<usize>| {
        mark.start <= candidate.secret.start && candidate.secret.end <= mark.end
    };
    let Some(secret) = text.get(candidate.secret.clone()) else { return false };
    if secret.is_empty() || secret.len() < rule.min_length || marks.iter().any(within) {
        return false;
    }
    if rule.dummies.iter().any(|dummy| dummy.as_bytes() == secret) {
        return false;
    }
    let tail = secret.get(rule.prefix_len(secret)..).unwrap_or_default();
    if rule.varied && !random::is_varied(tail) {
        return false;
    }
    let key = candidate.key.clone().and_then(|range| text.get(range));
    rule.check.is_none_or(|check| check.passes(secret, key))
}

/// Line and column of ever later offsets of one text, in one pass.
#[derive(Default)]
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
