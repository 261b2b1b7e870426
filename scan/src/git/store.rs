//! All objects of a repository: packs, loose ones, and those of alternates.
//!
//! The store is shared, a [`Reader`] belongs to one thread. Chains of deltas are followed without recursion and bounded;
//! bases are kept while there is room.

use super::object::Kind;
use super::pack::{Inflater, Pack, Stored};
use super::{GitError, Id, Repository, as_path, damaged, delta};
use sanctum_host::files;
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of an object that is held.
pub const LIMIT: u64 = 128 * 1024 * 1024;
/// Deltas on deltas: git makes chains of 50, with `--depth` up to 4095.
const CHAIN: usize = 4096;
/// Bytes of bases that a thread keeps, as core.deltaBaseCacheLimit has it by default.
const CACHE: usize = 96 * 1024 * 1024;
/// Alternates of alternates, as git follows them.
const ALTERNATES: usize = 5;

/// The objects of a repository.
#[derive(Debug)]
pub struct Store {
    packs: Vec<Pack>,
    folders: Vec<PathBuf>,
    id_length: usize,
}

/// Where an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Where {
    /// In that pack at that offset.
    Packed(usize, u64),
    /// In a file of its own.
    Loose,
}

impl Store {
    /// Opens every pack. One that cannot be read comes back beside the store.
    #[must_use]
    pub fn open(repository: &Repository) -> (Self, Vec<GitError>) {
        let mut store =
            Self { packs: Vec::new(), folders: Vec::new(), id_length: repository.id_length };
        let mut errors = Vec::new();
        let mut next = vec![repository.common_dir.join("objects")];
        for _ in 0..=ALTERNATES {
            for folder in std::mem::take(&mut next) {
                if store.folders.contains(&folder) {
                    continue;
                }
                if let Err(error) = store.add(&folder, &mut next, &mut errors) {
                    errors.push(error);
                }
                store.folders.push(folder);
            }
        }
        (store, errors)
    }

    fn add(
        &mut self,
        folder: &Path,
        next: &mut Vec<PathBuf>,
        errors: &mut Vec<GitError>,
    ) -> Result<(), GitError> {
        for name in files::list(&folder.join("pack"))? {
            if name.ends_with(".idx") {
                match Pack::open(&folder.join("pack").join(&name), self.id_length) {
                    Ok(pack) => self.packs.push(pack),
                    Err(error) => errors.push(error),
                }
            }
        }
        let path = folder.join("info").join("alternates");
        let said = files::read_optional(&path, super::SMALL)?.unwrap_or_default();
        let lines = said.split(|byte| *byte == b'\n');
        let named = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
        next.extend(named.map(|line| folder.join(as_path(line))));
        Ok(())
    }

    /// Where an object is; packed ones are found without the disk.
    #[must_use]
    pub fn locate(&self, id: &Id) -> Where {
        let packed = |(at, pack): (usize, &Pack)| Some(Where::Packed(at, pack.find(id)?));
        self.packs.iter().enumerate().find_map(packed).unwrap_or(Where::Loose)
    }

    /// Every object that is here, reachable or not, as far as folders can be listed.
    ///
    /// # Errors
    /// A folder cannot be listed.
    pub fn every(&self) -> Result<Vec<Id>, GitError> {
        let packed =
            self.packs.iter().flat_map(|pack| (0..pack.len()).filter_map(|at| pack.id(at)));
        let mut all: Vec<Id> = packed.collect();
        for folder in &self.folders {
            for fan in files::list(folder)?.iter().filter(|name| name.len() == 2) {
                let names = files::list(&folder.join(fan))?;
                all.extend(
                    names.iter().filter_map(|name| Id::parse(format!("{fan}{name}").as_bytes())),
                );
            }
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    /// A reader of one thread.
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        Reader { store: self, inflater: Inflater::default(), cache: Cache::default() }
    }
}

type Held = (Kind, Arc<Vec<u8>>);

/// Reads objects, with buffers and a cache of its own.
pub struct Reader<'s> {
    store: &'s Store,
    inflater: Inflater,
    cache: Cache,
}

