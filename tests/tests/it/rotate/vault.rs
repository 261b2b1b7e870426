//! A path of the vault as a consumer: the real binary rotates into a running `sanctumd --only vault`.
#![expect(clippy::disallowed_methods, reason = "real programs on a test's own house")]

use super::bed::{Bed, CASES, now};
use crate::cli::program::House;
use crate::rotation::stand_in::StandIn;
use crate::vault::Served;
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A house whose secret is in a file and in a vault, which is served and unsealed.
fn bed(socket: &str) -> (Bed, Served, String) {
    let case = CASES[0];
    let provider = StandIn::start(case.contract, now());
    let (value, management) = {
        let account = provider.account();
        (account.keys[0].value.clone(), account.management.clone())
    };
    let kind = case.kind.replace("BASE", &provider.base_url());
    let house = House::new(&format!(
        "format: 1\ninstance: {{name: Bed, slug: bed, timezone: UTC}}\nusers: {{owner: operator}}\n\
         nodes: {{hub: {{type: hub, os: linux}}}}\nnetworks: {{lan: {{subnet: 192.168.1.0/24}}}}\n\
         secrets:\n  management: {{ref: \"file:management\", cleartext: {{reason: x}}}}\n  router:\n    \
         ref: \"file:router\"\n    cleartext: {{reason: x}}\n    rotation_max_age_days: 90\n    rotation:\n      {{kind: {kind}, \
         management: management, consumers: [{{vault: {{path: router/key, socket: /.sanctum/{socket}, \
         key: /srv/rotation.key}}}}]}}\n"
    ));
    let before = provider.account().keys.clone();
    house.fed(&["secrets", "set", "management", "--stdin"], management.as_bytes()).exits(0);
    house.fed(&["secrets", "set", "router", "--stdin"], value.as_bytes()).exits(0);
    // As docs/formats/rotation.md walks: nobody is there when it starts.
    let key = house.at("root/vault.key");
    let key = key.to_str().expect("UTF-8");
    let served = Served::made(house.at("root"), &["init", "--key-file", key], &["--key-file", key]);
    served.vault(&["status"]).exits(0);
    served.fed(&["put", "router/key", "--stdin"], value.as_bytes()).exits(0);
    let key = house.at("root/srv/rotation.key");
    let key = key.to_str().expect("UTF-8");
    served.vault(&["agent", "register", "rotation", "--plain", "--out", key]).exits(0);
    (Bed::around(case, house, provider, before), served, value)
}

fn allow(served: &Served) {
    let rule = [
        "--agent",
        "rotation",
        "--path",
        "router/key",
        "--action",
        "store",
        "--action",
        "retrieve",
    ];
    served.vault(&[&["policy", "set", "rotation"][..], &rule].concat()).exits(0);
}

#[test]
fn a_rotation_writes_a_new_version_into_the_vault_and_reads_it_back() {
    let (bed, served, old) = bed("vault.sock");
    allow(&served);
    bed.house.run(&["rotate", "router", "--yes", "--wait", "0"]).exits(0);
    let new = std::fs::read_to_string(bed.house.at("root/etc/sanctum/secrets/router")).expect("it");
    assert_ne!(new, old);
    assert_eq!(served.vault(&["get", "router/key", "--stdout"]).exits(0).stdout, new);
    assert_eq!(
        served.vault(&["get", "router/key", "--stdout", "--version", "1"]).exits(0).stdout,
        old
    );
    assert!(bed.is_valid(&new) && bed.is_valid(&old), "both live");
    goes_on(&bed);
    assert!(bed.is_valid(&new) && !bed.is_valid(&old));
}

#[test]
fn a_vault_that_cannot_be_written_is_refused_before_anything_is_minted() {
    let (bed, served, old) = bed("vault.sock");
    let rotate = || bed.house.run(&["rotate", "router", "--yes", "--wait", "0"]);
    let refused = |words: &str, way_out: &str| {
        let ran = rotate();
        assert_ne!(ran.code, Some(0), "{ran:?}");
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(words) && said.contains(way_out), "{said}");
        assert_eq!(bed.keys().len(), bed.before.len(), "nothing was minted");
        assert_eq!(served_value(&bed), old);
    };
    refused("does not let the rotation's agent", "sanctum vault policy set");
    allow(&served);
    served.vault(&["seal"]).exits(0);
    refused("the vault is sealed", "sanctum vault unseal");
    drop(served);
    refused("the vault is not served", "sanctumd --only vault");
}

fn served_value(bed: &Bed) -> String {
    std::fs::read_to_string(bed.house.at("root/etc/sanctum/secrets/router")).expect("the source")
}

/// A request that breaks the connection: before the vault has it, or after it answered.
const NONE: usize = usize::MAX;

fn frame(stream: &mut UnixStream) -> Option<Vec<u8>> {
    let mut whole = vec![0; 4];
    stream.read_exact(&mut whole).ok()?;
    let length = u32::from_be_bytes(whole[..4].try_into().expect("four bytes"));
    whole.resize(4 + usize::try_from(length).expect("small"), 0);
    stream.read_exact(&mut whole[4..]).ok()?;
    Some(whole)
}

/// Stands between the rotation and the vault, and breaks the connection at one request: an even number before it is forwarded, an odd one
/// after it was answered.
fn relay(at: &PathBuf, vault: PathBuf) -> Arc<AtomicUsize> {
    let listener = UnixListener::bind(at).expect("a socket");
    let left = Arc::new(AtomicUsize::new(NONE));
    let armed = Arc::clone(&left);
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let Ok(mut server) = UnixStream::connect(&vault) else { continue };
            while let Some(asked) = frame(&mut client) {
                let number = armed.load(Ordering::SeqCst);
                if number != NONE {
                    armed.store(number.checked_sub(2).unwrap_or(NONE), Ordering::SeqCst);
                }
                if number == 0 {
                    break;
                }
                server.write_all(&asked).expect("the vault reads");
                let Some(answer) = frame(&mut server) else { break };
                if number == 1 || client.write_all(&answer).is_err() {
                    break;
                }
            }
        }
    });
    left
}

/// Jobs go on until nothing is open.
fn goes_on(bed: &Bed) {
    for _ in 0..16 {
        if bed.open().is_none() {
            return;
        }
        bed.later();
        bed.house.run(&bed.next_verb());
    }
    panic!("it never ends: {:?}", bed.records());
}

#[test]
fn a_connection_that_breaks_at_any_request_loses_no_key() {
    let (bed, served, _) = bed("relay.sock");
    allow(&served);
    let dir = bed.house.at("root/.sanctum");
    let left = relay(&dir.join("relay.sock"), dir.join("vault.sock"));
    let mut broken = 0;
    for number in 0..44 {
        left.store(number, Ordering::SeqCst);
        bed.house.run(&["rotate", "router", "--yes", "--wait", "0"]);
        broken += usize::from(left.swap(NONE, Ordering::SeqCst) == NONE);
        goes_on(&bed);
        let held = served_value(&bed);
        let stored = served.vault(&["get", "router/key", "--stdout"]).exits(0).stdout;
        assert_eq!(stored, held, "{number}");
        assert!(bed.is_valid(&held), "{number}");
        assert_eq!(bed.keys().len(), bed.before.len(), "{number}: no key but the one in use");
    }
    assert!(broken > 20, "{broken}");
}
