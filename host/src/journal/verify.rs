//! Verifies a stream against its second place, and hands its lines to whoever wants them.
//!
//! Total over any bytes. A stream is judged from its first line: form, order, tags under the ratcheted keys, files,
//! then every checkpoint; the first thing that is wrong is named, because nothing after it means anything. "It is
//! wrong" (a [`Fault`]) and "I could not look" (a [`JournalError`]) never share a channel. Deliberately absent:
//! mending.

use super::chain::{Chain, Files, Position, Stop, file_name, file_number, walk};
use super::key::Key;
use super::place::{Places, path};
use super::scan::Line;
use super::witness::{self, Checkpoints, Origin};
use super::{JournalError, StreamName, TORN, state};
use crate::clock::{self, Monotonic};
use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::time::Duration;

/// A writer holds the lock for one group, which takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is wrong with a stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// Bytes that are not a line of the one form.
    #[error("it is not a line of the journal")]
    NotALine,
    /// The last bytes have no line break: a write was cut off, or somebody cut.
    #[error("the last line is not whole")]
    Torn,
    /// Another line is expected here.
    #[error("line {found} stands here instead")]
    OutOfOrder {
        /// Its sequence number.
        found: u64,
    },
    /// The tag is not that of the line after the one before.
    #[error("the tag does not belong to this line in this place")]
    WrongTag,
    /// A line of the journal's own that does not belong here, or a line of another stream.
    #[error("the line does not belong to this place of the stream")]
    OutOfPlace,
    /// A file that must be there is not.
    #[error("its file is gone")]
    MissingFile,
    /// A file is shorter than it was.
    #[error("the file ends before a line that was there")]
    Shortened,
    /// A file that the stream does not lead to.
    #[error("the stream does not lead to this file")]
    StrayFile,
    /// A checkpoint says that the stream was longer.
    #[error("the second place knows {seq} lines, and the stream ends before")]
    Truncated {
        /// The sequence number of the last checkpoint.
        seq: u64,
    },
    /// A checkpoint says that another line stood there.
    #[error("checkpoint {number} of the second place saw another line")]
    Rewritten {
        /// Its number.
        number: u64,
    },
    /// A checkpoint that is not signed, not in its place, or torn.
    #[error("checkpoint {number} of the second place is not one")]
    BadCheckpoint {
        /// Its line.
        number: u64,
    },
    /// The second place lacks a checkpoint that the writer made.
    #[error("the second place has no checkpoint since line {seq}")]
    Behind {
        /// The sequence number of its last checkpoint.
        seq: u64,
    },
    /// Another stream recorded another head of this one.
    #[error("stream {by} saw another line here, or more lines")]
    Unlike {
        /// Which stream.
        by: String,
    },
    /// What the writer keeps does not fit to the stream.
    #[error("the writer's state does not fit to the stream")]
    BadState,
    /// The second place knows a stream that is not here.
    #[error("the second place knows this stream, and it is not here")]
    Gone,
}

/// The first thing that is wrong with a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The first sequence number that cannot be believed.
    pub seq: u64,
    /// The file.
    pub file: String,
    /// The line in it, counted from 1; none when the file as a whole is meant.
    pub line: Option<u64>,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What verifying a stream gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The stream.
    pub stream: StreamName,
    /// Tells it from another of that name.
    pub id: String,
    /// The last sequence number that can be believed.
    pub last: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Checkpoints that the stream was held against.
    pub checkpoints: u64,
    /// The last sequence number that a checkpoint speaks for: what comes after may have been cut off unseen.
    pub witnessed: u64,
    /// Tails that a writer set aside after a crash.
    pub torn: u64,
    /// The first thing that is wrong.
    pub fault: Option<Fault>,
}

/// The files of a stream up to where they went when they were looked at under the lock.
pub(crate) struct Snapshot<'a> {
    places: &'a Places,
    stream: &'a StreamName,
    last: Option<(u32, u64)>,
    numbers: Vec<u32>,
}