impl Reader<'_> {
    /// An object.
    ///
    /// # Errors
    /// [`GitError`].
    pub fn read(&mut self, id: &Id) -> Result<Held, GitError> {
        self.read_at(id, self.store.locate(id), 0)
    }

    /// An object where it was located.
    ///
    /// # Errors
    /// [`GitError`].
    pub fn read_located(&mut self, id: &Id, place: Where) -> Result<Held, GitError> {
        self.read_at(id, place, 0)
    }

    fn read_at(&mut self, id: &Id, place: Where, depth: usize) -> Result<Held, GitError> {
        let read = match place {
            Where::Packed(pack, offset) => self.packed(pack, offset, depth),
            Where::Loose => self.loose(id),
        };
        read.map_err(|error| match error {
            GitError::TooLarge { size, .. } => GitError::TooLarge { id: *id, size },
            other => other,
        })
    }

    fn packed(&mut self, number: usize, offset: u64, depth: usize) -> Result<Held, GitError> {
        let pack = self.store.packs.get(number);
        let missing = || damaged(Path::new("objects"), "expected a pack");
        let pack = pack.ok_or_else(missing)?;
        let (mut deltas, mut at) = (Vec::new(), offset);
        let (kind, mut bytes) = loop {
            if deltas.len() + depth > CHAIN {
                return Err(damaged(Path::new("objects"), "a chain of deltas without an end"));
            }
            if let Some(held) = self.cache.get((number, at)) {
                break held;
            }
            match pack.stored(at, LIMIT, &mut self.inflater)? {
                Stored::Whole(kind, bytes) => break (kind, Arc::new(bytes)),
                Stored::OffsetDelta(base, delta) => {
                    deltas.push((at, delta));
                    at = base;
                }
                Stored::NamedDelta(base, delta) => {
                    deltas.push((at, delta));
                    match self.store.locate(&base) {
                        Where::Packed(other, offset) if other == number => at = offset,
                        // A thin pack's base is elsewhere; each such step counts as many.
                        place => {
                            break self.read_at(&base, place, depth + deltas.len() + CHAIN / 8)?;
                        }
                    }
                }
            }
        };
        if deltas.is_empty() {
            self.cache.put((number, at), (kind, Arc::clone(&bytes)));
        }
        for (at, delta) in deltas.into_iter().rev() {
            let size = delta::result_size(&delta).unwrap_or(0);
            if size > LIMIT {
                let id = Id::new(&vec![0; self.store.id_length]).ok_or_else(missing)?;
                return Err(GitError::TooLarge { id, size });
            }
            let made = delta::apply(&bytes, &delta);
            let made =
                made.ok_or_else(|| damaged(Path::new("objects"), "a delta that does not fit"))?;
            bytes = Arc::new(made);
            self.cache.put((number, at), (kind, Arc::clone(&bytes)));
        }
        Ok((kind, bytes))
    }

    fn loose(&mut self, id: &Id) -> Result<Held, GitError> {
        let name = id.to_string();
        let (fan, rest) = name.split_at_checked(2).unwrap_or_default();
        for folder in &self.store.folders {
            let path = folder.join(fan).join(rest);
            let Some(packed) = files::read_optional(&path, LIMIT)? else { continue };
            let wrong = || damaged(&path, "expected an object");
            let (kind, size, head) = loose_head(&packed).ok_or_else(wrong)?;
            if size > LIMIT {
                return Err(GitError::TooLarge { id: *id, size });
            }
            let whole = head + usize::try_from(size).unwrap_or(usize::MAX / 2);
            let mut bytes = self
                .inflater
                .exactly(whole, 0, |at, buffer| {
                    crate::content::Bytes::read_at(&packed.as_slice(), at, buffer)
                })
                .ok()
                .flatten()
                .ok_or_else(wrong)?;
            bytes.drain(..head);
            return Ok((kind, Arc::new(bytes)));
        }
        Err(GitError::Missing(*id))
    }
}

/// `KIND SIZE\0` at the start of a loose object: kind, size, bytes of the head.
#[must_use]
pub fn loose_head(packed: &[u8]) -> Option<(Kind, u64, usize)> {
    use std::io::Read as _;
    let mut head = Vec::with_capacity(32);
    // The stream goes on behind the head, so what comes after these bytes does not matter.
    let _ = flate2::read::ZlibDecoder::new(packed).take(32).read_to_end(&mut head);
    let end = memchr::memchr(0, &head)?;
    let text = head.get(..end)?;
    let blank = memchr::memchr(b' ', text)?;
    let size = std::str::from_utf8(text.get(blank + 1..)?).ok()?.parse().ok()?;
    Some((Kind::of_word(text.get(..blank)?)?, size, end + 1))
}

/// Objects that were read last, by pack and offset; the oldest go first.
#[derive(Default)]
struct Cache {
    held: HashMap<(usize, u64), Held>,
    order: VecDeque<(usize, u64)>,
    bytes: usize,
}

impl Cache {
    fn get(&self, key: (usize, u64)) -> Option<Held> {
        self.held.get(&key).map(|(kind, bytes)| (*kind, Arc::clone(bytes)))
    }

    fn put(&mut self, key: (usize, u64), held: Held) {
        let size = held.1.len();
        // One large object must not push out everything else.
        if size > CACHE / 8 {
            return;
        }
        if self.held.insert(key, held).is_none() {
            self.bytes += size;
            self.order.push_back(key);
        }
        while self.bytes > CACHE {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some((_, bytes)) = self.held.remove(&oldest) {
                self.bytes -= bytes.len();
            }
        }
    }
}
