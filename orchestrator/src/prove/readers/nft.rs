//! The ruleset of a Linux node: one table, shut by default, and open to each network for exactly the ports that
//! the registry opens to it.

use crate::exposure::{Exposure, ExposureError, Links, Network, links, word};
use crate::house::{Artefact, House};
use crate::prove::{Proof, text_of, wrong};
use sanctum_host::live::parse::replaces_table;
use sanctum_types::Finding;
use std::collections::BTreeSet;

/// A network, a transport and a port number.
type Door = (Network, String, u16);

pub(super) fn read(house: &House<'_>, artefact: &Artefact) -> Proof {
    let path = artefact.path.as_str();
    let (findings, detail) = match text_of(artefact) {
        Ok(text) => judge(house, path, text),
        Err(finding) => (vec![finding], String::new()),
    };
    Proof::of("nftables, read back", path, findings, &detail)
}

fn judge(house: &House<'_>, path: &str, text: &str) -> (Vec<Finding>, String) {
    let mut findings = shape(path, text);
    let (links, wanted) = match wanted(house) {
        Ok(wanted) => wanted,
        Err(error) => {
            findings.push(wrong("nft.intent", path, error.to_string()));
            return (findings, String::new());
        }
    };
    let mut open = BTreeSet::new();
    for line in body(text, "input").unwrap_or_default() {
        let ports = ports(line);
        let networks = networks(line, &links);
        if networks.is_empty() && !ports.is_empty() {
            findings.push(wrong("nft.everybody", path, format!("open to everybody: {line}")));
        }
        for (transport, port) in ports {
            open.extend(networks.iter().map(|network| (*network, transport.clone(), port)));
        }
    }
    let say = |(network, transport, port): &Door, what: &str| {
        wrong("nft.differs", path, format!("{transport} {port} is {what} {network}"))
    };
    let too_much = "open to, and the registry does not want it from,";
    let too_little = "shut to, and the registry wants it open to,";
    findings.extend(open.difference(&wanted).map(|door| say(door, too_much)));
    findings.extend(wanted.difference(&open).map(|door| say(door, too_little)));
    (
        findings,
        format!(
            "pairs of network and port open: {}, as the registry says; the rest is shut",
            open.len()
        ),
    )
}

fn shape(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !replaces_table(text, "inet", "sanctum") {
        let message = "it does not replace table inet sanctum and leave the rest alone";
        findings.push(wrong("nft.table", path, message));
    }
    for chain in ["input", "forward"] {
        let lines = body(text, chain).unwrap_or_default();
        let shut = |line: &&str| line.starts_with("type ") && line.ends_with("; policy drop;");
        if !lines.iter().any(shut) {
            let message = format!("chain {chain} is not shut by default");
            findings.push(wrong("nft.policy", path, message));
        }
    }
    findings
}

/// What somebody beyond the machine may reach, by the registry.
fn wanted(house: &House<'_>) -> Result<(Links, BTreeSet<Door>), ExposureError> {
    let exposure = Exposure::of(house.instance, house.name)?;
    let links = links(house)?;
    let mut networks = Vec::new();
    networks.extend((!links.lan.is_empty()).then_some(Network::Lan));
    networks.extend((!links.tailnet.is_empty()).then_some(Network::Tailnet));
    networks.extend(links.vm.is_some().then_some(Network::Vm));
    let mut doors = BTreeSet::new();
    for network in networks {
        for group in exposure.open_to(network) {
            let transport = word(group.transport);
            doors.extend(group.ports.iter().map(|port| (network, transport.to_owned(), *port)));
        }
    }
    Ok((links, doors))
}

/// The statements of a chain, without comments.
fn body<'a>(text: &'a str, chain: &str) -> Option<Vec<&'a str>> {
    let head = format!("chain {chain} {{");
    let mut lines = text.lines().map(str::trim);
    lines.by_ref().find(|line| *line == head)?;
    Some(lines.take_while(|line| *line != "}").filter(|line| !line.starts_with('#')).collect())
}

fn words(line: &str) -> Vec<&str> {
    line.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).collect()
}

/// Ports that an accepting rule names: `tcp dport { 22, 80 } ... accept`. One that accepts without a port is
/// about loopback, ICMP or connections that stand; DHCPv6's answers come to a client's port and no service's.
fn ports(line: &str) -> Vec<(String, u16)> {
    let words = words(line);
    let dhcp = line.contains(" ip6 saddr fe80::/10 udp sport 547 udp dport 546 ");
    let Some(at) = words.iter().position(|word| *word == "dport") else { return Vec::new() };
    if dhcp || !words.contains(&"accept") {
        return Vec::new();
    }
    let transport = at.checked_sub(1).and_then(|before| words.get(before)).copied();
    let numbers = words.iter().skip(at + 1).filter(|word| **word != "{");
    numbers
        .map_while(|word| word.parse().ok())
        .map(|port| (transport.unwrap_or_default().to_owned(), port))
        .collect()
}

/// The networks that a rule's own words limit it to; none where it holds for everybody.
fn networks(line: &str, links: &Links) -> BTreeSet<Network> {
    let before: Vec<&str> = words(line).into_iter().take_while(|word| *word != "dport").collect();
    let mut found = BTreeSet::new();
    let interfaces = before.iter().filter_map(|word| word.strip_prefix('"')?.strip_suffix('"'));
    for name in interfaces {
        let is = |other: &sanctum_types::IfName| other.as_str() == name;
        found.extend(links.lan.iter().any(is).then_some(Network::Lan));
        found.extend(links.tailnet.iter().any(is).then_some(Network::Tailnet));
    }
    if let Some(vm) = &links.vm {
        let subnet = vm.subnet.to_string();
        let host6 = vm.host6.map(|host6| host6.to_string());
        let by_address = before.windows(2).any(|pair| match pair {
            ["saddr", from] => *from == subnet || host6.as_deref() == Some(*from),
            // On the hub the guest's IPv6 address is not known; its interface is.
            ["daddr", to] => vm.is_hub && host6.as_deref() == Some(*to),
            _ => false,
        });
        found.extend(by_address.then_some(Network::Vm));
    }
    found
}
