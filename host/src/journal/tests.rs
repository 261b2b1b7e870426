#![expect(
    clippy::disallowed_methods,
    reason = "the tests do to files what an attacker or a crash does"
)]

use super::*;
use crate::files::TempDir;
use sanctum_types::{Action, Actor, AuditEvent, AuditSink as _, Outcome, Phase, Severity};
use std::path::PathBuf;
use std::time::Duration;

mod follow;
mod tamper;

/// Two directories of a journal.
struct Bed {
    dir: TempDir,
}

impl Bed {
    fn new() -> Self {
        Self { dir: TempDir::new().expect("a directory") }
    }

    fn streams(&self) -> PathBuf {
        self.dir.path().join("journal")
    }

    fn second(&self) -> PathBuf {
        self.dir.path().join("witness")
    }

    fn places(&self) -> Places {
        Places::at(&self.streams(), &self.second()).expect("places")
    }

    fn open(&self) -> Journal {
        self.with(LIMITS).expect("a journal")
    }

    fn with(&self, limits: Limits) -> Result<Journal, JournalError> {
        Journal::open(self.places(), name(), limits)
    }

    fn check(&self) -> Checked {
        verify::stream(&self.places(), &name(), &mut |_| {}).expect("a look")
    }

    /// Actions in their order.
    fn actions(&self) -> Vec<String> {
        let mut all = Vec::new();
        verify::stream(&self.places(), &name(), &mut |line| all.push(line.action.to_owned()))
            .expect("a look");
        all
    }

    fn file(&self, number: u32) -> PathBuf {
        self.streams().join("sanctum").join(chain::file_name(number))
    }
}

const LIMITS: Limits = Limits {
    file_bytes: 2048,
    seal_lines: 8,
    seal_after: Duration::from_secs(600),
    seal_at_close: true,
    patience: Duration::from_secs(5),
};

fn name() -> StreamName {
    StreamName::new("sanctum").expect("a name")
}

fn event(subject: &str) -> AuditEvent {
    AuditEvent {
        actor: Actor::new("uid:0").expect("a word"),
        action: Action::new("apply.run").expect("a word"),
        subject: subject.to_owned(),
        phase: Phase::Single,
        outcome: Outcome::Ok,
        severity: Severity::Info,
        details: [("receipt".to_owned(), "000001".to_owned())].into(),
    }
}

#[test]
fn lines_of_many_writers_and_files_are_one_chain() {
    let bed = Bed::new();
    for round in 0..3 {
        let journal = bed.open();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let journal = &journal;
                scope.spawn(move || {
                    for count in 0..10 {
                        journal
                            .append(
                                &event(&format!("{round}/{thread}/{count}")),
                                Durability::Synced,
                            )
                            .expect("a record");
                    }
                });
            }
        });
    }
    let checked = bed.check();
    assert_eq!(checked.fault, None);
    assert_eq!(checked.witnessed, checked.last);
    assert_eq!(bed.actions().iter().filter(|action| *action == "apply.run").count(), 120);
    assert!(bed.file(3).exists());
}

#[test]
fn whatever_is_asked_by_many_at_once_every_answer_is_a_line_of_its_own() {
    let bed = Bed::new();
    let journal = bed.open();
    let ask = |thread: usize, count: usize| {
        let event = event(&format!("{thread}/{count}"));
        let durability =
            if (thread + count).is_multiple_of(3) { Durability::Synced } else { Durability::Soon };
        if count.is_multiple_of(7) {
            let pending = journal.submit([(&event, 7), (&event, 7)], durability);
            let first = pending.and_then(Pending::wait).expect("a record");
            return vec![first, first + 1];
        }
        if count.is_multiple_of(31) {
            journal.seal().expect("a seal");
        }
        vec![journal.append(&event, durability).expect("a record")]
    };
    let mut seqs: Vec<u64> = std::thread::scope(|scope| {
        let all = [0, 1, 2, 3, 4, 5].map(|thread| {
            scope.spawn(move || (0..100).flat_map(|count| ask(thread, count)).collect::<Vec<_>>())
        });
        all.into_iter().flat_map(|one| one.join().expect("a thread")).collect()
    });
    seqs.sort_unstable();
    let asked = seqs.len();
    seqs.dedup();
    assert_eq!((asked, seqs.len()), (6 * 115, 6 * 115));
    drop(journal);
    let checked = bed.check();
    assert_eq!(checked.fault, None);
    assert_eq!(checked.witnessed, checked.last);
    let written = bed.actions().iter().filter(|action| *action == "apply.run").count();
    assert_eq!(written, asked);
}

