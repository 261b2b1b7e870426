//! From the intent to a sealed and verified value, and what to do when nobody knows whether a key was made.
//!
//! A name is on disk before it is asked for, and asked for once. When the answer is lost the value is lost with it:
//! the key is found by its name and removed, and another one is minted under another name.

use super::{Machine, Run};
use crate::plan::Finds;
use crate::protocol::{Command, Event, Failure, Reason};
use crate::record::{Attempt, Mark, Stage, Why};
use crate::words::KeyId;
use sanctum_types::UnixTime;

impl Machine {
    pub(super) fn heard_intent(&mut self, answer: &Event, now: UnixTime) {
        if let Event::OldStaged(present) = answer {
            self.record.old_staged = *present;
            return self.attempt(now);
        }
        let failure = super::failure_of(answer);
        if self.is_exhausted(failure, now) {
            self.undo(Why::Staging { reason: failure.reason() });
        }
    }

    /// Another name, and the right to ask for it once.
    pub(super) fn attempt(&mut self, now: UnixTime) {
        let count = self.record.attempts.len();
        if count >= usize::try_from(self.record.plan.policy.mints).unwrap_or(usize::MAX) {
            return self.no_attempt_left(now);
        }
        let name = self.record.plan.key_name(self.record.rotation, count);
        self.record.attempts.push(Attempt { name, asked: now, key: None, gone: false });
        self.enter(Stage::Minting);
        self.run.may_mint = true;
    }

    /// Nothing of a kind with an overlap lives any more; a roll may have taken the old key away.
    fn no_attempt_left(&mut self, now: UnixTime) {
        if self.is_destructive() {
            self.halt(Why::MintLost, now);
        } else {
            self.undo(Why::MintLost);
        }
    }

    pub(super) fn next_minting(&mut self, now: UnixTime) -> Option<Command> {
        if self.run.minted.is_some() {
            return Some(Command::StageNew);
        }
        if self.run.may_mint {
            // Retries after a certain "no" are asked later than the attempt was written down.
            let attempt = self.record.attempts.last_mut()?;
            attempt.asked = now;
            return Some(Command::Mint { name: attempt.name.clone() });
        }
        self.mint_lost(now);
        None
    }

    pub(super) fn heard_minting(&mut self, command: &Command, answer: Event, now: UnixTime) {
        match (command, answer) {
            (_, Event::Minted(key)) => self.take_key(key, now),
            (Command::StageNew, Event::Done) => self.adopt(),
            (Command::StageNew, other) => {
                let failure = super::failure_of(&other);
                if self.is_exhausted_patiently(failure, now) {
                    self.cannot_seal(failure.reason());
                }
            }
            (_, other) => match super::failure_of(&other) {
                Failure::Unknown(_) => self.mint_lost(now),
                failure => {
                    if self.is_exhausted(failure, now) {
                        self.mint_failed(Why::Mint { reason: failure.reason() }, now);
                    }
                }
            },
        }
    }

    fn take_key(&mut self, key: KeyId, now: UnixTime) {
        self.calm();
        if self.is_destructive() {
            // Its value is the only one that is valid: it is sealed before anything is written down.
            self.run.minted = Some(key);
            return;
        }
        let is_theirs = self.record.known.contains(&key) || self.record.old.as_ref() == Some(&key);
        if is_theirs {
            self.run.may_mint = false;
            return self.halt(Why::NotNew, now);
        }
        if let Some(attempt) = self.record.attempts.last_mut() {
            attempt.key = Some(key.clone());
        }
        self.run.minted = Some(key);
    }

    fn adopt(&mut self) {
        let key = self.run.minted.take();
        if let Some(attempt) = self.record.attempts.last_mut() {
            attempt.key.clone_from(&key);
        }
        self.record.adopted = key;
        // What consumers were given by a roll before this one is dead.
        for consumer in &mut self.record.consumers {
            consumer.mark = Mark::Untouched;
        }
        // The old value died with the mint: consumers come first, and are verified one by one.
        self.enter(if self.is_destructive() { Stage::Propagating } else { Stage::Minted });
    }

    fn cannot_seal(&mut self, reason: Reason) {
        if self.is_destructive() {
            // The value in memory is all there is: it goes out unsealed rather than not at all.
            self.adopt();
        } else {
            self.undo(Why::Staging { reason });
        }
    }

    /// Certainly no key was made by the last attempt.
    fn mint_failed(&mut self, why: Why, now: UnixTime) {
        if self.is_destructive() && self.record.attempts.len() > 1 {
            // An attempt that was lost may have taken the old key away.
            self.run.may_mint = false;
            self.halt(why, now);
        } else {
            self.undo(why);
        }
    }

    /// Nobody knows whether the last attempt made a key; if it did, its value is lost.
    fn mint_lost(&mut self, now: UnixTime) {
        let nature = self.record.plan.nature;
        let is_hidden = nature.finds == Finds::Never && !self.is_destructive();
        let Some(attempt) = self.last_attempt() else { return self.attempt(now) };
        if !is_hidden {
            return self.enter(Stage::Settling);
        }
        if let (Some(_), false) = (&attempt.key, nature.by_hand) {
            // Its id is known, so it can be removed without a list.
            return self.enter(Stage::Settling);
        }
        if nature.by_hand || self.run.vouched {
            return self.attempt(now);
        }
        let name = attempt.name.clone();
        self.run = Run::default();
        self.halt(Why::MayLive { name }, now);
    }

    pub(super) fn next_settling(&mut self, now: UnixTime) -> Option<Command> {
        if let Some(until) = self.mint_settled().filter(|until| now < *until) {
            return Some(Command::Wait { until });
        }
        if self.is_destructive() {
            self.attempt(now);
            return None;
        }
        let next = self.next_removal();
        if next.is_none() {
            self.attempt(now);
        }
        next
    }

    pub(super) fn heard_settling(&mut self, answer: Event, now: UnixTime) {
        if let Some(failure) = self.heard_removal(answer)
            && self.is_exhausted(failure, now)
        {
            self.halt(Why::Orphans { reason: failure.reason() }, now);
        }
    }

    pub(super) fn heard_minted(&mut self, answer: &Event, now: UnixTime) {
        if matches!(answer, Event::Done) {
            return self.enter(Stage::Propagating);
        }
        let failure = super::failure_of(answer);
        if self.is_exhausted_patiently(failure, now) {
            self.undo(Why::Verify { reason: failure.reason() });
        }
    }
}
