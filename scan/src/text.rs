//! What bytes are, judged by the bytes alone: text, text in UTF-16, an archive, a property list, or binary.
//!
//! Invariant: a name or its ending never decides. Deliberately absent: taking anything apart.

/// Bytes at the start of a file that decide what it is.
pub const HEAD: usize = 8 * 1024;
/// A file with NULs is still text when they separate it (`env -0`, `/proc/PID/environ`): no more than one in so many.
const BYTES_A_NUL: usize = 4;
/// Of so many bytes one may be a control character that no text has; in compressed data one in ten is.
const BYTES_A_CONTROL: usize = 50;

/// What bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Text in UTF-8, ASCII or an older eight-bit encoding.
    Text,
    /// Text in UTF-16, its bytes in this order.
    Utf16(Order),
    /// A zip archive, such as a jar or a wheel.
    Zip,
    /// A tar archive.
    Tar,
    /// gzip.
    Gzip,
    /// Compressed in a way that is not undone here; its name.
    Packed(&'static str),
    /// A binary property list.
    Plist,
    /// None of these.
    Binary,
}

/// Which byte of a pair comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The less significant.
    Little,
    /// The more significant.
    Big,
}

/// First bytes of formats (file(1)'s magic), those that are opened and those that are told as not scanned.
const MAGIC: [(&[u8], Nature); 9] = [
    (b"PK\x03\x04", Nature::Zip),
    (b"PK\x05\x06", Nature::Zip),
    (b"\x1f\x8b\x08", Nature::Gzip),
    (b"bplist00", Nature::Plist),
    (b"\xfd7zXZ\x00", Nature::Packed("xz")),
    (b"\x28\xb5\x2f\xfd", Nature::Packed("zstd")),
    (b"BZh", Nature::Packed("bzip2")),
    (b"7z\xbc\xaf\x27\x1c", Nature::Packed("7z")),
    (b"Rar!\x1a\x07", Nature::Packed("rar")),
];

/// What a file is that begins with these bytes, at most [`HEAD`] of them.
#[must_use]
pub fn nature(head: &[u8]) -> Nature {
    let head = head.get(..HEAD).unwrap_or(head);
    let known = MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
    if let Some((_, nature)) = known.filter(|(magic, _)| *magic != b"BZh" || is_bzip2(head)) {
        return *nature;
    }
    if is_tar(head) {
        return Nature::Tar;
    }
    match head {
        [0xff, 0xfe, rest @ ..] if rest.len() >= 2 => return Nature::Utf16(Order::Little),
        [0xfe, 0xff, rest @ ..] if rest.len() >= 2 => return Nature::Utf16(Order::Big),
        _ => {}
    }
    let nuls = memchr::memchr_iter(0, head).count();
    if nuls > 0 {
        return with_nuls(head, nuls);
    }
    let controls = head.iter().filter(|byte| is_odd_control(**byte)).count();
    if controls * BYTES_A_CONTROL > head.len() { Nature::Binary } else { Nature::Text }
}

/// C0 controls that stand in no text; a terminal's escape, form feed and backspace do.
const fn is_odd_control(byte: u8) -> bool {
    matches!(byte, 0..=6 | 14..=26 | 28..=31 | 127)
}

fn with_nuls(head: &[u8], nuls: usize) -> Nature {
    // Latin text in UTF-16 without a mark has a NUL in nearly every second byte, always on the same side.
    let pairs = head.len() / 2;
    let on = |side: usize| head.chunks_exact(2).filter(|pair| pair.get(side) == Some(&0)).count();
    let (first, second) = (on(0), on(1));
    let readable = |side: usize| {
        head.chunks_exact(2).all(|pair| pair.get(side).is_some_and(|byte| !is_odd_control(*byte)))
    };
    if pairs >= 8 && second * 10 >= pairs * 9 && first == 0 && readable(0) {
        return Nature::Utf16(Order::Little);
    }
    if pairs >= 8 && first * 10 >= pairs * 9 && second == 0 && readable(1) {
        return Nature::Utf16(Order::Big);
    }
    let sparse = nuls * BYTES_A_NUL <= head.len();
    let plain = |text: &[u8]| {
        let whole = match std::str::from_utf8(text) {
            Ok(_) => true,
            // The block may end inside a character.
            Err(error) => error.error_len().is_none(),
        };
        whole && !text.iter().any(|byte| is_odd_control(*byte))
    };
    let separated = sparse && head.split(|byte| *byte == 0).all(plain);
    if separated { Nature::Text } else { Nature::Binary }
}

