//! The index: which object each path has in the next commit (gitformat-index(5), versions 2 to 4).

use super::Id;
use super::object::Mode;

/// Bytes of an index: two million entries.
pub const LIMIT: u64 = 256 * 1024 * 1024;

/// Why an index is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// It contradicts its format.
    #[error("it is no index of version 2, 3 or 4")]
    Damaged,
    /// Its entries stand in another file.
    #[error("it is a split index")]
    Split,
}

/// One path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path.
    pub path: Vec<u8>,
    /// Its object.
    pub id: Id,
    /// What it is; a folder in a sparse index.
    pub mode: Mode,
}

/// The entries of an index.
///
/// # Errors
/// [`IndexError`].
pub fn parse(bytes: &[u8], id_length: usize) -> Result<Vec<Entry>, IndexError> {
    let rest = bytes.strip_prefix(b"DIRC").ok_or(IndexError::Damaged)?;
    let (version, count) = u32_at(rest, 0).zip(u32_at(rest, 4)).ok_or(IndexError::Damaged)?;
    if !(2..=4).contains(&version) {
        return Err(IndexError::Damaged);
    }
    let (mut entries, mut at) = (Vec::new(), 12);
    let mut before = Vec::new();
    for _ in 0..count {
        let (entry, next) =
            one(bytes, at, (version, id_length), &before).ok_or(IndexError::Damaged)?;
        before.clone_from(&entry.path);
        entries.push(entry);
        at = next;
    }
    // Extensions: four letters and a length.
    while let Some(name) = bytes.get(at..at + 4).filter(|_| at + 8 + id_length <= bytes.len()) {
        if name == b"link" {
            return Err(IndexError::Split);
        }
        at += 8 + u32_at(bytes, at + 4).ok_or(IndexError::Damaged)? as usize;
    }
    Ok(entries)
}

fn one(
    bytes: &[u8],
    at: usize,
    (version, id_length): (u32, usize),
    before: &[u8],
) -> Option<(Entry, usize)> {
    let mode = match u32_at(bytes, at + 24)? & 0o17_0000 {
        0o4_0000 => Mode::Tree,
        0o16_0000 => Mode::Submodule,
        _ => Mode::Blob,
    };
    let id = Id::new(bytes.get(at + 40..at + 40 + id_length)?)?;
    let flags_at = at + 40 + id_length;
    let flags = u16::from_be_bytes(bytes.get(flags_at..flags_at + 2)?.try_into().ok()?);
    let name_at = flags_at + if flags & 0x4000 == 0 { 2 } else { 4 };
    if version == 4 {
        let (cut, length) = super::pack::back_offset(bytes.get(name_at..)?)?;
        let own_at = name_at + length;
        let end = own_at + memchr::memchr(0, bytes.get(own_at..)?)?;
        let kept = before.len().checked_sub(usize::try_from(cut).ok()?)?;
        let path = [before.get(..kept)?, bytes.get(own_at..end)?].concat();
        return Some((Entry { path, id, mode }, end + 1));
    }
    let end = name_at + memchr::memchr(0, bytes.get(name_at..)?)?;
    let path = bytes.get(name_at..end)?.to_vec();
    // One to eight NULs fill up to a multiple of eight.
    Some((Entry { path, id, mode }, at + (end - at + 8) / 8 * 8))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(version in 0_u8..6, count in 0_u8..9, rest in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut index = b"DIRC\0\0\0".to_vec();
            index.extend([version, 0, 0, 0, count]);
            index.extend(rest);
            if let Ok(entries) = parse(&index, 20) {
                prop_assert_eq!(entries.len(), usize::from(count));
            }
        }
    }
}
