//! The journal's socket: services hand their events in, and the journal's service says who they are.
//!
//! Owns the frame ([`wire`]), the server's end ([`Server`]) and the client's ([`JournalClient`]). Invariant: `actor` comes
//! from the system's word for the peer, never from the peer. What goes out of the socket is a word of a short list:
//! never a path, never a cause. Deliberately absent: which accounts a house has.

pub(crate) mod bound;
mod client;
#[cfg_attr(target_os = "linux", path = "socket/peer/linux.rs")]
#[cfg_attr(target_os = "macos", path = "socket/peer/macos.rs")]
pub(crate) mod peer;
mod server;
mod talk;
pub mod wire;

pub use bound::trusted;
pub use bound::{Bound, Gate};
pub use client::{ClientError, JournalClient, health};
pub use peer::{Peer, of as peer_of};
pub use server::{MAX_CONNECTIONS, Server, Who};

use super::JournalError;
use std::os::fd::AsFd;

/// Reads what a socket that blocks has at this moment, without waiting (recv(2), `MSG_DONTWAIT`).
///
/// # Errors
/// `WouldBlock` where nothing is there; otherwise what the system says of the socket.
pub fn read_now(socket: impl AsFd, room: &mut [u8]) -> std::io::Result<usize> {
    use rustix::net::{RecvFlags, recv};
    let (count, _) = recv(socket, room, RecvFlags::DONTWAIT)?;
    Ok(count)
}

/// Why the journal's socket is not served.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// A file operation failed.
    #[error("cannot {verb} {path}")]
    Io {
        /// What was tried, as an infinitive.
        verb: &'static str,
        /// On what.
        path: String,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// The path is longer than an address of a socket can be.
    #[error("{path} is too long for a socket: at most {most} bytes")]
    TooLong {
        /// The path.
        path: String,
        /// How long it may be.
        most: usize,
    },
    /// What is at the path, or its directory, is not to be trusted.
    #[error("refused to listen at {path}: {why}")]
    Untrusted {
        /// The path.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Another one serves it.
    #[error("somebody else serves {path}")]
    Served {
        /// The path.
        path: String,
    },
    /// The journal stopped: nobody knows what its disk holds.
    #[error("the journal's stream can no longer be written to")]
    Stopped {
        /// Its last answer.
        #[source]
        source: JournalError,
    },
}

#[cfg(test)]
mod tests;
