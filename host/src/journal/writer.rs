//! The writer of a stream: one thread that writes what many ask for, a group at a time.
//!
//! Whoever appends waits until the group that holds the event is as durable as asked. While the disk works on one group
//! the next one gathers, so that one sync serves many. Reads are answered once they are written and are synced a few
//! milliseconds later. Deliberately absent: any queue that could lose what was answered.

use super::commit::{Core, Draft};
use super::line::body;
use super::{Head, JournalError, OWN_ACTIONS, Places, StreamName};
use crate::clock::Monotonic;
use sanctum_types::{AuditEvent, AuditSink, NotRecorded, Outcome, Phase, Severity};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
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
    /// What the kind of the event asks for: only a read that succeeded may be synced later.
    #[must_use]
    pub fn of(event: &AuditEvent) -> Self {
        let verb = event.action.as_str().rsplit('.').next().unwrap_or_default();
        let read = verb == "read" && event.outcome == Outcome::Ok && event.phase == Phase::Single;
        if read && event.severity == Severity::Info { Self::Soon } else { Self::Synced }
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
#[derive(Debug)]
pub struct Journal {
    requests: Sender<Request>,
    thread: Option<JoinHandle<()>>,
    stream: StreamName,
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

#[derive(Debug)]
enum Request {
    Append { drafts: Vec<Draft>, durability: Durability, reply: Reply },
    Seal { reply: Reply },
    Close,
}

impl Journal {
    /// Opens the stream, or makes it; what a killed writer left unfinished is set aside and recorded.
    pub fn open(places: Places, stream: StreamName, limits: Limits) -> Result<Self, JournalError> {
        let core = Core::open(places, stream.clone(), limits)?;
        let (requests, inbox) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name(format!("journal {stream}"))
            .spawn(move || serve(core, &inbox, limits))
            .map_err(|source| JournalError::Io {
                verb: "start a thread for",
                path: stream.to_string(),
                source,
            })?;
        Ok(Self { requests, thread: Some(thread), stream })
    }

    /// The stream's name.
    #[must_use]
    pub const fn stream(&self) -> &StreamName {
        &self.stream
    }

    /// Records one event of this process; gives its sequence number.
    pub fn append(&self, event: &AuditEvent, durability: Durability) -> Result<u64, JournalError> {
        self.submit([(event, std::process::id())], durability)?.wait()
    }

    /// Hands in events with the process that each is of, as one group that is written whole or not at all.
    pub fn submit<'e>(
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
        self.ask(|reply| Request::Append { drafts, durability, reply })
    }

    /// Records how far another stream has come: [`super::merge::Story::hold`] holds that stream against it.
    pub fn vouch(&self, head: &Head) -> Result<u64, JournalError> {
        let drafts = vec![Draft { body: body(&head.event()?)?, pid: std::process::id() }];
        let durability = Durability::Synced;
        self.ask(|reply| Request::Append { drafts, durability, reply })?.wait()
    }

    /// Ends the epoch now: the lines so far can no longer be changed by who takes the key later.
    pub fn seal(&self) -> Result<(), JournalError> {
        self.ask(|reply| Request::Seal { reply })?.wait().map(|_| ())
    }

    fn ask(&self, request: impl FnOnce(Reply) -> Request) -> Result<Pending, JournalError> {
        let slot = Arc::new(Slot::default());
        let request = request(Reply(Arc::clone(&slot)));
        self.requests.send(request).map_err(|_| JournalError::Stopped)?;
        Ok(Pending(slot))
    }
}

impl AuditSink for Journal {
    fn record(&self, event: &AuditEvent) -> Result<(), NotRecorded> {
        self.append(event, Durability::of(event)).map(|_| ()).map_err(|source| NotRecorded {
            action: event.action.clone(),
            source: Box::new(source),
        })
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // A thread that is gone has nothing left to write.
        let _ = self.requests.send(Request::Close);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(mut core: Core, inbox: &Receiver<Request>, limits: Limits) {
    let mut seals: Vec<Reply> = Vec::new();
    let mut dirty_since: Option<Monotonic> = None;
    let mut open = true;
    while open {
        let patience = dirty_since
            .map_or(limits.seal_after.max(SOON), |since| SOON.saturating_sub(since.elapsed()));
        let mut group = Group::default();
        match inbox.recv_timeout(patience) {
            Ok(request) => open = group.take(request, &mut seals),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => open = false,
        }
        while open && group.drafts.len() < GROUP {
            match inbox.try_recv() {
                Ok(request) => open = group.take(request, &mut seals),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => open = false,
            }
        }
        if !group.replies.is_empty() {
            group.commit(&mut core);
        }
        if core.dirty {
            dirty_since = dirty_since.or_else(|| Some(Monotonic::now()));
        }
        if dirty_since.is_some_and(|since| since.elapsed() >= SOON) {
            // A failure stops the core, and the next who appends is told.
            let _ = core.sync();
        }
        if !seals.is_empty() || core.seal_is_due() {
            let done = core.seal().map_err(Arc::new);
            for reply in seals.drain(..) {
                reply.give(done.clone().map(|()| 0));
            }
        }
        if !core.dirty || core.stopped {
            dirty_since = None;
        }
    }
    let _ = core.sync();
    if limits.seal_at_close {
        let _ = core.seal();
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
    /// False when the writer is to end.
    fn take(&mut self, request: Request, seals: &mut Vec<Reply>) -> bool {
        match request {
            Request::Append { drafts, durability, reply } => {
                self.sync |= durability == Durability::Synced;
                self.replies.push((self.drafts.len() as u64, reply));
                self.drafts.extend(drafts);
                true
            }
            Request::Seal { reply } => {
                seals.push(reply);
                true
            }
            Request::Close => false,
        }
    }

    fn commit(self, core: &mut Core) {
        let done = core.commit(&self.drafts, self.sync).map_err(Arc::new);
        for (before, reply) in self.replies {
            reply.give(done.clone().map(|first| first + before));
        }
    }
}
