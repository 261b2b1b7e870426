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
    let from = skip(text, hit.end, 8, |b| matches!(b, b' ' | b'\t' | b':' | b'=' | b'"' | b'\''));
    let end = skip(text, from, LONGEST, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'.' | b'~')
    });
    let end = skip(text, end, 2, |b| b == b'=');
    let nothing = Look::nothing(hit.end).read(end);
    if end - from < SHORTEST || matches!(byte(text, end), b'(' | b'$' | b'{' | b'<' | b'*') {
        return nothing;
    }
    let bearer =
        text.get(hit.clone()).is_some_and(|word| word.to_ascii_lowercase().starts_with(b"bearer"));
    let secret =
        if bearer { is_bearer(text, &(from..end)) } else { is_pair(text, &(from..end), kind) };
    if secret { Look::secret(from..end, None) } else { nothing }
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