impl<'a> Snapshot<'a> {
    /// Waits for the writer between two groups, where the lock can be had at all (a copy may be read-only).
    pub(crate) fn new(places: &'a Places, stream: &'a StreamName) -> Result<Self, JournalError> {
        let tree = &places.streams;
        let lock = tree.open_read(&path(&[stream.as_str(), "lock"])?)?;
        if let Some(lock) = &lock {
            // A lock that cannot be had leaves a chance that the last line is seen half-written. Whoever owns the
            // stream must not be able to make everybody else wait.
            let begun = Monotonic::now();
            while flock(lock, FlockOperation::NonBlockingLockShared).is_err()
                && begun.elapsed() < PATIENCE
            {
                clock::sleep(Duration::from_millis(1));
            }
        }
        let names = tree.list(&path(&[stream.as_str()])?)?.unwrap_or_default();
        let mut numbers: Vec<u32> = names.iter().filter_map(|name| file_number(name)).collect();
        numbers.sort_unstable();
        let mut this = Self { places, stream, last: None, numbers };
        if let Some(last) = this.numbers.last().copied() {
            this.last = this.open(last)?.map(|(_, len)| (last, len));
        }
        Ok(this)
    }
}

impl Files for Snapshot<'_> {
    fn open(&self, number: u32) -> Result<Option<(File, u64)>, JournalError> {
        let path = path(&[self.stream.as_str(), &file_name(number)])?;
        let tree = &self.places.streams;
        let Some(file) = tree.open_read(&path)? else { return Ok(None) };
        let meta = file.metadata().map_err(|source| JournalError::Io {
            verb: "look at",
            path: tree.shown(&path),
            source,
        })?;
        let len = match self.last {
            Some((last, len)) if last == number => len.min(meta.len()),
            _ => meta.len(),
        };
        Ok(Some((file, len)))
    }

    fn shown(&self, number: u32) -> String {
        format!("{}/{}/{}", self.places.streams.shown_root(), self.stream, file_name(number))
    }
}

/// Verifies one stream; every line that can be believed is handed over in its order.
///
/// # Errors
/// What could not be looked at: a file, the lock, the second place.
pub fn stream(
    places: &Places,
    name: &StreamName,
    visit: &mut dyn FnMut(&Line<'_>),
) -> Result<Checked, JournalError> {
    let second = places.second()?;
    let snapshot = Snapshot::new(places, name)?;
    let kept = state::load(&places.streams, name);
    let id = match &kept {
        Ok(Some(state)) => state.chain.id.clone(),
        // Without a state the second place tells which stream this is, when it knows just one.
        _ => only_id(places, name)?,
    };
    let Some(origin) = witness::origin(second, name, &id)? else {
        return Err(JournalError::Unwitnessed { path: places.second.0.clone() });
    };
    let checkpoints = witness::checkpoints(second, name, &id, &origin)?;
    let mut judge = Judge::new(&snapshot, name, id, &origin, checkpoints);
    judge.walk(visit)?;
    // Checkpoints of another key would be no checkpoints.
    let signs = |state: &state::State| state.signing.verifying_key() == origin.public;
    let state = kept.ok().flatten().filter(signs);
    Ok(judge.finish(state.as_ref().map(|state| &state.chain)))
}

/// Every stream that the second place knows with checkpoints and that has no directory here.
pub fn missing(places: &Places) -> Result<Vec<Checked>, JournalError> {
    let second = places.second()?;
    let mut gone = Vec::new();
    for (stream, id) in witness::known(second)? {
        let here = match state::load(&places.streams, &stream) {
            Ok(state) => state.map(|state| state.chain.id),
            // A state that cannot be read is told of where its stream is verified.
            Err(_) => Some(id.clone()),
        };
        let Some(origin) = witness::origin(second, &stream, &id)? else { continue };
        let checkpoints = witness::checkpoints(second, &stream, &id, &origin)?;
        let Some(last) = checkpoints.all.last() else { continue };
        if here.as_ref() == Some(&id) || (here.is_none() && places.streams()?.contains(&stream)) {
            continue;
        }
        let file = format!("{}/{stream}", places.streams.shown_root());
        let fault = Fault { seq: 1, file, line: None, kind: FaultKind::Gone };
        gone.push(Checked {
            stream,
            id,
            last: 0,
            bytes: 0,
            checkpoints: checkpoints.all.len() as u64,
            witnessed: last.seq,
            torn: 0,
            fault: Some(fault),
        });
    }
    Ok(gone)
}

fn only_id(places: &Places, name: &StreamName) -> Result<String, JournalError> {
    let mut ids =
        witness::known(places.second()?)?.into_iter().filter(|(stream, _)| stream == name);
    match (ids.next(), ids.next()) {
        (Some((_, id)), None) => Ok(id),
        _ => Err(JournalError::Unwitnessed { path: places.second.0.clone() }),
    }
}

struct Judge<'a> {
    files: &'a Snapshot<'a>,
    chain: Chain,
    checkpoints: Checkpoints,
    /// The next checkpoint that the stream is to be held against.
    next: usize,
    bytes: u64,
    torn: u64,
    fault: Option<Fault>,
}

