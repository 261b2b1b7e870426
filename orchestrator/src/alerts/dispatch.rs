//! The thin runner: carries out what the desk decides and feeds the answers back.
//!
//! The memory is written before the first message goes out and after the last answer, so that a killed run sends
//! twice rather than not at all. Whatever fails here fails towards telling: a memory or a journal that cannot be
//! written stops no message.

use super::alert::{Message, Source};
use super::channels::{Channels, Undelivered};
use super::desk::{Answer, Command, Desk, Event};
use super::policy::Policy;
use super::state::{State, StateError};
use sanctum_host::{HostError, Store};
use sanctum_types::{AuditEvent, AuditSink, Finding, UnixTime, chain};
use std::collections::VecDeque;

/// Name of the memory's file in a store.
pub const FILE: &str = "alerts.json";

/// Carries a message to a peer.
pub trait Deliver {
    /// Delivered means that the peer acknowledged it.
    ///
    /// # Errors
    /// It did not.
    fn deliver(&self, channel: &str, message: &Message) -> Result<(), Undelivered>;
}

impl Deliver for Channels {
    fn deliver(&self, channel: &str, message: &Message) -> Result<(), Undelivered> {
        self.send(channel, message)
    }
}

/// Keeps the memory: whole or as it was before, and for its owner alone.
pub trait Keep {
    /// The bytes that were kept last; none at the first time.
    ///
    /// # Errors
    /// They cannot be read.
    fn load(&self) -> Result<Option<Vec<u8>>, HostError>;

    /// Replaces them.
    ///
    /// # Errors
    /// They cannot be written.
    fn save(&self, bytes: &[u8]) -> Result<(), HostError>;
}

impl Keep for Store {
    fn load(&self) -> Result<Option<Vec<u8>>, HostError> {
        self.read_file(FILE)
    }

    fn save(&self, bytes: &[u8]) -> Result<(), HostError> {
        self.write_file(FILE, bytes)
    }
}

/// What a run could not do beside sending.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The memory could not be read; it may be there, so nothing was begun afresh.
    #[error("cannot read what alerts remember")]
    Load(#[source] HostError),
    /// The memory could not be written; messages went out all the same, and will again.
    #[error("cannot keep what alerts remember")]
    Save(#[source] HostError),
    /// The memory has no JSON, which its types rule out.
    #[error("cannot write down what alerts remember")]
    Encode(#[source] serde_json::Error),
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Attempts that a peer acknowledged.
    pub delivered: u64,
    /// Attempts that none did.
    pub failed: u64,
    /// Events that the journal did not take.
    pub unrecorded: u64,
}

/// The desk with its surroundings.
pub struct Dispatcher<'a> {
    desk: Desk,
    deliver: &'a dyn Deliver,
    keep: &'a dyn Keep,
    sink: &'a dyn AuditSink,
    clock: &'a dyn Fn() -> UnixTime,
    /// What was kept last: a look that changes nothing writes nothing.
    kept: Option<Vec<u8>>,
}

/// What a dispatcher works with.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The channels.
    pub deliver: &'a dyn Deliver,
    /// The memory.
    pub keep: &'a dyn Keep,
    /// The journal.
    pub sink: &'a dyn AuditSink,
    /// The wall clock.
    pub clock: &'a dyn Fn() -> UnixTime,
}

impl<'a> Dispatcher<'a> {
    /// Takes up where the last run ended. A damaged memory is told, as the first thing.
    ///
    /// # Errors
    /// The memory cannot be read or written.
    pub fn open(policy: Policy, around: Surroundings<'a>) -> Result<(Self, Report), DispatchError> {
        let Surroundings { deliver, keep, sink, clock } = around;
        let mut kept = None;
        let mut read = || -> Result<_, DispatchError> {
            kept = keep.load().map_err(DispatchError::Load)?;
            Ok(kept.as_deref().map(State::decode))
        };
        let now = clock();
        let (desk, commands) = match read()? {
            None => (Desk::new(policy), Vec::new()),
            Some(Ok(state)) => (Desk::resumed(policy, state, now), Vec::new()),
            // Seen twice, like everything that is told.
            Some(Err(once)) => match read()? {
                Some(Ok(state)) => (Desk::resumed(policy, state, now), Vec::new()),
                Some(Err(again)) => Desk::after_loss(policy, (&once, &again), now),
                None => Desk::after_loss(policy, (&once, &StateError::Gone), now),
            },
        };
        let mut dispatcher = Self { desk, deliver, keep, sink, clock, kept };
        let report =
            if commands.is_empty() { Report::default() } else { dispatcher.carry_out(commands)? };
        Ok((dispatcher, report))
    }

