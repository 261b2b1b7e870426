//! Lints of the alerts themselves: whether anybody would hear of anything.
//!
//! The loop of alerts cannot tell that it does not run; whoever runs doctor sees it, and so does `sanctum status` from
//! another node. What a channel is worth is what its peer acknowledged, not that it is declared.

mod channel_silent;
pub mod look;
mod loop_looks;

pub use look::Kept;

use super::Lint;

/// The family.
pub(super) static LINTS: &[&Lint] = &[&channel_silent::LINT, &loop_looks::LINT];
