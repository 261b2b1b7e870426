use super::{HOUSE, edited};
use crate::house::{Facts, Interface, SshFacts};
use crate::instance::coverage::{CoverageError, lan_interfaces, uncovered_interfaces};
use crate::instance::model::{Arch, Os};
use crate::instance::{Instance, NoCheck, load};
use sanctum_types::{IfName, NodeName};

fn house(text: &str) -> Instance {
    load(text, "house", &NoCheck).expect("loads").instance
}

fn facts(interfaces: &[(&str, bool, &[&str])], route: Option<&str>) -> Facts {
    let interface = |(name, active, addresses): &(&str, bool, &[&str])| Interface {
        name: IfName::new(*name).expect("name"),
        active: *active,
        addresses: addresses.iter().map(|a| a.parse().expect("address")).collect(),
    };
    Facts {
        os: Os::Macos,
        arch: Arch::Aarch64,
        interfaces: interfaces.iter().map(interface).collect(),
        default_route: route.map(|name| IfName::new(name).expect("name")),
        ssh: SshFacts::default(),
        timezone: "UTC".to_owned(),
        implemented: std::collections::BTreeSet::new(),
        pf_conf: None,
    }
}

fn node(name: &str) -> NodeName {
    NodeName::new(name).expect("name")
}

fn names(list: &[IfName]) -> Vec<&str> {
    list.iter().map(IfName::as_str).collect()
}

#[test]
fn auto_is_the_default_route_and_a_node_may_say_otherwise() {
    let seen = facts(&[], Some("en1"));
    let auto = house(HOUSE);
    assert_eq!(names(&lan_interfaces(&auto, &node("hub"), &seen).expect("en1")), ["en1"]);
    assert_eq!(
        lan_interfaces(&auto, &node("hub"), &facts(&[], None)),
        Err(CoverageError::NoDefaultRoute(node("hub")))
    );
    assert_eq!(
        lan_interfaces(&auto, &node("nobody"), &seen),
        Err(CoverageError::UnknownNode(node("nobody")))
    );
    let own = house(&edited("host: box.example", "lan_interfaces: [eth1, eth0, eth1]"));
    assert_eq!(names(&lan_interfaces(&own, &node("box"), &seen).expect("own")), ["eth1", "eth0"]);
    let one = house(&edited("lan: {subnet", "lan: {interface: en9, subnet"));
    assert_eq!(names(&lan_interfaces(&one, &node("hub"), &seen).expect("one")), ["en9"]);
}

#[test]
fn every_active_interface_that_nothing_covers_is_named() {
    let text =
        edited("services:\n", "  tailnet: {interface: utun4, subnet: 100.64.0.0/10}\nservices:\n");
    let seen = facts(
        &[
            ("lo0", true, &["127.0.0.1", "::1"]),
            ("en1", true, &["192.168.1.10"]),
            ("en0", true, &["192.168.1.11"]),
            ("en5", false, &["192.168.9.1"]),
            ("awdl0", true, &["fe80::1"]),
            ("bridge100", true, &["10.10.10.1"]),
            ("bridge101", true, &["10.10.10.1"]),
            ("bridge102", true, &["10.10.11.1"]),
            ("utun4", true, &["100.64.0.5"]),
            ("gif0", true, &[]),
        ],
        Some("en1"),
    );
    let open = |name: &str| -> Vec<String> {
        let found = uncovered_interfaces(&house(&text), &node(name), &seen);
        found.iter().map(|u| u.interface.to_string()).collect()
    };
    assert_eq!(open("hub"), ["awdl0", "bridge102", "en0"]);
    // On a satellite the host-only network covers nothing.
    assert_eq!(open("box"), ["awdl0", "bridge100", "bridge101", "bridge102", "en0"]);
}
