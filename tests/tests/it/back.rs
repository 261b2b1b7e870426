//! The way back when something is odd: chains with foreign edits, damaged stores, directories that others filled.
#![expect(clippy::disallowed_methods, reason = "the machine is changed behind the binary's back")]

use crate::cli::program::{House, SMALL};
use std::fs;

const DROP_IN: &str = "etc/ssh/sshd_config.d/00-sanctum.conf";
const LOGS: &str = "var/log/sanctum";

fn below(house: &House, name: &str) -> std::path::PathBuf {
    house.at("root").join(name)
}

/// Applies the small house three times, each time with another port.
fn thrice() -> House {
    let house = House::new(SMALL);
    for port in ["1111", "1112", "1113"] {
        house.instance(&SMALL.replace("1111", port));
        house.run(&["apply", "--yes"]).exits(0);
    }
    house
}

#[test]
fn a_chain_is_judged_before_any_of_it_is_touched() {
    let house = thrice();
    let all = house.receipts();
    // The drop-in is written by the first apply only; the two newer ones have no conflict of their own.
    let text = fs::read_to_string(below(&house, DROP_IN)).expect("a drop-in");
    house.put(DROP_IN, &format!("{text}# mine\n"), 0o644);
    let before = house.tree();
    house.run(&["rollback", &all[0].0, "--yes"]).exits(4).says("changed by somebody else");
    assert_eq!(house.tree(), before);
    assert_eq!(house.receipts(), all, "nothing is taken back");
    house.run(&["rollback", &all[0].0, "--yes", "--overwrite-foreign"]).exits(0);
    assert!(house.receipts().iter().all(|(_, status)| status == "rolled-back"));
}

#[test]
fn what_is_taken_back_already_takes_nothing_newer_along() {
    let house = House::new(SMALL);
    house.run(&["apply", "--yes"]).exits(0);
    let first = house.receipts()[0].0.clone();
    house.run(&["rollback", "--yes"]).exits(0);
    house.run(&["apply", "--yes"]).exits(0);
    let before = house.tree();
    house.run(&["rollback", &first, "--yes"]).exits(4).says("there is no receipt");
    assert_eq!(house.tree(), before);
}

#[test]
fn what_somebody_wrote_over_ours_is_kept_when_nobody_is_asked() {
    let house = House::new(SMALL);
    house.run(&["apply", "--yes"]).exits(0);
    house.put(DROP_IN, "# somebody's own words\n", 0o644);
    let ran = house.run(&["rollback", "--yes", "--overwrite-foreign", "--json"]).exits(0);
    let saved = ran.json()["taken_back"][0]["saved"][0][1].as_str().expect("a digest").to_owned();
    let kept =
        fs::read_to_string(below(&house, &format!(".sanctum/blobs/{saved}"))).expect("a blob");
    assert_eq!(kept, "# somebody's own words\n");
}

#[test]
fn a_lost_blob_fails_the_step_that_needs_it_and_no_other() {
    let house = House::new(SMALL);
    house.run(&["apply", "--yes"]).exits(0);
    // A first apply made everything, so that no undo needs a byte.
    for blob in fs::read_dir(below(&house, ".sanctum/blobs")).expect("blobs") {
        fs::remove_file(blob.expect("a blob").path()).expect("it goes");
    }
    house.run(&["rollback", "--yes"]).exits(0);
    assert!(!below(&house, DROP_IN).exists());
}

#[test]
fn one_damaged_old_receipt_does_not_keep_a_newer_one() {
    let house = thrice();
    let all = house.receipts();
    let plan = below(&house, &format!(".sanctum/receipts/{}/plan.json", all[0].0));
    fs::write(plan, "{").expect("it is damaged");
    house.run(&["plan"]).exits(1).says(&all[0].0);
    house.run(&["rollback", "--yes"]).exits(0);
    house.run(&["recover"]).exits(0);
}

#[test]
fn uninstall_names_the_directories_that_others_filled() {
    let house = House::new(SMALL);
    house.run(&["apply", "--yes"]).exits(0);
    let log = fs::read_dir(below(&house, LOGS)).expect("log directories").next();
    let dir = log.expect("a job").expect("a directory").path();
    fs::write(dir.join("out.log"), "words\n").expect("a log");
    let ran = house.run(&["uninstall", "--yes"]).exits(0);
    let name = dir.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(ran.stdout.contains(&format!("kept /{LOGS}/{name}")), "{ran:?}");
    assert!(dir.join("out.log").exists());
    house.run(&["apply", "--yes"]).exits(0);
    house.run(&["plan"]).exits(0);
}

#[test]
fn a_directory_that_somebody_opened_is_a_foreign_edit() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::new(SMALL);
    house.run(&["apply", "--yes"]).exits(0);
    let log = fs::read_dir(below(&house, LOGS)).expect("log directories").next();
    let dir = log.expect("a job").expect("a directory").path();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o711)).expect("it is opened");
    house.run(&["apply", "--yes"]).exits(4).says("somebody else changed");
    house.run(&["apply", "--yes", "--overwrite-foreign"]).exits(0);
    house.run(&["plan"]).exits(0);
}

#[test]
fn one_path_that_cannot_be_looked_at_does_not_keep_the_others_changed() {
    let house = House::new(SMALL);
    house.run(&["apply", "--yes", "--confirm-within", "5"]).exits(0);
    // A link where a file of ours was: nothing of ours follows it.
    let node = below(&house, "etc/sanctum/node");
    fs::remove_file(&node).expect("it goes");
    std::os::unix::fs::symlink("/dev/null", &node).expect("a link");
    std::thread::sleep(std::time::Duration::from_secs(6));
    // The watchdog or this run, whoever comes first, takes back everything else.
    house.run(&["recover"]);
    assert!(!below(&house, DROP_IN).exists());
}
