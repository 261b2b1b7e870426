//! The table against the registry it was read from.

use super::fixture::{self, arb_sample, manor};
use super::*;
use crate::house::Facts;
use crate::instance::model::Os;
use proptest::prelude::*;
use serde_json::json;
use std::fmt::Write;

fn name(text: &str) -> NodeName {
    NodeName::new(text).unwrap()
}

fn table(node: &str) -> String {
    let sample = manor();
    let table = Exposure::of(&sample.instance, &name(node)).unwrap();
    let mut text = String::new();
    for (transport, port, exposed) in table.iter() {
        let from: Vec<String> = exposed.from.iter().map(ToString::to_string).collect();
        writeln!(text, "{} {port} {} <- {}", word(transport), exposed.by, from.join(" ")).unwrap();
    }
    text
}

#[test]
fn the_manor_as_a_table() {
    expect_test::expect![[r#"
        tcp 22 ssh <- loopback vm tailnet lan
        tcp 1111 dashboard <- loopback tailnet
        tcp 1337 mlx <- loopback
        tcp 1977 gateway <- loopback vm
        tcp 1984 firewall-bridge <- loopback vm
        tcp 4040 proxy <- loopback vm
        tcp 5001 presidio <- loopback
        tcp 5002 presidio <- loopback
        tcp 8008 tts <- loopback vm
        tcp 8123 home-assistant <- loopback lan
        tcp 9000 old-lab <- loopback
        udp 4040 proxy <- loopback vm
        udp 5353 home-assistant <- loopback lan
    "#]]
    .assert_eq(&table("hub"));
    expect_test::expect![[r#"
        tcp 22 ssh <- loopback vm tailnet lan
        tcp 5432 store <- loopback
        tcp 7000 agent <- loopback vm
    "#]]
    .assert_eq(&table("den"));
}

proptest! {
    #[test]
    fn the_table_says_what_each_service_says(sample in arb_sample()) {
        let table = Exposure::of(&sample.instance, &sample.node).unwrap();
        let mut named = 1;
        for service in sample.instance.services.values().filter(|s| s.node == sample.node) {
            for (port, transport) in service.ports.iter().map(|spec| spec.get()) {
                named += 1;
                prop_assert!(table.declares(transport, port));
                prop_assert!(table.opens(Network::Loopback, transport, port));
                for (network, bind) in [
                    (Network::Vm, Bind::LoopbackVm),
                    (Network::Tailnet, Bind::Tailnet),
                    (Network::Lan, Bind::Lan),
                ] {
                    let wanted = service.enabled && service.bind == bind;
                    prop_assert_eq!(table.opens(network, transport, port), wanted);
                }
            }
        }
        prop_assert_eq!(table.iter().count(), named);
        for network in [Network::Vm, Network::Tailnet, Network::Lan] {
            let count = |groups: Vec<PortGroup>| groups.iter().map(|group| group.ports.len()).sum::<usize>();
            prop_assert_eq!(count(table.open_to(network)) + count(table.closed_to(network)), named);
        }
    }
}

#[test]
fn one_port_has_one_listener() {
    let networks = json!({ "lan": { "subnet": "192.168.1.0/24" } });
    let of = |services| {
        let instance = fixture::instance(&services, &json!({}), &networks);
        Exposure::of(&instance, &name("hub"))
    };
    let service =
        |port: u16, enabled: bool| json!({ "node": "hub", "ports": [port], "enabled": enabled });
    let twice = of(json!({ "a": service(80, true), "b": service(80, true) })).unwrap_err();
    assert_eq!(twice.to_string(), "tcp port 80 of hub belongs to both `a` and `b`");
    let ssh = of(json!({ "a": service(22, true) })).unwrap_err();
    assert_eq!(ssh.to_string(), "tcp port 22 of hub belongs to both `ssh` and `a`");
    assert!(of(json!({ "a": service(80, false), "b": service(80, true) })).is_ok());
}

fn facts_without_route() -> Facts {
    Facts { default_route: None, ..fixture::facts(Os::Macos) }
}

#[test]
fn interfaces_come_from_the_node_the_instance_or_the_default_route() {
    let mut sample = manor();
    let lan = |sample: &fixture::Sample| {
        links(&sample.house())
            .map(|links| links.lan.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
    };
    assert_eq!(lan(&sample).unwrap(), "en1");
    sample.facts = facts_without_route();
    assert_eq!(
        lan(&sample).unwrap_err(),
        ExposureError::Lan(CoverageError::NoDefaultRoute(name("hub")))
    );
    sample.instance.networks.lan.interface = serde_json::from_value(json!(["en5", "en0"])).unwrap();
    assert_eq!(lan(&sample).unwrap(), "en0,en5");
    let hub = sample.instance.nodes.get_mut(&name("hub")).unwrap();
    hub.lan_interfaces = serde_json::from_value(json!("en9")).unwrap();
    assert_eq!(lan(&sample).unwrap(), "en9");
    let hub = sample.instance.nodes.get_mut(&name("hub")).unwrap();
    hub.lan_interfaces = serde_json::from_value(json!("bridge100")).unwrap();
    assert_eq!(
        lan(&sample).unwrap_err().to_string(),
        "interface bridge100 of hub is named for both lan and vm"
    );
}

#[test]
fn a_tunnel_that_was_numbered_anew_is_found_by_its_address() {
    let mut sample = manor();
    sample.facts.interfaces.push(fixture::interface("utun7", &["fe80::1", "100.101.102.103"]));
    let found = links(&sample.house()).unwrap().tailnet;
    assert_eq!(found.iter().map(IfName::as_str).collect::<Vec<_>>(), ["utun4", "utun7"]);
}

#[test]
fn the_guest_stands_in_the_vm_network_only() {
    let mut sample = manor().at("den");
    let unknown = links(&sample.house()).unwrap();
    assert!(unknown.lan.is_empty() && unknown.tailnet.is_empty());
    assert_eq!(unknown.vm.unwrap().interface, None);
    sample.facts.interfaces.push(fixture::interface("ens3", &["10.10.10.10"]));
    let known = links(&sample.house()).unwrap().vm.unwrap();
    assert_eq!(known.interface, IfName::new("ens3").ok());
    assert!(links(&manor().at("barn").house()).unwrap().vm.is_none());
}
