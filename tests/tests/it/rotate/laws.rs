//! What holds of a rotation at any moment, and at its end.

use super::bed::Bed;
use crate::rotation::stand_in::Key;
use serde_json::Value;

/// Whether the records say of that key where it came from: by its id, by its name, or, where keys have no names of ours,
/// by an attempt that is not over.
fn is_known(bed: &Bed, key: &Key) -> bool {
    let is_theirs = bed.before.iter().any(|before| before.id == key.id);
    let is_a_persons = bed.is_made(&key.value);
    let tells = |record: &Value| {
        let attempts = record["attempts"].as_array().expect("attempts");
        let is_named = |attempt: &Value| attempt["name"] == *key.name || attempt["key"] == *key.id;
        let is_nameless = bed.case.kind.contains("aws") && key.name.is_empty();
        record["adopted"] == *key.id
            || attempts.iter().any(|attempt| is_nameless || is_named(attempt))
    };
    is_theirs || is_a_persons || bed.records().iter().any(|(_, record)| tells(record))
}

/// At any moment: each place has a valid key, and each key that lives is known.
pub(super) fn holds(bed: &Bed, at: &str) {
    for value in bed.held() {
        assert!(bed.is_valid(&value) || bed.case.is_roll(), "{at}: a place has a dead key");
    }
    for key in bed.keys() {
        assert!(is_known(bed, &key), "{at}: nobody knows {key:?}\n{:?}", bed.records());
    }
}

/// At the end: one valid value in every place, and no other key of ours.
pub(super) fn ends_well(bed: &Bed, at: &str) {
    assert!(bed.open().is_none(), "{at}: it is not over");
    let held = bed.held();
    for value in &held {
        assert!(bed.is_valid(value), "{at}: a place has a dead key");
        assert_eq!(value, &held[0], "{at}: the places differ");
    }
    for key in bed.keys() {
        let is_theirs = bed.before.iter().skip(1).any(|before| before.id == key.id);
        let is_used = is_theirs || held.contains(&key.value);
        assert!(is_used, "{at}: {} lives and nobody uses it\n{:?}", key.name, bed.records());
        assert!(is_known(bed, &key), "{at}: nobody knows {key:?}");
    }
    let theirs = bed.before.iter().skip(1);
    let mut gone = theirs.filter(|before| !bed.keys().iter().any(|key| key.id == before.id));
    assert!(gone.next().is_none(), "{at}: somebody else's key is gone");
}