impl<'a> Judge<'a> {
    fn new(
        files: &'a Snapshot<'a>,
        stream: &StreamName,
        id: String,
        origin: &Origin,
        checkpoints: Checkpoints,
    ) -> Self {
        let at = Position { file: 1, offset: 0, seq: 0, tag: origin.digest, epoch: 0 };
        let chain = Chain::new(stream.clone(), id, at, origin.key.clone());
        Self { files, chain, checkpoints, next: 0, bytes: 0, torn: 0, fault: None }
    }

    fn walk(&mut self, visit: &mut dyn FnMut(&Line<'_>)) -> Result<(), JournalError> {
        let mut chain = self.chain.clone();
        let mut rewritten: Option<(Position, u64, u64)> = None;
        let stop = walk(self.files, &mut chain, &mut |line, at, number| {
            self.bytes += line.len as u64;
            if line.action == TORN {
                self.torn += 1;
            }
            while let Some(one) =
                self.checkpoints.all.get(self.next).filter(|one| one.seq == at.seq)
            {
                let same = (one.file, one.offset, one.epoch) == (at.file, at.offset, at.epoch)
                    && one.tag.as_bytes() == &at.tag;
                if !same {
                    rewritten = rewritten.or(Some((*at, number, one.n)));
                }
                self.next += 1;
            }
            if rewritten.is_none() {
                visit(line);
            }
        })?;
        self.chain = chain;
        self.fault = match (rewritten, stop) {
            (Some((at, line, number)), _) => {
                let file = self.files.shown(at.file);
                Some(Fault {
                    seq: at.seq,
                    file,
                    line: Some(line),
                    kind: FaultKind::Rewritten { number },
                })
            }
            (None, Some(Stop { kind, line })) => {
                let file = self.files.shown(self.chain.at.file);
                Some(Fault { seq: self.chain.at.seq + 1, file, line: Some(line), kind })
            }
            (None, None) => None,
        };
        Ok(())
    }

    fn finish(mut self, state: Option<&Chain>) -> Checked {
        let witnessed = self.checkpoints.all.last().map_or(0, |one| one.seq);
        if self.fault.is_none() {
            self.fault = self.end(state, witnessed);
        }
        Checked {
            stream: self.chain.stream.clone(),
            id: self.chain.id.clone(),
            last: match &self.fault {
                Some(fault) => fault.seq.saturating_sub(1).min(self.chain.at.seq),
                None => self.chain.at.seq,
            },
            bytes: self.bytes,
            checkpoints: self.checkpoints.all.len() as u64,
            witnessed,
            torn: self.torn,
            fault: self.fault,
        }
    }

    /// What can be wrong with a stream whose lines are all right.
    fn end(&mut self, state: Option<&Chain>, witnessed: u64) -> Option<Fault> {
        let at = self.chain.at;
        let fault = |seq, number, kind| {
            Some(Fault { seq, file: self.files.shown(number), line: None, kind })
        };
        if witnessed > at.seq {
            return fault(at.seq + 1, at.file, FaultKind::Truncated { seq: witnessed });
        }
        if let Some(stray) = self.files.numbers.iter().find(|number| **number > at.file) {
            return fault(at.seq + 1, *stray, FaultKind::StrayFile);
        }
        if let Some(number) = self.checkpoints.bad {
            let seq = witnessed + 1;
            return fault(seq, at.file, FaultKind::BadCheckpoint { number });
        }
        if let Some(one) = self.checkpoints.all.get(self.next) {
            // Each was met on the way unless it speaks for a line that no line is.
            return fault(one.seq, at.file, FaultKind::Rewritten { number: one.n });
        }
        let Some(state) = state else {
            return fault(at.seq + 1, at.file, FaultKind::BadState);
        };
        if !self.leads_here(state) {
            return fault(at.seq + 1, at.file, FaultKind::BadState);
        }
        if witnessed < state.at.seq {
            return fault(witnessed + 1, at.file, FaultKind::Behind { seq: witnessed });
        }
        None
    }

    /// Whether the state is the start of the last epoch, or of the one before when a crash kept it behind.
    fn leads_here(&self, state: &Chain) -> bool {
        let same = |at: &Position, key: &Key| *at == state.at && key.expose() == state.key.expose();
        same(&self.chain.sealed, &self.chain.key)
            || same(&self.chain.before.0, &self.chain.before.1)
    }
}
