//! `sanctum status` of one place: what is there, what is not, and what the exit code says of it.

#![expect(clippy::disallowed_methods, reason = "files of a test's own house")]

use crate::cli::program::{House, MANOR, SMALL};
use crate::rotate::bed::{Bed, CASES};
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
    for layer in ["Sentinel", "Firewall", "Proxy", "Vault"] {
        assert_eq!(state(&report, "layers", layer), "not-built");
    }
    // Nothing was ever set there.
    for (layer, known) in [("Secrets", "finding"), ("Rotation", "unknown")] {
        assert_eq!(state(&report, "layers", layer), known);
    }
    assert_eq!(state(&report, "secrets", "gateway-token"), "unknown");
    let text = house.run(&["status"]).stdout;
    assert!(text.contains("not built in this version"), "{text}");
    assert!(text.contains("not looked at: ") && !text.contains('\u{1b}'), "{text}");
}

/// What is told of one thing of a section.
fn told<'a>(report: &'a Value, section: &str, name: &str) -> &'a Value {
    let items = report[section].as_array().expect("a section");
    items.iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("{name}: {report:#}"))
}

#[test]
fn ages_are_those_of_the_journal_and_unknown_where_it_cannot_be_believed() {
    let bed = Bed::new(CASES[0]);
    let report = || bed.house.run(&["status", "--json"]).json();
    let seen = report();
    let age = told(&seen, "secrets", "router");
    assert_eq!(
        (&age["state"], &age["days_old"], &age["max_days"]),
        (&"holds".into(), &0.into(), &90.into())
    );
    assert_eq!(state(&seen, "secrets", "management"), "off", "nothing says how old it may become");
    assert_eq!(state(&seen, "layers", "Secrets"), "holds", "{seen:#}");
    assert_eq!(state(&seen, "layers", "Rotation"), "holds", "{seen:#}");
    // An age identity that others can read.
    let identity = bed.house.at("root/etc/sanctum/identity");
    let of = |mode| std::os::unix::fs::PermissionsExt::from_mode(mode);
    std::fs::set_permissions(&identity, of(0o644)).expect("a mode");
    assert_eq!(state(&report(), "layers", "Secrets"), "finding");
    std::fs::set_permissions(&identity, of(0o600)).expect("a mode");
    // A journal that does not hold says nothing of ages.
    let journal = bed.house.at("root/.sanctum/journal/sanctum/000001.jsonl");
    let lines = std::fs::read_to_string(&journal).expect("the journal");
    std::fs::write(&journal, lines.replacen("secrets.set", "secrets.get", 1)).expect("written");
    let seen = bed.house.run(&["status", "--json"]).exits(3).json();
    let age = told(&seen, "secrets", "router");
    assert_eq!((&age["state"], &age["days_old"]), (&"unknown".into(), &Value::Null));
    let why = age["detail"].as_str().unwrap_or_default();
    assert!(why.contains("the journal does not hold: sanctum audit verify"), "{why}");
    assert_eq!(state(&seen, "layers", "Rotation"), "unknown");
}

#[test]
fn an_open_rotation_is_told_until_it_is_done() {
    let bed = Bed::new(CASES[0]);
    let report = || bed.house.run(&["status", "--json"]).json();
    assert_eq!(report()["rotations"], Value::Array(Vec::new()));
    bed.house.run(&["rotate", "router", "--yes", "--wait", "5"]).exits(0);
    let seen = report();
    let open = told(&seen, "rotations", "router");
    assert_eq!(open["state"], "holds", "{seen:#}");
    assert!(open["detail"].as_str().is_some_and(|words| words.starts_with("in progress")));
    assert_eq!(told(&seen, "layers", "Rotation")["detail"], "1 in progress");
    // The management key is taken away at the provider, so that the old key cannot be switched off.
    let management = bed.provider.account().management.clone();
    bed.provider.account().management = "another".to_owned();
    bed.pass(8 * 86_400);
    bed.house.run(&["rotate", "--due", "--wait", "1"]);
    let seen = bed.house.run(&["status", "--json"]).exits(3).json();
    let open = told(&seen, "rotations", "router");
    let words = open["detail"].as_str().unwrap_or_default();
    assert!(words.contains("its old key still works"), "{seen:#}");
    assert!(words.ends_with(": sanctum rotate router --retry"), "{words}");
    assert_eq!(
        (&open["state"], state(&seen, "layers", "Rotation")),
        (&"finding".into(), "finding")
    );
    // A record that cannot be read is a rotation that nobody sees.
    let (path, _) = bed.records().pop().expect("a record");
    let record = std::fs::read(&path).expect("a record");
    std::fs::write(&path, "{\"format\": 1}").expect("written");
    assert_eq!(state(&report(), "layers", "Rotation"), "unknown");
    std::fs::write(&path, record).expect("written");
    bed.provider.account().management = management;
    bed.house.run(&["rotate", "router", "--retry", "--yes", "--wait", "5"]).exits(0);
    bed.pass(8 * 86_400);
    bed.house.run(&["rotate", "--due", "--wait", "5"]);
    let seen = report();
    assert_ne!(state(&seen, "layers", "Rotation"), "finding", "{seen:#}");
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
