//! Laws of fingerprints and of syncing, over random houses, stores and interruptions.

use super::fingerprint::HouseKey;
use super::sight::{Kept, Seen, Standing};
use super::sync::{self, SyncRefused};
use crate::stores::mem::MemStore;
use crate::stores::{Reading, Store, StoreError, Value};
use proptest::collection::vec;
use proptest::prelude::*;
use sanctum_types::{SecretRef, ServiceName};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

fn key() -> HouseKey {
    HouseKey::read(&[3; 32]).unwrap()
}

/// Several stores as one: a place is in the store that the first letter of its name says.
struct Many {
    stores: BTreeMap<char, MemStore>,
    /// How many writes are left before every one fails, as where a process is killed.
    left: AtomicUsize,
}

fn shelf(place: &SecretRef) -> char {
    let SecretRef::File(name) = place else { return 'a' };
    name.chars().next().unwrap_or('a')
}

impl Many {
    fn new() -> Self {
        let stores = "abc".chars().map(|name| (name, MemStore::new())).collect();
        Self { stores, left: AtomicUsize::new(usize::MAX) }
    }

    fn at(&self, place: &SecretRef) -> &MemStore {
        &self.stores[&shelf(place)]
    }

    /// Everything, by place; a store that is away shows nothing.
    fn all(&self) -> BTreeMap<String, Vec<u8>> {
        let mut all = BTreeMap::new();
        for store in self.stores.values() {
            for place in store.list().unwrap_or_default() {
                if let Reading::Present(value) = store.get(&place) {
                    all.insert(place.to_string(), value.expose().clone());
                }
            }
        }
        all
    }
}

impl Store for Many {
    fn name(&self) -> String {
        "several stores".to_owned()
    }
    fn unattended(&self) -> bool {
        true
    }
    fn get(&self, place: &SecretRef) -> Reading {
        self.at(place).get(place)
    }
    fn put(&self, place: &SecretRef, value: &Value) -> Result<(), StoreError> {
        let spent = |left: usize| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spent).is_err() {
            return Err(StoreError::Away { store: self.name() });
        }
        self.at(place).put(place, value)
    }
    fn remove(&self, place: &SecretRef) -> Result<bool, StoreError> {
        self.at(place).remove(place)
    }
    fn list(&self) -> Result<Vec<SecretRef>, StoreError> {
        Ok(Vec::new())
    }
}

/// A house: for each secret its caches' shelves, and what source and caches hold (0 means nothing).
type Drawn = Vec<(char, Vec<(char, u8)>, u8)>;

fn drawn() -> impl Strategy<Value = Drawn> {
    let shelf = || prop::sample::select(vec!['a', 'b', 'c']);
    vec((shelf(), vec((shelf(), 0_u8..4), 0..4), 0_u8..4), 0..5)
}

fn furnish(house: &Drawn, stores: &Many) -> Vec<Kept> {
    let put = |place: &SecretRef, value: u8| {
        if value > 0 {
            stores.at(place).put(place, &Value::new(vec![value])).unwrap();
        }
    };
    let mut all = Vec::new();
    for (n, (shelf, caches, value)) in house.iter().enumerate() {
        let source = SecretRef::File(format!("{shelf}-source-{n}"));
        put(&source, *value);
        let mut places = Vec::new();
        for (m, (shelf, value)) in caches.iter().enumerate() {
            let place = SecretRef::File(format!("{shelf}-cache-{n}-{m}"));
            put(&place, *value);
            places.push(place);
        }
        let name = ServiceName::new(format!("secret-{n}")).unwrap();
        all.push(Kept { name, source, caches: places });
    }
    all
}

fn look(all: &[Kept], stores: &Many) -> Vec<Seen> {
    all.iter().map(|kept| Seen::of(stores, kept.clone(), &key())).collect()
}

/// Plans and does what is planned, as far as it goes.
fn run(all: &[Kept], stores: &Many) -> Result<bool, SyncRefused> {
    let plan = sync::plan(&look(all, stores))?;
    Ok(plan.steps.iter().all(|step| step.take(stores, &key()).is_ok()))
}

