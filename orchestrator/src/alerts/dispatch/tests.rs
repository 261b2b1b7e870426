//! The runner with channels, memories and journals that fail one at a time.

use super::*;
use crate::alerts::alert::What;
use jiff::tz::TimeZone;
use sanctum_types::{NotRecorded, Severity};
use std::cell::{Cell, RefCell};
use std::sync::Mutex;

/// A memory that can be made to fail.
#[derive(Default)]
struct Memory {
    bytes: RefCell<Option<Vec<u8>>>,
    refuses: Cell<bool>,
    writes: Cell<u32>,
}

fn io() -> HostError {
    let source = std::io::Error::other("no space");
    HostError::Io { verb: "write", path: FILE.to_owned(), source }
}

impl Keep for Memory {
    fn load(&self) -> Result<Option<Vec<u8>>, HostError> {
        if self.refuses.get() { Err(io()) } else { Ok(self.bytes.borrow().clone()) }
    }

    fn save(&self, bytes: &[u8]) -> Result<(), HostError> {
        if self.refuses.get() {
            return Err(io());
        }
        self.writes.set(self.writes.get() + 1);
        *self.bytes.borrow_mut() = Some(bytes.to_vec());
        Ok(())
    }
}

/// Channels that work unless they are named, and what the memory held when each was asked.
struct Peers<'a> {
    dead: RefCell<Vec<&'static str>>,
    memory: &'a Memory,
    asked: RefCell<Vec<(String, String, usize)>>,
}

impl Deliver for Peers<'_> {
    fn deliver(&self, channel: &str, message: &Message) -> Result<(), Undelivered> {
        let bytes = self.memory.bytes.borrow().clone();
        let kept = bytes.map_or(0, |bytes| State::decode(&bytes).unwrap().undelivered().count());
        let what = match &message.what {
            What::Alert(alert) => alert.kind.clone(),
            other => format!("{other:?}").chars().take(6).collect(),
        };
        self.asked.borrow_mut().push((channel.to_owned(), what, kept));
        if self.dead.borrow().contains(&channel) { Err(Undelivered::Status(500)) } else { Ok(()) }
    }
}

#[derive(Default)]
struct Journal {
    events: Mutex<Vec<String>>,
    full: bool,
}

impl AuditSink for Journal {
    fn record(&self, event: &AuditEvent) -> Result<(), NotRecorded> {
        if self.full {
            let source = Box::new(std::io::Error::other("no space"));
            return Err(NotRecorded { action: event.action.clone(), source });
        }
        let mut events = self.events.lock().unwrap();
        events.push(format!("{} {:?}", event.action, event.details.get("channel")));
        Ok(())
    }
}

/// 2026-11-22T12:00:00Z.
const NOON: i64 = 1_795_348_800;

struct Bed {
    memory: Memory,
    journal: Journal,
    now: Cell<i64>,
}

impl Bed {
    fn new() -> Self {
        Self { memory: Memory::default(), journal: Journal::default(), now: Cell::new(NOON) }
    }

    fn peers(&self) -> Peers<'_> {
        Peers { dead: RefCell::default(), memory: &self.memory, asked: RefCell::default() }
    }

    /// Runs something with a dispatcher that begins where the last one ended.
    fn run<T>(
        &self,
        peers: &Peers<'_>,
        act: impl FnOnce(&mut Dispatcher<'_>) -> T,
    ) -> Result<T, DispatchError> {
        let clock = || UnixTime(self.now.get());
        let policy = Policy {
            zone: TimeZone::UTC,
            dedup: 1800,
            hourly_cap: 10,
            quiet: None,
            heartbeat: 86_400,
            channels: vec!["phone".to_owned(), "desk".to_owned()],
        };
        let around =
            Surroundings { deliver: peers, keep: &self.memory, sink: &self.journal, clock: &clock };
        let (mut dispatcher, _) = Dispatcher::open(policy, around)?;
        Ok(act(&mut dispatcher))
    }

    /// Sees the same thing twice.
    fn twice(&self, peers: &Peers<'_>, kind: &str) -> Result<Report, DispatchError> {
        let finding = Finding {
            severity: Severity::Error,
            kind: kind.to_owned(),
            subject: "gateway".to_owned(),
            message: "does not answer".to_owned(),
            hint: None,
        };
        let source = Source::looks("doctor");
        self.run(peers, |desk| {
            let once = desk.raise(&finding, &source);
            self.now.set(self.now.get() + 2);
            let again = desk.raise(&finding, &source);
            once.and(again)
        })?
    }
}

