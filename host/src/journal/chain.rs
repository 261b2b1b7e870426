//! Where a stream stands, and whether a line is the next one of it: one judgement for the writer and for verifying.
//!
//! The tag of a line covers the tag before, so that a position is a sequence number with its tag; the seal of an
//! epoch replaces the key and may end a file. Deliberately absent: repairing anything.

use super::key::Key;
use super::line::hex;
use super::scan::{self, Line};
use super::verify::FaultKind;
use super::{FILE, JournalError, MAX_LINE, SEAL, StreamName};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;

/// The version of lines, seals and file names; the first line of each file names it.
pub(crate) const FORMAT: &str = "1";
/// Read at once: some thousands of lines.
const BLOCK: usize = 1 << 20;

/// A point between two lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Number of the file that the next line goes to, from 1.
    pub(crate) file: u32,
    /// Where in it.
    pub(crate) offset: u64,
    /// The last line's sequence number; 0 before the first.
    pub(crate) seq: u64,
    /// The last line's tag; before the first, the digest of the stream's origin.
    pub(crate) tag: [u8; 32],
    /// How often the key was replaced.
    pub(crate) epoch: u64,
}

/// A position with the key of its epoch.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) stream: StreamName,
    /// Tells two streams of one name apart.
    pub(crate) id: String,
    pub(crate) at: Position,
    pub(crate) key: Key,
    /// The position after the last seal, or the one that was started from.
    pub(crate) sealed: Position,
    /// The start and the key of the epoch before, which a state may still be at after a crash.
    pub(crate) before: (Position, Key),
}

impl Chain {
    /// A chain at the start of an epoch.
    pub(crate) fn new(stream: StreamName, id: String, at: Position, key: Key) -> Self {
        Self { stream, id, at, before: (at, key.clone()), key, sealed: at }
    }

    /// Goes past the line, or says why it is not the next one. A line that is not accepted changes nothing.
    pub(crate) fn accept(&mut self, line: &Line<'_>) -> Result<(), FaultKind> {
        if line.seq != self.at.seq + 1 {
            return Err(FaultKind::OutOfOrder { found: line.seq });
        }
        if !self.key.accepts(&self.at.tag, line.covered, &line.tag) {
            return Err(FaultKind::WrongTag);
        }
        if line.stream != self.stream.as_str() || (self.at.offset == 0) != (line.action == FILE) {
            return Err(FaultKind::OutOfPlace);
        }
        if line.action == FILE && line.details() != self.header() {
            return Err(FaultKind::OutOfPlace);
        }
        let mut after = self.at;
        after.seq = line.seq;
        after.tag = line.tag;
        after.offset += line.len as u64;
        if line.action == SEAL {
            let details = line.details();
            if details.get("epoch") != Some(&self.at.epoch.to_string()) {
                return Err(FaultKind::OutOfPlace);
            }
            if details.contains_key("next") {
                after.file += 1;
                after.offset = 0;
            }
            after.epoch += 1;
            let next = self.key.next();
            self.before = (self.sealed, std::mem::replace(&mut self.key, next));
            self.sealed = after;
        }
        self.at = after;
        Ok(())
    }

    /// What the first line of the file at this position says.
    pub(crate) fn header(&self) -> std::collections::BTreeMap<String, String> {
        [
            ("file", self.at.file.to_string()),
            ("format", FORMAT.to_owned()),
            ("id", self.id.clone()),
            ("previous", hex(&self.at.tag)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

/// The name of a file of a stream: six digits sort; more come when six are not enough.
pub(crate) fn file_name(number: u32) -> String {
    format!("{number:06}.jsonl")
}

/// The number in such a name.
pub(crate) fn file_number(name: &str) -> Option<u32> {
    let number = name.strip_suffix(".jsonl")?.parse().ok()?;
    (file_name(number) == name && number > 0).then_some(number)
}

/// Why a walk ended before the end of the stream. The chain stands before what stopped it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) kind: FaultKind,
    /// Counted from 1 in its file when the walk began at its start.
    pub(crate) line: u64,
}

/// Files of a stream by number, and how far each may be read.
pub(crate) trait Files {
    /// The file and its length that counts; none when it is not there.
    fn open(&self, number: u32) -> Result<Option<(File, u64)>, JournalError>;
    /// How a file is shown.
    fn shown(&self, number: u32) -> String;
}

/// Goes on from where the chain stands to the end of the stream.
pub(crate) fn walk(
    files: &dyn Files,
    chain: &mut Chain,
    visit: &mut dyn FnMut(&Line<'_>, &Position, u64),
) -> Result<Option<Stop>, JournalError> {
    let mut line = 1;
    loop {
        let number = chain.at.file;
        let Some((file, len)) = files.open(number)? else {
            let lost = chain.at.offset > 0;
            return Ok(lost.then_some(Stop { kind: FaultKind::MissingFile, line }));
        };
        if len < chain.at.offset {
            return Ok(Some(Stop { kind: FaultKind::Shortened, line }));
        }
        let shown = || files.shown(number);
        if let Some(kind) = walk_file((&file, len), &shown, chain, &mut line, visit)? {
            return Ok(Some(Stop { kind, line }));
        }
        if chain.at.file == number {
            return Ok(None);
        }
        line = 1;
    }
}

fn walk_file(
    (file, len): (&File, u64),
    shown: &dyn Fn() -> String,
    chain: &mut Chain,
    number: &mut u64,
    visit: &mut dyn FnMut(&Line<'_>, &Position, u64),
) -> Result<Option<FaultKind>, JournalError> {
    let this = chain.at.file;
    let mut offset = chain.at.offset;
    let mut held: Vec<u8> = Vec::new();
    loop {
        let mut rest = held.as_slice();
        while let Some(line) = scan::line(rest) {
            if chain.at.file != this {
                return Ok(Some(FaultKind::OutOfPlace));
            }
            if let Err(kind) = chain.accept(&line) {
                return Ok(Some(kind));
            }
            visit(&line, &chain.at, *number);
            *number += 1;
            rest = rest.get(line.len..).unwrap_or_default();
        }
        if rest.len() >= MAX_LINE || rest.contains(&b'\n') {
            return Ok(Some(FaultKind::NotALine));
        }
        let consumed = held.len() - rest.len();
        held.drain(..consumed);
        let want = usize::try_from(len - offset).unwrap_or(BLOCK).min(BLOCK);
        if want == 0 {
            return Ok((!held.is_empty()).then_some(FaultKind::Torn));
        }
        let start = held.len();
        held.resize(start + want, 0);
        let fresh = held.get_mut(start..).unwrap_or_default();
        file.read_exact_at(fresh, offset).map_err(|source| JournalError::Io {
            verb: "read",
            path: shown(),
            source,
        })?;
        offset += want as u64;
    }
}

/// All bytes of a file from an offset.
pub(crate) fn tail(file: &File, from: u64, to: u64) -> std::io::Result<Vec<u8>> {
    use std::io::Seek as _;
    let mut file = file;
    file.seek(std::io::SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(to.saturating_sub(from)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
