//! The two kinds that are neither a provider's interface alone nor a page alone: a program of the owner's, and a key that
//! a person makes and the interface retires.

use super::bed::{ANTHROPIC, Bed, COMMAND, over};

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
