//! Ages and rotations in `sanctum status`: from the journal and the records, and unknown where those cannot be believed.
#![expect(clippy::disallowed_methods, reason = "files of a test's own house")]

use super::state;
use crate::rotate::bed::{Bed, CASES};
use serde_json::Value;

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
