//! The two kinds that are neither a provider's interface alone nor a page alone: a program of the owner's, and a key that
//! a person makes and the interface retires.

use super::bed::{ANTHROPIC, BLIND, Bed, COMMAND, over};
use super::laws::ends_well;

#[test]
fn a_program_of_the_owners_rotates_and_sees_values_on_its_descriptors_only() {
    let bed = Bed::new(COMMAND);
    let folder = bed.program.as_ref().expect("its program");
    let (old, management) = (bed.held()[0].clone(), bed.provider.account().management.clone());
    let ran = bed.house.run(&["rotate", "router", "--dry-run"]).exits(3);
    assert!(ran.stdout.contains("program (mint on standard input)"), "{}", ran.stdout);
    assert_eq!(folder.read("log"), "", "a rehearsal starts no program");
    bed.house.run(&["rotate", "router", "--yes", "--wait", "0"]).exits(0);
    let new = folder.read("k2.key");
    assert!(!new.is_empty() && bed.held().iter().all(|held| *held == new), "{new}");
    assert!(folder.read("k2.name").starts_with("sanctum:router:"));
    assert_eq!(folder.read("k0.key"), old, "both live");
    bed.see_out();
    assert_eq!(folder.read("k0.key"), "", "the old one is gone");
    assert_eq!(folder.read("k2.key"), new);
    assert!(!folder.read("other.key").is_empty(), "somebody else's stays");
    for op in ["preflight", "mint", "verify", "last-use", "disable", "delete", "list"] {
        assert!(folder.read("log").lines().any(|line| line == op), "{op}");
    }
    let seen = folder.read("seen");
    for value in [&old, &new, &management] {
        assert!(!seen.contains(value.as_str()), "{seen}");
    }
    assert_eq!(bed.provider.account().log, [] as [String; 0]);
}

#[test]
fn a_person_makes_the_key_and_the_interface_retires_the_old_one() {
    let _python = sanctum_tests::need!("python3");
    let bed = Bed::new(ANTHROPIC);
    let old = bed.held()[0].clone();
    let value = bed.pasted().expect("a person's");
    bed.by_person(&["rotate", "router", "--yes", "--wait", "0"]).exits(0);
    assert!(bed.held().iter().all(|held| *held == value));
    assert!(bed.provider.account().is_valid(&old), "both live");
    // Nobody tells when it was last used, so it lives to the limit.
    bed.see_out();
    let account = bed.provider.account();
    assert!(!account.is_valid(&old) && account.is_valid(&value));
    assert!(bed.records().iter().all(|(_, record)| over(record)));
    assert_eq!(account.alive().len(), bed.before.len(), "the new one and somebody else's");
}

/// A key may live that nobody can look for, and the owner says that he mended something before he was told of it.
#[test]
fn a_retry_vouches_for_nothing_that_the_owner_was_not_told() {
    let bed = Bed::new(BLIND);
    let folder = bed.program.as_ref().expect("its program");
    // The second request is the mint: it is done, and who asked dies.
    folder.put("kill", "2");
    let ran = bed.house.run(&["rotate", "router", "--yes", "--wait", "0"]);
    assert_eq!((ran.code, folder.read("log").as_str()), (None, "preflight\nmint\n"));
    bed.house.run(&["rotate", "--resume", "--retry", "--wait", "0"]).exits(3);
    let record = bed.open().expect("it is begun");
    assert_eq!(record["halted"]["why"]["what"], "may-live");
    assert_eq!(folder.read("log"), "preflight\nmint\n", "no other key is made");
    bed.see_out();
    ends_well(&bed, "once he looked");
}