/// A digit for the block size, then the magic of a block or of the end (bzip2's format).
fn is_bzip2(head: &[u8]) -> bool {
    head.get(3).is_some_and(u8::is_ascii_digit)
        && matches!(head.get(4..6), Some([0x31, 0x41] | [0x17, 0x72]))
}

/// A header whose checksum holds, as POSIX.1 defines it: the sum of all bytes with the checksum itself as blanks.
#[must_use]
pub fn is_tar(head: &[u8]) -> bool {
    let Some(header) = head.get(..512) else { return false };
    let Some(stored) = header.get(148..156).and_then(octal) else { return false };
    let sum = |from: usize, to: usize| -> u64 {
        header.get(from..to).unwrap_or_default().iter().map(|byte| u64::from(*byte)).sum()
    };
    // A block of zeros is the end of an archive and begins none.
    header.first() != Some(&0) && sum(0, 148) + sum(156, 512) + 8 * u64::from(b' ') == stored
}

/// A number in octal, blanks and NULs around it.
#[must_use]
pub fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    let digits = text.trim_matches(|c| c == ' ' || c == '\0');
    u64::from_str_radix(digits, 8).ok()
}

/// UTF-16 as UTF-8; a half of a character becomes U+FFFD, a byte too many at the end is dropped.
#[must_use]
pub fn decode_utf16(bytes: &[u8], order: Order) -> Vec<u8> {
    let units = bytes.chunks_exact(2).filter_map(|pair| {
        let pair = <[u8; 2]>::try_from(pair).ok()?;
        Some(match order {
            Order::Little => u16::from_le_bytes(pair),
            Order::Big => u16::from_be_bytes(pair),
        })
    });
    let chars = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    chars.filter(|c| *c != '\u{feff}').collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        let utf16 = |text: &str, order: Order| -> Vec<u8> {
            let bytes = |unit: u16| match order {
                Order::Little => unit.to_le_bytes(),
                Order::Big => unit.to_be_bytes(),
            };
            text.encode_utf16().flat_map(bytes).collect()
        };
        let little = utf16("\u{feff}password=x", Order::Little);
        let cases: [(&[u8], Nature); 15] = [
            (b"", Nature::Text),
            (b"plain\n", Nature::Text),
            ("Gr\u{fc}\u{df}e\n".as_bytes(), Nature::Text),
            (b"Gr\xfc\xdfe in latin-1\n", Nature::Text),
            (b"A=1\0LONG_NAME=long value\0", Nature::Text),
            (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", Nature::Binary),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Nature::Binary),
            (&[1, 2, 3, 4, 200, 17, 30], Nature::Binary),
            (b"PK\x03\x04rest", Nature::Zip),
            (b"\x1f\x8b\x08rest", Nature::Gzip),
            (b"BZh is a word", Nature::Text),
            (b"BZh91AY&SY", Nature::Packed("bzip2")),
            (&little, Nature::Utf16(Order::Little)),
            (&utf16("no mark in this line", Order::Little), Nature::Utf16(Order::Little)),
            (&utf16("no mark in this line", Order::Big), Nature::Utf16(Order::Big)),
        ];
        for (head, expected) in cases {
            assert_eq!(nature(head), expected, "{:?}", head.escape_ascii().to_string());
        }
        assert_eq!(decode_utf16(&little, Order::Little), b"password=x");
        assert_eq!(decode_utf16(b"\0a\xd8\0\0b\0", Order::Big), "a\u{fffd}b".as_bytes());
    }
}
