//! Many nodes asked for their status at once, over SSH.
//!
//! Host keys are given and never learnt; nothing that a node sends reaches a shell here or a terminal unprinted; every
//! step has a time limit; one node that fails is one row that says so. The transport is our own client, or the
//! system's `ssh` where a node speaks nothing that ours does. Deliberately absent: any change of a node.

pub mod agent;
pub mod answer;
pub mod client;
pub mod error;
pub mod known_hosts;
pub mod openssh;
pub mod pool;
pub mod probe;
pub mod report;
pub mod table;
pub mod target;

pub use error::{FleetError, Kind};
pub use pool::{Fleet, Transport};
pub use report::{NodeReport, Report};
pub use target::{Endpoint, Target, TargetError};

use std::time::Duration;

/// How long each step may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// TCP connection, greeting and key exchange, of each hop.
    pub connect: Duration,
    /// Authentication, of each hop.
    pub auth: Duration,
    /// From asking to the end of the answer.
    pub command: Duration,
    /// All of it.
    pub total: Duration,
}

impl Default for Limits {
    /// Generous to a busy machine and short to a person: a node that is well answers in a tenth of it.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            auth: Duration::from_secs(10),
            command: Duration::from_secs(15),
            total: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// The default, with no step longer than this.
    #[must_use]
    pub fn within(total: Duration) -> Self {
        let all = Self::default();
        Self {
            connect: all.connect.min(total),
            auth: all.auth.min(total),
            command: all.command.min(total),
            total,
        }
    }
}

/// The longest answer that is read: a status document of a large house is some 100 KiB.
pub const ANSWER_LIMIT: usize = 1 << 20;
