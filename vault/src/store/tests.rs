//! Laws of the store: what was acknowledged is there, what is served was written, and everything else is refused.

pub(crate) mod disk;
mod group;
mod laws;

use super::{Change, Opened, Store, StoreError, Terms};
use crate::keys::Opener;
use crate::keys::tests::{CHEAP, passphrase};
use crate::log::About;
use crate::path::SecretPath;
use disk::{Disk, Pair};
use sanctum_types::UnixTime;
use zeroize::Zeroizing;

const WITHOUT: Terms = Terms { without_counter: true };

pub(crate) fn path(text: &str) -> SecretPath {
    SecretPath::new(text).unwrap()
}

pub(crate) fn put(at: &str, value: &[u8]) -> Change {
    let value = Zeroizing::new(value.to_vec());
    Change::Put { path: path(at), value, at: UnixTime(7), about: None }
}

pub(crate) fn create(pair: &Pair) -> Store {
    Store::create(pair.source(), &[passphrase("p")], CHEAP).unwrap()
}

pub(crate) fn open(pair: &Pair, terms: Terms) -> Result<(Store, Opened), StoreError> {
    Store::open(pair.source(), &passphrase("p"), terms)
}

fn value(store: &Store, at: &str) -> Option<Vec<u8>> {
    store.value(&path(at), None).unwrap().map(|read| read.value.to_vec())
}

type Served = Vec<(String, Vec<u8>)>;

/// Everything that a store serves; a value that cannot be opened is an error.
fn served(store: &Store) -> Result<Served, StoreError> {
    let paths: Vec<SecretPath> = store.index().secrets().map(|(path, _)| path.clone()).collect();
    paths
        .into_iter()
        .map(|path| Ok((path.to_string(), store.value(&path, None)?.unwrap().value.to_vec())))
        .collect()
}

/// A vault with a few records, and its states after each of them: what a truthful prefix may serve.
fn small() -> (Pair, Vec<Served>) {
    let pair = Pair::default();
    let store = create(&pair);
    let mut states = vec![served(&store).unwrap()];
    for (at, value) in [("a", "one"), ("b", "two"), ("a", "three"), ("c/d", "")] {
        store.change(put(at, value.as_bytes())).unwrap();
        states.push(served(&store).unwrap());
    }
    store.change(Change::Drop { path: path("b") }).unwrap();
    states.push(served(&store).unwrap());
    (pair, states)
}

fn with_log(pair: &Pair, bytes: &[u8]) -> Pair {
    Pair { log: Disk::of(bytes), counter: Disk::of(&pair.counter.bytes()) }
}

#[test]
fn a_vault_is_made_once_and_opened_by_its_openers() {
    let pair = Pair::default();
    let (key, _) = Opener::new_key().unwrap();
    let store = Store::create(pair.source(), &[passphrase("p"), key.clone()], CHEAP).unwrap();
    assert_eq!(store.change(put("a", b"x")).unwrap(), 1);
    assert_eq!(store.change(put("a", b"y")).unwrap(), 2);
    drop(store);
    let again = Store::create(pair.source(), &[passphrase("q")], CHEAP);
    assert!(matches!(again, Err(StoreError::There)));
    for (opener, opens) in [(passphrase("p"), true), (key, true), (passphrase("q"), false)] {
        match Store::open(pair.source(), &opener, Terms::default()) {
            Ok((store, opened)) => {
                assert!(opens && opened.torn == 0);
                assert_eq!(value(&store, "a").unwrap(), b"y");
                let first = store.value(&path("a"), Some(1)).unwrap().unwrap();
                assert_eq!((first.version, first.value.as_slice()), (1, b"x".as_slice()));
                assert!(store.value(&path("a"), Some(3)).unwrap().is_none());
            }
            Err(error) => assert!(!opens && matches!(error, StoreError::WrongKey)),
        }
    }
}

#[test]
fn no_byte_of_the_file_can_be_changed() {
    let (pair, _) = small();
    let bytes = pair.log.bytes();
    for at in 0..bytes.len() {
        for bit in [1, 0x20, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= bit;
            assert!(open(&with_log(&pair, &changed), Terms::default()).is_err(), "byte {at}");
        }
    }
}

