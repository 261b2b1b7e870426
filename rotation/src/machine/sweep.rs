//! Removing keys that this rotation made and does not use: lost ones, doubled ones, and the new one of an undo.
//!
//! A key is ours by its name, or, where keys have none, by having appeared while an attempt was under way. Keys that
//! were there when the rotation began are never touched here.

use super::Machine;
use crate::plan::Finds;
use crate::protocol::{Command, Event, Failure, Holds, Listed, Notice, Which};
use crate::record::{Mark, Stage, Why};
use crate::words::{ConsumerId, KeyId};
use sanctum_types::UnixTime;

/// How far the provider's clock may be from ours.
const SKEW: i64 = 300;

impl Machine {
    /// Looks for keys of attempts that are not gone and removes them one by one; `None` once they are gone.
    pub(super) fn next_removal(&mut self) -> Option<Command> {
        if self.run.orphans.is_none() {
            if self.record.plan.nature.finds != Finds::Never {
                return Some(Command::List);
            }
            self.run.orphans = Some(self.unadopted());
        }
        if let Some(key) = self.run.orphans.as_ref().and_then(|keys| keys.first()) {
            return Some(Command::Delete(key.clone()));
        }
        for attempt in &mut self.record.attempts {
            attempt.gone = attempt.key.is_none() || attempt.key != self.record.adopted;
        }
        None
    }

    /// The failure, if it was one.
    pub(super) fn heard_removal(&mut self, answer: Event) -> Option<Failure> {
        match answer {
            Event::Keys(keys) => {
                let mut orphans = self.unadopted();
                let listed = keys.into_iter().filter(|key| self.is_orphan(key)).map(|key| key.id);
                orphans.extend(listed);
                orphans.sort();
                orphans.dedup();
                self.run.orphans = Some(orphans);
            }
            Event::Done => {
                if let Some(orphans) = self.run.orphans.as_mut().filter(|keys| !keys.is_empty()) {
                    orphans.remove(0);
                }
            }
            other => return Some(super::failure_of(&other)),
        }
        self.calm();
        None
    }

    /// Keys of attempts whose ids are known. The list may lag behind, so they are removed whether listed or not.
    fn unadopted(&self) -> Vec<KeyId> {
        let alive = self.record.attempts.iter().filter(|attempt| !attempt.gone);
        let keys = alive.filter_map(|attempt| attempt.key.clone());
        keys.filter(|key| self.record.adopted.as_ref() != Some(key)).collect()
    }

    fn is_orphan(&self, key: &Listed) -> bool {
        let record = &self.record;
        let is_other = record.known.contains(&key.id)
            || record.old.as_ref() == Some(&key.id)
            || record.adopted.as_ref() == Some(&key.id);
        if is_other {
            return false;
        }
        let settle = i64::from(record.plan.policy.settle);
        record.attempts.iter().any(|attempt| match record.plan.nature.finds {
            Finds::ByName => key.name.as_ref() == Some(&attempt.name),
            Finds::ByDifference => key.created.is_some_and(|created| {
                attempt.asked.plus(-SKEW) <= created && created <= attempt.asked.plus(settle + SKEW)
            }),
            Finds::Never => false,
        })
    }

    pub(super) fn next_discarding(&mut self, now: UnixTime) -> Option<Command> {
        let record = &self.record;
        if self.is_destructive() || record.attempts.iter().all(|attempt| attempt.gone) {
            return Some(Command::Discard);
        }
        let settled = self.mint_settled().max(self.writes_settled());
        if let Some(until) = settled.filter(|until| now < *until) {
            return Some(Command::Wait { until });
        }
        if let Some(consumer) = self.touched(self.run.seen) {
            return Some(Command::Look(consumer));
        }
        // From here on the new key is one that goes.
        self.record.adopted = None;
        self.next_removal()
    }

    /// The consumers that were written to, in order.
    fn touched(&self, index: usize) -> Option<ConsumerId> {
        let consumers = self.record.consumers.iter();
        let mut touched = consumers.filter(|consumer| consumer.mark != Mark::Untouched);
        touched.nth(index).map(|consumer| consumer.id.clone())
    }

