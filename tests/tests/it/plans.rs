//! What stands between a plan and its application: staleness, seals, foreign edits, steps that fail.
#![expect(clippy::disallowed_methods, reason = "the machine is changed behind the binary's back")]

use crate::cli::program::{House, SMALL};
use serde_json::Value;
use std::fs;

const DROP_IN: &str = "etc/ssh/sshd_config.d/00-sanctum.conf";
const STALE: &str = "the plan is stale";

/// What somebody does to a house, a saved plan.
type Change = fn(&House);
type Edit = fn(&mut Value);

fn with_saved_plan() -> House {
    let house = House::new(SMALL);
    house.run(&["plan", "--out", "next.plan"]).exits(3);
    house
}

fn edited(house: &House, edit: impl FnOnce(&mut Value)) {
    let path = house.at("next.plan");
    let mut plan = serde_json::from_slice(&fs::read(&path).expect("a plan")).expect("JSON");
    edit(&mut plan);
    fs::write(path, plan.to_string()).expect("it is written");
}

#[test]
fn a_root_that_is_not_there_yet_is_an_empty_machine_and_looking_makes_nothing() {
    let house = House::new(SMALL);
    fs::remove_dir(house.at("root")).expect("an empty root goes");
    for (verb, code) in [("plan", 3), ("drift", 3), ("history", 0)] {
        house.run(&[verb]).exits(code);
        assert!(!house.at("root").exists(), "{verb}");
    }
    house.run(&["apply", "--yes"]).exits(0);
    house.run(&["plan"]).exits(0);
}

#[test]
fn a_saved_plan_is_applied_as_long_as_it_holds() {
    let house = with_saved_plan();
    house.run(&["apply", "next.plan", "--yes"]).exits(0);
    house.run(&["plan"]).exits(0);
    house.run(&["apply", "next.plan", "--yes"]).exits(4).says(STALE);
}

#[test]
fn a_saved_plan_is_stale_once_the_machine_or_the_instance_changed() {
    let changes: [(&str, Change); 4] = [
        ("a file came", |house| house.put(DROP_IN, "# somebody's\n", 0o600)),
        ("a directory came", |house| house.put("etc/motd", "", 0o644)),
        ("the instance changed", |house| house.instance(&SMALL.replace("1111", "1112"))),
        ("only a comment of it changed", |house| house.instance(&format!("{SMALL}# more\n"))),
    ];
    for (what, change) in changes {
        let house = with_saved_plan();
        change(&house);
        let before = house.tree();
        let ran = house.run(&["apply", "next.plan", "--yes"]);
        assert_eq!(ran.code, Some(4), "{what}: {ran:?}");
        assert!(
            ran.stderr.contains(STALE) && ran.stderr.contains("hint: plan again"),
            "{what}: {ran:?}"
        );
        assert_eq!(house.tree(), before, "{what}");
    }
}

fn last_file(plan: &mut Value) -> &mut Value {
    let steps = plan["plan"]["steps"].as_array_mut().expect("steps");
    let mut ops = steps.iter_mut().flat_map(|step| step["act"].as_array_mut().expect("verbs"));
    let file = ops.rfind(|op| op["op"] == "file").expect("a file is planned");
    &mut file["state"]
}

#[test]
fn root_refuses_a_saved_plan_without_its_own_seal() {
    let edits: [(&str, Edit, &str); 5] = [
        ("another mode", |plan| last_file(plan)["mode"] = "0777".into(), "seal"),
        (
            "a step less",
            |plan| drop(plan["plan"]["steps"].as_array_mut().expect("steps").pop()),
            "seal",
        ),
        ("no seal", |plan| drop(plan.as_object_mut().expect("a plan").remove("seal")), "no seal"),
        ("a wrong seal", |plan| plan["seal"] = "00".repeat(32).into(), "seal"),
        ("no hexadecimal seal", |plan| plan["seal"] = "é".into(), "seal"),
    ];
    for (what, edit, word) in edits {
        let house = with_saved_plan();
        edited(&house, edit);
        let ran = house.run(&["apply", "next.plan", "--yes"]);
        assert_eq!(ran.code, Some(4), "{what}: {ran:?}");
        assert!(ran.stderr.contains(word), "{what}: {ran:?}");
        assert!(house.tree().entries.is_empty(), "{what}");
    }
    // A whole and rightly sealed plan of another root is another store's.
    let (house, other) = (with_saved_plan(), with_saved_plan());
    fs::copy(other.at("next.plan"), house.at("next.plan")).expect("a copy");
    house.run(&["apply", "next.plan", "--yes"]).exits(4).says("its seal does not fit");
}

