//! Lints of the SSH server: what it really does, which keys it shows, and whom it lets in.
//!
//! [`look`] makes the observations, [`inventory`] is what was once found and confirmed; every other file is one lint.
//! Files say little: other files add users, and a block can swallow what follows, so sshd itself is asked.

mod allow_users;
mod authorized_keys_drift;
mod authorized_keys_modes;
mod effective_as_wanted;
mod host_key_changed;
mod host_key_modes;
mod host_key_new;
pub mod inventory;
pub mod look;
mod match_leak;
mod no_password_or_root;
mod server_older_than_disk;
mod weak_algorithms;

pub use inventory::Inventory;
pub use look::{AuthorizedFile, Caller, ConfigFile, HostKey, Kept};

use super::Lint;

/// The family.
pub(super) static LINTS: &[&Lint] = &[
    &effective_as_wanted::LINT,
    &no_password_or_root::LINT,
    &allow_users::LINT,
    &match_leak::LINT,
    &weak_algorithms::LINT,
    &host_key_changed::LINT,
    &host_key_new::LINT,
    &host_key_modes::LINT,
    &authorized_keys_drift::LINT,
    &authorized_keys_modes::LINT,
    &server_older_than_disk::LINT,
];
