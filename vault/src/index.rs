//! What a vault holds, as its records tell it: paths, versions, notes and documents, and where each value lies.
//!
//! Deliberately absent: values, which stay sealed until somebody uses one.

use crate::log::{About, Entry, Place};
use crate::path::SecretPath;
use sanctum_types::UnixTime;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Versions of a secret that are kept; older ones leave the file at the next snapshot.
pub const VERSIONS: usize = 16;

/// A version of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// From one.
    pub number: u32,
    /// When it was written.
    pub at: UnixTime,
    pub(crate) origin: u64,
    pub(crate) place: Place,
}

/// A secret without its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The oldest first; the last one is in use.
    pub versions: Vec<Version>,
    /// What is noted on it.
    pub about: About,
}

impl Kept {
    /// The version in use.
    #[must_use]
    pub fn current(&self) -> Option<&Version> {
        self.versions.last()
    }
}

/// Everything but the values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    pub(crate) secrets: BTreeMap<SecretPath, Kept>,
    pub(crate) documents: BTreeMap<String, serde_json::Value>,
}

/// A record that cannot follow what came before, although it is authentic: the program that wrote it was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nonsense;

impl Index {
    /// Takes a record in.
    pub(crate) fn apply(&mut self, entry: Entry, place: Place) -> Result<(), Nonsense> {
        match entry {
            Entry::Begin => {}
            Entry::Put { path, version, at, origin } => {
                let kept = self.secrets.entry(path).or_default();
                if kept.current().is_some_and(|last| last.number >= version) || version == 0 {
                    return Err(Nonsense);
                }
                kept.versions.push(Version { number: version, at, origin, place });
                let old = kept.versions.len().saturating_sub(VERSIONS);
                kept.versions.drain(..old);
            }
            Entry::Describe { path, about } => {
                self.secrets.get_mut(&path).ok_or(Nonsense)?.about = about;
            }
            Entry::Drop { path } => drop(self.secrets.remove(&path).ok_or(Nonsense)?),
            Entry::Set { name, content } => drop(self.documents.insert(name, content)),
            Entry::Unset { name } => drop(self.documents.remove(&name).ok_or(Nonsense)?),
        }
        Ok(())
    }

    /// A secret.
    #[must_use]
    pub fn secret(&self, path: &SecretPath) -> Option<&Kept> {
        self.secrets.get(path)
    }

    /// The path itself as it is kept here, so that who remembers it shares it; none where there is no such secret.
    #[must_use]
    pub fn path(&self, path: &SecretPath) -> Option<SecretPath> {
        self.secrets.get_key_value(path).map(|(path, _)| path.clone())
    }

    /// All of them, by path.
    pub fn secrets(&self) -> impl Iterator<Item = (&SecretPath, &Kept)> {
        self.secrets.iter()
    }

    /// A document.
    #[must_use]
    pub fn document(&self, name: &str) -> Option<&serde_json::Value> {
        self.documents.get(name)
    }

    /// Documents whose names begin so, by the rest of their names.
    pub fn documents<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a serde_json::Value)> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let from = self.documents.range::<str, _>(from);
        from.map_while(move |(name, content)| Some((name.strip_prefix(prefix)?, content)))
    }
}
