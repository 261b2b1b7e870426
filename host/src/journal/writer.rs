//! The writer of a stream: whoever appends writes, and with it what others asked for meanwhile.
//!
//! Who finds nobody writing writes at once, in its own thread; who finds somebody leaves its event to them, so that while the disk works on one
//! group the next one gathers and one sync serves many. A keeper's thread writes what was left behind, syncs what was answered after its write alone,
//! and ends epochs. Nobody's answer leaves before its group is as durable as asked. Deliberately absent: any queue that could lose what was answered.

use super::commit::{Core, Draft};
use super::line::body;
use super::{Head, JournalError, OWN_ACTIONS, Places, StreamName};
use crate::clock::Monotonic;
use sanctum_types::{AuditEvent, AuditSink, NotRecorded, Outcome, Phase, Severity};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Lines of one group at most, so that the first does not wait for an endless stream of others.
const GROUP: usize = 4096;
/// What was answered before its sync is synced within 5 ms; the sync itself takes a part of that.
const SOON: Duration = Duration::from_millis(4);

/// When an append answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// After the sync: changes, denials, and everything that lasts.
    Synced,
    /// After the write; the sync follows within 5 ms.
    Soon,
}

impl Durability {
    /// What the kind of the event asks for: only a read that succeeded may be synced later, and that a change went well, whose beginning was
    /// synced before it: a crash between them leaves a beginning without an end, which is a finding, and nothing that nobody knows of.
    #[must_use]
    pub fn of(event: &AuditEvent) -> Self {
        let verb = event.action.as_str().rsplit('.').next().unwrap_or_default();
        let later = match event.phase {
            Phase::Single => verb == "read",
            Phase::Started(_) => false,
            Phase::Finished(_) => true,
        };
        let well = event.outcome == Outcome::Ok && event.severity == Severity::Info;
        if later && well { Self::Soon } else { Self::Synced }
    }
}

impl Durability {
    /// What a group asks for: one event that is to be synced is enough.
    #[must_use]
    pub fn of_all(events: &[&AuditEvent]) -> Self {
        let soon = events.iter().all(|event| Self::of(event) == Self::Soon);
        if soon { Self::Soon } else { Self::Synced }
    }
}

/// When an epoch ends and a file is full.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A file that is larger ends at the next seal.
    pub file_bytes: u64,
    /// Lines of an epoch.
    pub seal_lines: u64,
    /// The age of an epoch that has lines.
    pub seal_after: Duration,
    /// Whether closing the writer ends the epoch.
    pub seal_at_close: bool,
    /// How long another process may hold the stream's lock, which takes it milliseconds, before it counts as hanging.
    pub patience: Duration,
}

impl Default for Limits {
    /// Files that an editor opens, and a minute that a thief of the key can rewrite.
    fn default() -> Self {
        Self {
            file_bytes: 64 << 20,
            seal_lines: 65_536,
            seal_after: Duration::from_secs(60),
            seal_at_close: true,
            patience: Duration::from_secs(5),
        }
    }
}

/// An open stream. Clones of an `Arc` of it may append at the same time.
pub struct Journal {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    stream: StreamName,
}

impl fmt::Debug for Journal {
    /// Without its keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("stream", &self.stream).finish_non_exhaustive()
    }
}

/// A record that is under way.
#[derive(Debug)]
pub struct Pending(Arc<Slot>);

#[derive(Debug, Default)]
struct Slot {
    answer: Mutex<Option<Result<u64, Arc<JournalError>>>>,
    there: Condvar,
}

/// The end of a slot that answers; one that is dropped without an answer says so.
#[derive(Debug)]
struct Reply(Arc<Slot>);

impl Reply {
    fn give(&self, answer: Result<u64, Arc<JournalError>>) {
        let mut slot = self.0.answer.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            *slot = Some(answer);
            self.0.there.notify_one();
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.give(Err(Arc::new(JournalError::Stopped)));
    }
}

