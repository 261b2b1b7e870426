//! One file, or one member of an archive: judged by its first block, then read as what it is.
//!
//! A long text is read in windows that overlap, so that memory is bounded and no secret falls between two; each position
//! counts in exactly one window and has a good stretch of text on both sides of it. Deliberately absent: walking.

use crate::archive::{self, Budget};
use crate::finding::{Commit, Source};
use crate::plist;
use crate::scanner::{Once, Part, Place, Scanner};
use crate::text::{self, Nature, Order};
use std::io::{Read, Result};

/// Bytes of a window: large enough that its overlap costs little, small enough for one a thread. Tests go over many edges.
pub const WINDOW: usize = if cfg!(test) { 128 * 1024 } else { 4 * 1024 * 1024 };
/// Bytes on both sides of a position that its window shows at least: four times the largest private key in PEM
/// (RSA 16384 is 12 KiB).
pub const OVERLAP: usize = if cfg!(test) { 4 * 1024 } else { 64 * 1024 };
/// Text in UTF-16, a property list and a member of an archive are held as a whole; longer ones are cut and told.
pub const WHOLE: u64 = 64 * 1024 * 1024;

/// Bytes that can be read at any offset.
pub trait Bytes {
    /// How many there are.
    fn size(&self) -> u64;
    /// Fills the buffer from that offset on, as far as there are bytes.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize>;
    /// All of them, where they are in memory already.
    fn all(&self) -> Option<&[u8]> {
        None
    }
}

impl Bytes for sanctum_host::folder::OpenFile {
    fn size(&self) -> u64 {
        self.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.read_at(offset, buffer)
    }
}

impl Bytes for &[u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.get(from..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
        Ok(count)
    }

    fn all(&self) -> Option<&[u8]> {
        Some(self)
    }
}

/// Bytes as a stream.
pub struct Stream<'b> {
    bytes: &'b dyn Bytes,
    offset: u64,
}

impl<'b> Stream<'b> {
    /// From that offset on.
    pub fn new(bytes: &'b dyn Bytes, offset: u64) -> Self {
        Self { bytes, offset }
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.bytes.read_at(self.offset, buffer)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// Whose content is looked at.
#[derive(Clone, Copy)]
pub struct Name<'n> {
    /// From what kind of thing.
    pub source: Source,
    /// Its path, made when it is needed.
    pub path: &'n dyn Fn() -> String,
    /// The first commit that shows it.
    pub commit: Option<&'n Commit>,
}

impl<'n> Name<'n> {
    /// A name outside any history.
    #[must_use]
    pub const fn new(source: Source, path: &'n dyn Fn() -> String) -> Self {
        Self { source, path, commit: None }
    }

    pub(crate) const fn place(self) -> Place<'n> {
        let once = if self.commit.is_some() { Once::ByPath } else { Once::Each };
        Place { source: self.source, path: self.path, commit: self.commit, once, lines: None }
    }
}

/// Scans a file of the file system. The buffer is the thread's own.
pub fn file(scanner: &Scanner<'_>, name: Name<'_>, bytes: &dyn Bytes, buffer: &mut Vec<u8>) {
    let mut budget = Budget::default();
    content(scanner, name, bytes, buffer, &mut budget);
}

/// Scans bytes of any nature.
pub(crate) fn content(
    scanner: &Scanner<'_>,
    name: Name<'_>,
    bytes: &dyn Bytes,
    buffer: &mut Vec<u8>,
    budget: &mut Budget,
) {
    if let Err(error) = read(scanner, name, bytes, buffer, budget) {
        scanner.not_scanned((name.path)(), error);
    }
}

fn read(
    scanner: &Scanner<'_>,
    name: Name<'_>,
    bytes: &dyn Bytes,
    buffer: &mut Vec<u8>,
    budget: &mut Budget,
) -> Result<()> {
    if let Some(all) = bytes.all() {
        let head = text::nature(all.get(..text::HEAD).unwrap_or(all));
        return by_nature(scanner, name, (bytes, all), (head, true), budget);
    }
    let (count, complete) = first_window(bytes, buffer)?;
    let first = buffer.get(..count).unwrap_or_default();
    let nature = text::nature(first.get(..text::HEAD).unwrap_or(first));
    if nature == Nature::Text && !complete {
        return windows(scanner, name, bytes, buffer);
    }
    by_nature(scanner, name, (bytes, first), (nature, complete), budget)
}