#[test]
fn without_its_counter_a_changed_file_serves_the_truth_or_nothing() {
    let (pair, states) = small();
    let bytes = pair.log.bytes();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x40;
        if let Ok((store, _)) = open(&with_log(&pair, &changed), WITHOUT) {
            assert!(states.contains(&served(&store).unwrap()), "byte {at}");
        }
    }
}

#[test]
fn no_byte_of_the_counter_changes_what_is_served() {
    let (pair, states) = small();
    let counter = pair.counter.bytes();
    for at in 0..counter.len() {
        let mut changed = counter.clone();
        changed[at] ^= 1;
        let pair = Pair { log: Disk::of(&pair.log.bytes()), counter: Disk::of(&changed) };
        if let Ok((store, _)) = open(&pair, Terms::default()) {
            assert_eq!(served(&store).unwrap(), *states.last().unwrap());
        }
    }
}

#[test]
fn a_file_that_was_cut_is_refused_at_every_length() {
    let (pair, states) = small();
    let bytes = pair.log.bytes();
    for length in 0..bytes.len() {
        let cut = with_log(&pair, &bytes[..length]);
        assert!(open(&cut, Terms::default()).is_err(), "{length}");
        // Who gives up the counter gets what was true at some time, and may write again.
        if let Ok((store, opened)) = open(&cut, WITHOUT) {
            assert!(states.contains(&served(&store).unwrap()), "{length}");
            assert_eq!(opened.torn, length as u64 - store.standing().bytes);
            store.change(put("new", b"v")).unwrap();
            drop(store);
            assert_eq!(value(&open(&cut, Terms::default()).unwrap().0, "new").unwrap(), b"v");
        }
    }
}

#[test]
fn records_cannot_change_places() {
    let (pair, states) = small();
    let bytes = pair.log.bytes();
    let starts = records(&bytes);
    for (one, other) in starts.iter().flat_map(|one| starts.iter().map(move |other| (one, other))) {
        if one == other {
            continue;
        }
        let (first, second) = (one.min(other), one.max(other));
        let mut swapped = bytes[..first.0].to_vec();
        swapped.extend_from_slice(&bytes[second.0..second.1]);
        swapped.extend_from_slice(&bytes[first.1..second.0]);
        swapped.extend_from_slice(&bytes[first.0..first.1]);
        swapped.extend_from_slice(&bytes[second.1..]);
        let mut without = bytes[..one.0].to_vec();
        without.extend_from_slice(&bytes[one.1..]);
        for changed in [swapped, without] {
            let pair = with_log(&pair, &changed);
            assert!(open(&pair, Terms::default()).is_err());
            if let Ok((store, _)) = open(&pair, WITHOUT) {
                assert!(states.contains(&served(&store).unwrap()));
            }
        }
    }
}

/// Where each record begins and ends.
fn records(bytes: &[u8]) -> Vec<(usize, usize)> {
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let mut at = 12 + number(8);
    let mut all = Vec::new();
    while at < bytes.len() {
        let end = at + 4 + number(at);
        all.push((at, end));
        at = end;
    }
    all
}

#[test]
fn an_older_file_and_another_of_its_length_are_seen() {
    let pair = Pair::default();
    let store = create(&pair);
    store.change(put("a", b"one")).unwrap();
    let (old, old_counter) = (pair.log.bytes(), pair.counter.bytes());
    store.change(put("a", b"two")).unwrap();
    drop(store);
    let put_back = open(&with_log(&pair, &old), Terms::default());
    assert!(matches!(put_back, Err(StoreError::PutBack { here: 2, known: 3 })));
    // Whoever has both files of the past makes another third record.
    let fork = Pair { log: Disk::of(&old), counter: Disk::of(&old_counter) };
    let store = open(&fork, Terms::default()).unwrap().0;
    store.change(put("a", b"2!!")).unwrap();
    let put_back = open(&with_log(&pair, &fork.log.bytes()), Terms::default());
    assert!(matches!(put_back, Err(StoreError::PutBack { here: 3, known: 3 })));
    // A snapshot does not forget either.
    let store = open(&pair, Terms::default()).unwrap().0;
    store.compact().unwrap();
    drop(store);
    assert!(open(&with_log(&pair, &fork.log.bytes()), Terms::default()).is_err());
    // Without a counter nobody can tell, and it has to be said.
    let lost = Pair { log: Disk::of(&old), counter: Disk::default() };
    assert!(matches!(open(&lost, Terms::default()), Err(StoreError::NoCounter)));
    assert!(open(&lost, WITHOUT).is_ok() && open(&lost, Terms::default()).is_ok());
}

