//! Which interfaces of a machine face its LAN, and which active ones no declared network covers.
//!
//! `auto` is the default route's interface at the time of the plan: nothing is guessed, and a machine without a
//! default route must name its interfaces.

use super::model::{Instance, Interfaces, NodeType};
use crate::house::Facts;
use sanctum_types::{IfName, NodeName};
use std::net::IpAddr;

/// Why the interfaces of a LAN are not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoverageError {
    /// The node is not declared.
    #[error("node `{0}` is not declared")]
    UnknownNode(NodeName),
    /// `auto` on a machine without a default route.
    #[error("node `{0}` has no default route, so `auto` names no LAN interface")]
    NoDefaultRoute(NodeName),
}

/// An active interface that nothing covers: what listens on every address is reachable there unfiltered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uncovered {
    /// The interface.
    pub interface: IfName,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// Interfaces of `node` that face its LAN, in the order of the file and each once.
pub fn lan_interfaces(
    instance: &Instance,
    node: &NodeName,
    facts: &Facts,
) -> Result<Vec<IfName>, CoverageError> {
    let declared =
        instance.nodes.get(node).ok_or_else(|| CoverageError::UnknownNode(node.clone()))?;
    let interfaces = declared.lan_interfaces.as_ref().unwrap_or(&instance.networks.lan.interface);
    match interfaces {
        Interfaces::Auto(_) => {
            let route = facts.default_route.clone();
            route.map(|name| vec![name]).ok_or_else(|| CoverageError::NoDefaultRoute(node.clone()))
        }
        Interfaces::One(name) => Ok(vec![name.clone()]),
        Interfaces::Many(names) => {
            let mut once: Vec<IfName> = Vec::new();
            for name in names {
                if !once.contains(name) {
                    once.push(name.clone());
                }
            }
            Ok(once)
        }
    }
}

/// Active interfaces with an address that is neither loopback, LAN, overlay nor the host-only network's, by name.
#[must_use]
pub fn uncovered_interfaces(instance: &Instance, node: &NodeName, facts: &Facts) -> Vec<Uncovered> {
    let lan = lan_interfaces(instance, node, facts).unwrap_or_default();
    let kind = instance.nodes.get(node).map(|n| n.kind);
    let networks = &instance.networks;
    let in_vm = |address: &IpAddr| match (&networks.vm, address, kind) {
        (Some(vm), IpAddr::V4(v4), Some(NodeType::Hub | NodeType::Guest)) => vm.subnet.contains(v4),
        _ => false,
    };
    let covered = |name: &IfName, addresses: &[IpAddr]| {
        let vm = kind == Some(NodeType::Hub)
            && networks.vm.as_ref().is_some_and(|vm| vm.bridge == *name);
        lan.contains(name)
            || vm
            || networks.tailnet.as_ref().is_some_and(|tailnet| tailnet.interface == *name)
            || addresses.iter().any(in_vm)
    };
    let mut found: Vec<Uncovered> = facts
        .interfaces
        .iter()
        .filter(|interface| {
            interface.active && !interface.addresses.iter().all(IpAddr::is_loopback)
        })
        .filter(|interface| !covered(&interface.name, &interface.addresses))
        .map(|i| Uncovered { interface: i.name.clone(), addresses: i.addresses.clone() })
        .collect();
    found.sort();
    found
}
