//! A house whose services are tried for real, and the facts of one of its nodes.

use proptest::prelude::*;
use sanctum_orchestrator::house::{Facts, House, SshFacts};
use sanctum_orchestrator::instance::Instance;
use sanctum_orchestrator::instance::model::{Arch, Os};
use sanctum_types::NodeName;
use serde_json::{Value, json};
use std::collections::BTreeSet;

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

/// A service's node, bind policy and ports, each with "is udp".
type Drawn = (&'static str, &'static str, Vec<(u16, bool)>);

fn arb_service() -> impl Strategy<Value = Drawn> {
    let node = prop::sample::select(vec!["hub", "den"]);
    let bind = prop::sample::select(vec!["loopback", "loopback+vm", "tailnet", "lan"]);
    let port = prop_oneof![Just(1), Just(65535), 1000_u16..1010, 1_u16..];
    (node, bind, prop::collection::vec((port, any::<bool>()), 1..5))
}

/// Random registries on the bed's networks, with and without an overlay, a guest network and IPv6 in it.
pub(crate) fn arb_bed() -> impl Strategy<Value = Bed> {
    let nets = (any::<bool>(), any::<bool>(), any::<bool>());
    let reach = prop::sample::subsequence(vec!["lan", "tailnet", "vm"], 0..=3);
    let node = prop::sample::select(vec!["hub", "den"]);
    (prop::collection::vec(arb_service(), 0..12), nets, reach, node).prop_map(
        |(services, (tailnet, vm, host6), reach, node)| {
            let mut all = instance();
            all["services"] = registry(services);
            all["ssh"]["reachable_from"] = json!(reach);
            let networks = all["networks"].as_object_mut().expect("a map");
            if !host6 {
                networks["vm"]["host6"] = Value::Null;
            }
            if !vm {
                networks.remove("vm");
            }
            if !tailnet {
                networks.remove("tailnet");
            }
            let mut bed = Bed::new(node, Os::Linux, SshFacts::default());
            bed.instance = serde_json::from_value(all).expect("an instance");
            bed
        },
    )
}

fn registry(services: Vec<Drawn>) -> Value {
    let mut taken = BTreeSet::from([("hub", 22, false), ("den", 22, false)]);
    let mut map = serde_json::Map::new();
    for (number, (node, bind, ports)) in services.into_iter().enumerate() {
        let free = ports.into_iter().filter(|(port, udp)| taken.insert((node, *port, *udp)));
        let ports: Vec<Value> = free
            .map(
                |(port, udp)| json!({ "port": port, "transport": if udp { "udp" } else { "tcp" } }),
            )
            .collect();
        let service = json!({ "node": node, "ports": ports, "bind": bind, "reason": "drawn" });
        map.insert(format!("s{number}"), service);
    }
    Value::Object(map)
}
