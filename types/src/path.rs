//! Absolute, normal paths, permission bits and owners.
//!
//! An [`AbsPath`] has no `.`, `..`, empty component or NUL, so joining one below a directory root can never
//! leave that root. Absent on purpose: following links, which only `host` can do.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// Why a path was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not start with `/`.
    #[error("`{0}` is not an absolute path")]
    Relative(String),
    /// It holds `.`, `..`, `//`, a trailing `/`, or a control character.
    #[error("`{0}` is not a normal path (no `.`, `..`, `//`, trailing `/` or control characters)")]
    NotNormal(String),
    /// It is longer than PATH_MAX on macOS.
    #[error("a path of {0} bytes is longer than the 1,024 of macOS")]
    TooLong(usize),
}

/// An absolute path in normal form: `/` or `/a/b`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AbsPath(String);

impl AbsPath {
    /// Checks that the text is absolute and normal.
    pub fn new(text: impl Into<String>) -> Result<Self, PathError> {
        // PATH_MAX in macOS's sys/syslimits.h, with its NUL.
        const PATH_MAX: usize = 1024;
        let text = text.into();
        if text.len() >= PATH_MAX {
            return Err(PathError::TooLong(text.len()));
        }
        let Some(rest) = text.strip_prefix('/') else { return Err(PathError::Relative(text)) };
        let normal = |part: &str| {
            !part.is_empty() && part != "." && part != ".." && !part.chars().any(char::is_control)
        };
        if rest.is_empty() || rest.split('/').all(normal) {
            Ok(Self(text))
        } else {
            Err(PathError::NotNormal(text))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This path with more components below it.
    pub fn join(&self, below: &str) -> Result<Self, PathError> {
        let base = if self.0 == "/" { "" } else { &self.0 };
        Self::new(format!("{base}/{below}"))
    }

    /// The components below `/`, from the top.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// The directory that holds this path; none for `/`.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (up, name) = self.0.rsplit_once('/')?;
        match (up, name) {
            (_, "") => None,
            ("", _) => Some(Self("/".to_owned())),
            (up, _) => Some(Self(up.to_owned())),
        }
    }

    /// The last component; empty for `/`.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl TryFrom<String> for AbsPath {
    type Error = PathError;
    fn try_from(text: String) -> Result<Self, PathError> {
        Self::new(text)
    }
}

impl From<AbsPath> for String {
    fn from(path: AbsPath) -> Self {
        path.0
    }
}

impl fmt::Display for AbsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl schemars::JsonSchema for AbsPath {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("AbsPath")
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^/", "description": "an absolute path" })
    }
}

/// Permission bits, without setuid, setgid and sticky: sanctum never writes those.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Mode(u16);

impl Mode {
    /// Owner reads and writes.
    pub const PRIVATE: Self = Self(0o600);
    /// Everybody reads, the owner writes.
    pub const PUBLIC: Self = Self(0o644);
    /// Everybody runs or enters, the owner writes.
    pub const OPEN_DIR: Self = Self(0o755);
    /// Only the owner enters.
    pub const PRIVATE_DIR: Self = Self(0o700);

    /// Keeps the nine permission bits of `bits`.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self((bits & 0o777) as u16)
    }

    /// The nine bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mode({self})")
    }
}

impl From<Mode> for String {
    fn from(mode: Mode) -> Self {
        mode.to_string()
    }
}

impl TryFrom<String> for Mode {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        match u32::from_str_radix(&text, 8) {
            Ok(bits) if bits <= 0o777 => Ok(Self::from_bits(bits)),
            _ => Err(format!("`{text}` is not an octal mode up to 0777")),
        }
    }
}

/// User and group by name; the host turns them into ids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// User name, or a decimal uid that has no name.
    pub user: String,
    /// Group name, or a decimal gid that has no name.
    pub group: String,
}

impl Owner {
    /// An owner by names.
    pub fn new(user: impl Into<String>, group: impl Into<String>) -> Self {
        Self { user: user.into(), group: group.into() }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.user, self.group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_normal_absolute_paths() {
        for good in ["/", "/a", "/a/b.c", "/a b/é"] {
            assert!(AbsPath::new(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "/a/", "//a", "/a/../b", "/./a", "/a\0b", "/a\nb"] {
            assert!(AbsPath::new(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn joining_never_leaves_the_base(below in "[a-z./]{0,12}") {
            let base = AbsPath::new("/base/dir").unwrap();
            if let Ok(joined) = base.join(&below) {
                prop_assert!(joined.as_str().starts_with("/base/dir/"));
                prop_assert!(joined.components().all(|part| part != ".."));
            }
        }
        #[test]
        fn modes_print_and_parse(bits in 0u32..0o1000) {
            let mode = Mode::from_bits(bits);
            prop_assert_eq!(Mode::try_from(mode.to_string()), Ok(mode));
        }
    }
}
