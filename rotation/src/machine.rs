//! The machine: one rotation from preflight to the end, whatever breaks on the way.
//!
//! The record alone decides where a resumed run goes on; what else is kept here may be lost at any moment. A
//! command is only given after the record that it needs was given to be saved, and one at a time: an answer that
//! never comes is a run that ends, and the next run treats its effect as unknown.

mod mint;
mod preflight;
mod propagate;
mod retire;
mod retry;
mod sweep;

use crate::plan::{OldKey, Plan};
use crate::protocol::{Command, Event, Failure, Notice};
use crate::record::{Attempt, Consumer, FORMAT, Halt, Mark, Record, Stage, Why};
use crate::words::{KeyId, RotationId};
use sanctum_types::UnixTime;

/// How a rotation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// A command awaits its answer.
    Working,
    /// Nothing is to be done before this time.
    Waiting {
        /// When to go on.
        until: UnixTime,
    },
    /// Until somebody does something, and says so.
    NeedsHuman(Why),
    /// Every consumer has the new key, the old one is gone.
    Done,
    /// Every consumer has what it had.
    Failed(Option<Why>),
}

/// What only this run knows. Losing it costs time, never a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Run {
    /// The provider accepted us.
    ready: bool,
    /// How many consumers were probed.
    probed: usize,
    /// The last attempt was certainly not carried out.
    may_mint: bool,
    /// The key whose value is in the caller's memory.
    minted: Option<KeyId>,
    /// The owner looked at the provider himself.
    vouched: bool,
    /// The consumer at hand was written.
    written: bool,
    /// Why the value of a roll is to be verified: a consumer does not work with it.
    doubt: Option<Why>,
    /// The value of a roll was seen to be valid when no request could change it any more.
    outlived: bool,
    /// The old key was seen to be valid.
    old_works: bool,
    /// How many consumers were looked at before the old or the new key goes.
    seen: usize,
    /// The last use, if it was asked for since the last wait.
    last_use: Option<Option<UnixTime>>,
    /// The old key was switched off.
    switched_off: bool,
    /// How many consumers work without the old key.
    confirmed: usize,
    /// Why the old key has to be switched on again.
    switch_on: Option<Why>,
    /// Keys that are to be removed, once they were looked for.
    orphans: Option<Vec<KeyId>>,
}

/// One rotation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Machine {
    record: Record,
    /// What was given to be saved last.
    saved: Option<Record>,
    /// Nothing is on disk yet, and nothing is to be.
    in_preflight: bool,
    started: bool,
    run: Run,
    awaiting: Option<Command>,
    notices: Vec<Notice>,
}

impl Machine {
    /// A new rotation. Its first event is [`Event::Start`].
    #[must_use]
    pub fn begin(plan: Plan, rotation: RotationId, now: UnixTime) -> Self {
        let untouched = |id: &crate::ConsumerId| Consumer { id: id.clone(), mark: Mark::Untouched };
        let consumers = plan.consumers.iter().map(untouched).collect();
        let record = Record {
            format: FORMAT,
            rotation,
            plan,
            begun: now,
            stage: Stage::Intent,
            old: None,
            old_staged: false,
            known: std::collections::BTreeSet::new(),
            attempts: Vec::new(),
            adopted: None,
            consumers,
            written: None,
            tries: 0,
            not_before: None,
            cause: None,
            halted: None,
            told: None,
        };
        Self::at(record, true)
    }

    /// A rotation that was begun by another run. Its first event is [`Event::Start`].
    #[must_use]
    pub fn resume(record: Record) -> Self {
        let mut machine = Self::at(record, false);
        machine.saved = Some(machine.record.clone());
        machine
    }

    fn at(record: Record, in_preflight: bool) -> Self {
        Self {
            record,
            saved: None,
            in_preflight,
            started: false,
            run: Run::default(),
            awaiting: None,
            notices: Vec::new(),
        }
    }