impl Pending {
    /// Waits until the record is as durable as asked; gives the sequence number of its first event.
    pub fn wait(self) -> Result<u64, JournalError> {
        let mut slot = self.0.answer.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match slot.take() {
                Some(Ok(seq)) => return Ok(seq),
                Some(Err(source)) => {
                    return Err(Arc::try_unwrap(source)
                        .unwrap_or_else(|source| JournalError::Group { source }));
                }
                None => {
                    slot = self.0.there.wait(slot).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

/// Events of one request.
#[derive(Debug)]
struct Append {
    drafts: Vec<Draft>,
    durability: Durability,
    reply: Reply,
}

/// What waits to be written, and what the keeper is to look at.
#[derive(Debug, Default)]
struct Waiting {
    appends: VecDeque<Append>,
    seals: Vec<Reply>,
    /// Since when there is something that was written and not synced.
    dirty_since: Option<Monotonic>,
    rung: bool,
    closing: bool,
}

struct Shared {
    /// Held by whoever writes.
    core: Mutex<Core>,
    /// Held for moments.
    waiting: Mutex<Waiting>,
    bell: Condvar,
    seal_after: Duration,
}

impl Journal {
    /// Opens the stream, or makes it; what a killed writer left unfinished is set aside and recorded.
    pub fn open(places: Places, stream: StreamName, limits: Limits) -> Result<Self, JournalError> {
        let core = Mutex::new(Core::open(places, stream.clone(), limits)?);
        let (waiting, bell, seal_after) = (Mutex::default(), Condvar::new(), limits.seal_after);
        let shared = Arc::new(Shared { core, waiting, bell, seal_after });
        let keeper = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(format!("journal {stream}"))
            .spawn(move || keeper.keep(limits.seal_at_close))
            .map_err(|source| JournalError::Io {
                verb: "start a thread for",
                path: stream.to_string(),
                source,
            })?;
        Ok(Self { shared, thread: Some(thread), stream })
    }

    /// The stream's name.
    #[must_use]
    pub const fn stream(&self) -> &StreamName {
        &self.stream
    }

    /// Records one event of this process; gives its sequence number.
    pub fn append(&self, event: &AuditEvent, durability: Durability) -> Result<u64, JournalError> {
        self.append_all(&[event], durability)
    }

    /// Records events of this process, as one group that is written whole or not at all; gives the sequence number of the first.
    pub fn append_all(
        &self,
        events: &[&AuditEvent],
        durability: Durability,
    ) -> Result<u64, JournalError> {
        let pid = std::process::id();
        let pending = self.queue(events.iter().map(|event| (*event, pid)), durability)?;
        self.shared.lead();
        pending.wait()
    }

    /// Hands in events with the process that each is of, as one group that is written whole or not at all.
    pub fn submit<'e>(
        &self,
        events: impl IntoIterator<Item = (&'e AuditEvent, u32)>,
        durability: Durability,
    ) -> Result<Pending, JournalError> {
        let pending = self.queue(events, durability)?;
        self.shared.ring(&mut self.shared.waiting());
        Ok(pending)
    }

    /// Records how far another stream has come: [`super::merge::Story::hold`] holds that stream against it.
    pub fn vouch(&self, head: &Head) -> Result<u64, JournalError> {
        let drafts = vec![Draft { body: body(&head.event()?)?, pid: std::process::id() }];
        let pending = self.shared.push(drafts, Durability::Synced);
        self.shared.lead();
        pending.wait()
    }

    /// Ends the epoch now: the lines so far can no longer be changed by who takes the key later.
    pub fn seal(&self) -> Result<(), JournalError> {
        let slot = Arc::new(Slot::default());
        let mut waiting = self.shared.waiting();
        waiting.seals.push(Reply(Arc::clone(&slot)));
        self.shared.ring(&mut waiting);
        drop(waiting);
        Pending(slot).wait().map(|_| ())
    }

    fn queue<'e>(
        &self,
        events: impl IntoIterator<Item = (&'e AuditEvent, u32)>,
        durability: Durability,
    ) -> Result<Pending, JournalError> {
        let mut drafts = Vec::new();
        for (event, pid) in events {
            if OWN_ACTIONS.contains(&event.action.as_str()) {
                return Err(JournalError::OwnAction { action: event.action.clone() });
            }
            drafts.push(Draft { body: body(event)?, pid });
        }
        Ok(self.shared.push(drafts, durability))
    }
}

impl AuditSink for Journal {
    fn record(&self, event: &AuditEvent) -> Result<(), NotRecorded> {
        self.record_all(&[event])
    }

    /// One group, and one sync where any of them asks for it.
    fn record_all(&self, events: &[&AuditEvent]) -> Result<(), NotRecorded> {
        let Some(first) = events.first() else { return Ok(()) };
        self.append_all(events, Durability::of_all(events)).map(drop).map_err(|source| {
            NotRecorded { action: first.action.clone(), source: Box::new(source) }
        })
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let mut waiting = self.shared.waiting();
        waiting.closing = true;
        self.shared.ring(&mut waiting);
        drop(waiting);
        // A thread that is gone has nothing left to write.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, drafts: Vec<Draft>, durability: Durability) -> Pending {
        let slot = Arc::new(Slot::default());
        let reply = Reply(Arc::clone(&slot));
        self.waiting().appends.push_back(Append { drafts, durability, reply });
        Pending(slot)
    }

    fn ring(&self, waiting: &mut Waiting) {
        waiting.rung = true;
        self.bell.notify_one();
    }

    /// Writes what waits, unless somebody is writing: they look for what came meanwhile after they have let go, so nothing is left behind.
    fn lead(&self) {
        match self.core.try_lock() {
            Ok(mut core) => self.write(&mut core),
            Err(TryLockError::WouldBlock) => return,
            Err(TryLockError::Poisoned(_)) => self.refuse(),
        }
        let mut waiting = self.waiting();
        if !waiting.appends.is_empty() {
            self.ring(&mut waiting);
        }
    }

    /// One group.
    fn write(&self, core: &mut Core) {
        let group = Group::of(&mut self.waiting().appends);
        if group.replies.is_empty() {
            return;
        }
        group.commit(core);
        if core.is_dirty() {
            let mut waiting = self.waiting();
            if waiting.dirty_since.is_none() {
                waiting.dirty_since = Some(Monotonic::now());
                // It sleeps until an epoch is old.
                self.ring(&mut waiting);
            }
        }
        if core.seal_is_due() {
            let _ = core.seal();
        }
    }

    /// Who wrote panicked: what is in the file is not known any more.
    fn refuse(&self) {
        let mut waiting = self.waiting();
        let (appends, seals) =
            (std::mem::take(&mut waiting.appends), std::mem::take(&mut waiting.seals));
        drop(waiting);
        drop((appends, seals));
    }

    fn keep(&self, seal_at_close: bool) {
        loop {
            let (seals, closing) = self.rest();
            let Ok(mut core) = self.core.lock() else {
                self.refuse();
                if closing {
                    return;
                }
                continue;
            };
            self.write(&mut core);
            if !seals.is_empty() || core.seal_is_due() {
                let done = core.seal().map_err(Arc::new);
                for reply in seals {
                    reply.give(done.clone().map(|()| 0));
                }
            }
            if closing && self.waiting().appends.is_empty() {
                let _ = core.sync();
                if seal_at_close {
                    let _ = core.seal();
                }
                return;
            }
            let unsynced = self.due(&core).then(|| core.unsynced()).flatten();
            drop(core);
            // Whoever appends meanwhile does not wait for the disk. A failure stops the core, and the next who appends is told.
            if let Some(unsynced) = unsynced {
                self.lead();
                unsynced.sync();
            }
        }
    }

    /// Whether what was answered has waited for its sync as long as it may. What is written from now on waits anew.
    fn due(&self, core: &Core) -> bool {
        let mut waiting = self.waiting();
        let due = waiting.dirty_since.is_some_and(|since| since.elapsed() >= SOON);
        if due || !core.is_dirty() {
            waiting.dirty_since = None;
        }
        due
    }

    /// Waits until there is something to do; gives who asked for a seal, and whether this is the end.
    fn rest(&self) -> (Vec<Reply>, bool) {
        let waiting = self.waiting();
        let patience = waiting
            .dirty_since
            .map_or(self.seal_after.max(SOON), |since| SOON.saturating_sub(since.elapsed()));
        let idle =
            |waiting: &mut Waiting| !waiting.rung && !waiting.closing && waiting.appends.is_empty();
        let (mut waiting, _) = self
            .bell
            .wait_timeout_while(waiting, patience, idle)
            .unwrap_or_else(PoisonError::into_inner);
        waiting.rung = false;
        (std::mem::take(&mut waiting.seals), waiting.closing)
    }
}

/// Requests that are written and synced together.
#[derive(Default)]
struct Group {
    drafts: Vec<Draft>,
    /// Each with how many drafts came before it.
    replies: Vec<(u64, Reply)>,
    sync: bool,
}

impl Group {
    fn of(appends: &mut VecDeque<Append>) -> Self {
        let mut group = Self::default();
        while group.drafts.len() < GROUP
            && let Some(Append { drafts, durability, reply }) = appends.pop_front()
        {
            group.sync |= durability == Durability::Synced;
            group.replies.push((group.drafts.len() as u64, reply));
            group.drafts.extend(drafts);
        }
        group
    }

    fn commit(self, core: &mut Core) {
        let done = core.commit(&self.drafts, self.sync).map_err(Arc::new);
        for (before, reply) in self.replies {
            reply.give(done.clone().map(|first| first + before));
        }
    }
}
