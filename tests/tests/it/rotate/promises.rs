//! What is promised beside the rotation itself: a rehearsal changes nothing, one rotates at a time, values are where they
//! belong and nowhere else, and a finding is told once a day.
#![expect(clippy::disallowed_methods, reason = "files are looked at from outside")]

use super::bed::{Bed, CASES, ENV, JSON};
use crate::cli::program::{Ran, sanctum};
use crate::rotation::stand_in::Fault;
use crate::secrets::needles::{Needles, Watch, in_files};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Every file and directory, the store's too.
fn everything(dir: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(everything(&path));
            all.insert(path, None);
        } else {
            let bytes = fs::read(&path).unwrap();
            all.insert(path, Some(bytes));
        }
    }
    all
}

#[test]
fn a_rehearsal_writes_nothing() {
    let bed = Bed::new(CASES[0]);
    let before = everything(&bed.house.at(""));
    bed.house.run(&["rotate", "router", "--dry-run"]).exits(3);
    bed.house.run(&["rotate", "--due", "--dry-run"]).exits(0);
    bed.house.run(&["rotate", "--list"]).exits(0);
    assert_eq!(everything(&bed.house.at("")), before);
    assert_eq!(bed.provider.account().log, [] as [String; 0]);
}

#[test]
fn one_rotation_runs_in_a_house_and_a_look_does_not_wait_for_it() {
    let bed = Bed::new(CASES[0]);
    // Makes the directory, and leaves a rotation that is begun.
    bed.house.run(&["rotate", "router", "--yes", "--wait", "0"]).exits(0);
    let asked = bed.provider.account().log.len();
    let held = fs::File::open(bed.house.at("root/.sanctum/rotations")).unwrap();
    held.lock().unwrap();
    bed.house.run(&["rotate", "--resume"]).exits(4).says("one rotation runs in a house at a time");
    assert_eq!(bed.provider.account().log.len(), asked);
    bed.house.run(&["rotate", "--list"]).exits(0);
    bed.house.run(&["rotate", "--resume", "--dry-run"]).exits(3);
    drop(held);
    bed.house.run(&["rotate", "--resume", "--wait", "0"]).exits(0);
}

/// Through a lost answer that was cut in the middle of the value, a given up rotation, one that succeeds, and the end of
/// the old key.
#[test]
fn no_value_is_anywhere_but_in_its_places() {
    for case in [CASES[0], CASES[2]] {
        let bed = Bed::new(case);
        let old: Vec<String> = bed.before.iter().map(|key| key.value.clone()).collect();
        let management = bed.provider.account().management.clone();
        let known = old.iter().chain([&management]).map(|value| Needles::of(value)).collect();
        let watch = Watch::of(sanctum(), known, "no such argument");
        let mut said = Vec::new();
        let mut run = |verb: &[&str]| {
            let Ran { stdout, stderr, .. } = bed.house.run(verb);
            said.extend([stdout, stderr]);
        };
        let mint = if case.kind.contains("aws") { "CreateAccessKey" } else { "/keys" };
        bed.provider.fail("POST", mint, Fault::Garbage);
        run(&["rotate", "router", "--dry-run"]);
        run(&["rotate", "router", "--yes", "--wait", "0"]);
        run(&["rotate", "--list", "--json"]);
        bed.pass(120);
        run(&["rotate", "--resume", "--wait", "0", "--json"]);
        run(&["rotate", "--list"]);
        run(&["secrets", "age", "--ask"]);
        let leaks = |said: &[String]| {
            let made = bed.provider.account().keys.clone();
            let values = made.iter().map(|key| &key.value).chain([&management]);
            let needles: Vec<Needles> = values.map(|value| Needles::of(value)).collect();
            let words = said
                .iter()
                .filter(|text| needles.iter().any(|one| one.found(text.as_bytes()).is_some()));
            let secrets = bed.house.at("root/etc/sanctum/secrets");
            let may = [
                secrets.join("router"),
                secrets.join("management"),
                bed.house.at("root").join(ENV),
                bed.house.at("root").join(JSON),
            ];
            let mut found: Vec<String> = words.cloned().collect();
            found.extend(in_files(&bed.house.at(""), &needles, &|path| {
                may.iter().any(|one| one == path)
            }));
            found
        };
        assert!(bed.provider.account().keys.len() > old.len() + 1, "one was lost, one was made");
        assert_eq!(leaks(&said), [] as [String; 0], "in the overlap of {case:?}");
        let sealed = fs::read_dir(bed.house.at("root/.sanctum/rotations/sealed")).unwrap().count();
        assert_eq!(sealed, 2, "the values are there, sealed");
        bed.see_out();
        assert_eq!(leaks(&said), [] as [String; 0], "at the end of {case:?}");
        let (seen, found) = watch.end();
        assert!(seen > 20, "only {seen} looks at processes");
        assert_eq!(found, [] as [String; 0]);
        let root = bed.house.at("root");
        let story = bed.house.bare(&["audit", "--json", "--root", root.to_str().unwrap()]).json();
        let entries = story["entries"].as_array().unwrap();
        let rotated = entries.iter().filter(|one| one["action"] == "secrets.rotated").count();
        assert_eq!(rotated, 1, "the journal was on, and heard of it once");
    }
}

#[test]
fn what_stays_is_told_again_on_another_day() {
    let bed = Bed::new(CASES[0]);
    let told = |again: i64| {
        let ran = bed.house.run(&["secrets", "age", "--ask", "--notify", "--json"]).exits(3);
        assert_eq!(ran.json()["told"], again);
    };
    told(1);
    told(0);
    let path = bed.house.at("root/.sanctum/ages.json");
    let mut memory: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    memory["days"]["router"] = "2026-01-01".into();
    fs::write(&path, memory.to_string()).unwrap();
    told(1);
    told(0);
}
