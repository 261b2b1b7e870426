//! The live socket table: every TCP listener and every bound UDP socket, with who holds it.
//!
//! Invariant: an owner that this account may not see is [`Owners::CouldNotSee`], never nobody; and a table that
//! other accounts' sockets may be missing from says so. Parsing is pure and beside. Deliberately absent:
//! connections, sockets of other network namespaces, and any opinion on what may listen.

pub mod lsof;
pub mod proc_net;

#[cfg(not(target_os = "macos"))]
#[path = "sockets/linux.rs"]
mod look;
#[cfg(target_os = "macos")]
#[path = "sockets/macos.rs"]
mod look;

use crate::HostError;
use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// The transport of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

/// One process that holds a socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Its number.
    pub pid: u32,
    /// Its name, as the system shortens it.
    pub name: String,
    /// The path of its executable, where this account may see it.
    pub program: Option<String>,
}

/// Who holds a socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owners {
    /// These; never empty.
    Seen(BTreeSet<Owner>),
    /// All processes were looked at and none holds it: the kernel does, or a process elsewhere.
    Nobody,
    /// There are processes whose files this account may not see.
    CouldNotSee,
}

/// One TCP listener or bound UDP socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listener {
    /// Its transport.
    pub transport: Transport,
    /// The address that it is bound to; `0.0.0.0` and `::` are all of them. Whether `::` takes IPv4 as well is
    /// the socket's own option, which no table shows.
    pub address: IpAddr,
    /// Its port, from 1.
    pub port: u16,
    /// The account that made it.
    pub uid: Option<u32>,
    /// Who holds it.
    pub owners: Owners,
}

impl Listener {
    /// Address and port.
    #[must_use]
    pub const fn at(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }

    /// Executables of its owners that are visible.
    pub fn programs(&self) -> impl Iterator<Item = &str> {
        let seen = match &self.owners {
            Owners::Seen(owners) => Some(owners),
            Owners::Nobody | Owners::CouldNotSee => None,
        };
        seen.into_iter().flatten().filter_map(|owner| owner.program.as_deref())
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.transport, self.at())?;
        match &self.owners {
            Owners::Seen(owners) => {
                for owner in owners {
                    let what = owner.program.as_deref().unwrap_or(&owner.name);
                    write!(f, ", {what} ({})", owner.pid)?;
                }
                Ok(())
            }
            Owners::Nobody => f.write_str(", no process"),
            Owners::CouldNotSee => f.write_str(", a process of another account"),
        }
    }
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Sorted, without repetition.
    pub listeners: Vec<Listener>,
    /// Whether sockets of every account are in it; on macOS only root sees them all.
    pub complete: bool,
}

impl Table {
    /// What is bound to the port, on whatever address.
    pub fn on(&self, transport: Transport, port: u16) -> impl Iterator<Item = &Listener> {
        self.listeners.iter().filter(move |one| one.transport == transport && one.port == port)
    }
}

/// Reads the table of this machine, in this thread's network namespace.
///
/// # Errors
/// [`HostError`] where the table cannot be read, or holds a row that is not understood.
pub fn table() -> Result<Table, HostError> {
    look::table()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_says_who_holds_it() {
        let owner =
            Owner { pid: 7, name: "sshd".to_owned(), program: Some("/usr/sbin/sshd".to_owned()) };
        let mut one = Listener {
            transport: Transport::Tcp,
            address: IpAddr::from([0, 0, 0, 0]),
            port: 22,
            uid: Some(0),
            owners: Owners::Seen([owner].into()),
        };
        assert_eq!(one.to_string(), "tcp 0.0.0.0:22, /usr/sbin/sshd (7)");
        one.owners = Owners::CouldNotSee;
        assert_eq!(one.to_string(), "tcp 0.0.0.0:22, a process of another account");
        one.owners = Owners::Nobody;
        assert_eq!(one.to_string(), "tcp 0.0.0.0:22, no process");
    }

    #[test]
    fn this_machine_shows_a_listener_of_this_process() {
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let connected = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        connected.connect(udp.local_addr().unwrap()).unwrap();
        let table = table().unwrap();
        for (transport, at) in [
            (Transport::Tcp, tcp.local_addr().unwrap()),
            (Transport::Udp, udp.local_addr().unwrap()),
        ] {
            let found: Vec<&Listener> = table.on(transport, at.port()).collect();
            let [one] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!(one.at(), at);
            let Owners::Seen(owners) = &one.owners else { panic!("{one:?}") };
            assert!(owners.iter().any(|owner| owner.pid == std::process::id()), "{one}");
            assert_eq!(one.uid, Some(crate::accounts::effective_uid()));
            let me = std::env::current_exe().unwrap();
            assert!(one.programs().any(|path| std::path::Path::new(path) == me), "{one}");
        }
        let port = connected.local_addr().unwrap().port();
        assert_eq!(table.on(Transport::Udp, port).count(), 0, "a connected socket is no listener");
    }
}