    pub(super) fn heard_discarding(&mut self, command: &Command, answer: Event, now: UnixTime) {
        match (command, answer) {
            (Command::Discard, Event::Done) => {
                self.enter(Stage::Failed);
                let why = self.record.cause.clone().unwrap_or(Why::MintLost);
                self.notices.push(Notice::GaveUp(why));
            }
            (Command::Discard, other) => {
                let failure = super::failure_of(&other);
                if self.is_exhausted(failure, now) {
                    self.halt(Why::Discard { reason: failure.reason() }, now);
                }
            }
            (Command::Look(consumer), Event::Holds(Holds::New)) => {
                // A write that was thought lost came through after all.
                self.mark(consumer, Mark::Restoring);
                self.enter(Stage::Restoring);
            }
            (Command::Look(_), Event::Holds(_)) => {
                self.run.seen += 1;
                self.record.not_before = None;
            }
            (Command::Look(consumer), other) => {
                let failure = super::failure_of(&other);
                if self.is_exhausted(failure, now) {
                    let reason = failure.reason();
                    self.halt(Why::Restore { consumer: consumer.clone(), reason }, now);
                }
            }
            (_, other) => {
                if let Some(failure) = self.heard_removal(other)
                    && self.is_exhausted(failure, now)
                {
                    self.halt(Why::Orphans { reason: failure.reason() }, now);
                }
            }
        }
    }

    pub(super) fn next_sweeping(&mut self, now: UnixTime) -> Option<Command> {
        if self.is_destructive() {
            return self.next_roll_check(now);
        }
        if self.record.plan.nature.finds == Finds::Never {
            self.enter(Stage::Closing);
            return None;
        }
        if let Some(until) = self.mint_settled().filter(|until| now < *until) {
            return Some(Command::Wait { until });
        }
        let next = self.next_removal();
        if next.is_none() {
            self.enter(Stage::Closing);
        }
        next
    }

    /// A roll that was delivered twice took the value away that consumers have, and a late write may have brought the
    /// value of an earlier roll: once neither can happen any more, both are looked at.
    fn next_roll_check(&mut self, now: UnixTime) -> Option<Command> {
        let settled = self.mint_settled().max(self.writes_settled());
        if let Some(until) = settled.filter(|until| now < *until) {
            return Some(Command::Wait { until });
        }
        if !self.run.outlived {
            return Some(Command::Verify(Which::New));
        }
        let next = self.next_recheck();
        if next.is_none() {
            self.enter(Stage::Closing);
        }
        next
    }

    fn heard_roll_check(&mut self, command: &Command, answer: &Event, now: UnixTime) {
        let failure = super::failure_of(answer);
        match (command, answer) {
            (Command::Look(_), Event::Holds(Holds::New)) => {
                self.run.seen += 1;
                self.record.not_before = None;
            }
            (Command::Look(consumer), Event::Holds(_)) => {
                self.mark(consumer, Mark::Untouched);
                self.enter(Stage::Propagating);
            }
            (Command::Look(consumer), _) => {
                let (consumer, reason) = (consumer.clone(), failure.reason());
                self.queue(failure, Why::Consumer { consumer, reason }, now);
            }
            (_, Event::Done) => {
                self.run.outlived = true;
                self.calm();
            }
            _ if self.is_last_try() && matches!(failure, Failure::Never(_)) => {
                self.enter(Stage::Settling);
            }
            _ => {
                let patient = Failure::Unknown(failure.reason());
                self.queue(patient, Why::Verify { reason: failure.reason() }, now);
            }
        }
    }

    fn is_last_try(&self) -> bool {
        self.record.tries.saturating_add(1) >= self.record.plan.policy.tries
    }

    pub(super) fn heard_sweeping(&mut self, command: &Command, answer: Event, now: UnixTime) {
        if self.is_destructive() {
            self.heard_roll_check(command, &answer, now);
        } else if let Some(failure) = self.heard_removal(answer) {
            self.queue(failure, Why::Orphans { reason: failure.reason() }, now);
        }
    }

    pub(super) fn heard_closing(&mut self, answer: &Event, now: UnixTime) {
        if matches!(answer, Event::Done) {
            return self.enter(Stage::Done);
        }
        let failure = super::failure_of(answer);
        self.queue(failure, Why::Discard { reason: failure.reason() }, now);
    }
}
