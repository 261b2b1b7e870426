//! How a store comes to be: made, opened, or brought back from a backup.
//!
//! Opening believes nothing that it did not authenticate. What the counter knows was acknowledged and has to be there, whole; what follows it
//! was not, and what of it is not whole is cut.

use super::line::Line;
use super::{Store, StoreError, Writer, snapshot};
use crate::counter::{Counter, Known, Mark};
use crate::crypt::random;
use crate::index::Index;
use crate::keys::{Cost, Keys, Opener, RootKey, Wrap};
use crate::log::{Entry, File, Header, Next, Position};
use crate::medium::{Medium, read_all};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, RwLock};

/// Where a vault is.
pub struct Source {
    /// Its file.
    pub log: Box<dyn Medium>,
    /// Its counter, in another directory.
    pub counter: Box<dyn Medium>,
}

/// What is demanded of a vault that is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The owner knows that the counter is gone: the vault is taken as it is, and a new counter begins.
    pub without_counter: bool,
}

/// What opening found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Bytes behind the last whole record, which were never acknowledged and are cut off.
    pub torn: u64,
}

/// What a walk over a file gives.
pub(super) struct Walked {
    pub(super) index: Index,
    pub(super) at: Position,
    /// Bytes that are no record.
    rest: u64,
    /// Whether those are something whole, and not just a beginning.
    foreign: bool,
    /// The tag of the record that was asked for.
    tag: Option<[u8; crate::crypt::TAG]>,
}

impl Store {
    /// Makes a vault that those open, where there is none.
    ///
    /// # Errors
    /// There is one, or it cannot be written.
    pub fn create(source: Source, openers: &[Opener], cost: Cost) -> Result<Self, StoreError> {
        if source.log.size()? > 0 {
            return Err(StoreError::There);
        }
        let (vault, root) = (random()?, RootKey::new()?);
        let wraps = wraps(&root, &vault, openers, cost)?;
        let keys = Keys::of(&root, &vault);
        let header = Header { vault, generation: 1, first: 1, wraps };
        let Source { log, counter } = source;
        Self::begin(log, Counter::new(counter), keys, (header, Index::default()))
    }

    /// Unseals a vault.
    ///
    /// # Errors
    /// It does not open, is damaged or was put back.
    pub fn open(
        source: Source,
        opener: &Opener,
        terms: Terms,
    ) -> Result<(Self, Opened), StoreError> {
        let Source { log, counter } = source;
        let bytes = read_all(&*log)?;
        let (header, keys) = unlock(&bytes, opener)?;
        let mut counter = Counter::new(counter);
        let known = counter.load(&keys, &header.vault)?;
        let mark = match known {
            Known::Mark(mark) => Some(mark),
            Known::Nothing | Known::Damaged if terms.without_counter => None,
            Known::Nothing | Known::Damaged => return Err(StoreError::NoCounter),
        };
        let walked = walk(&header, &keys, &bytes, mark)?;
        judge(&walked, mark)?;
        if walked.rest > 0 {
            log.cut(walked.at.offset)?;
        }
        // Records that were read may still be on their way to the disk: the counter must not overtake them.
        log.sync()?;
        let here = Mark::of(&walked.at);
        if let Some(mark) = mark.filter(|mark| *mark != here) {
            counter.save(&keys, &header.vault, mark)?;
        }
        counter.save(&keys, &header.vault, here)?;
        let opened = Opened { torn: walked.rest };
        let writer = Writer::new(header, walked.at, counter);
        Ok((Self::of(Arc::from(log), keys, walked.index, writer), opened))
    }

    /// Takes the place of whatever is there with a vault that was backed up; it goes on where the counter stands, so that older files
    /// stay older.
    ///
    /// # Errors
    /// The backup does not open or is damaged, or it cannot be written.
    pub fn restore(source: Source, backup: &[u8], opener: &Opener) -> Result<Self, StoreError> {
        let (header, keys) = unlock(backup, opener)?;
        let walked = walk(&header, &keys, backup, None)?;
        if walked.rest > 0 {
            return Err(StoreError::Damaged { seq: walked.at.seq.wrapping_add(1) });
        }
        let Source { log, counter } = source;
        let mut counter = Counter::new(counter);
        // That of another vault says nothing about this one.
        let known = match counter.load(&keys, &header.vault)? {
            Known::Mark(mark) => mark.seq,
            Known::Nothing | Known::Damaged => 0,
        };
        let medium = Arc::new(Bytes(backup.to_vec()));
        let writer = Writer::new(header, walked.at, counter);
        let from = Self::of(medium, keys, walked.index, writer);
        from.restored(log, known)
    }

    /// Whether that opens the vault whose file begins so; whether the vault is whole is not looked at.
    #[must_use]
    pub fn opens(bytes: &[u8], opener: &Opener) -> bool {
        unlock(bytes, opener).is_ok()
    }

    pub(super) fn of(log: Arc<dyn Medium>, keys: Keys, index: Index, writer: Writer) -> Self {
        let writer = Writer { full: snapshot::full(&index, writer.least), ..writer };
        Self {
            vault: writer.header.vault,
            keys,
            medium: log,
            superseded: AtomicBool::new(false),
            index: RwLock::new(index),
            line: Line::default(),
            sink: None,
            writer: Mutex::new(writer),
        }
    }

