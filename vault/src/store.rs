//! An unsealed vault: its index in memory, its values sealed on disk, and one writer that many share.
//!
//! A change is acknowledged when the log and then the counter are on the disk; who waits while another's is written goes with the next group.
//! What could not be made durable is never seen, and after a failed fsync nothing is written until the file is opened again. Dropping a store
//! wipes its keys, which is how a vault is sealed. Deliberately absent: who may read what.

mod error;
mod line;
mod open;
mod snapshot;
#[cfg(test)]
pub(crate) mod tests;

pub use error::StoreError;
pub use open::{Opened, Source, Terms};
pub use snapshot::Piece;

use crate::counter::{Counter, Mark};
use crate::crypt;
use crate::index::Index;
use crate::keys::{ID, Keys, Opener, RootKey};
use crate::log::{
    About, AppendError, Entry, File, Header, MOST_HEAD, MOST_VALUE, Place, Position, value_bound,
};
use crate::medium::Medium;
use crate::path::SecretPath;
use line::{Asked, Done, Group, Line};
use sanctum_types::{AuditEvent, AuditSink, Outcome, Severity, UnixTime};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use zeroize::Zeroizing;

/// A change of what a vault holds.
pub enum Change {
    /// A new version of a secret, with what is noted on it where that changes.
    Put {
        /// Its path.
        path: SecretPath,
        /// The value.
        value: Zeroizing<Vec<u8>>,
        /// When.
        at: UnixTime,
        /// Notes.
        about: Option<About>,
    },
    /// What is noted on a secret.
    Describe {
        /// Its path.
        path: SecretPath,
        /// All of it.
        about: About,
    },
    /// A secret goes with all versions.
    Drop {
        /// Its path.
        path: SecretPath,
    },
    /// A document.
    Set {
        /// Its name.
        name: String,
        /// Its content.
        content: serde_json::Value,
    },
    /// A document in place of the one that is there.
    Replace {
        /// Its name.
        name: String,
        /// Its content.
        content: serde_json::Value,
    },
    /// A document goes.
    Unset {
        /// Its name.
        name: String,
    },
    /// Documents go, those of them that are there.
    Clear {
        /// Their names.
        names: Vec<String>,
    },
}

/// A value that was opened.
pub struct Read {
    /// Which version.
    pub version: u32,
    /// The value.
    pub value: Zeroizing<Vec<u8>>,
}

/// What a store says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its id, in hexadecimal.
    pub vault: String,
    /// Grows with every snapshot.
    pub generation: u64,
    /// The last record.
    pub seq: u64,
    /// Secrets.
    pub secrets: usize,
    /// Bytes of the file.
    pub bytes: u64,
    /// Whether it takes changes.
    pub writes: bool,
}

/// No file is written anew before it has so many bytes.
const FULL: u64 = 4 << 20;
/// A buffer that a group left is kept up to this size.
const BUFFER: usize = 256 * 1024;

/// An unsealed vault.
pub struct Store {
    vault: [u8; ID],
    keys: Keys,
    medium: Arc<dyn Medium>,
    /// The file is another store's by now.
    superseded: AtomicBool,
    index: RwLock<Index>,
    line: Line,
    /// Where changes are recorded that are told of.
    sink: Option<Arc<dyn AuditSink>>,
    writer: Mutex<Writer>,
}

struct Writer {
    header: Header,
    at: Position,
    counter: Counter,
    stopped: bool,
    /// Of groups, so that not each of many threads has one.
    buffer: Vec<u8>,
    /// The length at which the file is written anew, and the least for it.
    full: u64,
    least: u64,
}

