//! The BIP 173 checksum, as age identities and Nostr keys carry it.
//!
//! Only the sum is judged, not the human-readable part: the rule's pattern has fixed that.

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// BIP 173, "Checksum".
const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];

/// Whether the sum is right, in either case of letters; the human-readable part ends at the last `1`.
pub(super) fn holds(text: &[u8]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bech32_agrees_with_the_vectors_of_bip_173() {
        for valid in
            ["A12UEL5L", "a12uel5l", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "?1ezyfcl"]
        {
            assert!(holds(valid.as_bytes()), "{valid}");
        }
        for invalid in ["A1G7SGD8", "pzry9x0s0muk", "x1b4n0q5v", "1nwldj6"] {
            assert!(!holds(invalid.as_bytes()), "{invalid}");
        }
    }
}
