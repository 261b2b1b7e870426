//! Known by their numbers alone, which the system may give again.

use crate::HostError;
use crate::journal::socket::peer_of;
use crate::{clock, processes};
use rustix::process::{Pid, test_kill_process};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// A process.
#[derive(Debug)]
pub struct Watched {
    pid: Pid,
    number: u32,
}

impl Watched {
    /// Looks at it.
    ///
    /// # Errors
    /// It is not there.
    pub fn of(number: u32) -> Result<Self, HostError> {
        let gone = || HostError::Io {
            verb: "watch",
            path: format!("process {number}"),
            source: std::io::ErrorKind::NotFound.into(),
        };
        let pid = i32::try_from(number).ok().and_then(Pid::from_raw).ok_or_else(gone)?;
        let watched = Self { pid, number };
        if watched.is_there() { Ok(watched) } else { Err(gone()) }
    }

    /// Comes back when it ended.
    pub fn wait(&self) {
        while self.is_there() {
            clock::sleep(LOOK);
        }
    }

    /// Whether who connected is it, or was started by it or by one that was.
    #[must_use]
    pub fn is_above(&self, stream: &UnixStream) -> bool {
        let Ok(peer) = peer_of(stream) else { return false };
        let Ok(table) = processes::table() else { return false };
        table.ancestry(peer.pid).any(|one| one.pid == self.number) && self.is_there()
    }

    fn is_there(&self) -> bool {
        // One that we may not signal is one that lives.
        !matches!(test_kill_process(self.pid), Err(rustix::io::Errno::SRCH))
    }
}
