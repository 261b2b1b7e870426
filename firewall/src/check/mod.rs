//! Tests beyond a pattern: the checksums and structures that providers put into their tokens.
//!
//! Each takes the bytes of a candidate and says whether it can be real. None fails, none knows a value. A
//! checksum is asked for only where the provider's own source or documents give it: a wrong one hides keys.

mod crc;
mod encoded;

use crate::random;

/// A test that a rule can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    Crc32Base62,
    Crc32Base62Whole,
    Crc32Base36Whole,
    Crc32HexWhole,
    Bech32,
    Jwt,
    Macaroon,
    Snowflake,
    Mixed,
    NotPlaceholder,
}

impl Check {
    /// Whether `secret` passes.
    pub(crate) fn passes(self, secret: &[u8]) -> bool {
        match self {
            Self::Crc32Base62 => crc::base62_payload(secret),
            Self::Crc32Base62Whole => crc::base62_whole(secret),
            Self::Crc32Base36Whole => crc::base36_whole(secret),
            Self::Crc32HexWhole => crc::hex_whole(secret),
            Self::Bech32 => sanctum_types::bech32::holds(secret),
            Self::Jwt => encoded::jwt(secret),
            Self::Macaroon => encoded::macaroon(secret),
            Self::Snowflake => encoded::snowflake(secret),
            Self::Mixed => {
                secret.iter().any(u8::is_ascii_digit) && secret.iter().any(u8::is_ascii_alphabetic)
            }
            // Bytes that are no text cannot be recognised as a placeholder.
            Self::NotPlaceholder => !std::str::from_utf8(secret).is_ok_and(random::is_placeholder),
        }
    }
}
