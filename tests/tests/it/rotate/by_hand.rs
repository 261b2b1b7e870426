//! A value that a person makes at a page: asked for without being shown, checked, verified, spread; the old one stays
//! queued until a person says that it is gone.

use super::bed::{Bed, MANUAL, QUESTION, over};

#[test]
fn a_person_pastes_a_value_and_says_when_the_old_one_is_gone() {
    let bed = Bed::new(MANUAL);
    let old = bed.held()[0].clone();
    // With nobody there nothing is made.
    bed.house.run(&["rotate", "--due"]).exits(0);
    assert!(bed.records().is_empty());
    let value = bed.pasted().expect("a person's");
    let ran = bed.house.typed(
        &["rotate", "router", "--yes", "--wait", "0"],
        &[(QUESTION, "too-short"), (QUESTION, &value)],
    );
    let ran = ran.exits(0);
    for said in [&ran.stdout, &ran.stderr] {
        assert!(!said.contains(&value), "a value on the screen");
    }
    assert!(bed.held().iter().all(|held| *held == value));
    // The time of the overlap is over: the old value is still there, and a person has to take it away.
    bed.pass(8 * 86_400);
    bed.house.run(&["rotate", "--resume", "--wait", "0"]).exits(3);
    assert!(bed.records().iter().all(|(_, record)| !over(record)));
    assert!(bed.provider.account().is_valid(&old));
    bed.house.run(&["rotate", "router", "--removed", "--yes", "--wait", "0"]).exits(0);
    assert!(bed.records().iter().all(|(_, record)| over(record)));
}