impl Writer {
    const fn new(header: Header, at: Position, counter: Counter) -> Self {
        let (full, least) = (FULL, FULL);
        Self { header, at, counter, stopped: false, buffer: Vec::new(), full, least }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    /// The same, which records there what it is told of changes.
    #[must_use]
    pub fn telling(self, sink: Arc<dyn AuditSink>) -> Self {
        Self { sink: Some(sink), ..self }
    }

    /// The same, whose file is written anew also when it is that short.
    #[cfg(test)]
    pub(crate) fn shedding_from(self, least: u64) -> Self {
        {
            let mut writer = lock(&self.writer);
            (writer.full, writer.least) = (least, least);
        }
        self
    }

    /// Makes a change durable; gives the version that it wrote.
    ///
    /// # Errors
    /// It was not made. After [`StoreError::Files`] and [`StoreError::Stopped`] it may still be there once the vault is opened again.
    pub fn change(&self, change: Change) -> Result<u32, StoreError> {
        self.line.join(Asked { change, told: None }, |group| self.serve(group))
    }

    /// The same, recorded before it is written and once it is: the start of an operation comes in, with all that are written together.
    ///
    /// # Errors
    /// As [`Store::change`]; [`StoreError::Unrecorded`] when it was not recorded, and so not made.
    pub fn change_told(&self, change: Change, begun: AuditEvent) -> Result<u32, StoreError> {
        self.line.join(Asked { change, told: Some(begun) }, |group| self.serve(group))
    }

    /// Documents go whose names begin so, and nothing is changed here any more: what was on its way does not come after.
    ///
    /// # Errors
    /// They may still be there once the vault is opened again.
    pub fn retire(&self, prefix: &str) -> Result<(), StoreError> {
        let mut writer = lock(&self.writer);
        let names: Vec<_> =
            self.index().documents(prefix).map(|(name, _)| format!("{prefix}{name}")).collect();
        let done = match names.is_empty() {
            true => Vec::new(),
            false => self.write_as(&mut writer, vec![Change::Clear { names }]),
        };
        writer.stopped = true;
        done.into_iter().try_for_each(|done| done.map(drop))
    }

    /// The value of a secret: a version of it, or the one in use. None where there is no such secret or version.
    ///
    /// # Errors
    /// It cannot be read, or is not what was written.
    pub fn value(
        &self,
        path: &SecretPath,
        version: Option<u32>,
    ) -> Result<Option<Read>, StoreError> {
        // Held until the value was read: a snapshot moves it.
        let index = self.index();
        if self.superseded.load(Ordering::SeqCst) {
            return Err(StoreError::Stopped);
        }
        let Some(kept) = index.secret(path) else { return Ok(None) };
        let found = match version {
            None => kept.current(),
            Some(number) => kept.versions.iter().find(|one| one.number == number),
        };
        let Some(found) = found else { return Ok(None) };
        let value = self.open_value(path, found)?;
        Ok(Some(Read { version: found.number, value }))
    }

    /// Whether that is one of the vault's openers: as costly as a passphrase is.
    #[must_use]
    pub fn proves(&self, opener: &Opener) -> bool {
        let wraps = lock(&self.writer).header.wraps.clone();
        RootKey::unwrap(&self.vault, opener, &wraps).is_some()
    }

    /// Whether a key opens it besides a passphrase.
    #[must_use]
    pub fn has_key(&self) -> bool {
        let key = |wrap: &crate::keys::Wrap| matches!(wrap, crate::keys::Wrap::Key { .. });
        lock(&self.writer).header.wraps.iter().any(key)
    }

    /// What there is.
    pub fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stands for a value in the journal.
    #[must_use]
    pub fn fingerprint(&self, value: &[u8]) -> String {
        self.keys.fingerprint(value)
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let writer = lock(&self.writer);
        Standing {
            vault: crypt::hex(&self.vault),
            generation: writer.header.generation,
            seq: writer.at.seq,
            secrets: self.index().secrets.len(),
            bytes: writer.at.offset,
            writes: !writer.stopped,
        }
    }

    fn sealed(&self, place: Place) -> Result<Vec<u8>, StoreError> {
        let mut sealed = vec![0; usize::try_from(place.length).unwrap_or(0)];
        self.medium.read_at(place.offset, &mut sealed)?;
        Ok(sealed)
    }

    fn open_value(
        &self,
        path: &SecretPath,
        version: &crate::index::Version,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let bound = value_bound(&self.vault, path, version.number, version.origin);
        crypt::open(self.keys.value(), &bound, &self.sealed(version.place)?)
            .ok_or(StoreError::Damaged { seq: version.origin })
    }

    /// Records what is told of a group, writes it, records how it ended, and answers.
    fn serve(&self, group: Group) {
        let told: Vec<_> = group.iter().filter_map(|(asked, _)| asked.told.as_ref()).collect();
        let recorded = self.record(&told);
        let (mut changes, mut asked) = (Vec::new(), Vec::new());
        for (Asked { change, told }, reply) in group {
            if told.is_some() && !recorded {
                reply.give(Err(StoreError::Unrecorded));
                continue;
            }
            changes.push(change);
            asked.push((told, reply));
        }
        let done = self.write(changes);
        for ((told, _), done) in asked.iter_mut().zip(&done) {
            let (outcome, severity) = match done {
                Ok(_) => (Outcome::Ok, Severity::Info),
                Err(_) => (Outcome::Failed, Severity::Error),
            };
            *told = told.take().map(|begun| begun.ended(outcome, severity));
        }
        // It was done; a start without an end is what the journal shows of it.
        self.record(&asked.iter().filter_map(|(told, _)| told.as_ref()).collect::<Vec<_>>());
        for ((_, reply), done) in asked.into_iter().zip(done) {
            reply.give(done);
        }
        self.shed();
    }

    fn record(&self, events: &[&AuditEvent]) -> bool {
        let record = |sink: &Arc<dyn AuditSink>| sink.record_all(events).is_ok();
        events.is_empty() || self.sink.as_ref().is_some_and(record)
    }

    /// Writes changes as one group, in order; says what became of each.
    fn write(&self, changes: Vec<Change>) -> Vec<Done> {
        self.write_as(&mut lock(&self.writer), changes)
    }

    fn write_as(&self, writer: &mut Writer, changes: Vec<Change>) -> Vec<Done> {
        if writer.stopped {
            return changes.iter().map(|_| Err(StoreError::Stopped)).collect();
        }
        let (mut bytes, mut at) = (std::mem::take(&mut writer.buffer), writer.at);
        bytes.clear();
        let mut made: Vec<Result<(u32, Records), StoreError>> = Vec::new();
        {
            let index = self.index();
            let file = File::of(&writer.header);
            let mut draft = Draft { keys: &self.keys, file, index: &index, last: BTreeMap::new() };
            for change in changes {
                // A change that is refused leaves no bytes behind.
                let (before, was) = (bytes.len(), at);
                made.push(draft.add(change, &mut at, &mut bytes).inspect_err(|_| {
                    bytes.truncate(before);
                    at = was;
                }));
            }
        }
        if bytes.is_empty() {
            return made.into_iter().map(|one| one.map(|(version, _)| version)).collect();
        }
        let done = self.persist(writer, &bytes, at);
        if bytes.capacity() <= BUFFER {
            writer.buffer = bytes;
        }
        if done.is_ok() {
            let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
            for (entry, place) in
                made.iter_mut().flatten().flat_map(|(_, records)| records.drain(..))
            {
                // What the draft allowed follows from the index that it looked at.
                writer.stopped |= index.apply(entry, place).is_err();
            }
        }
        let version = |(version, _)| done.clone().map(|()| version);
        made.into_iter().map(|one| one.and_then(version)).collect()
    }

    fn persist(&self, writer: &mut Writer, bytes: &[u8], at: Position) -> Result<(), StoreError> {
        let written = self.medium.write_at(writer.at.offset, bytes);
        if let Err(error) = written {
            // A full disk is not the end, as long as what it took can be taken away again.
            writer.stopped = self.medium.cut(writer.at.offset).is_err();
            return Err(error.into());
        }
        writer.stopped = true;
        self.medium.sync()?;
        writer.counter.save(&self.keys, &writer.header.vault, Mark::of(&at))?;
        writer.stopped = false;
        writer.at = at;
        Ok(())
    }
}

/// Changes of a group on their way to records: each sees the ones before it.
struct Draft<'a> {
    keys: &'a Keys,
    file: File,
    index: &'a Index,
    /// What the group made of a secret (its last version, or nothing) or of a document (whether it is there).
    last: BTreeMap<String, Option<u32>>,
}

