//! kill -9 in the middle of a sync: every cache holds its old value or the source's, and the next sync ends it.

use crate::cli::program::{House, sanctum};
use std::fmt::Write as _;
use std::process::Stdio;

/// How a file gets into its place.
const RENAMES: &str = "rename,renameat,renameat2";
/// Enough that kills fall between two of them.
const SECRETS: usize = 12;

fn house() -> House {
    let mut text =
        "format: 1\ninstance: {name: Bed, slug: bed, timezone: UTC}\nusers: {owner: operator}\n\
        nodes: {hub: {type: hub, os: linux}}\nnetworks: {lan: {subnet: 192.168.1.0/24}}\nsecrets:\n"
            .to_owned();
    for n in 0..SECRETS {
        let _ = writeln!(
            text,
            "  s{n}: {{ref: \"file:s{n}\", caches: [\"age:c{n}.age\", \"keychain:s{n}/house\"], cleartext: {{reason: x}}}}"
        );
    }
    House::new(&text)
}

/// What each place of each secret holds, in short.
fn prints(house: &House) -> Vec<Vec<String>> {
    let report = house.run(&["secrets", "diff", "--json"]).json();
    let secrets = report["secrets"].as_array().expect("secrets").iter();
    secrets
        .map(|secret| {
            let places = secret["places"].as_array().expect("places").iter();
            places
                .map(|place| place["fingerprint"].as_str().unwrap_or("nothing").to_owned())
                .collect()
        })
        .collect()
}

#[test]
fn a_killed_sync_leaves_old_or_new_and_the_next_one_ends_it() {
    let strace = sanctum_tests::need!("strace");
    let house = house();
    for n in 0..SECRETS {
        house
            .fed(&["secrets", "set", &format!("s{n}"), "--stdin"], format!("old-{n}").as_bytes())
            .exits(0);
    }
    let mut in_between = 0;
    for round in 0..10_u64 {
        for n in 0..SECRETS {
            house.put(&format!("etc/sanctum/secrets/s{n}"), &format!("new-{n}-{round}"), 0o600);
        }
        let before = prints(&house);
        // At the entry of one rename after the other: each puts one file in its place.
        let when = 1 + 5 * round;
        house
            .command(&strace)
            .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={RENAMES}"), "-e"])
            .arg(format!("inject={RENAMES}:signal=SIGKILL:when={when}"))
            .arg(sanctum())
            .args(house.arguments(&["secrets", "sync", "--yes"]))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("strace starts");
        let after = prints(&house);
        let mut written = 0;
        for (was, is) in before.iter().zip(&after) {
            assert_eq!(was[0], is[0], "a source is never written");
            for (old, now) in was.iter().zip(is).skip(1) {
                assert!(now == old || *now == is[0], "{old} became {now}");
                written += usize::from(now == &is[0]);
            }
        }
        in_between += usize::from((1..2 * SECRETS).contains(&written));
        house.run(&["secrets", "sync", "--yes"]).exits(0);
        house.run(&["secrets", "diff"]).exits(0);
    }
    assert!(in_between > 2, "{in_between} of the kills fell between two writes");
}
