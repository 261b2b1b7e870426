//! One stream's word for another: how far a stream had come, recorded in a stream that is better kept.
//!
//! A program of the owner's keeps a stream whose second place is the owner's as well. The journal's service reads its
//! head now and then and records it in its own stream; from then on the head is as hard to change as that stream.
//! Deliberately absent: when that happens.

use super::chain::{file_name, file_number, tail};
use super::place::path;
use super::scan;
use super::{HEAD, JournalError, MAX_LINE, Places, StreamName};
use sanctum_types::{Action, Actor, AuditEvent, Digest, Outcome, Phase, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// How far a stream has come, as its last whole line says: nothing says yet that it is true.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    /// The stream.
    pub stream: String,
    /// Tells it from another of that name.
    pub id: String,
    /// The sequence number of its last line.
    pub seq: u64,
    /// The tag of that line.
    pub tag: Digest,
}

impl Head {
    /// The head of a stream; none while it has no line.
    pub fn of(places: &Places, name: &StreamName) -> Result<Option<Self>, JournalError> {
        let tree = &places.streams;
        let names = tree.list(&path(&[name.as_str()])?)?.unwrap_or_default();
        let Some(number) = names.iter().filter_map(|name| file_number(name)).max() else {
            return Ok(None);
        };
        let place = path(&[name.as_str(), &file_name(number)])?;
        let Some(file) = tree.open_read(&place)? else { return Ok(None) };
        let io = |source| JournalError::Io { verb: "read", path: tree.shown(&place), source };
        let len = file.metadata().map_err(io)?.len();
        let whole =
            |from, to| -> Result<Vec<u8>, JournalError> { tail(&file, from, to).map_err(io) };
        let first = whole(0, MAX_LINE as u64)?;
        let end = whole(len.saturating_sub(2 * MAX_LINE as u64), len)?;
        let id = scan::line(&first).and_then(|line| line.details().remove("id"));
        let last = end
            .split_inclusive(|byte| *byte == b'\n')
            .rev()
            .find_map(scan::line)
            .map(|line| (line.seq, Digest::from_bytes(line.tag)));
        let (Some(id), Some((seq, tag))) = (id, last) else { return Ok(None) };
        Ok(Some(Self { stream: name.to_string(), id, seq, tag }))
    }

    /// The stream with what tells it from others.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.stream, self.id)
    }

    /// The event that a better kept stream records.
    pub(crate) fn event(&self) -> Result<AuditEvent, JournalError> {
        let bad = |_| JournalError::BadStream { name: self.stream.clone() };
        Ok(AuditEvent {
            actor: Actor::new("journal").map_err(bad)?,
            action: Action::new(HEAD).map_err(bad)?,
            subject: self.name(),
            phase: Phase::Single,
            outcome: Outcome::Ok,
            severity: Severity::Info,
            details: BTreeMap::from([
                ("seq".to_owned(), self.seq.to_string()),
                ("tag".to_owned(), self.tag.to_string()),
            ]),
        })
    }

    /// The head that a line records.
    pub(crate) fn told(line: &scan::Line<'_>) -> Option<Self> {
        if line.action != HEAD {
            return None;
        }
        let (subject, details) = (line.subject(), line.details());
        let (stream, id) = subject.split_once('.')?;
        let seq = details.get("seq")?.parse().ok()?;
        let tag = Digest::parse(details.get("tag")?)?;
        Some(Self { stream: stream.to_owned(), id: id.to_owned(), seq, tag })
    }
}

/// What of these heads a stream no longer has: the first, with the line that stands there instead, if any. Two heads of
/// one line that differ are one more than the stream can have.
#[derive(Debug, Default)]
pub(crate) struct Against {
    wanted: BTreeMap<u64, BTreeSet<Digest>>,
    broken: Option<u64>,
}

impl Against {
    pub(crate) fn new<'h>(heads: impl IntoIterator<Item = &'h Head>) -> Self {
        let mut wanted: BTreeMap<u64, BTreeSet<Digest>> = BTreeMap::new();
        for head in heads {
            wanted.entry(head.seq).or_default().insert(head.tag);
        }
        Self { wanted, broken: None }
    }

    pub(crate) fn line(&mut self, line: &scan::Line<'_>) {
        let Some(tags) = self.wanted.remove(&line.seq) else { return };
        if tags.iter().any(|tag| tag.as_bytes() != &line.tag) {
            self.broken = self.broken.or(Some(line.seq));
        }
    }

    /// The first head that the stream does not have.
    pub(crate) fn first(&self, last: u64) -> Option<u64> {
        let short = self.wanted.keys().copied().find(|seq| *seq > last).map(|_| last + 1);
        self.broken.or(short)
    }
}
