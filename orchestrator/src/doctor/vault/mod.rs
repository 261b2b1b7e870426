//! Lints of the vault: whether it is served and open, whether its two files belong together, and who can read the keys of its agents.
//!
//! No value and no passphrase is asked for: it is asked whether it is sealed, and files are looked at from outside.

mod answers;
mod counter_agrees;
mod keys_encrypted;
mod keys_private;
pub mod look;
mod unsealed;

pub use look::{AgentKeys, KeyFile, Pair, Standing, Stands};

use super::Lint;

/// The family.
pub(super) static LINTS: &[&Lint] = &[
    &answers::LINT,
    &unsealed::LINT,
    &counter_agrees::LINT,
    &keys_encrypted::LINT,
    &keys_private::LINT,
];
