//! `sanctum status` of one place: what is there, what is not, and what the exit code says of it.

#[cfg(target_os = "linux")]
mod secrets;

use crate::cli::program::{House, MANOR, SMALL};
use sanctum_host::clock::Monotonic;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

fn state<'a>(report: &'a Value, section: &str, name: &str) -> &'a str {
    let items = report[section].as_array().expect("a section");
    let item = items.iter().find(|item| item["name"] == name);
    item.and_then(|item| item["state"].as_str()).unwrap_or_else(|| panic!("no {name}: {report:#}"))
}

#[test]
fn a_house_that_is_applied_holds_and_one_edit_is_a_finding() {
    let house = House::new(SMALL);
    let before = house.run(&["status", "--json"]).exits(3).json();
    assert_eq!(state(&before, "drift", "files as written"), "finding");
    let house = House::applied(SMALL);
    let report = house.run(&["status", "--json"]).exits(0).json();
    assert_eq!((&report["format"], &report["node"]), (&1.into(), &"hub".into()));
    assert_eq!(state(&report, "drift", "files as written"), "holds");
    assert_eq!(state(&report, "services", "dashboard"), "off", "nothing runs below a directory");
    house.put("etc/ssh/sshd_config.d/00-sanctum.conf", "PermitRootLogin yes\n", 0o600);
    let report = house.run(&["status", "--json"]).exits(3).json();
    assert_eq!(state(&report, "drift", "/etc/ssh/sshd_config.d/00-sanctum.conf"), "finding");
    assert_eq!(state(&report, "layers", "Host"), "finding");
}

#[test]
fn an_instance_that_was_changed_since_is_a_finding() {
    let house = House::applied(SMALL);
    house.instance(&SMALL.replace("name: Minimal", "name: Larger"));
    let report = house.run(&["status", "--json"]).exits(3).json();
    assert_eq!(state(&report, "drift", "instance"), "finding");
}

#[test]
fn seven_layers_and_none_that_is_not_built_holds() {
    let house = House::applied(MANOR);
    let report = house.run(&["status", "--json"]).json();
    let layers = report["layers"].as_array().expect("layers");
    assert_eq!(layers.len(), 7);
    for layer in ["Sentinel", "Firewall", "Proxy"] {
        assert_eq!(state(&report, "layers", layer), "not-built");
    }
    // The house has one, and below a directory nothing runs.
    assert_eq!(state(&report, "layers", "Vault"), "off");
    // Nothing was ever set there.
    for (layer, known) in [("Secrets", "finding"), ("Rotation", "unknown")] {
        assert_eq!(state(&report, "layers", layer), known);
    }
    assert_eq!(state(&report, "secrets", "gateway-token"), "unknown");
    let text = house.run(&["status"]).stdout;
    assert!(text.contains("not built in this version"), "{text}");
    assert!(text.contains("not looked at: ") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_place_without_an_instance_has_a_status_and_a_named_one_must_be_there() {
    let house = House::new(SMALL);
    let root = house.at("root");
    let root = root.to_str().expect("text");
    let report = house.bare(&["status", "--json", "--root", root]).exits(3).json();
    assert_eq!(state(&report, "layers", "Host"), "finding", "nothing is applied");
    let why = report["layers"][0]["detail"].as_str().unwrap_or_default();
    assert!(why.contains("instance.yaml"), "{why}");
    assert_eq!(report["node"], Value::Null);
    house.bare(&["status", "--root", root, "--instance", "none.yaml"]).exits(1).says("none.yaml");
    let unheard = house.bare(&["status", "--all", "--root", root]).exits(2);
    assert!(unheard.stderr.contains("--root means nothing"), "{}", unheard.stderr);
}

#[test]
fn watching_prints_one_report_after_another_and_ends_with_its_reader() {
    let house = House::applied(SMALL);
    let mut child = house
        .command(crate::cli::program::sanctum())
        .args(house.arguments(&["status", "--json", "--watch", "1"]))
        .stdout(Stdio::piped())
        .spawn()
        .expect("sanctum starts");
    let began = Monotonic::now();
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    for _ in 0..2 {
        let line = lines.next().expect("a line").expect("text");
        let report: Value = serde_json::from_str(&line).expect("one document a line");
        assert_eq!(report["format"], 1);
    }
    assert!(began.elapsed().as_millis() >= 900, "a second lies between two reports");
    drop(lines);
    let ended = child.wait().expect("it ends");
    assert_eq!(ended.code(), Some(0), "nobody reads any more");
}
