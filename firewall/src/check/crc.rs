//! CRC-32 as tokens carry it: in base 62, base 36 or hexadecimal, over the payload or over the whole token.
//!
//! The four forms differ in what is summed and how the sum is written; each function names its source.

/// GitHub's digits: 0-9, A-Z, a-z, most significant first
/// (github.blog, "Behind GitHub's new authentication token formats").
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The width that holds 32 bits in base 62.
const BASE62_WIDTH: usize = 6;
/// The width that holds 32 bits in base 36.
const BASE36_WIDTH: usize = 7;
/// The width that holds 32 bits in hexadecimal.
const HEX_WIDTH: usize = 8;

/// `prefix_` + payload + six digits over the payload: GitHub, npm, `NetBird`.
pub(super) fn base62_payload(token: &[u8]) -> bool {
    let Some(start) = token.iter().position(|b| *b == b'_').map(|at| at + 1) else { return false };
    let Some((body, digits)) = split(token, BASE62_WIDTH) else { return false };
    let payload = body.get(start..).filter(|payload| !payload.is_empty());
    payload.is_some_and(|payload| number(digits, BASE62) == Some(u64::from(crc32(payload))))
}

/// Six digits after the last `_`, over everything before it (Synapse, `AuthHandler.generate_access_token`).
pub(super) fn base62_whole(token: &[u8]) -> bool {
    let Some((body, digits)) = split(token, BASE62_WIDTH) else { return false };
    let body = body.strip_suffix(b"_");
    body.is_some_and(|body| number(digits, BASE62) == Some(u64::from(crc32(body))))
}

/// Seven lower-case digits of base 36 over everything before them (GitLab, routable tokens).
pub(super) fn base36_whole(token: &[u8]) -> bool {
    let Some((body, digits)) = split(token, BASE36_WIDTH) else { return false };
    let lower: Option<Vec<u8>> = digits.iter().map(|digit| base36(*digit)).collect();
    let claimed = lower.map(|lower| lower.iter().fold(0, |sum, d| sum * 36 + u64::from(*d)));
    claimed == Some(u64::from(crc32(body)))
}

/// `_` and eight hexadecimal digits, least significant byte first, over everything before the `_`
/// (Grafana, `satokengen.CalculateChecksum`).
pub(super) fn hex_whole(token: &[u8]) -> bool {
    let Some((body, digits)) = split(token, HEX_WIDTH) else { return false };
    let Some(body) = body.strip_suffix(b"_") else { return false };
    let claimed = std::str::from_utf8(digits).ok().and_then(|d| u32::from_str_radix(d, 16).ok());
    claimed.map(u32::swap_bytes) == Some(crc32(body))
}

/// The last `width` bytes, and what stands before them, which is not empty.
fn split(token: &[u8], width: usize) -> Option<(&[u8], &[u8])> {
    let at = token.len().checked_sub(width).filter(|at| *at > 0)?;
    token.split_at_checked(at)
}

fn number(digits: &[u8], alphabet: &[u8; 62]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |sum, digit| {
        let value = alphabet.iter().position(|b| b == digit)?;
        Some(sum * 62 + u64::try_from(value).ok()?)
    })
}

fn base36(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'z' => Some(digit - b'a' + 10),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc32_has_the_catalogued_check_value() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    /// A published pair of payload and sum, and the same with one digit of the sum changed.
    fn agrees(check: fn(&[u8]) -> bool, parts: [&str; 3], wrong: &str) {
        let [prefix, payload, sum] = parts;
        assert!(check([prefix, payload, sum].concat().as_bytes()), "{prefix}");
        assert!(!check([prefix, payload, wrong].concat().as_bytes()), "{prefix}");
        for short in ["", "_", "ghp_", "ghp_123456", "_12345678", "no underscore", "é"] {
            assert!(!check(short.as_bytes()), "{short}");
        }
    }

    #[test]
    fn sums_agree_with_published_pairs() {
        // Published with GitHub's format, the token long revoked.
        let github = ["ghp_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ", "0mLq17"];
        agrees(base62_payload, github, "0mLq18");
        // From the tests of Grafana's `satokengen` package.
        let grafana = ["glsa_", "yscW25imSKJIuav8zF37RZmnbiDvB05G", "_fcaaf58a"];
        agrees(hex_whole, grafana, "_fcaaf58b");
        // From the examples of a public rule set for GitLab's routable tokens.
        let gitlab = ["glpat-", "vSY1cyL948aAB440qB6L4zlu9OzsUmEV.01.0w", "0sfevch"];
        agrees(base36_whole, gitlab, "0sfevci");
        // Made by Synapse's construction from the catalogued sum of `123456789`.
        agrees(base62_whole, ["1234", "56789", "_3jZRME"], "_3jZRMF");
    }
}
