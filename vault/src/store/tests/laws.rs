//! Against a model: any changes, reopenings, snapshots, failures and losses of power.

use super::disk::Pair;
use super::{create, open, path, put};
use crate::keys::tests::{CHEAP, passphrase};
use crate::log::About;
use crate::store::{Change, Store, StoreError, Terms};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    Put(u8, Vec<u8>),
    Note(u8, u8),
    Drop(u8),
    Set(u8, u8),
    Unset(u8),
    Replace(u8, u8),
    Clear(u8),
    Compact,
    Rekey,
    Rewrap,
    Restore,
    Reopen,
    /// The next write stops after so many bytes; whether the rest cannot be cut either.
    Full(u8, bool),
    LogSync,
    CounterSync,
    /// The power goes in the middle of a change: which sectors of log and counter stay.
    Crash(u64, u64),
    /// It is opened anew, and the power goes before what that writes is synced.
    CrashOpening(u64, u64),
}

fn step() -> impl Strategy<Value = Step> {
    let value = proptest::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        6 => (0..4_u8, value).prop_map(|(n, value)| Step::Put(n, value)),
        1 => (0..4_u8, any::<u8>()).prop_map(|(n, note)| Step::Note(n, note)),
        2 => (0..4_u8).prop_map(Step::Drop),
        1 => (0..2_u8, any::<u8>()).prop_map(|(n, note)| Step::Set(n, note)),
        1 => (0..2_u8).prop_map(Step::Unset),
        1 => (0..2_u8, any::<u8>()).prop_map(|(n, note)| Step::Replace(n, note)),
        1 => (0..3_u8).prop_map(Step::Clear),
        1 => proptest::strategy::Just(Step::Compact),
        1 => proptest::strategy::Just(Step::Rekey),
        1 => proptest::strategy::Just(Step::Rewrap),
        1 => proptest::strategy::Just(Step::Restore),
        2 => proptest::strategy::Just(Step::Reopen),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(length, cut)| Step::Full(length, cut)),
        1 => proptest::strategy::Just(Step::LogSync),
        1 => proptest::strategy::Just(Step::CounterSync),
        2 => (any::<u64>(), any::<u64>()).prop_map(|(log, counter)| Step::Crash(log, counter)),
        1 => (any::<u64>(), any::<u64>()).prop_map(|(log, counter)| Step::CrashOpening(log, counter)),
    ]
}

/// So that files are written anew in between.
const SHORT: u64 = 3000;

type Versions = Vec<(u32, Vec<u8>)>;

/// What is there: versions and values by path, the note, and documents.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    secrets: BTreeMap<u8, (Versions, Option<u8>)>,
    documents: BTreeMap<u8, u8>,
}

fn name(n: u8) -> String {
    format!("p/{n}")
}

fn about(note: u8) -> About {
    About { tags: [note.to_string()].into(), ..About::default() }
}

impl Model {
    /// None where the change is refused.
    fn after(&self, step: &Step) -> Option<Self> {
        let mut next = self.clone();
        match step {
            Step::Put(n, value) => {
                let versions = &mut next.secrets.entry(*n).or_default().0;
                let number = versions.last().map_or(0, |last| last.0) + 1;
                versions.push((number, value.clone()));
                let old = versions.len().saturating_sub(crate::index::VERSIONS);
                versions.drain(..old);
            }
            Step::Note(n, note) => next.secrets.get_mut(n)?.1 = Some(*note),
            Step::Drop(n) => drop(next.secrets.remove(n)?),
            Step::Set(n, note) => drop(next.documents.insert(*n, *note)),
            Step::Unset(n) => drop(next.documents.remove(n)?),
            Step::Replace(n, note) => drop(next.documents.get_mut(n).map(|now| *now = *note)?),
            Step::Clear(n) => next.documents.retain(|other, _| other != n && *other != 0),
            _ => {}
        }
        Some(next)
    }

    fn of(store: &Store) -> Self {
        let mut found = Self::default();
        let index = store.index().clone();
        for n in 0..4 {
            let Some(kept) = index.secret(&path(&name(n))) else { continue };
            let note = kept.about.tags.first().map(|tag| tag.parse().unwrap());
            let values = kept.versions.iter().map(|version| {
                let read = store.value(&path(&name(n)), Some(version.number)).unwrap().unwrap();
                (version.number, read.value.to_vec())
            });
            found.secrets.insert(n, (values.collect(), note));
        }
        for (n, content) in index.documents("d/") {
            let note = u8::try_from(content.as_u64().unwrap()).unwrap();
            found.documents.insert(n.parse().unwrap(), note);
        }
        found
    }
}