    /// What the machine knows durably; during preflight nothing of it is on disk.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// The command that has no answer yet.
    #[must_use]
    pub const fn awaiting(&self) -> Option<&Command> {
        self.awaiting.as_ref()
    }

    /// How the rotation stands.
    #[must_use]
    pub fn status(&self) -> Status {
        match (self.record.stage, &self.record.halted, &self.awaiting) {
            (Stage::Done, ..) => Status::Done,
            (Stage::Failed, ..) => Status::Failed(self.record.cause.clone()),
            (_, Some(halt), _) => Status::NeedsHuman(halt.why.clone()),
            (_, None, Some(Command::Wait { until })) => Status::Waiting { until: *until },
            _ => Status::Working,
        }
    }

    /// Takes one event and says what is to be done, in order. An event that answers nothing changes nothing.
    pub fn on(&mut self, event: Event, now: UnixTime) -> Vec<Command> {
        match event {
            Event::Start if !self.started => {
                self.started = true;
                if let Some(halt) = &self.record.halted {
                    self.notices.push(Notice::NeedsHuman(halt.why.clone()));
                }
            }
            Event::Retry if self.started && self.record.halted.is_some() => self.unhalt(),
            Event::Start | Event::Retry => return Vec::new(),
            answer => {
                let Some(command) = self.awaiting.take_if(|command| fits(command, &answer)) else {
                    return Vec::new();
                };
                self.heard(&command, answer, now);
            }
        }
        let effect = self.next(now);
        let mut commands = Vec::new();
        if !self.in_preflight && self.saved.as_ref() != Some(&self.record) {
            self.saved = Some(self.record.clone());
            commands.push(Command::Save(Box::new(self.record.clone())));
        }
        commands.extend(self.notices.drain(..).map(Command::Tell));
        self.awaiting.clone_from(&effect);
        commands.extend(effect);
        commands
    }

    /// The owner mended it: tries are counted anew, and one more key may be minted.
    fn unhalt(&mut self) {
        self.record.halted = None;
        self.calm();
        let used = u32::try_from(self.record.attempts.len()).unwrap_or(u32::MAX);
        let policy = &mut self.record.plan.policy;
        policy.mints = policy.mints.max(used.saturating_add(1));
        self.run = Run { vouched: true, ..Run::default() };
    }

    fn heard(&mut self, command: &Command, answer: Event, now: UnixTime) {
        if matches!(command, Command::Wait { .. }) {
            // What was seen before a pause may be otherwise after it.
            self.run.seen = 0;
            return;
        }
        if self.in_preflight {
            return self.heard_in_preflight(answer, now);
        }
        match self.record.stage {
            Stage::Intent => self.heard_intent(&answer, now),
            Stage::Minting => self.heard_minting(command, answer, now),
            Stage::Settling => self.heard_settling(answer, now),
            Stage::Minted => self.heard_minted(&answer, now),
            Stage::Propagating => self.heard_propagating(command, &answer, now),
            Stage::Restoring => self.heard_restoring(command, &answer, now),
            Stage::Discarding => self.heard_discarding(command, answer, now),
            Stage::Overlap { .. } => self.heard_overlap(&answer, now),
            Stage::Disabling => self.heard_disabling(command, &answer, now),
            Stage::Revoking => self.heard_revoking(command, &answer, now),
            Stage::Sweeping => self.heard_sweeping(command, answer, now),
            Stage::Closing => self.heard_closing(&answer, now),
            Stage::Disabled { .. } | Stage::Done | Stage::Failed => {}
        }
    }

    /// The next effect; on the way to it the record may pass stages that need none.
    fn next(&mut self, now: UnixTime) -> Option<Command> {
        // Stages follow one another without an effect in between at most as often as there are stages.
        for _ in 0..16 {
            if self.record.halted.is_some() || self.record.is_over() {
                return None;
            }
            if let Some(until) = self.pausing(now) {
                return Some(Command::Wait { until });
            }
            let next =
                if self.in_preflight { self.next_in_preflight() } else { self.next_of_stage(now) };
            if next.is_some() {
                return next;
            }
        }
        None
    }

