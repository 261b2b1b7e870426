//! Finds every keyword of every rule in one pass: a walk over the table that the build script made.
//!
//! Nothing is constructed at start-up. Keywords that overlap are all reported.

use std::ops::Range;

/// A literal that rules wait for.
#[derive(Debug)]
pub(crate) struct Keyword {
    pub(crate) len: usize,
    /// Indices into the table of rules.
    pub(crate) rules: &'static [u16],
}

include!(concat!(env!("OUT_DIR"), "/keywords.rs"));

static STEPS: &[[u8; 2]] =
    include_bytes!(concat!(env!("OUT_DIR"), "/keywords.bin")).as_slice().as_chunks::<2>().0;

/// Bytes that are walked at a time: what was hit in them is kept until they are done, so this bounds memory.
const BLOCK: usize = 64 << 10;
/// Walks that go on side by side. Each step waits for the one in front of it, and a processor has time for
/// several such chains at once.
const LANES: usize = 4;
/// Shorter blocks are walked in one.
const SHORTEST_LANES: usize = 1024;
const _: () = assert!(LONGEST * LANES <= SHORTEST_LANES, "a lane holds the longest keyword");

/// Calls `hit` with every keyword in `text` and the offset behind it, in order of their ends.
pub(crate) fn scan(text: &[u8], mut hit: impl FnMut(&'static Keyword, usize)) {
    let mut found = Vec::new();
    let mut from = 0;
    while from < text.len() {
        let to = from.saturating_add(BLOCK).min(text.len());
        if to - from < SHORTEST_LANES {
            walk(text, from..to, &mut found);
        } else {
            walk_lanes(text, from..to, &mut found);
        }
        for (state, end) in found.drain(..) {
            let ends = OUTPUTS.get(state - FIRST_MATCH).copied().unwrap_or_default();
            for keyword in ends.iter().filter_map(|id| KEYWORDS.get(usize::from(*id))) {
                hit(keyword, end);
            }
        }
        from = to;
    }
}

fn step(state: usize, byte: u8) -> usize {
    let class = CLASSES.get(usize::from(byte)).map_or(0, |class| usize::from(*class));
    let next = STEPS.get((state << SHIFT) | class).copied().unwrap_or_default();
    usize::from(u16::from_le_bytes(next))
}

/// The state in front of an offset: the longest keyword's bytes before it decide it.
fn state_at(text: &[u8], at: usize) -> usize {
    let before = text.get(at.saturating_sub(LONGEST)..at).unwrap_or_default();
    before.iter().fold(0, |state, byte| step(state, *byte))
}

/// Adds every state that ends a keyword, with the offset behind it.
fn walk(text: &[u8], range: Range<usize>, found: &mut Vec<(usize, usize)>) {
    let mut state = state_at(text, range.start);
    for (at, byte) in text.get(range.clone()).unwrap_or_default().iter().enumerate() {
        state = step(state, *byte);
        if state >= FIRST_MATCH {
            found.push((state, range.start + at + 1));
        }
    }
}

/// As [`walk`], in four parts at once.
fn walk_lanes(text: &[u8], range: Range<usize>, found: &mut Vec<(usize, usize)>) {
    let len = range.len() / LANES;
    let starts = [0, 1, 2, 3].map(|lane| range.start + lane * len);
    let [a, b, c, d] = starts.map(|start| text.get(start..start + len).unwrap_or_default());
    let [mut s, mut t, mut u, mut v] = starts.map(|start| state_at(text, start));
    let mut kept: [Vec<(usize, usize)>; LANES] = Default::default();
    for (at, (((a, b), c), d)) in a.iter().zip(b).zip(c).zip(d).enumerate() {
        (s, t, u, v) = (step(s, *a), step(t, *b), step(u, *c), step(v, *d));
        if s.max(t).max(u.max(v)) >= FIRST_MATCH {
            for ((state, start), kept) in [s, t, u, v].into_iter().zip(starts).zip(&mut kept) {
                if state >= FIRST_MATCH {
                    kept.push((state, start + at + 1));
                }
            }
        }
    }
    found.extend(kept.into_iter().flatten());
    walk(text, range.start + LANES * len..range.end, found);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RULES;
    use proptest::prelude::*;

    /// Every hit as (rule, start, end), by looking for each keyword by itself.
    fn one_by_one(text: &[u8]) -> Vec<(usize, usize, usize)> {
        let mut hits = Vec::new();
        for (at, rule) in RULES.iter().enumerate() {
            for keyword in rule.keywords {
                for (start, window) in text.windows(keyword.len()).enumerate() {
                    if window.eq_ignore_ascii_case(keyword.as_bytes()) {
                        hits.push((at, start, start + keyword.len()));
                    }
                }
            }
        }
        hits.sort_unstable();
        hits.dedup();
        hits
    }

    fn piece() -> impl Strategy<Value = String> {
        let keywords: Vec<&str> = RULES.iter().flat_map(|rule| rule.keywords).copied().collect();
        let cut = (proptest::sample::select(keywords), 0..20_usize, any::<bool>()).prop_map(
            |(keyword, at, upper)| {
                let part: String = keyword.chars().skip(at % keyword.len()).collect();
                if upper { part.to_uppercase() } else { part }
            },
        );
        prop_oneof![cut, "\\PC{0,3}"]
    }

    fn scanned(text: &[u8]) -> Vec<(usize, usize, usize)> {
        let mut hits = Vec::new();
        scan(text, |keyword, end| {
            hits.extend(keyword.rules.iter().map(|at| (usize::from(*at), end - keyword.len, end)));
        });
        hits.sort_unstable();
        hits
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn long_texts_are_read_as_short_ones_across_every_seam(
            pieces in proptest::collection::vec(piece(), 1..40), len in 0..3 * BLOCK,
        ) {
            let unit = pieces.concat().into_bytes();
            prop_assume!(!unit.is_empty());
            let text: Vec<u8> = unit.iter().copied().cycle().take(len).collect();
            let mut plain = Vec::new();
            walk(&text, 0..text.len(), &mut plain);
            let mut hits = Vec::new();
            for (state, end) in plain {
                let ids = OUTPUTS[state - FIRST_MATCH].iter().map(|id| &KEYWORDS[usize::from(*id)]);
                hits.extend(ids.map(|keyword| (keyword.len, end)));
            }
            let mut scanned = Vec::new();
            scan(&text, |keyword, end| scanned.push((keyword.len, end)));
            prop_assert!(scanned == hits, "{} and {}", scanned.len(), hits.len());
        }

        #[test]
        fn the_table_finds_what_a_search_for_each_keyword_finds(
            pieces in proptest::collection::vec(piece(), 0..12),
        ) {
            let text = pieces.concat();
            prop_assert_eq!(scanned(text.as_bytes()), one_by_one(text.as_bytes()));
        }
    }
}