#[test]
fn what_is_no_plan_is_not_applied() {
    let house = House::new(SMALL);
    house.run(&["apply", "gone.plan", "--yes"]).exits(1).says("cannot read gone.plan");
    for text in ["", "{}", "[1]", "not JSON", "{\"format\": 99}"] {
        let house = House::new(SMALL);
        fs::write(house.at("next.plan"), text).expect("a file");
        let ran = house.run(&["apply", "next.plan", "--yes"]);
        assert!(matches!(ran.code, Some(1 | 4)), "{text:?}: {ran:?}");
        assert!(house.tree().entries.is_empty(), "{text:?}");
    }
}

#[test]
fn a_foreign_edit_is_refused_until_the_owner_says_otherwise() {
    let house = House::applied(SMALL);
    let applied = house.tree();
    house.put(DROP_IN, "PermitRootLogin yes\n", 0o644);
    let edited = house.tree();
    let drift = house.run(&["drift", "--json"]).exits(3).json();
    assert_eq!(drift["drift"][0]["drift"], "foreign-edit", "{drift}");
    let ran = house.run(&["apply", "--yes"]).exits(4);
    let ran = ran
        .says("somebody else changed since sanctum wrote them: file:/etc/ssh")
        .says("--overwrite-foreign");
    assert!(ran.stdout.contains("(changed by somebody else, commit-confirm)"), "{ran:?}");
    assert_eq!(house.tree(), edited);
    house.run(&["apply", "--yes", "--overwrite-foreign"]).exits(0);
    assert_eq!(house.tree(), applied);
}

#[test]
fn taking_back_what_somebody_else_changed_since_is_refused_until_the_owner_says_otherwise() {
    let house = House::new(SMALL);
    house.put(DROP_IN, "# before\n", 0o640);
    let before = house.tree();
    house.run(&["apply", "--yes"]).exits(0);
    house.put(DROP_IN, "# theirs\n", 0o644);
    let edited = house.tree();
    house
        .run(&["rollback", "--yes"])
        .exits(4)
        .says("changed by somebody else since receipt 000001-");
    house.run(&["uninstall", "--yes"]).exits(4).says("--overwrite-foreign");
    assert_eq!(house.tree(), edited);
    house.run(&["rollback", "--yes", "--overwrite-foreign"]).exits(0);
    assert_eq!(house.tree(), before);
}

#[test]
fn uninstall_brings_back_what_was_there_before_the_first_of_many_applies() {
    let house = House::new(SMALL);
    house.put(DROP_IN, "# before\n", 0o600);
    house.put("etc/pf.anchors/sanctum", "pass\n", 0o440);
    let before = house.tree();
    for port in ["1111", "2222", "3333"] {
        house.instance(&SMALL.replace("1111", port));
        house.run(&["apply", "--yes"]).exits(0);
        house.run(&["plan"]).exits(0);
    }
    house.run(&["uninstall", "--yes"]).exits(0);
    assert_eq!(house.tree(), before);
    house.run(&["uninstall", "--yes"]).exits(0);
    assert_eq!(house.tree(), before);
}

