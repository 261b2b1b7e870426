//! Houses for tests: one that resembles a real one, and random ones.

use crate::house::{Facts, House, Interface, SshFacts};
use crate::instance::Instance;
use crate::instance::model::{Arch, NodeType, Os};
use proptest::prelude::*;
use sanctum_types::{IfName, NodeName};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// An instance with the facts of one of its nodes.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) instance: Instance,
    pub(crate) node: NodeName,
    pub(crate) facts: Facts,
}

impl Sample {
    pub(crate) fn house(&self) -> House<'_> {
        House {
            instance: &self.instance,
            name: &self.node,
            node: &self.instance.nodes[&self.node],
            facts: &self.facts,
        }
    }

    pub(crate) fn at(mut self, node: &str) -> Self {
        self.node = NodeName::new(node).unwrap();
        let kind = self.instance.nodes[&self.node].kind;
        self.facts = facts(if kind == NodeType::Hub { Os::Macos } else { Os::Linux });
        self
    }
}

pub(crate) fn interface(name: &str, addresses: &[&str]) -> Interface {
    Interface {
        name: IfName::new(name).unwrap(),
        active: true,
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
    }
}

/// What OpenSSH 9.2 of Debian 12 and 10.0 of macOS 26 say of themselves.
pub(crate) fn ssh_facts(os: Os) -> SshFacts {
    let set = |text: &str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
    let mut facts = SshFacts {
        kex: set("diffie-hellman-group14-sha1 ecdh-sha2-nistp256 curve25519-sha256 \
             curve25519-sha256@libssh.org sntrup761x25519-sha512 sntrup761x25519-sha512@openssh.com"),
        ciphers: set("3des-cbc aes128-ctr aes192-ctr aes256-ctr aes128-gcm@openssh.com \
             aes256-gcm@openssh.com chacha20-poly1305@openssh.com"),
        macs: set(
            "hmac-sha1 hmac-sha2-256 hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com \
             umac-128-etm@openssh.com",
        ),
        host_key_algorithms: set(
            "ssh-ed25519 ssh-ed25519-cert-v01@openssh.com sk-ssh-ed25519@openssh.com \
             sk-ssh-ed25519-cert-v01@openssh.com ecdsa-sha2-nistp256 ssh-rsa rsa-sha2-256 \
             rsa-sha2-256-cert-v01@openssh.com rsa-sha2-512 rsa-sha2-512-cert-v01@openssh.com",
        ),
        options: set("PerSourceMaxStartups"),
    };
    if os == Os::Macos {
        facts.kex.insert("mlkem768x25519-sha256".to_owned());
        facts.options.insert("PerSourcePenalties".to_owned());
    }
    facts
}

pub(crate) fn facts(os: Os) -> Facts {
    let (lan, rest) = match os {
        Os::Macos => ("en1", interface("bridge100", &["10.10.10.1"])),
        Os::Linux => ("enp0s1", interface("docker0", &["172.17.0.1"])),
    };
    Facts {
        os,
        arch: Arch::Aarch64,
        interfaces: vec![interface(lan, &["192.168.1.10"]), rest],
        default_route: Some(IfName::new(lan).unwrap()),
        ssh: ssh_facts(os),
        timezone: "America/Denver".to_owned(),
        implemented: BTreeSet::new(),
        pf_conf: None,
    }
}

pub(crate) fn instance(services: &Value, ssh: &Value, networks: &Value) -> Instance {
    serde_json::from_value(json!({
        "format": 1,
        "instance": { "name": "The Manor", "slug": "manor", "timezone": "America/New_York" },
        "users": { "owner": "operator" },
        "nodes": {
            "hub": { "type": "hub", "lan_address": "192.168.1.10" },
            "den": { "type": "guest" },
            "barn": { "type": "satellite", "os": "linux" },
            "laptop": { "type": "mobile" }
        },
        "networks": networks,
        "services": services,
        "ssh": ssh,
    }))
    .unwrap()
}