fn names(peers: &Peers<'_>) -> Vec<(String, String)> {
    peers.asked.borrow().iter().map(|(channel, what, _)| (channel.clone(), what.clone())).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn a_message_is_in_the_memory_before_it_goes_out_and_not_after() {
    let bed = Bed::new();
    let peers = bed.peers();
    let report = bed.twice(&peers, "a.b").unwrap();
    assert_eq!((report.delivered, report.failed), (1, 0));
    assert_eq!(peers.asked.borrow()[..], [("phone".to_owned(), "a.b".to_owned(), 1)]);
    let kept = State::decode(&bed.memory.bytes.borrow().clone().unwrap()).unwrap();
    assert_eq!(kept.undelivered().count(), 0);
    assert_eq!(bed.journal.events.lock().unwrap()[..], ["alert.sent Some(\"phone\")"]);
}

#[test]
fn a_turn_that_changes_nothing_writes_nothing() {
    let bed = Bed::new();
    let peers = bed.peers();
    bed.twice(&peers, "probe.failed").unwrap();
    bed.run(&peers, |desk| desk.tick().unwrap()).unwrap();
    let before = bed.memory.writes.get();
    for _ in 0..3 {
        bed.now.set(bed.now.get() + 30);
        bed.run(&peers, |desk| desk.tick().unwrap()).unwrap();
    }
    assert_eq!(bed.memory.writes.get(), before);
    bed.twice(&peers, "probe.other").unwrap();
    assert!(bed.memory.writes.get() > before);
}

#[test]
fn what_was_on_its_way_when_a_run_was_killed_is_sent_by_the_next() {
    let bed = Bed::new();
    // A killed run leaves what it wrote before the first message.
    let killed = bed.peers();
    let mut desk = Desk::new(bed.run(&killed, |desk| desk.desk().policy().clone()).unwrap());
    let fire = Finding {
        severity: Severity::Critical,
        kind: "a.fire".to_owned(),
        subject: "hub".to_owned(),
        message: "it burns".to_owned(),
        hint: None,
    };
    desk.raise(&fire, &Source::knows("service:smoke"), UnixTime(NOON));
    *bed.memory.bytes.borrow_mut() = Some(desk.state().encode().unwrap());
    let next = bed.peers();
    bed.run(&next, |desk| desk.tick().unwrap()).unwrap();
    assert!(
        names(&next).contains(&("phone".to_owned(), "a.fire".to_owned())),
        "{:?}",
        names(&next)
    );
}

#[test]
fn a_dead_channel_hands_on_and_is_told() {
    let bed = Bed::new();
    let peers = bed.peers();
    peers.dead.borrow_mut().push("phone");
    let report = bed.twice(&peers, "a.b").unwrap();
    assert_eq!((report.delivered, report.failed), (2, 2));
    let expected =
        [("phone", "a.b"), ("desk", "a.b"), ("phone", "a.b"), ("desk", "alerts.channel-dead")];
    assert_eq!(names(&peers), pairs(&expected));
    // The next run goes to the living channel at once, and the return is told.
    let later = bed.peers();
    bed.twice(&later, "c.d").unwrap();
    assert_eq!(names(&later), pairs(&[("desk", "c.d")]));
    bed.now.set(NOON + 3600);
    let again = bed.peers();
    bed.run(&again, |desk| desk.tick().unwrap()).unwrap();
    assert!(names(&again).contains(&("phone".to_owned(), "alerts.channel-back".to_owned())));
}

#[test]
fn a_memory_that_cannot_be_written_stops_no_message() {
    let bed = Bed::new();
    let peers = bed.peers();
    let finding = Finding {
        severity: Severity::Critical,
        kind: "a.b".to_owned(),
        subject: "hub".to_owned(),
        message: "x".to_owned(),
        hint: None,
    };
    let said = bed
        .run(&peers, |desk| {
            bed.memory.refuses.set(true);
            desk.raise(&finding, &Source::knows("service:vault"))
        })
        .unwrap();
    assert!(matches!(said, Err(DispatchError::Save(_))), "{said:?}");
    assert_eq!(names(&peers), pairs(&[("phone", "a.b")]));
    // One that cannot be read may be whole: nothing is begun afresh over it.
    assert!(matches!(bed.run(&peers, |_| ()), Err(DispatchError::Load(_))));
}

#[test]
fn a_journal_that_takes_nothing_stops_no_message_and_is_told_once() {
    let mut bed = Bed::new();
    bed.journal.full = true;
    let peers = bed.peers();
    let report = bed.twice(&peers, "a.b").unwrap();
    assert_eq!((report.delivered, report.unrecorded), (2, 1));
    assert_eq!(names(&peers), pairs(&[("phone", "a.b"), ("phone", "alerts.not-recorded")]));
    let more = bed.peers();
    bed.twice(&more, "c.d").unwrap();
    assert_eq!(names(&more), pairs(&[("phone", "c.d")]));
}

#[test]
fn a_damaged_memory_is_begun_afresh_and_told() {
    let bed = Bed::new();
    *bed.memory.bytes.borrow_mut() = Some(b"{\"format\":1,\"next_id\":".to_vec());
    let peers = bed.peers();
    bed.run(&peers, |_| ()).unwrap();
    assert_eq!(names(&peers), pairs(&[("phone", "alerts.state-lost")]));
    let next = bed.peers();
    bed.run(&next, |_| ()).unwrap();
    assert_eq!(names(&next), []);
}

#[test]
fn a_store_keeps_the_memory_for_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store")).unwrap();
    assert_eq!(Keep::load(&store).unwrap(), None);
    Keep::save(&store, b"{}").unwrap();
    assert_eq!(Keep::load(&store).unwrap().as_deref(), Some(&b"{}"[..]));
    let tree = sanctum_host::tree::Tree::open(&dir.path().join("store")).unwrap();
    let path = sanctum_types::AbsPath::new(format!("/{FILE}")).unwrap();
    assert_eq!(tree.stat(&path).unwrap().unwrap().mode.bits(), 0o600);
}
