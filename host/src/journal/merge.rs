//! The streams of a house as one story: merged in time order, with the operations that never ended.
//!
//! Within a stream the order of lines is kept even where the wall clock went back. An operation that started and has
//! no end is unfinished unless its process may still be at work. Deliberately absent: printing.

use super::chain::{Files as _, file_number};
use super::head::{Against, Head};
use super::place::path;
use super::scan::{self, Line};
use super::verify::{self, Checked};
use super::verify::{Fault, FaultKind};
use super::{JournalError, MAX_LINE, Places, StreamName};
use sanctum_types::AuditEvent;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

/// One event with what the journal knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The stream.
    pub stream: String,
    /// Its place there.
    pub seq: u64,
    /// Wall clock, milliseconds since 1970.
    pub at: i64,
    /// Nanoseconds since the boot.
    pub mono: u64,
    /// Which boot.
    pub boot: String,
    /// The process that asked for the record.
    pub pid: u32,
    /// What happened.
    pub event: AuditEvent,
}

impl Entry {
    pub(super) fn of(line: &Line<'_>) -> Option<Self> {
        Some(Self {
            stream: line.stream.to_owned(),
            seq: line.seq,
            at: line.at,
            mono: line.mono,
            boot: line.boot.to_owned(),
            pid: line.pid,
            event: line.event()?,
        })
    }
}

/// Something that could not be looked at.
#[derive(Debug)]
pub struct Unread {
    /// The stream or the place.
    pub what: String,
    /// Why.
    pub error: JournalError,
}

/// What was gathered from any number of places.
#[derive(Debug, Default)]
pub struct Story {
    /// What was asked for, in time order.
    pub entries: Vec<Entry>,
    /// Starts without an end, in time order.
    pub unfinished: Vec<Entry>,
    /// What verifying each stream gave.
    pub checked: Vec<Checked>,
    /// What could not be verified; its lines are among the entries as far as they can be read.
    pub unread: Vec<Unread>,
    times: Vec<(i64, usize)>,
    /// Heads of streams with the stream that recorded each.
    heads: BTreeSet<(Head, String)>,
}

/// Whether an operation of that process and boot may still be at work.
pub type MayRun<'a> = &'a dyn Fn(u32, &str) -> bool;

