//! The verbs over secrets as a person runs them: nothing leaks, what is cut off is finished, and only a person reads.

mod bed;
mod kill;
pub(crate) mod needles;
mod person;
mod scene;
mod terminal;
mod verbs;
