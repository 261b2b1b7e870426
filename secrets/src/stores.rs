//! Where secrets are kept, behind one trait with four verbs.
//!
//! A read has three answers: present, absent, unreachable. Whatever keeps a store from answering is *unreachable*, so
//! that nobody takes a locked keychain for an empty one. A write is read back before it counts. Every store is spoken
//! to in [`SecretRef`]s of its own kind and refuses the others. Deliberately absent: which store a secret belongs in.

pub mod age_file;
pub mod embedded;
pub mod file;
pub mod keychain;
pub mod mem;
pub mod one_password;
pub mod sops_file;

mod error;

pub use error::StoreError;

#[cfg(test)]
mod tests;

use sanctum_types::{Secret, SecretRef};

/// A secret's bytes, wiped when they are dropped.
pub type Value = Secret<Vec<u8>>;

/// No secret of a house is longer (a private key of 4096 bits in PEM has 3,272 bytes); 1Password takes less.
pub const LONGEST: usize = 256 * 1024;

/// What a store answers to a read.
#[derive(Debug)]
#[must_use]
pub enum Reading {
    /// It is there.
    Present(Value),
    /// The store answered, and there is no such secret.
    Absent,
    /// The store did not answer, or its answer cannot be trusted. It says nothing about whether the secret exists.
    Unreachable(StoreError),
}

impl Reading {
    /// The value, or nothing, or why nobody knows.
    ///
    /// # Errors
    /// The store was unreachable.
    pub fn known(self) -> Result<Option<Value>, StoreError> {
        match self {
            Self::Present(value) => Ok(Some(value)),
            Self::Absent => Ok(None),
            Self::Unreachable(why) => Err(why),
        }
    }
}

impl From<Result<Option<Value>, StoreError>> for Reading {
    fn from(known: Result<Option<Value>, StoreError>) -> Self {
        match known {
            Ok(Some(value)) => Self::Present(value),
            Ok(None) => Self::Absent,
            Err(why) => Self::Unreachable(why),
        }
    }
}

/// The reference to a keychain's item; none where no spelling names it, as when the service has a slash.
fn keychain_reference(service: String, account: String) -> Option<SecretRef> {
    spelled(SecretRef::Keychain { service, account })
}

/// A reference that is read as it is written.
fn spelled(reference: SecretRef) -> Option<SecretRef> {
    (SecretRef::parse(&reference.to_string()).as_ref() == Some(&reference)).then_some(reference)
}

/// Something that keeps secrets.
pub trait Store: Send + Sync {
    /// What people call it in a message, such as `the directory /etc/sanctum/secrets`.
    fn name(&self) -> String;

    /// Whether it answers with no login session, no person and no network: what a service needs at boot.
    fn unattended(&self) -> bool;

    /// Reads one secret.
    fn get(&self, reference: &SecretRef) -> Reading;

    /// Whether [`Store::put`] could put a value there, as far as that is seen without changing anything. A store
    /// that cannot look answers for reading alone.
    ///
    /// # Errors
    /// It could not, or the store is unreachable.
    fn may_put(&self, reference: &SecretRef) -> Result<(), StoreError> {
        self.get(reference).known().map(drop)
    }

    /// Puts a value in the place of whatever was there, and reads it back.
    ///
    /// # Errors
    /// The store is unreachable, refuses the value, or does not give it back. The old value may then be there or not;
    /// a mixture of both never is.
    fn put(&self, reference: &SecretRef, value: &Value) -> Result<(), StoreError>;

    /// Takes a secret away; whether one was there.
    ///
    /// # Errors
    /// The store is unreachable, or the secret is still there.
    fn remove(&self, reference: &SecretRef) -> Result<bool, StoreError>;

    /// What is in the store, sorted, without values.
    ///
    /// # Errors
    /// The store is unreachable or cannot tell.
    fn list(&self) -> Result<Vec<SecretRef>, StoreError>;
}
