//! Escapes: `$'...'`, `echo -e`, `printf`; and putting a word back into quotes.

/// The text of `$'...'`.
pub(super) fn ansi(raw: &str) -> String {
    decode(raw, false).0
}

/// The text of `echo -e` or of a format of `printf`; `true` when an escape stood for a character that needs none.
pub(in super::super) fn echo_escapes(raw: &str) -> (String, bool) {
    decode(raw, true)
}

fn decode(raw: &str, octal_zero: bool) -> (String, bool) {
    let (mut out, mut hides) = (Vec::<u8>::new(), false);
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let Some(next) = chars.next() else {
            out.push(b'\\');
            break;
        };
        let simple = match next {
            'n' => Some(b'\n'),
            't' => Some(b'\t'),
            'r' => Some(b'\r'),
            'a' => Some(7),
            'b' => Some(8),
            'e' | 'E' => Some(27),
            'f' => Some(12),
            'v' => Some(11),
            '\\' => Some(b'\\'),
            '\'' => Some(b'\''),
            '"' => Some(b'"'),
            '?' => Some(b'?'),
            _ => None,
        };
        if let Some(byte) = simple {
            out.push(byte);
            continue;
        }
        let (radix, most) = match next {
            'x' => (16, 2),
            'u' => (16, 4),
            'U' => (16, 8),
            '0' if octal_zero => (8, 3),
            '0'..='7' => (8, 2),
            _ => {
                out.push(b'\\');
                out.extend(next.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
        };
        let mut value = if radix == 8 { next.to_digit(8).unwrap_or(0) } else { 0 };
        let mut count = 0;
        while let Some(digit) =
            chars.peek().and_then(|c| c.to_digit(radix)).filter(|_| count < most)
        {
            value = value.saturating_mul(radix).saturating_add(digit);
            count += 1;
            chars.next();
        }
        hides |= (0x20..0x7f).contains(&value);
        if matches!(next, 'u' | 'U') {
            let c = char::from_u32(value).unwrap_or('\u{fffd}');
            out.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            out.push(u8::try_from(value & 0xff).unwrap_or(0));
        }
    }
    (String::from_utf8_lossy(&out).into_owned(), hides)
}

/// The word in single quotes, for a text that is parsed again.
pub(in super::super) fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
