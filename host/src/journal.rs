//! The journal: what happened, in lines that nobody can change unnoticed.
//!
//! Owns the one format (`docs/formats/journal.md`), its keys, its files and their verification. A stream has one
//! writer at a time, held apart by a lock; each line carries a tag over itself and the tag before, under a key that
//! every seal replaces. Seals are signed into a second place, which also holds what verifying needs. An append that
//! answered is as durable as it said; one that could not be made is an error, and what it would have told of must not
//! happen. Deliberately absent: what an event means.

mod chain;
mod commit;
pub mod follow;
mod head;
mod key;
pub mod line;
pub mod merge;
mod oneshot;
mod place;
pub mod scan;
pub mod socket;
mod state;
pub mod verify;
mod witness;
mod writer;

pub use head::Head;
pub use line::{MAX_DETAILS, MAX_LINE};
pub use oneshot::OneShot;
pub use place::{Places, StreamName};
pub use verify::{Checked, Fault, FaultKind};
pub use writer::{Durability, Journal, Limits, Pending};

use crate::HostError;
use sanctum_types::Action;

/// Actions that only the journal itself records: the start of a file, the end of an epoch, a tail that was cut off, the
/// head of another stream.
pub const OWN_ACTIONS: [&str; 4] = [FILE, SEAL, TORN, HEAD];
pub(crate) const FILE: &str = "journal.file";
pub(crate) const SEAL: &str = "journal.seal";
pub(crate) const TORN: &str = "journal.torn";
pub(crate) const HEAD: &str = "journal.head";

/// A name for an operation that nobody used before.
pub fn operation() -> Result<sanctum_types::OperationId, JournalError> {
    let bytes = key::random()?;
    let name = line::hex(bytes.get(..8).unwrap_or_default());
    sanctum_types::OperationId::new(name).map_err(|word| JournalError::BadStream { name: word.0 })
}

/// Whether an operation of that process and boot may still be at work, for [`merge::Story::add`]. A number that was
/// given to another process since hides an operation that never ended until that one is gone.
pub fn may_run() -> Result<impl Fn(u32, &str) -> bool, HostError> {
    let here = crate::boot::id()?;
    Ok(move |pid: u32, boot: &str| {
        let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
        let lives = |pid| {
            // A process that we may not signal is one that lives.
            let asked = rustix::process::test_kill_process(pid);
            matches!(asked, Ok(()) | Err(rustix::io::Errno::PERM))
        };
        boot == here && pid.is_some_and(lives)
    })
}

/// Why the journal did not take or give something.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file operation failed.
    #[error("cannot {verb} {path}")]
    Io {
        /// What was tried, as an infinitive.
        verb: &'static str,
        /// On what.
        path: String,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// The store refused.
    #[error("cannot reach the journal")]
    Store {
        /// Its answer.
        #[from]
        source: HostError,
    },
    /// The system has no random bytes.
    #[error("cannot draw random bytes for a key")]
    Random {
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// The event does not fit into a line.
    #[error("the event `{action}` is too large for a line")]
    TooLarge {
        /// Its action.
        action: Action,
    },
    /// A detail whose name is not a word.
    #[error(
        "the detail {name:?} of `{action}` is not 1 to 64 characters of a-z, 0-9, `-`, `.`, `:` and `_`"
    )]
    BadDetail {
        /// The event's action.
        action: Action,
        /// The name.
        name: String,
    },
    /// An action that only the journal itself records.
    #[error("`{action}` is an action of the journal itself")]
    OwnAction {
        /// Which.
        action: Action,
    },
    /// The name of a stream is not one.
    #[error("{name:?} is not a stream: 1 to 32 characters of a-z, 0-9 and `-`, and a letter first")]
    BadStream {
        /// What was given.
        name: String,
    },
    /// A file of the stream is not what the writer left.
    #[error("{path} is not as the journal left it: {detail}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// Another writer kept the stream longer than anybody waits.
    #[error("another process keeps {path} locked")]
    Busy {
        /// The lock.
        path: String,
    },
    /// The second place does not know the stream.
    #[error("the second place {path} does not know this stream")]
    Unwitnessed {
        /// The second place.
        path: String,
    },
    /// A stream that another one spoke for is in no place that was looked at.
    #[error("stream {by} saw it, and it is in none of the places that were looked at")]
    Elsewhere {
        /// Which stream.
        by: String,
    },
    /// An earlier failure left the writer unable to say what is on the disk.
    #[error("the journal stopped after an earlier failure")]
    Stopped,
    /// One failure ended the records of several.
    #[error("the group of records failed")]
    Group {
        /// What failed.
        #[source]
        source: std::sync::Arc<JournalError>,
    },
}

#[cfg(test)]
mod tests;
