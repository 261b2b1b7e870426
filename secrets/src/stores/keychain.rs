//! The system's own keychain: login or System keychain on macOS, the Secret Service of a session on Linux.
//!
//! One surface, two sibling files. The invariant: nothing here waits for a person. A locked keychain, a dialog, a bus
//! that is not there are answers of their own, within a bounded time, and none of them means that an item is absent.
//! Deliberately absent: unlocking.

#[cfg(target_os = "linux")]
#[path = "keychain/linux.rs"]
mod ask;
#[cfg(target_os = "macos")]
#[path = "keychain/macos.rs"]
mod ask;

use super::{LONGEST, Reading, Store, StoreError, Value, keychain_reference};
use sanctum_types::SecretRef;
use std::time::Duration;

/// How long a keychain may think. The slowest answer that needs nobody is the start of the service by the bus, which
/// takes well under a second; a dialog would take for ever.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whose keychain it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Of the person who is logged in.
    Login,
    /// Of the machine; only macOS has one.
    System,
}

/// Why a keychain did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeychainError {
    /// No bus of a session.
    #[error("this process has no session")]
    NoSession,
    /// A bus, and nobody there who keeps secrets.
    #[error("nobody offers the Secret Service on the bus of this session")]
    NoService,
    /// It would have to be unlocked first.
    #[error("it is locked, and only a person can unlock it")]
    Locked,
    /// It wants to show a dialog.
    #[error("it wants to ask a person")]
    Dialog,
    /// Silence.
    #[error("it did not answer within {0} s")]
    NoAnswer(u64),
    /// More than one item fits.
    #[error("{0} items have that service and account")]
    Ambiguous(usize),
    /// Nowhere to put an item.
    #[error("it has no default collection")]
    NoCollection,
    /// It is not of this system.
    #[error("this system has none")]
    NotHere,
    /// Another answer: the name or number of an error, never its text.
    #[error("it answered {0}")]
    Answer(String),
}

/// What an item is known by in every keychain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The service attribute.
    pub service: String,
    /// The account: `username` in the Secret Service.
    pub account: String,
}

/// A keychain of this machine.
#[derive(Clone, Debug)]
pub struct Keychain {
    whose: Whose,
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux asks on a bus"))]
    session_bus: Option<String>,
}

impl Keychain {
    /// The keychain of the person whose session has that bus; macOS needs no bus.
    #[must_use]
    pub fn login(session_bus: Option<String>) -> Self {
        Self { whose: Whose::Login, session_bus }
    }

    /// The machine's own.
    #[must_use]
    pub const fn system() -> Self {
        Self { whose: Whose::System, session_bus: None }
    }

    fn address(&self, reference: &SecretRef) -> Result<Address, StoreError> {
        match reference {
            SecretRef::Keychain { service, account } => {
                Ok(Address { service: service.clone(), account: account.clone() })
            }
            _ => Err(StoreError::Foreign { store: self.name(), reference: reference.clone() }),
        }
    }

    /// What `ask` does, with an end: a keychain that shows a dialog keeps its caller waiting. A thread that still waits
    /// then ends with that dialog or with this process.
    fn within_patience<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Self) -> Result<T, KeychainError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answers, answer) = std::sync::mpsc::channel();
        let keychain = self.clone();
        std::thread::spawn(move || {
            // Nobody listens any more once the time is over.
            let _ = answers.send(ask(&keychain));
        });
        answer
            .recv_timeout(PATIENCE)
            .unwrap_or(Err(KeychainError::NoAnswer(PATIENCE.as_secs())))
            .map_err(|source| StoreError::Keychain { store: self.name(), source })
    }
}

impl Store for Keychain {
    fn name(&self) -> String {
        ask::name(&self.whose).to_owned()
    }

    fn unattended(&self) -> bool {
        self.whose == Whose::System
    }

    fn get(&self, reference: &SecretRef) -> Reading {
        self.address(reference)
            .and_then(|address| self.within_patience(move |here| ask::get(here, &address)))
            .into()
    }

    fn put(&self, reference: &SecretRef, value: &Value) -> Result<(), StoreError> {
        let address = self.address(reference)?;
        if value.expose().len() > LONGEST {
            let why = "it is longer than any secret";
            return Err(StoreError::Value {
                store: self.name(),
                reference: reference.clone(),
                why,
            });
        }
        let new = value.clone();
        let found = self.within_patience(move |here| {
            ask::put(here, &address, &new)?;
            ask::get(here, &address)
        })?;
        match found {
            Some(found) if found.expose() == value.expose() => Ok(()),
            _ => Err(StoreError::ReadBack { store: self.name(), reference: reference.clone() }),
        }
    }

    fn remove(&self, reference: &SecretRef) -> Result<bool, StoreError> {
        let address = self.address(reference)?;
        self.within_patience(move |here| {
            let there = ask::remove(here, &address)?;
            match ask::get(here, &address)? {
                None => Ok(there),
                Some(_) => Err(KeychainError::Ambiguous(1)),
            }
        })
    }

    fn list(&self) -> Result<Vec<SecretRef>, StoreError> {
        let mut found = self.within_patience(ask::list)?;
        found.sort();
        found.dedup();
        let reference = |item: Address| keychain_reference(item.service, item.account);
        Ok(found.into_iter().filter_map(reference).collect())
    }
}
