//! How bad something is, what was found, and what follows from it.
//!
//! A verdict is not an error, and "it is wrong" never shares a channel with "I could not look".

use serde::{Deserialize, Serialize};

/// Four steps, from a note to something that must wake somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warn,
    /// Something does not do what it should.
    Error,
    /// Act now.
    Critical,
}

/// Something that was looked at and is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// A stable name of the kind of finding, such as `ssh.match-leak`.
    pub kind: String,
    /// What it is about: a path, a service, a port.
    pub subject: String,
    /// What was observed; never a secret value.
    pub message: String,
    /// The exact next command or edit.
    pub hint: Option<String>,
}

/// What a guard decides; failing to decide is `Block`.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing against it.
    Allow,
    /// Allowed, with a remark.
    Warn(Finding),
    /// Not allowed.
    Block(Finding),
}

/// A check could not be made at all: neither good nor bad news about its subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("could not check {subject}: {cause}")]
pub struct CouldNotCheck {
    /// What was to be checked.
    pub subject: String,
    /// What stood in the way, such as a tool that is not installed.
    pub cause: String,
}
