//! How far a rule looks from a hit of its keywords, worked out from its pattern by the build script.
//!
//! A pattern whose every match begins with a keyword is tried at the hit alone; any other one is searched in
//! a window. Either way the cost of a hit is bounded, whatever the text.

use crate::format::RuleText;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

/// Bytes in front of a keyword where a pattern sets no bound: a name, a sign and a quote have room.
const BEFORE: usize = 256;
/// Bytes behind it where a pattern that does not begin with its keyword sets no bound.
const AFTER: usize = 1024;
/// Bytes of a match that begins with its keyword and has no bound: signed tokens reach some kilobytes.
const LONGEST: usize = 16 << 10;

/// Most bytes of a match in front of its keyword, or none where each match begins with a keyword; and most bytes
/// from the keyword's start to the match's end.
pub(crate) type Reach = (Option<usize>, usize);

/// # Errors
/// When the pattern is none.
pub(crate) fn reach_of(rule: &RuleText) -> Result<Reach, Box<regex_syntax::Error>> {
    let hir = ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(&rule.pattern)
        .map_err(Box::new)?;
    let longest = hir.properties().maximum_len();
    let keywords: Vec<String> = rule.keywords.iter().map(|k| k.to_ascii_lowercase()).collect();
    if begins_with_keyword(&hir, &keywords) {
        return Ok((None, longest.unwrap_or(LONGEST)));
    }
    let shortest = keywords.iter().map(String::len).min().unwrap_or(0);
    let before = longest.map_or(BEFORE, |longest| longest.saturating_sub(shortest));
    Ok((Some(before.min(AFTER)), longest.unwrap_or(AFTER)))
}

fn begins_with_keyword(hir: &Hir, keywords: &[String]) -> bool {
    let mut extractor = Extractor::new();
    // Room for both cases of every letter of a keyword's beginning; what does not fit is cut, never lost.
    extractor.kind(ExtractKind::Prefix).limit_total(4096).limit_class(16).limit_literal_len(64);
    let prefixes = extractor.extract(hir);
    prefixes.literals().is_some_and(|literals| {
        !literals.is_empty()
            && literals.iter().all(|literal| {
                let lower = literal.as_bytes().to_ascii_lowercase();
                keywords.iter().any(|keyword| lower.starts_with(keyword.as_bytes()))
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(keywords: &[&str], pattern: &str) -> Reach {
        let rule = format!(
            "- {{id: a, title: t, provider: p, severity: error, source: sanctum, keywords: {keywords:?}, \
             pattern: '{pattern}', positive: [[a, b]], negative: [[x]]}}"
        );
        let rules = crate::format::parse_rules("t", &rule).expect("a rule");
        reach_of(rules.first().expect("one rule")).expect("a pattern")
    }

    #[test]
    fn a_rule_looks_as_far_as_its_pattern_can_reach() {
        for (keywords, pattern, expected) in [
            (&["abc_"][..], "abc_[0-9]{4}", (None, 8)),
            (&["abc_"], r"\babc_[0-9]{4,}", (None, LONGEST)),
            (&["abc_", "abd_"], "ab[cd]_[0-9]{2}", (None, 6)),
            (&["abc_"], "(?i)abc_[0-9]{4}", (None, 8)),
            (&["abc_"], "(?:abc_|x)[0-9]{4}", (Some(4), 8)),
            (&["acme"], "[a-z_]{0,10}acme[0-9]{4}", (Some(14), 18)),
            (&["acme"], "[a-z_]*acme[0-9]{4}", (Some(BEFORE), AFTER)),
            (&["acme", "acm"], "[a-z]{9}", (Some(6), 9)),
        ] {
            assert_eq!(reach(keywords, pattern), expected, "{pattern}");
        }
    }
}
