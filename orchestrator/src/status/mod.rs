//! What a node says of itself: one document with a version, the same here and from afar.
//!
//! [`Status`] is format 1 of `docs/formats/status.md`. Its invariant: what was not looked at, or is not built, never
//! reads as holding. [`gather`] turns what was seen into it and looks at nothing itself; [`table`] turns it into rows.
//! Deliberately absent: health probes that ask for content, which are the supervisor's.

pub mod gather;
pub mod model;
pub mod ports;
pub mod reboot;
pub mod secrets;
pub mod table;
pub mod text;

pub use gather::{Seen, gather};
pub use model::{AlertCounts, Layer, Source, State, Status, StatusError, System};
