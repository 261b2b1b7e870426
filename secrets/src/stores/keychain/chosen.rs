//! This system's keychain as a credential store of `keyring-core`, with what the published ones do not promise.
//!
//! The invariant: every call has an end, and none of them shows a dialog. An entry names an item by service and account,
//! and never one of several. Deliberately absent: attributes of the caller's own, and a process-wide default.

use super::{KeychainError, Whose, ask};
use crate::stores::Value;
use keyring_core::api::{CredentialApi, CredentialPersistence, CredentialStoreApi};
use keyring_core::attributes::parse_attributes;
use keyring_core::{Credential, Entry, Error, Result};
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long a keychain may think. The slowest answer that needs nobody is the start of the service by the bus, which
/// takes well under a second; a dialog would take for ever.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// What an item is known by in every keychain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address {
    /// The service attribute.
    pub(super) service: String,
    /// The account: `username` in the Secret Service.
    pub(super) account: String,
}

/// The keychain that was chosen.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    /// Whose.
    pub(super) whose: Whose,
    /// The bus of the session.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux asks on a bus"))]
    pub(super) session_bus: Option<String>,
}

impl Chosen {
    /// What `ask` does, with an end: a keychain that shows a dialog keeps its caller waiting. A thread that still waits
    /// then ends with that dialog or with this process.
    fn within_patience<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Self) -> std::result::Result<T, KeychainError> + Send + 'static,
    ) -> std::result::Result<T, KeychainError> {
        let (answers, answer) = std::sync::mpsc::channel();
        let chosen = self.clone();
        std::thread::spawn(move || {
            // Nobody listens any more once the time is over.
            let _ = answers.send(ask(&chosen));
        });
        answer.recv_timeout(PATIENCE).unwrap_or(Err(KeychainError::NoAnswer(PATIENCE.as_secs())))
    }

    fn entry(&self, address: Address) -> Entry {
        Entry::new_with_credential(Arc::new(Item { chosen: self.clone(), address }))
    }
}

impl CredentialStoreApi for Chosen {
    fn vendor(&self) -> String {
        "sanctum".to_owned()
    }

    fn id(&self) -> String {
        ask::name(self.whose).to_owned()
    }

    fn build(
        &self,
        service: &str,
        user: &str,
        modifiers: Option<&HashMap<&str, &str>>,
    ) -> Result<Entry> {
        parse_attributes(&[], modifiers)?;
        // Apple's framework takes an empty name for any.
        for (what, name) in [("service", service), ("user", user)] {
            if name.is_empty() {
                return Err(Error::Invalid(what.to_owned(), "it is empty".to_owned()));
            }
        }
        Ok(self.entry(Address { service: service.to_owned(), account: user.to_owned() }))
    }

    fn search(&self, spec: &HashMap<&str, &str>) -> Result<Vec<Entry>> {
        let spec = parse_attributes(&["service", "user"], Some(spec))?;
        let fits = |key: &str, has: &String| spec.get(key).is_none_or(|wanted| wanted == has);
        let found = self.within_patience(ask::list)?;
        let found = found
            .into_iter()
            .filter(|item| fits("service", &item.service) && fits("user", &item.account));
        Ok(found.map(|item| self.entry(item)).collect())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn persistence(&self) -> CredentialPersistence {
        CredentialPersistence::UntilDelete
    }

    fn debug_fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// An item by its name, whether it is there or not.
#[derive(Clone, Debug)]
struct Item {
    chosen: Chosen,
    address: Address,
}

impl Item {
    fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Chosen, &Address) -> std::result::Result<T, KeychainError> + Send + 'static,
    ) -> Result<T> {
        let address = self.address.clone();
        self.chosen.within_patience(move |chosen| ask(chosen, &address)).map_err(|why| match why {
            // Each of them goes by the same name: how many there are is all that can be told.
            KeychainError::Ambiguous(count) => {
                let one = || self.chosen.entry(self.address.clone());
                Error::Ambiguous(std::iter::repeat_with(one).take(count).collect())
            }
            why => why.into(),
        })
    }
}

impl CredentialApi for Item {
    fn set_secret(&self, secret: &[u8]) -> Result<()> {
        let new = Value::new(secret.to_vec());
        self.ask(move |chosen, item| ask::put(chosen, item, &new))
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        // The caller wipes this copy; ours is wiped here.
        self.ask(ask::get)?.map(|value| value.expose().clone()).ok_or(Error::NoEntry)
    }

    fn delete_credential(&self) -> Result<()> {
        if self.ask(ask::remove)? { Ok(()) } else { Err(Error::NoEntry) }
    }

    fn get_credential(&self) -> Result<Option<Arc<Credential>>> {
        self.ask(ask::get)?.map(|_| None).ok_or(Error::NoEntry)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        Some((self.address.service.clone(), self.address.account.clone()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
