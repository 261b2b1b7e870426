//! Finds every keyword of every rule in one pass: a walk over the table that the build script made.
//!
//! Nothing is constructed at start-up and nothing allocated. Keywords that overlap are all reported.

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

/// Calls `hit` with every keyword in `text` and the offset behind it, in order of their ends.
pub(crate) fn scan(text: &[u8], mut hit: impl FnMut(&'static Keyword, usize)) {
    let mut state = 0_usize;
    for (at, byte) in text.iter().enumerate() {
        let class = CLASSES.get(usize::from(*byte)).map_or(0, |class| usize::from(*class));
        let next = STEPS.get((state << SHIFT) | class).copied().unwrap_or_default();
        state = usize::from(u16::from_le_bytes(next));
        if state >= FIRST_MATCH {
            let ends = OUTPUTS.get(state - FIRST_MATCH).copied().unwrap_or_default();
            for keyword in ends.iter().filter_map(|id| KEYWORDS.get(usize::from(*id))) {
                hit(keyword, at + 1);
            }
        }
    }
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

    proptest! {
        #[test]
        fn the_table_finds_what_a_search_for_each_keyword_finds(
            pieces in proptest::collection::vec(piece(), 0..12),
        ) {
            let text = pieces.concat();
            let mut hits = Vec::new();
            scan(text.as_bytes(), |keyword, end| {
                hits.extend(keyword.rules.iter().map(|at| (usize::from(*at), end - keyword.len, end)));
            });
            hits.sort_unstable();
            prop_assert_eq!(hits, one_by_one(text.as_bytes()));
        }
    }
}
