//! The lowest rung: a port that accepts a connection.

use crate::supervise::Seen;
use std::io::{Error, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Green when one of the addresses accepts. The second is only tried when the first refuses, which it does at
/// once; the first answer counts, as a machine without IPv6 has no second address.
pub(super) fn knock(addresses: &[SocketAddr], limit: Duration) -> (Seen, String) {
    let mut first = None;
    for address in addresses {
        match TcpStream::connect_timeout(address, limit) {
            Ok(_) => return (Seen::Green, "the port accepts".to_owned()),
            Err(error) => {
                first.get_or_insert(meaning(&error));
                if error.kind() != ErrorKind::ConnectionRefused {
                    break;
                }
            }
        }
    }
    first.unwrap_or_else(|| (Seen::Unknown, "there is no address to ask".to_owned()))
}

/// What an error says of the service. Only answers of the other side, and its silence, are bad news.
pub(super) fn meaning(error: &Error) -> (Seen, String) {
    match error.kind() {
        ErrorKind::ConnectionRefused => (Seen::Red, "the connection was refused".to_owned()),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => {
            (Seen::Red, "there was no answer in time".to_owned())
        }
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => (Seen::Red, "the connection was cut off".to_owned()),
        // Out of files or ports, denied by the system: our side's trouble.
        kind => (Seen::Unknown, format!("the look could not be made: {kind}")),
    }
}
