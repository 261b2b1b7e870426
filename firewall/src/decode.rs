//! Secrets inside base64, hexadecimal and percent encoding, to a bounded depth.
//!
//! A run is decoded only if its beginning reads as text, because a rule finds nothing in anything else; of
//! ordinary text one byte in twenty is looked at. Every byte is decoded at most once per depth.

use crate::base64;
use crate::engine::{Engine, Span};
use crate::hint::Kind;
use crate::search::Search;
use std::ops::Range;

/// Encodings inside encodings that are undone.
const DEPTH: usize = 3;
/// Shorter runs hold fewer than sixteen bytes: no name with a value, and no token of a known form.
const SHORTEST: usize = 24;
/// Longest run that is decoded: larger than every file of credentials.
const LONGEST: usize = 256 << 10;
/// Bytes on either side of an escape that belong to it at most.
const WIDEST_ESCAPED: usize = 2048;

/// One encoding around a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// RFC 4648, sections 4 and 5.
    Base64,
    /// RFC 4648, section 8.
    Hex,
    /// RFC 3986, section 2.1.
    Percent,
}

impl Layer {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Percent => "percent",
        }
    }
}

/// An encoded part of a text.
struct Piece {
    layer: Layer,
    outer: Range<usize>,
    plain: Vec<u8>,
}

/// The secrets in encoded parts of `text`, with ranges there.
pub(crate) fn spans(engine: &Engine, text: &[u8]) -> Vec<Span> {
    let mut found = Vec::new();
    for piece in pieces(text) {
        found.extend(within(engine, &piece, 1));
    }
    found
}

fn within(engine: &Engine, piece: &Piece, depth: usize) -> Vec<Span> {
    let mut rules: Vec<(usize, Vec<Layer>)> = Search::run(engine, &piece.plain, Kind::Unknown)
        .into_iter()
        .map(|seen| (seen.rule, Vec::new()))
        .collect();
    if depth < DEPTH {
        for inner in pieces(&piece.plain) {
            rules.extend(
                within(engine, &inner, depth + 1).into_iter().map(|span| (span.rule, span.layers)),
            );
        }
    }
    rules
        .into_iter()
        .map(|(rule, inner)| {
            let layers = std::iter::once(piece.layer).chain(inner).collect();
            Span { rule, range: piece.outer.clone(), key: None, layers }
        })
        .collect()
}

/// Every encoded part that reads as text when it is decoded.
fn pieces(text: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    coded_runs(text, |run| pieces.extend(decode_run(text, run)));
    escaped_runs(text, |run| pieces.extend(unescape(text, run)));
    pieces
}

fn is_coded(byte: u8) -> bool {
    base64::digit(byte).is_some()
}

/// Calls `each` with every run of base64's digits that is long enough, in steps as long as the shortest run: where
/// a step lands on another byte, no such run can cover it.
fn coded_runs(text: &[u8], mut each: impl FnMut(Range<usize>)) {
    let mut from = 0;
    while let Some(window) = text.get(from..from + SHORTEST) {
        if let Some(last) = window.iter().rposition(|b| !is_coded(*b)) {
            from += last + 1;
            continue;
        }
        let rest = text.get(from + SHORTEST..).unwrap_or_default();
        let len = rest.iter().position(|b| !is_coded(*b)).unwrap_or(rest.len());
        let end = from + SHORTEST + len;
        each(from..end);
        from = end;
    }
}

fn decode_run(text: &[u8], run: Range<usize>) -> Option<Piece> {
    let coded = text.get(run.clone())?;
    if coded.len() > LONGEST {
        return None;
    }
    if coded.len().is_multiple_of(2) && coded.iter().all(u8::is_ascii_hexdigit) {
        let plain = readable(hex(coded)?)?;
        return Some(Piece { layer: Layer::Hex, outer: run, plain });
    }
    let head = base64::decode(coded.get(..SHORTEST)?)?;
    if !reads_as_text(head.get(..15)?) && !reads_as_wide(&head) {
        return None;
    }
    // A last digit that cannot stand alone belongs to what follows.
    let whole = coded.get(..coded.len() - usize::from(coded.len() % 4 == 1))?;
    let plain = readable(base64::decode(whole)?)?;
    let pad = text.get(run.end..)?.iter().take(2).take_while(|b| **b == b'=').count();
    Some(Piece { layer: Layer::Base64, outer: run.start..run.end + pad, plain })
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let nibble = |b: u8| char::from(b).to_digit(16);
    text.chunks_exact(2)
        .map(|pair| match pair {
            [a, b] => u8::try_from(nibble(*a)? * 16 + nibble(*b)?).ok(),
            _ => None,
        })
        .collect()
}

/// ASCII without control characters but white space, or bytes of longer characters.
fn reads_as_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| matches!(b, b'\t' | b'\n' | b'\r' | b' '..=b'~'))
}

/// ASCII in UTF-16 as Windows writes it (PowerShell's `-EncodedCommand`).
fn reads_as_wide(bytes: &[u8]) -> bool {
    let (pairs, _) = bytes.as_chunks::<2>();
    !pairs.is_empty() && pairs.iter().all(|[low, high]| *high == 0 && reads_as_text(&[*low]))
}

fn readable(plain: Vec<u8>) -> Option<Vec<u8>> {
    if reads_as_wide(&plain) {
        return Some(plain.into_iter().step_by(2).collect());
    }
    let text = std::str::from_utf8(&plain).ok()?;
    let control = |c: char| c.is_control() && !c.is_ascii_whitespace();
    (!text.contains(control)).then_some(plain)
}

/// Calls `each` with every run of printable bytes around percent escapes that hide more than spaces.
fn escaped_runs(text: &[u8], mut each: impl FnMut(Range<usize>)) {
    let in_run =
        |b: u8| b > b' ' && b < 0x7f && !matches!(b, b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\');
    let mut from = 0;
    while let Some(found) = memchr::memchr(b'%', text.get(from..).unwrap_or_default()) {
        let at = from + found;
        if !escape_at(text, at).is_some_and(|byte| byte.is_ascii_graphic()) {
            from = at + 1;
            continue;
        }
        let start = crate::finder::skip_back(text, at, WIDEST_ESCAPED.min(at - from), in_run);
        let end = crate::finder::skip(text, at, WIDEST_ESCAPED, in_run);
        if end - start >= SHORTEST {
            each(start..end);
        }
        from = end.max(at + 1);
    }
}

fn escape_at(text: &[u8], at: usize) -> Option<u8> {
    match text.get(at..at + 3)? {
        [b'%', a, b] => {
            let digit = |b: u8| char::from(b).to_digit(16);
            u8::try_from(digit(*a)? * 16 + digit(*b)?).ok()
        }
        _ => None,
    }
}

fn unescape(text: &[u8], run: Range<usize>) -> Option<Piece> {
    let mut plain = Vec::with_capacity(run.len());
    let mut at = run.start;
    while at < run.end {
        match escape_at(text, at).filter(|_| at + 3 <= run.end) {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(text.get(at).copied()?);
                at += 1;
            }
        }
    }
    Some(Piece { layer: Layer::Percent, outer: run, plain: readable(plain)? })
}
