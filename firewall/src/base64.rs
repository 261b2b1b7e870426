//! Base64 of either alphabet (RFC 4648, sections 4 and 5), with or without padding.
//!
//! The crate of that name wants to know alphabet and padding before, and text that only may be base64 tells neither.

/// The bytes that `text` stands for; nothing when a byte is outside both alphabets or the length cannot be.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().rposition(|b| *b != b'=').map_or(0, |at| at + 1);
    let body = text.get(..end)?;
    if body.len() % 4 == 1 || text.len() - end > 2 {
        return None;
    }
    let mut out = Vec::with_capacity(body.len() / 4 * 3 + 2);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in body {
        held = ((held << 6) | u32::from(digit(*byte)?)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((held >> bits) & 0xff).ok()?);
        }
    }
    Some(out)
}

/// The six bits of one character.
pub(crate) fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'-' | b'+' => Some(62),
        b'_' | b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decoding_agrees_with_the_vectors_of_rfc_4648() {
        for (text, plain) in
            [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9vYg", "foob"), ("Zm9vYmFy", "foobar")]
        {
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(plain.as_bytes()), "{text}");
        }
        assert_eq!(decode(b"-_-_"), decode(b"+/+/"));
        for text in ["Z", "Zm9vY", "Zm9v!", "Zg==="] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn three_bytes_are_four_digits(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            let mut text = Vec::new();
            for chunk in bytes.chunks(3) {
                let held = chunk.iter().fold(0_u32, |held, b| (held << 8) | u32::from(*b)) << (8 * (3 - chunk.len()));
                text.extend((0..=chunk.len()).map(|at| DIGITS[(held >> (18 - 6 * at) & 63) as usize]));
            }
            prop_assert_eq!(decode(&text), Some(bytes));
        }
    }
}
