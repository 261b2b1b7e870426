//! Alerts: what was found, told to a person, once, in time, through a channel that works.
//!
//! [`desk`] decides and is pure: events and the time go in, commands come out, and its whole memory is [`state`],
//! which survives a restart. [`channels`] carry a message to a peer and say honestly whether the peer took it.
//! [`dispatch`] is the thin runner between the two. Absent on purpose: looking for anything that could be wrong,
//! and any reaction to what alerts themselves cause, which would feed an alert with alerts.

pub mod alert;
pub mod channels;
pub mod desk;
pub mod dispatch;
pub mod policy;
pub mod state;
pub mod text;

pub use alert::{Alert, Message, Observation, Source, What};
pub use channels::{Channels, Undelivered};
pub use desk::{Answer, Command, Desk, Event};
pub use dispatch::{Deliver, Dispatcher, Keep, Surroundings};
pub use policy::{Policy, Quiet};
pub use state::{State, Summary, stale, summary};