    /// `None` when the stage changed, or a human is needed.
    fn next_of_stage(&mut self, now: UnixTime) -> Option<Command> {
        match self.record.stage {
            Stage::Intent => Some(Command::StageOld),
            Stage::Minting => self.next_minting(now),
            Stage::Settling => self.next_settling(now),
            Stage::Minted => Some(Command::Verify(crate::Which::New)),
            Stage::Propagating => self.next_propagating(now),
            Stage::Restoring => self.next_restoring(now),
            Stage::Discarding => self.next_discarding(now),
            Stage::Overlap { since } => self.next_overlap(since, now),
            Stage::Disabling => self.next_disabling(now),
            Stage::Disabled { since } => self.next_disabled(since, now),
            Stage::Revoking => self.next_revoking(),
            Stage::Sweeping => self.next_sweeping(now),
            Stage::Closing => Some(Command::Discard),
            Stage::Done | Stage::Failed => None,
        }
    }

    fn enter(&mut self, stage: Stage) {
        self.record.stage = stage;
        self.calm();
        self.run = Run::default();
    }

    fn halt(&mut self, why: Why, now: UnixTime) {
        self.notices.push(Notice::NeedsHuman(why.clone()));
        self.record.halted = Some(Halt { why, since: now });
    }

    /// Goes back to how it was, because of that.
    fn undo(&mut self, why: Why) {
        self.record.cause = Some(why);
        let touched = self.record.consumers.iter().any(|consumer| consumer.mark != Mark::Untouched);
        self.enter(if touched { Stage::Restoring } else { Stage::Discarding });
    }

    fn is_destructive(&self) -> bool {
        self.record.plan.nature.old == OldKey::DiesAtMint
    }

    fn last_attempt(&self) -> Option<&Attempt> {
        self.record.attempts.last()
    }

    /// When the last mint, if nobody answered it, can take effect no more.
    fn mint_settled(&self) -> Option<UnixTime> {
        let settle = i64::from(self.record.plan.policy.settle);
        self.last_attempt().map(|attempt| attempt.asked.plus(settle))
    }

    /// When the last write to a consumer can take effect no more.
    fn writes_settled(&self) -> Option<UnixTime> {
        let settle = i64::from(self.record.plan.policy.settle);
        self.record.written.map(|at| at.plus(settle))
    }
}

/// Whether the event can be an answer to the command.
const fn fits(command: &Command, event: &Event) -> bool {
    if matches!(event, Event::Failed(_)) {
        return command.has_answer() && !matches!(command, Command::Wait { .. });
    }
    match command {
        Command::Save(_) | Command::Tell(_) => false,
        Command::Preflight => matches!(event, Event::Ready { .. }),
        Command::Probe(_) | Command::Look(_) => matches!(event, Event::Holds(_)),
        Command::StageOld => matches!(event, Event::OldStaged(_)),
        Command::Mint { .. } => matches!(event, Event::Minted(_)),
        Command::List => matches!(event, Event::Keys(_)),
        Command::LastUse(_) => matches!(event, Event::LastUse(_)),
        Command::Wait { .. } => matches!(event, Event::Tick),
        Command::StageNew
        | Command::Verify(_)
        | Command::Write { .. }
        | Command::Confirm { .. }
        | Command::Disable(_)
        | Command::Enable(_)
        | Command::Delete(_)
        | Command::Discard => matches!(event, Event::Done),
    }
}

/// The failure of an answer; an answer of another kind cannot come here, and counts as none.
const fn failure_of(answer: &Event) -> Failure {
    match answer {
        Event::Failed(failure) => *failure,
        _ => Failure::Unknown(crate::Reason::NoAnswer),
    }
}
