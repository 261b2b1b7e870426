//! The end of the old key: it falls silent or a limit passes, is switched off, and is removed.
//!
//! Before each of these steps every consumer is looked at once more, in the same run. Nothing here gives up: what
//! fails stays queued and is told daily, because a key that was replaced and still lives is what rotation is against.

use super::Machine;
use crate::protocol::{Command, Event, Holds, Notice, Which};
use crate::record::{Mark, Stage, Why};
use sanctum_types::UnixTime;

impl Machine {
    pub(super) fn next_overlap(&mut self, since: UnixTime, now: UnixTime) -> Option<Command> {
        let policy = self.record.plan.policy;
        let limit = since.plus(i64::from(policy.limit));
        let quiet = i64::from(policy.quiet);
        if let Some(until) = self.writes_settled().filter(|until| now < *until) {
            return Some(Command::Wait { until });
        }
        if !self.record.plan.nature.tells_last_use {
            return if now < limit {
                Some(Command::Wait { until: limit })
            } else {
                self.retire(false)
            };
        }
        // Nothing that the provider could say makes it due before this.
        let earliest = since.plus(quiet).min(limit);
        if now < earliest {
            return Some(Command::Wait { until: earliest });
        }
        let Some(last_use) = self.run.last_use else {
            return self.record.old.clone().map(Command::LastUse);
        };
        let silent_since = last_use.map_or(since, |used| used.max(since));
        let due = silent_since.plus(quiet);
        if now >= due {
            return self.retire(false);
        }
        if now >= limit {
            return self.retire(true);
        }
        self.run.last_use = None;
        Some(Command::Wait { until: due.min(limit) })
    }

    /// The next stage looks at every consumer before it does anything.
    fn retire(&mut self, is_used: bool) -> Option<Command> {
        if let (true, Some(old)) = (is_used, self.record.old.clone()) {
            self.notices.push(Notice::StillUsed(old));
        }
        let disables = self.record.plan.nature.disables;
        self.enter(if disables { Stage::Disabling } else { Stage::Revoking });
        None
    }

    pub(super) fn next_recheck(&self) -> Option<Command> {
        let consumer = self.record.consumers.get(self.run.seen)?;
        Some(Command::Look(consumer.id.clone()))
    }

    pub(super) fn heard_recheck(&mut self, answer: &Event, now: UnixTime) {
        let Some(consumer) = self.record.consumers.get(self.run.seen) else { return };
        let consumer = consumer.id.clone();
        match answer {
            Event::Holds(Holds::New) => {
                // Looking alone is no progress: tries of the step after it go on counting.
                self.run.seen += 1;
                self.record.not_before = None;
            }
            Event::Holds(Holds::Old) => {
                // Somebody brought the old value back: it gets the new one, and the overlap begins anew.
                self.mark(&consumer, Mark::Untouched);
                self.enter(Stage::Propagating);
            }
            Event::Holds(Holds::Other | Holds::Nothing) => {
                self.halt(Why::Foreign { consumer }, now);
            }
            other => {
                let failure = super::failure_of(other);
                let reason = failure.reason();
                self.queue(failure, Why::Consumer { consumer, reason }, now);
            }
        }
    }

    pub(super) fn heard_overlap(&mut self, answer: &Event, now: UnixTime) {
        if let Event::LastUse(last_use) = answer {
            self.run.last_use = Some(*last_use);
            return self.calm();
        }
        let Stage::Overlap { since } = self.record.stage else { return };
        let limit = since.plus(i64::from(self.record.plan.policy.limit));
        let failure = super::failure_of(answer);
        if now >= limit {
            // Nobody can tell, and the limit passed: that counts as used until now.
            self.run.last_use = Some(Some(now));
            self.calm();
        } else if self.is_exhausted_patiently(failure, now) {
            self.record.not_before = Some(limit.min(now.plus(60 * 60)));
        }
    }

    pub(super) fn next_disabling(&mut self, now: UnixTime) -> Option<Command> {
        let old = self.record.old.clone()?;
        if self.run.switch_on.is_some() {
            return Some(Command::Enable(old));
        }
        if let Some(look) = self.next_recheck() {
            return Some(look);
        }
        if !self.run.switched_off {
            return Some(Command::Disable(old));
        }
        if let Some(consumer) = self.record.consumers.get(self.run.confirmed) {
            return Some(Command::Confirm { consumer: consumer.id.clone(), value: Which::New });
        }
        self.enter(Stage::Disabled { since: now });
        None
    }

    pub(super) fn heard_disabling(&mut self, command: &Command, answer: &Event, now: UnixTime) {
        match (command, answer) {
            (Command::Look(_), _) => return self.heard_recheck(answer, now),
            (Command::Enable(_), Event::Done) => {
                let why = self.run.switch_on.take();
                self.enter(Stage::Overlap { since: now });
                if let Some(why) = why {
                    self.halt(why, now);
                }
                return;
            }
            (Command::Disable(_), Event::Done) => self.run.switched_off = true,
            (Command::Confirm { .. }, Event::Done) => self.run.confirmed += 1,
            (Command::Confirm { consumer, .. }, other) => {
                let failure = super::failure_of(other);
                if self.is_exhausted_patiently(failure, now) {
                    let (consumer, reason) = (consumer.clone(), failure.reason());
                    self.run.switch_on = Some(Why::NeedsOld { consumer, reason });
                    self.calm();
                }
                return;
            }
            (_, other) => {
                let failure = super::failure_of(other);
                return self.queue(failure, Why::Switch { reason: failure.reason() }, now);
            }
        }
        self.calm();
    }

    pub(super) fn next_disabled(&mut self, since: UnixTime, now: UnixTime) -> Option<Command> {
        let until = since.plus(i64::from(self.record.plan.policy.soak));
        if now < until {
            return Some(Command::Wait { until });
        }
        self.enter(Stage::Revoking);
        None
    }

    pub(super) fn next_revoking(&mut self) -> Option<Command> {
        self.next_recheck().or_else(|| self.record.old.clone().map(Command::Delete))
    }

    pub(super) fn heard_revoking(&mut self, command: &Command, answer: &Event, now: UnixTime) {
        match (command, answer) {
            (Command::Look(_), _) => self.heard_recheck(answer, now),
            (_, Event::Done) => {
                self.record.told = None;
                self.enter(Stage::Sweeping);
            }
            (_, other) => {
                let failure = super::failure_of(other);
                self.queue(failure, Why::Revoke { reason: failure.reason() }, now);
            }
        }
    }
}
