//! Lints of the house's secrets: whether places agree, what lies open, what a boot and a disaster need, and
//! whether values are renewed in time and without leftovers.
//!
//! [`look`] makes the observations, and no value leaves it: what lints see is a fingerprint, a path, a line number.

mod age_known;
mod caches_agree;
mod cleartext_declared;
mod identity_private;
pub mod look;
mod no_conflict_marker;
mod old_key_off;
mod old_key_removed;
mod p0_unattended;
mod paths_private;
mod recovery_fresh;
mod recovery_rehearsed;
mod rotated_in_time;
mod rotation_ends;
mod rotation_needs_nobody;
pub mod rotations;
mod sops_all_encrypted;
mod source_present;
#[cfg(test)]
mod tests;
pub mod tokens;
mod value_in_config;

pub use look::{Document, Leak, Prints, Recovery, Role, SecretPath, SecretPlace};
pub use rotations::Rotation;

use super::Lint;

/// The family.
pub(super) static LINTS: &[&Lint] = &[
    &source_present::LINT,
    &caches_agree::LINT,
    &p0_unattended::LINT,
    &cleartext_declared::LINT,
    &paths_private::LINT,
    &identity_private::LINT,
    &value_in_config::LINT,
    &no_conflict_marker::LINT,
    &sops_all_encrypted::LINT,
    &recovery_rehearsed::LINT,
    &recovery_fresh::LINT,
    &rotated_in_time::LINT,
    &age_known::LINT,
    &rotation_needs_nobody::LINT,
    &old_key_off::LINT,
    &old_key_removed::LINT,
    &rotation_ends::LINT,
];
