//! `exposure/subnet-overlap`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use ipnet::IpNet;
use sanctum_host::interfaces::Address;
use sanctum_types::Severity;
use std::net::IpAddr;

pub(super) static LINT: Lint = Lint {
    id: "exposure/subnet-overlap",
    severity: Severity::Error,
    on: On::Any,
    title: "no two interfaces stand in networks that overlap",
    why: "Two networks with one number make answers leave by the wrong side: a whole LAN looked dead while \
          ping worked, and rules for one network then hold for the other.",
    fix: Fix::Edit(
        "renumber one of the two networks, at its router or in `networks` of the instance file",
    ),
    needs: &[Need::Interfaces],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let live = looked.interfaces()?;
    let networks: Vec<(&str, IpNet)> = live
        .iter()
        .filter(|(_, one)| one.up && !one.loopback && !one.point_to_point)
        .flat_map(|(name, one)| one.addresses.iter().map(move |address| (name.as_str(), *address)))
        .filter_map(|(name, address)| Some((name, network(address)?)))
        .collect();
    let mut answer = Answer::over(networks.len());
    for (at, (name, net)) in networks.iter().enumerate() {
        for (other, theirs) in networks.iter().skip(at + 1).filter(|(other, _)| other != name) {
            if net.contains(theirs) || theirs.contains(net) {
                answer.add(name, format!("{net}, and {other} has {theirs}"));
            }
        }
    }
    Ok(answer)
}

/// The network of an address; none for one of a single link or a single machine.
fn network(address: Address) -> Option<IpNet> {
    let of_link = matches!(address.ip, IpAddr::V6(v6) if v6.is_unicast_link_local());
    let net = IpNet::new(address.ip, address.prefix).ok()?.trunc();
    (!of_link && net.prefix_len() < net.max_prefix_len()).then_some(net)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_interface("en0", "192.168.1.10/24")
        .with_interface("bridge100", "10.10.10.1/24")
        .with_interface("en0", "fe80::1/64")
        .with_interface("bridge100", "fe80::2/64")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_interface("en0", "10.10.0.2/16")
        .with_interface("bridge100", "10.10.10.1/24")
}