#[test]
fn rolling_back_to_a_receipt_takes_everything_since_along() {
    let house = House::new(SMALL);
    let mut trees = vec![house.tree()];
    for port in ["1111", "2222", "3333"] {
        house.instance(&SMALL.replace("1111", port));
        house.run(&["apply", "--yes"]).exits(0);
        trees.push(house.tree());
    }
    let second = house.receipts()[1].0.clone();
    house.run(&["rollback", &second, "--yes"]).exits(0);
    assert_eq!(house.tree(), trees[1]);
    house.run(&["rollback", &second, "--yes"]).exits(4).says(&format!("no receipt {second}"));
    house.run(&["rollback", "--yes"]).exits(0);
    assert_eq!(house.tree(), trees[0]);
    house.run(&["rollback", "--yes"]).exits(4).says("hint: see `sanctum history`");
}

#[test]
fn files_of_others_in_our_directories_are_kept_and_named() {
    let house = House::applied(SMALL);
    house.put("etc/ssh/sshd_config.d/99-theirs.conf", "# theirs\n", 0o600);
    let ran = house.run(&["rollback", "--yes"]).exits(0);
    assert!(ran.stdout.contains("kept /etc/ssh/sshd_config.d: it holds files"), "{ran:?}");
    let left: Vec<String> = house.tree().entries.into_keys().collect();
    assert_eq!(left.last().map(String::as_str), Some("etc/ssh/sshd_config.d/99-theirs.conf"));
    assert_eq!(left.len(), 4, "{left:?}");
}

/// Each is in the way of a later step, so that earlier ones were done and must be taken back.
#[test]
fn a_step_that_fails_takes_back_the_whole_apply() {
    let obstacles: [(&str, Change); 4] = [
        ("a directory where the file must be", |house| {
            fs::create_dir_all(house.at("root").join(DROP_IN)).expect("a folder");
        }),
        ("a file where a directory must be", |house| house.put("etc/ssh", "", 0o644)),
        ("a directory in the way, with something in it", |house| {
            house.put(&format!("{DROP_IN}/x"), "", 0o600);
        }),
        ("the temporary name is taken by a directory", |house| {
            house.put("etc/ssh/sshd_config.d/.00-sanctum.conf.sanctum-new/x", "", 0o600);
        }),
    ];
    for (what, obstacle) in obstacles {
        let house = House::new(SMALL);
        obstacle(&house);
        let before = house.tree();
        let ran = house.run(&["apply", "--yes"]);
        assert_eq!(ran.code, Some(5), "{what}: {ran:?}");
        assert!(ran.stderr.contains("everything that was begun is rolled back"), "{what}: {ran:?}");
        assert_eq!(house.tree(), before, "{what}");
        assert_eq!(
            house.receipts().last().map(|(_, is)| is.as_str()),
            Some("rolled-back"),
            "{what}"
        );
    }
}

/// A link, a hard link or a device is no place to write to as root.
#[test]
fn what_is_not_a_plain_file_is_refused_before_anything_is_done() {
    let house = House::new(SMALL);
    house.put("etc/ssh/sshd_config.d/real", "# theirs\n", 0o644);
    let place = house.at("root").join(DROP_IN);
    let real = house.at("root/etc/ssh/sshd_config.d/real");
    for link in [fs::hard_link::<&std::path::Path, &std::path::Path>, |real, place| {
        std::os::unix::fs::symlink(real, place)
    }] {
        link(&real, &place).expect("a link");
        let ran = house.run(&["apply", "--yes"]).exits(1);
        assert!(ran.stderr.contains("refused to touch"), "{ran:?}");
        assert_eq!(fs::read_to_string(&real).expect("it is there"), "# theirs\n");
        assert!(house.receipts().is_empty());
        fs::remove_file(&place).expect("the link goes");
    }
}

#[test]
fn two_runs_at_once_do_not_mix() {
    let house = House::new(SMALL);
    let runs: Vec<_> = std::thread::scope(|scope| {
        let started: Vec<_> =
            (0..4).map(|_| scope.spawn(|| house.run(&["apply", "--yes"]))).collect();
        started.into_iter().map(|run| run.join().expect("it ends")).collect()
    });
    for ran in runs {
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    assert_eq!(house.receipts().len(), 1);
    house.run(&["plan"]).exits(0);
}
