//! The system's own keychain: login or System keychain on macOS, the Secret Service of a session on Linux.
//!
//! It is spoken to through `keyring-core`: [`Keychain`] is given the credential store that was chosen and builds its
//! entries with that one; the crate's default store, which is one for the whole process, is never set. The invariant:
//! nothing here waits for a person. A locked keychain, a dialog, a bus that is not there are answers of their own, within
//! a bounded time, and only the store's own "no entry" means absent. Deliberately absent: unlocking.

mod chosen;

#[cfg(target_os = "linux")]
#[path = "keychain/linux.rs"]
mod ask;
#[cfg(target_os = "macos")]
#[path = "keychain/macos.rs"]
mod ask;

#[cfg(test)]
mod tests;

use self::chosen::Chosen;
use super::{LONGEST, Reading, Store, StoreError, Value, keychain_reference};
use keyring_core::{CredentialStore, Entry, Error};
use sanctum_types::SecretRef;
use std::collections::HashMap;
use std::sync::Arc;
use zeroize::Zeroize as _;

/// Whose keychain it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

impl From<KeychainError> for Error {
    fn from(why: KeychainError) -> Self {
        match why {
            KeychainError::NoAnswer(_) | KeychainError::Answer(_) => {
                Self::PlatformFailure(Box::new(why))
            }
            KeychainError::NoSession
            | KeychainError::NoService
            | KeychainError::Locked
            | KeychainError::Dialog
            | KeychainError::Ambiguous(_)
            | KeychainError::NoCollection
            | KeychainError::NotHere => Self::NoStorageAccess(Box::new(why)),
        }
    }
}

impl From<Error> for KeychainError {
    /// What a store of any maker said; its words are dropped unless they are ours.
    fn from(error: Error) -> Self {
        match error {
            Error::NoStorageAccess(why) | Error::PlatformFailure(why) => match why.downcast() {
                Ok(ours) => *ours,
                Err(_) => Self::Answer("with a failure of its own".to_owned()),
            },
            Error::Ambiguous(all) => Self::Ambiguous(all.len()),
            Error::NoEntry => Self::Answer("that there is no such item".to_owned()),
            // These two carry what was read.
            Error::BadEncoding(mut bytes) | Error::BadDataFormat(mut bytes, _) => {
                bytes.zeroize();
                Self::Answer("something else".to_owned())
            }
            _ => Self::Answer("that it cannot do that".to_owned()),
        }
    }
}

/// A keychain of this machine.
#[derive(Clone, Debug)]
pub struct Keychain {
    name: &'static str,
    unattended: bool,
    store: Arc<CredentialStore>,
}

impl Keychain {
    /// The keychain of the person whose session has that bus; macOS needs no bus.
    #[must_use]
    pub fn login(session_bus: Option<String>) -> Self {
        Self::of(Chosen { whose: Whose::Login, session_bus })
    }

    /// The machine's own.
    #[must_use]
    pub fn system() -> Self {
        Self::of(Chosen { whose: Whose::System, session_bus: None })
    }

    fn of(chosen: Chosen) -> Self {
        let name = ask::name(chosen.whose);
        Self { name, unattended: chosen.whose == Whose::System, store: Arc::new(chosen) }
    }

    fn entry(&self, reference: &SecretRef) -> Result<Entry, StoreError> {
        let of_the_machine = matches!(reference, SecretRef::SystemKeychain { .. });
        let item = reference.keychain_item().filter(|_| self.unattended || !of_the_machine);
        let Some((service, account)) = item else {
            return Err(StoreError::Foreign { store: self.name(), reference: reference.clone() });
        };
        self.store.build(service, account, None).map_err(|error| self.refused(error))
    }

    fn refused(&self, error: Error) -> StoreError {
        StoreError::Keychain { store: self.name(), source: error.into() }
    }

    fn read(&self, entry: &Entry) -> Result<Option<Value>, StoreError> {
        match entry.get_secret() {
            Ok(bytes) => Ok(Some(Value::new(bytes))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(self.refused(error)),
        }
    }
}

impl Store for Keychain {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn unattended(&self) -> bool {
        self.unattended
    }

    fn get(&self, reference: &SecretRef) -> Reading {
        self.entry(reference).and_then(|entry| self.read(&entry)).into()
    }

    fn put(&self, reference: &SecretRef, value: &Value) -> Result<(), StoreError> {
        let entry = self.entry(reference)?;
        if value.expose().len() > LONGEST {
            let why = "it is longer than any secret";
            return Err(StoreError::Value {
                store: self.name(),
                reference: reference.clone(),
                why,
            });
        }
        entry.set_secret(value.expose()).map_err(|error| self.refused(error))?;
        match self.read(&entry)? {
            Some(found) if found.expose() == value.expose() => Ok(()),
            _ => Err(StoreError::ReadBack { store: self.name(), reference: reference.clone() }),
        }
    }

    fn remove(&self, reference: &SecretRef) -> Result<bool, StoreError> {
        let entry = self.entry(reference)?;
        match entry.delete_credential() {
            Ok(()) => {}
            Err(Error::NoEntry) => return Ok(false),
            Err(error) => return Err(self.refused(error)),
        }
        match self.read(&entry)? {
            None => Ok(true),
            Some(_) => {
                Err(StoreError::StillThere { store: self.name(), reference: reference.clone() })
            }
        }
    }

    fn list(&self) -> Result<Vec<SecretRef>, StoreError> {
        let found = self.store.search(&HashMap::new()).map_err(|error| self.refused(error))?;
        let reference = |entry: &Entry| {
            let (service, account) = entry.get_specifiers()?;
            keychain_reference(service, account)
        };
        let mut all: Vec<SecretRef> = found.iter().filter_map(reference).collect();
        all.sort();
        all.dedup();
        Ok(all)
    }
}
