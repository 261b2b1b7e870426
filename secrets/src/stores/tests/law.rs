//! One model for every store: what was put last is there, and nothing else.

use super::{Bed, reference, value};
use crate::stores::Store;
use proptest::prelude::*;
use sanctum_types::SecretRef;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Deed {
    Put(usize, Vec<u8>),
    Remove(usize),
    Get(usize),
}

fn arb_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[ -~]{0,40}".prop_map(String::into_bytes),
        "\\PC{0,20}(\n|\\\\|\"|\u{0})?".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..600),
    ]
}

fn arb_deeds(names: usize) -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        3 => (0..names, arb_bytes()).prop_map(|(at, bytes)| Deed::Put(at, bytes)),
        1 => (0..names).prop_map(Deed::Remove),
        1 => (0..names).prop_map(Deed::Get),
    ];
    prop::collection::vec(deed, 0..14)
}

/// Does the deeds to a store and to a map, and compares what both say after each.
fn holds(store: &dyn Store, names: &[&str], deeds: &[Deed]) {
    let mut model: BTreeMap<&str, &[u8]> = BTreeMap::new();
    for deed in deeds {
        match deed {
            Deed::Put(at, bytes) => {
                store.put(&reference(names[*at]), &value(bytes)).unwrap();
                model.insert(names[*at], bytes);
            }
            Deed::Remove(at) => {
                let there = store.remove(&reference(names[*at])).unwrap();
                assert_eq!(there, model.remove(names[*at]).is_some());
            }
            Deed::Get(at) => {
                let found = store.get(&reference(names[*at])).known().unwrap();
                let found = found.as_ref().map(|value| value.expose().as_slice());
                assert_eq!(found, model.get(names[*at]).copied());
            }
        }
        let listed = store.list().unwrap();
        let mut wanted: Vec<SecretRef> = model.keys().map(|name| reference(name)).collect();
        wanted.sort();
        assert_eq!(listed, wanted);
    }
    for name in names {
        let found = store.get(&reference(name)).known().unwrap();
        assert_eq!(found.as_ref().map(|value| value.expose().as_slice()), model.get(name).copied());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_secrets_directory_is_a_map(deeds in arb_deeds(3)) {
        let bed = Bed::new();
        let names = ["file:a", "file:b.token", "file:ü b"];
        holds(&*bed.store("file:a"), &names, &deeds);
    }

    #[test]
    fn age_files_are_a_map(deeds in arb_deeds(2)) {
        let bed = Bed::with_identity();
        holds(&*bed.store("age:a.age"), &["age:a.age", "age:b.age"], &deeds);
    }

    #[test]
    fn the_embedded_store_is_a_map(deeds in arb_deeds(4)) {
        let bed = Bed::new();
        let names =
            ["keychain:a/b", "keychain:a/b/c", "keychain:a b/\"", "keychain:ü/\u{202e}"];
        holds(&*bed.store("keychain:a/b"), &names, &deeds);
    }
}
