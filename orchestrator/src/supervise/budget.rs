//! The heals of one service in a sliding window.

use super::event::Moment;
use serde::{Deserialize, Serialize};

/// Moments of heals, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Budget {
    spent: Vec<Moment>,
}

impl Budget {
    /// Nothing spent.
    pub(super) const EMPTY: Self = Self { spent: Vec::new() };

    /// How many heals lie in the window that ends now.
    pub(super) fn spent(&self, window: u64, now: Moment) -> usize {
        self.spent.iter().filter(|at| now.since(**at) < window).count()
    }

    /// Writes one down, and forgets those that no window reaches any more.
    pub(super) fn spend(&mut self, window: u64, now: Moment) {
        self.spent.retain(|at| now.since(*at) < window);
        self.spent.push(now);
    }

    /// Starts anew.
    pub(super) fn reset(&mut self) {
        self.spent.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heals_leave_the_window() {
        let mut budget = Budget::default();
        for at in [0, 10, 50] {
            budget.spend(100, Moment(at));
        }
        let left: Vec<usize> =
            [50, 99, 100, 110, 150].map(|at| budget.spent(100, Moment(at))).to_vec();
        assert_eq!(left, [3, 3, 2, 1, 0]);
        budget.reset();
        assert_eq!(budget.spent(100, Moment(50)), 0);
    }
}
