//! Bech32's checksum (BIP 173 without its limit of length), as age's keys and Nostr's carry it.
//!
//! Only the sum is judged and made; what the letters stand for is their reader's. Nothing of a text is copied: it may be
//! a private key.

/// The letters of the coded part, each for five bits (BIP 173).
const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// The terms of the checksum's polynomial (BIP 173, "Checksum").
const TERMS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
/// Letters of the checksum.
pub const CHECKSUM: usize = 6;

/// Whether a text is Bech32 and its sum is right, in either case of letters and not in both; the readable part ends at
/// the last `1`.
#[must_use]
pub fn holds(text: &[u8]) -> bool {
    if text.iter().any(u8::is_ascii_uppercase) && text.iter().any(u8::is_ascii_lowercase) {
        return false;
    }
    let Some(split) = text.iter().rposition(|byte| *byte == b'1') else { return false };
    let (readable, coded) = text.split_at(split);
    let coded = coded.get(1..).unwrap_or_default();
    coded.len() >= CHECKSUM && remainder(readable, coded.iter().copied().map(code)) == Some(1)
}

/// The checksum in capital letters of a readable part and a coded one without checksum; none where that is no code.
#[must_use]
pub fn checksum(readable: &str, coded: &str) -> Option<String> {
    let codes = coded.bytes().map(code).chain([Some(0); CHECKSUM]);
    let sum = remainder(readable.as_bytes(), codes)? ^ 1;
    let letter = |place: usize| {
        let code = usize::try_from((sum >> (5 * (CHECKSUM - 1 - place))) & 31).ok()?;
        LETTERS.get(code).map(|letter| char::from(letter.to_ascii_uppercase()))
    };
    (0..CHECKSUM).map(letter).collect()
}

fn code(letter: u8) -> Option<u32> {
    let letter = letter.to_ascii_lowercase();
    LETTERS.iter().position(|known| *known == letter).and_then(|at| u32::try_from(at).ok())
}

fn remainder(readable: &[u8], codes: impl Iterator<Item = Option<u32>>) -> Option<u32> {
    let lower = || readable.iter().map(|byte| u32::from(byte.to_ascii_lowercase()));
    let readable = lower().map(|byte| byte >> 5).chain([0]).chain(lower().map(|byte| byte & 31));
    readable.map(Some).chain(codes).try_fold(1, |sum: u32, value| {
        let sum_and_value = ((sum & 0x01ff_ffff) << 5) ^ value?;
        let terms = TERMS.iter().enumerate().filter(|(bit, _)| (sum >> (25 + bit)) & 1 == 1);
        Some(terms.fold(sum_and_value, |all, (_, term)| all ^ term))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_bip_173() {
        // The last one is of age's tests of plugins.
        for valid in [
            "A12UEL5L",
            "a12uel5l",
            "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
            "?1ezyfcl",
            "AGE-PLUGIN-FOOBAR-1QVHULF",
        ] {
            assert!(holds(valid.as_bytes()), "{valid}");
            let (readable, coded) = valid.rsplit_once('1').unwrap();
            let (bytes, sum) = coded.split_at(coded.len() - CHECKSUM);
            assert_eq!(checksum(readable, bytes), Some(sum.to_ascii_uppercase()), "{valid}");
            let last = if valid.ends_with(['l', 'L']) { "q" } else { "l" };
            let lower = valid.to_ascii_lowercase();
            let mistyped = format!("{}{last}", lower.split_at(lower.len() - 1).0);
            assert!(!holds(mistyped.as_bytes()), "{mistyped}");
        }
        for invalid in [
            "",
            "a1",
            "A12uEL5L",
            "ab1b",
            "é12uel5l",
            "a12uel5",
            "A1G7SGD8",
            "x1b4n0q5v",
            "1nwldj6",
        ] {
            assert!(!holds(invalid.as_bytes()), "{invalid}");
        }
    }
}
