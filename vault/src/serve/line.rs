//! A connection of either kind: at the socket, where the system says whose it is, or by TCP on this machine, where nobody does.

use sanctum_host::journal::socket::{peer_of, read_now};
use sanctum_host::seat::Held;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

/// Where the vault listens by TCP: an address of the loopback interface, and no other.
#[derive(Debug)]
pub struct Loopback {
    listener: TcpListener,
    at: SocketAddr,
}

/// Why it does not listen there.
#[derive(Debug, thiserror::Error)]
pub enum LoopbackError {
    /// Others than this machine could reach it.
    #[error("{at} is not an address of the loopback interface")]
    Elsewhere {
        /// What was asked for.
        at: SocketAddr,
    },
    /// The system refuses.
    #[error("cannot listen at {at}")]
    Io {
        /// What was asked for.
        at: SocketAddr,
        /// Its answer.
        #[source]
        source: io::Error,
    },
}

impl Loopback {
    /// Listens there; port 0 stands for any.
    ///
    /// # Errors
    /// It is no loopback address, or somebody else's.
    pub fn at(at: SocketAddr) -> Result<Self, LoopbackError> {
        // `::ffff:127.0.0.1` is left out: one spelling is enough, and v4 clients cannot tell.
        let here = match at.ip() {
            IpAddr::V4(ip) => ip.is_loopback(),
            IpAddr::V6(ip) => ip.is_loopback(),
        };
        if !here {
            return Err(LoopbackError::Elsewhere { at });
        }
        let bound = TcpListener::bind(at).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let at = listener.local_addr()?;
            Ok(Self { listener, at })
        });
        bound.map_err(|source| LoopbackError::Io { at, source })
    }

    /// Where it listens, with the port that the system gave.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.at
    }
}

/// Gives lines.
pub(super) trait Door {
    fn next(&self) -> io::Result<Line>;
}

impl Door for UnixListener {
    fn next(&self) -> io::Result<Line> {
        self.accept().map(|(stream, _)| Line::Local(stream))
    }
}

impl Door for Loopback {
    fn next(&self) -> io::Result<Line> {
        self.listener.accept().map(|(stream, _)| Line::Tcp(stream))
    }
}

/// One connection.
pub(super) enum Line {
    Local(UnixStream),
    Tcp(TcpStream),
}

impl Line {
    /// Ready to be served, and whose it is where that can be known.
    pub(super) fn prepare(&self, patience: Duration) -> io::Result<Option<u32>> {
        match self {
            Self::Local(stream) => {
                stream.set_nonblocking(false)?;
                stream.set_write_timeout(Some(patience))?;
                Ok(Some(peer_of(stream)?.uid))
            }
            Self::Tcp(stream) => {
                stream.set_nonblocking(false)?;
                stream.set_write_timeout(Some(patience))?;
                // An answer is one write that the client waits for.
                stream.set_nodelay(true)?;
                Ok(None)
            }
        }
    }

    /// Who connected, where the system can hold it.
    pub(super) fn held(&self) -> Option<Held> {
        match self {
            Self::Local(stream) => Held::of(stream),
            Self::Tcp(_) => None,
        }
    }

    pub(super) const fn is_tcp(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    pub(super) fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Local(stream) => stream.try_clone().map(Self::Local),
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
        }
    }

    pub(super) fn read(&self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Local(stream) => (&mut &*stream).read(room),
            Self::Tcp(stream) => (&mut &*stream).read(room),
        }
    }

    /// What is there; [`io::ErrorKind::WouldBlock`] where nothing is.
    pub(super) fn read_now(&self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Local(stream) => read_now(stream, room),
            Self::Tcp(stream) => read_now(stream, room),
        }
    }

    pub(super) fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Local(stream) => (&mut &*stream).write_all(bytes),
            Self::Tcp(stream) => (&mut &*stream).write_all(bytes),
        }
    }

    pub(super) fn set_read_timeout(&self, left: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Local(stream) => stream.set_read_timeout(left),
            Self::Tcp(stream) => stream.set_read_timeout(left),
        }
    }

    pub(super) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Self::Local(stream) => stream.shutdown(how),
            Self::Tcp(stream) => stream.shutdown(how),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_listened_to() {
        for (at, here) in [
            ("127.0.0.1:0", true),
            ("[::1]:0", true),
            ("0.0.0.0:0", false),
            ("[::]:0", false),
            ("192.0.2.1:0", false),
            ("[::ffff:127.0.0.1]:0", false),
            ("[fe80::1]:0", false),
        ] {
            let bound = Loopback::at(at.parse().unwrap());
            match bound {
                Ok(bound) => assert!(here && bound.address().port() != 0, "{at}"),
                // A machine without IPv6 has no `::1`.
                Err(LoopbackError::Io { .. }) => assert!(here && at.contains("::1"), "{at}"),
                Err(LoopbackError::Elsewhere { .. }) => assert!(!here, "{at}"),
            }
        }
    }
}
