//! Stops mass heals: at most so many distinct causes are healed in a window.
//!
//! It limits a rate and never latches: what is held back is healed when an older cause leaves the window. Who is
//! exempt is the planner's decision, as it knows the graph.

use super::event::Moment;
use sanctum_types::ServiceName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Causes that were healed, with the last time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Breaker {
    healed: BTreeMap<ServiceName, Moment>,
}

impl Breaker {
    /// Whether one more heal of this cause stays within the limit.
    pub(super) fn permits(
        &self,
        cause: &ServiceName,
        limit: usize,
        window: u64,
        now: Moment,
    ) -> bool {
        let recent = self.recent(window, now);
        recent.contains(&cause) || recent.len() < limit
    }

    /// Causes that were healed in the window.
    pub(super) fn recent(&self, window: u64, now: Moment) -> Vec<&ServiceName> {
        self.healed
            .iter()
            .filter(|(_, at)| now.since(**at) < window)
            .map(|(name, _)| name)
            .collect()
    }

    /// Writes a heal down.
    pub(super) fn record(&mut self, cause: &ServiceName, window: u64, now: Moment) {
        self.healed.retain(|_, at| now.since(*at) < window);
        self.healed.insert(cause.clone(), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_cause_is_not_a_new_one_and_an_old_one_makes_room() {
        let [a, b, c] = ["a", "b", "c"].map(|name| ServiceName::new(name).unwrap());
        let mut breaker = Breaker::default();
        breaker.record(&a, 100, Moment(0));
        breaker.record(&b, 100, Moment(60));
        let may = |name: &ServiceName, at: u64| breaker.permits(name, 2, 100, Moment(at));
        assert!(may(&a, 70) && may(&b, 70) && !may(&c, 70));
        assert!(may(&c, 100), "the first has left the window");
    }
}
