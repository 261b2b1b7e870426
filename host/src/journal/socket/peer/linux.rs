//! Who is at the other end of a socket, as Linux says (unix(7), `SO_PEERCRED`).

use nix::sys::socket::sockopt::PeerCredentials;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, getsockopt, socket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// The longest path of a socket: `sun_path` has 108 bytes, the last is zero (unix(7)).
pub(super) const MAX_PATH: usize = 107;

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
    let told = getsockopt(stream, PeerCredentials)?;
    Ok(Peer { uid: told.uid(), pid: u32::try_from(told.pid()).unwrap_or(0) })
}

/// A socket that no child inherits.
pub(super) fn new_socket() -> std::io::Result<OwnedFd> {
    Ok(socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?)
}
