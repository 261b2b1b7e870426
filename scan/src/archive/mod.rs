//! Archives and compressed files: opened as far as a budget goes, each member scanned like a file.
//!
//! Invariant: depth, members and unpacked bytes are bounded for one file of the file system, whatever it nests, and what
//! the bounds leave out is told as not scanned. Nothing is written anywhere. Deliberately absent: xz, zstd, bzip2, 7z
//! and rar, which are told as not scanned, and anything encrypted.

pub mod tar;
pub mod zip;

use crate::content::{self, Bytes, Name, Stream, WHOLE};
use crate::scanner::Scanner;
use crate::text::Nature;
use flate2::read::MultiGzDecoder;
use std::io::{self, Read};

/// How deep archives are opened: a tar in gzip in a jar in a zip is four.
const DEPTH: usize = 5;
/// Members of one file of the file system: the largest jars and wheels have some ten thousand.
const MEMBERS: usize = 100_000;
/// Unpacked bytes of one file of the file system. A zip bomb of 42 KB unpacks to 4.5 PB.
const UNPACKED: u64 = 1024 * 1024 * 1024;

/// What may still be opened of one file of the file system.
#[derive(Debug)]
pub struct Budget {
    depth: usize,
    members: usize,
    bytes: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { depth: DEPTH, members: MEMBERS, bytes: UNPACKED }
    }
}

/// Why a member was not scanned, or not as a whole.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A bound was reached.
    #[error("archives nest deeper than {DEPTH}")]
    Depth,
    /// A bound was reached.
    #[error("the archive holds more than {MEMBERS} members")]
    Members,
    /// A bound was reached.
    #[error("the archive unpacks to more than {UNPACKED} bytes")]
    Unpacked,
    /// A bound was reached.
    #[error("bytes behind the first {WHOLE}")]
    Member,
    /// It cannot be read without a password.
    #[error("encrypted")]
    Encrypted,
    /// A way to compress that is not undone here.
    #[error("compressed by method {0}")]
    Method(u16),
    /// It contradicts itself.
    #[error("damaged: {0}")]
    Damaged(&'static str),
    /// Reading or unpacking failed.
    #[error("cannot be unpacked: {0}")]
    Io(#[from] io::Error),
}

/// What is done with a member: its name and its bytes, unpacked as far as the budget goes.
pub(crate) type Each<'e> = dyn FnMut(&str, Result<&[u8], ArchiveError>, &mut Budget) + 'e;

/// Scans what is in an archive.
pub(crate) fn open(
    scanner: &Scanner<'_>,
    name: Name<'_>,
    bytes: &dyn Bytes,
    nature: Nature,
    budget: &mut Budget,
) {
    let Some(depth) = budget.depth.checked_sub(1) else {
        return scanner.not_scanned((name.path)(), ArchiveError::Depth);
    };
    budget.depth = depth;
    let mut each = |member: &str, unpacked: Result<&[u8], ArchiveError>, budget: &mut Budget| {
        let path = || match member {
            "" => (name.path)(),
            member => format!("{}!{member}", (name.path)()),
        };
        match unpacked {
            Ok(unpacked) => {
                let inner = Name { path: &path, ..name };
                content::content(scanner, inner, &unpacked, &mut Vec::new(), budget);
            }
            Err(error) => scanner.not_scanned(path(), error),
        }
    };
    let done = match nature {
        Nature::Zip => zip::members(bytes, budget, &mut each),
        Nature::Tar => tar::members(&mut Stream::new(bytes, 0), budget, &mut each),
        _ => gzip(bytes, budget, &mut each),
    };
    budget.depth += 1;
    if let Err(error) = done {
        scanner.not_scanned((name.path)(), error);
    }
}

/// One compressed file: a tar is read as it comes, anything else is held.
fn gzip(bytes: &dyn Bytes, budget: &mut Budget, each: &mut Each<'_>) -> Result<(), ArchiveError> {
    let mut unpacked = MultiGzDecoder::new(Stream::new(bytes, 0));
    let mut head = Vec::with_capacity(512);
    (&mut unpacked).take(512).read_to_end(&mut head)?;
    if crate::text::is_tar(&head) {
        // What is passed over between members has to be unpacked too, and counts.
        let mut stream = head.chain(unpacked).take(budget.bytes);
        let done = tar::members(&mut stream, budget, each);
        budget.bytes = budget.bytes.min(stream.limit());
        return if stream.limit() == 0 { Err(ArchiveError::Unpacked) } else { done };
    }
    member("", &mut head.chain(unpacked), budget, each)
}

/// Unpacks one member and hands it over.
pub(crate) fn member(
    name: &str,
    from: &mut dyn Read,
    budget: &mut Budget,
    each: &mut Each<'_>,
) -> Result<(), ArchiveError> {
    budget.members = budget.members.checked_sub(1).ok_or(ArchiveError::Members)?;
    let most = WHOLE.min(budget.bytes);
    let mut held = Vec::new();
    let read = from.take(most.saturating_add(1)).read_to_end(&mut held);
    let cut = held.len() as u64 > most;
    held.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    budget.bytes -= held.len() as u64;
    // What was unpacked before it broke is scanned all the same.
    each(name, Ok(&held), budget);
    if let Err(error) = read {
        each(name, Err(error.into()), budget);
    }
    if cut && budget.bytes == 0 {
        return Err(ArchiveError::Unpacked);
    }
    if cut {
        each(name, Err(ArchiveError::Member), budget);
    }
    Ok(())
}

/// Every member of an archive of that nature, for tests and fuzzing: names and lengths, and how it ended.
///
/// # Errors
/// [`ArchiveError`].
pub fn list(bytes: &[u8], nature: Nature) -> Result<Vec<(String, usize)>, ArchiveError> {
    let (mut all, mut budget) = (Vec::new(), Budget { bytes: WHOLE, ..Budget::default() });
    let mut each = |name: &str, unpacked: Result<&[u8], ArchiveError>, _: &mut Budget| {
        all.push((name.to_owned(), unpacked.map_or(0, <[u8]>::len)));
    };
    match nature {
        Nature::Zip => zip::members(&bytes, &mut budget, &mut each)?,
        Nature::Tar => tar::members(&mut Stream::new(&bytes, 0), &mut budget, &mut each)?,
        _ => gzip(&bytes, &mut budget, &mut each)?,
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