#[test]
fn one_event_of_a_group_is_enough_to_sync_it() {
    let of = |outcome: Outcome| AuditEvent {
        action: Action::new("vault.read").expect("a word"),
        outcome,
        ..event("x")
    };
    let (well, refused) = (of(Outcome::Ok), of(Outcome::Refused));
    assert_eq!(Durability::of_all(&[&well, &well]), Durability::Soon);
    assert_eq!(Durability::of_all(&[&well, &refused, &well]), Durability::Synced);
    let bed = Bed::new();
    let journal = bed.open();
    journal.record_all(&[&well, &refused]).expect("a group");
    journal.record_all(&[]).expect("nothing");
    drop(journal);
    let checked = bed.check();
    assert_eq!(
        (checked.fault, bed.actions().iter().filter(|name| *name == "vault.read").count()),
        (None, 2)
    );
}

#[test]
fn only_what_leaves_no_gap_is_synced_later() {
    let of = |action: &str, phase: Phase, (outcome, severity): (Outcome, Severity)| {
        let action = Action::new(action).expect("a word");
        Durability::of(&AuditEvent { action, phase, outcome, severity, ..event("x") })
    };
    let id = operation().expect("an id");
    let (begun, ended) = (Phase::Started(id.clone()), Phase::Finished(id));
    let well = (Outcome::Ok, Severity::Info);
    assert_eq!(of("vault.read", Phase::Single, well), Durability::Soon);
    assert_eq!(of("vault.put", ended.clone(), well), Durability::Soon);
    for (action, phase, how) in [
        ("vault.put", Phase::Single, well),
        ("vault.put", begun.clone(), (Outcome::Pending, Severity::Info)),
        ("vault.read", begun, (Outcome::Pending, Severity::Info)),
        ("vault.put", ended.clone(), (Outcome::Failed, Severity::Error)),
        ("vault.put", ended, (Outcome::Ok, Severity::Warn)),
        ("vault.read", Phase::Single, (Outcome::Refused, Severity::Warn)),
        ("vault.read", Phase::Single, (Outcome::Ok, Severity::Error)),
    ] {
        assert_eq!(
            of(action, phase.clone(), how),
            Durability::Synced,
            "{action} {phase:?} {how:?}"
        );
    }
}

#[test]
fn two_open_writers_take_turns() {
    let bed = Bed::new();
    let (one, other) = (bed.open(), bed.open());
    let mut seqs = Vec::new();
    for count in 0..30 {
        let journal = if count % 3 == 0 { &one } else { &other };
        seqs.push(journal.append(&event("x"), Durability::Soon).expect("a record"));
    }
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    one.seal().expect("a seal");
    other.append(&event("y"), Durability::Synced).expect("a record");
    drop((one, other));
    assert_eq!(bed.check().fault, None);
}

#[test]
fn a_torn_line_is_set_aside_and_told_of() {
    let bed = Bed::new();
    let limits = Limits { seal_at_close: false, ..LIMITS };
    let journal = bed.with(limits).expect("a journal");
    journal.append(&event("kept"), Durability::Synced).expect("a record");
    drop(journal);
    let mut bytes = std::fs::read(bed.file(1)).expect("a file");
    let whole = bytes.len();
    bytes.extend_from_slice(b"{\"seq\":3,\"at\":17");
    std::fs::write(bed.file(1), &bytes).expect("a write");
    let fault = bed.check().fault.expect("a fault");
    assert_eq!((fault.seq, fault.line, fault.kind), (3, Some(3), FaultKind::Torn));
    bed.open().append(&event("next"), Durability::Synced).expect("a record");
    let checked = bed.check();
    assert_eq!((checked.fault, checked.torn), (None, 1));
    assert_eq!(
        bed.actions(),
        ["journal.file", "apply.run", "journal.torn", "apply.run", "journal.seal"]
    );
    let aside = bed.streams().join("sanctum/torn-3-1.bin");
    assert_eq!(std::fs::read(aside).expect("a file"), bytes[whole..]);
}

