//! The server's end: one thread takes connections, one serves each, the journal's writer groups what they hand in.
//!
//! Connections, the length of a frame and every wait are bounded. To drain is to take no new connection, to end every
//! connection's way in, and to answer what was already sent. Deliberately absent: signals, and how long a drain may
//! take.

use super::bound::{Bound, Gate};
use super::peer::{self, Peer};
use super::wire::{Answer, Health, Refusal};
use super::{SocketError, talk};
use crate::clock::{self, Monotonic};
use crate::journal::{Journal, JournalError};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use sanctum_types::Actor;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Connections at a time: a house has some dozen services, and each needs one.
pub const MAX_CONNECTIONS: usize = 64;
/// When the system gives no connection or no thread, the next try is made after this.
const BREATH: Duration = Duration::from_millis(50);
/// Who does not read its answer is not waited for.
const ANSWER: Duration = Duration::from_secs(2);
/// Accounts whose refused attempts are remembered, and for how long another attempt is not recorded: refusals
/// must not fill the disk.
const STRANGERS: usize = 256;
const REFUSED_EVERY: Duration = Duration::from_secs(60);

/// Says as whom an account appends; none for one that may not.
pub type Who = dyn Fn(u32) -> Option<Actor> + Send + Sync;

/// A journal at a socket.
pub struct Server {
    bound: Mutex<Option<Bound>>,
    wake: UnixStream,
    woken: UnixStream,
    pub(super) shared: Arc<Shared>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server")
    }
}

/// What the threads share.
pub(super) struct Shared {
    pub(super) journal: Arc<Journal>,
    who: Box<Who>,
    own: Actor,
    draining: AtomicBool,
    /// The last record failed.
    failing: AtomicBool,
    /// The writer cannot go on.
    stopped: AtomicBool,
    appended: AtomicU64,
    open: Mutex<BTreeMap<u64, UnixStream>>,
    closed: Condvar,
    strangers: Mutex<BTreeMap<u32, Monotonic>>,
    wake: UnixStream,
}

impl Server {
    /// Listens at a path. `own` is who acts when the service itself records something.
    pub fn open(
        path: &Path,
        gate: Gate,
        journal: Arc<Journal>,
        own: Actor,
        who: Box<Who>,
    ) -> Result<Self, SocketError> {
        let bound = Bound::at(path, gate)?;
        let pair = |source| SocketError::Io { verb: "wake", path: String::from("itself"), source };
        let (wake, woken) = UnixStream::pair().map_err(pair)?;
        let shared = Arc::new(Shared {
            journal,
            who,
            own,
            draining: AtomicBool::new(false),
            failing: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            appended: AtomicU64::new(0),
            open: Mutex::default(),
            closed: Condvar::new(),
            strangers: Mutex::default(),
            wake: wake.try_clone().map_err(pair)?,
        });
        Ok(Self { bound: Mutex::new(Some(bound)), wake, woken, shared })
    }

    /// Serves until it is drained: returns once everybody who was connected has an answer.
    ///
    /// # Errors
    /// When the journal stopped: what was not answered is not recorded.
    pub fn serve(&self) -> Result<(), SocketError> {
        let bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(bound) = bound else { return Ok(()) };
        let mut number = 0;
        while !self.shared.draining() && self.wait(&bound) {
            match bound.listener.accept() {
                Ok((stream, _)) => {
                    number += 1;
                    self.take(number, stream);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // The peer went away, or there is no descriptor left for a moment.
                Err(_) => clock::sleep(BREATH),
            }
        }
        drop(bound);
        self.shared.drained();
        if self.shared.stopped.load(Ordering::SeqCst) {
            return Err(SocketError::Stopped { source: JournalError::Stopped });
        }
        Ok(())
    }

    /// Takes nothing new from now on; [`Server::serve`] returns when what was sent is answered.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::SeqCst);
        wake(&self.wake);
    }

