//! Which ports of this machine's loopback accept a connection.
//!
//! All are tried at once, because a port that drops packets would otherwise hold the others up. A connection is closed
//! unread: that something listens is all this says.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// A connection over loopback that takes longer than this is not accepted by anybody who is well.
const PATIENCE: Duration = Duration::from_millis(40);

/// Whether somebody listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// A connection was accepted.
    Listens,
    /// It was refused.
    Refuses,
    /// Neither, in time.
    Silent,
}

/// Tries every port at once.
#[must_use]
pub fn look(ports: &BTreeSet<u16>) -> BTreeMap<u16, Port> {
    std::thread::scope(|scope| {
        let tries: Vec<_> =
            ports.iter().map(|port| (*port, scope.spawn(move || one(*port)))).collect();
        tries.into_iter().map(|(port, seen)| (port, seen.join().unwrap_or(Port::Silent))).collect()
    })
}

fn one(port: u16) -> Port {
    let both: [SocketAddr; 2] =
        [(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()];
    let mut seen = Port::Refuses;
    for address in both {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(_) => return Port::Listens,
            // A machine without IPv6 has no such address: that is a refusal too.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionRefused
                        | ErrorKind::AddrNotAvailable
                        | ErrorKind::NetworkUnreachable
                ) => {}
            Err(_) => seen = Port::Silent,
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn who_listens_is_told_from_who_refuses() {
        let open = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let listens = open.local_addr().unwrap().port();
        let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let refuses = closed.local_addr().unwrap().port();
        drop(closed);
        let seen = look(&[listens, refuses].into());
        assert_eq!(seen, [(listens, Port::Listens), (refuses, Port::Refuses)].into());
    }
}
