//! File bytes by digest, in memory. The store on disk is filled from here before a plan is applied.

use sanctum_types::Digest;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes under the digest that names them.
#[derive(Clone, Debug, Default)]
pub struct Blobs(BTreeMap<Digest, Arc<[u8]>>);

impl Blobs {
    /// The SHA-256 of some bytes.
    #[must_use]
    pub fn digest(bytes: &[u8]) -> Digest {
        Digest::from_bytes(Sha256::digest(bytes).into())
    }

    /// Keeps the bytes and gives their name.
    pub fn add(&mut self, bytes: &[u8]) -> Digest {
        let digest = Self::digest(bytes);
        self.0.entry(digest).or_insert_with(|| bytes.into());
        digest
    }

    /// The bytes of that name.
    #[must_use]
    pub fn get(&self, digest: &Digest) -> Option<&[u8]> {
        self.0.get(digest).map(AsRef::as_ref)
    }

    /// Everything that is kept.
    pub fn iter(&self) -> impl Iterator<Item = (&Digest, &[u8])> {
        self.0.iter().map(|(digest, bytes)| (digest, bytes.as_ref()))
    }
}
