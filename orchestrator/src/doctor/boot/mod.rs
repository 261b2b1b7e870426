//! Lints of booting: what comes back after a reboot or a power cut when nobody is there to log in.
//!
//! [`look`] makes the observations, [`survival`] says what comes back and why not, [`report`] is the page about it;
//! every other file is one lint.

mod automatic_login;
mod comes_back_without_login;
mod container_engine;
mod filevault_as_decided;
mod filevault_decided;
pub mod look;
mod mount_at_boot;
mod never_sleeps;
mod no_ordering_cycle;
pub mod report;
mod restarts_after_power_loss;
mod secret_needs_session;
pub mod survival;
mod unit_enabled;
mod unit_fresh;
mod unit_not_failed;
mod unit_wanted;
mod ups_as_declared;
mod user_units_linger;

pub use look::{FileVaultState, Login, Power, UnitState, UserUnits};

use super::Lint;

/// The family.
pub(super) static LINTS: &[&Lint] = &[
    &automatic_login::LINT,
    &comes_back_without_login::LINT,
    &container_engine::LINT,
    &filevault_as_decided::LINT,
    &filevault_decided::LINT,
    &mount_at_boot::LINT,
    &never_sleeps::LINT,
    &no_ordering_cycle::LINT,
    &restarts_after_power_loss::LINT,
    &secret_needs_session::LINT,
    &unit_enabled::LINT,
    &unit_fresh::LINT,
    &unit_not_failed::LINT,
    &ups_as_declared::LINT,
    &unit_wanted::LINT,
    &user_units_linger::LINT,
];
