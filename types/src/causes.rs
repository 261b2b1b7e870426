//! An error and its causes, for places that have one line.
//!
//! Deliberately absent: the edge's own page of an error (`cli`), which has a line for each cause.

use std::error::Error;

/// The error and everything that caused it on one line: `a: b: c`.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Link(&'static str, #[source] Option<Box<Link>>);

    #[test]
    fn every_cause_is_named_in_order() {
        let link = |words, below| Link(words, below);
        let all = link("a", Some(Box::new(link("b", Some(Box::new(link("c", None)))))));
        assert_eq!(chain(&all), "a: b: c");
        assert_eq!(chain(&link("alone", None)), "alone");
    }
}
