//! Pauses: bounded tries with exponential backoff, and what is queued instead of given up.
//!
//! The jitter comes from the rotation's random id, so that two houses do not ask at the same moment, and the same
//! record always gives the same pauses.

use super::Machine;
use crate::protocol::{Failure, Notice};
use crate::record::Why;
use sanctum_types::UnixTime;

const DAY: i64 = 24 * 60 * 60;
/// How often a queued step is tried once its quick tries are used up.
const QUEUE_PAUSE: i64 = 60 * 60;

impl Machine {
    /// Counts the failure. True when it was the last one allowed; else the next try has its time.
    pub(super) fn is_exhausted(&mut self, failure: Failure, now: UnixTime) -> bool {
        self.record.tries = self.record.tries.saturating_add(1);
        if matches!(failure, Failure::Never(_))
            || self.record.tries >= self.record.plan.policy.tries
        {
            return true;
        }
        self.record.not_before = Some(now.plus(self.pause(failure)));
        false
    }

    /// As [`Machine::is_exhausted`] for what may become true by itself, as a key that is valid only some seconds
    /// after it was made: a plain "no" counts as "not yet".
    pub(super) fn is_exhausted_patiently(&mut self, failure: Failure, now: UnixTime) -> bool {
        let patient = match failure {
            Failure::Never(reason) => Failure::Later { reason, after: None },
            other => other,
        };
        self.is_exhausted(patient, now)
    }

    /// Keeps the step queued however often it fails; tells the owner when quick tries are used up, then daily.
    pub(super) fn queue(&mut self, failure: Failure, why: Why, now: UnixTime) {
        let exhausted = self.is_exhausted(failure, now);
        if !exhausted {
            return;
        }
        self.record.tries = self.record.plan.policy.tries;
        let asked = retry_after(failure);
        self.record.not_before = Some(now.plus(asked.max(QUEUE_PAUSE)));
        if self.record.told.is_none_or(|told| now >= told.plus(DAY)) {
            self.record.told = Some(now);
            self.notices.push(Notice::Queued(why));
        }
    }

    /// The step succeeded.
    pub(super) const fn calm(&mut self) {
        self.record.tries = 0;
        self.record.not_before = None;
    }

    /// Until when nothing is done. More than the longest pause ahead means that the clock was set back.
    pub(super) fn pausing(&self, now: UnixTime) -> Option<UnixTime> {
        self.record.not_before.filter(|until| now < *until && *until <= now.plus(DAY))
    }

    fn pause(&self, failure: Failure) -> i64 {
        let policy = &self.record.plan.policy;
        let doublings = self.record.tries.saturating_sub(1).min(31);
        let whole = (i64::from(policy.pause) << doublings).min(i64::from(policy.longest_pause));
        let bytes = self.record.rotation.as_bytes();
        let turn = usize::try_from(self.record.tries).unwrap_or(0) % bytes.len();
        let jitter = i64::from(bytes.get(turn).copied().unwrap_or(0));
        // Half is fixed, half is drawn.
        let half = whole / 2;
        (whole - half + half * jitter / 255).max(retry_after(failure))
    }
}

/// What the other side asked for, at most a day: nobody may park a rotation for a year.
fn retry_after(failure: Failure) -> i64 {
    match failure {
        Failure::Later { after: Some(after), .. } => i64::from(after).min(DAY),
        _ => 0,
    }
}
