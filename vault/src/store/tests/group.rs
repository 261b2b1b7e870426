//! What is written together: recorded, synced and answered as one.

use super::disk::Pair;
use super::{create, open, put};
use crate::keys::tests::{CHEAP, passphrase};
use crate::store::{Store, StoreError, Terms};
use sanctum_types::{
    Action, Actor, AuditEvent, AuditSink, NotRecorded, OperationId, Outcome, Phase, Severity,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};

type Events = Vec<(Phase, Outcome)>;

/// Records what it is told, and how long the vault's file was then.
struct Book {
    pair: Pair,
    told: Mutex<Vec<(Events, usize)>>,
    refuses: AtomicBool,
    /// The first who is told waits for both.
    gates: Option<(Barrier, Barrier)>,
}

impl Book {
    fn of(pair: &Pair, gates: Option<(Barrier, Barrier)>) -> Arc<Self> {
        let (told, refuses) = (Mutex::default(), AtomicBool::new(false));
        Arc::new(Self { pair: pair.clone(), told, refuses, gates })
    }
}

impl AuditSink for Book {
    fn record(&self, event: &AuditEvent) -> Result<(), NotRecorded> {
        self.record_all(&[event])
    }

    fn record_all(&self, events: &[&AuditEvent]) -> Result<(), NotRecorded> {
        if self.refuses.load(Ordering::SeqCst) {
            let action = events[0].action.clone();
            return Err(NotRecorded { action, source: "as the test wants it".into() });
        }
        let told = events.iter().map(|event| (event.phase.clone(), event.outcome)).collect();
        let first = {
            let mut all = self.told.lock().unwrap();
            all.push((told, self.pair.log.bytes().len()));
            all.len() == 1
        };
        if let Some((begun, go)) = self.gates.as_ref().filter(|_| first) {
            begun.wait();
            go.wait();
        }
        Ok(())
    }
}

fn begun(id: &str) -> AuditEvent {
    AuditEvent {
        actor: Actor::new("owner").unwrap(),
        action: Action::new("vault.put").unwrap(),
        subject: "a".to_owned(),
        phase: Phase::Started(OperationId::new(id).unwrap()),
        outcome: Outcome::Pending,
        severity: Severity::Info,
        details: std::collections::BTreeMap::new(),
    }
}

fn phases(id: &str, outcome: Outcome) -> ((Phase, Outcome), (Phase, Outcome)) {
    let id = || OperationId::new(id).unwrap();
    ((Phase::Started(id()), Outcome::Pending), (Phase::Finished(id()), outcome))
}

#[test]
fn a_change_is_recorded_before_it_is_written_and_once_it_was() {
    let pair = Pair::default();
    let book = Book::of(&pair, None);
    let store = create(&pair).telling(Arc::clone(&book) as Arc<dyn AuditSink>);
    let before = pair.log.bytes().len();
    store.change_told(put("a", b"x"), begun("one")).unwrap();
    let after = pair.log.bytes().len();
    pair.log.next_write_is_short(10, false);
    assert!(matches!(store.change_told(put("a", b"y"), begun("two")), Err(StoreError::Files(_))));
    let ((start, end), (start2, end2)) =
        (phases("one", Outcome::Ok), phases("two", Outcome::Failed));
    let told: Vec<_> = book.told.lock().unwrap().drain(..).collect();
    let expected =
        [(vec![start], before), (vec![end], after), (vec![start2], after), (vec![end2], after)];
    assert_eq!(told, expected);
    assert!(before < after);
}

#[test]
fn what_is_not_recorded_is_not_made() {
    let pair = Pair::default();
    let book = Book::of(&pair, None);
    let store = create(&pair);
    // Nobody to tell is nobody who took it.
    let deaf = store.change_told(put("a", b"x"), begun("one"));
    assert!(matches!(deaf, Err(StoreError::Unrecorded)));
    let store = store.telling(Arc::clone(&book) as Arc<dyn AuditSink>);
    book.refuses.store(true, Ordering::SeqCst);
    let refused = store.change_told(put("a", b"x"), begun("one"));
    assert!(matches!(refused, Err(StoreError::Unrecorded)));
    assert_eq!((store.standing().seq, store.index().secrets().count()), (1, 0));
    book.refuses.store(false, Ordering::SeqCst);
    assert_eq!(store.change_told(put("a", b"x"), begun("one")).unwrap(), 1);
    assert_eq!(open(&pair, Terms::default()).unwrap().0.standing().seq, 2);
}

