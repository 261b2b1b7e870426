//! The section `vault`: the entry of the registry that it makes, and what may not be said beside it.

use super::{HOUSE, mistakes};
use crate::instance::model::{Criticality, Probe};
use crate::instance::registry::ports_of;
use crate::instance::{Instance, Loaded, NoCheck, load, vault};
use sanctum_types::{NodeName, ServiceName};

/// The house with this section, and this in place of the entry of the registry.
fn house(section: &str, entry: &str) -> String {
    let kept: String = HOUSE
        .lines()
        .map(|line| if line.starts_with("  vault: ") { entry } else { line })
        .filter(|line| !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect();
    format!("{kept}{section}\n")
}

fn loaded(section: &str, entry: &str) -> Instance {
    let Loaded { instance, .. } = load(&house(section, entry), "i", &NoCheck).unwrap();
    instance
}

fn at() -> ServiceName {
    ServiceName::new("vault").unwrap()
}

#[test]
fn the_section_alone_is_a_service_of_the_hub() {
    let plain = loaded("vault: {}", "");
    let entry = &plain.services[&at()];
    assert_eq!(entry.node.as_str(), "hub");
    assert_eq!((entry.criticality, entry.probe.as_ref()), (Criticality::P1, None));
    assert!(entry.enabled && entry.ports.is_empty() && entry.run_as.is_none());
    let words = entry.command.as_ref().unwrap().join(" ");
    assert_eq!(words, "/opt/sanctum/bin/sanctumd --only vault");
    let all = "vault: {socket: /srv/v.sock, tcp: \"[::1]:8200\", unseal: {key_file: /srv/k}}";
    let entry = &loaded(all, "").services[&at()];
    assert_eq!(
        entry.command.as_ref().unwrap()[3..].join(" "),
        "--socket /srv/v.sock --listen [::1]:8200 --key-file /srv/k"
    );
    assert_eq!(entry.probe, Some(Probe::Tcp));
    let entry = &loaded("vault: {unseal: {secret: \"age:/srv/k.age\"}}", "").services[&at()];
    assert_eq!(entry.command.as_ref().unwrap()[3..].join(" "), "--key-ref age:/srv/k.age");
    // Without the section there is none: `proxy` requires it.
    let gone = house("", "").replace("    requires: [vault]\n", "");
    assert!(!load(&gone, "i", &NoCheck).unwrap().instance.services.contains_key(&at()));
}

#[test]
fn its_port_is_one_of_the_registrys() {
    let house_with = loaded("vault: {tcp: \"127.0.0.1:8200\"}", "");
    let hub = NodeName::new("hub").unwrap();
    let ports: Vec<u16> = ports_of(&house_with, &hub).map(|used| used.port).collect();
    assert!(ports.contains(&8200), "{ports:?}");
    for (port, other, said) in [
        (4040, "", "21:8 4040/tcp of node `hub` is already taken by service `proxy`"),
        (
            8200,
            "  zz: {node: hub, ports: [8200]}",
            "14:27 8200/tcp of node `hub` is already taken by service `vault`",
        ),
        (22, "", "21:8 22/tcp of node `hub` is the port of the SSH server"),
    ] {
        let entry = if other.is_empty() { "  zz: {node: hub}" } else { other };
        let text = house(&format!("vault:\n  tcp: 127.0.0.1:{port}"), entry);
        let line = text.lines().position(|line| line.starts_with("  tcp:")).unwrap() + 1;
        let said = said.replace("21:8", &format!("{line}:8"));
        assert_eq!(mistakes(&text), [said], "{text}");
    }
}

#[test]
fn the_registry_may_say_the_rest_and_not_the_sections_own() {
    let section = "vault: {tcp: \"127.0.0.1:8200\"}";
    let more = "  vault: {node: box, criticality: P0, ports: [8200], run_as: {user: keeper}}";
    let entry = &loaded(section, more).services[&at()];
    assert_eq!((entry.node.as_str(), entry.criticality), ("box", Criticality::P0));
    assert_eq!(entry.run_as.as_ref().unwrap().user.as_str(), "keeper");
    assert_eq!(entry.command.as_ref().unwrap().len(), 5);
    for (entry, said) in [
        ("ports: [8201]", "14:30 `ports` of the service `vault` is not what the section"),
        ("command: [/bin/x]", "14:32 `command` of the service `vault` is not what the section"),
        ("bind: lan, reason: x", "14:29 `bind` of the service `vault` is not what the section"),
        (
            "run_as: {user: _sanctum_vault}",
            "the vault is kept in the home of its account, and `_sanctum_vault` has none",
        ),
    ] {
        let all = mistakes(&house(section, &format!("  vault: {{node: hub, {entry}}}")));
        let [one] = &all[..] else { panic!("{all:?}") };
        let words = said.split_once(' ').map_or(said, |(_, words)| words);
        assert!(one.starts_with("14:") && one.contains(words), "{one}");
    }
}

#[test]
fn another_address_is_refused_with_its_place_and_what_to_write() {
    for (text, said) in [
        ("0.0.0.0:8200", "an address that others reach; the vault listens on this machine only"),
        ("localhost:8200", "not an address with a port"),
        ("127.0.0.1:0", "port 0 is another one at each start"),
    ] {
        let text = house(&format!("vault:\n  tcp: \"{text}\""), "");
        let line = text.lines().position(|line| line.starts_with("  tcp:")).unwrap() + 1;
        let all = mistakes(&text);
        let [one] = &all[..] else { panic!("{all:?}") };
        assert!(one.starts_with(&format!("{line}:")) && one.contains(said), "{one}");
        assert!(one.contains("write 127.0.0.1:8200"), "{one}");
    }
    let relative = mistakes(&house("vault: {socket: v.sock}", ""));
    assert_eq!(relative.len(), 1, "{relative:?}");
    let value = mistakes(&house("vault: {unseal: {key: abc}}", ""));
    assert!(value[0].contains("key"), "{value:?}");
}

#[test]
fn completing_a_house_twice_changes_nothing_more() {
    for section in ["vault: {}", "vault: {tcp: \"127.0.0.1:8200\", unseal: {key_file: /k}}"] {
        let once = loaded(section, "");
        let mut twice = once.clone();
        assert!(vault::complete(&mut twice).is_empty());
        assert_eq!(once, twice);
    }
    let mut none = load(HOUSE, "i", &NoCheck).unwrap().instance;
    let before = none.clone();
    assert!(vault::complete(&mut none).is_empty());
    assert_eq!(none, before);
}

#[test]
fn what_opens_it_is_one_thing_and_one_that_waits_for_a_session_is_remarked() {
    let said = |text: &str| {
        let section = format!("vault:\n  unseal: {text}");
        let loaded = load(&house(&section, ""), "i", &NoCheck).unwrap();
        loaded.warnings.iter().map(|one| one.message.clone()).collect::<Vec<_>>().join("; ")
    };
    for quiet in ["{secret: \"age:/k.age\"}", "{secret: \"sops:/s.yaml#a.b\"}", "{key_file: /k}"] {
        assert!(!said(quiet).contains("session"), "{quiet}");
    }
    for session in ["keychain:sanctum-vault/unseal", "op://v/i/f"] {
        let words = said(&format!("{{secret: \"{session}\"}}"));
        assert!(words.contains(&format!("`{session}` needs the session")), "{words}");
    }
    for wrong in ["{}", "{key_file: /k, secret: \"age:/k.age\"}", "{secret: hunter2}"] {
        let all = mistakes(&house(&format!("vault:\n  unseal: {wrong}"), ""));
        assert!(all.len() == 1 && !all[0].contains("hunter2"), "{wrong}: {all:?}");
    }
}
