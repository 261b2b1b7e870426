//! One rule's pattern, compiled on its first hit, and the search near a hit.
//!
//! The search never leaves the bytes that `reach` worked out, so a hit costs at most that much however long
//! the text is. Whether a candidate is a secret is not decided here.

use crate::rule::Rule;
use regex_automata::meta::{Config, Regex};
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, PatternID};
use std::ops::Range;

/// Bytes of compiled program per rule; twice the `regex` crate's default of 10 MiB would hide a bad rule.
const PROGRAM_LIMIT: usize = 4 << 20;

/// Lists of idle caches that threads share per rule. Where this is not said, the machine's cores are counted at the first hit,
/// from ten files of the kernel's.
const CACHE_LISTS: usize = 8;

/// What one look at a text for one rule came to.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) whole: Range<usize>,
    pub(crate) secret: Range<usize>,
    /// The name that it is assigned to, where there is one.
    pub(crate) key: Option<Range<usize>>,
    /// Whether it counts only where it stands nearly alone: lists of such values are test vectors.
    pub(crate) lone: bool,
}

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Matcher {
    regex: Regex,
    /// The slots of the groups `secret` and `key`, where the pattern has them.
    secret: Option<(usize, usize)>,
    key: Option<(usize, usize)>,
}

impl Matcher {
    #[expect(clippy::expect_used, reason = "the patterns are constants; a test compiles every one")]
    pub(crate) fn new(rule: &Rule) -> Self {
        let config = Config::new()
            .utf8_empty(false)
            .nfa_size_limit(Some(PROGRAM_LIMIT))
            .pool_capacity(CACHE_LISTS);
        let regex = Regex::builder()
            .configure(config)
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .build(rule.pattern)
            .expect("built-in patterns compile");
        let slots = |name| {
            let groups = regex.group_info();
            groups.slots(PatternID::ZERO, groups.to_index(PatternID::ZERO, name)?)
        };
        let (secret, key) = (slots("secret"), slots("key"));
        Self { regex, secret, key }
    }

    /// The first candidate that begins in `span`, or exactly at its start if `anchored`, and ends in it.
    pub(crate) fn next(
        &self,
        text: &[u8],
        span: Range<usize>,
        anchored: bool,
    ) -> Option<Candidate> {
        if span.start > span.end || span.end > text.len() {
            return None;
        }
        let anchored = if anchored { Anchored::Yes } else { Anchored::No };
        let input = Input::new(text).span(span).anchored(anchored);
        if self.secret.is_none() && self.key.is_none() {
            let whole = self.regex.search(&input)?.range();
            return Some(Candidate { secret: whole.clone(), whole, key: None, lone: false });
        }
        let mut slots = vec![None; self.regex.group_info().slot_len()];
        self.regex.search_slots(&input, &mut slots)?;
        let range = |(from, to): (usize, usize)| {
            let at = |slot: usize| slots.get(slot).copied().flatten().map(NonMaxUsize::get);
            Some(at(from)?..at(to)?)
        };
        let whole = range((0, 1))?;
        let secret = self.secret.and_then(range).unwrap_or_else(|| whole.clone());
        Some(Candidate { whole, secret, key: self.key.and_then(range), lone: false })
    }
}
