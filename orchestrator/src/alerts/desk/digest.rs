//! One message for everything that waited: the night's, what the cap held back, what was seen once.
//!
//! It goes out as soon as neither the night nor the hour stands in its way, and counts as one message of the hour.

use super::super::alert::What;
use super::{Commands, Desk};
use sanctum_types::{Severity, UnixTime};

/// How many alerts a digest names; of more it says only how many. A phone shows about as many lines.
const NAMED: usize = 20;

impl Desk {
    pub(super) fn digest(&mut self, now: UnixTime, out: &mut Commands) {
        let state = &mut self.state;
        let worst = state.held.iter().map(|held| held.alert.severity);
        let Some(severity) = worst.chain(state.beyond.keys().copied()).max() else { return };
        // One that no channel took is on its way still; what waits can join the next.
        let stuck =
            state.outbox.values().any(|one| matches!(one.message.what, What::Digest { .. }));
        if stuck || self.policy.waits(severity, now) || state.spent.len() >= self.policy.hourly_cap
        {
            return;
        }
        state.spent.push(now);
        let mut held = std::mem::take(&mut state.held);
        let mut beyond = std::mem::take(&mut state.beyond);
        // The worst first, and among those the oldest: what is cut is what matters least.
        held.sort_by_key(|one| std::cmp::Reverse(one.alert.severity));
        state.tally.counted += beyond.values().sum::<u64>();
        for cut in held.split_off(held.len().min(NAMED)) {
            *beyond.entry(cut.alert.severity).or_default() += 1;
            state.tally.counted += 1;
        }
        state.tally.digested += u64::try_from(held.len()).unwrap_or(u64::MAX);
        let items = held.into_iter().map(|one| (one.why, one.alert)).collect();
        // A digest is never critical: what is critical did not wait.
        let severity = severity.min(Severity::Error);
        self.dispatch(severity, What::Digest { items, beyond }, now, out);
    }
}
