//! `exposure/interface-covered`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::house::{Facts, Interface};
use crate::instance::coverage::uncovered_interfaces;
use sanctum_host::interfaces::Interface as Live;
use sanctum_types::IfName;
use sanctum_types::Severity;
use std::collections::BTreeMap;
use std::net::IpAddr;

pub(super) static LINT: Lint = Lint {
    id: "exposure/interface-covered",
    severity: Severity::Warn,
    on: On::Any,
    title: "every active interface faces a network of the house",
    why: "Rules are written for interfaces that are named. What listens on every address is reachable, \
          unfiltered, over one that is not: a second network card, a phone on the cable, an overlay that \
          somebody tried out.",
    fix: Fix::Edit(
        "add it to networks.lan.interface (or the node's lan_interfaces) in the instance file and sanctum \
        apply, or take it down",
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
    let ground = &looked.ground;
    let facts = Facts { interfaces: named(live), ..ground.facts.clone() };
    let mut answer = Answer::over(facts.interfaces.len());
    for found in uncovered_interfaces(&ground.instance, &ground.node, &facts) {
        let addresses: Vec<String> = found.addresses.iter().map(ToString::to_string).collect();
        let message =
            format!("active with {}, and no network of the house covers it", addresses.join(", "));
        answer.add(&found.interface, message);
    }
    Ok(answer)
}

/// The live table in the form of facts; an address of one link is on every interface and says nothing.
fn named(live: &BTreeMap<String, Live>) -> Vec<Interface> {
    let of_link = |ip: &IpAddr| matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local());
    let one = |(name, one): (&String, &Live)| {
        let addresses: Vec<IpAddr> =
            one.addresses.iter().map(|a| a.ip).filter(|ip| !of_link(ip)).collect();
        let active = one.up && one.running && !one.loopback && !addresses.is_empty();
        Some(Interface { name: IfName::new(name.as_str()).ok()?, active, addresses })
    };
    live.iter().filter_map(one).collect()
}

#[cfg(test)]
impl Looked {
    /// With an interface that is up.
    pub(crate) fn with_interface(mut self, name: &str, address: &str) -> Self {
        let (ip, prefix) = address.split_once('/').unwrap();
        let address = sanctum_host::interfaces::Address {
            ip: ip.parse().unwrap(),
            prefix: prefix.parse().unwrap(),
        };
        let one = self.interfaces.as_mut().unwrap().entry(name.to_owned()).or_default();
        (one.up, one.running) = (true, true);
        one.addresses.insert(address);
        self
    }
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_interface("en0", "192.168.1.10/24")
        .with_interface("bridge100", "10.10.10.1/24")
        .with_interface("en3", "fe80::1/64")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_interface("en0", "192.168.1.10/24")
        .with_interface("en8", "172.20.10.2/28")
}
