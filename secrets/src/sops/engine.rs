//! The walk over a document's leaves: places, what is encrypted, the MAC.
//!
//! It is one for every format. The MAC is over the values in the order of the documents; keys, comments and null are
//! not part of it, so a key in clear is not authenticated (docs/formats/sops.md).

use super::cipher::{Cipher, CipherError};
use super::node::spelled;
use super::selectors::Selector;
use super::text::{Leaf, Scalar, Step, What};
use super::value::{Kind, Value, fixed};
use sha2::{Digest as _, Sha512};
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// What is hashed first when the MAC is over encrypted values only: SHA-256 of `sops` (getsops/sops, sops.go).
const ONLY_ENCRYPTED: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe,
    0x0b, //
    0x0b, 0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// A value that cannot be opened or sealed, by its path.
#[derive(Debug, thiserror::Error)]
#[error("the value at {path}")]
pub struct AtPath {
    /// Where, as the original writes paths.
    pub path: String,
    /// Why.
    pub source: CipherError,
}

/// A leaf, decided and opened.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its keys, joined: what its ciphertext is bound to.
    pub place: String,
    /// Whether it is encrypted in the file.
    pub encrypted: bool,
    /// Whether its text in the file is a ciphertext: not of an empty value, nor of a comment that was never encrypted.
    pub sealed: bool,
    /// Its value; none for null.
    pub value: Option<Value>,
}

/// The additional data of a value: the keys of its path, each followed by a colon; one colon at the top.
#[must_use]
pub fn place(path: &[Step]) -> String {
    let keys = path.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Index(_) => None,
    });
    let mut place = String::new();
    for (at, key) in keys.enumerate() {
        if at > 0 {
            place.push(':');
        }
        place.push_str(key);
    }
    place.push(':');
    place
}

/// The items of a document in clear.
#[must_use]
pub fn plain_items(leaves: &[Leaf], selector: &Selector) -> Vec<Item> {
    let chosen = selector.choose(leaves);
    leaves.iter().zip(chosen).map(|(leaf, encrypted)| item(leaf, encrypted)).collect()
}

fn item(leaf: &Leaf, encrypted: bool) -> Item {
    let value = Value::of(&leaf.what);
    let sealed = encrypted && value.as_ref().is_some_and(|value| !value.is_empty());
    Item { place: place(&leaf.path), encrypted, sealed, value }
}

/// The items of an encrypted document.
pub fn open_items(
    leaves: &[Leaf],
    selector: &Selector,
    cipher: &Cipher,
) -> Result<Vec<Item>, AtPath> {
    let chosen = selector.choose(leaves);
    let open = |(leaf, encrypted): (&Leaf, bool)| {
        let at_path = |source| AtPath { path: spelled(&leaf.path), source };
        if !encrypted {
            return Ok(item(leaf, false));
        }
        let place = place(&leaf.path);
        let (sealed, value) = match &leaf.what {
            What::Value(Scalar::Null) => (false, None),
            What::Value(Scalar::Str(text)) => {
                let value = cipher.open(text, &place).map_err(at_path)?;
                (!text.is_empty(), Some(value))
            }
            What::Comment(text) => match cipher.open(text, &place) {
                Ok(value) => (!text.is_empty(), Some(Value { kind: Kind::Comment, ..value })),
                // The original takes a comment that does not open for one that was never encrypted.
                Err(_) => (false, Value::of(&leaf.what)),
            },
            What::Value(_) => return Err(at_path(CipherError::NotEncrypted)),
        };
        Ok(Item { place, encrypted, sealed, value })
    };
    leaves.iter().zip(chosen).map(open).collect()
}

/// How whole numbers in clear are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// By their digits.
    Digits,
    /// As the floating point number that the original's JSON reader made of them up to 3.12.
    Rounded,
}

/// The MAC of documents, in hexadecimal.
#[must_use]
pub fn mac<'a>(
    items: impl Iterator<Item = &'a Item>,
    only_encrypted: bool,
    whole: Whole,
) -> Zeroizing<String> {
    let mut hash = Sha512::new();
    if only_encrypted {
        hash.update(ONLY_ENCRYPTED);
    }
    for item in items.filter(|item| item.encrypted || !only_encrypted) {
        match &item.value {
            None | Some(Value { kind: Kind::Comment, .. }) => {}
            Some(value)
                if whole == Whole::Rounded && !item.encrypted && value.kind == Kind::Int =>
            {
                let number =
                    std::str::from_utf8(&value.bytes).ok().and_then(|text| text.parse().ok());
                match number.map(fixed) {
                    Some(rounded) => hash.update(rounded),
                    None => hash.update(&*value.bytes),
                }
            }
            Some(value) => hash.update(&*value.bytes),
        }
    }
    hash.finalize().iter().fold(Zeroizing::new(String::with_capacity(128)), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::Sha256;

    #[test]
    fn the_first_bytes_are_the_hash_of_the_name() {
        assert_eq!(Sha256::digest(b"sops")[..], ONLY_ENCRYPTED);
    }

    #[test]
    fn a_mac_over_some_values_is_none_over_all() {
        let value = |text: &str| Value { kind: Kind::Str, bytes: text.as_bytes().to_vec().into() };
        let item = |text: &str, encrypted| Item {
            place: "a:".to_owned(),
            encrypted,
            sealed: encrypted,
            value: Some(value(text)),
        };
        let hashed = |bytes: &[u8]| {
            let hash = Sha512::digest(bytes);
            hash.iter().map(|byte| format!("{byte:02X}")).collect::<String>()
        };
        let items = [item("one", true), item("clear", false), item("two", true)];
        let of = |only| mac(items.iter(), only, Whole::Digits).to_string();
        assert_eq!(of(false), hashed(b"onecleartwo"));
        assert_eq!(of(true), hashed(&[&ONLY_ENCRYPTED[..], b"onetwo"].concat()));
    }

    #[test]
    fn lists_are_not_part_of_a_place() {
        let key = |key: &str| Step::Key(key.to_owned());
        for (path, text) in [
            (vec![], ":"),
            (vec![key("a")], "a:"),
            (vec![key("a"), Step::Index(3), key("b")], "a:b:"),
        ] {
            assert_eq!(place(&path), text);
        }
    }
}
