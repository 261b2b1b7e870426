//! Held by pidfds (pidfd_open(2)); parents are those of `/proc/PID/stat` (proc(5)).

use crate::HostError;
use crate::journal::socket::peer_of;
use crate::processes::proc;
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::PeerPidfd;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// More than any chain of real processes.
const DEPTH: usize = 256;

/// A process.
#[derive(Debug)]
pub struct Watched {
    pid: u32,
    fd: OwnedFd,
}

impl Watched {
    /// Holds it.
    ///
    /// # Errors
    /// It is not there.
    pub fn of(pid: u32) -> Result<Self, HostError> {
        opened(pid).map(|fd| Self { pid, fd }).map_err(|source| HostError::Io {
            verb: "watch",
            path: format!("process {pid}"),
            source,
        })
    }

    /// Comes back when it ended.
    pub fn wait(&self) {
        let mut ended = [PollFd::new(&self.fd, PollFlags::IN)];
        while !matches!(poll(&mut ended, None), Ok(1..)) {}
    }

    /// Whether who connected is it, or was started by it or by one that was.
    #[must_use]
    pub fn is_above(&self, stream: &UnixStream) -> bool {
        let Ok(peer) = peer_of(stream) else { return false };
        // Before Linux 6.5 the socket does not hold who connected; then its number is held from here on.
        let held = getsockopt(stream, PeerPidfd).ok().or_else(|| opened(peer.pid).ok());
        let Some(held) = held else { return false };
        let mut pid = peer.pid;
        for _ in 0..DEPTH {
            if pid == self.pid {
                // What was read is theirs only if both are there now.
                return is_there(&held) && is_there(&self.fd);
            }
            let Ok(Some(stat)) = proc::stat(pid) else { return false };
            if stat.parent == 0 {
                return false;
            }
            pid = stat.parent;
        }
        false
    }
}

fn opened(pid: u32) -> std::io::Result<OwnedFd> {
    let pid =
        i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(std::io::ErrorKind::NotFound)?;
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

fn is_there(fd: &OwnedFd) -> bool {
    matches!(poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&Timespec::default())), Ok(0))
}
