//! Each way to widen, one line each, over the example house.

use super::super::model::{
    Bind, Criticality, Instance, Interfaces, NodeType, Os, RunAs, Service, SshProfile,
};
use super::*;
use crate::instance::vault::Unseal;
use crate::instance::{NoCheck, load};
use sanctum_types::{AbsPath, AccountName, ServiceName};

const MANOR: &str = include_str!("../../../../examples/manor/instance.yaml");

fn manor() -> Instance {
    load(MANOR, "manor", &NoCheck).expect("the example").instance
}

fn between(old: &Instance, new: &Instance) -> Vec<String> {
    let found = widenings(Some(old), new);
    found.into_iter().map(|one| format!("{}: {}", one.subject, one.change)).collect()
}

/// What a change of the example widens, as `subject: change` lines.
fn after(change: fn(&mut Instance)) -> Vec<String> {
    let (old, mut new) = (manor(), manor());
    change(&mut new);
    between(&old, &new)
}

fn gateway(instance: &mut Instance) -> &mut Service {
    instance.services.get_mut(&name("gateway")).expect("the gateway")
}

fn name(text: &str) -> ServiceName {
    ServiceName::new(text).expect("a name")
}

fn account(text: &str) -> AccountName {
    AccountName::new(text).expect("a name")
}

#[test]
fn nothing_changed_widens_nothing_and_a_first_file_says_so() {
    assert_eq!(widenings(Some(&manor()), &manor()), vec![]);
    assert_eq!(widenings(None, &manor()).len(), 1);
}

/// Without the section nothing is served and nothing is opened; another way to open it is the owner's word again.
#[test]
fn a_vault_that_goes_narrows_and_what_opens_it_is_a_decision() {
    assert_eq!(after(|house| house.vault = None), Vec::<String>::new());
    let other = after(|house| {
        let unseal = Unseal::KeyFile(AbsPath::new("/tmp/k").unwrap());
        house.vault.as_mut().unwrap().unseal = Some(unseal);
    });
    assert_eq!(other, ["vault.unseal.key_file: becomes /tmp/k"]);
    let other = after(|house| {
        let reference = sanctum_types::SecretRef::parse("keychain:sanctum-vault/unseal").unwrap();
        house.vault.as_mut().unwrap().unseal = Some(Unseal::Secret(reference));
    });
    let becomes = "vault.unseal.secret: becomes keychain:sanctum-vault/unseal";
    assert_eq!(other, ["vault.unseal.key_file: is taken away", becomes]);
}

type Change = fn(&mut Instance);

/// What is done to the example, and the end of the line that names it.
const WAYS: [(Change, &str); 26] = [
    (|i| gateway(i).bind = Bind::Lan, "services.gateway: tcp port 1977 is opened to lan"),
    (
        |i| gateway(i).command = Some(vec!["/bin/sh".into()]),
        "services.gateway.command: runs /bin/sh",
    ),
    (|i| i.guards.proxy = GuardMode::Off, "guards.proxy: lowered from Enforce to Off"),
    (|i| i.alerts.channels.clear(), "alerts.channels: desktop tells nobody any more"),
    (|i| i.alerts.hourly_cap = 1, "alerts.hourly_cap: lowered from 10 to 1"),
    (|i| i.ssh.allow_users.push(account("eve")), "ssh.allow_users: eve may log in"),
    (
        |i| i.users.authorized_keys.push("ssh-ed25519 AAAA eve@x".into()),
        "users.authorized_keys: eve@x may log in",
    ),
    (|i| i.users.owner = account("eve"), "users.owner: becomes eve"),
    (|i| i.users.guest = account("eve"), "users.guest: becomes eve"),
    (
        |i| gateway(i).run_as = Some(RunAs { user: account("root"), reason: Some("x".into()) }),
        "services.gateway.run_as.user: becomes root",
    ),
    (|i| i.networks.lan.interface = Interfaces::Many(vec![]), "networks.lan.interface: becomes []"),
    (
        |i| i.schedules.values_mut().for_each(|s| s.command = vec!["/bin/evil".into()]),
        "schedules.secret-age-check.command: runs /bin/evil",
    ),
    (
        |i| i.schedules.values_mut().for_each(|s| s.cron = "* * * * *".into()),
        "schedules.secret-age-check.cron: becomes * * * * *",
    ),
    (|i| i.ssh.port = std::num::NonZeroU16::MAX, "ssh: tcp port 65535 is opened to lan"),
    (
        |i| drop(i.services.remove(&name("gateway"))),
        "services.gateway: tcp port 1977 is no longer closed to lan",
    ),
    (|i| gateway(i).ports.clear(), "services.gateway: tcp port 1977 is no longer closed to lan"),
    (
        |i| gateway(i).enabled = false,
        "services.gateway: is switched off: another program may take its ports",
    ),
    (|i| gateway(i).gui = !gateway(i).gui, "services.gateway.gui: becomes true"),
    (
        |i| gateway(i).node = sanctum_types::NodeName::new("elsewhere").unwrap(),
        "services.gateway.node: becomes elsewhere",
    ),
    (
        |i| gateway(i).secrets.push(name("other")),
        "services.gateway.secrets: reads the secret other",
    ),
    (|i| gateway(i).criticality = Criticality::P2, "services.gateway.criticality: becomes P2"),
    (|i| i.nodes.values_mut().for_each(|n| n.os = Some(Os::Linux)), "nodes.hub.os: becomes linux"),
    (
        |i| i.nodes.values_mut().for_each(|n| n.kind = NodeType::Satellite),
        "nodes.hub.type: becomes satellite",
    ),
    (
        |i| i.vm.iter_mut().for_each(|vm| vm.disk = AbsPath::new("/dev/disk0").unwrap()),
        "vm.disk: becomes /dev/disk0",
    ),
    (|i| i.vm.iter_mut().for_each(|vm| vm.cpus = 64), "vm.cpus: becomes 64"),
    (
        |i| {
            let node = i.nodes.keys().next().unwrap().clone();
            i.ssh.profiles.insert(node, SshProfile::Compatible);
        },
        "becomes compatible",
    ),
];

