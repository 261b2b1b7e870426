//! Who is at the other end of a socket, as macOS says (getpeereid(3), unix(4) `LOCAL_PEERPID`).

use nix::sys::socket::sockopt::LocalPeerPid;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, getsockopt, socket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// The longest path of a socket: `sun_path` has 104 bytes, the last is zero (unix(4)).
pub(super) const MAX_PATH: usize = 103;

/// Who connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its effective user when it connected.
    pub uid: u32,
    /// Its process; it may have handed the socket on since.
    pub pid: u32,
}

/// Who it is.
///
/// # Errors
/// The system does not say.
pub fn of(stream: &UnixStream) -> std::io::Result<Peer> {
    let (uid, _) = nix::unistd::getpeereid(stream)?;
    let pid = getsockopt(stream, LocalPeerPid)?;
    Ok(Peer { uid: uid.as_raw(), pid: u32::try_from(pid).unwrap_or(0) })
}

/// A socket that no child inherits: macOS has no flag for it at creation (socket(2)).
pub(super) fn new_socket() -> std::io::Result<OwnedFd> {
    let made = socket(AddressFamily::Unix, SockType::Stream, SockFlag::empty(), None)?;
    rustix::io::fcntl_setfd(&made, rustix::io::FdFlags::CLOEXEC)?;
    Ok(made)
}
