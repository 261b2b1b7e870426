//! Bech32 as age uses it: BIP 173 without its limit of length.
//!
//! Only the checksum is looked at and made; what the letters stand for is the plugin's.

/// The letters of the coded part, each for five bits (BIP 173).
const LETTERS: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// The terms of the checksum's polynomial (BIP 173).
const TERMS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
/// Letters of the checksum.
pub(crate) const CHECKSUM: usize = 6;

/// Whether a text is Bech32 and its checksum is right.
pub(crate) fn is_sound(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    if !text.is_ascii() || (text != lower && text != text.to_ascii_uppercase()) {
        return false;
    }
    let Some((readable, coded)) = lower.rsplit_once('1') else { return false };
    codes(coded).is_some_and(|codes| codes.len() >= CHECKSUM && remainder(readable, &codes) == 1)
}

/// The checksum in capital letters of a readable part and a coded one without checksum.
pub(crate) fn checksum(readable: &str, coded: &str) -> Option<String> {
    let mut all = codes(&coded.to_ascii_lowercase())?;
    all.extend([0; CHECKSUM]);
    let sum = remainder(&readable.to_ascii_lowercase(), &all) ^ 1;
    let letter = |place: usize| {
        let code = usize::try_from((sum >> (5 * (CHECKSUM - 1 - place))) & 31).ok()?;
        LETTERS.chars().nth(code).map(|letter| letter.to_ascii_uppercase())
    };
    (0..CHECKSUM).map(letter).collect()
}

fn codes(coded: &str) -> Option<Vec<u32>> {
    coded.chars().map(|c| u32::try_from(LETTERS.find(c)?).ok()).collect()
}

fn remainder(readable: &str, codes: &[u32]) -> u32 {
    let high = readable.bytes().map(|byte| u32::from(byte >> 5));
    let low = readable.bytes().map(|byte| u32::from(byte & 31));
    let step = |sum: u32, value: u32| {
        let top = sum >> 25;
        let sum = ((sum & 0x01ff_ffff) << 5) ^ value;
        let terms = TERMS.iter().enumerate().filter(|(bit, _)| (top >> bit) & 1 == 1);
        terms.fold(sum, |sum, (_, term)| sum ^ term)
    };
    high.chain([0]).chain(low).chain(codes.iter().copied()).fold(1, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_that_was_mistyped_is_seen() {
        // The first two are of BIP 173, the third of age's tests of plugins.
        for text in ["a12uel5l", "A12UEL5L", "AGE-PLUGIN-FOOBAR-1QVHULF"] {
            assert!(is_sound(text), "{text}");
            let broken = text.replace(['u', 'U'], if text.contains('u') { "q" } else { "Q" });
            assert!(!is_sound(&broken), "{broken}");
            let capital = text.to_ascii_uppercase();
            let (readable, coded) = capital.rsplit_once('1').unwrap();
            let (bytes, sum) = coded.split_at(coded.len() - CHECKSUM);
            assert_eq!(checksum(readable, bytes).as_deref(), Some(sum));
        }
        for text in ["", "a1", "A12uEL5L", "ab1b", "é12uel5l", "a12uel5"] {
            assert!(!is_sound(text), "{text}");
        }
    }
}
