//! A store in memory, for tests of what stands above stores: it can be made unreachable at will.
//!
//! Its invariant is the trait's: what it cannot answer is unreachable. It takes references of every kind. Deliberately
//! absent: any way to keep a value longer than the program.

use super::{Reading, Store, StoreError, Value};
use sanctum_types::SecretRef;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values by reference.
#[derive(Debug, Default)]
pub struct MemStore {
    values: Mutex<BTreeMap<SecretRef, Value>>,
    away: AtomicBool,
    attended: bool,
}

impl MemStore {
    /// An empty one that answers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one that needs a person, as a login keychain does.
    #[must_use]
    pub fn attended() -> Self {
        Self { attended: true, ..Self::default() }
    }

    /// Whether it is to be unreachable from now on.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    fn values(&self) -> Result<MutexGuard<'_, BTreeMap<SecretRef, Value>>, StoreError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Away { store: self.name() });
        }
        Ok(self.values.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store for MemStore {
    fn name(&self) -> String {
        "the store in memory".to_owned()
    }

    fn unattended(&self) -> bool {
        !self.attended
    }

    fn get(&self, reference: &SecretRef) -> Reading {
        self.values().map(|values| values.get(reference).cloned()).into()
    }

    fn put(&self, reference: &SecretRef, value: &Value) -> Result<(), StoreError> {
        self.values()?.insert(reference.clone(), value.clone());
        Ok(())
    }

    fn remove(&self, reference: &SecretRef) -> Result<bool, StoreError> {
        Ok(self.values()?.remove(reference).is_some())
    }

    fn list(&self) -> Result<Vec<SecretRef>, StoreError> {
        Ok(self.values()?.keys().cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_away_is_never_empty() {
        let store = MemStore::new();
        let reference = SecretRef::File("a".to_owned());
        store.put(&reference, &Value::new(b"v".to_vec())).unwrap();
        store.set_away(true);
        assert!(matches!(store.get(&reference), Reading::Unreachable(_)));
        assert!(store.list().is_err() && store.remove(&reference).is_err());
        store.set_away(false);
        assert!(matches!(store.get(&reference), Reading::Present(_)));
        assert!(store.remove(&reference).unwrap() && !store.remove(&reference).unwrap());
        assert!(matches!(store.get(&reference), Reading::Absent));
    }
}
