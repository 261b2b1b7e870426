//! The instance file: the one source of truth of a house.
//!
//! `model` is what a house declares, `load` reads and refuses, `validate` judges the meaning, `registry` and
//! `coverage` are views that renderers ask. Nothing here opens a file or looks at a machine.

pub mod alerts;
pub mod boot;
pub mod cleartext;
pub mod coverage;
mod forms;
pub mod init;
pub mod journal;
mod load;
pub mod model;
mod older;
pub mod probe;
pub mod registry;
pub mod rotation;
mod schema;
pub mod secrets;
mod shape;
pub mod stores;
#[cfg(any(test, feature = "strategy"))]
pub mod strategy;
pub mod supervision;
pub(crate) mod tree;
pub mod validate;
pub mod vault;
pub mod widening;

pub use cleartext::{BuiltinRules, Cleartext, CleartextCheck, NoCheck};
pub use load::{Loaded, MAX_BYTES, Rejected, load};
pub use model::Instance;
pub use schema::schema;

pub(crate) use cleartext::Secrets;

#[cfg(test)]
mod tests;
