//! Laws of the instance file: what loads, what is refused and where, and that nothing panics or leaks.

mod coverage;
mod examples;
mod format;
mod laws;
mod refusals;
mod secrets;
mod vault;

use super::{NoCheck, Rejected, load};

/// A house with one of everything, for edits.
const HOUSE: &str = r#"format: 1
instance: {name: House, slug: house, timezone: Europe/Vienna}
users:
  owner: operator
nodes:
  hub: {type: hub, lan_address: 192.168.1.10}
  vm: {type: guest}
  box: {type: satellite, host: box.example}
  phone: {type: mobile}
networks:
  lan: {subnet: 192.168.1.0/24}
  vm: {subnet: 10.10.10.0/24, host: 10.10.10.1, guest: 10.10.10.10}
services:
  vault: {node: hub, ports: [8200], criticality: P0, secrets: [seal]}
  proxy:
    node: hub
    ports: [4040]
    bind: loopback+vm
    reason: agents need it
    requires: [vault]
    probe: {http: {path: /health}}
secrets:
  seal: {ref: "age:/k.age"}
  login: {ref: "keychain:a/b"}
schedules:
  scan: {node: hub, cron: "0 6 * * *", command: [secret, scan]}
"#;

/// The house with one passage replaced; the passage must be there.
fn edited(from: &str, to: &str) -> String {
    assert!(HOUSE.contains(from), "`{from}` is not in the house");
    HOUSE.replacen(from, to, 1)
}

fn rejected(text: &str) -> Rejected {
    load(text, "instance.yaml", &NoCheck).expect_err("refused")
}

/// Every mistake of a text as `line:col message`.
fn mistakes(text: &str) -> Vec<String> {
    let all = rejected(text).diagnostics;
    all.iter().map(|d| format!("{}:{} {}", d.line, d.col, d.message)).collect()
}
