//! Consumers get the new value, the source of truth first, each confirmed before the next; or the old one back.
//!
//! A consumer is marked before it is written, so that a later run knows which ones may hold what. While values
//! go back and forth both keys are valid.

use super::Machine;
use crate::protocol::{Command, Event, Failure, Reason, Which};
use crate::record::{Mark, Stage, Why};
use crate::words::ConsumerId;
use sanctum_types::UnixTime;

impl Machine {
    pub(super) fn mark(&mut self, id: &ConsumerId, mark: Mark) {
        if let Some(consumer) = self.record.consumers.iter_mut().find(|consumer| consumer.id == *id)
        {
            consumer.mark = mark;
        }
    }

    pub(super) fn next_propagating(&mut self, now: UnixTime) -> Option<Command> {
        let mut consumers = self.record.consumers.iter();
        let Some(consumer) = consumers.find(|consumer| consumer.mark != Mark::Confirmed) else {
            self.enter(match (&self.record.old, self.is_destructive()) {
                (Some(_), false) => Stage::Overlap { since: now },
                _ => Stage::Sweeping,
            });
            return None;
        };
        if self.run.doubt.is_some() {
            return Some(Command::Verify(Which::New));
        }
        let id = consumer.id.clone();
        self.mark(&id, Mark::Writing);
        Some(self.write_or_confirm(id, Which::New, now))
    }

    fn write_or_confirm(&mut self, consumer: ConsumerId, value: Which, now: UnixTime) -> Command {
        if self.run.written {
            return Command::Confirm { consumer, value };
        }
        self.record.written = Some(now);
        Command::Write { consumer, value }
    }

    pub(super) fn heard_propagating(&mut self, command: &Command, answer: &Event, now: UnixTime) {
        let (Command::Write { consumer, .. } | Command::Confirm { consumer, .. }) = command else {
            return self.heard_doubt(answer, now);
        };
        let Some(failure) = self.heard_consumer(command, answer, Mark::Confirmed, now) else {
            return;
        };
        let why = Why::Propagate { consumer: consumer.clone(), reason: failure.reason() };
        if self.is_destructive() {
            // Is it the consumer, or is the value dead that it was given?
            self.run.doubt = Some(why);
            self.calm();
        } else {
            self.undo(why);
        }
    }

    fn heard_doubt(&mut self, answer: &Event, now: UnixTime) {
        let Some(why) = self.run.doubt.clone() else { return };
        if matches!(answer, Event::Done) {
            self.run.doubt = None;
            return self.halt(why, now);
        }
        let failure = super::failure_of(answer);
        if !self.is_exhausted_patiently(failure, now) {
            return;
        }
        if matches!(failure, Failure::Never(_)) {
            self.enter(Stage::Settling);
        } else {
            self.run.doubt = None;
            self.halt(why, now);
        }
    }

    /// Takes the answer to a write or a confirmation; gives the failure that was one too many.
    fn heard_consumer(
        &mut self,
        command: &Command,
        answer: &Event,
        mark: Mark,
        now: UnixTime,
    ) -> Option<Failure> {
        match (command, answer) {
            (Command::Write { .. }, Event::Done) => {
                // Tries go on counting until the consumer is confirmed: writing alone is no progress.
                self.run.written = true;
                self.record.not_before = None;
                None
            }
            (Command::Confirm { consumer, .. }, Event::Done) => {
                self.mark(consumer, mark);
                self.run.written = false;
                self.calm();
                None
            }
            (Command::Confirm { .. }, other) => {
                self.run.written = false;
                let failure = super::failure_of(other);
                self.is_exhausted_patiently(failure, now).then_some(failure)
            }
            (_, other) => {
                let failure = super::failure_of(other);
                self.is_exhausted(failure, now).then_some(failure)
            }
        }
    }

    pub(super) fn next_restoring(&mut self, now: UnixTime) -> Option<Command> {
        if !self.record.old_staged {
            self.go_forward(Reason::NoSuchKey, now);
            return None;
        }
        if !self.run.old_works {
            return Some(Command::Verify(Which::Old));
        }
        // The source of truth comes last: until then it says which value is the newer one.
        let mut consumers = self.record.consumers.iter().rev();
        let touched =
            consumers.find(|consumer| !matches!(consumer.mark, Mark::Untouched | Mark::Restored));
        let Some(consumer) = touched else {
            self.enter(Stage::Discarding);
            return None;
        };
        let id = consumer.id.clone();
        self.mark(&id, Mark::Restoring);
        Some(self.write_or_confirm(id, Which::Old, now))
    }

    pub(super) fn heard_restoring(&mut self, command: &Command, answer: &Event, now: UnixTime) {
        let (Command::Write { consumer, .. } | Command::Confirm { consumer, .. }) = command else {
            return self.heard_old_verified(answer, now);
        };
        if let Some(failure) = self.heard_consumer(command, answer, Mark::Restored, now) {
            let reason = failure.reason();
            self.halt(Why::Restore { consumer: consumer.clone(), reason }, now);
        }
    }

    fn heard_old_verified(&mut self, answer: &Event, now: UnixTime) {
        if matches!(answer, Event::Done) {
            self.run.old_works = true;
            return self.calm();
        }
        let failure = super::failure_of(answer);
        if self.is_exhausted_patiently(failure, now) {
            match failure {
                Failure::Never(reason) => self.go_forward(reason, now),
                other => self.halt(Why::NoWayBack { reason: other.reason() }, now),
            }
        }
    }

    /// The old key is no way back: consumers keep the new one, and a human mends the one that does not take it.
    fn go_forward(&mut self, reason: Reason, now: UnixTime) {
        if self.record.adopted.is_some() {
            self.record.cause = None;
            self.enter(Stage::Propagating);
        }
        self.halt(Why::NoWayBack { reason }, now);
    }
}
