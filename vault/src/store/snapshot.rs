//! The file written anew: without what is gone, under other openers, or under another root key.

use super::open::wraps;
use super::{Store, StoreError, Writer, lock, refused};
use crate::counter::Mark;
use crate::crypt;
use crate::index::{Index, Version};
use crate::keys::{Cost, Keys, Opener, RootKey};
use crate::lease::kept::LEASE;
use crate::log::{Entry, File, Header, Position, value_bound};
use crate::medium::{Medium, read_all};
use crate::path::SecretPath;
use sanctum_types::{Action, Actor, AuditEvent, Outcome, Phase, Severity};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

/// Sealed bytes of a vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Which file they are of.
    pub generation: u64,
    /// How long that is.
    pub whole: u64,
    /// They.
    pub bytes: Vec<u8>,
}

/// A whole file.
struct Written {
    bytes: Vec<u8>,
    at: Position,
    index: Index,
}

/// Whether leases that outlive a restart go into a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leases {
    Stay,
    End,
}

impl Store {
    /// Writes the file without what is gone.
    ///
    /// # Errors
    /// It could not be written; the old one may still be there, and nothing more is written before the vault is opened again.
    pub fn compact(&self) -> Result<(), StoreError> {
        let mut writer = lock(&self.writer);
        let header = next_header(&writer)?;
        self.replace(&mut writer, header)
    }

    /// Writes the file anew once most of it is gone. Where that fails before anything changed, it is tried again when the file is twice as long.
    pub(super) fn shed(&self) {
        let mut writer = lock(&self.writer);
        if writer.stopped || writer.at.offset < writer.full {
            return;
        }
        let done = next_header(&writer).and_then(|header| self.replace(&mut writer, header));
        let length = writer.at.offset;
        if done.is_err() {
            writer.full = length.saturating_mul(2);
        }
        drop(writer);
        let (outcome, severity) = match done {
            Ok(()) => (Outcome::Ok, Severity::Info),
            Err(_) => (Outcome::Failed, Severity::Warn),
        };
        let words = (Actor::new("service:vault"), Action::new("vault.compact"));
        let (Ok(actor), Ok(action)) = words else { return };
        let details = BTreeMap::from([("bytes".to_owned(), length.to_string())]);
        let subject = "vault".to_owned();
        let phase = Phase::Single;
        self.record(&[&AuditEvent { actor, action, subject, phase, outcome, severity, details }]);
    }

    /// Gives the vault other openers; `opener` is one of the present ones. The root key stays.
    ///
    /// # Errors
    /// As [`Store::compact`]; [`StoreError::WrongKey`] when the opener is none.
    pub fn rewrap(
        &self,
        opener: &Opener,
        openers: &[Opener],
        cost: Cost,
    ) -> Result<(), StoreError> {
        let mut writer = lock(&self.writer);
        let root = RootKey::unwrap(&self.vault, opener, &writer.header.wraps);
        let wraps = wraps(&root.ok_or(StoreError::WrongKey)?, &self.vault, openers, cost)?;
        let header = Header { wraps, ..next_header(&writer)? };
        self.replace(&mut writer, header)
    }

    /// Writes everything under a new root key, for those openers; gives the vault that goes on. This one serves nothing any more.
    ///
    /// # Errors
    /// As [`Store::compact`].
    pub fn rekey(&self, openers: &[Opener], cost: Cost) -> Result<Self, StoreError> {
        let root = RootKey::new()?;
        let wraps = wraps(&root, &self.vault, openers, cost)?;
        let mut writer = lock(&self.writer);
        let header = Header { wraps, ..next_header(&writer)? };
        let keys = Keys::of(&root, &self.vault);
        let Written { bytes, at, index } = self.written(&header, &keys, Leases::End)?;
        self.medium.stage(&bytes)?;
        // Nobody reads meanwhile: what this index says of places is not true of the new file.
        let own = self.index.write().unwrap_or_else(PoisonError::into_inner);
        writer.stopped = true;
        self.superseded.store(true, Ordering::SeqCst);
        // Whichever file a crash leaves, one of the counter's slots is under its key.
        let mut counter = writer.counter.clone();
        counter.save(&keys, &self.vault, Mark::of(&writer.at))?;
        self.medium.swap()?;
        counter.save(&keys, &self.vault, Mark::of(&at))?;
        drop(own);
        let next = Writer::new(header, at, counter);
        let next = Self::of(Arc::clone(&self.medium), keys, index, next);
        Ok(Self { sink: self.sink.clone(), ..next })
    }

