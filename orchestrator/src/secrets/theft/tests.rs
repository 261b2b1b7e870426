//! Tables and laws of the theft plan.

use super::*;
use crate::instance::strategy::arb_instance;
use proptest::prelude::*;
use serde_json::json;

fn house(filevault: Option<&str>) -> Instance {
    serde_json::from_value(json!({
        "format": 1,
        "instance": { "name": "House", "slug": "house", "timezone": "UTC" },
        "users": { "owner": "operator" },
        "nodes": {
            "hub": { "type": "hub" }, "den": { "type": "guest" },
            "barn": { "type": "satellite" }, "phone": { "type": "mobile" },
        },
        "networks": { "lan": { "subnet": "192.168.1.0/24" },
            "vm": { "subnet": "10.10.10.0/24", "host": "10.10.10.1", "guest": "10.10.10.10" } },
        "services": {
            "vault": { "node": "hub", "criticality": "P0", "secrets": ["unseal"] },
            "proxy": { "node": "hub", "criticality": "P0", "bind": "loopback+vm", "reason": "x", "secrets": ["openrouter-api-key"] },
            "agents": { "node": "den", "criticality": "P1", "secrets": ["agent-token"] },
            "store": { "node": "barn", "secrets": ["backup-key"] },
        },
        "secrets": {
            "unseal": { "ref": "age:/u.age" },
            "openrouter-api-key": { "ref": "op://House/OpenRouter/key", "caches": ["file:openrouter-api-key"],
                "cleartext": { "reason": "the proxy starts with nobody there" } },
            "agent-token": { "ref": "file:agent-token" },
            "backup-key": { "ref": "sops:/b.yaml#key" },
            "wifi": { "ref": "keychain:wifi/house" },
        },
        "boot": { "filevault": filevault },
    }))
    .unwrap()
}

fn lines(filevault: Option<&str>, taken: Taken, node: &str) -> Vec<String> {
    let plan = theft(&house(filevault), taken, &NodeName::new(node).unwrap());
    plan.steps
        .iter()
        .map(|step| {
            let held = serde_json::to_value(step.held).unwrap();
            format!("{} {} {} {}", step.order, step.thing, held.as_str().unwrap(), step.danger)
        })
        .collect()
}

#[test]
fn an_open_disk_of_the_hub_gives_the_guest_too() {
    assert_eq!(
        lines(Some("off"), Taken::Disk, "hub"),
        [
            "1 key:age-identity:den at-once 10",
            "2 key:age-identity:hub at-once 10",
            "3 secret:openrouter-api-key at-once 10",
            "4 secret:unseal at-once 10",
            "5 key:ssh-login:den at-once 9",
            "6 key:ssh-login:hub at-once 9",
            "7 key:ssh-host:den at-once 6",
            "8 key:ssh-host:hub at-once 6",
            "9 secret:agent-token at-once 3",
            "10 key:fingerprints:den at-once 2",
            "11 key:fingerprints:hub at-once 2",
            "12 key:journal:den at-once 1",
            "13 key:journal:hub at-once 1",
            "14 secret:wifi by-guessing 4",
        ]
    );
    assert_eq!(lines(None, Taken::Disk, "hub"), lines(Some("off"), Taken::Disk, "hub"));
}

/// What is guessed at is a login's password; a service at boot has none, and neither has root's keychain.
#[test]
fn the_keychain_of_a_machine_opens_with_its_disk() {
    let mut house = house(Some("off"));
    let held = |house: &Instance, name: &str| {
        let plan = theft(house, Taken::Disk, &NodeName::new("hub").unwrap());
        let step = plan.steps.into_iter().find(|step| step.thing == format!("secret:{name}"));
        step.unwrap().held
    };
    assert_eq!(held(&house, "wifi"), Held::ByGuessing);
    let wifi = house.secrets.values_mut().find(|entry| entry.reference.keychain_item().is_some());
    wifi.unwrap().reference = SecretRef::parse("keychain://system/wifi/house").unwrap();
    assert_eq!(held(&house, "wifi"), Held::AtOnce);
}

#[test]
fn an_encrypted_disk_is_guessed_at_and_a_running_node_is_open() {
    let sealed = lines(Some("on"), Taken::Disk, "hub");
    assert!(
        sealed.iter().all(|line| line.contains("by-guessing") || line.contains("by-token")),
        "{sealed:?}"
    );
    let running = lines(Some("on"), Taken::Node, "hub");
    assert!(running.iter().all(|line| line.contains("at-once")), "{running:?}");
    assert!(running.iter().any(|line| line.contains("secret:wifi")));
}

#[test]
fn a_node_has_what_it_holds_and_no_more() {
    let barn = lines(Some("on"), Taken::Disk, "barn");
    assert!(barn.contains(&"1 key:age-identity:barn at-once 10".to_owned()), "{barn:?}");
    assert!(barn.iter().any(|line| line.contains("secret:backup-key")));
    assert!(!barn.iter().any(|line| line.contains("unseal") || line.contains(":den")), "{barn:?}");
    assert_eq!(lines(Some("on"), Taken::Node, "phone"), ["1 key:ssh-login:phone at-once 9"]);
}

#[test]
fn the_token_of_1password_lies_where_it_is_read_with() {
    let mut house = house(Some("off"));
    house.stores =
        serde_json::from_value(json!({ "one_password": { "token": "file:op-token" } })).unwrap();
    let tokens = |node: &str| -> Vec<_> {
        let plan = theft(&house, Taken::Disk, &NodeName::new(node).unwrap());
        let tokens = plan.steps.into_iter().filter(|step| step.thing.contains("store-tokens"));
        tokens.map(|step| (step.thing, step.act, step.held, step.danger, step.places)).collect()
    };
    let place = vec!["hub: file:op-token".to_owned()];
    let thing = "key:store-tokens:hub".to_owned();
    assert_eq!(tokens("hub"), [(thing, Act::Revoke, Held::AtOnce, danger::MOST, place)]);
    // It reads nothing there.
    assert_eq!(tokens("barn"), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_that_is_held_is_missing_and_the_worst_is_first(instance in arb_instance()) {
        for node in instance.nodes.keys() {
            for taken in [Taken::Disk, Taken::Node] {
                let plan = theft(&instance, taken, node);
                for name in instance.secrets.keys() {
                    let held = !holders(&instance, name).is_disjoint(&plan.nodes);
                    let listed = plan.steps.iter().any(|step| step.thing == format!("secret:{name}"));
                    prop_assert_eq!(held, listed, "{}", name);
                }
                let ordered = plan.steps.windows(2).all(|pair| {
                    (pair[0].held, u8::MAX - pair[0].danger) <= (pair[1].held, u8::MAX - pair[1].danger)
                });
                prop_assert!(ordered);
                let orders: Vec<usize> = plan.steps.iter().map(|step| step.order).collect();
                prop_assert_eq!(orders, (1..=plan.steps.len()).collect::<Vec<_>>());
                // A running machine gives no less than its disk.
                let disk = theft(&instance, Taken::Disk, node);
                let running = theft(&instance, Taken::Node, node);
                for step in &disk.steps {
                    let same = running.steps.iter().find(|other| other.thing == step.thing);
                    prop_assert!(same.is_some_and(|other| other.held <= step.held));
                }
            }
        }
    }
}
