//! A passphrase that was proved in the owner's terminal counts there for some minutes.
//!
//! Agents share the account and often the terminal: who sits where is told by the kernel, and an agent among those who started a process, or beside
//! it, keeps it out. A connection is judged again for each verb: its process may have ended, or lost its terminal, since the last one.
//! Deliberately absent: how both are looked at.

#[cfg(test)]
mod tests;

use super::record::Told;
use super::{Admitted, Answer, Connection, Now, Vault, lock};
use crate::session::{Absent, DEFAULT_MINUTES, MOST_MINUTES, Moment, Sitter};
use crate::store::Store;
use crate::wire::request::Said;
use crate::wire::{Code, WireError};
use sanctum_host::seat::Seat;
use sanctum_types::{Outcome, Severity};
use serde_json::{Value, json};
use std::fmt;
use std::sync::{Arc, Weak};

/// Why a connection's process is not the owner at a terminal, and the terminal where it sits nevertheless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Barred {
    /// Why.
    pub why: Absent,
    /// Where.
    pub seat: Option<Seat>,
}

type Look = dyn Fn() -> Result<Seat, Barred> + Send;

/// Says in which terminal a connection's process sits now.
#[derive(Default)]
pub struct Sits(Option<Box<Look>>);

impl Sits {
    /// As this says.
    #[must_use]
    pub fn by(look: impl Fn() -> Result<Seat, Barred> + Send + 'static) -> Self {
        Self(Some(Box::new(look)))
    }
}

impl fmt::Debug for Sits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sits").field(&self.0.is_some()).finish()
    }
}

/// Why a session does not let a connection in.
struct Refusal {
    code: Code,
    why: &'static str,
    seat: Option<Seat>,
    /// Whoever has no session in an ordinary way is asked for the passphrase; the rest is worth somebody's look.
    severity: Severity,
}

impl From<Barred> for Refusal {
    fn from(Barred { why, seat }: Barred) -> Self {
        let severity = match why {
            Absent::NoTerminal | Absent::Unheld => Severity::Info,
            Absent::Unseen | Absent::Unread | Absent::Agent => Severity::Warn,
        };
        Self { code: Code::SessionExpired, why: why.why(), seat, severity }
    }
}

/// A session that lets a connection in.
struct Live {
    number: u64,
    seat: Seat,
    store: Weak<Store>,
    left: u64,
}

impl Now {
    pub(super) const fn moment(self) -> Moment {
        Moment { mono: self.mono, wall: self.wall }
    }
}

impl Connection {
    /// Where it sits at this moment; nothing of it is kept for the next.
    fn sitter(&self) -> Result<Sitter, Barred> {
        let unheld = Barred { why: Absent::Unheld, seat: None };
        let look = self.sits.0.as_ref().ok_or(unheld)?;
        Ok(Sitter { uid: self.uid.ok_or(unheld)?, seat: look()? })
    }

    fn told(&self, action: &'static str, seat: Option<Seat>) -> Told<'static> {
        let details = seat.map_or_else(Vec::new, |seat| {
            vec![("terminal", seat.terminal_name()), ("leader", seat.leader.to_string())]
        });
        Told { actor: self.actor(), action, subject: "vault".to_owned(), details }
    }
}

impl Vault {
    /// Proves the passphrase and begins a session of the terminal.
    pub(super) fn unlock(&self, connection: &mut Connection, said: &Said, now: Now) -> Answer {
        let minutes = match said.0.get("minutes") {
            None | Some(Value::Null) => DEFAULT_MINUTES,
            Some(minutes) => {
                let minutes = minutes.as_u64().filter(|most| (1..=MOST_MINUTES).contains(most));
                minutes.ok_or(WireError::invalid("`minutes` is from 1 to 60"))?
            }
        };
        self.admit(connection, "prove", said)?;
        let by = connection.admin.clone().ok_or(Code::SessionExpired)?;
        let sitter = match connection.sitter() {
            Ok(sitter) => sitter,
            Err(barred) => {
                let mut told = connection.told("vault.unlock", barred.seat);
                told.details.push(("why", barred.why.why().to_owned()));
                self.record(&told, Outcome::Refused)?;
                let detail = Some(barred.why.detail());
                return Err(WireError { detail, ..Code::AccessDenied.into() });
            }
        };
        let mut told = connection.told("vault.unlock", Some(sitter.seat));
        told.details.push(("minutes", minutes.to_string()));
        self.record(&told, Outcome::Ok)?;
        let mut sessions = lock(&self.sessions);
        let seconds = sessions.begin(sitter, minutes, now.moment(), by.store);
        Ok(json!({ "authenticated": true, "seconds": seconds }))
    }

