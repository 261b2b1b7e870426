//! A SOPS document, 1Password and a service that reads its key anew, in one rotation of the real binary.
//!
//! The document is judged by the real `sops`. 1Password is two strict stand-ins (`stores::op`, `stores::connect`), and so is
//! the service: a listener that looks into the file at the moment in which it is told.
#![expect(clippy::disallowed_methods, reason = "files and programs of a test's own house")]

use super::bed::{Bed, CASES, ENV, now};
use crate::cli::program::House;
use crate::rotation::stand_in::{Contract, StandIn};
use crate::stores::{connect, op};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

const RELOAD_TOKEN: &str = "reload-token-of-the-service";
const DOCUMENT: &str = "repo/house.yaml";

/// What a service saw when it was told: who told it, and what its file held.
type Kicks = Arc<Mutex<Vec<(String, String)>>>;

fn service(file: PathBuf) -> (u16, Kicks) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let kicks = Kicks::default();
    let seen = Arc::clone(&kicks);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            // A look whether anybody listens sends nothing.
            if head.is_empty() {
                continue;
            }
            let who = head.iter().find_map(|line| line.strip_prefix("authorization: "));
            let text = fs::read_to_string(&file).unwrap();
            let held = text.lines().find_map(|line| line.strip_prefix("ROUTER_KEY="));
            let kick = (who.unwrap_or_default().to_owned(), held.unwrap_or_default().to_owned());
            seen.lock().unwrap().push(kick);
            let _ = stream.write_all(
                b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            );
        }
    });
    (port, kicks)
}