#[test]
fn those_who_come_while_another_is_written_share_a_sync_and_a_record() {
    let pair = Pair::default();
    let book = Book::of(&pair, Some((Barrier::new(2), Barrier::new(2))));
    let store: Store = create(&pair).telling(Arc::clone(&book) as Arc<dyn AuditSink>);
    let before = pair.log.syncs();
    let names = ["one", "two", "three", "four", "five"];
    std::thread::scope(|scope| {
        let store = &store;
        let change = |name: &'static str| store.change_told(put(name, b"x"), begun(name)).unwrap();
        scope.spawn(move || change(names[0]));
        let (begun, go) = book.gates.as_ref().unwrap();
        begun.wait();
        for name in &names[1..] {
            scope.spawn(move || change(name));
        }
        while store.line.length() < names.len() - 1 {
            std::thread::yield_now();
        }
        go.wait();
    });
    assert_eq!(pair.log.syncs() - before, 2);
    let lengths: Vec<usize> =
        book.told.lock().unwrap().iter().map(|(told, _)| told.len()).collect();
    assert_eq!(lengths, [1, 1, 4, 4]);
}

#[test]
fn each_version_is_given_once_to_many_writers() {
    let pair = Pair::default();
    let store = Arc::new(create(&pair));
    let versions: Vec<u32> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let store = Arc::clone(&store);
                scope.spawn(move || -> Vec<u32> {
                    (0..50).map(|_| store.change(put("a", b"x")).unwrap()).collect()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let mut sorted = versions;
    sorted.sort_unstable();
    assert_eq!(sorted, (1..=400).collect::<Vec<u32>>());
    assert_eq!(open(&pair, Terms::default()).unwrap().0.standing().seq, 401);
}

#[test]
fn a_file_is_written_anew_once_most_of_it_is_gone() {
    let pair = Pair::default();
    let book = Book::of(&pair, None);
    let store = create(&pair).telling(Arc::clone(&book) as Arc<dyn AuditSink>).shedding_from(3000);
    for _ in 0..300 {
        store.change(put("a", b"x")).unwrap();
    }
    let standing = store.standing();
    assert!(standing.generation > 1 && standing.bytes < 60_000, "{standing:?}");
    let told = std::mem::take(&mut *book.told.lock().unwrap());
    assert!(told.iter().all(|(told, _)| *told == [(Phase::Single, Outcome::Ok)]));
    drop(store);
    let store = open(&pair, Terms::default()).unwrap().0;
    let versions: Vec<u32> = store
        .index()
        .secrets()
        .flat_map(|(_, kept)| kept.versions.clone())
        .map(|one| one.number)
        .collect();
    assert_eq!(versions, (285..=300).collect::<Vec<u32>>());
}

#[test]
fn a_disk_too_full_to_write_anew_goes_on_with_the_file_that_is_there() {
    let pair = Pair::default();
    let book = Book::of(&pair, None);
    let store = create(&pair).telling(Arc::clone(&book) as Arc<dyn AuditSink>);
    store.change(put("a", b"x")).unwrap();
    let store = store.shedding_from(0);
    pair.log.next_write_is_short(10, false);
    store.shed();
    assert_eq!((store.standing().generation, store.standing().writes), (1, true));
    let told = book.told.lock().unwrap().pop().unwrap().0;
    assert_eq!(told, [(Phase::Single, Outcome::Failed)]);
    // It is tried again later, and not with each change.
    assert_eq!(store.change(put("a", b"y")).unwrap(), 2);
    assert_eq!(store.standing().generation, 1);
}

#[test]
fn a_store_under_a_new_root_key_tells_whom_the_one_before_told() {
    let pair = Pair::default();
    let book = Book::of(&pair, None);
    let store = create(&pair).telling(Arc::clone(&book) as Arc<dyn AuditSink>);
    let next = store.rekey(&[passphrase("p")], CHEAP).unwrap();
    assert_eq!(next.change_told(put("a", b"x"), begun("one")).unwrap(), 1);
    assert_eq!(book.told.lock().unwrap().len(), 2);
}
