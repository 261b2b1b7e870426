//! Finds the indicators that the parser does not tell of: dashes, colons and the headers of block scalars.
//!
//! Each search starts behind a known token, so that only white space, comments, tags and anchors can stand between.

use std::ops::Range;

/// The header of a block scalar (`|-2`), from behind the token before it.
pub(super) fn block_header(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        at = gap(bytes, at);
        match bytes.get(at)? {
            b'-' | b':' | b'?' => at += 1,
            b'&' | b'!' => at = word(bytes, at),
            b'|' | b'>' => {
                let length = bytes
                    .get(at + 1..)?
                    .iter()
                    .take_while(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-'))
                    .count();
                return Some(at..at + 1 + length);
            }
            _ => return None,
        }
    }
}

/// The next dash of a block list.
pub(super) fn dash(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        at = gap(bytes, at);
        match bytes.get(at)? {
            b'-' => return Some(at),
            b':' | b'?' => at += 1,
            b'&' | b'!' => at = word(bytes, at),
            _ => return None,
        }
    }
}

/// The colon behind a key.
pub(super) fn colon(text: &str, key_end: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let at = gap(bytes, key_end);
    (bytes.get(at) == Some(&b':')).then_some(at)
}

/// Over white space, line breaks and comments.
pub(super) fn gap(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => at += 1,
            b'#' => at += bytes.iter().skip(at).take_while(|byte| **byte != b'\n').count(),
            _ => break,
        }
    }
    at
}

fn word(bytes: &[u8], at: usize) -> usize {
    at + bytes.iter().skip(at).take_while(|byte| !byte.is_ascii_whitespace()).count()
}
