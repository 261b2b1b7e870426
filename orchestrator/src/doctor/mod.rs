//! What should hold in a house and on its machine, as a catalogue of lints, and what was found when it was looked at.
//!
//! A lint is one file: an id, a severity, why it is there, what to do, a pure function from [`Looked`] to an
//! [`Answer`], and the two fixtures that prove it. Everything is looked at once, by [`Eyes`], before any lint runs.
//! Invariant: it holds, it is violated, and nobody could look are three outcomes, and none is ever shown as another.
//! Deliberately absent: repairs; [`fix`] only says which command would make one.

pub mod alerts;
pub mod boot;
pub mod catalogue;
pub mod exposure;
pub mod eyes;
pub mod fix;
#[cfg(test)]
pub(crate) mod fixture;
pub mod hooks;
pub mod jobs;
pub mod launchd;
pub mod lint;
pub mod looked;
pub mod report;
pub mod run;
pub mod secrets;
pub mod services;
pub mod ssh;
#[cfg(test)]
mod tests;
pub mod vault;
pub mod vm;

pub use eyes::Eyes;
pub use lint::{Answer, Fix, Lint, On};
pub use looked::{Ground, Looked, Many, Need, Seen};
pub use report::{Outcome, Report, Verdict};
