//! `sanctum guard`: one word of the owner's file, and the journal before it.
#![expect(clippy::disallowed_methods, reason = "a journal is put out of the way and back")]

use super::program::{House, SMALL};
use std::fs;

#[test]
fn a_word_is_changed_when_the_journal_has_it_and_not_before() {
    let house = House::applied(SMALL);
    let modes = |house: &House| house.run(&["guard", "--json"]).exits(0).json()["guards"].clone();
    let (journal, aside) = (house.at("root/.sanctum/journal"), house.at("aside"));
    let before = modes(&house);
    let now = before[0]["mode"].as_str().expect("a mode");
    let verb = if now == "observe" { "enforce" } else { "observe" };
    let name = before[0]["guard"].as_str().expect("a name");
    fs::rename(&journal, &aside).expect("the journal goes");
    fs::write(&journal, "not a directory").expect("a file");
    house.run(&["guard", verb, name]).exits(1).says("what cannot be recorded is not done");
    assert_eq!(fs::read_to_string(house.at("house.yaml")).expect("a file"), SMALL);
    fs::remove_file(&journal).expect("the file goes");
    fs::rename(&aside, &journal).expect("the journal is back");
    house.run(&["guard", verb, name]).exits(0);
    assert_eq!(modes(&house)[0]["mode"], verb);
    let root = house.at("root");
    let told = house.bare(&["audit", "--json", "--root", root.to_str().expect("UTF-8")]).stdout;
    for words in ["guard.mode", &format!("\"to\": \"{verb}\"")] {
        assert!(told.contains(words), "{words}: {told}");
    }
}
