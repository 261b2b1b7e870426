//! Supervision as pure data: what was seen and the time go in, commands come out.
//!
//! `graph` is who stands on whom, `planner` the state machine, `budget` and `breaker` its brakes, `notice` what is
//! told of it, `why` the explanation for people, `report` the file that other processes read. Invariants, each a law
//! in `laws`: only the highest failed ancestor is healed, only after two looks, at most the budget's times in its
//! window; quarantine is final until released; the breaker never holds back the cause of what else failed; a heal
//! counts when the probe that failed is green. Deliberately absent: clocks, processes and sockets.

mod breaker;
mod budget;
mod event;
mod graph;
#[cfg(test)]
mod laws;
mod notice;
mod planner;
mod policy;
pub mod reboot;
mod report;
mod standing;
mod why;

pub use event::{Command, Event, Moment, Rung, Seen, Squatter};
pub use graph::{Graph, Role, Vertex};
pub use notice::{HealEnd, Notice};
pub use planner::Planner;
pub use policy::Policy;
pub use report::{Row, Run, UpReport};
pub use standing::{Course, Health, Standing};
pub use why::{Link, Why, why};
