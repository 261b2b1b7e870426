//! One pack and its index (gitformat-pack(5), version 2): where an object is, and its stored form.
//!
//! The index is held, the pack is read at offsets. Nothing that either says is trusted beyond its bounds.

use super::object::Kind;
use super::{GitError, Id, damaged};
use flate2::{Decompress, FlushDecompress, Status};
use sanctum_host::files;
use sanctum_host::folder::OpenFile;
use std::path::{Path, PathBuf};

/// Bytes of an index: eight million objects.
const INDEX: u64 = 256 * 1024 * 1024;
/// Bytes that are read of a pack at once; most objects need one read.
const CHUNK: usize = 16 * 1024;

/// An open pack.
#[derive(Debug)]
pub struct Pack {
    path: PathBuf,
    file: OpenFile,
    index: Vec<u8>,
    count: usize,
    id_length: usize,
}

/// The stored form of an object.
#[derive(Debug)]
pub enum Stored {
    /// As it is.
    Whole(Kind, Vec<u8>),
    /// A delta against the object at that offset of the same pack.
    OffsetDelta(u64, Vec<u8>),
    /// A delta against a named object.
    NamedDelta(Id, Vec<u8>),
}

/// Buffers of a thread that inflates.
pub struct Inflater {
    state: Decompress,
    input: Vec<u8>,
}

impl Default for Inflater {
    fn default() -> Self {
        Self { state: Decompress::new(true), input: vec![0; CHUNK] }
    }
}

impl Inflater {
    /// Inflates exactly so many bytes from what `read` gives at offsets.
    pub(crate) fn exactly(
        &mut self,
        size: usize,
        mut offset: u64,
        mut read: impl FnMut(u64, &mut [u8]) -> std::io::Result<usize>,
    ) -> std::io::Result<Option<Vec<u8>>> {
        self.state.reset(true);
        // The claim of a size costs no memory before there are bytes for it: deflate makes at most 1032 of one.
        let mut out = Vec::with_capacity(size.min(CHUNK * 64));
        let mut filled = read(offset, &mut self.input)?;
        let mut used = 0;
        loop {
            let input = self.input.get(used..filled).unwrap_or_default();
            let before = self.state.total_in();
            if out.len() == out.capacity() {
                out.reserve(CHUNK.min(size.saturating_sub(out.len())).max(1));
            }
            let Ok(status) = self.state.decompress_vec(input, &mut out, FlushDecompress::None)
            else {
                return Ok(None);
            };
            let taken = usize::try_from(self.state.total_in() - before).unwrap_or(usize::MAX);
            used = used.saturating_add(taken);
            if out.len() > size {
                return Ok(None);
            }
            if status == Status::StreamEnd {
                return Ok((out.len() == size).then_some(out));
            }
            if used >= filled {
                offset += filled as u64;
                filled = read(offset, &mut self.input)?;
                used = 0;
                if filled == 0 {
                    return Ok(None);
                }
            } else if taken == 0 && out.len() < out.capacity() {
                return Ok(None);
            }
        }
    }
}

impl Pack {
    /// Opens the pack beside an index.
    ///
    /// # Errors
    /// [`GitError`].
    pub fn open(index_path: &Path, id_length: usize) -> Result<Self, GitError> {
        let index = files::read(index_path, INDEX)?;
        let path = index_path.with_extension("pack");
        let opened = OpenFile::open(&path).map_err(|source| io(&path, source))?;
        let file = opened.ok_or_else(|| damaged(&path, "expected a file"))?;
        let count = count(&index, id_length)
            .ok_or_else(|| damaged(index_path, "expected an index of version 2"))?;
        Ok(Self { path, file, index, count, id_length })
    }

    /// How many objects it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The offset of an object in the pack.
    #[must_use]
    pub fn find(&self, id: &Id) -> Option<u64> {
        let first = usize::from(*id.bytes().first()?);
        let fan = |at: usize| u32_at(&self.index, 8 + 4 * at).map(|n| n as usize);
        let (mut low, mut high) =
            (if first == 0 { 0 } else { fan(first - 1)? }, fan(first)?.min(self.count));
        while low < high {
            let middle = low.midpoint(high);
            match self.name(middle)?.cmp(id.bytes()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.offset(middle),
            }
        }
        None
    }

    /// The name of the object at that place of the index.
    #[must_use]
    pub fn id(&self, at: usize) -> Option<Id> {
        Id::new(self.name(at)?)
    }

