//! An agent's share of the connections: one that holds all it may keeps neither the others nor the owner out.
//!
//! A place is given back when its connection ends, whatever became of it. Deliberately absent: connections of which nobody knows whose they are.

use super::lock;
use crate::identity::AgentName;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Connections of one agent at a time.
pub(super) const OF_ONE: usize = 64;
/// And of all: the rest of what a server takes is for who has not proved anything yet, the owner among them.
const OF_ALL: usize = crate::serve::MAX_CONNECTIONS - 64;

/// Who has how many.
#[derive(Debug, Default)]
pub(super) struct Seats(BTreeMap<AgentName, usize>);

/// One of them.
#[derive(Debug)]
pub(super) struct Seat {
    all: Arc<Mutex<Seats>>,
    agent: AgentName,
}

impl Seat {
    /// None where the agent, or all together, have what they may.
    pub(super) fn take(all: &Arc<Mutex<Seats>>, agent: &AgentName) -> Option<Self> {
        let mut seats = lock(all);
        if seats.0.values().sum::<usize>() >= OF_ALL {
            return None;
        }
        let held = seats.0.entry(agent.clone()).or_default();
        if *held >= OF_ONE {
            return None;
        }
        *held += 1;
        Some(Self { all: Arc::clone(all), agent: agent.clone() })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = lock(&self.all);
        if let Some(held) = seats.0.get_mut(&self.agent) {
            *held -= 1;
            if *held == 0 {
                seats.0.remove(&self.agent);
            }
        }
    }
}
