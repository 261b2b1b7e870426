//! Lints of launchd: jobs on disk, jobs that are loaded, and what they name.
//!
//! [`look`] makes the observations, [`print`](mod@print) reads what launchctl says, [`file`](mod@file) is one
//! property list; every other file is one lint. Rules of style hold for jobs of the house (`com.sanctum.*`), rules of launchd for every job.

mod agent_needs_session;
pub mod file;
pub mod look;
pub mod print;

pub use file::{Place, PlistFile};
pub use look::{Named, NamedPath, Overrides};
pub use print::{LastExit, LoadedJob};

use super::Lint;

/// The family.
pub(super) static LINTS: &[&Lint] = &[&agent_needs_session::LINT];

/// Labels of the house's own jobs begin so.
pub(crate) const OURS: &str = "com.sanctum.";
