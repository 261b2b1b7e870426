//! A JSON file of another node, over a real sshd: the value arrives, everything else of the file stays, and what is not
//! clear is refused before anything is minted.
#![expect(clippy::disallowed_methods, reason = "real files are read and written")]

use super::bed::now;
use crate::fleet::bed::{Bed, Sshd, USER};
use crate::rotation::stand_in::{Contract, StandIn};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

const NODE: &str = "box";
const FILE: &str = "home/app.json";

fn own(bed: &Bed, name: &str, text: &str, bits: u32) {
    let path = bed.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
    chown(&path, Some(USER.1), Some(USER.1)).unwrap();
}

/// An owner's house with one secret, whose value a node has too.
fn house(provider: &StandIn) -> (Bed, String) {
    let bed = Bed::new(&[NODE]);
    let (management, value) = {
        let account = provider.account();
        (account.management.clone(), account.keys[0].value.clone())
    };
    own(&bed, "home/.sanctum/secrets/management", &management, 0o600);
    own(&bed, "home/.sanctum/secrets/router", &value, 0o600);
    let secrets = bed.path("home/.sanctum/secrets");
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o700)).unwrap();
    chown(&secrets, Some(USER.1), Some(USER.1)).unwrap();
    own(&bed, FILE, &format!("{{\n \"a\": [1.0],\n \"k\": {{\"key\": \"{value}\"}}\n}}\n"), 0o640);
    let text = bed.read("instance.yaml")
        + &format!(
            "secrets:\n  management: {{ref: \"file:management\", cleartext: {{reason: x}}}}\n  router:\n    \
             ref: \"file:router\"\n    cleartext: {{reason: x}}\n    rotation:\n      kind: {{openrouter: {{base_url: \
             \"{}\"}}}}\n      management: management\n      consumers:\n        - json: {{node: {NODE}, path: {}, key: k.key}}\n",
            provider.base_url(),
            bed.text(FILE)
        );
    bed.write("instance.yaml", &text);
    (bed, value)
}

#[test]
fn a_file_of_a_node_gets_the_value_and_nothing_else_changes() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let provider = StandIn::start(Contract::Openrouter, now());
    let (bed, old) = house(&provider);
    let _box = bed.start(NODE, &Sshd::default());
    bed.know(NODE);
    bed.sanctum(&["rotate", "router", "--yes", "--wait", "0"]).exits(0);
    let value = bed.read("home/.sanctum/secrets/router");
    assert!(value != old && provider.account().is_valid(&value));
    assert_eq!(
        bed.read(FILE),
        format!("{{\n \"a\": [1.0],\n \"k\": {{\"key\": \"{value}\"}}\n}}\n")
    );
    let mode = fs::metadata(bed.path(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    let beside: Vec<_> = fs::read_dir(bed.path("home"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("sanctum-new"))
        .collect();
    assert!(beside.is_empty(), "{beside:?}");
}

#[test]
fn a_node_that_is_not_clear_keeps_anything_from_being_minted() {
    let (_sshd, _keygen, _unshare) = sanctum_tests::need!("sshd", "ssh-keygen", "unshare");
    let provider = StandIn::start(Contract::Openrouter, now());
    let (bed, old) = house(&provider);
    let _box = bed.start(NODE, &Sshd::default());
    let refused = |why: &str| {
        bed.sanctum(&["rotate", "router", "--yes"]).exits(4);
        let log = provider.account().log.join("\n");
        assert!(!log.contains("POST"), "{why}: {log}");
        assert_eq!(bed.read("home/.sanctum/secrets/router"), old, "{why}");
    };
    refused("a host key that nobody recorded");
    bed.know_other(NODE);
    refused("another host key");
    bed.forget(NODE);
    bed.know(NODE);
    let good = bed.read(FILE);
    own(&bed, FILE, "{\"k\": [\"key\"]}", 0o640);
    refused("the keys lead through a list");
    own(&bed, FILE, "{\"k\": {\"key\": 1}}", 0o640);
    refused("a number");
    fs::remove_file(bed.path(FILE)).unwrap();
    refused("no file");
    own(&bed, "home/elsewhere.json", &good, 0o640);
    symlink(bed.path("home/elsewhere.json"), bed.path(FILE)).unwrap();
    refused("a link");
}
