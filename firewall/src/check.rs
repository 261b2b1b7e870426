//! Tests beyond a pattern: the checksums and structures that providers put into their tokens.
//!
//! Each takes the bytes of a candidate and says whether it can be real. None allocates per byte or fails.

use crate::base64;

/// A test that a rule can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    Crc32Base62,
    Bech32,
    Jwt,
}

impl Check {
    /// Whether `secret` passes.
    pub(crate) fn passes(self, secret: &[u8]) -> bool {
        match self {
            Self::Crc32Base62 => crc32_base62(secret),
            Self::Bech32 => bech32(secret),
            Self::Jwt => jwt(secret),
        }
    }
}

/// GitHub's digits: 0-9, A-Z, a-z, most significant first
/// (github.blog, "Behind GitHub's new authentication token formats").
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `prefix_` + payload + six digits of CRC-32 over the payload.
fn crc32_base62(token: &[u8]) -> bool {
    // The width that holds 32 bits in base 62.
    const DIGITS: usize = 6;
    let Some(start) = token.iter().position(|b| *b == b'_').map(|at| at + 1) else { return false };
    let Some(end) = token.len().checked_sub(DIGITS).filter(|end| *end > start) else {
        return false;
    };
    let (Some(payload), Some(digits)) = (token.get(start..end), token.get(end..)) else {
        return false;
    };
    let claimed = digits.iter().try_fold(0_u64, |sum, digit| {
        let value = BASE62.iter().position(|b| b == digit)?;
        Some(sum * 62 + u64::try_from(value).ok()?)
    });
    claimed == Some(u64::from(crc32(payload)))
}

/// CRC-32 as in ISO 3309 and zlib, bit by bit: tokens are short.
fn crc32(bytes: &[u8]) -> u32 {
    // The reversed polynomial.
    const POLYNOMIAL: u32 = 0xEDB8_8320;
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
        }
    }
    !crc
}

/// A BIP 173 string of either case; the human-readable part ends at the last `1`.
fn bech32(text: &[u8]) -> bool {
    const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    // BIP 173, "Checksum".
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let lower = text.to_ascii_lowercase();
    let Some(split) = lower.iter().rposition(|b| *b == b'1') else { return false };
    let (Some(human), Some(coded)) = (lower.get(..split), lower.get(split + 1..)) else {
        return false;
    };
    let Some(values) = coded
        .iter()
        .map(|b| ALPHABET.iter().position(|a| a == b).and_then(|at| u32::try_from(at).ok()))
        .collect::<Option<Vec<u32>>>()
    else {
        return false;
    };
    let high = human.iter().map(|b| u32::from(b >> 5));
    let low = human.iter().map(|b| u32::from(b & 31));
    let mut sum = 1_u32;
    for value in high.chain(std::iter::once(0)).chain(low).chain(values) {
        let top = sum >> 25;
        sum = ((sum & 0x01ff_ffff) << 5) ^ value;
        for (bit, term) in GENERATOR.iter().enumerate() {
            if (top >> bit) & 1 == 1 {
                sum ^= term;
            }
        }
    }
    sum == 1
}

/// Whether the first part is base64url of a JSON object with the mandatory member `alg` (RFC 7515, 4.1.1).
fn jwt(token: &[u8]) -> bool {
    let Some(header) = token.split(|b| *b == b'.').next().and_then(base64::decode) else {
        return false;
    };
    let Ok(header) = std::str::from_utf8(&header) else { return false };
    header.starts_with('{') && header.trim_end().ends_with('}') && header.contains("\"alg\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc32_has_the_catalogued_check_value() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn base62_digits_agree_with_a_published_pair() {
        // Payload and digits published with GitHub's format, the token long revoked.
        let token = ["ghp_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ", "0mLq17"].concat();
        assert!(crc32_base62(token.as_bytes()));
        assert!(!crc32_base62(token.replace("0mLq17", "0mLq18").as_bytes()));
        for short in ["", "ghp_", "ghp_123456", "no underscore"] {
            assert!(!crc32_base62(short.as_bytes()), "{short}");
        }
    }

    #[test]
    fn bech32_agrees_with_the_vectors_of_bip_173() {
        for valid in
            ["A12UEL5L", "a12uel5l", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "?1ezyfcl"]
        {
            assert!(bech32(valid.as_bytes()), "{valid}");
        }
        for invalid in ["A1G7SGD8", "pzry9x0s0muk", "x1b4n0q5v", "1nwldj6"] {
            assert!(!bech32(invalid.as_bytes()), "{invalid}");
        }
    }

    #[test]
    fn a_jwt_needs_a_header_with_an_algorithm() {
        assert!(jwt(b"eyJhbGciOiJIUzI1NiJ9.e30.x"));
        assert!(!jwt(b"eyJraWQiOiJhIn0.e30.x"));
        assert!(!jwt(b"e!.e30.x"));
    }
}
