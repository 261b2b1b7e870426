//! zip by its central directory (APPNOTE 6.3), with the 64-bit fields of large ones.
//!
//! The directory at the end is the truth, as it is for every reader: bytes before the first member do not matter.
//! Stored and deflated members are read. Deliberately absent: other methods and encryption, which are told.

use super::{ArchiveError, Budget, Each, member};
use crate::content::{Bytes, Stream};
use flate2::read::DeflateDecoder;
use std::io::Read;

/// The end record and the longest comment behind it.
const TAIL: u64 = 22 + 65_535;
/// Bytes of a directory: a hundred thousand members with names of two hundred.
const DIRECTORY: u64 = 32 * 1024 * 1024;
const END: &[u8] = b"PK\x05\x06";
const END64: &[u8] = b"PK\x06\x06";
const LOCATOR64: &[u8] = b"PK\x06\x07";
const CENTRAL: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";

/// Hands every member over that is no folder.
pub(crate) fn members(
    bytes: &dyn Bytes,
    budget: &mut Budget,
    each: &mut Each<'_>,
) -> Result<(), ArchiveError> {
    let directory = directory(bytes)?;
    let mut rest = directory.as_slice();
    while rest.starts_with(CENTRAL) {
        let entry = Entry::read(rest).ok_or(ArchiveError::Damaged("its directory"))?;
        rest = rest.get(entry.length..).unwrap_or_default();
        if !entry.name.ends_with('/') {
            one(bytes, &entry, budget, each)?;
        }
    }
    Ok(())
}

struct Entry {
    name: String,
    flags: u16,
    method: u16,
    packed: u64,
    offset: u64,
    length: usize,
}

impl Entry {
    fn read(from: &[u8]) -> Option<Self> {
        let short = |at: usize| u16_at(from, at).map(usize::from);
        let (name, extra, comment) = (short(28)?, short(30)?, short(32)?);
        let extra_at = 46 + name;
        let fields = from.get(extra_at..extra_at + extra)?;
        let mut entry = Self {
            name: String::from_utf8_lossy(from.get(46..extra_at)?).into_owned(),
            flags: u16_at(from, 8)?,
            method: u16_at(from, 10)?,
            packed: u32_at(from, 20)?,
            offset: u32_at(from, 42)?,
            length: extra_at + extra + comment,
        };
        // Field 1 holds, in this order, what did not fit: size, packed size, offset.
        let mut large = extra_field(fields, 1).unwrap_or_default();
        let mut next = |value: &mut u64| {
            if *value == u64::from(u32::MAX)
                && let Some(wide) = u64_at(large, 0)
            {
                *value = wide;
                large = large.get(8..).unwrap_or_default();
            }
        };
        let mut size = u32_at(from, 24)?;
        next(&mut size);
        next(&mut entry.packed);
        next(&mut entry.offset);
        Some(entry)
    }
}

fn one(
    bytes: &dyn Bytes,
    entry: &Entry,
    budget: &mut Budget,
    each: &mut Each<'_>,
) -> Result<(), ArchiveError> {
    // Bit 0 is encryption (4.4.4).
    if entry.flags & 1 != 0 {
        each(&entry.name, Err(ArchiveError::Encrypted), budget);
        return Ok(());
    }
    let mut local = [0; 30];
    let read = bytes.read_at(entry.offset, &mut local)?;
    let lengths = u16_at(&local, 26).zip(u16_at(&local, 28));
    let (Some((name, extra)), true, true) = (lengths, read == 30, local.starts_with(LOCAL)) else {
        each(&entry.name, Err(ArchiveError::Damaged("no member at its offset")), budget);
        return Ok(());
    };
    let start = entry.offset.saturating_add(30 + u64::from(name) + u64::from(extra));
    let mut packed = Stream::new(bytes, start).take(entry.packed);
    match entry.method {
        0 => member(&entry.name, &mut packed, budget, each),
        8 => member(&entry.name, &mut DeflateDecoder::new(packed), budget, each),
        other => {
            each(&entry.name, Err(ArchiveError::Method(other)), budget);
            Ok(())
        }
    }
}

/// The bytes of the central directory.
fn directory(bytes: &dyn Bytes) -> Result<Vec<u8>, ArchiveError> {
    let from = bytes.size().saturating_sub(TAIL);
    let mut tail = Vec::new();
    Stream::new(bytes, from).take(TAIL).read_to_end(&mut tail)?;
    let damaged = || ArchiveError::Damaged("no directory at its end");
    let end = memchr::memmem::rfind(&tail, END).ok_or_else(damaged)?;
    let record = tail.get(end..).unwrap_or_default();
    let (mut size, mut offset) = u32_at(record, 12).zip(u32_at(record, 16)).ok_or_else(damaged)?;
    let locator = end.checked_sub(20).and_then(|at| tail.get(at..end));
    let wide = u64::from(u32::MAX);
    if let Some(locator) =
        locator.filter(|at| at.starts_with(LOCATOR64) && (size == wide || offset == wide))
    {
        let mut record = [0; 56];
        bytes.read_at(u64_at(locator, 8).ok_or_else(damaged)?, &mut record)?;
        let fields = u64_at(&record, 40).zip(u64_at(&record, 48));
        (size, offset) = fields.filter(|_| record.starts_with(END64)).ok_or_else(damaged)?;
    }
    if size > DIRECTORY {
        return Err(ArchiveError::Members);
    }
    let mut directory = Vec::new();
    Stream::new(bytes, offset).take(size).read_to_end(&mut directory)?;
    Ok(directory)
}

fn extra_field(mut fields: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let (id, length) = (u16_at(fields, 0)?, usize::from(u16_at(fields, 2)?));
        let body = fields.get(4..4 + length)?;
        if id == wanted {
            return Some(body);
        }
        fields = fields.get(4 + length..)?;
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