    /// The desk, to look at.
    #[must_use]
    pub const fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Something was found.
    ///
    /// # Errors
    /// The memory cannot be written; what had to be sent was.
    pub fn raise(&mut self, finding: &Finding, source: &Source) -> Result<Report, DispatchError> {
        let commands = self.desk.raise(finding, source, (self.clock)());
        self.carry_out(commands)
    }

    /// An event of the journal.
    ///
    /// # Errors
    /// As [`Self::raise`].
    pub fn heard(&mut self, event: &AuditEvent) -> Result<Report, DispatchError> {
        let commands = self.desk.heard(event, (self.clock)());
        self.carry_out(commands)
    }

    /// A source looked at everything it looks at.
    ///
    /// # Errors
    /// As [`Self::raise`].
    pub fn looked(
        &mut self,
        source: &Source,
        findings: Vec<Finding>,
    ) -> Result<Report, DispatchError> {
        let event = Event::Looked { source: source.clone(), findings };
        let commands = self.desk.on(&event, (self.clock)());
        self.carry_out(commands)
    }

    /// A person tried a channel, past the desk, and its peer took the message: a sign of life.
    ///
    /// # Errors
    /// As [`Self::raise`].
    pub fn tried(&mut self, channel: &str, message: &Message) -> Result<Report, DispatchError> {
        let (channel, message) = (channel.to_owned(), message.clone());
        let event = Event::Answered { channel, message, answer: Answer::Delivered };
        let commands = self.desk.on(&event, (self.clock)());
        self.carry_out(commands)
    }

    /// Time went by: digests, heartbeats, what waits for a channel.
    ///
    /// # Errors
    /// As [`Self::raise`].
    pub fn tick(&mut self) -> Result<Report, DispatchError> {
        let commands = self.desk.tick((self.clock)());
        self.carry_out(commands)
    }

    fn carry_out(&mut self, commands: Vec<Command>) -> Result<Report, DispatchError> {
        let mut report = Report::default();
        let before = self.save();
        let mut queue = VecDeque::from(commands);
        while let Some(command) = queue.pop_front() {
            match command {
                Command::Send { channel, message } => {
                    let answer = self.send(&channel, &message, &mut report);
                    let event = Event::Answered { channel, message, answer };
                    queue.extend(self.desk.on(&event, (self.clock)()));
                }
                Command::Record(event) => {
                    report.unrecorded += u64::from(self.sink.record(&event).is_err());
                }
            }
        }
        if report.unrecorded > 0 {
            self.unrecorded(&mut report);
        }
        let after = self.save();
        before.and(after).map(|()| report)
    }

    /// Tells that the journal is not there. What the journal does not take of this is only counted.
    fn unrecorded(&mut self, report: &mut Report) {
        let event = Event::NotRecorded { count: report.unrecorded };
        let mut queue = VecDeque::from(self.desk.on(&event, (self.clock)()));
        while let Some(command) = queue.pop_front() {
            if let Command::Send { channel, message } = command {
                let answer = self.send(&channel, &message, report);
                let event = Event::Answered { channel, message, answer };
                queue.extend(self.desk.on(&event, (self.clock)()));
            }
        }
    }

    fn send(&self, channel: &str, message: &Message, report: &mut Report) -> Answer {
        match self.deliver.deliver(channel, message) {
            Ok(()) => {
                report.delivered += 1;
                Answer::Delivered
            }
            Err(error) => {
                report.failed += 1;
                Answer::Failed(chain(&error))
            }
        }
    }

    fn save(&mut self) -> Result<(), DispatchError> {
        let bytes = self.desk.state().encode().map_err(DispatchError::Encode)?;
        if self.kept.as_ref() != Some(&bytes) {
            self.kept = None;
            self.keep.save(&bytes).map_err(DispatchError::Save)?;
            self.kept = Some(bytes);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
