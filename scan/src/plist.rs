//! Property lists as text in which a value stands behind its key, so that rules that weigh a name see it.
//!
//! XML is scanned as it is and once more flattened, a binary list flattened only. Both readers go over the bytes once and
//! never recurse: nesting costs nothing. Deliberately absent: whether a list means anything to launchd.

use crate::content::Name;
use crate::scanner::{Once, Place, Scanner};

/// Bytes of one key or value that are looked at, and of an array together: a token is far shorter, and a list that never
/// closes what it opens must not be searched to its end for each of its keys.
const VALUE: usize = 16 * 1024;

/// Whether a text is a property list.
#[must_use]
pub fn is_xml(text: &[u8]) -> bool {
    let head = text.get(..512).unwrap_or(text);
    let starts = head.trim_ascii_start().strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    starts.trim_ascii_start().starts_with(b"<") && memchr::memmem::find(head, b"<plist").is_some()
}

/// Scans an XML list: its text, and its keys with their values.
pub(crate) fn xml(scanner: &Scanner<'_>, name: Name<'_>, text: &[u8]) {
    let place = Place { once: Once::ByPath, ..name.place() };
    scanner.piece(&place, text);
    let (flat, lines) = flatten_xml(text);
    scanner.part(&Place { lines: Some(&lines), ..place }, &flat, crate::scanner::Part::WHOLE);
}

/// Scans a binary list.
pub(crate) fn binary(scanner: &Scanner<'_>, name: Name<'_>, bytes: &[u8]) {
    match flatten_binary(bytes) {
        Some(flat) => {
            scanner.piece(&Place { once: Once::ByPath, ..name.place() }, &flat);
        }
        None => scanner.not_scanned((name.path)(), "damaged: a binary property list"),
    }
}

/// Lines `key = "value"`, words of an array in one line, and the line of the original for each.
#[must_use]
pub fn flatten_xml(text: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let (mut flat, mut lines) = (Vec::new(), Vec::new());
    let (mut at, mut line) = (0, 1);
    while let Some(found) = find(text, b"<key>", at) {
        line += count_lines(text, at, found);
        at = found + 5;
        let Some(end) = find_near(text, b"</key>", found) else { continue };
        let key = text.get(found + 5..end).unwrap_or_default();
        let after = end + 6;
        let rest = text.get(after..).unwrap_or_default();
        let blank = rest.len() - rest.trim_ascii_start().len();
        let value = after + blank;
        let here = line + count_lines(text, found, value);
        let rest = text.get(value..).unwrap_or_default();
        let words = if rest.starts_with(b"<array>") {
            let end = find_near(text, b"</array>", value).unwrap_or(value);
            strings(text.get(value..end).unwrap_or_default())
        } else if rest.starts_with(b"<string>") {
            let end = find_near(text, b"</string>", value).map_or(value, |end| end + 9);
            strings(text.get(value..end).unwrap_or_default())
        } else {
            Vec::new()
        };
        if !words.is_empty() {
            push(&mut flat, &unescape(key), &words);
            lines.push(here);
        }
        // Keys inside the value are looked at in their turn.
        line += count_lines(text, found, after);
        at = after;
    }
    (flat, lines)
}

/// `key = "value"`, or for the words of an array `key = word word`; a line each.
fn push(flat: &mut Vec<u8>, key: &[u8], words: &[Vec<u8>]) {
    let quote: &[u8] = if words.len() == 1 { b"\"" } else { b"" };
    let in_one_line = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
    flat.extend(key.iter().map(in_one_line));
    flat.extend_from_slice(b" = ");
    flat.extend_from_slice(quote);
    flat.extend(words.join(&b' ').iter().map(in_one_line));
    flat.extend_from_slice(quote);
    flat.push(b'\n');
}

fn strings(text: &[u8]) -> Vec<Vec<u8>> {
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some(start) = find(text, b"<string>", at) {
        let Some(end) = find(text, b"</string>", start) else { break };
        all.push(unescape(text.get(start + 8..end).unwrap_or_default()));
        at = end;
    }
    all
}

