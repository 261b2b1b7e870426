//! Names of sockets on Linux, which has some that are on no disk (unix(7), abstract).

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::SocketAddr;

pub(super) fn of(socket: &str) -> std::io::Result<SocketAddr> {
    match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(socket),
    }
}