fn run(program: &Path, args: &[&str], home: &Path) -> Vec<u8> {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", home).env("SOPS_DISABLE_VERSION_CHECK", "1").args(args);
    let output = command.env("SOPS_AGE_KEY_FILE", home.join("identity")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The document, encrypted by the real sops for the identity of the house.
fn document(house: &House, value: &str) {
    let (sops, keygen) = (sanctum_tests::tool("sops"), sanctum_tests::tool("age-keygen"));
    let folder = house.at("root/etc/sanctum");
    fs::create_dir_all(&folder).unwrap();
    let identity = folder.join("identity");
    run(&keygen, &["-o", identity.to_str().unwrap()], &folder);
    fs::set_permissions(&identity, fs::Permissions::from_mode(0o600)).unwrap();
    let shown = run(&keygen, &["-y", identity.to_str().unwrap()], &folder);
    let recipient = String::from_utf8(shown).unwrap();
    let plain = format!(
        "# The providers of the house, in an order of its own\nproviders:\n    zebra:\n        key: \"untouched: it stays\"\n        \
         list:\n            - 12\n            - yes it is\n    # this one is rotated\n    router:\n        key: {value}\n        \
         note_unencrypted: open\ntail: 'end'\n"
    );
    let path = house.at("plain.yaml");
    fs::write(&path, plain).unwrap();
    let words = ["--encrypt", "--age", recipient.trim(), path.to_str().unwrap()];
    let sealed = String::from_utf8(run(&sops, &words, &folder)).unwrap();
    fs::remove_file(path).unwrap();
    house.put(DOCUMENT, &sealed, 0o600);
}

/// What the real sops reads.
fn opened(house: &House) -> Value {
    let path = house.at("root").join(DOCUMENT);
    let words = ["--decrypt", "--output-type", "json", path.to_str().unwrap()];
    let plain = run(&sanctum_tests::tool("sops"), &words, &house.at("root/etc/sanctum"));
    serde_json::from_slice(&plain).unwrap()
}

/// The value of the one field of the one item.
fn in_vault(items: &[Value]) -> String {
    let item = items.iter().find(|item| item["title"] == "Router key").expect("an item");
    let fields = item["fields"].as_array().unwrap();
    let field = fields.iter().find(|field| field["label"] == "credential").expect("a field");
    field["value"].as_str().unwrap().to_owned()
}

/// `stores.one_password` of the instance, and what is asked for the items.
fn scene(via: &str, items: &dyn Fn() -> Vec<Value>) {
    let provider = StandIn::start(Contract::Openrouter, now());
    let house = House::new("");
    let (port, kicks) = service(house.at("root").join(ENV));
    house.instance(&format!(
        "format: 1\ninstance: {{name: Bed, slug: bed, timezone: UTC}}\nusers: {{owner: operator}}\n\
         nodes: {{hub: {{type: hub, os: linux}}}}\nnetworks: {{lan: {{subnet: 192.168.1.0/24}}}}\n\
         stores:\n  one_password: {{token: \"file:op-token\", {via}}}\nsecrets:\n  \
         management: {{ref: \"file:management\", cleartext: {{reason: x}}}}\n  \
         reloads: {{ref: \"file:reloads\", cleartext: {{reason: x}}}}\n  router:\n    \
         ref: \"sops:/{DOCUMENT}#providers.router.key\"\n    caches: [\"op://House/Router key/credential\"]\n    \
         rotation:\n      kind: {{openrouter: {{base_url: \"{}\"}}}}\n      management: management\n      \
         consumers: [{{env: {{path: /{ENV}, variable: ROUTER_KEY}}}}]\n      \
         reload: [{{http: {{url: \"http://127.0.0.1:{port}/-/reload\", token: reloads}}}}]\n",
        provider.base_url()
    ));
    let before = provider.account().keys.clone();
    let (old, management) = (before[0].value.clone(), provider.account().management.clone());
    document(&house, &old);
    house.put("etc/sanctum/secrets/op-token", op::TOKEN, 0o600);
    house.put("etc/sanctum/secrets/reloads", RELOAD_TOKEN, 0o600);
    house.put("etc/sanctum/secrets/management", &management, 0o600);
    let secrets = house.at("root/etc/sanctum/secrets");
    fs::set_permissions(secrets, fs::Permissions::from_mode(0o700)).unwrap();
    house.put(ENV, &format!("# kept\nROUTER_KEY={old}\n"), 0o600);
    house.run(&["secrets", "sync", "router", "--yes"]).exits(0);
    assert_eq!(in_vault(&items()), old);
    let sealed = fs::read_to_string(house.at("root").join(DOCUMENT)).unwrap();
    let bed = Bed::around(CASES[0], house, provider, before);

    bed.house.run(&["rotate", "router", "--yes", "--wait", "5"]).exits(0);
    let new = in_vault(&items());
    assert!(new != old && bed.provider.account().is_valid(&new));
    // The real sops reads the new value, and everything else as it was.
    let read = opened(&bed.house);
    assert_eq!(
        read,
        json!({
            "providers": {
                "zebra": { "key": "untouched: it stays", "list": [12, "yes it is"] },
                "router": { "key": new, "note_unencrypted": "open" },
            },
            "tail": "end",
        })
    );
    // One value changed, and what says when and that nobody else changed it; every other line is the same.
    let after = fs::read_to_string(bed.house.at("root").join(DOCUMENT)).unwrap();
    assert_eq!(sealed.lines().count(), after.lines().count());
    let changed: Vec<&str> = sealed
        .lines()
        .zip(after.lines())
        .filter(|(one, other)| one != other)
        .map(|(one, _)| one.trim().split(':').next().unwrap())
        // Made and rotated in one second it is the same.
        .filter(|key| *key != "lastmodified")
        .collect();
    assert_eq!(changed, ["key", "mac"], "{after}");
    // The service was told once, by who may tell it, when its file held the new value.
    let kick = (format!("Bearer {RELOAD_TOKEN}"), new.clone());
    assert_eq!(*kicks.lock().unwrap(), [kick]);
    bed.see_out();
    assert_eq!(kicks.lock().unwrap().len(), 1, "the end of the old key tells nobody");
    assert!(!bed.provider.account().is_valid(&old) && bed.provider.account().is_valid(&new));
    assert_eq!((in_vault(&items()), opened(&bed.house)), (new, read));
}

#[test]
fn a_document_and_a_vault_by_its_program_get_the_value_and_nothing_else_changes() {
    let _judges = sanctum_tests::need!("sops", "age-keygen", "python3");
    let vault = op::Bed::new();
    scene(&format!("op: \"{}\"", vault.path("op").display()), &|| vault.items());
}

#[test]
fn a_document_and_a_vault_by_its_server_get_the_value_and_nothing_else_changes() {
    let _judges = sanctum_tests::need!("sops", "age-keygen");
    let vault = connect::Server::start();
    scene(&format!("connect: \"{}\"", vault.url()), &|| vault.items());
}
