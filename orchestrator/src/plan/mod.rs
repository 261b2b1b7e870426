//! What would change, as data: `plan` is a pure function of what is wanted, seen and remembered.
//!
//! Owns the wanted state of a node, the steps with their guards and undo, and saved plans. It never asks a
//! host anything; the interpreter is in `apply`.

pub mod managed;
pub mod planner;
pub mod restore;
pub mod saved;
pub mod show;
pub mod step;
pub mod want;

pub use managed::Managed;
pub use planner::{Target, plan};
pub use restore::uninstall;
pub use step::{Guard, Plan, Step};
pub use want::{Want, WantError};