    /// A piece of the bytes of [`Store::backup`], with the generation and the length of all of them: pieces of one generation fit together.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn piece(&self, offset: u64, most: usize) -> Result<Piece, StoreError> {
        let writer = lock(&self.writer);
        if self.superseded.load(Ordering::SeqCst) {
            return Err(StoreError::Stopped);
        }
        let whole = writer.at.offset;
        let left = usize::try_from(whole.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; left.min(most)];
        if !bytes.is_empty() {
            self.medium.read_at(offset, &mut bytes)?;
        }
        Ok(Piece { generation: writer.header.generation, whole, bytes })
    }

    /// The bytes of the vault as they are: sealed, and enough to bring it back with one of its openers.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn backup(&self) -> Result<Vec<u8>, StoreError> {
        let writer = lock(&self.writer);
        let mut bytes = read_all(&*self.medium)?;
        // What an earlier failure left behind the last acknowledged record is none of it.
        bytes.truncate(usize::try_from(writer.at.offset).unwrap_or(usize::MAX));
        Ok(bytes)
    }

    pub(super) fn restored(self, log: Box<dyn Medium>, known: u64) -> Result<Self, StoreError> {
        let header = {
            let writer = lock(&self.writer);
            let header = next_header(&writer)?;
            Header { first: header.first.max(known.saturating_add(1)), ..header }
        };
        let Written { bytes, at, index } = self.written(&header, &self.keys, Leases::End)?;
        let mut writer = self.writer.into_inner().unwrap_or_else(PoisonError::into_inner);
        log.stage(&bytes)?;
        log.swap()?;
        writer.counter.save(&self.keys, &self.vault, Mark::of(&at))?;
        let writer = Writer { header, at, ..writer };
        Ok(Self::of(Arc::from(log), self.keys, index, writer))
    }

    fn replace(&self, writer: &mut Writer, header: Header) -> Result<(), StoreError> {
        let Written { bytes, at, index } = self.written(&header, &self.keys, Leases::Stay)?;
        // A full disk is not the end: nothing has changed before this is done.
        self.medium.stage(&bytes)?;
        let mut now = self.index.write().unwrap_or_else(PoisonError::into_inner);
        writer.stopped = true;
        self.medium.swap()?;
        writer.full = full(&index, writer.least);
        *now = index;
        writer.counter.save(&self.keys, &self.vault, Mark::of(&at))?;
        (writer.header, writer.at, writer.stopped) = (header, at, false);
        Ok(())
    }

    /// Everything under those keys; values are opened only where their key changes.
    fn written(&self, header: &Header, keys: &Keys, leases: Leases) -> Result<Written, StoreError> {
        let old = self.index();
        let mut bytes = header.encode();
        let mut sheet = Sheet {
            file: File::of(header),
            keys,
            at: File::start(header, &bytes),
            index: Index::default(),
        };
        sheet.add(Entry::Begin, &[], &mut bytes)?;
        let stays = |name: &str| leases == Leases::Stay || !name.starts_with(LEASE);
        for (name, content) in old.documents.iter().filter(|(name, _)| stays(name)) {
            let (name, content) = (name.clone(), content.clone());
            sheet.add(Entry::Set { name, content }, &[], &mut bytes)?;
        }
        for (path, kept) in old.secrets() {
            for version in &kept.versions {
                let value = self.carried(path, version, keys)?;
                let Version { number, at, origin, .. } = *version;
                let entry = Entry::Put { path: path.clone(), version: number, at, origin };
                sheet.add(entry, &value, &mut bytes)?;
            }
            if kept.about != crate::log::About::default() {
                let entry = Entry::Describe { path: path.clone(), about: kept.about.clone() };
                sheet.add(entry, &[], &mut bytes)?;
            }
        }
        Ok(Written { bytes, at: sheet.at, index: sheet.index })
    }

    fn carried(
        &self,
        path: &SecretPath,
        version: &Version,
        keys: &Keys,
    ) -> Result<Vec<u8>, StoreError> {
        if std::ptr::eq(keys, &self.keys) {
            return self.sealed(version.place);
        }
        let value = self.open_value(path, version)?;
        let bound = value_bound(&self.vault, path, version.number, version.origin);
        Ok(crypt::seal(keys.value(), &bound, &value)?)
    }
}

/// How long a file with that in it may become before it is written anew: a few times what of it is in use.
pub(super) fn full(index: &Index, least: u64) -> u64 {
    /// About what a head takes.
    const HEAD: u64 = 512;
    let versions = index.secrets().flat_map(|(_, kept)| &kept.versions);
    let secrets: u64 = versions.map(|version| u64::from(version.place.length) + HEAD).sum();
    let documents = index.documents.len() as u64 * 4 * HEAD;
    (secrets + documents).saturating_mul(4).max(least)
}

fn next_header(writer: &Writer) -> Result<Header, StoreError> {
    if writer.stopped {
        return Err(StoreError::Stopped);
    }
    let (first, generation) =
        (writer.at.seq.saturating_add(1), writer.header.generation.saturating_add(1));
    Ok(Header { first, generation, ..writer.header.clone() })
}

struct Sheet<'a> {
    file: File,
    keys: &'a Keys,
    at: Position,
    index: Index,
}

impl Sheet<'_> {
    fn add(&mut self, entry: Entry, value: &[u8], out: &mut Vec<u8>) -> Result<(), StoreError> {
        let place =
            self.file.append((self.keys, &mut self.at), (&entry, value), out).map_err(refused)?;
        let seq = self.at.seq;
        self.index.apply(entry, place).map_err(|_| StoreError::Damaged { seq })
    }
}