    /// Admits a connection of a terminal that has a session.
    pub(super) fn resume(&self, connection: &mut Connection, now: Now) -> Answer {
        let live = match self.live(connection, now) {
            Ok(live) => live,
            Err(refusal) => {
                // Each is recorded, so there are few on one connection.
                connection.failures += 1;
                return Err(self.not_admitted(connection, &refusal));
            }
        };
        let mut told = connection.told("vault.admit", Some(live.seat));
        told.details.push(("by", "session".to_owned()));
        self.record(&told, Outcome::Ok)?;
        connection.admin = Some(Admitted { store: live.store, session: Some(live.number) });
        Ok(json!({ "authenticated": true, "seconds": live.left }))
    }

    /// Ends the sessions of the account. It needs no proof: who ends one opens nothing.
    pub(super) fn lock_again(&self, connection: &Connection, now: Now) -> Answer {
        let uid = connection.uid.ok_or(Code::AccessDenied)?;
        let ended = lock(&self.sessions).end(uid, now.moment());
        if ended > 0 {
            let mut told = connection.told("vault.lock", None);
            told.details.push(("ended", ended.to_string()));
            self.record(&told, Outcome::Ok)?;
        }
        Ok(json!({ "ended": ended }))
    }

    /// Judges a connection again that a session admitted. One that is refused has to be admitted anew.
    pub(super) fn still_admitted(
        &self,
        connection: &mut Connection,
        number: u64,
        now: Now,
    ) -> Result<(), WireError> {
        let refusal = match self.live(connection, now) {
            Ok(live) if live.number == number => return Ok(()),
            Ok(live) => Refusal { seat: Some(live.seat), ..over(None) },
            Err(refusal) => refusal,
        };
        connection.admin = None;
        Err(self.not_admitted(connection, &refusal))
    }

    /// The session of where the connection sits now.
    fn live(&self, connection: &Connection, now: Now) -> Result<Live, Refusal> {
        let sealed = |error: WireError| Refusal { code: error.code, why: "sealed", ..over(None) };
        let store = Arc::downgrade(&self.opened().map_err(sealed)?.store);
        let sitter = connection.sitter()?;
        let sessions = lock(&self.sessions);
        let one = sessions.of(sitter, now.moment());
        // What was proved of another unsealing, or of another root key, is over.
        let one = one.filter(|one| one.opened.ptr_eq(&store));
        let one = one.ok_or_else(|| over(Some(sitter.seat)))?;
        Ok(Live { number: one.number, seat: sitter.seat, left: one.left, store })
    }

    fn not_admitted(&self, connection: &Connection, refusal: &Refusal) -> WireError {
        let mut told = connection.told("vault.admit", refusal.seat);
        told.details.push(("by", "session".to_owned()));
        told.details.push(("why", refusal.why.to_owned()));
        let recorded = self.record_at(&told, Outcome::Refused, refusal.severity);
        recorded.err().unwrap_or_else(|| refusal.code.into())
    }
}

const fn over(seat: Option<Seat>) -> Refusal {
    Refusal { code: Code::SessionExpired, why: "no-session", seat, severity: Severity::Info }
}
