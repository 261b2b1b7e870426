//! kill -9 in the middle of puts: the old value or the new one is there, whole, and the next put works.
//!
//! The one who is killed is this very binary, running one ignored test in a folder of the test's own.
#![expect(clippy::disallowed_methods, reason = "a child of the test's own")]

use sanctum_secrets::places::Places;
use sanctum_secrets::stores::Value;
use sanctum_tests::{Tier, note_skipped};
use sanctum_types::SecretRef;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const ITEMS: [&str; 3] = ["file:x", "age:/repo/x.age", "keychain:svc/x"];
/// Longer than one write of a pipe or page, so that a torn file shows.
const LENGTH: usize = 20_000;

fn put(root: &Path, item: &str, byte: u8) {
    let places = Places::machine(root).expect("places");
    let reference = SecretRef::parse(item).expect("a reference");
    let store = places.store(&reference).expect("a store");
    store.put(&reference, &Value::new(vec![byte; LENGTH])).expect("a put");
}

/// The byte that the value is made of, or nothing.
fn read(root: &Path, item: &str) -> Option<u8> {
    let places = Places::machine(root).expect("places");
    let reference = SecretRef::parse(item).expect("a reference");
    let store = places.store(&reference).expect("a store");
    let value = store.get(&reference).known().expect("known")?;
    let byte = *value.expose().first().expect("not empty");
    assert!(
        value.expose().len() == LENGTH && value.expose().iter().all(|one| *one == byte),
        "torn"
    );
    Some(byte)
}

#[test]
#[ignore = "the child that is killed; it never ends by itself"]
fn child() {
    let root = std::env::current_dir().expect("a folder");
    // Each child begins with another value, so that it shows how far it came.
    let first: usize =
        std::fs::read_to_string("round").expect("a round").parse().expect("a number");
    for byte in (b'a'..=b'z').cycle().skip(first) {
        for item in ITEMS {
            put(&root, item, byte);
        }
    }
}

#[test]
fn a_killed_put_leaves_the_old_value_or_the_new_one() {
    if Tier::of_this_run() == Tier::First {
        return note_skipped(module_path!(), "kills a child many times");
    }
    let dir = tempfile::tempdir().expect("a folder");
    // The first put makes the identity that age files need.
    put(dir.path(), ITEMS[2], b'0');
    let mut seen = std::collections::BTreeSet::new();
    // More rounds where the machine is busy: each child must have had the time to begin.
    let mut round = 0_u64;
    while round < 26 || (round < 200 && seen.len() <= 6) {
        round += 1;
        std::fs::write(dir.path().join("round"), round.to_string()).expect("a round");
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "stores::kill::child", "--ignored", "--quiet"])
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a child");
        // Primes, so that the moment falls everywhere in the loop.
        std::thread::sleep(Duration::from_millis(40 + round * 37 % 241));
        child.kill().expect("alive until now");
        child.wait().expect("an end");
        for item in ITEMS {
            seen.insert((item, read(dir.path(), item)));
        }
    }
    // The child was at work each time it was killed.
    assert!(seen.len() > 6, "{seen:?}");
    for item in ITEMS {
        put(dir.path(), item, b'9');
        assert_eq!(read(dir.path(), item), Some(b'9'));
    }
    let left = std::fs::read_dir(dir.path().join("etc/sanctum/secrets")).expect("a folder");
    let left: Vec<String> = left
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with("sanctum-new"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}
