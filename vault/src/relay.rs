//! One session of an agent for a program and what it starts: a socket that speaks the vault's wire, and a line that is there from the beginning.
//!
//! The agent's key is not here: the session was proved before, on the one connection to the vault that every request goes over, one at a time. Who
//! connects at the socket answers a challenge with a stand-in key that is good only there. The owner's methods are not heard. What was leased
//! over it is given back at the end. Deliberately absent: who may connect, and how the process begins and ends.

use crate::client::{Client, ClientError};
use crate::crypt::wipe;
use crate::identity::{AgentName, Identity};
use crate::wire::frame::{AFTER, BEFORE, Decoder};
use crate::wire::{Call, Code, Dialect, Request, WireError, answer, request};
use sanctum_host::clock::{self, Monotonic};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// As the vault has it: to prove who it is, and to send the rest of a frame, a peer has this time.
const PATIENCE: Duration = Duration::from_secs(10);
/// Clients at a time.
const MOST: usize = 64;
/// Leases that are remembered; the vault itself keeps no more of one agent.
const MOST_LEASES: usize = 10_000;
/// Between two looks for a client.
const BREATH: Duration = Duration::from_millis(20);

/// The session, and what was leased in it.
pub struct Relay {
    upstream: Mutex<Upstream>,
    session: Zeroizing<String>,
    agent: AgentName,
    stand_in: [u8; 32],
}

struct Upstream {
    /// None once it broke: there is no key to prove another one with.
    client: Option<Client>,
    leases: VecDeque<String>,
}

/// One client of the relay.
#[derive(Default)]
pub struct Guest {
    identity: Identity,
    /// Whether it holds the line that was handed over, or proved the stand-in.
    proved: bool,
}

impl Guest {
    /// Who holds the line that was handed over.
    #[must_use]
    pub fn trusted() -> Self {
        Self { proved: true, ..Self::default() }
    }
}

/// What an answer says of leases.
enum Kept {
    Nothing,
    Granted,
    Released(String),
}

impl Relay {
    /// Of a connection on which that agent proved itself; `stand_in` is the public half of the key that clients have.
    #[must_use]
    pub fn new(client: Client, agent: AgentName, stand_in: [u8; 32]) -> Self {
        let session = Zeroizing::new(client.session().unwrap_or_default().to_owned());
        let upstream = Upstream { client: Some(client), leases: VecDeque::new() };
        Self { upstream: Mutex::new(upstream), session, agent, stand_in }
    }

