//! The desktop of the person at the machine: Notification Centre on macOS, freedesktop.org's service on Linux.
//!
//! One surface, two sibling files; the command line for macOS is made here and tested everywhere. The text is an
//! argument of its own and is never part of a script.

pub mod argv;

#[cfg(target_os = "linux")]
#[path = "desktop/linux.rs"]
mod ask;
#[cfg(target_os = "macos")]
#[path = "desktop/macos.rs"]
mod ask;

use super::Undelivered;
use sanctum_types::Severity;

/// Whose desktop it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The user id of the person.
    pub uid: u32,
    /// The effective user id of this process.
    pub euid: u32,
    /// Address of the session's bus on Linux; `/run/user/UID/bus` unless said.
    pub bus: Option<String>,
}

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// One line.
    pub title: String,
    /// Some lines.
    pub body: String,
    /// How bad it is.
    pub severity: Severity,
}

pub(super) fn send(session: &Session, note: &Note) -> Result<(), Undelivered> {
    ask::send(session, note)
}
