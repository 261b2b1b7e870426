//! What the house knows of its secrets above the stores: fingerprints, agreement, the sync plan, bundles, `.env` files.
//!
//! One place is a secret's source, the others are caches that are rebuilt from it. Whatever is compared is compared by
//! keyed fingerprint, and a store that does not answer is never taken for one without the secret. Deliberately absent:
//! the instance file, printing and the journal, which stand on floors above.

pub mod bundle;
pub mod envfile;
pub mod everywhere;
pub mod fingerprint;
pub mod first_identity;
#[cfg(test)]
mod laws;
pub mod sight;
pub mod sync;

pub use everywhere::Everywhere;
pub use fingerprint::{Fingerprint, HouseKey};
pub use sight::{Kept, Seen, Sight, Standing};
