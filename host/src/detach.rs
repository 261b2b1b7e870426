//! A process that outlives its parent, and what ties a process to an SSH connection.

#![expect(clippy::disallowed_methods, reason = "this crate is the one home of effects")]

use crate::HostError;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Starts a program that outlives this one: no terminal, no environment, `/` as directory. The child calls
/// [`leave_session`] first, so that a closing terminal does not end it.
pub fn spawn(program: &Path, args: &[String]) -> Result<(), HostError> {
    Command::new(program)
        .args(args)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(drop)
        .map_err(|source| HostError::Io {
            verb: "start",
            path: program.display().to_string(),
            source,
        })
}

/// Leaves the session of the parent; a process that leads a group already is in one of its own.
pub fn leave_session() {
    // The only failure is EPERM for a group leader, which no terminal of the parent reaches either.
    let _ = rustix::process::setsid();
}

/// Waits.
pub fn sleep(time: Duration) {
    std::thread::sleep(time);
}
