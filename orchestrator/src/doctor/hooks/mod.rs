//! Lints of the hooks of coding agents: whether they stand as they were installed, and whether anything keeps them from running.
//!
//! An agent without its hooks says nothing of it; whoever looks at its settings sees it. What is looked at is the owner's
//! home and root's settings; a project's are seen by `sanctum hooks status` there.

mod as_installed;
mod config_tightens;
mod installed;
pub mod look;
mod not_skipped;
mod shape;

pub use look::{AgentSeen, Hooks};

use super::Lint;

/// The family.
pub(super) static LINTS: &[&Lint] =
    &[&as_installed::LINT, &not_skipped::LINT, &installed::LINT, &config_tightens::LINT];
