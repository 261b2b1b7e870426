//! The owner's care for the vault as a whole: another root key, and its bytes for a backup.
//!
//! What is given out here is sealed. Deliberately absent: bringing a backup back, which happens where no vault is served.

use super::admin::Office;
use super::record::Told;
use super::roster::Roster;
use super::{Answer, Open, lock, refused};
use crate::approvals::Ends;
use crate::crypt::hex;
use crate::keys::{Cost, Opener};
use crate::lease::Leases;
use crate::store::StoreError;
use crate::wire::request::Said;
use crate::wire::{Code, WireError};
use sanctum_types::Outcome;
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError};
use zeroize::Zeroizing;

/// Bytes of a backup in one answer: half of what a client reads, spelled in hexadecimal.
const PIECE: usize = 1024 * 1024;

impl<F: Fn(&'static str, String) -> Told<'static>> Office<'_, F> {
    /// A new root key for that passphrase, and for a key where one is given. What was proved before is over.
    pub(super) fn rekey(&self, params: &Said) -> Answer {
        let text = params.text("passphrase")?;
        if text.is_empty() {
            return Err(WireError::invalid("an empty passphrase opens to everybody"));
        }
        let mut openers = vec![Opener::Passphrase(Zeroizing::new(text.as_bytes().to_vec()))];
        match params.0.get("key") {
            None | Some(Value::Null) if self.open.store.has_key() => {
                if params.0.get("without_key") != Some(&Value::Bool(true)) {
                    return Err(WireError::invalid("a key file opens this vault too: name it"));
                }
            }
            None | Some(Value::Null) => {}
            Some(_) => {
                let key = Opener::key(params.text("key")?.as_bytes());
                openers.push(key.ok_or(WireError::invalid("`key` is no key of a vault"))?);
            }
        }
        self.vault.during(&(self.told)("vault.rekey", "vault".to_owned()), || {
            let next = self.rekeyed(&openers).map_err(|error| refused(&error))?;
            Ok(json!({ "generation": next }))
        })
    }

    fn rekeyed(&self, openers: &[Opener]) -> Result<u64, StoreError> {
        let _unsealing = lock(&self.vault.unsealing);
        let next = self.open.store.rekey(openers, Cost::default())?;
        let generation = next.standing().generation;
        let mut open = self.vault.open.write().unwrap_or_else(PoisonError::into_inner);
        // One that was sealed meanwhile stays sealed.
        if open.as_ref().is_some_and(|open| Arc::ptr_eq(&open.store, &self.open.store)) {
            let roster = Arc::new(Roster::of(&next.index()));
            *open = Some(Open { store: Arc::new(next), roster, publics: Arc::default() });
            lock(&self.vault.sessions).clear();
        }
        drop(open);
        *lock(&self.vault.leases) = Leases::default();
        lock(&self.vault.approvals).end(&Ends::All);
        Ok(generation)
    }

    /// A piece of the vault's file.
    pub(super) fn backup(&self, params: &Said) -> Answer {
        let offset = params.0.get("offset").and_then(Value::as_u64).unwrap_or(0);
        let piece = self.open.store.piece(offset, PIECE).map_err(|error| refused(&error))?;
        if piece.bytes.is_empty() {
            return Err(Code::NotFound.into());
        }
        self.vault.record(&(self.told)("vault.backup", "vault".to_owned()), Outcome::Ok)?;
        Ok(json!({
            "generation": piece.generation, "length": piece.whole, "data": hex(&piece.bytes),
        }))
    }
}