    fn begin(
        log: Box<dyn Medium>,
        mut counter: Counter,
        keys: Keys,
        (header, index): (Header, Index),
    ) -> Result<Self, StoreError> {
        let mut bytes = header.encode();
        let mut at = File::start(&header, &bytes);
        File::of(&header)
            .append((&keys, &mut at), (&Entry::Begin, &[]), &mut bytes)
            .map_err(super::refused)?;
        log.stage(&bytes)?;
        log.swap()?;
        counter.save(&keys, &header.vault, Mark::of(&at))?;
        let writer = Writer::new(header, at, counter);
        Ok(Self::of(Arc::from(log), keys, index, writer))
    }
}

pub(super) fn wraps(
    root: &RootKey,
    vault: &[u8; crate::keys::ID],
    openers: &[Opener],
    cost: Cost,
) -> Result<Vec<Wrap>, StoreError> {
    openers.iter().map(|opener| Ok(root.wrap(vault, opener, cost)?)).collect()
}

fn unlock(bytes: &[u8], opener: &Opener) -> Result<(Header, Keys), StoreError> {
    let (header, _) = Header::decode(bytes)?;
    let root = RootKey::unwrap(&header.vault, opener, &header.wraps);
    let root = root.ok_or(StoreError::WrongKey)?;
    let keys = Keys::of(&root, &header.vault);
    Ok((header, keys))
}

fn walk(
    header: &Header,
    keys: &Keys,
    bytes: &[u8],
    mark: Option<Mark>,
) -> Result<Walked, StoreError> {
    let (_, length) = Header::decode(bytes)?;
    let encoded = bytes.get(..length).unwrap_or_default();
    let file = File::of(header);
    let mut walked = Walked {
        index: Index::default(),
        at: File::start(header, encoded),
        rest: 0,
        foreign: false,
        tag: None,
    };
    loop {
        let from = usize::try_from(walked.at.offset).unwrap_or(usize::MAX);
        let rest = bytes.get(from..).unwrap_or_default();
        match file.next(keys, &walked.at, rest) {
            Next::End => break,
            Next::Record { entry, place, at } => {
                let seq = at.seq;
                let first = walked.at.seq.wrapping_add(1) == header.first;
                if first != matches!(entry, Entry::Begin) {
                    return Err(StoreError::Damaged { seq });
                }
                walked.index.apply(entry, place).map_err(|_| StoreError::Damaged { seq })?;
                walked.at = at;
                if mark.is_some_and(|mark| mark.seq == seq) {
                    walked.tag = Some(at.tag);
                }
            }
            Next::Incomplete | Next::Foreign if walked.at.seq.wrapping_add(1) == header.first => {
                return Err(StoreError::Damaged { seq: header.first });
            }
            found @ (Next::Incomplete | Next::Foreign) => {
                walked.rest = rest.len() as u64;
                walked.foreign = matches!(found, Next::Foreign);
                break;
            }
        }
    }
    // A header alone is no vault that anybody wrote.
    if walked.at.seq.wrapping_add(1) == header.first {
        return Err(StoreError::Damaged { seq: header.first });
    }
    Ok(walked)
}

fn judge(walked: &Walked, mark: Option<Mark>) -> Result<(), StoreError> {
    let seq = walked.at.seq.wrapping_add(1);
    let Some(mark) = mark else {
        // Without a counter only the unfinished last record can be told from damage.
        return if walked.foreign { Err(StoreError::Damaged { seq }) } else { Ok(()) };
    };
    if walked.at.seq < mark.seq {
        return Err(match walked.rest {
            0 => StoreError::PutBack { here: walked.at.seq, known: mark.seq },
            _ => StoreError::Damaged { seq },
        });
    }
    // The same length with other records: what was written after the vault had been put back.
    if walked.tag.is_some_and(|tag| tag != mark.tag) {
        return Err(StoreError::PutBack { here: walked.at.seq, known: mark.seq });
    }
    Ok(())
}

/// A backup is only read.
struct Bytes(Vec<u8>);

impl Medium for Bytes {
    fn size(&self) -> Result<u64, sanctum_host::HostError> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), sanctum_host::HostError> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = from.saturating_add(buffer.len());
        let found = self.0.get(from..end).ok_or(sanctum_host::HostError::Injected)?;
        buffer.copy_from_slice(found);
        Ok(())
    }

    fn write_at(&self, _: u64, _: &[u8]) -> Result<(), sanctum_host::HostError> {
        Err(read_only())
    }

    fn sync(&self) -> Result<(), sanctum_host::HostError> {
        Err(read_only())
    }

    fn cut(&self, _: u64) -> Result<(), sanctum_host::HostError> {
        Err(read_only())
    }

    fn stage(&self, _: &[u8]) -> Result<(), sanctum_host::HostError> {
        Err(read_only())
    }

    fn swap(&self) -> Result<(), sanctum_host::HostError> {
        Err(read_only())
    }
}

fn read_only() -> sanctum_host::HostError {
    sanctum_host::HostError::Unsupported { what: "writing".to_owned(), host: "a backup" }
}
