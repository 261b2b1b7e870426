//! A house whose services are tried for real, and the facts of one of its nodes.

use sanctum_orchestrator::house::{Facts, House, SshFacts};
use sanctum_orchestrator::instance::Instance;
use sanctum_orchestrator::instance::model::{Arch, Os};
use sanctum_types::NodeName;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[cfg(target_os = "linux")]
mod random;
#[cfg(target_os = "linux")]
pub(crate) use random::arb_bed;

/// An instance with the facts of one of its nodes.
#[derive(Clone, Debug)]
pub(crate) struct Bed {
    pub(crate) instance: Instance,
    pub(crate) node: NodeName,
    pub(crate) facts: Facts,
}

impl Bed {
    pub(crate) fn new(node: &str, os: Os, ssh: SshFacts) -> Self {
        Self {
            instance: serde_json::from_value(instance()).expect("an instance"),
            node: NodeName::new(node).expect("a node name"),
            facts: Facts {
                os,
                arch: Arch::X86_64,
                interfaces: Vec::new(),
                default_route: None,
                ssh,
                timezone: "UTC".to_owned(),
                implemented: BTreeSet::new(),
                pf_conf: None,
            },
        }
    }

    pub(crate) fn house(&self) -> House<'_> {
        House {
            instance: &self.instance,
            name: &self.node,
            node: &self.instance.nodes[&self.node],
            facts: &self.facts,
        }
    }
}

/// Interfaces have the names that the namespaces of `reachability` give them.
fn instance() -> Value {
    let one = |node: &str, ports: Value, bind: &str| json!({ "node": node, "ports": ports, "bind": bind, "reason": "tried" });
    json!({
        "format": 1,
        "instance": { "name": "Test bed", "slug": "bed", "timezone": "UTC" },
        "users": { "owner": "sanctum-t", "guest": "sanctum-t" },
        "nodes": { "hub": { "type": "hub" }, "den": { "type": "guest" } },
        "networks": {
            "lan": { "subnet": "192.0.2.0/24", "interface": "lan0" },
            "vm": { "subnet": "10.10.10.0/24", "host": "10.10.10.1", "guest": "10.10.10.10",
                    "host6": "fd00:10::1", "bridge": "vm0" },
            "tailnet": { "interface": "tail0", "subnet": "100.64.0.0/10" },
        },
        "services": {
            "gateway": one("hub", json!([1977]), "loopback+vm"),
            "dashboard": one("hub", json!([1111]), "tailnet"),
            "mlx": one("hub", json!([1337]), "loopback"),
            "proxy": one("hub", json!([4040, { "port": 4040, "transport": "udp" }]), "loopback+vm"),
            "presidio": one("hub", json!([5001, 5002]), "loopback"),
            "home-assistant": one("hub", json!([8123, { "port": 5353, "transport": "udp" }]), "lan"),
            "old-lab": { "node": "hub", "ports": [9000], "bind": "lan", "reason": "off", "enabled": false },
            "agent": one("den", json!([7000, { "port": 7001, "transport": "udp" }]), "loopback+vm"),
            "store": one("den", json!([5432]), "loopback"),
        },
        "ssh": { "reachable_from": ["tailnet", "vm"] },
    })
}
