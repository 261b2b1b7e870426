//! One ciphertext: XChaCha20-Poly1305 with a random nonce before it, and additional data that is unambiguous.
//!
//! 24 random bytes do not repeat in any number of records that a vault can have (RFC draft-irtf-cfrg-xchacha, section 2.1), so no counter of
//! nonces has to survive a crash. Deliberately absent: whose key it is.

use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// Bytes of a key.
pub(crate) const KEY: usize = 32;
/// Bytes of a nonce.
pub(crate) const NONCE: usize = 24;
/// Bytes of a tag.
pub(crate) const TAG: usize = 16;
/// What a ciphertext is longer than its plaintext.
pub(crate) const MORE: usize = NONCE + TAG;

/// The system gave no random bytes, or a plaintext is longer than a cipher takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no random bytes")]
pub struct NotSealed;

/// Additional data: parts with their lengths, so that no two lists of parts are the same bytes.
pub(crate) struct Bound(Vec<u8>);

impl Bound {
    pub(crate) fn to(domain: &str) -> Self {
        Self(Vec::new()).and(domain.as_bytes())
    }

    pub(crate) fn and(mut self, part: &[u8]) -> Self {
        self.0.extend_from_slice(&(part.len() as u64).to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }

    pub(crate) fn number(self, number: u64) -> Self {
        self.and(&number.to_be_bytes())
    }
}

/// Overwrites every text of a tree that may have carried a value or a passphrase.
pub(crate) fn wipe(tree: &mut serde_json::Value) {
    use zeroize::Zeroize as _;
    match tree {
        serde_json::Value::String(text) => text.zeroize(),
        serde_json::Value::Array(items) => items.iter_mut().for_each(wipe),
        serde_json::Value::Object(members) => members.values_mut().for_each(wipe),
        _ => {}
    }
}

/// Random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], NotSealed> {
    let mut bytes = [0; N];
    sanctum_host::random::fill(&mut bytes).map_err(|_| NotSealed)?;
    Ok(bytes)
}

/// Nonce, ciphertext, tag.
pub(crate) fn seal(key: &[u8; KEY], bound: &Bound, plain: &[u8]) -> Result<Vec<u8>, NotSealed> {
    let nonce: [u8; NONCE] = random()?;
    let mut sealed = Vec::with_capacity(plain.len() + MORE);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let body = sealed.get_mut(NONCE..).unwrap_or_default();
    let tag = XChaCha20Poly1305::new(key.into())
        .encrypt_inout_detached(&XNonce::from(nonce), &bound.0, body.into())
        .map_err(|_| NotSealed)?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// The plaintext; none with another key, other bounds or other bytes.
pub(crate) fn open(key: &[u8; KEY], bound: &Bound, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE>()?;
    let (body, tag) = rest.split_last_chunk::<TAG>()?;
    let mut plain = Zeroizing::new(body.to_vec());
    let cipher = XChaCha20Poly1305::new(key.into());
    let room = plain.as_mut_slice();
    cipher
        .decrypt_inout_detached(&XNonce::from(*nonce), &bound.0, room.into(), &Tag::from(*tag))
        .ok()?;
    Some(plain)
}

/// The tag of a ciphertext, which stands for all of it.
pub(crate) fn tag(sealed: &[u8]) -> [u8; TAG] {
    sealed.last_chunk::<TAG>().copied().unwrap_or_default()
}

/// Lowercase hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().map_or('0', char::from);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Reads hexadecimal of either case; none for anything else.
#[must_use]
pub fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let nibble = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.as_bytes().chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push(nibble(*high)? << 4 | nibble(*low)?);
    }
    Some(bytes)
}

/// The same for an array.
pub(crate) fn unhex_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    unhex(text).and_then(|bytes| bytes.as_slice().try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_tree_is_left() {
        let mut tree = serde_json::json!({ "a": "x", "b": ["y", { "c": "z", "d": 7 }] });
        wipe(&mut tree);
        assert_eq!(tree, serde_json::json!({ "a": "", "b": ["", { "c": "", "d": 7 }] }));
    }

    #[test]
    fn a_ciphertext_opens_only_as_it_was_bound() {
        let key = [7; KEY];
        let bound = || Bound::to("a").and(b"bc").number(1);
        let sealed = seal(&key, &bound(), b"plain").unwrap();
        assert_eq!(open(&key, &bound(), &sealed).unwrap().as_slice(), b"plain");
        for other in [
            Bound::to("a").and(b"b").and(b"c").number(1),
            Bound::to("ab").and(b"c").number(1),
            Bound::to("a").and(b"bc").number(2),
        ] {
            assert!(open(&key, &other, &sealed).is_none());
        }
        assert!(open(&[8; KEY], &bound(), &sealed).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&key, &bound(), &changed).is_none(), "{at}");
            assert!(open(&key, &bound(), &sealed[..at]).is_none(), "{at}");
        }
    }

    #[test]
    fn hexadecimal_comes_back() {
        assert_eq!(unhex(&hex(&[0, 0x0f, 0xf0, 0xff])).unwrap().as_slice(), [0, 0x0f, 0xf0, 0xff]);
        for bad in ["0", "0g", "é", " 00"] {
            assert!(unhex(bad).is_none(), "{bad}");
        }
    }
}