    /// Takes clients of whom `heard` is true, as long as the process lives.
    pub fn serve(self: &Arc<Self>, listener: &UnixListener, heard: impl Fn(&UnixStream) -> bool) {
        let open = Arc::new(AtomicUsize::new(0));
        loop {
            let Ok((stream, _)) = listener.accept() else {
                clock::sleep(BREATH);
                continue;
            };
            let ready = stream
                .set_nonblocking(false)
                .and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
            if ready.is_err() || !heard(&stream) || open.load(Ordering::SeqCst) >= MOST {
                continue;
            }
            open.fetch_add(1, Ordering::SeqCst);
            let (relay, open) = (Arc::clone(self), Arc::clone(&open));
            std::thread::spawn(move || {
                relay.talk(&stream, Guest::default());
                open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    }

    /// Answers one client until it ends.
    pub fn talk(&self, mut stream: &UnixStream, mut guest: Guest) {
        let (mut decoder, begun) = (Decoder::default(), Monotonic::now());
        let mut partial: Option<Monotonic> = None;
        let mut buffer = Zeroizing::new([0; 8192]);
        loop {
            match decoder.next(if guest.proved { AFTER } else { BEFORE }) {
                Ok(Some(frame)) => {
                    partial = None;
                    let reply = self.answer(&mut guest, &frame);
                    if stream.write_all(&reply).is_err() || guest.identity.is_hopeless() {
                        return;
                    }
                    continue;
                }
                Ok(None) => {}
                Err(_) => {
                    let _ =
                        stream.write_all(&answer::frame(&0.into(), &Err(Code::TooLarge.into())));
                    return;
                }
            }
            let since = if guest.proved { partial } else { Some(begun) };
            let left = since.map(|since| PATIENCE.saturating_sub(since.elapsed()));
            if left.is_some_and(|left| left.is_zero()) || stream.set_read_timeout(left).is_err() {
                return;
            }
            match stream.read(buffer.as_mut_slice()) {
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

    /// Answers a frame's content with a frame.
    pub fn answer(&self, guest: &mut Guest, frame: &[u8]) -> Zeroizing<Vec<u8>> {
        let now = clock::boot_nanos() / 1_000_000;
        let Request { id, dialect, session, call } = match request::parse(frame) {
            Ok(request) => request,
            Err((id, error)) => return answer::frame(&id, &Err(error)),
        };
        let told = match call {
            Call::Challenge { agent } => self.challenge(guest, dialect, &agent, now),
            Call::Prove { session, agent, signature } => {
                self.prove(guest, (session.as_deref(), agent.as_deref()), &signature, now)
            }
            Call::Admin { .. } => {
                let detail = Some("the owner is not heard here");
                Err(WireError { detail, ..Code::AccessDenied.into() })
            }
            Call::Status => return self.forward(&id, frame, &Kept::Nothing),
            _ if !guest.proved => Err(Code::SessionExpired.into()),
            call => {
                let kept = match call {
                    Call::Retrieve { .. } | Call::Mint { .. } => Kept::Granted,
                    Call::Release { lease } => Kept::Released(lease),
                    _ => Kept::Nothing,
                };
                if dialect == Dialect::A && session.is_none() {
                    return self.forward(&id, &self.named(frame), &kept);
                }
                return self.forward(&id, frame, &kept);
            }
        };
        answer::frame(&id, &told)
    }

    /// The session that it will be is told at once, as the published clients want it; it is good on no other connection.
    fn challenge(
        &self,
        guest: &mut Guest,
        dialect: Dialect,
        agent: &str,
        now: u64,
    ) -> Result<Value, WireError> {
        let told = guest.identity.challenge(agent, now);
        let told = told.map_err(|_| WireError::from(Code::Internal))?;
        Ok(match dialect {
            Dialect::A => {
                json!({ "session_id": self.session.as_str(), "challenge": told.challenge })
            }
            Dialect::B => json!({ "challenge": told.challenge }),
        })
    }

    fn prove(
        &self,
        guest: &mut Guest,
        (session, agent): (Option<&str>, Option<&str>),
        signature: &[u8],
        now: u64,
    ) -> Result<Value, WireError> {
        let own =
            session.is_none_or(|named| bool::from(named.as_bytes().ct_eq(self.session.as_bytes())));
        let ours = guest.identity.claims() == Some(self.agent.as_str());
        let key = (own && ours).then_some(&self.stand_in);
        let proved = guest.identity.prove((None, agent), signature, key, now);
        proved.map_err(|_| WireError::from(Code::AuthFailed))?;
        guest.proved = true;
        let (agent, session) = (self.agent.as_str(), self.session.as_str());
        Ok(json!({ "authenticated": true, "agent": agent, "session_id": session }))
    }

    /// The same request with the session that it left out.
    fn named(&self, frame: &[u8]) -> Zeroizing<Vec<u8>> {
        let Ok(mut whole) = serde_json::from_slice::<Value>(frame) else {
            return Zeroizing::new(frame.to_vec());
        };
        if let Some(members) = whole.as_object_mut() {
            let params = members.entry("params").or_insert_with(|| json!({}));
            if params.is_null() {
                *params = json!({});
            }
            if let Some(params) = params.as_object_mut() {
                params.insert("session_id".to_owned(), self.session.as_str().into());
            }
        }
        let text = Zeroizing::new(serde_json::to_vec(&whole).unwrap_or_default());
        wipe(&mut whole);
        text
    }

    fn forward(&self, id: &Value, frame: &[u8], kept: &Kept) -> Zeroizing<Vec<u8>> {
        let mut upstream = self.upstream();
        let answered = upstream.client.as_mut().map(|client| client.relay(frame));
        let Some(Ok(told)) = answered else {
            // What it answers late would be taken for the answer to what is asked next.
            upstream.client = None;
            let detail = Some("the session ended; start the program anew");
            let gone = WireError { detail, ..Code::SessionExpired.into() };
            return answer::frame(id, &Err(gone));
        };
        match kept {
            Kept::Nothing => {}
            Kept::Granted => upstream.leases.extend(lease_of(&told)),
            Kept::Released(lease) => upstream.leases.retain(|one| one != lease),
        }
        while upstream.leases.len() > MOST_LEASES {
            upstream.leases.pop_front();
        }
        Zeroizing::new(crate::wire::frame::encode(&told))
    }

    /// Gives back what was leased, and ends the session.
    ///
    /// # Errors
    /// The vault is gone, and the leases with it.
    pub fn end(&self) -> Result<(), ClientError> {
        let mut upstream = self.upstream();
        let leases = std::mem::take(&mut upstream.leases);
        let Some(mut client) = upstream.client.take() else { return Ok(()) };
        for lease in leases {
            match client.ask("release_lease", json!({ "lease_id": lease })) {
                // One that ended by itself is as good.
                Err(error) if error.code().is_none() => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn upstream(&self) -> MutexGuard<'_, Upstream> {
        self.upstream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lease_of(told: &[u8]) -> Option<String> {
    let mut whole: Value = serde_json::from_slice(told).ok()?;
    let lease = whole.pointer("/result/lease_id").and_then(Value::as_str).map(str::to_owned);
    wipe(&mut whole);
    lease
}

#[cfg(test)]
mod tests;
