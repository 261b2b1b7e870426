//! Structures under base64: JSON web tokens, macaroons and Discord's ids.
//!
//! Decodes just enough to tell a token from text of the same shape; signatures are not verified.

use crate::base64::decode;

/// The bytes of a macaroon's signature, an HMAC-SHA256.
const SIGNATURE: usize = 32;
/// Discord's first ids had 17 digits; a `u64` has at most 20.
const SNOWFLAKE_DIGITS: std::ops::RangeInclusive<usize> = 17..=20;

/// Whether the first part is base64url of a JSON object with the mandatory member `alg` (RFC 7515, 4.1.1).
pub(super) fn jwt(token: &[u8]) -> bool {
    let Some(header) = token.split(|b| *b == b'.').next().and_then(decode) else { return false };
    let Ok(header) = std::str::from_utf8(&header) else { return false };
    header.starts_with('{') && header.trim_end().ends_with('}') && header.contains("\"alg\"")
}

/// Whether what follows the first `-` is a macaroon of the binary format 2: version and location first,
/// the signature last (libmacaroons, `doc/format.txt`).
pub(super) fn macaroon(token: &[u8]) -> bool {
    // A field is a type, a length and the bytes; the location has type 1, the signature type 6.
    const HEAD: [u8; 2] = [2, 1];
    const TAIL: [u8; 2] = [6, 32];
    let body = token.iter().position(|b| *b == b'-').and_then(|at| token.get(at + 1..));
    let Some(bytes) = body.and_then(decode) else { return false };
    let tail = bytes.len().checked_sub(SIGNATURE).and_then(|at| bytes.get(..at));
    bytes.starts_with(&HEAD) && tail.is_some_and(|tail| tail.ends_with(&TAIL))
}

/// Whether the first part is base64 of a decimal id (Discord's API reference, "Snowflakes").
pub(super) fn snowflake(token: &[u8]) -> bool {
    let Some(id) = token.split(|b| *b == b'.').next().and_then(decode) else { return false };
    SNOWFLAKE_DIGITS.contains(&id.len()) && id.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jwt_needs_a_header_with_an_algorithm() {
        assert!(jwt(b"eyJhbGciOiJIUzI1NiJ9.e30.x"));
        assert!(!jwt(b"eyJraWQiOiJhIn0.e30.x"));
        assert!(!jwt(b"e!.e30.x"));
    }

    #[test]
    fn a_macaroon_ends_with_its_signature() {
        // Version 2, location `a`, identifier `b`, two ends of section, a signature of 32 bytes.
        let signed = format!("pypi-{}{}", "AgEBYQIBYgAABiA", "w".repeat(43));
        assert!(macaroon(signed.as_bytes()));
        assert!(!macaroon(format!("{signed}wwww").as_bytes()));
        assert!(!macaroon(signed.replace("AgEB", "AwEB").as_bytes()));
        for short in ["", "pypi-", "pypi-AgE", "pypi-AgEBYQ"] {
            assert!(!macaroon(short.as_bytes()), "{short}");
        }
    }

    #[test]
    fn a_discord_token_begins_with_an_id() {
        assert!(snowflake(b"MTIzNDU2Nzg5MDEyMzQ1Njc4.x.y"));
        assert!(!snowflake(b"MTIzNDU2Nzg5MDEyMzQ1.x.y"));
        assert!(!snowflake(b"TWFkZVVwTmFtZXNIZXJlTm93.x.y"));
    }
}
