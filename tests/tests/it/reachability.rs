//! The rendered nftables rules in the kernel: every port of the registry is tried from every network, tcp and
//! udp, IPv4 and IPv6, and the observed table must be the registry's intent.
#![expect(
    clippy::disallowed_methods,
    reason = "the rendered file is handed to nft through a temporary one"
)]

mod namespaces;
mod traffic;

use crate::bed::{Bed, arb_bed};
use namespaces::Namespace;
use proptest::test_runner::{Config, TestRunner};
use sanctum_orchestrator::exposure::{Exposure, Network, links, word};
use sanctum_orchestrator::house::SshFacts;
use sanctum_orchestrator::instance::model::{Os, Transport};
use sanctum_orchestrator::pf::{Direction, Family, Proto};
use sanctum_orchestrator::render::nft;
use sanctum_orchestrator::render::pf_anchor::intents;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use traffic::{Listeners, Probe, ask};

/// No service of the bed has it.
const UNDECLARED: u16 = 6666;

/// Transport, port, family and network of an observation.
type Table = BTreeMap<(Network, &'static str, u16, Family), bool>;

/// The hub in the middle, with a machine on each of its networks.
struct House {
    hub: Namespace,
    lan: Namespace,
    tail: Namespace,
    den: Namespace,
}

impl House {
    fn new() -> Self {
        let [hub, lan, tail, den] = ["hub", "lan", "tail", "den"].map(Namespace::new);
        hub.join(
            ("lan0", &["192.0.2.1/24", "2001:db8:1::1/64"]),
            &lan,
            ("eth0", &["192.0.2.2/24", "2001:db8:1::2/64"]),
        );
        hub.join(
            ("tail0", &["100.64.0.1/10", "2001:db8:2::1/64"]),
            &tail,
            ("eth0", &["100.64.0.2/10", "2001:db8:2::2/64"]),
        );
        hub.join(
            ("vm0", &["10.10.10.1/24", "fd00:10::1/64"]),
            &den,
            ("ens3", &["10.10.10.10/24", "fd00:10::10/64"]),
        );
        Self { hub, lan, tail, den }
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn load(bed: &Bed, into: &Namespace) {
    let [file] = nft::render(&bed.house()).expect("rules").try_into().expect("one file");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sanctum.nft");
    std::fs::write(&path, &file.bytes).expect("a file");
    let path = path.to_str().expect("a path in UTF-8");
    into.exec(&["nft", "-c", "-f", path]);
    into.exec(&["nft", "-f", path]);
    // A second load replaces the first.
    into.exec(&["nft", "-f", path]);
}

fn ports(table: &Exposure) -> Vec<u16> {
    let named: BTreeSet<u16> = table.iter().map(|(_, port, _)| port).chain([UNDECLARED]).collect();
    named.into_iter().collect()
}

/// Tries every port on both addresses of the target.
fn observe(network: Network, from: &Namespace, to: [&str; 2], ports: &[u16]) -> Table {
    let mut keys = Vec::new();
    let mut probes: Vec<Probe> = Vec::new();
    for (family, address) in [Family::V4, Family::V6].into_iter().zip(to) {
        for transport in [Transport::Tcp, Transport::Udp] {
            for port in ports {
                keys.push((network, word(transport), *port, family));
                probes.push((transport, ip(address), *port));
            }
        }
    }
    keys.into_iter().zip(ask(from, &probes)).collect()
}

fn intended(table: &Exposure, network: Network, ports: &[u16]) -> Table {
    let mut wanted = Table::new();
    for family in [Family::V4, Family::V6] {
        for transport in [Transport::Tcp, Transport::Udp] {
            for port in ports {
                let open = table.opens(network, transport, *port);
                wanted.insert((network, word(transport), *port, family), open);
            }
        }
    }
    wanted
}

fn open_ports(table: &Table) -> String {
    let open = table.iter().filter(|(_, open)| **open);
    let lines: BTreeSet<String> = open
        .map(|((network, transport, port, family), _)| {
            format!("{network} {transport} {port} {family:?}\n")
        })
        .collect();
    lines.into_iter().collect()
}

#[test]
fn each_network_reaches_what_the_registry_opens_to_it() {
    let (_ip, _nft) = sanctum_tests::need!("ip", "nft");
    let bed = Bed::new("hub", Os::Linux, SshFacts::default());
    let exposure = Exposure::of(&bed.instance, &bed.node).expect("a table");
    let ports = ports(&exposure);
    let house = House::new();
    let _listeners = Listeners::on(&house.hub, &ports);
    let from = [
        (Network::Lan, &house.lan, ["192.0.2.1", "2001:db8:1::1"]),
        (Network::Tailnet, &house.tail, ["100.64.0.1", "2001:db8:2::1"]),
        (Network::Vm, &house.den, ["10.10.10.1", "fd00:10::1"]),
    ];
    // Without rules every port answers: a closed port below is closed by the rules.
    for (network, namespace, to) in from {
        let open = observe(network, namespace, to, &ports);
        assert!(open.values().all(|open| *open), "{open:?}");
    }
    load(&bed, &house.hub);
    let mut all = Table::new();
    for (network, namespace, to) in from {
        let observed = observe(network, namespace, to, &ports);
        assert_eq!(observed, intended(&exposure, network, &ports), "{network}");
        all.extend(observed);
    }
    expect_test::expect![[r#"
        lan tcp 8123 V4
        lan tcp 8123 V6
        lan udp 5353 V4
        lan udp 5353 V6
        tailnet tcp 1111 V4
        tailnet tcp 1111 V6
        tailnet tcp 22 V4
        tailnet tcp 22 V6
        vm tcp 1977 V4
        vm tcp 1977 V6
        vm tcp 22 V4
        vm tcp 22 V6
        vm tcp 4040 V4
        vm tcp 4040 V6
        vm udp 4040 V4
        vm udp 4040 V6
    "#]]
    .assert_eq(&open_ports(&all));
    assert_pf_agrees(&all);
    let own = ports.iter().map(|port| (Transport::Tcp, ip("127.0.0.1"), *port)).collect::<Vec<_>>();
    assert!(ask(&house.hub, &own).into_iter().all(|open| open), "the hub reaches itself");
}

/// The anchor of the same hub under macOS means the same wherever both filters speak: on every port of the
/// guest's bridge, and on named ports elsewhere (pf leaves the unnamed ones of the LAN alone).
fn assert_pf_agrees(observed: &Table) {
    let mac = Bed::new("hub", Os::Macos, SshFacts::default());
    let exposure = Exposure::of(&mac.instance, &mac.node).expect("a table");
    let intents = intents(&mac.house()).expect("intents");
    let mut compared = 0;
    for ((network, transport, port, family), open) in observed {
        let proto = if *transport == "tcp" { Proto::Tcp } else { Proto::Udp };
        let spoken = [Transport::Tcp, Transport::Udp].into_iter().any(|t| {
            word(t) == *transport && (*network == Network::Vm || exposure.declares(t, *port))
        });
        let (on, to) = match (network, family) {
            (Network::Vm, Family::V4) => ("vm0", Some(ip("10.10.10.1"))),
            (Network::Vm, Family::V6) => ("vm0", Some(ip("fd00:10::1"))),
            (Network::Tailnet, _) => ("tail0", None),
            (Network::Lan | Network::Loopback, _) => ("lan0", None),
        };
        let stranger = |from: Option<IpAddr>| from.is_some_and(|from| from != ip("10.10.10.10"));
        let intent =
            intents.iter().map(|intent| (&intent.flow, &intent.blocked)).find(|(flow, _)| {
                (flow.on.as_str(), flow.proto, flow.family, flow.to) == (on, proto, *family, to)
                    && flow.direction == Direction::In
                    && !stranger(flow.from)
            });
        let (_, blocked) = intent.expect("an intent for each flow");
        if spoken {
            assert_eq!(!blocked.contains(*port), *open, "{network} {transport} {port} {family:?}");
            compared += 1;
        }
    }
    // 11 ports on the bridge, 9 tcp and 2 udp names on each of the two others; both families.
    assert_eq!(compared, (11 * 2 + 2 * (9 + 2)) * 2);
}

#[test]
fn the_hub_reaches_what_the_guest_opens_to_it() {
    let (_ip, _nft) = sanctum_tests::need!("ip", "nft");
    let bed = Bed::new("den", Os::Linux, SshFacts::default());
    let exposure = Exposure::of(&bed.instance, &bed.node).expect("a table");
    let ports = ports(&exposure);
    let house = House::new();
    let _listeners = Listeners::on(&house.den, &ports);
    load(&bed, &house.den);
    let to = ["10.10.10.10", "fd00:10::10"];
    let observed = observe(Network::Vm, &house.hub, to, &ports);
    assert_eq!(observed, intended(&exposure, Network::Vm, &ports));
    expect_test::expect![[r#"
        vm tcp 22 V4
        vm tcp 22 V6
        vm tcp 7000 V4
        vm tcp 7000 V6
        vm udp 7001 V4
        vm udp 7001 V6
    "#]]
    .assert_eq(&open_ports(&observed));
    // What only routes in from elsewhere does not belong to the network, whatever its port.
    house.hub.exec(&["ip", "address", "add", "192.0.2.77/32", "dev", "lo"]);
    house.den.exec(&["ip", "route", "add", "192.0.2.77/32", "via", "10.10.10.1"]);
    house.hub.exec(&[
        "ip",
        "route",
        "replace",
        "10.10.10.10/32",
        "dev",
        "vm0",
        "src",
        "192.0.2.77",
    ]);
    assert_eq!(ask(&house.hub, &[(Transport::Tcp, ip("10.10.10.10"), 7000)]), [false]);
}

/// Makes the machine a router.
fn forward(namespace: &Namespace) {
    for setting in ["ipv4/ip_forward", "ipv6/conf/all/forwarding"] {
        namespace.set(setting, "1");
    }
}

#[test]
fn the_guest_gets_no_further_than_the_hub() {
    let (_ip, _nft) = sanctum_tests::need!("ip", "nft");
    let house = House::new();
    forward(&house.hub);
    for (namespace, to, via) in [
        (&house.den, "192.0.2.0/24", "10.10.10.1"),
        (&house.den, "2001:db8:1::/64", "fd00:10::1"),
        (&house.lan, "10.10.10.0/24", "192.0.2.1"),
        (&house.lan, "fd00:10::/64", "2001:db8:1::1"),
    ] {
        namespace.exec(&["ip", "route", "add", to, "via", via]);
    }
    let _lan = Listeners::on(&house.lan, &[443]);
    let _den = Listeners::on(&house.den, &[7000]);
    let both = |v4: &str, v6: &str, port| {
        let all =
            [ip(v4), ip(v6)].map(|to| [(Transport::Tcp, to, port), (Transport::Udp, to, port)]);
        all.concat()
    };
    let (out, back) =
        (both("192.0.2.2", "2001:db8:1::2", 443), both("10.10.10.10", "fd00:10::10", 7000));
    assert_eq!(
        (ask(&house.den, &out), ask(&house.lan, &back)),
        (vec![true; 4], vec![true; 4]),
        "without rules"
    );
    load(&Bed::new("hub", Os::Linux, SshFacts::default()), &house.hub);
    assert_eq!((ask(&house.den, &out), ask(&house.lan, &back)), (vec![false; 4], vec![false; 4]));
}

#[test]
fn a_published_port_of_a_container_is_held_to_the_registry() {
    let (_ip, _nft) = sanctum_tests::need!("ip", "nft");
    let bed = Bed::new("hub", Os::Linux, SshFacts::default());
    let house = House::new();
    let container = Namespace::new("box");
    house.hub.join(("docker0", &["172.17.0.1/16"]), &container, ("eth0", &["172.17.0.2/16"]));
    container.exec(&["ip", "route", "add", "default", "via", "172.17.0.1"]);
    house.lan.exec(&["ip", "route", "add", "172.17.0.0/16", "via", "192.0.2.1"]);
    forward(&house.hub);
    let _inside = Listeners::on(&container, &[80]);
    let _outside = Listeners::on(&house.lan, &[443]);
    // What a container engine does for `-p 8123:80 -p 6666:80`.
    let published = "add table ip engine; \
        add chain ip engine pre { type nat hook prerouting priority dstnat; }; \
        add rule ip engine pre tcp dport { 8123, 6666 } dnat to 172.17.0.2:80";
    house.hub.exec(&["nft", published]);
    let tcp = |port| (Transport::Tcp, ip("192.0.2.1"), port);
    let questions = [tcp(8123), tcp(UNDECLARED), (Transport::Tcp, ip("172.17.0.2"), 80)];
    assert_eq!(ask(&house.lan, &questions), [true, true, true], "without rules");
    load(&bed, &house.hub);
    assert_eq!(ask(&house.lan, &questions), [true, false, false]);
    let out = (Transport::Tcp, ip("192.0.2.2"), 443);
    assert_eq!(ask(&container, &[out]), [true], "containers still call out");
}

/// Transport and port of every rule of the input chain that carries a service's name, as the kernel has it.
fn opened(namespace: &Namespace) -> BTreeSet<(String, u64)> {
    let json = namespace.exec(&["nft", "-j", "list", "chain", "inet", "sanctum", "input"]);
    let listed: Value = serde_json::from_slice(&json).expect("JSON");
    let rules =
        listed["nftables"].as_array().expect("a list").iter().filter_map(|item| item.get("rule"));
    let named = rules.filter(|rule| {
        rule["comment"]
            .as_str()
            .is_some_and(|text| text.starts_with("sanctum:") && text != "sanctum:rest")
    });
    let mut found = BTreeSet::new();
    for rule in named {
        let accepts = rule["expr"]
            .as_array()
            .expect("expressions")
            .iter()
            .any(|each| each.get("accept").is_some());
        assert!(accepts, "{rule}");
        for each in rule["expr"].as_array().expect("expressions") {
            let (payload, right) = (&each["match"]["left"]["payload"], &each["match"]["right"]);
            let Some("dport") = payload["field"].as_str() else { continue };
            let one = [right.clone()];
            let ports = right["set"].as_array().map_or(&one[..], |set| &set[..]);
            let transport = payload["protocol"].as_str().expect("a protocol");
            for port in ports {
                found.insert((transport.to_owned(), port.as_u64().expect("a port")));
            }
        }
    }
    found
}

#[test]
fn the_kernel_takes_every_registry_and_reads_the_same_ports_out_of_it() {
    let (_ip, _nft) = sanctum_tests::need!("ip", "nft");
    let namespace = Namespace::new("rules");
    let mut runner =
        TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let law = |bed: Bed| {
        load(&bed, &namespace);
        let exposure = Exposure::of(&bed.instance, &bed.node).expect("a table");
        let links = links(&bed.house()).expect("links");
        let mut networks = Vec::new();
        networks.extend((!links.lan.is_empty()).then_some(Network::Lan));
        networks.extend((!links.tailnet.is_empty()).then_some(Network::Tailnet));
        networks.extend(links.vm.map(|_| Network::Vm));
        let open = exposure
            .iter()
            .filter(|(_, _, exposed)| networks.iter().any(|net| exposed.from.contains(net)));
        let wanted: BTreeSet<(String, u64)> = open
            .map(|(transport, port, _)| (word(transport).to_owned(), u64::from(port)))
            .collect();
        assert_eq!(opened(&namespace), wanted);
        Ok(())
    };
    runner.run(&arb_bed(), law).expect("the law holds");
}