fn unescape(text: &[u8]) -> Vec<u8> {
    const ENTITIES: [(&[u8], u8); 5] =
        [(b"amp;", b'&'), (b"lt;", b'<'), (b"gt;", b'>'), (b"quot;", b'"'), (b"apos;", b'\'')];
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        let entity = ENTITIES.iter().find(|(word, _)| *first == b'&' && behind.starts_with(word));
        let (byte, skip) = entity.map_or((*first, 0), |(word, byte)| (*byte, word.len()));
        plain.push(byte);
        rest = behind.get(skip..).unwrap_or_default();
    }
    plain
}

fn find(text: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    memchr::memmem::find(text.get(from..)?, needle).map(|at| at + from)
}

/// The same, no further than a value goes.
fn find_near(text: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let end = text.len().min(from.saturating_add(VALUE));
    memchr::memmem::find(text.get(from..end)?, needle).map(|at| at + from)
}

fn count_lines(text: &[u8], from: usize, to: usize) -> usize {
    memchr::memchr_iter(b'\n', text.get(from..to).unwrap_or_default()).count()
}

/// The objects of a binary list in table order: dictionaries as `key = "value"`, arrays of strings in one line, and every
/// string on its own; none when its trailer or its table is not one.
#[must_use]
pub fn flatten_binary(bytes: &[u8]) -> Option<Vec<u8>> {
    let table = Table::read(bytes)?;
    let mut flat = Vec::new();
    // Objects and references may be shared; what they make and cost together is bounded all the same.
    let most = bytes.len().saturating_mul(4);
    let mut references = most;
    for number in 0..table.count {
        let Some((kind, length, body)) = table.object(number) else { continue };
        match kind {
            0xd => {
                let pairs = length.min(references);
                references -= pairs;
                let pair = |n: usize| {
                    let value = length.checked_add(n)?;
                    Some((table.reference(body, n)?, table.reference(body, value)?))
                };
                for (key, value) in (0..pairs).map_while(pair) {
                    let words = table.words(value, &mut references);
                    if let Some(key) = table.string(key, VALUE).filter(|_| !words.is_empty()) {
                        push(&mut flat, &key, &words);
                    }
                }
            }
            0x4..=0x6 => {
                flat.extend(table.string(number, usize::MAX).unwrap_or_default());
                flat.push(b'\n');
            }
            _ => {}
        }
        if flat.len() > most {
            return Some(flat);
        }
    }
    Some(flat)
}

/// Where the objects of a binary list are (CoreFoundation, CFBinaryPList.c).
#[derive(Clone, Copy)]
struct Table<'b> {
    bytes: &'b [u8],
    offsets: &'b [u8],
    offset_size: usize,
    reference_size: usize,
    count: usize,
}

impl<'b> Table<'b> {
    fn read(bytes: &'b [u8]) -> Option<Self> {
        let trailer = bytes.get(bytes.len().checked_sub(32)?..)?;
        let offset_size = usize::from(*trailer.get(6)?);
        let reference_size = usize::from(*trailer.get(7)?);
        let count = usize::try_from(big_endian(trailer.get(8..16)?)?).ok()?;
        let start = usize::try_from(big_endian(trailer.get(24..32)?)?).ok()?;
        let sizes = 1..=8;
        if !sizes.contains(&offset_size) || !sizes.contains(&reference_size) {
            return None;
        }
        let end = start.checked_add(count.checked_mul(offset_size)?)?;
        let offsets = bytes.get(start..end)?;
        Some(Self { bytes, offsets, offset_size, reference_size, count })
    }

    /// Kind, length and the bytes behind the head of an object.
    fn object(&self, number: usize) -> Option<(u8, usize, &'b [u8])> {
        let at = number.checked_mul(self.offset_size)?;
        let offset = big_endian(self.offsets.get(at..at + self.offset_size)?)?;
        let object = self.bytes.get(usize::try_from(offset).ok()?..)?;
        let (head, rest) = object.split_first()?;
        let (kind, low) = (head >> 4, usize::from(head & 15));
        if low != 15 || kind < 4 {
            return Some((kind, low, rest));
        }
        // The length is an integer object of its own: 0001nnnn, 2^nnnn bytes.
        let (head, rest) = rest.split_first()?;
        let size = 1_usize.checked_shl(u32::from(head & 15)).filter(|size| *size <= 8)?;
        let length = usize::try_from(big_endian(rest.get(..size)?)?).ok()?;
        Some((kind, length, rest.get(size..)?))
    }

