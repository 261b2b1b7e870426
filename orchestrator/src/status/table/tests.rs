//! Rows as they read.

use super::*;
use crate::status::model::Layer;
use crate::status::{Seen, gather, gather::Looked};
use expect_test::expect;

#[test]
fn cells_keep_their_width() {
    assert_eq!(cell("ab", 4), "ab  ");
    assert_eq!(cell("abcd", 4), "abcd");
    assert_eq!(cell("abcde", 4), "abc…");
    assert_eq!(cell("\u{1b}[31m", 6), "\u{fffd}[31m ");
}

#[test]
fn times() {
    let ago = |seconds: i64| ago(UnixTime(1_000_000), UnixTime(1_000_000 - seconds));
    assert_eq!([5, 65, 7_300, 200_000].map(ago), ["5 s ago", "1 min ago", "2 h ago", "2 d ago"]);
    assert_eq!(ago(-5), "in the future");
}

#[test]
fn a_house_that_is_not_applied() {
    let house = crate::jobs::fixture::instance();
    let status = gather(Seen {
        version: "0.1.0",
        now: UnixTime(1_800_000_000),
        node: house.nodes.keys().next().cloned(),
        instance: Looked::Unknown("cannot read instance.yaml".to_owned()),
        system: crate::status::System {
            os: Some("Linux".to_owned()),
            uptime_seconds: Some(90_000),
            load_hundredths: Some(105),
            root_kib: Some(1_000),
            root_free_kib: Some(420),
            ..crate::status::System::default()
        },
        written: Looked::Unknown("only root reads receipts".to_owned()),
        last_runs: Looked::NotBuilt,
        ports: Looked::NotBuilt,
        running: std::collections::BTreeMap::new(),
        vault: Looked::Off("the house has none here".to_owned()),
        reboot: Looked::Off(String::new()),
        secrets: Looked::Unknown("cannot read instance.yaml".to_owned()),
        changes: Looked::Unknown("cannot read instance.yaml".to_owned()),
        alerts: Looked::NotBuilt,
        implemented: std::collections::BTreeSet::new(),
    });
    let lines: Vec<String> =
        rows(&status).into_iter().map(|row| format!("{}\n", row.text)).collect();
    expect![[r#"
        cottage:  Linux  up 1 d  load 1.05  disk 42 % free  sanctum 0.1.0
        layers
          Host                                   unknown   cannot read instance.yaml
          Secrets                                unknown   cannot read instance.yaml
          Sentinel                               not built not built in this version
          Firewall                               not built not built in this version
          Rotation                               unknown   cannot read instance.yaml
          Proxy                                  not built not built in this version
          Vault                                  off       the house has none here
        drift
          files as written                       unknown   only root reads receipts
        alerts
          alerts                                 not built not built in this version
        not looked at: what the instance wants now, and which definitions are loaded: sanctum drift
        not looked at: tools' own judgement of what is rendered: sanctum doctor --prove
    "#]]
    .assert_eq(&lines.concat());
    assert_eq!(status.layers.len(), Layer::ALL.len());
}