#[test]
fn a_crash_between_seal_and_state_or_checkpoint_is_made_up_for() {
    let bed = Bed::new();
    let state = bed.streams().join("sanctum/state.json");
    let journal = bed.open();
    let before = std::fs::read(&state).expect("a state");
    journal.append(&event("one"), Durability::Synced).expect("a record");
    drop(journal);
    // The seal is in the stream, the state still holds the key before, the checkpoint is missing.
    std::fs::write(&state, before).expect("a write");
    let second =
        std::fs::read_dir(bed.second()).expect("a list").next().expect("one").expect("one").path();
    let checkpoints = second.join("checkpoints.jsonl");
    let text = std::fs::read_to_string(&checkpoints).expect("checkpoints");
    let first = text.split_inclusive('\n').next().expect("a line");
    std::fs::write(&checkpoints, first).expect("a write");
    assert_eq!(bed.check().fault, None);
    bed.open().append(&event("two"), Durability::Synced).expect("a record");
    let checked = bed.check();
    assert_eq!((checked.fault, checked.witnessed), (None, checked.last));
}

#[test]
fn an_event_that_does_not_fit_is_refused_and_harms_nothing() {
    let bed = Bed::new();
    let journal = bed.open();
    let mut own = event("x");
    own.action = Action::new("journal.seal").expect("a word");
    let mut named = event("x");
    named.details.insert("Not a word".to_owned(), String::new());
    for bad in [event(&"x".repeat(20_000)), own, named] {
        journal.append(&bad, Durability::Synced).expect_err("a refusal");
    }
    assert_eq!(journal.append(&event("x"), Durability::Synced).expect("a record"), 2);
}

#[test]
fn a_group_is_written_whole_or_not_at_all() {
    let bed = Bed::new();
    let journal = bed.with(Limits::default()).expect("a journal");
    let events: Vec<AuditEvent> = (0..5).map(|count| event(&count.to_string())).collect();
    let first = journal
        .submit(events.iter().map(|event| (event, 7)), Durability::Synced)
        .expect("a hand-in");
    assert_eq!(first.wait().expect("a record"), 2);
    assert_eq!(journal.append(&event("x"), Durability::Synced).expect("a record"), 7);
}

#[test]
fn a_new_stream_needs_its_second_place_and_an_old_one_goes_on_without() {
    let bed = Bed::new();
    let blocked = bed.dir.path().join("blocked");
    std::fs::write(&blocked, "").expect("a file");
    let places = || Places::at(&bed.streams(), &blocked.join("witness")).expect("places");
    Journal::open(places(), name(), LIMITS).expect_err("no second place");
    bed.open().append(&event("x"), Durability::Synced).expect("a record");
    let journal = Journal::open(places(), name(), LIMITS).expect("the stream is there");
    journal.append(&event("y"), Durability::Synced).expect("a record");
    journal.seal().expect_err("no checkpoint");
    drop(journal);
    // Back again, what was missed is made up for.
    drop(bed.open());
    let checked = bed.check();
    assert_eq!((checked.fault, checked.witnessed), (None, checked.last));
    // Another second place than the stream's own never saw it.
    let other = Places::at(&bed.streams(), &bed.dir.path().join("other")).expect("places");
    assert!(matches!(Journal::open(other, name(), LIMITS), Err(JournalError::Unwitnessed { .. })));
}

#[test]
fn a_stream_that_vanished_or_lost_its_key_is_not_begun_anew() {
    let bed = Bed::new();
    let journal = bed.open();
    journal.append(&event("x"), Durability::Synced).expect("a record");
    std::fs::remove_file(bed.file(1)).expect("gone");
    journal.append(&event("y"), Durability::Synced).expect_err("the file is gone");
    drop(journal);
    bed.with(LIMITS).expect_err("the lines are gone");
    let bed = Bed::new();
    drop(bed.open());
    std::fs::remove_file(bed.streams().join("sanctum/state.json")).expect("gone");
    bed.with(LIMITS).expect_err("the key is gone");
    assert_eq!(bed.check().fault.expect("a fault").kind, FaultKind::BadState);
    std::fs::remove_dir_all(bed.streams().join("sanctum")).expect("gone");
    let gone = verify::missing(&bed.places()).expect("a look");
    assert_eq!(gone[0].fault.as_ref().expect("a fault").kind, FaultKind::Gone);
}

