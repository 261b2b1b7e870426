//! What follows from an instance for its secrets: what a thief holds, which keys there are, what is known of recovery.
//!
//! Everything is pure, over the instance and what was observed; no value is ever seen here. Deliberately absent: the
//! stores themselves, which are `sanctum_secrets`.

pub mod keys;
pub mod recovery;
pub mod theft;
