//! The nftables ruleset of a Linux node, generated from the table of intent.
//!
//! Invariant: what the table does not open stays closed, for new connections and for ports that a container
//! engine publishes; loading the file replaces the table in one transaction. Deliberately absent: other tables,
//! which belong to whoever made them, and output, which no policy of the house is about.

#[cfg(test)]
mod tests;

use super::template::{TemplateError, fill, lockout_file};
use crate::exposure::{Exposure, ExposureError, Links, Network, PortGroup, VmLink, links, word};
use crate::house::{Artefact, House, Part, layout};
use crate::instance::model::{NodeType, Os};
use sanctum_host::Unit;
use sanctum_types::IfName;
use serde::Serialize;
use std::collections::BTreeSet;

const TEMPLATE: &str = include_str!("../../../templates/nft/sanctum.nft.hbs");

/// Why no ruleset could be rendered.
#[derive(Debug, thiserror::Error)]
pub enum NftError {
    /// The table of intent cannot be made.
    #[error("cannot tell which ports the ruleset opens")]
    Exposure(#[from] ExposureError),
    /// The template does not fit.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

#[derive(Serialize)]
struct Variables<'a> {
    node: &'a str,
    /// LAN interfaces, quoted and separated by commas; empty for none.
    lan: String,
    /// Every interface that faces a network of the house, in the same form.
    outside: String,
    doors: Vec<Door>,
}

#[derive(Serialize)]
struct Door {
    network: String,
    rules: Vec<Rule>,
}

#[derive(Clone, Serialize)]
struct Rule {
    /// Condition that a packet comes from the network and is meant for this node.
    #[serde(rename = "match")]
    matches: String,
    /// The part of it that still holds after the destination was translated.
    iif: String,
    transport: &'static str,
    ports: String,
    by: String,
}

/// Renders the ruleset of a Linux node that serves; nothing for a macOS or a mobile node.
///
/// # Errors
/// [`NftError`] where the registry or the interfaces contradict themselves.
pub fn render(house: &House<'_>) -> Result<Vec<Artefact>, NftError> {
    if house.facts.os != Os::Linux || house.node.kind == NodeType::Mobile {
        return Ok(Vec::new());
    }
    let exposure = Exposure::of(house.instance, house.name)?;
    let links = links(house)?;
    let outside = links.lan.iter().chain(&links.tailnet);
    let outside = outside.chain(links.vm.iter().filter_map(|vm| vm.interface.as_ref()));
    let variables = Variables {
        node: house.name.as_str(),
        lan: quoted(&links.lan),
        outside: quoted(outside),
        doors: doors(&exposure, &links),
    };
    let text = fill("sanctum.nft.hbs", TEMPLATE, &variables)?;
    let unit = Unit::NftTable { family: "inet".to_owned(), name: "sanctum".to_owned() };
    Ok(vec![lockout_file(house, layout::NFT_RULES, text, (Part::Nft, Some(unit)))])
}

fn quoted<'a>(interfaces: impl IntoIterator<Item = &'a IfName>) -> String {
    interfaces.into_iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

fn doors(exposure: &Exposure, links: &Links) -> Vec<Door> {
    let plain = |network: Network, interfaces: &BTreeSet<IfName>| {
        let iif = format!("iifname {{ {} }} ", quoted(interfaces));
        let matches = vec![(iif.trim_end().to_owned(), iif)];
        (!interfaces.is_empty()).then(|| door(exposure, network, &matches))
    };
    let vm = links.vm.as_ref().map(|vm| door(exposure, Network::Vm, &vm_matches(vm)));
    let lan = plain(Network::Lan, &links.lan);
    lan.into_iter().chain(plain(Network::Tailnet, &links.tailnet)).chain(vm).collect()
}

fn door(exposure: &Exposure, network: Network, matches: &[(String, String)]) -> Door {
    let rule = |group: &PortGroup, (matches, iif): &(String, String)| Rule {
        matches: matches.clone(),
        iif: iif.clone(),
        transport: word(group.transport),
        ports: group.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", "),
        by: group.by.to_string(),
    };
    let groups = exposure.open_to(network);
    let rules = groups.iter().flat_map(|group| matches.iter().map(move |each| rule(group, each)));
    Door { network: network.to_string(), rules: rules.collect() }
}

/// IPv4 by subnet, IPv6 only where the hub has an address there: the same condition as on the hub's bridge.
fn vm_matches(vm: &VmLink) -> Vec<(String, String)> {
    let iif = vm.interface.as_ref().map(|name| format!("iifname \"{name}\" ")).unwrap_or_default();
    let (subnet, own) = (vm.subnet, vm.own);
    let v4 = format!("{iif}ip saddr {subnet}");
    let mut matches = vec![(format!("{v4} ip daddr {own}"), format!("{v4} "))];
    matches.extend(vm.host6.map(|host6| {
        let v6 = format!("{iif}ip6 {} {host6}", if vm.is_hub { "daddr" } else { "saddr" });
        // Behind a translation the hub's own address is gone; its interface is enough there.
        (v6.clone(), if vm.is_hub { format!("{iif}meta nfproto ipv6 ") } else { format!("{v6} ") })
    }));
    matches
}
