//! Credentials of HTTP's schemes `Basic` (RFC 7617) and `Bearer` (RFC 6750), and of the tools that store
//! a `Basic` pair under a name of their own.
//!
//! A `Basic` pair is one only if it decodes to a name, a colon and a password.

use crate::base64;
use crate::finder::{Look, byte, skip, words};
use crate::hint::Kind;
use crate::noun::Noun;
use crate::value::{self, Shape};
use std::ops::Range;

/// Longest pair or token.
const LONGEST: usize = 1024;
/// Fewer characters cannot hold a name, a colon and a password of four.
const SHORTEST: usize = 8;

pub(crate) fn look(text: &[u8], hit: &Range<usize>, kind: Kind) -> Look {
    if kind == Kind::Machine {
        return Look::nothing(hit.end);
    }
    let from = skip(text, hit.end, 8, is_sign);
    let word = text.get(hit.clone()).unwrap_or_default().to_ascii_lowercase();
    let from = if word == b"authorization" { past_scheme(text, from) } else { from };
    let end = skip(text, from, LONGEST, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'.' | b'~')
    });
    let end = skip(text, end, 2, |b| b == b'=');
    let nothing = Look::nothing(hit.end).read(end);
    if end - from < SHORTEST || matches!(byte(text, end), b'(' | b'$' | b'{' | b'<' | b'*') {
        return nothing;
    }
    let token = || is_bearer(text, &(from..end));
    let pair = || is_pair(text, &(from..end), kind);
    let secret = match word.as_slice() {
        b"authorization" => pair() || (!is_basic(text, from) && token()),
        _ if word.starts_with(b"bearer") => token(),
        _ => pair(),
    };
    if secret { Look::secret(from..end, None) } else { nothing }
}

/// What stands between a name and its value in headers, JSON and calls.
fn is_sign(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b':' | b'=' | b'"' | b'\'' | b',')
}

/// Whether the scheme in front of a value is the one whose value must decode.
fn is_basic(text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(b"basic ".len()).and_then(|start| text.get(start..at));
    before.is_some_and(|before| before.eq_ignore_ascii_case(b"basic "))
}

/// Behind the name of a scheme, where there is one.
fn past_scheme(text: &[u8], at: usize) -> usize {
    let end = skip(text, at, 12, |b| b.is_ascii_alphabetic());
    let rest = text.get(at..end).unwrap_or_default();
    let known = ["token", "bearer", "basic", "apikey", "key", "oauth"];
    let scheme = known.iter().any(|name| rest.eq_ignore_ascii_case(name.as_bytes()));
    if scheme && byte(text, end) == b' ' { end + 1 } else { at }
}

fn is_bearer(text: &[u8], token: &Range<usize>) -> bool {
    token.len() >= 16
        && words(text, token).is_some_and(|token| {
            value::is_secret(Noun::Token, &token, Shape::Quoted, Kind::Unknown)
        })
}

fn is_pair(text: &[u8], coded: &Range<usize>, kind: Kind) -> bool {
    let coded = text.get(coded.clone()).unwrap_or_default();
    let Some(pair) = base64::decode(coded).and_then(|pair| String::from_utf8(pair).ok()) else {
        return false;
    };
    let Some((user, password)) = pair.split_once(':') else { return false };
    let plain = |text: &str| text.chars().all(|c| !c.is_control());
    let credential = |value: &str| {
        value::is_secret(Noun::Password, value, Shape::Quoted, kind)
            || value::is_secret(Noun::Token, value, Shape::Quoted, kind)
    };
    plain(user) && plain(password) && !user.is_empty() && credential(password)
}
