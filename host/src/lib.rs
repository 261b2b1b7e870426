//! The effects seam: everything sanctum does to a machine passes through a [`Host`].
//!
//! Owns the closed list of ensure-verbs ([`Op`]), what can be observed ([`Observed`]), the hosts that interpret
//! them, the store of blobs and receipts, the clock and child processes. Deliberately absent: any opinion on
//! what a house should look like.

pub mod accounts;
pub mod blob;
pub mod boot;
pub mod bridges;
pub mod clipboard;
pub mod clock;
pub mod command;
pub mod conversation;
pub mod deadline;
pub mod descent;
pub mod environments;
pub mod fifo;
pub mod files;
pub mod folder;
pub mod forwarding;
pub mod hook_file;
pub mod install;
pub mod interfaces;
pub mod journal;
pub mod live;
pub mod local_http;
pub mod log_file;
pub mod look;
pub mod mem;
pub mod memory;
pub mod observed;
pub mod op;
pub mod owner_command;
pub mod passphrase;
pub mod presence;
pub mod private_io;
pub mod processes;
pub mod questions;
pub mod random;
pub mod readiness;
pub mod root_host;
pub mod seat;
pub mod sight;
pub mod snapshot;
pub mod sockets;
pub mod ssh_query;
pub mod ssh_session;
pub mod store;
pub mod supervisor;
pub mod tree;
pub mod trust;
pub mod vitals;

pub use blob::Blobs;
pub use mem::{FailAt, MemHost};
pub use observed::{DirState, FileState, LoadedState, Observed, PathState};
pub use op::{Op, Unit};
pub use root_host::RootHost;
pub use store::{ReceiptLog, Store, StoreLock};

use sanctum_types::AbsPath;

/// What a plan needs to look at: nothing else is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Files and directories.
    pub paths: std::collections::BTreeSet<AbsPath>,
    /// Loaded units.
    pub units: std::collections::BTreeSet<Unit>,
    /// Service accounts.
    pub accounts: std::collections::BTreeSet<sanctum_types::AccountName>,
}

/// Why a host could not do or see something.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
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
    /// Something on the way to the path, or the path itself, must not be trusted.
    #[error("refused to touch {path}: {why}")]
    Untrusted {
        /// The path that was to be touched.
        path: String,
        /// What is wrong with it, such as `is a symbolic link`.
        why: &'static str,
    },
    /// The world after the write is not what was written.
    #[error("{subject} reads back differently from what was written")]
    ReadBack {
        /// What was written.
        subject: String,
    },
    /// A blob that an operation names is not in the store.
    #[error("blob {digest} is not in the store")]
    NoBlob {
        /// Its digest.
        digest: sanctum_types::Digest,
    },
    /// A program answered with a failure.
    #[error("{program} failed ({status}): {stderr}")]
    Child {
        /// The program's absolute path and verb.
        program: String,
        /// Exit status in words.
        status: String,
        /// The first lines of what it said.
        stderr: String,
    },
    /// A program did not answer in time.
    #[error("{program} did not end within {seconds} s")]
    Timeout {
        /// The program's absolute path and verb.
        program: String,
        /// The bound.
        seconds: u64,
    },
    /// This host cannot do that: a typed refusal, not an empty function.
    #[error("{what} is not supported on {host}")]
    Unsupported {
        /// What was asked.
        what: String,
        /// Which host.
        host: &'static str,
    },
    /// A file of the store cannot be understood.
    #[error("{path} is damaged: {detail}")]
    Damaged {
        /// The file.
        path: String,
        /// What was expected.
        detail: String,
    },
    /// Another run holds the lock.
    #[error("{path} is in use by {holder}")]
    Locked {
        /// The lock file.
        path: String,
        /// Who holds it, such as `process 4711`.
        holder: String,
    },
    /// A failure made by a test host.
    #[error("injected failure")]
    Injected,
}

/// Interprets ensure-verbs on something: a Mac, a Linux machine, a directory, memory.
pub trait Host {
    /// Looks at everything in the scope; the bytes of the files it saw are added to `blobs`.
    fn observe(&self, scope: &Scope, blobs: &mut Blobs) -> Result<Observed, HostError>;

    /// Makes one verb true and reads it back. Doing it twice is the same as doing it once.
    fn ensure(&mut self, op: &Op, blobs: &Blobs) -> Result<(), HostError>;
}