type Records = Vec<(Entry, Place)>;

impl Draft<'_> {
    fn add(
        &mut self,
        change: Change,
        at: &mut Position,
        out: &mut Vec<u8>,
    ) -> Result<(u32, Records), StoreError> {
        let mut records = Vec::new();
        let mut version = 0;
        match change {
            Change::Put { path, value, at: time, about } => {
                version =
                    self.secret(&path).unwrap_or(0).checked_add(1).ok_or(StoreError::NotThere)?;
                let sealed = self.seal(&path, (version, at.seq.wrapping_add(1)), &value)?;
                let entry = Entry::Put {
                    path: path.clone(),
                    version,
                    at: time,
                    origin: at.seq.wrapping_add(1),
                };
                records.push(self.record(entry, &sealed, at, out)?);
                if let Some(about) = about {
                    let entry = Entry::Describe { path: path.clone(), about };
                    records.push(self.record(entry, &[], at, out)?);
                }
                self.last.insert(secret_key(&path), Some(version));
            }
            Change::Describe { path, about } => {
                self.secret(&path).ok_or(StoreError::NotThere)?;
                records.push(self.record(Entry::Describe { path, about }, &[], at, out)?);
            }
            Change::Drop { path } => {
                self.secret(&path).ok_or(StoreError::NotThere)?;
                self.last.insert(secret_key(&path), None);
                records.push(self.record(Entry::Drop { path }, &[], at, out)?);
            }
            Change::Set { name, content } => {
                self.last.insert(document_key(&name), Some(0));
                records.push(self.record(Entry::Set { name, content }, &[], at, out)?);
            }
            Change::Replace { name, content } => {
                self.document(&name).ok_or(StoreError::NotThere)?;
                records.push(self.record(Entry::Set { name, content }, &[], at, out)?);
            }
            Change::Unset { name } => {
                self.document(&name).ok_or(StoreError::NotThere)?;
                records.push(self.unset(name, at, out)?);
            }
            Change::Clear { names } => {
                for name in names {
                    if self.document(&name).is_some() {
                        records.push(self.unset(name, at, out)?);
                    }
                }
            }
        }
        Ok((version, records))
    }

    fn secret(&self, path: &SecretPath) -> Option<u32> {
        let kept = || self.index.secret(path)?.current().map(|version| version.number);
        self.last.get(&secret_key(path)).copied().unwrap_or_else(kept)
    }

    fn document(&self, name: &str) -> Option<u32> {
        let kept = || self.index.document(name).map(|_| 0);
        self.last.get(&document_key(name)).copied().unwrap_or_else(kept)
    }

    fn unset(
        &mut self,
        name: String,
        at: &mut Position,
        out: &mut Vec<u8>,
    ) -> Result<(Entry, Place), StoreError> {
        self.last.insert(document_key(&name), None);
        self.record(Entry::Unset { name }, &[], at, out)
    }

    fn seal(
        &self,
        path: &SecretPath,
        (version, origin): (u32, u64),
        value: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        if value.len() > MOST_VALUE {
            return Err(StoreError::TooLarge { what: "value", most: MOST_VALUE });
        }
        let bound = value_bound(&self.file.vault, path, version, origin);
        Ok(crypt::seal(self.keys.value(), &bound, value)?)
    }

    fn record(
        &self,
        entry: Entry,
        value: &[u8],
        at: &mut Position,
        out: &mut Vec<u8>,
    ) -> Result<(Entry, Place), StoreError> {
        let place = self.file.append((self.keys, at), (&entry, value), out).map_err(refused)?;
        Ok((entry, place))
    }
}

fn secret_key(path: &SecretPath) -> String {
    format!("secret {path}")
}

fn document_key(name: &str) -> String {
    format!("document {name}")
}

fn refused(error: AppendError) -> StoreError {
    match error {
        AppendError::Random(error) => StoreError::Random(error),
        AppendError::TooLarge => StoreError::TooLarge { what: "record", most: MOST_HEAD },
    }
}
