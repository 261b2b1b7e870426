//! The bodies of private keys: PEM (RFC 7468), OpenSSH, OpenPGP (RFC 9580, section 6.2) and PuTTY's `.ppk`.
//!
//! A header alone is no key: the body must hold base64 that varies as chance does.

use crate::finder::{Look, byte, skip, skip_back};
use crate::random;
use std::ops::Range;

/// Longer than an RSA key of 16,384 bits in PEM, and than most OpenPGP keys with several subkeys.
const LONGEST: usize = 64 << 10;
/// Ed25519 in PKCS #8 has 64 characters, its seed alone 43.
const SHORTEST: usize = 40;
/// What stands around `PRIVATE KEY` in a header.
const DASHES: &[u8] = b"-----";

/// The hit is `PRIVATE KEY` or PuTTY's header.
pub(crate) fn look(text: &[u8], hit: &Range<usize>) -> Look {
    let word = text.get(hit.clone()).unwrap_or_default();
    let putty = word.to_ascii_lowercase().starts_with(b"putty");
    let header = if putty { putty_body(text, hit) } else { pem_body(text, hit) };
    let looked = hit.end + if putty { LONGEST / 4 } else { 0 };
    let Some((start, body)) = header else { return Look::nothing(hit.end).read(looked) };
    let end = body_end(text, body, putty);
    let trimmed = trim(text, body..end);
    if is_key(text.get(trimmed.clone()).unwrap_or_default()) {
        let footer = if putty { None } else { footer_end(text, end) };
        let start = if putty { trimmed.start } else { start };
        Look::secret(start..footer.unwrap_or(trimmed.end), None)
    } else {
        Look::nothing(end.max(hit.end))
    }
}

/// The end of a closing header that begins here.
fn footer_end(text: &[u8], at: usize) -> Option<usize> {
    const LONGEST_FOOTER: usize = 80;
    let rest = text.get(at..at.saturating_add(LONGEST_FOOTER).min(text.len()))?;
    let label = rest.strip_prefix(b"-----END ")?;
    let dashes = memchr::memmem::find(label, DASHES)?;
    let keyed = memchr::memmem::find(label.get(..dashes)?, b"PRIVATE KEY").is_some();
    keyed.then_some(at + b"-----END ".len() + dashes + DASHES.len())
}

/// Where the header that `PRIVATE KEY` belongs to begins, and the offset behind it.
fn pem_body(text: &[u8], hit: &Range<usize>) -> Option<(usize, usize)> {
    let label = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ';
    let begin = skip_back(text, hit.start, 48, label);
    let dashes = begin.checked_sub(DASHES.len())?;
    let header = text.get(begin..hit.start)?;
    let end = if text.get(hit.end..)?.starts_with(b" BLOCK") {
        hit.end + b" BLOCK".len()
    } else {
        hit.end
    };
    let framed = text.get(dashes..begin)? == DASHES && text.get(end..)?.starts_with(DASHES);
    (framed && header.starts_with(b"BEGIN ")).then_some((dashes, end + DASHES.len()))
}

/// Where the private lines of a PuTTY key begin, twice: their header holds nothing worth hiding.
fn putty_body(text: &[u8], hit: &Range<usize>) -> Option<(usize, usize)> {
    const MARK: &[u8] = b"Private-Lines:";
    let rest = text.get(hit.end..hit.end.saturating_add(LONGEST / 4).min(text.len()))?;
    let mark = hit.end + memchr::memmem::find(rest, MARK)? + MARK.len();
    let body = skip(text, mark, 16, |b| matches!(b, b' ' | b'0'..=b'9'));
    Some((body, body))
}

/// Where the body ends: at the closing header, or where a byte cannot belong to armour in any quoting.
fn body_end(text: &[u8], start: usize, putty: bool) -> usize {
    let limit = start.saturating_add(LONGEST).min(text.len());
    let mut at = start;
    while at < limit {
        let b = byte(text, at);
        let sign =
            matches!(b, b'+' | b'/' | b'=' | b':' | b',' | b'.' | b'\\' | b'"' | b'\'' | b'-');
        if !(b.is_ascii_alphanumeric() || b.is_ascii_whitespace() || sign) {
            break;
        }
        let next = byte(text, at + 1);
        if b == b'-' && !next.is_ascii_alphanumeric()
            || putty
                && b == b'\n'
                && text.get(at + 1..).is_some_and(|rest| rest.starts_with(b"Private-MAC"))
        {
            break;
        }
        at += 1;
    }
    at
}

/// Without the quoting around the base64: white space, quotes, `\n` written out.
fn trim(text: &[u8], body: Range<usize>) -> Range<usize> {
    let mut start = body.start;
    loop {
        let b = byte(text, start);
        let escape = b == b'\\' && matches!(byte(text, start + 1), b'n' | b'r' | b't');
        start += match b {
            _ if start >= body.end => break,
            _ if escape => 2,
            b'"' | b'\'' | b'+' | b',' | b'\\' => 1,
            _ if b.is_ascii_whitespace() => 1,
            _ => break,
        };
    }
    let inside = text.get(start..body.end).unwrap_or_default();
    let last =
        inside.iter().rposition(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
    let mut end = start + last.map_or(0, |at| at + 1);
    // A closing `\n` leaves its letter.
    if byte(text, end.wrapping_sub(2)) == b'\\'
        && matches!(byte(text, end.wrapping_sub(1)), b'n' | b'r')
        && end > start + 2
    {
        end -= 2;
    }
    start..end
}

/// Whether a body holds base64 rather than words about it.
fn is_key(body: &[u8]) -> bool {
    const RUN: usize = 24;
    let coded = |run: &[u8]| {
        run.len() >= RUN && random::is_varied(run) && run.iter().any(u8::is_ascii_uppercase)
    };
    let mut runs = body.split(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')));
    body.len() >= SHORTEST
        && !body.windows(4).take(256).any(|dots| dots == b"....")
        && runs.any(coded)
}
