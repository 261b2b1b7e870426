//! The writer of a program that records a few events and ends: no thread, every record synced before it answers.
//!
//! Any number of such programs may share a stream: the stream's lock is held for one record at a time. Deliberately
//! absent: groups, which are [`super::Journal`]'s work.

use super::commit::{Core, Draft};
use super::line::body;
use super::{JournalError, Limits, OWN_ACTIONS, Places, StreamName};
use sanctum_types::{AuditEvent, AuditSink, NotRecorded};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Lines that are read anew by each program that passes by, so few that this takes less than a millisecond.
const PASSING_LINES: u64 = 256;
/// As long as one that passes by waits for another one's line.
const PASSING_PATIENCE: Duration = Duration::from_millis(20);

/// An open stream of a program that ends soon.
pub struct OneShot {
    core: Mutex<Core>,
}

impl std::fmt::Debug for OneShot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneShot")
    }
}

impl OneShot {
    /// Opens the stream, or makes it; what a killed writer left unfinished is set aside and recorded.
    pub fn open(places: Places, stream: StreamName) -> Result<Self, JournalError> {
        Ok(Self { core: Mutex::new(Core::open(places, stream, Limits::default())?) })
    }

    /// Opens the stream for a program that somebody waits for: a lock that is held for longer than a line takes is an error.
    pub fn passing(places: Places, stream: StreamName) -> Result<Self, JournalError> {
        let limits = Limits {
            seal_lines: PASSING_LINES,
            seal_after: Duration::MAX,
            patience: PASSING_PATIENCE,
            ..Limits::default()
        };
        Ok(Self { core: Mutex::new(Core::open(places, stream, limits)?) })
    }

    /// Writes one event without waiting for the disk: it survives this process, not a power cut. Every so many lines end an
    /// epoch.
    pub fn note(&self, event: &AuditEvent) -> Result<(), JournalError> {
        if OWN_ACTIONS.contains(&event.action.as_str()) {
            return Err(JournalError::OwnAction { action: event.action.clone() });
        }
        let draft = Draft { body: body(event)?, pid: std::process::id() };
        let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        core.commit(&[draft], false)?;
        if core.seal_is_due() { core.seal() } else { Ok(()) }
    }

    /// Records one event, durable when this returns; gives its sequence number.
    pub fn append(&self, event: &AuditEvent) -> Result<u64, JournalError> {
        if OWN_ACTIONS.contains(&event.action.as_str()) {
            return Err(JournalError::OwnAction { action: event.action.clone() });
        }
        let draft = Draft { body: body(event)?, pid: std::process::id() };
        self.core.lock().unwrap_or_else(PoisonError::into_inner).commit(&[draft], true)
    }

    /// Ends the epoch: the lines so far can no longer be changed by who takes the key later, and the second place
    /// knows them.
    pub fn seal(&self) -> Result<(), JournalError> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner).seal()
    }
}

impl AuditSink for OneShot {
    fn record(&self, event: &AuditEvent) -> Result<(), NotRecorded> {
        self.append(event).map(|_| ()).map_err(|source| NotRecorded {
            action: event.action.clone(),
            source: Box::new(source),
        })
    }
}