#[test]
fn the_key_of_an_ended_epoch_is_not_beside_the_stream() {
    let bed = Bed::new();
    let journal = bed.open();
    let state = bed.streams().join("sanctum/state.json");
    let key = |text: String| {
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        value["key"].as_str().expect("a key").to_owned()
    };
    let old = key(std::fs::read_to_string(&state).expect("a state"));
    journal.append(&event("x"), Durability::Synced).expect("a record");
    journal.seal().expect("a seal");
    for entry in std::fs::read_dir(bed.streams().join("sanctum")).expect("a list") {
        let text = std::fs::read(entry.expect("one").path()).expect("bytes");
        assert!(!text.windows(64).any(|part| part == old.as_bytes()));
    }
}

#[test]
fn a_stream_that_is_better_kept_speaks_for_another() {
    let (owner, house) = (Bed::new(), Bed::new());
    let journal = house.open();
    owner.open().append(&event("one"), Durability::Synced).expect("a record");
    let early: Vec<(PathBuf, Vec<u8>)> = all_files(owner.dir.path());
    owner.open().append(&event("two"), Durability::Synced).expect("a record");
    let head = Head::of(&owner.places(), &name()).expect("a look").expect("a head");
    assert_eq!(head.seq, owner.check().last);
    journal.vouch(&head).expect("a record");
    let faults = || {
        let mut story = merge::Story::default();
        for bed in [&owner, &house] {
            story.add(&bed.places(), &|_| true, &|_, _| false);
        }
        for bed in [&owner, &house] {
            story.hold(&bed.places());
        }
        story.checked.iter().filter_map(|one| one.fault.clone()).collect::<Vec<_>>()
    };
    assert_eq!(faults(), []);
    // The owner's account puts back everything that it can, its second place too.
    for (path, bytes) in early {
        std::fs::write(path, bytes).expect("a write");
    }
    assert_eq!(owner.check().fault, None, "by itself it looks whole");
    let [fault] = &faults()[..] else { panic!("one fault") };
    assert!(matches!(fault.kind, FaultKind::Unlike { .. }), "{fault:?}");
}

fn all_files(dir: &std::path::Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a list") {
        let path = entry.expect("one").path();
        if path.is_dir() {
            all.extend(all_files(&path));
        } else {
            all.push((path.clone(), std::fs::read(path).expect("bytes")));
        }
    }
    all
}

#[test]
fn streams_are_one_story_in_time_order_and_a_start_without_an_end_shows() {
    let bed = Bed::new();
    let other = StreamName::new("other").expect("a name");
    let one = bed.open();
    let two = Journal::open(bed.places(), other, LIMITS).expect("a journal");
    let with = |phase, subject| AuditEvent { phase, ..event(subject) };
    let id = |text: &str| sanctum_types::OperationId::new(text).expect("a word");
    let events = [
        with(Phase::Started(id("a")), "0"),
        with(Phase::Started(id("b")), "1"),
        with(Phase::Finished(id("a")), "2"),
        with(Phase::Started(id("c")), "3"),
    ];
    for (count, event) in events.iter().enumerate() {
        let journal = if count == 1 { &two } else { &one };
        journal
            .submit([(event, 7)], Durability::Synced)
            .expect("a hand-in")
            .wait()
            .expect("a record");
        std::thread::sleep(Duration::from_millis(3));
    }
    let story = |may_run: merge::MayRun<'_>| {
        let mut story = merge::Story::default();
        story.add(&bed.places(), &|line| !line.is_frame(), may_run);
        story.settle();
        story
    };
    let subjects = |entries: &[merge::Entry]| {
        entries.iter().map(|entry| entry.event.subject.clone()).collect::<Vec<_>>()
    };
    let told = story(&|_, _| false);
    assert_eq!(subjects(&told.entries), ["0", "1", "2", "3"]);
    assert_eq!(subjects(&told.unfinished), ["1", "3"]);
    assert_eq!(subjects(&story(&|pid, _| pid == 7).unfinished), Vec::<String>::new());
}
