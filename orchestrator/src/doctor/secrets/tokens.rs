//! Finds a value in a text by its fingerprint alone: each word of the text gets one, too.
//!
//! Whoever looks needs no value beside the text. A word is cut out in several ways, since files quote differently, and is
//! also read as base64. Words shorter than [`SHORTEST`] are passed over: a secret that short is a word of the language.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sanctum_secrets::house::{Fingerprint, HouseKey};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The shortest word that is compared.
pub const SHORTEST: usize = 8;

/// What parts words, from what every format has to what only some have.
const CUTS: [&str; 3] = [" \t\"'`<>", " \t\"'`<>=:,;()[]{}", " \t\"'`<>=:,;()[]{}/@&?"];

/// Lines, from 1, with whose value is on them; each once.
#[must_use]
pub fn find<T: Clone + Ord>(
    text: &[u8],
    key: &HouseKey,
    known: &BTreeMap<Fingerprint, T>,
) -> Vec<(usize, T)> {
    let mut found = Vec::new();
    if known.is_empty() {
        return found;
    }
    for (line, number) in text.split(|byte| *byte == b'\n').zip(1..) {
        for word in words(line) {
            let owner = known
                .get(&key.of(word))
                .or_else(|| known.get(&key.of(&STANDARD.decode(word).map(Zeroizing::new).ok()?)));
            if let Some(owner) = owner {
                found.push((number, owner.clone()));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Every way to cut words out of a line.
fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let whole = line.trim_ascii();
    // What stands behind the first `=` or `:`, spaces and all.
    let value = whole.iter().position(|byte| matches!(byte, b'=' | b':'));
    let value = value.and_then(|at| whole.get(at + 1..)).unwrap_or_default();
    let trimmed = value.trim_ascii();
    let bare =
        trimmed.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(trimmed);
    let cut =
        CUTS.iter().flat_map(move |cut| line.split(move |byte| cut.as_bytes().contains(byte)));
    [whole, bare].into_iter().chain(cut).filter(|word| word.len() >= SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_however_it_is_quoted() {
        let key = HouseKey::read(&[1; 32]).unwrap();
        let of = |value: &str| BTreeMap::from([(key.of(value.as_bytes()), "token")]);
        for (value, text, line) in [
            ("hunter2-hunter2", "a\nTOKEN=hunter2-hunter2", 2),
            ("hunter2-hunter2", "token: \"hunter2-hunter2\"  # x", 1),
            ("hunter2-hunter2", "<string>hunter2-hunter2</string>", 1),
            ("hunter2-hunter2", "https://me:hunter2-hunter2@example.org/", 1),
            ("hunter2-hunter2", "x: aHVudGVyMi1odW50ZXIy", 1),
            ("ab/cd+ef=gh", "['ab/cd+ef=gh']", 1),
            ("open sesame please", "pass: open sesame please", 1),
            ("open sesame please", "pass = \"open sesame please\"", 1),
        ] {
            let known = of(value);
            assert_eq!(find(text.as_bytes(), &key, &known), [(line, "token")], "{text}");
            assert_eq!(find(b"TOKEN=hunter2-hunter3 and nothing else", &key, &known), []);
        }
        assert_eq!(find(b"hub hub hub", &key, &of("hub")), [], "a word of the language");
    }
}
