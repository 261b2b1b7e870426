//! What the anchor must decide, port by port: read from the table of intent and never from a rule.
//!
//! Invariant: the ranges of one [`PortIntent`] are sorted, do not touch with equal verdicts, and cover all
//! 65,536 ports. An interface that no network of the house is on stays as it was: everything passes.

use super::PfAnchorError;
use crate::exposure::{Exposure, Links, Network, links};
use crate::house::House;
use crate::instance::model::Transport;
use sanctum_types::IfName;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// The intent for one interface, transport and family, for packets that come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortIntent {
    /// Where the packet comes in.
    pub interface: IfName,
    /// The network that the interface faces; none where the house says nothing of it.
    pub network: Option<Network>,
    /// Transport.
    pub transport: Transport,
    /// Family.
    pub family: Family,
    /// Destination ports, and whether they pass.
    pub ports: Vec<(RangeInclusive<u16>, bool)>,
}

/// The intent for every interface of the node, and for one that nothing covers.
///
/// # Errors
/// [`PfAnchorError::Exposure`] where the registry or the interfaces contradict themselves.
pub fn intents(house: &House<'_>) -> Result<Vec<PortIntent>, PfAnchorError> {
    let exposure = Exposure::of(house.instance, house.name)?;
    let links = links(house)?;
    let mut all = Vec::new();
    for (interface, network) in interfaces(&links) {
        for transport in [Transport::Tcp, Transport::Udp] {
            for family in [Family::V4, Family::V6] {
                let has_address =
                    family == Family::V4 || links.vm.as_ref().is_some_and(|vm| vm.host6.is_some());
                let passes = |port: u16| match network {
                    None | Some(Network::Loopback) => true,
                    Some(Network::Vm) => {
                        has_address && exposure.opens(Network::Vm, transport, port)
                    }
                    Some(network @ (Network::Lan | Network::Tailnet)) => {
                        exposure.opens(network, transport, port)
                            || !exposure.declares(transport, port)
                    }
                };
                let interface = interface.clone();
                all.push(PortIntent {
                    interface,
                    network,
                    transport,
                    family,
                    ports: ranges(&exposure, passes),
                });
            }
        }
    }
    Ok(all)
}

fn interfaces(links: &Links) -> Vec<(IfName, Option<Network>)> {
    let lan = links.lan.iter().map(|name| (name.clone(), Some(Network::Lan)));
    let tailnet = links.tailnet.iter().map(|name| (name.clone(), Some(Network::Tailnet)));
    let vm =
        links.vm.iter().filter_map(|vm| vm.interface.clone()).map(|name| (name, Some(Network::Vm)));
    let mut all: Vec<_> = lan.chain(tailnet).chain(vm).collect();
    // The first of these names that is free stands for all interfaces that the house does not name.
    let free = (0..=all.len()).filter_map(|number| IfName::new(format!("other{number}")).ok());
    let uncovered = free.into_iter().find(|name| all.iter().all(|(taken, _)| taken != name));
    all.extend(uncovered.map(|name| (name, None)));
    all
}

/// Equal neighbours become one range. Verdicts change only at a named port and behind it.
fn ranges(exposure: &Exposure, passes: impl Fn(u16) -> bool) -> Vec<(RangeInclusive<u16>, bool)> {
    let named = exposure.iter().map(|(_, port, _)| port);
    let starts: BTreeSet<u16> =
        named.flat_map(|port| [Some(port), port.checked_add(1)]).flatten().chain([0]).collect();
    let mut ranges: Vec<(RangeInclusive<u16>, bool)> = Vec::new();
    for start in starts {
        let verdict = passes(start);
        match ranges.last_mut() {
            Some((range, same)) if *same == verdict => *range = *range.start()..=u16::MAX,
            Some((range, _)) => {
                *range = *range.start()..=start.saturating_sub(1);
                ranges.push((start..=u16::MAX, verdict));
            }
            None => ranges.push((start..=u16::MAX, verdict)),
        }
    }
    ranges
}
