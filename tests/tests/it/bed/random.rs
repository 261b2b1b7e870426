//! Random registries on the bed's networks, for proofs that need the kernel of Linux.

use super::{Bed, instance};
use proptest::prelude::*;
use sanctum_orchestrator::house::SshFacts;
use sanctum_orchestrator::instance::model::Os;
use serde_json::{Value, json};
use std::collections::BTreeSet;

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
