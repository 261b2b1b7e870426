//! Names that stand in records and messages. Each is bounded and printable, so that what a provider answers
//! cannot bring a line break or an escape sequence into a record, a journal or a terminal.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A text that is none of these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {kind} is 1 to {max} printable characters of ASCII")]
pub struct WordError {
    kind: &'static str,
    max: usize,
}

macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $max:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Accepts what the type's description says.
            ///
            /// # Errors
            /// The text is empty, too long or has another character.
            pub fn new(text: impl Into<String>) -> Result<Self, WordError> {
                let text = text.into();
                let allowed: fn(u8) -> bool = $allowed;
                if (1..=$max).contains(&text.len()) && text.bytes().all(allowed) {
                    return Ok(Self(text));
                }
                Err(WordError { kind: $kind, max: $max })
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = WordError;

            fn try_from(text: String) -> Result<Self, WordError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn graphic(byte: u8) -> bool {
    byte.is_ascii_graphic()
}

fn printable(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == b' '
}

word!(
    /// What a provider calls a key in its interface: a hash, an access key id. Public, never the value. Printable
    /// ASCII without spaces, up to 256 characters (the longest in use is a SHA-256 in hexadecimal).
    KeyId,
    "key id",
    256,
    graphic
);
word!(
    /// A consumer as the instance spells it, such as `sops:secrets.yaml#openrouter`. Up to 512 characters.
    ConsumerId,
    "consumer",
    512,
    printable
);
word!(
    /// A kind of provider, such as `openrouter`. Up to 40 characters of `a-z`, `0-9` and `-`.
    KindName,
    "kind",
    40,
    |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
);

/// Which rotation: 128 random bits, written as a UUID of version 4 (RFC 9562, section 5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RotationId([u8; 16]);

impl RotationId {
    /// From random bytes; six of the bits are given by the version.
    #[must_use]
    pub const fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }

    /// Reads the spelling that [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0_u8; 16];
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        let pairs = digits.as_bytes().chunks(2);
        if !digits.is_ascii() || pairs.len() != bytes.len() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        let id = Self::from_random(bytes);
        (id.to_string() == text).then_some(id)
    }

    /// The bytes: the random input of what varies from rotation to rotation.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for RotationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl From<RotationId> for String {
    fn from(id: RotationId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for RotationId {
    type Error = WordError;

    fn try_from(text: String) -> Result<Self, WordError> {
        Self::parse(&text).ok_or(WordError { kind: "rotation id", max: 36 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_id_is_a_uuid_and_only_that_is_read() {
        let id = RotationId::from_random([0xff; 16]);
        assert_eq!(id.to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(RotationId::parse(&id.to_string()), Some(id));
        for bad in [
            "",
            "ffffffff-ffff-1fff-bfff-ffffffffffff",
            "FFFFFFFF-ffff-4fff-bfff-ffffffffffff",
            "ffffffffffff4fffbfffffffffffffff",
            "ffffffff-ffff-4fff-bfff-ffffffffffff0",
            "éé",
        ] {
            assert_eq!(RotationId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn words_are_printable_and_bounded() {
        assert!(KeyId::new("AKIDEXAMPLE/+=").is_ok() && ConsumerId::new("sops: a#b").is_ok());
        for bad in ["", "a b", "a\nb", "\u{1b}[2J", "é", &"a".repeat(257)] {
            assert!(KeyId::new(bad).is_err(), "{bad:?}");
        }
    }
}
