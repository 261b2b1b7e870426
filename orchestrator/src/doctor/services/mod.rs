//! Lints of what runs: who holds a port, whether the program is the one on disk, who can start it again, and where
//! its secrets show.
//!
//! [`look`] makes the observations, [`running`] finds the house's own processes, [`guardians`] says who can start a
//! service again; every other file is one lint.

mod binary_newer;
mod command_missing;
pub mod guardians;
pub mod look;
mod one_guardian;
mod port_owner;
mod port_shared;
mod program_writable;
mod restart_budget;
pub mod running;
mod running_is_on_disk;
mod secret_file_mode;
mod secret_in_argv;
mod secret_in_history;
mod started_twice;
mod supervised;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests;
mod version_skew;

pub use guardians::{Guardian, Kind};
pub use look::{
    Container, CronEntry, History, Keepers, Program, Programs, SecretFile, UnitFile, Versions,
};

use super::Lint;

/// The family.
pub(super) static LINTS: &[&Lint] = &[
    &port_owner::LINT,
    &port_shared::LINT,
    &supervised::LINT,
    &running_is_on_disk::LINT,
    &binary_newer::LINT,
    &version_skew::LINT,
    &restart_budget::LINT,
    &command_missing::LINT,
    &program_writable::LINT,
    &started_twice::LINT,
    &one_guardian::LINT,
    &secret_in_argv::LINT,
    &secret_in_history::LINT,
    &secret_file_mode::LINT,
];