    fn reference(&self, body: &[u8], at: usize) -> Option<usize> {
        let from = at.checked_mul(self.reference_size)?;
        let to = from.checked_add(self.reference_size)?;
        usize::try_from(big_endian(body.get(from..to)?)?).ok()
    }

    /// A string, or data that is text, up to so many bytes.
    fn string(&self, number: usize, most: usize) -> Option<Vec<u8>> {
        let (kind, length, body) = self.object(number)?;
        let width = if kind == 0x6 { 2 } else { 1 };
        let text = body.get(..length.checked_mul(width)?)?;
        let text = text.get(..most.min(text.len()))?;
        match kind {
            0x4 | 0x5 => Some(text.to_vec()),
            0x6 => Some(crate::text::decode_utf16(text, crate::text::Order::Big)),
            _ => None,
        }
    }

    /// A string, or the strings of an array.
    fn words(&self, number: usize, references: &mut usize) -> Vec<Vec<u8>> {
        let Some((0xa, length, body)) = self.object(number) else {
            return self.string(number, VALUE).into_iter().collect();
        };
        let (mut words, mut left) = (Vec::new(), VALUE);
        let length = length.min(*references);
        *references -= length;
        for at in (0..length).map_while(|n| self.reference(body, n)) {
            let Some(word) = self.string(at, left) else { continue };
            left -= word.len().min(left);
            words.push(word);
            if left == 0 {
                break;
            }
        }
        words
    }
}

fn big_endian(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_stand_behind_their_keys_at_their_lines() {
        let xml = b"<?xml version=\"1.0\"?>\n<plist><dict>\n<key>Env</key>\n<dict>\n<key>TOKEN</key>\n\
            \t<string>a&amp;b</string>\n</dict>\n<key>Args</key><array>\n<string>x</string><string>--key</string></array>\n\
            <key>On</key><true/></dict></plist>";
        assert!(is_xml(xml) && !is_xml(b"<html>") && !is_xml(b"about <plist>"));
        let (flat, lines) = flatten_xml(xml);
        assert_eq!(String::from_utf8(flat).unwrap(), "TOKEN = \"a&b\"\nArgs = x --key\n");
        assert_eq!(lines, [6, 8]);
    }

    /// Made by Python's plistlib.
    const BINARY: &str = "62706c6973743030d50102030405060a0b10115441726773514453456e76554c6162656c5155a3070809516157\
            2d2d746f6b656e527a7a4464617461d20c0d0e0f514e55544f4b454e100154616226635178630067007200fc08\
            13181a1e24262a2c34373c4143494b505200000000000001010000000000000012000000000000000000000000\
            00000059";

    #[test]
    fn a_binary_list_reads_like_an_xml_one() {
        let byte = |at: usize| u8::from_str_radix(BINARY.get(at..at + 2).unwrap(), 16).unwrap();
        let list: Vec<u8> = (0..BINARY.len()).step_by(2).map(byte).collect();
        let flat = String::from_utf8(flatten_binary(&list).unwrap()).unwrap();
        for line in [
            "TOKEN = \"ab&c\"",
            "Args = a --token zz",
            "D = \"data\"",
            "U = \"gr\u{fc}\"",
            "Label = \"x\"",
        ] {
            assert!(flat.lines().any(|one| one == line), "{line} in {flat}");
        }
        assert_eq!(flatten_binary(&list[..list.len() - 1]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_flatten(bytes in proptest::collection::vec(any::<u8>(), 0..300), count in 0_u8..20, start in 0_u8..=255) {
            let mut list = b"bplist00".to_vec();
            list.extend(&bytes);
            list.extend([0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, count, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, start]);
            let _ = flatten_binary(&list);
            let (flat, lines) = flatten_xml(&bytes);
            prop_assert_eq!(flat.iter().filter(|byte| **byte == b'\n').count(), lines.len());
        }
    }
}
