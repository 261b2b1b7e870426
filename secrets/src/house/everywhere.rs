//! All stores of a place as one: each reference goes to the store that its kind names.
//!
//! A store that cannot be opened is unreachable, as one that does not answer is.

use crate::resolve::Places;
use crate::stores::{Reading, Store, StoreError, Value};
use sanctum_types::SecretRef;

/// Every store of a place.
#[derive(Clone, Copy, Debug)]
pub struct Everywhere<'a>(pub &'a Places);

impl Store for Everywhere<'_> {
    fn name(&self) -> String {
        "the stores of this place".to_owned()
    }

    fn unattended(&self) -> bool {
        false
    }

    fn get(&self, reference: &SecretRef) -> Reading {
        match self.0.store(reference) {
            Ok(store) => store.get(reference),
            Err(why) => Reading::Unreachable(why),
        }
    }

    fn may_put(&self, reference: &SecretRef) -> Result<(), StoreError> {
        self.0.store(reference)?.may_put(reference)
    }

    fn put(&self, reference: &SecretRef, value: &Value) -> Result<(), StoreError> {
        self.0.store(reference)?.put(reference, value)
    }

    fn remove(&self, reference: &SecretRef) -> Result<bool, StoreError> {
        self.0.store(reference)?.remove(reference)
    }

    fn list(&self) -> Result<Vec<SecretRef>, StoreError> {
        let mut all = Vec::new();
        for store in self.0.stores() {
            all.extend(store.list()?);
        }
        all.sort();
        Ok(all)
    }
}
