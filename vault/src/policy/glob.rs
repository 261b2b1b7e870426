//! Patterns of names and paths: `*` stands for any characters of one segment, `**` for any number of whole segments.
//!
//! Matching takes time proportional to both lengths, whatever the pattern.

use serde::{Deserialize, Serialize};

const LONGEST: usize = 256;

/// A pattern such as `openai/*` or `**/deploy-*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Glob(String);

/// A text that is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pattern is 1 to 256 characters of a path, `*`, or `**` as a whole segment")]
pub struct BadGlob;

impl Glob {
    /// Reads one.
    ///
    /// # Errors
    /// It is none.
    pub fn new(text: impl Into<String>) -> Result<Self, BadGlob> {
        let text = text.into();
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@+:=~*".contains(&byte);
        let segment = |part: &str| {
            !part.is_empty() && part.bytes().all(known) && (part == "**" || !part.contains("**"))
        };
        let fits = text.len() <= LONGEST && text.split('/').all(segment);
        if fits { Ok(Self(text)) } else { Err(BadGlob) }
    }

    /// Whether the whole text is of that pattern.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let pattern: Vec<&str> = self.0.split('/').collect();
        let text: Vec<&str> = text.split('/').collect();
        wild(
            &pattern,
            &text,
            |part| *part == "**",
            |part, segment| {
                let (part, segment) = (part.as_bytes(), segment.as_bytes());
                wild(part, segment, |byte| *byte == b'*', |one, other| one == other)
            },
        )
    }
}

/// The last wildcard takes one more each time that what follows it does not fit: earlier ones need no second try.
fn wild<P, T>(
    pattern: &[P],
    text: &[T],
    is_any: impl Fn(&P) -> bool,
    fits: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(item) = text.get(t) {
        match pattern.get(p) {
            Some(part) if is_any(part) => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(part) if fits(part, item) => (p, t) = (p + 1, t + 1),
            _ => match retry {
                Some((after, taken)) => {
                    retry = Some((after, taken + 1));
                    (p, t) = (after, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(is_any))
}

impl TryFrom<String> for Glob {
    type Error = BadGlob;

    fn try_from(text: String) -> Result<Self, BadGlob> {
        Self::new(text)
    }
}

impl From<Glob> for String {
    fn from(glob: Glob) -> Self {
        glob.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn a_star_stays_in_its_segment() {
        for (pattern, text, matches) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "a", true),
            ("*", "a/b", false),
            ("a/*", "a/b", true),
            ("a/*", "a/b/c", false),
            ("a/*", "a", false),
            ("a/**", "a/b/c", true),
            ("a/**", "a", true),
            ("a/**", "ab", false),
            ("**/c", "a/b/c", true),
            ("**/c", "c", true),
            ("**", "a/b", true),
            ("a/**/d", "a/b/c/d", true),
            ("a/*/d", "a/b/c/d", false),
            ("pre-*-x", "pre-a-b-x", true),
            ("pre-*-x", "pre-x", false),
            ("*a*b", "xaxbxb", true),
            ("**/a/**/b", "a/a/x/b", true),
        ] {
            assert_eq!(Glob::new(pattern).unwrap().matches(text), matches, "{pattern} {text}");
        }
        for bad in ["", "a//b", "a**", "a/**b", "[a]", "a?", "{a,b}", "a b"] {
            assert_eq!(Glob::new(bad), Err(BadGlob), "{bad}");
        }
    }

    /// By trying everything.
    fn slow(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|taken| slow(rest, &text[taken..])),
            Some((one, rest)) => {
                text.split_first().is_some_and(|(other, text)| one == other && slow(rest, text))
            }
        }
    }

    proptest! {
        #[test]
        fn one_segment_agrees_with_trying_everything(
            pattern in "[ab*]{1,8}", text in "[ab]{1,10}",
        ) {
            let Ok(glob) = Glob::new(pattern.clone()) else { return Ok(()) };
            if pattern != "**" {
                prop_assert_eq!(glob.matches(&text), slow(pattern.as_bytes(), text.as_bytes()));
            }
        }
    }
}
