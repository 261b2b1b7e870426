//! What the anchor must decide, for whole flows: read from the table of intent and never from a rule.
//!
//! Invariant: every interface of the house is asked both ways with both transports and families, and so are
//! loopback and an interface that the house does not name, on which everything stays as it was. On the bridge
//! the guest is asked about the hub, about the world beyond the hub, and under a stranger's address.

use super::PfAnchorError;
use crate::exposure::{Exposure, Links, Network, PortGroup, VmLink, links};
use crate::house::House;
use crate::instance::model::Transport;
use crate::pf::{Direction, Family, Flow, Intent, PortSet, Proto};
use sanctum_types::IfName;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Nobody's addresses (RFC 5737 and RFC 3849): they stand for the world beyond the hub.
const BEYOND4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(203, 0, 113, 1), Ipv4Addr::new(198, 51, 100, 1), Ipv4Addr::new(192, 0, 2, 1)];
const BEYOND6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1),
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2),
];

/// What to prove of the anchor of a macOS node, in a fixed order.
///
/// # Errors
/// [`PfAnchorError::Exposure`] where the registry or the interfaces contradict themselves.
pub fn intents(house: &House<'_>) -> Result<Vec<Intent>, PfAnchorError> {
    let exposure = Exposure::of(house.instance, house.name)?;
    let links = links(house)?;
    let mut all = Vec::new();
    for (interface, network) in plain(&links) {
        for (transport, family) in kinds() {
            let closed = network.map(|network| exposure.closed_to(network)).unwrap_or_default();
            let blocked = ports(&closed, transport);
            all.push(intent(&interface, Direction::In, (transport, family), (None, None), blocked));
        }
    }
    if let Some((vm, bridge)) = links.vm.as_ref().filter(|vm| vm.is_hub).and_then(named) {
        all.extend(on_bridge(&exposure, house, vm, bridge));
    }
    // No policy is about what leaves: not on any of these interfaces.
    let mut asked: Vec<IfName> = all.iter().map(|intent| intent.flow.on.clone()).collect();
    asked.dedup();
    for interface in asked {
        for kind in kinds() {
            let none = PortSet::default();
            all.push(intent(&interface, Direction::Out, kind, (None, None), none));
        }
    }
    Ok(all)
}

fn named(vm: &VmLink) -> Option<(&VmLink, &IfName)> {
    vm.interface.as_ref().map(|interface| (vm, interface))
}

fn kinds() -> impl Iterator<Item = (Transport, Family)> {
    let both = |transport| [(transport, Family::V4), (transport, Family::V6)];
    [Transport::Tcp, Transport::Udp].into_iter().flat_map(both)
}

/// Interfaces on which addresses do not matter, with the network they face.
fn plain(links: &Links) -> Vec<(IfName, Option<Network>)> {
    let lan = links.lan.iter().map(|name| (name.clone(), Some(Network::Lan)));
    let tailnet = links.tailnet.iter().map(|name| (name.clone(), Some(Network::Tailnet)));
    let mut all: Vec<_> = lan.chain(tailnet).collect();
    let taken = |name: &IfName| {
        let bridge = links.vm.as_ref().and_then(|vm| vm.interface.as_ref());
        links.lan.contains(name) || links.tailnet.contains(name) || bridge == Some(name)
    };
    // `other0` and on: one of them is free and stands for all interfaces that the house does not name.
    let others = (0_u16..=u16::MAX).filter_map(|number| IfName::new(format!("other{number}")).ok());
    let other = others.into_iter().find(|name| !taken(name));
    let loopback = IfName::new("lo0").ok().filter(|name| !taken(name));
    all.extend(other.into_iter().chain(loopback).map(|name| (name, None)));
    all
}

fn on_bridge(exposure: &Exposure, house: &House<'_>, vm: &VmLink, bridge: &IfName) -> Vec<Intent> {
    let open = exposure.open_to(Network::Vm);
    let guest = house.instance.networks.vm.as_ref().map_or(vm.own, |net| net.guest);
    let (guest, hub) = (IpAddr::V4(guest), IpAddr::V4(vm.own));
    // A house may be built of documentation addresses itself.
    let beyond4 = BEYOND4.into_iter().find(|address| !vm.subnet.contains(address));
    let beyond = beyond4.map_or(hub, IpAddr::V4);
    let beyond6 = BEYOND6.into_iter().find(|address| Some(*address) != vm.host6);
    let lan = IpAddr::V4(house.instance.networks.lan.subnet.network());
    let mut all = Vec::new();
    for transport in [Transport::Tcp, Transport::Udp] {
        let held = || ports(&open, transport).complement();
        let v4 = [
            ((guest, hub), held()),
            ((guest, beyond), PortSet::all()),
            ((guest, lan), PortSet::all()),
            ((beyond, hub), PortSet::all()),
        ];
        for ((from, to), blocked) in v4 {
            let flow = (Some(from), Some(to));
            all.push(intent(bridge, Direction::In, (transport, Family::V4), flow, blocked));
        }
        let mut v6 = vec![(beyond6.map(IpAddr::V6), PortSet::all())];
        match vm.host6 {
            Some(host6) => v6.push((Some(IpAddr::V6(host6)), held())),
            None => v6.push((None, PortSet::all())),
        }
        for (to, blocked) in v6 {
            all.push(intent(bridge, Direction::In, (transport, Family::V6), (None, to), blocked));
        }
    }
    all
}

fn ports(groups: &[PortGroup], transport: Transport) -> PortSet {
    let of = groups.iter().filter(|group| group.transport == transport);
    PortSet::from_ports(of.flat_map(|group| group.ports.iter().copied()))
}

fn intent(
    on: &IfName,
    direction: Direction,
    (transport, family): (Transport, Family),
    (from, to): (Option<IpAddr>, Option<IpAddr>),
    blocked: PortSet,
) -> Intent {
    let proto = match transport {
        Transport::Tcp => Proto::Tcp,
        Transport::Udp => Proto::Udp,
    };
    Intent { flow: Flow { on: on.clone(), direction, proto, family, from, to }, blocked }
}