fn change(step: &Step) -> Option<Change> {
    Some(match step {
        Step::Put(n, value) => put(&name(*n), value),
        Step::Note(n, note) => Change::Describe { path: path(&name(*n)), about: about(*note) },
        Step::Drop(n) => Change::Drop { path: path(&name(*n)) },
        Step::Set(n, note) => Change::Set { name: format!("d/{n}"), content: (*note).into() },
        Step::Unset(n) => Change::Unset { name: format!("d/{n}") },
        Step::Replace(n, note) => {
            Change::Replace { name: format!("d/{n}"), content: (*note).into() }
        }
        Step::Clear(n) => Change::Clear { names: vec![format!("d/{n}"), "d/0".to_owned()] },
        _ => return None,
    })
}

/// A disk that fails keeps a vault closed until it works.
fn reopen(pair: &Pair) -> Store {
    for _ in 0..4 {
        match open(pair, Terms::default()) {
            Err(StoreError::Files(_)) => {}
            opened => return opened.unwrap().0.shedding_from(SHORT),
        }
    }
    panic!("it does not open");
}

proptest! {
    #[test]
    fn what_was_acknowledged_is_there(steps in proptest::collection::vec(step(), 1..40)) {
        let pair = Pair::default();
        let mut store = Some(create(&pair).shedding_from(SHORT));
        // What was acknowledged, and what else may be there because nobody knows.
        let mut known = Model::default();
        let mut maybe: Option<Model> = None;
        for step in &steps {
            let open_store = store.take().unwrap();
            if let Some(change) = change(step) {
                let expected = known.after(step);
                match (open_store.change(change), expected) {
                    (Ok(_), Some(next)) => (known, maybe) = (next, None),
                    (Err(StoreError::NotThere), None) => {}
                    (Err(StoreError::Files(_)), Some(next)) => {
                        // One that was cut off again is followed by others; one that may be there is the last.
                        maybe = Some(next);
                    }
                    (Err(StoreError::Stopped), _) => {}
                    (done, expected) => prop_assert!(false, "{done:?} {expected:?}"),
                }
                prop_assert_eq!(&Model::of(&open_store), &known);
                store = Some(open_store);
                continue;
            }
            store = Some(match step {
                Step::Compact => {
                    let stopped = !open_store.standing().writes;
                    let done = open_store.compact();
                    prop_assert!(done.is_ok() || stopped || matches!(done, Err(StoreError::Files(_))));
                    open_store
                }
                Step::Rewrap => {
                    let p = passphrase("p");
                    let _ = open_store.rewrap(&p, std::slice::from_ref(&p), CHEAP);
                    open_store
                }
                Step::Full(length, cut) => {
                    pair.log.next_write_is_short(usize::from(*length), *cut);
                    open_store
                }
                Step::LogSync => {
                    pair.log.next_sync_fails();
                    open_store
                }
                Step::CounterSync => {
                    pair.counter.next_sync_fails();
                    open_store
                }
                Step::Rekey => match open_store.rekey(&[passphrase("p")], CHEAP) {
                    Ok(store) => store.shedding_from(SHORT),
                    Err(_) => reopen(&pair),
                },
                Step::Restore => {
                    let backup = open_store.backup().unwrap();
                    drop(open_store);
                    match Store::restore(pair.source(), &backup, &passphrase("p")) {
                        Ok(store) => store,
                        Err(_) => reopen(&pair),
                    }
                }
                Step::Crash(log, counter) | Step::CrashOpening(log, counter) => {
                    drop(open_store);
                    if matches!(step, Step::CrashOpening(..)) {
                        pair.counter.next_sync_fails();
                        prop_assert!(open(&pair, Terms::default()).is_err());
                    }
                    pair.log.crash(*log);
                    pair.counter.crash(*counter);
                    reopen(&pair)
                }
                _ => {
                    drop(open_store);
                    reopen(&pair)
                }
            });
            let found = Model::of(store.as_ref().unwrap());
            if Some(&found) == maybe.as_ref() {
                known = found;
            } else {
                prop_assert_eq!(&found, &known);
            }
            if matches!(
                step,
                Step::Reopen
                    | Step::Crash(..)
                    | Step::CrashOpening(..)
                    | Step::Rekey
                    | Step::Restore
            ) {
                maybe = None;
            }
        }
    }
}
