//! Names of sockets on macOS: paths. launchd sends no such name; another supervisor may.

use std::os::unix::net::SocketAddr;

pub(super) fn of(socket: &str) -> std::io::Result<SocketAddr> {
    SocketAddr::from_pathname(socket)
}
