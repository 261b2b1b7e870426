//! The rules of supervision in the planner's own unit, milliseconds.

use crate::instance::model::{Criticality, Supervision};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// The first looks after a start: a small service is up in less, and a look costs one connection.
const FIRST_LOOK: u64 = 500;

/// Rules in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Heals of one service in [`Policy::budget_window`].
    pub budget: usize,
    /// The window of the budget.
    pub budget_window: u64,
    /// The wait before the first heal.
    pub backoff_first: u64,
    /// The longest wait before a heal.
    pub backoff_max: u64,
    /// Distinct causes that are healed in [`Policy::breaker_window`].
    pub causes: usize,
    /// The window of the breaker.
    pub breaker_window: u64,
    /// Between two looks, by criticality from P0.
    pub cadence: [u64; 3],
    /// From a failed look to the one that confirms it.
    pub confirm: u64,
    /// In which a started service must turn green.
    pub settle: u64,
}

impl From<&Supervision> for Policy {
    fn from(said: &Supervision) -> Self {
        let ms = |seconds: NonZeroU32| u64::from(seconds.get()) * 1000;
        let cadence = said.cadence;
        Self {
            budget: usize::try_from(said.budget.restarts).unwrap_or(usize::MAX),
            budget_window: ms(said.budget.window),
            backoff_first: ms(said.backoff.first),
            backoff_max: ms(said.backoff.max),
            causes: usize::try_from(said.breaker.causes.get()).unwrap_or(usize::MAX),
            breaker_window: ms(said.breaker.window),
            cadence: [ms(cadence.p0), ms(cadence.p1), ms(cadence.p2)],
            confirm: ms(said.confirm),
            settle: ms(said.settle),
        }
    }
}

impl Policy {
    /// Between two looks at a service of that criticality.
    #[must_use]
    pub const fn cadence(&self, criticality: Criticality) -> u64 {
        let [p0, p1, p2] = self.cadence;
        match criticality {
            Criticality::P0 => p0,
            Criticality::P1 => p1,
            Criticality::P2 => p2,
        }
    }

    /// The wait before a heal when this many were made in the window: doubled each time, without jitter, so that
    /// a replay is exact and one machine's few services do not need spreading.
    #[must_use]
    pub fn backoff(&self, heals: usize) -> u64 {
        let doublings = u32::try_from(heals).unwrap_or(u32::MAX);
        let factor = 2_u64.checked_pow(doublings).unwrap_or(u64::MAX);
        self.backoff_first.saturating_mul(factor).min(self.backoff_max)
    }

    /// Between looks at a service that was just started.
    #[must_use]
    pub fn first_look(&self) -> u64 {
        FIRST_LOOK.min(self.confirm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_bound() {
        let policy = Policy::from(&Supervision::default());
        let waits: Vec<u64> = (0..9).map(|heals| policy.backoff(heals) / 1000).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(policy.backoff(usize::MAX), 300_000);
    }
}
