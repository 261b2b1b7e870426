//! Which interfaces of a node face which network.
//!
//! Invariant: no interface faces two networks, so that no packet meets the rules of both. Where nothing is
//! known of a machine the declared names stand; what was observed is added, since a tunnel is numbered anew
//! at each start on macOS.

use super::{ExposureError, Network};
use crate::house::House;
use crate::instance::coverage::lan_interfaces;
use crate::instance::model::{NodeType, Tailnet, VmNet};
use ipnet::Ipv4Net;
use sanctum_types::IfName;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Interfaces of one node by network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Interfaces that face the network at home.
    pub lan: BTreeSet<IfName>,
    /// Interfaces of the overlay network.
    pub tailnet: BTreeSet<IfName>,
    /// The host-only network, on the hub and on the guest.
    pub vm: Option<VmLink>,
}

/// How a node stands in the host-only network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmLink {
    /// Its interface, where that is known.
    pub interface: Option<IfName>,
    /// The subnet.
    pub subnet: Ipv4Net,
    /// The node's own address.
    pub own: Ipv4Addr,
    /// The hub's IPv6 address, where the network has one.
    pub host6: Option<Ipv6Addr>,
    /// Whether this node is the hub's end.
    pub is_hub: bool,
}

/// Finds the interfaces of the node.
///
/// # Errors
/// [`ExposureError::Lan`] where `auto` cannot be resolved, [`ExposureError::InterfaceTwice`] where an
/// interface would face two networks.
pub fn links(house: &House<'_>) -> Result<Links, ExposureError> {
    let networks = &house.instance.networks;
    let mut links =
        Links { vm: networks.vm.as_ref().and_then(|vm| vm_link(house, vm)), ..Links::default() };
    // The guest stands in the host-only network and in no other (home of its only virtual card).
    if house.node.kind != NodeType::Guest {
        let lan = lan_interfaces(house.instance, house.name, house.facts)?;
        links.lan = lan.into_iter().collect();
        links.tailnet =
            networks.tailnet.as_ref().map(|net| tailnet(house, net)).unwrap_or_default();
    }
    refuse_twice(house, &links)?;
    Ok(links)
}

fn tailnet(house: &House<'_>, net: &Tailnet) -> BTreeSet<IfName> {
    let seen = with_address(house, |address| net.subnet.contains(&address));
    seen.chain([&net.interface]).cloned().collect()
}

fn vm_link(house: &House<'_>, net: &VmNet) -> Option<VmLink> {
    let link = |interface, own, is_hub| VmLink {
        interface,
        subnet: net.subnet,
        own,
        host6: net.host6,
        is_hub,
    };
    match house.node.kind {
        NodeType::Hub => Some(link(Some(net.bridge.clone()), net.host, true)),
        NodeType::Guest => {
            let seen = with_address(house, |address| net.subnet.contains(&address)).next();
            Some(link(seen.cloned(), net.guest, false))
        }
        NodeType::Satellite | NodeType::Mobile => None,
    }
}

fn with_address<'a>(
    house: &House<'a>,
    wanted: impl Fn(Ipv4Addr) -> bool + 'a,
) -> impl Iterator<Item = &'a IfName> {
    house.facts.interfaces.iter().filter_map(move |interface| {
        let mut addresses = interface.addresses.iter();
        let hit = addresses.any(|address| matches!(address, IpAddr::V4(v4) if wanted(*v4)));
        hit.then_some(&interface.name)
    })
}

fn refuse_twice(house: &House<'_>, links: &Links) -> Result<(), ExposureError> {
    let lan = links.lan.iter().map(|name| (name, Network::Lan));
    let tailnet = links.tailnet.iter().map(|name| (name, Network::Tailnet));
    let vm = links.vm.iter().filter_map(|vm| vm.interface.as_ref()).map(|name| (name, Network::Vm));
    let mut seen: BTreeMap<&IfName, Network> = BTreeMap::new();
    for (interface, second) in lan.chain(tailnet).chain(vm) {
        if let Some(first) = seen.insert(interface, second) {
            return Err(ExposureError::InterfaceTwice {
                node: house.name.clone(),
                interface: interface.clone(),
                first,
                second,
            });
        }
    }
    Ok(())
}
