//! The path of a secret: segments between slashes, with characters that need no quoting anywhere.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Longer ones are no names any more; it fits into one line of the journal.
const LONGEST: usize = 256;

/// Such as `openai/api-key`: 1 to 256 characters of `A-Z a-z 0-9 . _ - @ + : = ~`, in segments that are neither empty nor `.` nor `..`. Clones share the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretPath(Arc<str>);

/// A text that is no path. It is not repeated: it may be a secret that was pasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a path is 1 to 256 characters of A-Z, a-z, 0-9 and `._-@+:=~`, with single slashes between its segments"
)]
pub struct BadPath;

impl SecretPath {
    /// Reads one.
    ///
    /// # Errors
    /// It is none.
    pub fn new(text: impl Into<String>) -> Result<Self, BadPath> {
        let text = text.into();
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@+:=~".contains(&byte);
        let segment = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(known);
        let fits = text.len() <= LONGEST && text.split('/').all(segment);
        if fits { Ok(Self(text.into())) } else { Err(BadPath) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for SecretPath {
    type Error = BadPath;

    fn try_from(text: String) -> Result<Self, BadPath> {
        Self::new(text)
    }
}

impl From<SecretPath> for String {
    fn from(path: SecretPath) -> Self {
        (*path.0).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_spelling() {
        for good in ["a", "openai/api-key", "a.b/c_d/e@f+g:h=i~j", "..a/.b", &"x".repeat(256)] {
            assert!(SecretPath::new(good).is_ok(), "{good}");
        }
        let long = "x".repeat(257);
        for bad in [
            "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a b", "a*", "a\0", "a\n",
            "a%2fb", "a\\b", "ä", &long,
        ] {
            assert_eq!(SecretPath::new(bad), Err(BadPath), "{bad:?}");
        }
    }
}