proptest! {
    #[test]
    fn fingerprints_are_equal_exactly_where_values_are(a in vec(any::<u8>(), 0..40), b in vec(any::<u8>(), 0..40), at in any::<prop::sample::Index>()) {
        prop_assert_eq!(key().of(&a) == key().of(&b), a == b);
        prop_assert_eq!(key().of(&a), key().of(&a.clone()));
        // The nearest others: one byte changed, one more, one less.
        let mut changed = a.clone();
        if let Some(byte) = (!a.is_empty()).then(|| at.index(a.len())) {
            changed[byte] ^= 1;
            prop_assert_ne!(key().of(&a), key().of(&changed));
            prop_assert_ne!(key().of(&a), key().of(&a[..a.len() - 1]));
        }
        changed.push(0);
        prop_assert_ne!(key().of(&a), key().of(&changed));
    }

    #[test]
    fn a_sync_converges_or_changes_nothing(house in drawn()) {
        let stores = Many::new();
        let all = furnish(&house, &stores);
        let before = stores.all();
        match run(&all, &stores) {
            Ok(done) => {
                prop_assert!(done);
                for seen in look(&all, &stores) {
                    prop_assert!(matches!(seen.standing(), Standing::Agrees | Standing::Missing));
                }
                let sources = |all: &BTreeMap<String, Vec<u8>>| {
                    all.iter().filter(|(place, _)| place.contains("source")).map(|(p, v)| (p.clone(), v.clone())).collect::<Vec<_>>()
                };
                prop_assert_eq!(sources(&before), sources(&stores.all()), "a source is never written");
                prop_assert!(sync::plan(&look(&all, &stores)).unwrap().steps.is_empty());
            }
            Err(refused) => {
                prop_assert!(matches!(refused, SyncRefused::SourceMissing(_)));
                prop_assert_eq!(before, stores.all());
            }
        }
    }

    #[test]
    fn a_store_that_is_away_stops_all_of_it(house in drawn(), away in prop::sample::select(vec!['a', 'b', 'c'])) {
        let stores = Many::new();
        let all = furnish(&house, &stores);
        let before = stores.all();
        stores.stores[&away].set_away(true);
        let concerned = all.iter().flat_map(Kept::places).any(|place| shelf(place) == away);
        let refused = run(&all, &stores);
        prop_assert_eq!(matches!(refused, Err(SyncRefused::Unreachable(_))), concerned);
        stores.stores[&away].set_away(false);
        if concerned {
            prop_assert_eq!(before, stores.all());
        }
    }

    #[test]
    fn what_is_cut_off_is_old_or_new_and_the_next_run_ends_it(house in drawn(), writes in 0_usize..6) {
        let stores = Many::new();
        let all = furnish(&house, &stores);
        let before = stores.all();
        stores.left.store(writes, Ordering::SeqCst);
        let Ok(_) = run(&all, &stores) else { return Ok(()) };
        for kept in &all {
            let source = before.get(&kept.source.to_string());
            for cache in &kept.caches {
                let now = stores.all().get(&cache.to_string()).cloned();
                let old = before.get(&cache.to_string()).cloned();
                prop_assert!(now == old || now.as_ref() == source);
            }
        }
        stores.left.store(usize::MAX, Ordering::SeqCst);
        prop_assert_eq!(run(&all, &stores), Ok(true));
        prop_assert!(look(&all, &stores).iter().all(|seen| matches!(seen.standing(), Standing::Agrees | Standing::Missing)));
    }

    #[test]
    fn a_step_whose_guard_is_gone_writes_nothing(foreign in 4_u8..9, at_source in any::<bool>()) {
        let stores = Many::new();
        let all = furnish(&vec![('a', vec![('b', 2)], 1)], &stores);
        let plan = sync::plan(&look(&all, &stores)).unwrap();
        let touched = if at_source { &all[0].source } else { &all[0].caches[0] };
        stores.put(touched, &Value::new(vec![foreign])).unwrap();
        let before = stores.all();
        prop_assert!(plan.steps[0].take(&stores, &key()).is_err());
        prop_assert_eq!(before, stores.all());
    }
}

#[test]
fn two_secrets_in_one_place_are_refused() {
    let place = |name: &str| SecretRef::File(name.to_owned());
    let kept = |name: &str, source: &str, cache: &str| Kept {
        name: ServiceName::new(name).unwrap(),
        source: place(source),
        caches: vec![place(cache)],
    };
    let all = [kept("one", "a-1", "b-1"), kept("two", "a-2", "b-1")];
    let refused = sync::plan(&look(&all, &Many::new())).unwrap_err();
    assert_eq!(refused.to_string(), "`file:b-1` is a place of both one and two");
}

/// A store that says yes and keeps what it had.
struct Forgetful(MemStore);

impl Store for Forgetful {
    fn name(&self) -> String {
        self.0.name()
    }
    fn unattended(&self) -> bool {
        true
    }
    fn get(&self, place: &SecretRef) -> Reading {
        self.0.get(place)
    }
    fn put(&self, _: &SecretRef, _: &Value) -> Result<(), StoreError> {
        Ok(())
    }
    fn remove(&self, place: &SecretRef) -> Result<bool, StoreError> {
        self.0.remove(place)
    }
    fn list(&self) -> Result<Vec<SecretRef>, StoreError> {
        self.0.list()
    }
}

#[test]
fn a_write_counts_when_it_was_read_back() {
    let store = Forgetful(MemStore::new());
    let (place, value) = (SecretRef::File("a".to_owned()), Value::new(b"new".to_vec()));
    for before in [None, Some("old")] {
        if let Some(before) = before {
            store.0.put(&place, &Value::new(before.as_bytes().to_vec())).unwrap();
        }
        let failed = sync::write(&store, &place, &value, &key()).unwrap_err();
        assert_eq!(failed.to_string(), "`file:a` reads back differently from what was written");
    }
}
