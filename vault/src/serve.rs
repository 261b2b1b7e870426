//! The vault at a socket, and at a TCP port of the loopback interface where that was asked for: one thread takes connections, one serves each.
//!
//! Connections, frames and silence are bounded until a peer proved who it is; afterwards it may be silent as long as it likes, because the published
//! clients never connect again. At the socket only root, the account that serves and those it is told of are heard; by TCP nobody is known but by its key,
//! and the owner's verbs are not heard. Deliberately absent: signals.

mod line;
mod lookout;
mod proxy;

pub use line::{Loopback, LoopbackError};

use crate::service::{Barred, Connection, Sits, Vault};
use crate::session::Absent;
use crate::wire::frame::{AFTER, BEFORE, Decoder};
use crate::wire::{Code, answer};
use line::{Door, Line};
use lookout::{Last, Lookout};
use sanctum_host::clock::{self, Monotonic};
use sanctum_host::journal::socket::{Bound, Gate, SocketError};
use sanctum_host::processes::Process;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::Shutdown;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// Connections at a time.
pub const MAX_CONNECTIONS: usize = 256;
/// Of these by TCP, where any account may connect: it cannot take the owner's place.
pub const MAX_TCP: usize = 64;
/// To prove who it is, and to send the rest of a frame, a peer has this time.
const PATIENCE: Duration = Duration::from_secs(10);
/// Who does not read its answer is not waited for.
const ANSWER: Duration = Duration::from_secs(10);
/// Between two looks whether to end, and after the system had no connection to give.
const BREATH: Duration = Duration::from_millis(20);

/// Which accounts are heard.
pub type Heard = dyn Fn(u32) -> bool + Send + Sync;

/// Whether a process, which is first, may be the owner, by everybody above and beside it: no agent is among them.
pub type Trusted = dyn Fn(&[Process]) -> Result<(), Absent> + Send + Sync;

/// A vault at a socket.
pub struct Server {
    bound: Mutex<Option<Bound>>,
    loopback: Option<Loopback>,
    shared: Arc<Shared>,
}

struct Shared {
    vault: Arc<Vault>,
    heard: Box<Heard>,
    /// Whose terminal counts; nobody's, where nobody can tell.
    trusted: Option<Arc<Trusted>>,
    draining: AtomicBool,
    open: Mutex<BTreeMap<u64, Line>>,
    /// Those at the socket that have proved nothing.
    strangers: Mutex<BTreeSet<u64>>,
    closed: Condvar,
    /// The number of the last connection.
    last: AtomicU64,
    asked: Last,
}

impl Server {
    /// Listens at a path.
    ///
    /// # Errors
    /// Somebody else does, or what is there is not to be trusted.
    pub fn open(
        path: &Path,
        gate: Gate,
        vault: Arc<Vault>,
        heard: Box<Heard>,
        trusted: Option<Arc<Trusted>>,
    ) -> Result<Self, SocketError> {
        let bound = Bound::at(path, gate)?;
        let shared = Shared {
            vault,
            heard,
            trusted,
            draining: AtomicBool::new(false),
            open: Mutex::default(),
            strangers: Mutex::default(),
            closed: Condvar::new(),
            last: AtomicU64::new(0),
            asked: Last::default(),
        };
        Ok(Self { bound: Mutex::new(Some(bound)), loopback: None, shared: Arc::new(shared) })
    }

    /// Listens by TCP too.
    #[must_use]
    pub fn and_at(self, loopback: Loopback) -> Self {
        self.shared.vault.proxied_at(loopback.address());
        Self { loopback: Some(loopback), ..self }
    }

    /// Serves until it is drained.
    pub fn serve(&self) {
        let bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(bound) = bound else { return };
        std::thread::scope(|scope| {
            if let Some(loopback) = &self.loopback {
                scope.spawn(|| self.watch(loopback));
            }
            self.watch(bound.listener());
        });
        drop(bound);
        self.shared.drained();
    }

    fn watch(&self, door: &dyn Door) {
        while !self.shared.draining.load(Ordering::SeqCst) {
            match door.next() {
                Ok(line) => self.take(line),
                Err(_) => clock::sleep(BREATH),
            }
        }
    }