/// A hub with the services of a real house, a guest, and a satellite.
pub(crate) fn manor() -> Sample {
    let one = |node: &str, port: u16, bind: &str| json!({ "node": node, "ports": [port], "bind": bind, "reason": "r" });
    let services = json!({
        "gateway": one("hub", 1977, "loopback+vm"),
        "dashboard": one("hub", 1111, "tailnet"),
        "tts": one("hub", 8008, "loopback+vm"),
        "mlx": one("hub", 1337, "loopback"),
        "firewall-bridge": one("hub", 1984, "loopback+vm"),
        "proxy": { "node": "hub", "ports": [4040, { "port": 4040, "transport": "udp" }], "bind": "loopback+vm", "reason": "r" },
        "presidio": { "node": "hub", "ports": [5002, 5001] },
        "home-assistant": { "node": "hub", "ports": [8123, { "port": 5353, "transport": "udp" }], "bind": "lan", "reason": "r" },
        "old-lab": { "node": "hub", "ports": [9000], "bind": "lan", "reason": "r", "enabled": false },
        "agent": one("den", 7000, "loopback+vm"),
        "store": one("den", 5432, "loopback"),
        "kiwix": one("barn", 8888, "lan"),
        "backup": one("barn", 8000, "tailnet"),
    });
    let networks = json!({
        "lan": { "subnet": "192.168.1.0/24" },
        "vm": { "subnet": "10.10.10.0/24", "host": "10.10.10.1", "guest": "10.10.10.10" },
        "tailnet": { "interface": "utun4", "subnet": "100.64.0.0/10" },
    });
    let sample = Sample {
        instance: instance(&services, &json!({ "allow_users": ["backup"] }), &networks),
        node: NodeName::new("hub").unwrap(),
        facts: facts(Os::Macos),
    };
    sample.at("hub")
}

/// Ports with "is udp", bind, enabled, node.
type Drawn = (Vec<(u16, bool)>, &'static str, bool, &'static str);

fn arb_service() -> impl Strategy<Value = Drawn> {
    let bind = prop::sample::select(vec!["loopback", "loopback+vm", "tailnet", "lan"]);
    let node = prop::sample::select(vec!["hub", "hub", "den", "barn"]);
    // Edges of the number range, neighbours, and a port that ssh may hold.
    let port = prop_oneof![Just(1), Just(2), Just(65535), 1000_u16..1012, 1_u16..];
    (prop::collection::vec((port, any::<bool>()), 0..5), bind, prop::bool::weighted(0.9), node)
}

fn services(list: Vec<Drawn>, ssh: u16) -> Value {
    let mut taken =
        BTreeSet::from([("hub", ssh, false), ("den", ssh, false), ("barn", ssh, false)]);
    let mut map = serde_json::Map::new();
    for (number, (ports, bind, enabled, node)) in list.into_iter().enumerate() {
        let free = ports.into_iter().filter(|(port, udp)| taken.insert((node, *port, *udp)));
        let ports: Vec<Value> = free
            .map(
                |(port, udp)| json!({ "port": port, "transport": if udp { "udp" } else { "tcp" } }),
            )
            .collect();
        let service = json!({ "node": node, "ports": ports, "bind": bind, "reason": "r", "enabled": enabled });
        map.insert(format!("s{number}"), service);
    }
    Value::Object(map)
}

/// Random registries on one of several network plans, seen from one of the nodes.
pub(crate) fn arb_sample() -> impl Strategy<Value = Sample> {
    let lan = prop::sample::select(vec![json!("auto"), json!("en0"), json!(["en0", "en1", "en7"])]);
    let reach = prop::sample::subsequence(vec!["lan", "tailnet", "vm"], 0..=3);
    let plan = (lan, any::<bool>(), any::<bool>(), any::<bool>());
    let registry = prop::collection::vec(arb_service(), 0..12);
    let node = prop::sample::select(vec!["hub", "den", "barn"]);
    (registry, plan, reach, prop_oneof![Just(22_u16), 1_u16..], node).prop_map(
        |(registry, (lan, vm, host6, tailnet), reach, port, node)| {
            let mut networks = json!({ "lan": { "subnet": "192.168.1.0/24", "interface": lan } });
            if vm {
                networks["vm"] = json!({ "subnet": "10.10.10.0/24", "host": "10.10.10.1", "guest": "10.10.10.10" });
            }
            if vm && host6 {
                networks["vm"]["host6"] = json!("fd00:10::1");
            }
            if tailnet {
                networks["tailnet"] = json!({ "interface": "utun4", "subnet": "100.64.0.0/10" });
            }
            let ssh = json!({ "port": port, "reachable_from": reach });
            let instance = instance(&services(registry, port), &ssh, &networks);
            let hub = NodeName::new("hub").unwrap();
            Sample { instance, node: hub, facts: facts(Os::Macos) }.at(node)
        },
    )
}
