//! Secrets inside base64, hexadecimal and percent encoding, to a bounded depth.
//!
//! A run is decoded only if its beginning reads as text, because a rule finds nothing in anything else; of
//! ordinary text one byte in twenty is looked at. Every byte is decoded at most once per depth.

use crate::base64;
use crate::engine::{Engine, Span, meets, outermost};
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

/// The secrets in `text` and in its encoded parts, with ranges there; none lies inside another.
pub(crate) fn spans(engine: &Engine, text: &[u8], kind: Kind) -> Vec<Span> {
    within(engine, text, kind, DEPTH)
}

fn within(engine: &Engine, text: &[u8], kind: Kind, depth: usize) -> Vec<Span> {
    let direct: Vec<Span> = Search::run(engine, text, kind).into_iter().map(Span::from).collect();
    let mut found = outermost(direct);
    let Some(depth) = depth.checked_sub(1) else { return found };
    let mut decoded = Vec::new();
    for piece in pieces(text) {
        let inner = within(engine, &piece.plain, Kind::Unknown, depth);
        decoded.extend(inner.into_iter().map(|span| piece.outside(text, span)));
    }
    // What stands in the text itself is known better than what an encoding around it holds.
    decoded.retain(|span| !meets(&found, &span.range));
    found.extend(decoded);
    outermost(found)
}

impl Piece {
    /// A secret in here as one of the text around.
    fn outside(&self, text: &[u8], span: Span) -> Span {
        let layers = std::iter::once(self.layer).chain(span.layers).collect();
        let place = |plain| escaped_place(text, &self.outer, plain);
        // Only escapes leave every character where it can be told from the next.
        let range = match self.layer {
            Layer::Percent => place(span.range.start)..place(span.range.end),
            Layer::Base64 | Layer::Hex => self.outer.clone(),
        };
        Span { rule: span.rule, range, key: None, layers }
    }
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
    is_readable(&plain).then_some(plain)
}

fn is_readable(plain: &[u8]) -> bool {
    let control = |c: char| c.is_control() && !c.is_ascii_whitespace();
    std::str::from_utf8(plain).is_ok_and(|text| !text.contains(control))
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

/// The character of a run that is written at an offset, and how many bytes write it.
fn escaped(text: &[u8], run: &Range<usize>, at: usize) -> Option<(u8, usize)> {
    match escape_at(text, at).filter(|_| at + 3 <= run.end) {
        Some(byte) => Some((byte, 3)),
        None => Some((text.get(at).copied()?, 1)).filter(|_| at < run.end),
    }
}

fn unescape(text: &[u8], run: Range<usize>) -> Option<Piece> {
    let mut plain = Vec::with_capacity(run.len());
    let mut at = run.start;
    while let Some((byte, len)) = escaped(text, &run, at) {
        plain.push(byte);
        at += len;
    }
    is_readable(&plain).then_some(Piece { layer: Layer::Percent, outer: run, plain })
}

/// Where a run writes the character that is that many behind its first.
fn escaped_place(text: &[u8], run: &Range<usize>, plain: usize) -> usize {
    (0..plain).fold(run.start, |at, _| at + escaped(text, run, at).map_or(0, |(_, len)| len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find;
    use proptest::prelude::*;

    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    fn wrap(layer: Layer, text: &[u8]) -> String {
        match layer {
            Layer::Base64 => text
                .chunks(3)
                .flat_map(|chunk| {
                    let held = chunk.iter().fold(0_u32, |held, b| (held << 8) | u32::from(*b));
                    let held = held << (8 * (3 - chunk.len()));
                    (0..4).map(move |at| match at <= chunk.len() {
                        true => char::from(DIGITS[((held >> (18 - 6 * at)) & 63) as usize]),
                        false => '=',
                    })
                })
                .collect(),
            Layer::Hex => text.iter().map(|b| format!("{b:02x}")).collect(),
            Layer::Percent => text.iter().map(|b| format!("%{b:02X}")).collect(),
        }
    }

    fn layer() -> impl Strategy<Value = Layer> {
        prop_oneof![Just(Layer::Base64), Just(Layer::Hex), Just(Layer::Percent)]
    }

    #[test]
    fn layers_are_named_outermost_first_and_the_range_is_the_outermost() {
        let inner = wrap(Layer::Base64, b"url: x, password: hunter2 ");
        let text = format!("data: {} end", wrap(Layer::Hex, inner.as_bytes()));
        let found = find(text.as_bytes());
        let [only] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(only.layers, [Layer::Hex, Layer::Base64]);
        assert_eq!(only.range, 6..text.len() - 4);
        assert_eq!(only.key, None);
    }

    #[test]
    fn windows_text_is_read_too() {
        let wide: Vec<u8> = b"$password = 'kq82Jd0s'".iter().flat_map(|b| [*b, 0]).collect();
        let found = find(format!("powershell -enc {}", wrap(Layer::Base64, &wide)).as_bytes());
        assert_eq!(found.first().map(|found| found.layers.clone()), Some(vec![Layer::Base64]));
    }

    #[test]
    fn what_stands_in_the_text_itself_is_not_named_by_an_encoding_around_it() {
        let found = find(b"https://h/?token=q7Zt9LmX4vRb2Kd8WnPc&next=https%3A%2F%2Fh%2F");
        assert_eq!(found.len(), 1);
        assert!(found.iter().all(|found| found.layers.is_empty() && found.range == (17..37)));
    }

    #[test]
    fn in_escapes_the_range_is_that_of_the_secret() {
        for (text, secret, line) in [
            ("GET /to?u=https%3A%2F%2Fapp%3Akq82Jd0s%40db.internal%2F HTTP/1.1", "kq82Jd0s", "x "),
            ("/a%3Fpassword%3Dkq82%4Ad0s%26x%3D1", "kq82%4Ad0s", ""),
            ("/a%253Fpassword%253Dkq82Jd0s%2526x%253D1", "kq82Jd0s", "\u{e4}\n"),
        ] {
            let whole = format!("{line}{text}");
            let found = find(whole.as_bytes());
            let [only] = found.as_slice() else { panic!("{whole}: {found:?}") };
            assert_eq!(whole.get(only.range.clone()), Some(secret), "{whole}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_secret_is_found_through_up_to_three_layers(
            layers in proptest::collection::vec(layer(), 1..=DEPTH), word in "[a-z ]{0,20}",
        ) {
            let plain = format!("{word} password=hunter2 and more of it");
            let text = layers.iter().rev().fold(plain, |text, layer| wrap(*layer, text.as_bytes()));
            let found = find(text.as_bytes());
            prop_assert_eq!(found.len(), 1, "{}", text);
            prop_assert_eq!(&found[0].layers, &layers);
        }

        #[test]
        fn a_fourth_layer_is_not_undone(word in "[a-z ]{0,20}") {
            let plain = format!("{word} password=hunter2 b");
            let text = (0..4).fold(plain, |text, _| wrap(Layer::Base64, text.as_bytes()));
            prop_assert!(find(text.as_bytes()).is_empty());
        }
    }
}
