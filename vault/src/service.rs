//! The vault as it answers: one request of one connection at a time, each access recorded before its answer leaves.
//!
//! Fails closed: what is sealed, not allowed or not recorded is not answered with a value. Deliberately absent: sockets and threads.

mod admin;
mod agent;
mod approve;
mod handle;
mod keeping;
mod kept;
mod record;
mod roster;
mod seats;
#[cfg(test)]
mod tests;
mod unlock;

pub use handle::Handled;
pub use unlock::{Barred, Sits};

use crate::approvals::{Approvals, Ends};
use crate::hours::Hours;
use crate::identity::{AgentName, Identity};
use crate::keys::Opener;
use crate::lease::{Lease, Leases, Which};
use crate::operation::Publics;
use crate::place::Home;
use crate::session::Sessions;
use crate::store::{Opened, Source, Store, StoreError, Terms};
use crate::wire::{Call, Code, Request, WireError, answer, request};
use roster::Roster;
use sanctum_host::{boot, clock, memory};
use sanctum_types::{AuditSink, UnixTime};
use seats::{Seat, Seats};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;
use zeroize::Zeroizing;

/// Whoever tries passphrases tries one in this time.
const WRONG_PASSPHRASE: Duration = Duration::from_secs(1);

/// A vault on a machine, sealed or not.
pub struct Vault {
    home: Home,
    root: PathBuf,
    /// The boot that this is, where it has a name.
    boot: Option<String>,
    open: RwLock<Option<Open>>,
    leases: Mutex<Leases>,
    hours: Mutex<Hours>,
    approvals: Mutex<Approvals>,
    /// Held while who is registered is judged and changed: of two changes at a time neither goes by what the other undoes.
    registering: Mutex<()>,
    /// Held while a passphrase is tried: one at a time, whatever it costs.
    trying: Mutex<()>,
    /// Held while the vault is being unsealed, so that whoever asks how it stands does not wait for a passphrase.
    unsealing: Mutex<()>,
    seats: Arc<Mutex<Seats>>,
    /// Terminals where the passphrase was proved, and the unsealing that it was proved in.
    sessions: Mutex<Sessions<Weak<Store>>>,
    /// Where use-handles point.
    proxy: OnceLock<SocketAddr>,
    sink: Arc<dyn AuditSink>,
}

#[derive(Clone)]
struct Open {
    store: Arc<Store>,
    roster: Arc<Roster>,
    publics: Arc<Publics>,
}

/// How a connection came to be the owner's.
#[derive(Clone, Debug)]
struct Admitted {
    /// The unsealing in which the passphrase was proved.
    store: Weak<Store>,
    /// The session that let the connection in, where the passphrase was not proved on it.
    session: Option<u64>,
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    identity: Identity,
    /// Nobody says whose a connection by TCP is.
    uid: Option<u32>,
    admin: Option<Admitted>,
    /// In which terminal it sits, where that can be told.
    sits: Sits,
    failures: u32,
    /// Its agent's place among the connections.
    seat: Option<Seat>,
}

impl Connection {
    /// A new one, of that account.
    #[must_use]
    pub fn new(uid: u32) -> Self {
        Self { uid: Some(uid), ..Self::by_tcp() }
    }

    /// A new one by TCP: an agent proves itself there, the owner does not.
    #[must_use]
    pub fn by_tcp() -> Self {
        Self {
            identity: Identity::default(),
            uid: None,
            admin: None,
            sits: Sits::default(),
            failures: 0,
            seat: None,
        }
    }

    /// The same, of a process that sits in a terminal where this says so.
    #[must_use]
    pub fn sitting(self, sits: Sits) -> Self {
        Self { sits, ..self }
    }

    /// Who it is in the journal.
    fn actor(&self) -> String {
        self.uid.map_or_else(|| "tcp".to_owned(), |uid| format!("uid:{uid}"))
    }

    /// Whether it proved who it is: only then it may send much, and be silent for long.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.admin.is_some() || self.identity.agent().is_some()
    }

    /// Whether it failed too often.
    #[must_use]
    pub const fn is_hopeless(&self) -> bool {
        self.identity.is_hopeless() || self.failures >= crate::identity::MOST_FAILURES
    }
}

/// Both clocks.
#[derive(Clone, Copy, Debug)]
struct Now {
    wall: UnixTime,
    /// Milliseconds of one that nobody sets, and that runs while the machine sleeps.
    mono: u64,
}

