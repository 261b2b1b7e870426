//! The second floor: where secrets are kept, and one way to name them.
//!
//! A [`sanctum_types::SecretRef`] says where a value is; this crate gets it from there and puts it there. Values are
//! `Secret`s from the first byte to the last, and no error of this crate holds one. Deliberately absent: rotation,
//! scanning and policy, which stand on floors above.

pub mod envelope;
pub mod house;
pub mod identity;
pub mod places;
pub mod resolve;
pub mod sops;
pub mod stores;
