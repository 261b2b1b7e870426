//! The vault: credentials that agents use without seeing them.
//!
//! Owns the sealed log and its keys, who an agent is, what policy allows, how long a lease lasts, and the wire of the published
//! clients. Time, randomness and files come from `sanctum_host`; every access is an event of the house's journal, recorded before the answer
//! leaves. Deliberately absent: the process and its signals, which are `cli`'s.

pub mod approvals;
pub mod client;
mod counter;
mod crypt;
pub mod hours;
pub mod identity;
pub mod index;
pub mod keyfile;
pub mod keys;
pub mod lease;
pub mod log;
pub mod medium;
pub mod operation;
pub mod path;
pub mod peek;
pub mod place;
pub mod policy;
pub mod relay;
pub mod serve;
pub mod service;
pub mod session;
pub mod ssh_agent;
pub mod store;
pub mod wire;

pub use crypt::{NotSealed, hex, unhex};
pub use path::SecretPath;
