//! Looking into trees and spelling paths.
//!
//! A path is written `a.b[0].c` by people and references, and `["a"]["b"][0]` by the original.

use super::text::{Node, Scalar, Step};
use std::fmt::Write as _;
use zeroize::Zeroizing;

impl Node {
    /// The entry of a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => {
                entries.iter().find(|(known, _)| known == key).map(|(_, node)| node)
            }
            Self::List(_) | Self::Scalar(_) => None,
        }
    }

    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Scalar(Scalar::Str(Zeroizing::new(text.to_owned())))
    }
}

/// A path that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing between the dots.
    #[error("the path has an empty step")]
    Empty,
    /// What stands between brackets is no place in a list, or no quoted key.
    #[error("the path has something in brackets that is neither a number nor a quoted key")]
    Bracket,
}

/// Reads `a.b[0].c`; a step that is a number alone is a key. A dot or bracket of a key's own is written after a backslash.
pub fn dotted(text: &str) -> Result<Vec<Step>, PathError> {
    let mut steps = Vec::new();
    let mut key = String::new();
    let mut after_index = false;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => key.extend(chars.next()),
            '.' if key.is_empty() && after_index => after_index = false,
            '.' if key.is_empty() => return Err(PathError::Empty),
            '.' => steps.push(Step::Key(std::mem::take(&mut key))),
            '[' => {
                if !key.is_empty() {
                    steps.push(Step::Key(std::mem::take(&mut key)));
                }
                let inside: String = chars.by_ref().take_while(|c| *c != ']').collect();
                steps.push(Step::Index(inside.parse().map_err(|_| PathError::Bracket)?));
                after_index = true;
            }
            c => key.push(c),
        }
    }
    match (key.is_empty(), after_index) {
        (false, _) => steps.push(Step::Key(key)),
        (true, true) => {}
        (true, false) => return Err(PathError::Empty),
    }
    Ok(steps)
}

/// Reads the original's `["a"]['b'][0]`; quotes have no escapes there.
pub fn indexed(text: &str) -> Result<Vec<Step>, PathError> {
    let mut steps = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        rest = rest.strip_prefix('[').ok_or(PathError::Bracket)?.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (inside, after) = match quote {
            Some(quote) => {
                rest.get(1..).and_then(|rest| rest.split_once(quote)).ok_or(PathError::Bracket)?
            }
            None => rest.find(']').map(|at| rest.split_at(at)).ok_or(PathError::Bracket)?,
        };
        steps.push(match quote {
            Some(_) => Step::Key(inside.to_owned()),
            None => Step::Index(inside.trim().parse().map_err(|_| PathError::Bracket)?),
        });
        rest = after.trim_start().strip_prefix(']').ok_or(PathError::Bracket)?.trim_start();
    }
    Ok(steps)
}

/// A path as the original writes it, for messages.
#[must_use]
pub fn spelled(path: &[Step]) -> String {
    let mut out = String::new();
    for step in path {
        let _ = match step {
            Step::Key(key) => write!(out, "[\"{key}\"]"),
            Step::Index(at) => write!(out, "[{at}]"),
        };
    }
    if out.is_empty() {
        return "the top".to_owned();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_name_the_same() {
        let key = |key: &str| Step::Key(key.to_owned());
        for (dots, brackets, path) in [
            ("a", "[\"a\"]", vec![key("a")]),
            (
                "a.b[0].c",
                "['a'][\"b\"][0][\"c\"]",
                vec![key("a"), key("b"), Step::Index(0), key("c")],
            ),
            ("a[1][2]", "[\"a\"][1] [2]", vec![key("a"), Step::Index(1), Step::Index(2)]),
            ("a\\.b", "[\"a.b\"]", vec![key("a.b")]),
            ("a.1", "[\"a\"][\"1\"]", vec![key("a"), key("1")]),
        ] {
            assert_eq!(dotted(dots), Ok(path.clone()));
            assert_eq!(indexed(brackets), Ok(path));
        }
        for wrong in ["", ".", "a..b", "a.", "[x]"] {
            assert!(dotted(wrong).is_err(), "{wrong}");
        }
        for wrong in ["a", "[", "[]", "[\"a]", "[\"a\"", "[\"a\"]x", "[-1]"] {
            assert!(indexed(wrong).is_err(), "{wrong}");
        }
    }
}