    /// Takes nothing new from now on; what was sent is answered.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::SeqCst);
    }

    fn take(&self, line: Line) {
        let told = line.prepare(ANSWER).and_then(|peer| Ok((peer, line.try_clone()?)));
        let Ok((peer, kept)) = told else { return };
        let shared = Arc::clone(&self.shared);
        if !peer.is_none_or(|uid| (shared.heard)(uid)) {
            return;
        }
        let number = shared.last.fetch_add(1, Ordering::Relaxed);
        {
            let mut open = shared.open();
            let by_tcp = || open.values().filter(|line| line.is_tcp()).count();
            let crowded = line.is_tcp() && by_tcp() >= MAX_TCP;
            if crowded || (open.len() >= MAX_CONNECTIONS && !shared.make_room(&mut open)) {
                drop(open);
                let busy = answer::frame(&0.into(), &Err(Code::RateLimited.into()));
                let _ = line.write_all(&busy);
                return;
            }
            open.insert(number, kept);
            if !line.is_tcp() {
                shared.strangers().insert(number);
            }
        }
        let entry = Entry { shared, number };
        let sits = shared_sits(&entry.shared, &line);
        let connection = peer.map_or_else(Connection::by_tcp, Connection::new).sitting(sits);
        let mut guest = Guest { vault: Arc::clone(&entry.shared.vault), connection };
        let serve = move || {
            // Its place is given back after it left.
            let entry = entry;
            entry.shared.talk(&line, number, &mut guest.connection);
        };
        let _ = std::thread::Builder::new()
            .name(format!("vault peer {number}"))
            .stack_size(512 * 1024)
            .spawn(serve);
    }
}

/// Who is served. What ends with the connection ends also when its thread panics.
struct Guest {
    vault: Arc<Vault>,
    connection: Connection,
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.vault.left(&self.connection);
    }
}

/// Who connected is held from here on; where it sits is looked at when it counts.
fn shared_sits(shared: &Shared, line: &Line) -> Sits {
    let (Some(held), Some(trusted)) = (line.held(), shared.trusted.clone()) else {
        return Sits::default();
    };
    Sits::by(move || {
        let Some(seen) = held.look() else {
            return Err(Barred { why: Absent::Unseen, seat: None });
        };
        // First, so that the journal says that it was an agent, whatever else is missing.
        let barred = |why| Barred { why, seat: seen.seat };
        trusted(&seen.company).map_err(barred)?;
        seen.seat.ok_or(barred(Absent::NoTerminal))
    })
}

/// A place among the open connections, given back when its thread ends.
struct Entry {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(stream) = self.shared.open().remove(&self.number) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.shared.strangers().remove(&self.number);
        self.shared.closed.notify_all();
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Line>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn strangers(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the oldest connection that proved nothing, so that nobody who only connects keeps the owner out; false where there is none.
    fn make_room(&self, open: &mut BTreeMap<u64, Line>) -> bool {
        let Some(oldest) = self.strangers().pop_first() else { return false };
        let Some(stream) = open.remove(&oldest) else { return false };
        let _ = stream.shutdown(Shutdown::Both);
        true
    }

    fn talk(&self, stream: &Line, number: u64, connection: &mut Connection) {
        let (mut decoder, mut begun) = (Decoder::default(), Monotonic::now());
        // Each connection has one, on the stack of its thread: most frames are short.
        let mut buffer = Zeroizing::new([0; 2048]);
        let mut partial: Option<Monotonic> = None;
        let mut begins = true;
        // A new connection waits for ever; most ask often and never change that.
        let mut waits: Option<Duration> = None;
        let mut lookout = Lookout::new(number);
        loop {
            let most = if connection.is_known() { AFTER } else { BEFORE };
            match decoder.next(most) {
                Ok(Some(frame)) => {
                    partial = None;
                    begins = false;
                    if connection.is_known() {
                        // An agent that is removed now has a moment to give back what it holds.
                        begun = Monotonic::now();
                    }
                    let reply = self.vault.answer(connection, &frame);
                    if connection.is_known() {
                        self.strangers().remove(&number);
                    }
                    if stream.write_all(&reply).is_err() || connection.is_hopeless() {
                        return;
                    }
                    continue;
                }
                Ok(None) => {}
                Err(_) if stream.is_tcp() && begins && proxy::is_http(decoder.held()) => {
                    return proxy::serve(self, stream, decoder.held());
                }
                Err(_) => {
                    let _ =
                        stream.write_all(&answer::frame(&0.into(), &Err(Code::TooLarge.into())));
                    return;
                }
            }
            // What began has to end; who is unknown has little time altogether.
            let since = if connection.is_known() { partial } else { Some(begun) };
            let left = since.map(|since| PATIENCE.saturating_sub(since.elapsed()));
            if left.is_some_and(|left| left.is_zero()) {
                return;
            }
            if left != waits && stream.set_read_timeout(left).is_err() {
                return;
            }
            waits = left;
            match lookout.read(stream, &self.asked, buffer.as_mut_slice()) {
                Ok(0) => return,
                Ok(count) => {
                    partial = partial.or_else(|| Some(Monotonic::now()));
                    decoder.push(buffer.get(..count).unwrap_or_default());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// Ends every connection's way in, and waits until each has answered what was sent before.
    fn drained(&self) {
        let mut open = self.open();
        for stream in open.values() {
            let _ = stream.shutdown(Shutdown::Read);
        }
        while !open.is_empty() {
            open = self.closed.wait(open).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