#[test]
fn a_full_disk_loses_nothing_and_a_failed_sync_stops_the_writer() {
    let pair = Pair::default();
    let store = create(&pair);
    store.change(put("a", b"one")).unwrap();
    pair.log.next_write_is_short(10, false);
    assert!(matches!(store.change(put("a", b"two")), Err(StoreError::Files(_))));
    assert_eq!(store.change(put("a", b"three")).unwrap(), 2);
    for fail in [
        (|pair: &Pair| pair.log.next_sync_fails()) as fn(&Pair),
        |pair| pair.counter.next_sync_fails(),
        |pair| pair.log.next_write_is_short(10, true),
    ] {
        let store = open(&pair, Terms::default()).unwrap().0;
        fail(&pair);
        assert!(matches!(store.change(put("b", b"lost")), Err(StoreError::Files(_))));
        assert!(matches!(store.change(put("b", b"lost")), Err(StoreError::Stopped)));
        assert!(matches!(store.compact(), Err(StoreError::Stopped)));
        assert_eq!((value(&store, "b"), value(&store, "a").unwrap()), (None, b"three".to_vec()));
        assert!(!store.standing().writes);
        let other = open(&pair, Terms::default()).unwrap().0;
        assert_eq!(value(&other, "a").unwrap(), b"three");
        let _ = other.change(Change::Drop { path: path("b") });
    }
}

#[test]
fn a_group_is_written_in_order_and_a_refused_change_takes_no_place() {
    let pair = Pair::default();
    let store = create(&pair);
    let too_long = vec![0; crate::log::MOST_VALUE + 1];
    for (change, done) in [
        (put("a", b"1"), Ok(1)),
        (Change::Drop { path: path("a") }, Ok(0)),
        (Change::Drop { path: path("a") }, Err(())),
        (put("a", &too_long), Err(())),
        (put("a", &too_long[1..]), Ok(1)),
        (Change::Describe { path: path("b"), about: About::default() }, Err(())),
        (Change::Unset { name: "x".to_owned() }, Err(())),
        (Change::Set { name: "x".to_owned(), content: 1.into() }, Ok(0)),
        (Change::Unset { name: "x".to_owned() }, Ok(0)),
    ] {
        assert_eq!(store.change(change).map_err(drop), done);
    }
    assert_eq!(open(&pair, Terms::default()).unwrap().0.standing(), store.standing());
}

#[test]
fn pieces_of_a_backup_are_the_backup() {
    let pair = Pair::default();
    let store = create(&pair);
    store.change(put("a", &[7; 1000])).unwrap();
    let first = store.piece(0, 100).unwrap();
    let whole = store.backup().unwrap();
    // What is written meanwhile follows it.
    store.change(put("a", b"later")).unwrap();
    let mut bytes = first.bytes.clone();
    while (bytes.len() as u64) < first.whole {
        let piece = store.piece(bytes.len() as u64, 100).unwrap();
        assert_eq!(piece.generation, first.generation);
        bytes.extend_from_slice(&piece.bytes);
    }
    bytes.truncate(usize::try_from(first.whole).unwrap());
    assert_eq!(bytes, whole);
    let (end, generation) = (store.standing().bytes, first.generation);
    assert!(store.piece(end, 100).unwrap().bytes.is_empty());
    assert!(store.piece(u64::MAX, 100).unwrap().bytes.is_empty());
    store.compact().unwrap();
    assert_ne!(store.piece(0, 1).unwrap().generation, generation);
}
