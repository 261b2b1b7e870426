//! Lints of jobs that run by the clock, on either system.
//!
//! A scheduler says that it started a job; only what the job leaves behind says that it did its work. `sanctum job`
//! leaves the moment of its last success, and these lints hold it against the schedule.

pub mod look;
mod schedule_ran;
mod schedule_served;

pub use look::{LastRun, Runs};

use super::Lint;

/// The family.
pub(super) static LINTS: &[&Lint] = &[&schedule_ran::LINT, &schedule_served::LINT];
