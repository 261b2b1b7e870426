//! The guest's seed before the real cloud-init and netplan.

use crate::units_house::{instance, put, run, said, text, with_node};
use sanctum_orchestrator::house::Artefact;
use sanctum_orchestrator::render::{systemd, vm};
use sanctum_tests::need;

/// user-data, meta-data and network-config, with the guest's own units aboard.
fn seed() -> Vec<Artefact> {
    let house = instance();
    let guest = with_node(&house, "vm", systemd::render).expect("renders");
    with_node(&house, "hub", |hub| vm::render(hub, &guest)).expect("renders")
}

fn document(name: &str) -> String {
    let seed = seed();
    let found = seed.iter().find(|artefact| artefact.path.file_name() == name);
    text(found.expect("a document")).to_owned()
}

#[test]
fn cloud_init_accepts_the_user_data() {
    let cloud_init = need!("cloud-init");
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("user-data");
    let judge = |body: &str| {
        put(dir.path(), "user-data", body.as_bytes());
        run(&cloud_init, &["schema", "-c", file.to_str().expect("UTF-8")])
    };
    let user_data = document("user-data");
    let good = judge(&user_data);
    assert!(good.status.success() && said(&good).contains("Valid"), "{}", said(&good));
    let house = instance();
    let bare = with_node(&house, "hub", |hub| vm::render(hub, &[])).expect("renders");
    let bare = judge(text(bare.first().expect("user-data")));
    assert!(bare.status.success(), "{}", said(&bare));
    for (part, by) in [
        ("\"ssh_pwauth\": false", "\"ssh_pwauth\": [1]"),
        ("\"permissions\": \"0644\"", "\"permissions\": 1.5"),
        ("\"runcmd\": [", "\"runcmd\": [ {},"),
    ] {
        assert!(user_data.contains(part), "{part}");
        assert!(!judge(&user_data.replacen(part, by, 1)).status.success(), "{by}");
    }
}

#[test]
fn netplan_gives_one_address_and_no_way_out() {
    let netplan = need!("netplan");
    let dir = tempfile::tempdir().expect("a folder");
    let generate = |config: &str| {
        let body = format!("{{\"network\": {config}}}\n");
        put(dir.path(), "etc/netplan/50-cloud-init.yaml", body.as_bytes());
        run(&netplan, &["generate", "--root-dir", dir.path().to_str().expect("UTF-8")])
    };
    let config = document("network-config");
    let good = generate(&config);
    assert!(good.status.success(), "{}", said(&good));
    let place = dir.path().join("run/systemd/network/10-netplan-hostonly.network");
    #[expect(clippy::disallowed_methods, reason = "what netplan wrote into the test's folder")]
    let network = std::fs::read_to_string(place).expect("netplan wrote it");
    for line in ["Address=10.10.10.10/24", "LinkLocalAddressing=no", "IPv6AcceptRA=no"] {
        assert!(network.lines().any(|seen| seen == line), "{line} in {network}");
    }
    for way_out in ["Gateway", "DHCP", "[Route]", "DNS"] {
        assert!(!network.contains(way_out), "{way_out} in {network}");
    }
    assert!(
        network.contains("PermanentMACAddress=") || network.contains("MACAddress="),
        "{network}"
    );
    assert!(!generate(&config.replace("/24", "/240")).status.success());
}
