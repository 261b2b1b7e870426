//! From which networks each port of a node may be reached: the table of intent that every packet filter of
//! the house is rendered from, and proved against.
//!
//! Invariant: a port that the registry names is open to exactly the networks of its bind policy; what an
//! unnamed port means differs by filter and is said in docs/decisions/0004-exposure-semantics.md.
//! Deliberately absent: interfaces (see [`links()`]) and the text of any rule.

pub mod links;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

pub use links::{Links, VmLink, links};

use crate::instance::Instance;
use crate::instance::coverage::CoverageError;
use crate::instance::model::{Bind, Reach, Transport};
use sanctum_types::{IfName, NodeName, ServiceName};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Where a packet comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Network {
    /// The machine itself; no filter of ours looks at it.
    Loopback,
    /// The host-only network of hub and guest.
    Vm,
    /// The overlay network.
    Tailnet,
    /// The network at home.
    Lan,
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loopback => "loopback",
            Self::Vm => "vm",
            Self::Tailnet => "tailnet",
            Self::Lan => "lan",
        })
    }
}

/// What listens on a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Listener {
    /// The ssh server, declared under `ssh`.
    Ssh,
    /// A service of the registry.
    Service(ServiceName),
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ssh => f.write_str("ssh"),
            Self::Service(name) => write!(f, "{name}"),
        }
    }
}

/// One port of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    /// Who listens on it.
    pub by: Listener,
    /// Networks from which it may be reached; always holds [`Network::Loopback`].
    pub from: BTreeSet<Network>,
}

/// Ports of one listener that share a transport, sorted; one rule of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortGroup {
    /// Who listens on them.
    pub by: Listener,
    /// Their transport.
    pub transport: Transport,
    /// Their numbers; never empty.
    pub ports: Vec<u16>,
}

/// Why no table could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExposureError {
    /// Two listeners of one node want one port.
    #[error("{transport} port {port} of {node} belongs to both `{first}` and `{second}`")]
    PortTwice {
        /// The node.
        node: NodeName,
        /// The port number.
        port: u16,
        /// `tcp` or `udp`.
        transport: &'static str,
        /// The listener that had it first.
        first: Listener,
        /// The listener that wants it as well.
        second: Listener,
    },
    /// The interfaces of the network at home are not known.
    #[error(transparent)]
    Lan(#[from] CoverageError),
    /// One interface would face two networks with different rules.
    #[error("interface {interface} of {node} is named for both {first} and {second}")]
    InterfaceTwice {
        /// The node.
        node: NodeName,
        /// The interface.
        interface: IfName,
        /// The network that it was named for first.
        first: Network,
        /// The other network.
        second: Network,
    },
}

/// The table of intent of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    ports: BTreeMap<(Transport, u16), Exposed>,
}

impl Exposure {
    /// Reads the registry and the ssh policy for one node.
    ///
    /// A service that is switched off keeps its ports closed beyond loopback, because what used to run it may
    /// still be up; an enabled service takes such a port over.
    ///
    /// # Errors
    /// [`ExposureError::PortTwice`] where two enabled listeners want one port.
    pub fn of(instance: &Instance, node: &NodeName) -> Result<Self, ExposureError> {
        let mut table = Self::default();
        let ssh = (Transport::Tcp, instance.ssh.port.get());
        let from = instance.ssh.reachable_from.iter().map(|reach| network(*reach));
        table.insert(node, ssh, Exposed { by: Listener::Ssh, from: with_loopback(from) })?;
        let here = || instance.services.iter().filter(|(_, service)| service.node == *node);
        for (name, service) in here().filter(|(_, service)| service.enabled) {
            let from = with_loopback(networks(service.bind).iter().copied());
            for (port, transport) in service.ports.iter().map(|spec| spec.get()) {
                let by = Listener::Service(name.clone());
                table.insert(node, (transport, port), Exposed { by, from: from.clone() })?;
            }
        }
        for (name, service) in here().filter(|(_, service)| !service.enabled) {
            for (port, transport) in service.ports.iter().map(|spec| spec.get()) {
                let by = Listener::Service(name.clone());
                let closed = Exposed { by, from: with_loopback(std::iter::empty()) };
                table.ports.entry((transport, port)).or_insert(closed);
            }
        }
        Ok(table)
    }

    fn insert(
        &mut self,
        node: &NodeName,
        (transport, port): (Transport, u16),
        exposed: Exposed,
    ) -> Result<(), ExposureError> {
        match self.ports.get(&(transport, port)) {
            Some(first) if first.by != exposed.by => Err(ExposureError::PortTwice {
                node: node.clone(),
                port,
                transport: word(transport),
                first: first.by.clone(),
                second: exposed.by,
            }),
            _ => {
                self.ports.insert((transport, port), exposed);
                Ok(())
            }
        }
    }

    /// Every port of the table, by transport and number.
    pub fn iter(&self) -> impl Iterator<Item = (Transport, u16, &Exposed)> {
        self.ports.iter().map(|((transport, port), exposed)| (*transport, *port, exposed))
    }

    /// Whether the registry names the port at all.
    #[must_use]
    pub fn declares(&self, transport: Transport, port: u16) -> bool {
        self.ports.contains_key(&(transport, port))
    }

    /// Whether the registry opens the port to that network; an unnamed port is open to none.
    #[must_use]
    pub fn opens(&self, network: Network, transport: Transport, port: u16) -> bool {
        self.ports.get(&(transport, port)).is_some_and(|exposed| exposed.from.contains(&network))
    }

    /// Named ports that are open to the network, one group for each listener and transport.
    #[must_use]
    pub fn open_to(&self, network: Network) -> Vec<PortGroup> {
        self.groups(|exposed| exposed.from.contains(&network))
    }

    /// Named ports that are closed to the network, one group for each listener and transport.
    #[must_use]
    pub fn closed_to(&self, network: Network) -> Vec<PortGroup> {
        self.groups(|exposed| !exposed.from.contains(&network))
    }

    fn groups(&self, belongs: impl Fn(&Exposed) -> bool) -> Vec<PortGroup> {
        let mut groups: BTreeMap<(&Listener, Transport), Vec<u16>> = BTreeMap::new();
        for (transport, port, exposed) in self.iter().filter(|(_, _, exposed)| belongs(exposed)) {
            groups.entry((&exposed.by, transport)).or_default().push(port);
        }
        groups
            .into_iter()
            .map(|((by, transport), ports)| PortGroup { by: by.clone(), transport, ports })
            .collect()
    }
}

/// The word that pf and nft use for a transport.
#[must_use]
pub const fn word(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    }
}

const fn networks(bind: Bind) -> &'static [Network] {
    match bind {
        Bind::Loopback => &[],
        Bind::LoopbackVm => &[Network::Vm],
        Bind::Tailnet => &[Network::Tailnet],
        Bind::Lan => &[Network::Lan],
    }
}

const fn network(reach: Reach) -> Network {
    match reach {
        Reach::Lan => Network::Lan,
        Reach::Tailnet => Network::Tailnet,
        Reach::Vm => Network::Vm,
    }
}

fn with_loopback(from: impl Iterator<Item = Network>) -> BTreeSet<Network> {
    from.chain([Network::Loopback]).collect()
}
