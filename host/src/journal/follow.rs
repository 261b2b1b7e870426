//! What is new in a stream since the last look: lines from a remembered mark on, not the whole stream.
//!
//! A mark names the last line that was read, with its tag; when the stream no longer has that line there, it was changed
//! or cut, and that is told. Tags are not verified here, because whoever only follows has no key; that is
//! `sanctum audit verify`'s work. Deliberately absent: what a line means.

use super::chain::{file_name, file_number};
use super::head::Head;
use super::merge::Entry;
use super::place::path;
use super::scan;
use super::{JournalError, MAX_LINE, Places, StreamName};
use sanctum_types::Digest;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::os::unix::fs::FileExt as _;

/// Read at once: some thousands of lines.
const BLOCK: usize = 1 << 20;

/// The last line that was read of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Tells the stream from another of its name.
    pub id: String,
    /// The file that the line is in.
    pub file: u32,
    /// Where in it the line ends.
    pub offset: u64,
    /// Where in it the line begins.
    pub begin: u64,
    /// Its sequence number.
    pub seq: u64,
    /// Its tag.
    pub tag: Digest,
}

impl Mark {
    /// As the head of the stream, for who speaks for it.
    #[must_use]
    pub fn head(&self, stream: &StreamName) -> Head {
        let (stream, id) = (stream.to_string(), self.id.clone());
        Head { stream, id, seq: self.seq, tag: self.tag }
    }
}

/// What a look gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Where the next look goes on; none while the stream has no line.
    pub mark: Option<Mark>,
    /// The line of the mark is not where it was: the stream was changed, cut or replaced.
    pub broken: bool,
}

/// Hands over every whole line behind the mark, in order; from the first line on where there is no mark, or where its line
/// is not there any more.
///
/// # Errors
/// A file cannot be read.
pub fn news(
    places: &Places,
    name: &StreamName,
    mark: Option<&Mark>,
    visit: &mut dyn FnMut(Entry),
) -> Result<News, JournalError> {
    let numbers = numbers(places, name)?;
    let Some(first) = numbers.first().copied() else {
        return Ok(News { mark: None, broken: mark.is_some() });
    };
    let id = id_of(places, name, first)?;
    let whole = match mark {
        Some(mark) => id.as_ref() == Some(&mark.id) && is_there(places, name, mark)?,
        None => true,
    };
    let known = mark.filter(|_| whole);
    let mut reader = Reader { id: id.unwrap_or_default(), mark: known.cloned(), visit };
    let begin = known.map_or(first, |mark| mark.file);
    for number in numbers.into_iter().filter(|number| *number >= begin) {
        let from = known.filter(|mark| mark.file == number).map_or(0, |mark| mark.offset);
        reader.file(places, name, (number, from))?;
    }
    Ok(News { mark: reader.mark, broken: !whole })
}

fn numbers(places: &Places, name: &StreamName) -> Result<Vec<u32>, JournalError> {
    let names = places.streams.list(&path(&[name.as_str()])?)?.unwrap_or_default();
    let mut numbers: Vec<u32> = names.iter().filter_map(|name| file_number(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

fn open(places: &Places, name: &StreamName, number: u32) -> Result<Option<File>, JournalError> {
    Ok(places.streams.open_read(&path(&[name.as_str(), &file_name(number)])?)?)
}

/// What tells the stream from another of its name, as the first line of a file has it.
fn id_of(places: &Places, name: &StreamName, number: u32) -> Result<Option<String>, JournalError> {
    let Some(file) = open(places, name, number)? else { return Ok(None) };
    let bytes = block(&file, 0, MAX_LINE, name)?;
    Ok(scan::line(&bytes).and_then(|line| line.details().remove("id")))
}

/// Whether the line of the mark is where it was.
fn is_there(places: &Places, name: &StreamName, mark: &Mark) -> Result<bool, JournalError> {
    let Some(file) = open(places, name, mark.file)? else { return Ok(false) };
    let Ok(len) = usize::try_from(mark.offset.saturating_sub(mark.begin)) else {
        return Ok(false);
    };
    let bytes = block(&file, mark.begin, len.min(MAX_LINE), name)?;
    Ok(scan::line(&bytes).is_some_and(|line| {
        line.seq == mark.seq && mark.tag.as_bytes() == &line.tag && line.bytes() == len
    }))
}

/// Bytes of a file from an offset, as many as there are.
fn block(file: &File, from: u64, most: usize, name: &StreamName) -> Result<Vec<u8>, JournalError> {
    let mut bytes = vec![0; most];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let at = from.saturating_add(filled as u64);
        match file.read_at(rest, at) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(source) => {
                return Err(JournalError::Io { verb: "read", path: name.to_string(), source });
            }
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

struct Reader<'a> {
    id: String,
    mark: Option<Mark>,
    visit: &'a mut dyn FnMut(Entry),
}

impl Reader<'_> {
    /// Every whole line of a file from an offset; what is no line is passed over, and what has no end yet is left.
    fn file(
        &mut self,
        places: &Places,
        name: &StreamName,
        (number, from): (u32, u64),
    ) -> Result<(), JournalError> {
        let Some(file) = open(places, name, number)? else { return Ok(()) };
        let mut at = from;
        loop {
            let bytes = block(&file, at, BLOCK, name)?;
            let mut passed = 0;
            for part in bytes.split_inclusive(|byte| *byte == b'\n') {
                if part.last() != Some(&b'\n') {
                    break;
                }
                if let Some(line) = scan::line(part) {
                    let begin = at + passed;
                    let offset = begin + line.bytes() as u64;
                    let (id, tag) = (self.id.clone(), Digest::from_bytes(line.tag));
                    self.mark = Some(Mark { id, file: number, offset, begin, seq: line.seq, tag });
                    if let Some(entry) = Entry::of(&line) {
                        (self.visit)(entry);
                    }
                }
                passed += part.len() as u64;
            }
            // Longer than a line can be, and without an end: nothing of the file can be understood from here on.
            if passed == 0 {
                return Ok(());
            }
            at += passed;
        }
    }
}
