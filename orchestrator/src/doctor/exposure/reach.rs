//! Which network of the house an address belongs to, and what the registry says of it.
//!
//! Pure over what is known of the machine before anything is looked at.

use crate::doctor::looked::{Ground, Seen, unseen};
use crate::exposure::{Exposure, Links, Network, links};
use crate::house::Interface;
use crate::instance::model::Transport;
use sanctum_host::sockets;
use std::net::IpAddr;

/// The table of intent beside the machine's interfaces.
#[derive(Clone, Debug)]
pub struct Ways {
    /// From which network each port may be reached.
    pub exposure: Exposure,
    links: Links,
    interfaces: Vec<Interface>,
}

impl Ways {
    /// Of a node.
    pub fn of(ground: &Ground) -> Seen<Self> {
        let failed = |error: &dyn std::error::Error| unseen("what the registry opens", error);
        let exposure =
            Exposure::of(&ground.instance, &ground.node).map_err(|error| failed(&error))?;
        let links = links(&ground.house()?).map_err(|error| failed(&error))?;
        Ok(Self { exposure, links, interfaces: ground.facts.interfaces.clone() })
    }

    /// The network that one of this machine's addresses belongs to; none where no declared network is.
    #[must_use]
    pub fn network(&self, ip: IpAddr) -> Option<Network> {
        let ip = ip.to_canonical();
        if ip.is_loopback() {
            return Some(Network::Loopback);
        }
        let vm = self.links.vm.as_ref().filter(|vm| match ip {
            IpAddr::V4(v4) => vm.subnet.contains(&v4),
            IpAddr::V6(v6) => vm.host6 == Some(v6),
        });
        if vm.is_some() {
            return Some(Network::Vm);
        }
        let has = |one: &&Interface| one.addresses.iter().any(|own| own.to_canonical() == ip);
        let on = &self.interfaces.iter().find(has)?.name;
        let of_vm = self.links.vm.as_ref().and_then(|vm| vm.interface.as_ref()) == Some(on);
        match () {
            () if of_vm => Some(Network::Vm),
            () if self.links.tailnet.contains(on) => Some(Network::Tailnet),
            () if self.links.lan.contains(on) => Some(Network::Lan),
            () => None,
        }
    }
}

/// Whether both words mean one transport.
#[must_use]
pub const fn same(host: sockets::Transport, declared: Transport) -> bool {
    matches!(
        (host, declared),
        (sockets::Transport::Tcp, Transport::Tcp) | (sockets::Transport::Udp, Transport::Udp)
    )
}

/// The declared form of a transport.
#[must_use]
pub const fn declared(host: sockets::Transport) -> Transport {
    match host {
        sockets::Transport::Tcp => Transport::Tcp,
        sockets::Transport::Udp => Transport::Udp,
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    use crate::doctor::looked::Looked;
    use sanctum_host::sockets::{Listener, Owner, Owners, Transport};

    /// A listener as `tcp 127.0.0.1:4040`, held by process 400.
    pub(crate) fn listener(text: &str, program: &str) -> Listener {
        let (transport, at) = text.split_once(' ').unwrap();
        let at: std::net::SocketAddr = at.parse().unwrap();
        let owner = Owner {
            pid: 400,
            name: program.rsplit('/').next().unwrap().to_owned(),
            program: Some(program.to_owned()),
        };
        Listener {
            transport: if transport == "udp" { Transport::Udp } else { Transport::Tcp },
            address: at.ip(),
            port: at.port(),
            uid: Some(501),
            owners: Owners::Seen([owner].into()),
        }
    }

    impl Looked {
        /// With something that listens.
        pub(crate) fn with_listener(mut self, text: &str, program: &str) -> Self {
            self.listeners.as_mut().unwrap().all.push(listener(text, program));
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_addresses() {
        let looked = crate::doctor::fixture::plain_hub();
        let ways = Ways::of(&looked.ground).unwrap();
        for (ip, expected) in [
            ("127.0.0.53", Some(Network::Loopback)),
            ("::1", Some(Network::Loopback)),
            ("::ffff:127.0.0.1", Some(Network::Loopback)),
            ("10.10.10.1", Some(Network::Vm)),
            ("192.168.1.10", Some(Network::Lan)),
            ("192.168.1.11", None),
            ("203.0.113.1", None),
        ] {
            assert_eq!(ways.network(ip.parse().unwrap()), expected, "{ip}");
        }
    }
}