impl Story {
    /// Reads and verifies every stream of the places; `keep` chooses the entries.
    pub fn add(&mut self, places: &Places, keep: &dyn Fn(&Line<'_>) -> bool, may_run: MayRun<'_>) {
        let streams = match places.streams() {
            Ok(streams) => streams,
            Err(error) => {
                self.unread.push(Unread { what: "the streams".to_owned(), error });
                return;
            }
        };
        for name in &streams {
            let mut reading =
                Reading { story: self, open: BTreeMap::new(), keep, latest: i64::MIN };
            let checked = verify::stream(places, name, &mut |line| reading.line(line));
            match checked {
                Ok(checked) => {
                    // Ends may stand behind a line that cannot be believed.
                    if checked.fault.as_ref().is_none_or(|fault| fault.line.is_none()) {
                        reading.end(may_run);
                    }
                    self.checked.push(checked);
                }
                Err(error) => {
                    let mut again = Reading { open: BTreeMap::new(), latest: i64::MIN, ..reading };
                    let read = unverified(places, name, &mut |line| again.line(line));
                    again.end(may_run);
                    self.unread.push(Unread { what: name.to_string(), error });
                    if let Err(error) = read {
                        self.unread.push(Unread { what: name.to_string(), error });
                    }
                }
            }
        }
        match verify::missing(places) {
            Ok(gone) => self.checked.extend(gone),
            Err(error) => {
                let what = places.second.0.clone();
                self.unread.push(Unread { what, error });
            }
        }
    }

    /// Holds the streams of the places against what other streams recorded of them; after every place was added.
    pub fn hold(&mut self, places: &Places) {
        for checked in self.checked.iter_mut().filter(|checked| checked.fault.is_none()) {
            let of_it =
                |head: &Head| head.stream == checked.stream.as_str() && head.id == checked.id;
            let heads: Vec<_> = self.heads.iter().filter(|(head, _)| of_it(head)).collect();
            let (Some((_, by)), Ok(names)) = (heads.first(), places.streams()) else { continue };
            if !names.contains(&checked.stream) {
                continue;
            }
            let mut against = Against::new(heads.iter().map(|(head, _)| head));
            let same = match verify::stream(places, &checked.stream, &mut |line| against.line(line))
            {
                Ok(seen) => seen.id == checked.id,
                Err(error) => {
                    self.unread.push(Unread { what: checked.stream.to_string(), error });
                    continue;
                }
            };
            if let Some(seq) = against.first(checked.last).filter(|_| same) {
                let file = format!("{}/{}", places.streams.shown_root(), checked.stream);
                let kind = FaultKind::Unlike { by: by.clone() };
                checked.last = seq.saturating_sub(1);
                checked.fault = Some(Fault { seq, file, line: None, kind });
            }
        }
    }

    /// Puts the entries into time order, after every place was added: a stream that another one spoke for and that is
    /// in none of them is told of as one that could not be looked at.
    pub fn settle(&mut self) {
        for (head, by) in &self.heads {
            let what = head.name();
            let checked = self
                .checked
                .iter()
                .any(|one| one.stream.as_str() == head.stream && one.id == head.id);
            let told = self.unread.iter().any(|one| one.what == what || one.what == head.stream);
            if !checked && !told {
                self.unread
                    .push(Unread { what, error: JournalError::Elsewhere { by: by.clone() } });
            }
        }
        let mut order = std::mem::take(&mut self.times);
        order.sort();
        let mut entries: Vec<Option<Entry>> =
            std::mem::take(&mut self.entries).into_iter().map(Some).collect();
        self.entries = order
            .into_iter()
            .filter_map(|(_, at)| entries.get_mut(at).and_then(Option::take))
            .collect();
        self.unfinished.sort_by(|a, b| (a.at, &a.stream, a.seq).cmp(&(b.at, &b.stream, b.seq)));
    }
}

struct Reading<'a> {
    story: &'a mut Story,
    open: BTreeMap<String, Entry>,
    keep: &'a dyn Fn(&Line<'_>) -> bool,
    /// The latest time of the stream so far.
    latest: i64,
}

impl Reading<'_> {
    fn line(&mut self, line: &Line<'_>) {
        self.latest = self.latest.max(line.at);
        if let Some(head) = Head::told(line) {
            self.story.heads.insert((head, line.stream.to_owned()));
        }
        match (line.operation, line.starts) {
            (Some(id), true) => {
                if let Some(entry) = Entry::of(line) {
                    self.open.insert(id.to_owned(), entry);
                }
            }
            (Some(id), false) => {
                self.open.remove(id);
            }
            (None, _) => {}
        }
        if (self.keep)(line)
            && let Some(entry) = Entry::of(line)
        {
            self.story.times.push((self.latest, self.story.entries.len()));
            self.story.entries.push(entry);
        }
    }

    fn end(self, may_run: MayRun<'_>) {
        let over = |entry: &Entry| !may_run(entry.pid, &entry.boot);
        self.story.unfinished.extend(self.open.into_values().filter(over));
    }
}

/// Lines as they stand, for a stream whose second place is out of reach: nothing says that they are true.
fn unverified(
    places: &Places,
    name: &StreamName,
    visit: &mut dyn FnMut(&Line<'_>),
) -> Result<(), JournalError> {
    let files = verify::Snapshot::new(places, name)?;
    let names = places.streams.list(&path(&[name.as_str()])?)?.unwrap_or_default();
    let mut numbers: Vec<u32> = names.iter().filter_map(|name| file_number(name)).collect();
    numbers.sort_unstable();
    for number in numbers {
        let Some((mut file, _)) = files.open(number)? else { continue };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|source| JournalError::Io {
            verb: "read",
            path: files.shown(number),
            source,
        })?;
        for part in
            bytes.split_inclusive(|byte| *byte == b'\n').filter(|part| part.len() <= MAX_LINE)
        {
            if let Some(line) = scan::line(part) {
                visit(&line);
            }
        }
    }
    Ok(())
}