    fn name(&self, at: usize) -> Option<&[u8]> {
        let from = 1032 + at.checked_mul(self.id_length)?;
        self.index.get(from..from + self.id_length)
    }

    fn offset(&self, at: usize) -> Option<u64> {
        // Behind the names stand checksums, then offsets, then offsets of 64 bits.
        let offsets = 1032 + self.count * (self.id_length + 4);
        let short = u32_at(&self.index, offsets + 4 * at)?;
        if short & 0x8000_0000 == 0 {
            return Some(u64::from(short));
        }
        let from = offsets + 4 * self.count + 8 * (short & 0x7fff_ffff) as usize;
        Some(u64::from_be_bytes(self.index.get(from..from + 8)?.try_into().ok()?))
    }

    /// The stored form of the object at an offset.
    ///
    /// # Errors
    /// [`GitError`]; an object whose stored size is beyond the limit is [`GitError::TooLarge`].
    pub fn stored(
        &self,
        offset: u64,
        limit: u64,
        inflater: &mut Inflater,
    ) -> Result<Stored, GitError> {
        let mut head = [0; 64];
        self.file.read_at(offset, &mut head).map_err(|source| io(&self.path, source))?;
        let wrong = |what| damaged(&self.path, what);
        let (kind, size, mut length) =
            entry_head(&head).ok_or_else(|| wrong("expected an object"))?;
        let rest = head.get(length..).unwrap_or_default();
        let base = match kind {
            6 => {
                let (back, taken) = back_offset(rest).ok_or_else(|| wrong("expected an offset"))?;
                length += taken;
                let base = offset.checked_sub(back).filter(|_| back > 0);
                Base::Offset(base.ok_or_else(|| wrong("a base before its object"))?)
            }
            7 => {
                length += self.id_length;
                let id = rest.get(..self.id_length).and_then(Id::new);
                Base::Named(id.ok_or_else(|| wrong("expected a base's name"))?)
            }
            _ => Base::None,
        };
        if size > limit {
            let id = Id::new(&vec![0; self.id_length]).ok_or_else(|| wrong("expected a name"))?;
            return Err(GitError::TooLarge { id, size });
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let bytes = inflater
            .exactly(size, offset + length as u64, |at, buffer| self.file.read_at(at, buffer))
            .map_err(|source| io(&self.path, source))?
            .ok_or_else(|| wrong("an object that does not inflate to its size"))?;
        let whole = match kind {
            1 => Kind::Commit,
            2 => Kind::Tree,
            3 => Kind::Blob,
            4 => Kind::Tag,
            _ => match base {
                Base::Offset(base) => return Ok(Stored::OffsetDelta(base, bytes)),
                Base::Named(id) => return Ok(Stored::NamedDelta(id, bytes)),
                Base::None => return Err(wrong("an object of no kind")),
            },
        };
        Ok(Stored::Whole(whole, bytes))
    }
}

enum Base {
    None,
    Offset(u64),
    Named(Id),
}

fn io(path: &Path, source: std::io::Error) -> GitError {
    GitError::Io { path: path.display().to_string(), source }
}

/// How many objects an index of version 2 names.
fn count(index: &[u8], id_length: usize) -> Option<usize> {
    index.strip_prefix(b"\xfftOc\0\0\0\x02")?;
    let count = u32_at(index, 8 + 4 * 255)? as usize;
    (index.len() >= 1032 + count.checked_mul(id_length + 8)?).then_some(count)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Kind, size of what is inflated, bytes of the head.
#[must_use]
pub fn entry_head(bytes: &[u8]) -> Option<(u8, u64, usize)> {
    let first = *bytes.first()?;
    let (kind, mut size, mut length) = ((first >> 4) & 7, u64::from(first & 15), 1);
    let (mut more, mut shift) = (first & 0x80 != 0, 4);
    while more {
        let byte = *bytes.get(length)?;
        size |= u64::from(byte & 0x7f).checked_shl(shift).filter(|_| shift < 57)?;
        (more, shift, length) = (byte & 0x80 != 0, shift + 7, length + 1);
    }
    Some((kind, size, length))
}

/// How far back a base is, in git's own coding with an addition for each byte, and its bytes.
#[must_use]
pub fn back_offset(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().take(9).enumerate() {
        value = (value << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
        value += 1;
    }
    None
}
