//! Leases that outlive a restart: the real service, killed while agents take values and give them back and the owner revokes.
#![expect(clippy::disallowed_methods, reason = "real programs on real files")]

use super::clients::Client as Published;
use super::{LONG, PASSPHRASE, Served};
use crate::cli::program::folder;
use sanctum_vault::client::{Client, ClientError};
use sanctum_vault::keyfile::AgentKey;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

/// A vault that its key file opens at every start, with an agent whose leases are kept.
fn scene(root: &Path) -> (Served, AgentKey) {
    let key = root.join("vault.key");
    let key = key.to_str().expect("UTF-8");
    let served = Served::made(root.to_owned(), &["init", "--key-file", key], &["--key-file", key]);
    served.fed(&["put", "a/b", "--stdin"], b"one").exits(0);
    served.vault(&["agent", "register", "builder", "--plain"]).exits(0);
    let rule = ["policy", "set", "kept", "--agent", "builder", "--path", "a/*"];
    let more = ["--action", "retrieve", "--max-ttl", "3600", "--keep-leases"];
    served.vault(&[&rule[..], &more].concat()).exits(0);
    let text = std::fs::read(root.join(".sanctum/keys/builder.key")).expect("a key");
    (served, AgentKey::from_plain(&text).expect("a key"))
}

fn agent(root: &Path, key: &AgentKey) -> Client {
    let mut client = Client::connect(&root.join(".sanctum/vault.sock")).expect("it is served");
    client.authenticate("builder", key).expect("it is known");
    client
}

fn owner(root: &Path) -> Client {
    let mut client = Client::connect(&root.join(".sanctum/vault.sock")).expect("it is served");
    client.admit("prove", PASSPHRASE).expect("the passphrase");
    client
}

fn retrieve(client: &mut Client) -> Result<String, ClientError> {
    let got = client.ask("retrieve", json!({ "path": "a/b", "ttl": 3600 }))?;
    Ok(got["lease_id"].as_str().expect("a name").to_owned())
}

/// None where it ended; otherwise what it says of a restart.
fn status(client: &mut Client, lease: &str) -> Option<Value> {
    match client.ask("lease_status", json!({ "lease_id": lease })) {
        Ok(status) => Some(status["survives_restart"].clone()),
        Err(error) => {
            assert_eq!(error.code(), Some("LEASE_EXPIRED"), "{error}");
            None
        }
    }
}

/// What was acknowledged of leases.
#[derive(Default)]
struct Told {
    held: Vec<String>,
    gone: Vec<String>,
    /// Of which nobody was told how it ended.
    unknown: Vec<String>,
}

impl Told {
    /// Ends one that is held by `end`; false where nobody answers any more.
    fn end(told: &Mutex<Self>, end: impl FnOnce(&str) -> Result<Value, ClientError>) -> bool {
        let Some(lease) = told.lock().expect("a lock").held.pop() else { return true };
        let ended = end(&lease);
        let mut told = told.lock().expect("a lock");
        match ended {
            Ok(_) => told.gone.push(lease),
            Err(_) => told.unknown.push(lease),
        }
        told.unknown.is_empty()
    }
}

/// Works until the service is gone; counts what was answered.
fn taking(mut client: Client, told: &Mutex<Told>, count: &AtomicU32) {
    loop {
        let Ok(lease) = retrieve(&mut client) else { return };
        let held = {
            let mut told = told.lock().expect("a lock");
            told.held.push(lease);
            told.held.len()
        };
        count.fetch_add(1, Ordering::SeqCst);
        let release = |lease: &str| client.ask("release_lease", json!({ "lease_id": lease }));
        if held > 20 && !Told::end(told, release) {
            return;
        }
    }
}

fn revoking(mut client: Client, told: &Mutex<Told>) {
    let revoke = |client: &mut Client, lease: &str| {
        client.call("admin.lease_revoke", json!({ "lease_id": lease }))
    };
    while Told::end(told, |lease| revoke(&mut client, lease))
        && client.call("admin.standing", json!({})).is_ok()
    {
        std::thread::yield_now();
    }
}

#[test]
fn a_kill_at_any_point_loses_no_kept_lease_and_brings_none_back() {
    let dir = folder();
    let root = dir.path().join("root");
    std::fs::create_dir_all(&root).expect("a folder");
    let (mut served, key) = scene(&root);
    let mut all = Told::default();
    let mut seed = 0x9e37_79b9_u32;
    for round in 0..12 {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        let (told, count) = (Mutex::new(std::mem::take(&mut all)), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let client = agent(&root, &key);
                scope.spawn(|| taking(client, &told, &count));
            }
            let client = owner(&root);
            scope.spawn(|| revoking(client, &told));
            let begun = Instant::now();
            while count.load(Ordering::SeqCst) < 1 + seed % 60 {
                assert!(begun.elapsed() < LONG, "it gives out nothing");
                std::thread::yield_now();
            }
            served.child.kill().expect("it runs");
            served.child.wait().expect("it ended");
        });
        served.child = Served::spawn(&root, &served.more);
        all = told.into_inner().expect("a lock");
        let mut client = agent(&root, &key);
        for lease in &all.held {
            assert_eq!(status(&mut client, lease), Some(json!(true)), "round {round}: {lease}");
        }
        for lease in &all.gone {
            assert_eq!(status(&mut client, lease), None, "round {round}: {lease}");
        }
        all.unknown.clear();
        // Those of an answer that nobody had are not to fill the agent's share.
        let mut owner = owner(&root);
        let listed = owner.call("admin.lease_list", json!({})).expect("a list");
        for lease in listed["leases"].as_array().expect("leases") {
            let name = lease["lease_id"].as_str().expect("a name");
            if !all.held.iter().any(|held| held == name) {
                let revoke = json!({ "lease_id": name });
                owner.call("admin.lease_revoke", revoke).expect("it is revoked");
                all.gone.push(name.to_owned());
            }
        }
    }
    assert!(!all.gone.is_empty());
    served.vault(&["lease", "revoke", "--agent", "builder"]).exits(0);
    served.again();
    let listed = served.vault(&["lease", "list", "--json"]).exits(0).json();
    assert_eq!(listed["vault"]["leases"], json!([]));
}

#[test]
fn the_published_client_finds_its_lease_again_and_not_what_the_owner_sealed() {
    let python = sanctum_tests::need!("sanctum-ai-python");
    let dir = folder();
    let root = dir.path().join("root");
    std::fs::create_dir_all(&root).expect("a folder");
    let (mut served, key) = scene(&root);
    let lease = retrieve(&mut agent(&root, &key)).expect("a value");
    served.again();
    let class = ("sanctum_sdk", "VaultClient");
    let connected = || {
        let mut client = Published::python(&python, &root, class, ("builder", &json!({})));
        assert_eq!(client.ok("connect", json!([])), true);
        client
    };
    let status = connected().ok("lease_status", json!([lease]));
    assert_eq!((&status["survives_restart"], &status["active"]), (&json!(true), &json!(true)));
    let listed = served.vault(&["lease", "list", "--json"]).exits(0).json();
    assert_eq!(listed["vault"]["leases"][0]["survives_restart"], true);
    served.vault(&["seal"]).exits(0);
    served.again();
    let gone = ("LeaseExpired", "LEASE_EXPIRED");
    connected().refused("lease_status", json!([lease]), gone);
}
