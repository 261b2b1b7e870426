//! Lints of booting: what comes back after a reboot or a power cut when nobody is there to log in.
//!
//! [`look`] makes the observations; every other file is one lint.

pub mod look;

pub use look::{FileVaultState, Login, Power, UnitState};

use super::Lint;

/// The family.
pub(super) static LINTS: &[&Lint] = &[];
