//! The ratchet: each epoch has a key of its own, which is derived from the one before and does not lead back.
//!
//! `next = HMAC(key, "ratchet")` and `tag key = HMAC(key, "tags")`, so that neither tells of the other. Who has the
//! first key can verify everything; who takes the key of today cannot rewrite yesterday. Deliberately absent: where
//! keys are kept.

use super::JournalError;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sanctum_types::Secret;
use sha2::Sha256;

const RATCHET: &[u8] = b"sanctum journal ratchet 1";
const TAGS: &[u8] = b"sanctum journal tags 1";

/// The key of one epoch.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    secret: Secret<[u8; 32]>,
    /// Keyed once an epoch: a line then costs no more than its own bytes.
    tags: Hmac<Sha256>,
}

impl Key {
    /// A key that nobody had before.
    pub(crate) fn fresh() -> Result<Self, JournalError> {
        random().map(Self::from_bytes)
    }

    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        let secret = Secret::new(bytes);
        let tag_key = Secret::new(derive(&secret, TAGS));
        Self { tags: keyed(tag_key.expose()), secret }
    }

    /// The key of the next epoch.
    pub(crate) fn next(&self) -> Self {
        Self::from_bytes(derive(&self.secret, RATCHET))
    }

    /// The tag of a line after a line with that tag.
    pub(crate) fn tag(&self, previous: &[u8; 32], covered: &[u8]) -> [u8; 32] {
        self.over(previous, covered).finalize().into_bytes().into()
    }

    /// Whether the tag is that line's, compared in constant time.
    pub(crate) fn accepts(&self, previous: &[u8; 32], covered: &[u8], tag: &[u8; 32]) -> bool {
        self.over(previous, covered).verify_slice(tag).is_ok()
    }

    fn over(&self, previous: &[u8; 32], covered: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.tags.clone();
        mac.update(previous);
        mac.update(covered);
        mac
    }

    /// For the file that keeps it.
    pub(crate) const fn expose(&self) -> &[u8; 32] {
        self.secret.expose()
    }
}

fn derive(key: &Secret<[u8; 32]>, label: &[u8]) -> [u8; 32] {
    let mut mac = keyed(key.expose());
    mac.update(label);
    mac.finalize().into_bytes().into()
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length: RFC 2104, section 3")]
fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key of any length")
}

/// 32 bytes that nobody can guess.
pub(crate) fn random() -> Result<[u8; 32], JournalError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| JournalError::Random { source: std::io::Error::other(error) })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_has_a_key_of_its_own_and_the_first_one_leads_to_all() {
        let first = Key::from_bytes([7; 32]);
        let tags: Vec<[u8; 32]> =
            std::iter::successors(Some(first.clone()), |key| Some(key.next()))
                .take(4)
                .map(|key| key.tag(&[0; 32], b"line"))
                .collect();
        for (at, tag) in tags.iter().enumerate() {
            assert_eq!(tags.iter().filter(|other| *other == tag).count(), 1, "{at}");
        }
        assert!(first.next().next().accepts(&[0; 32], b"line", &tags[2]));
        assert!(!first.accepts(&[1; 32], b"line", &tags[0]));
    }
}
