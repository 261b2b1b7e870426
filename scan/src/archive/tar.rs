//! tar as a stream of members: ustar, with the long names of GNU and of pax.
//!
//! Only regular members are read; links, devices and folders hold no bytes. Deliberately absent: sparse members, whose
//! stored bytes are scanned as they are.

use super::{ArchiveError, Budget, Each, member};
use crate::text::{is_tar, octal};
use std::io::Read;

const BLOCK: usize = 512;
/// Bytes of a name in an extended header: PATH_MAX of Linux is 4096, and pax headers hold more than the name.
const NAME: u64 = 64 * 1024;

/// Hands every regular member over.
pub(crate) fn members(
    from: &mut dyn Read,
    budget: &mut Budget,
    each: &mut Each<'_>,
) -> Result<(), ArchiveError> {
    let mut long = None;
    loop {
        let mut header = Vec::with_capacity(BLOCK);
        from.take(BLOCK as u64).read_to_end(&mut header)?;
        if header.iter().all(|byte| *byte == 0) {
            // Blocks of zeros, or the end of a file that was cut at a member's.
            return Ok(());
        }
        if !is_tar(&header) {
            return Err(ArchiveError::Damaged("a header without its checksum"));
        }
        let size = header.get(124..136).and_then(number);
        let size = size.ok_or(ArchiveError::Damaged("a member without a size"))?;
        let mut body = from.take(size);
        match header.get(156) {
            Some(b'L' | b'x') => {
                let mut held = Vec::new();
                (&mut body).take(NAME).read_to_end(&mut held)?;
                let gnu = header.get(156) == Some(&b'L');
                long = if gnu { Some(until_nul(&held)) } else { pax_path(&held) };
            }
            Some(b'0' | b'7' | b'\0' | b'S') => {
                let name = long.take().unwrap_or_else(|| short_name(&header));
                member(&name, &mut body, budget, each)?;
            }
            _ => long = None,
        }
        let left = body.limit();
        let padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
        let skipped = std::io::copy(&mut from.take(left + padding), &mut std::io::sink())?;
        if skipped < left {
            return Err(ArchiveError::Damaged("it ends inside a member"));
        }
    }
}

/// Octal, or big-endian behind a set first bit (GNU).
fn number(field: &[u8]) -> Option<u64> {
    match field.split_first() {
        Some((first, rest)) if first & 0x80 != 0 => {
            let (high, low) = rest.split_at_checked(3)?;
            let fits = first & 0x7f == 0 && high.iter().all(|byte| *byte == 0);
            let value = u64::from_be_bytes(low.try_into().ok()?);
            // More than a disk holds would make the padding overflow.
            (fits && value < 1 << 60).then_some(value)
        }
        _ => octal(field),
    }
}

fn until_nul(bytes: &[u8]) -> String {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

fn short_name(header: &[u8]) -> String {
    let name = until_nul(header.get(..100).unwrap_or_default());
    let ustar = header.get(257..262) == Some(b"ustar") && header.get(262) == Some(&0);
    let prefix = until_nul(header.get(345..500).unwrap_or_default());
    if ustar && !prefix.is_empty() { format!("{prefix}/{name}") } else { name }
}

/// The record `path` of an extended header: `LENGTH path=VALUE\n`, the length being that of the whole record.
fn pax_path(mut records: &[u8]) -> Option<String> {
    loop {
        let blank = memchr::memchr(b' ', records)?;
        let length: usize = std::str::from_utf8(records.get(..blank)?).ok()?.parse().ok()?;
        let record = records.get(blank + 1..length)?;
        if let Some(value) = record.strip_prefix(b"path=") {
            return Some(String::from_utf8_lossy(value.strip_suffix(b"\n")?).into_owned());
        }
        records = records.get(length..)?;
    }
}