impl Now {
    fn read() -> Self {
        Self { wall: clock::now(), mono: clock::sleepless_nanos() / 1_000_000 }
    }
}

type Answer = Result<Value, WireError>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Vault {
    /// The vault of that home, sealed, below the directory that stands for `/`.
    #[must_use]
    pub fn new(home: Home, root: PathBuf, sink: Arc<dyn AuditSink>) -> Self {
        Self {
            home,
            root,
            boot: boot::id().ok(),
            open: RwLock::default(),
            leases: Mutex::default(),
            hours: Mutex::default(),
            approvals: Mutex::default(),
            registering: Mutex::default(),
            trying: Mutex::default(),
            unsealing: Mutex::default(),
            seats: Arc::default(),
            sessions: Mutex::default(),
            proxy: OnceLock::new(),
            sink,
        }
    }

    /// It is served by TCP there, once and for all: use-handles point to it.
    pub fn proxied_at(&self, at: SocketAddr) {
        let _ = self.proxy.set(at);
    }

    /// Unseals it; one that is unsealed stays so.
    ///
    /// # Errors
    /// It does not open.
    pub fn unseal(&self, opener: &Opener, terms: Terms) -> Result<Opened, StoreError> {
        self.unseal_from(|| self.home.open(&self.root), opener, terms, Now::read())
    }

    fn unseal_from(
        &self,
        source: impl FnOnce() -> Result<Source, StoreError>,
        opener: &Opener,
        terms: Terms,
        now: Now,
    ) -> Result<Opened, StoreError> {
        let _unsealing = lock(&self.unsealing);
        if let Ok(open) = self.opened() {
            let proved = open.store.proves(opener);
            return if proved { Ok(Opened { torn: 0 }) } else { Err(StoreError::WrongKey) };
        }
        let (store, opened) = Store::open(source()?, opener, terms)?;
        let sink = Arc::clone(&self.sink);
        let store = store.telling(sink);
        let roster = Arc::new(Roster::of(&store.index()));
        self.take_up(&store, &roster, now);
        let opened_now = Open { store: Arc::new(store), roster, publics: Arc::default() };
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(opened_now);
        Ok(opened)
    }

    /// Seals it: leases and approvals end, and the keys are wiped as soon as nobody works with them any more. What of leases is on the disk stays.
    pub fn seal(&self) {
        drop(self.closed());
    }

    /// The same; gives what was open until then.
    fn closed(&self) -> Option<Open> {
        let was = self.open.write().unwrap_or_else(PoisonError::into_inner).take();
        *lock(&self.leases) = Leases::default();
        lock(&self.sessions).clear();
        lock(&self.approvals).end(&Ends::All);
        was
    }

    /// Whether it is unsealed and takes changes.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.opened().is_ok_and(|open| open.store.standing().writes)
    }

    /// Answers a frame's content with a frame.
    pub fn answer(&self, connection: &mut Connection, frame: &[u8]) -> Zeroizing<Vec<u8>> {
        self.answer_at(connection, frame, Now::read())
    }

    fn answer_at(&self, connection: &mut Connection, frame: &[u8], now: Now) -> Zeroizing<Vec<u8>> {
        match request::parse(frame) {
            Ok(Request { id, dialect, session, call }) => {
                let asked = (dialect, session.as_deref(), call);
                let mut told = self.dispatch(connection, asked, now);
                let frame = answer::frame(&id, &told);
                if let Ok(told) = &mut told {
                    crate::crypt::wipe(told);
                }
                frame
            }
            Err((id, error)) => answer::frame(&id, &Err(error)),
        }
    }

    fn dispatch(
        &self,
        connection: &mut Connection,
        (dialect, session, call): (crate::wire::Dialect, Option<&str>, Call),
        now: Now,
    ) -> Answer {
        match call {
            Call::Status => Ok(self.status(connection.uid.is_some())),
            Call::Admin { .. } if connection.uid.is_none() => {
                let detail = Some("the owner is heard at the socket only");
                Err(WireError { detail, ..Code::AccessDenied.into() })
            }
            Call::Admin { verb, params } => self.administer(connection, &verb, params, now),
            Call::Challenge { agent } => challenge(connection, dialect, &agent, now),
            Call::Prove { session, agent, signature } => {
                let named = (session.as_deref(), agent.as_deref());
                self.prove(connection, named, &signature, now)
            }
            call => {
                let known = match session {
                    Some(session) => connection.identity.agent_of(session),
                    None if needs_session(dialect, &call) => None,
                    None => connection.identity.agent(),
                };
                let agent = known.cloned().ok_or(Code::SessionExpired)?;
                let open = self.opened()?;
                // Who was removed has no session any more, also where another key has the name by now.
                let key = open.roster.agents.get(&agent);
                if key.is_none() || key != connection.identity.key() {
                    connection.identity.forget();
                    return Err(Code::SessionExpired.into());
                }
                let session = connection.identity.session();
                let (vault, open, agent) = (self, &open, &agent);
                agent::Desk { vault, open, agent, session, dialect, now }.serve(call)
            }
        }
    }

    fn opened(&self) -> Result<Open, WireError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.clone().ok_or_else(|| Code::Locked.into())
    }

    /// Gives out a lease, unless the agent was taken back, or the vault sealed, since it was judged: a lease that is granted is one that
    /// whoever revokes finds.
    fn grant(&self, by: &Open, id: &str, lease: Lease, now: Now) -> Result<(), WireError> {
        let mut leases = lock(&self.leases);
        self.still(by, &lease.agent)?;
        leases.grant(id, lease, now.mono).map_err(agent::of_lease)
    }

    /// Whether the agent is who it was when it was judged, and the vault unsealed.
    fn still(&self, by: &Open, agent: &AgentName) -> Result<(), WireError> {
        let open = self.opened()?;
        let key = open.roster.agents.get(agent);
        if key.is_none() || key != by.roster.agents.get(agent) {
            return Err(Code::SessionExpired.into());
        }
        Ok(())
    }

    /// Who is at the socket is told also how the process stands.
    fn status(&self, at_socket: bool) -> Value {
        let sealed = self.opened().is_err();
        if at_socket {
            json!({ "sealed": sealed, "memory_locked": memory::is_locked() })
        } else {
            json!({ "sealed": sealed })
        }
    }

    /// A sealed vault knows no agent, and says that it is sealed rather than that the key is wrong.
    fn prove(
        &self,
        connection: &mut Connection,
        named: (Option<&str>, Option<&str>),
        signature: &[u8],
        now: Now,
    ) -> Answer {
        let open = self.opened()?;
        let claims = connection.identity.claims().unwrap_or_default().to_owned();
        let key = open.roster.key(&claims);
        let before = connection.identity.session().map(handle::session_print);
        let proved = connection.identity.prove(named, signature, key.as_ref(), now.mono);
        let proved = proved.map_err(|_| WireError::from(Code::AuthFailed)).and_then(|proved| {
            // The place that the connection had goes first: it may be the same agent's.
            connection.seat = None;
            let seat = Seat::take(&self.seats, &proved.0);
            connection.seat = Some(seat.ok_or_else(|| {
                connection.identity.forget();
                WireError::from(Code::RateLimited)
            })?);
            Ok(proved)
        });
        let after = connection.identity.session().map(handle::session_print);
        if let Some(ended) = before.filter(|before| after != Some(*before)) {
            lock(&self.leases).revoke(&Which::Session(ended));
        }
        self.record_proof(&claims, connection.actor(), proved.is_ok()).inspect_err(|_| {
            // Some calls need no session's name: who is not in the journal is nobody.
            connection.identity.forget();
            connection.seat = None;
        })?;
        let (agent, session) = proved?;
        Ok(json!({ "authenticated": true, "agent": agent.as_str(), "session_id": session }))
    }
}

fn challenge(
    connection: &mut Connection,
    dialect: crate::wire::Dialect,
    agent: &str,
    now: Now,
) -> Answer {
    let told = connection.identity.challenge(agent, now.mono);
    let told = told.map_err(|_| WireError::from(Code::Internal))?;
    Ok(match dialect {
        crate::wire::Dialect::A => {
            json!({ "session_id": told.session, "challenge": told.challenge })
        }
        crate::wire::Dialect::B => json!({ "challenge": told.challenge }),
    })
}

/// A names a session in every call but those about a lease.
const fn needs_session(dialect: crate::wire::Dialect, call: &Call) -> bool {
    matches!(dialect, crate::wire::Dialect::A)
        && !matches!(call, Call::Release { .. } | Call::LeaseStatus { .. })
}

/// What a store's refusal is on the wire: nothing of files.
fn refused(error: &StoreError) -> WireError {
    match error {
        StoreError::NotThere => Code::NotFound.into(),
        StoreError::TooLarge { .. } => Code::TooLarge.into(),
        _ => Code::Internal.into(),
    }
}