    /// How it is. When the last record failed another one is tried: it is healthy when a record can be made.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.health()
    }

    /// Until somebody connects; false when it is to end.
    fn wait(&self, bound: &Bound) -> bool {
        let mut both =
            [PollFd::new(&bound.listener, PollFlags::IN), PollFd::new(&self.woken, PollFlags::IN)];
        match poll(&mut both, None) {
            Ok(_) => !self.shared.draining(),
            Err(Errno::INTR) => true,
            Err(_) => {
                clock::sleep(BREATH);
                true
            }
        }
    }

    fn take(&self, number: u64, stream: UnixStream) {
        let shared = Arc::clone(&self.shared);
        // On macOS a connection inherits that its listener does not block (accept(2)).
        let told = stream
            .set_nonblocking(false)
            .and_then(|()| stream.set_write_timeout(Some(ANSWER)))
            .and_then(|()| Ok((peer::of(&stream)?, stream.try_clone()?)));
        let Ok((peer, kept)) = told else { return };
        {
            let mut open = shared.open();
            if open.len() >= MAX_CONNECTIONS {
                drop(open);
                let _ = send(&stream, &Answer::Refused { error: Refusal::Busy });
                return;
            }
            open.insert(number, kept);
        }
        let entry = Entry { shared, number };
        let serve = move || entry.shared.serve(&stream, peer);
        // Dropping what the thread would have had closes the connection and its entry.
        let _ = std::thread::Builder::new().name(format!("journal peer {number}")).spawn(serve);
    }
}

/// A place among the open connections, given back when its thread ends, however it does.
struct Entry {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.shared.open().remove(&self.number);
        self.shared.closed.notify_all();
    }
}

/// What is already written wakes as well.
fn wake(mut end: &UnixStream) {
    let _ = end.write(&[1]);
}

/// Writes an answer whole.
pub(super) fn send(mut stream: &UnixStream, answer: &Answer) -> std::io::Result<()> {
    let frame = answer.frame().map_err(std::io::Error::other)?;
    stream.write_all(&frame)
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, UnixStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    fn serve(&self, stream: &UnixStream, peer: Peer) {
        match (self.who)(peer.uid) {
            Some(actor) => talk::talk(self, stream, &actor, peer),
            None => {
                if self.is_new(peer.uid) {
                    talk::record_refusal(self, peer);
                }
                let _ = send(stream, &Answer::Refused { error: Refusal::NotAllowed });
            }
        }
    }

    /// Whether a refused attempt of that account is to be recorded.
    fn is_new(&self, uid: u32) -> bool {
        let mut known = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, since| since.elapsed() < REFUSED_EVERY);
        if known.contains_key(&uid) || known.len() >= STRANGERS {
            return false;
        }
        known.insert(uid, Monotonic::now());
        true
    }

    pub(super) const fn own(&self) -> &Actor {
        &self.own
    }

    /// Remembers how a record went.
    pub(super) fn noted(&self, done: &Result<u64, JournalError>) {
        match done {
            Ok(_) => {
                self.appended.fetch_add(1, Ordering::SeqCst);
                self.failing.store(false, Ordering::SeqCst);
            }
            Err(error) if is_the_events_fault(error) => {}
            Err(error) => {
                self.failing.store(true, Ordering::SeqCst);
                if has_stopped(error) {
                    self.stopped.store(true, Ordering::SeqCst);
                    self.draining.store(true, Ordering::SeqCst);
                    wake(&self.wake);
                }
            }
        }
    }

    pub(super) fn health(&self) -> Health {
        if self.failing.load(Ordering::SeqCst) {
            talk::record_probe(self);
        }
        Health {
            healthy: !self.failing.load(Ordering::SeqCst),
            stream: self.journal.stream().to_string(),
            appended: self.appended.load(Ordering::SeqCst),
            connections: self.open().len(),
        }
    }

    /// Ends every connection's way in and waits until each has answered what was sent before.
    fn drained(&self) {
        let mut open = self.open();
        for stream in open.values() {
            // One that is closed already is at its end.
            let _ = stream.shutdown(Shutdown::Read);
        }
        while !open.is_empty() {
            open = self.closed.wait(open).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Whether the event was one that no journal takes.
pub(super) const fn is_the_events_fault(error: &JournalError) -> bool {
    matches!(
        error,
        JournalError::TooLarge { .. }
            | JournalError::BadDetail { .. }
            | JournalError::OwnAction { .. }
    )
}

fn has_stopped(error: &JournalError) -> bool {
    match error {
        JournalError::Stopped => true,
        JournalError::Group { source } => has_stopped(source),
        _ => false,
    }
}