#[test]
fn each_way_to_widen_is_named() {
    for (change, expected) in WAYS {
        let found = after(change);
        assert!(found.iter().any(|line| line.ends_with(expected)), "{expected}: {found:#?}");
    }
}

#[test]
fn a_secret_that_is_read_from_another_place_widens() {
    let found = after(|i| {
        let other = i.secrets.values().nth(1).expect("two secrets").reference.clone();
        i.secrets.values_mut().next().expect("a secret").reference = other;
    });
    assert!(
        found.iter().any(|line| line.starts_with("secrets.") && line.contains(".ref: ")),
        "{found:?}"
    );
}

#[test]
fn a_service_that_is_switched_on_or_new_widens() {
    let mut off = manor();
    gateway(&mut off).enabled = false;
    assert!(between(&off, &manor()).contains(&"services.gateway: is switched on".to_owned()));
    let mut without = manor();
    without.services.remove(&name("gateway"));
    let found = between(&without, &manor());
    assert!(found.iter().any(|line| line.starts_with("services.gateway.node: ")), "{found:?}");
}

#[test]
fn narrowing_is_not_widening() {
    let table: [Change; 9] = [
        |i| i.ssh.reachable_from.clear(),
        |i| i.users.authorized_keys.clear(),
        |i| i.schedules.clear(),
        |i| i.secrets.clear(),
        |i| i.vm = None,
        |i| i.ssh.allow_users.clear(),
        |i| i.instance.name = "Another name".into(),
        |i| gateway(i).reason = Some("another".into()),
        |i| i.boot.reason = Some("another".into()),
    ];
    for (n, change) in table.into_iter().enumerate() {
        assert_eq!(after(change), Vec::<String>::new(), "{n}");
    }
}

/// Whatever a later version of the format adds, it widens until somebody says why it does not.
#[test]
fn a_value_that_nobody_judges_widens() {
    let mut found = Vec::new();
    let new = serde_json::json!({ "tunnels": { "door": { "port": 1 } } });
    compare(&mut found, &[], &serde_json::json!({}), &new);
    let expected = Widening { subject: "tunnels.door.port".into(), change: "becomes 1".into() };
    assert_eq!(found, [expected]);
}

#[test]
fn an_extended_budget_and_another_probe_widen() {
    let budget = after(|new| new.supervision.budget.restarts = 30);
    assert_eq!(budget, ["supervision.budget.restarts: becomes 30"]);
    let probe = after(|new| gateway(new).probe = Some(crate::instance::model::Probe::Tcp));
    assert!(probe.iter().all(|one| one.starts_with("services.gateway.probe")), "{probe:?}");
    assert!(!probe.is_empty());
}