/// Reads the first window; how many bytes there are, and whether they are all.
fn first_window(bytes: &dyn Bytes, buffer: &mut Vec<u8>) -> Result<(usize, bool)> {
    if buffer.len() != WINDOW {
        // The system's own zeros: what no file fills is never touched, and most files are small.
        *buffer = vec![0; WINDOW];
    }
    // One byte more than the file had, to see its end in the same call.
    let most = usize::try_from(bytes.size().saturating_add(1)).unwrap_or(WINDOW).min(WINDOW);
    let mut count = 0;
    // The kernel says 0 of files that it makes up as they are read, and others grow.
    for room in [most, WINDOW] {
        count += bytes.read_at(count as u64, buffer.get_mut(count..room).unwrap_or_default())?;
        if count < room {
            return Ok((count, true));
        }
    }
    Ok((count, false))
}

fn by_nature(
    scanner: &Scanner<'_>,
    name: Name<'_>,
    (bytes, first): (&dyn Bytes, &[u8]),
    (nature, complete): (Nature, bool),
    budget: &mut Budget,
) -> Result<()> {
    match nature {
        Nature::Text => {
            text_piece(scanner, name, first);
        }
        Nature::Binary => scanner.count_binary(),
        Nature::Utf16(order) if complete => utf16(scanner, name, first, order),
        Nature::Utf16(order) => utf16(scanner, name, &whole(scanner, name, bytes)?, order),
        Nature::Plist if complete => plist::binary(scanner, name, first),
        Nature::Plist => plist::binary(scanner, name, &whole(scanner, name, bytes)?),
        Nature::Packed(kind) => scanner.not_scanned((name.path)(), format!("packed with {kind}")),
        Nature::Zip | Nature::Tar | Nature::Gzip => {
            archive::open(scanner, name, bytes, nature, budget);
        }
    }
    Ok(())
}

fn utf16(scanner: &Scanner<'_>, name: Name<'_>, bytes: &[u8], order: Order) {
    let decoded = text::decode_utf16(bytes, order);
    text_piece(scanner, name, &decoded);
}

fn text_piece(scanner: &Scanner<'_>, name: Name<'_>, text: &[u8]) {
    if plist::is_xml(text) {
        plist::xml(scanner, name, text);
    } else {
        scanner.piece(&name.place(), text);
    }
}

/// All bytes up to the bound.
fn whole(scanner: &Scanner<'_>, name: Name<'_>, bytes: &dyn Bytes) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    Stream::new(bytes, 0).take(WHOLE).read_to_end(&mut all)?;
    if bytes.size() > WHOLE {
        scanner.not_scanned((name.path)(), format!("bytes behind the first {WHOLE}"));
    }
    Ok(all)
}

/// A text that is longer than a window; its first window is in the buffer.
fn windows(
    scanner: &Scanner<'_>,
    name: Name<'_>,
    bytes: &dyn Bytes,
    buffer: &mut [u8],
) -> Result<()> {
    let limit = scanner.settings.max_file_size;
    let place = name.place();
    scanner.count_piece();
    let (mut offset, mut filled) = (0_u64, WINDOW);
    let mut part = Part { lines: 0, columns: 0, from: 0, to: WINDOW - OVERLAP };
    loop {
        let last = filled < WINDOW;
        if last {
            part.to = usize::MAX;
        }
        let window = buffer.get(..filled).unwrap_or_default();
        scanner.part(&place, window, part);
        if last {
            return Ok(());
        }
        if offset + WINDOW as u64 >= limit {
            scanner.not_scanned(
                (name.path)(),
                format!("bytes behind the first {} (--max-file-size)", offset + part.to as u64),
            );
            return Ok(());
        }
        // The next window begins so far before where this one stopped to count.
        let step = WINDOW - 2 * OVERLAP;
        advance(&mut part, window.get(..step).unwrap_or_default());
        part.from = OVERLAP;
        buffer.copy_within(step.., 0);
        offset += step as u64;
        let kept = WINDOW - step;
        let room = buffer.get_mut(kept..).unwrap_or_default();
        filled = kept + bytes.read_at(offset + kept as u64, room)?;
    }
}

/// Moves the place of a window's first byte behind the bytes that it leaves.
fn advance(part: &mut Part, left: &[u8]) {
    part.lines += memchr::memchr_iter(b'\n', left).count();
    let tail = match memchr::memrchr(b'\n', left) {
        Some(end) => {
            part.columns = 0;
            left.get(end + 1..).unwrap_or_default()
        }
        None => left,
    };
    // Continuation bytes of UTF-8 begin with the bits 10.
    part.columns += tail.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
}

#[cfg(test)]
mod tests;
