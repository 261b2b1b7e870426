//! The desk: a pure state machine that decides what is told, when and through which channel.
//!
//! `on(event, now)` gives commands; nothing is sent, written or timed here. Its laws, each a property test: what is
//! critical is neither dropped nor delayed; an hour has at most its cap of other messages; a raised severity is
//! never hidden; no severity below the floor goes out in quiet hours; a restart changes nothing; nothing is lost.
//! Two sights confirm: an alert is as bad as both agree on, so that one flaky look wakes nobody.

mod confirm;
mod digest;
mod record;
mod route;

use super::alert::{self, Alert, Message, Observation, Source, Waits, What};
use super::policy::Policy;
use super::state::{HELD, Held, State, StateError, Told};
use confirm::Sighting;
use sanctum_types::{AuditEvent, Digest, Finding, Severity, UnixTime};
use std::collections::BTreeSet;

/// The hour that the cap is about, in seconds.
const HOUR: i64 = 3600;
/// When this many messages wait for a channel, what is not critical joins the digest: the memory stays small.
const STUCK: usize = 50;

/// What the desk is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something was found.
    Observed {
        /// What.
        finding: Finding,
        /// By whom.
        source: Source,
    },
    /// A source looked at everything it looks at: what it finds, and that the rest is well.
    Looked {
        /// Who.
        source: Source,
        /// Everything that it found.
        findings: Vec<Finding>,
    },
    /// A channel took a message, or did not.
    Answered {
        /// Which channel.
        channel: String,
        /// Which message.
        message: Message,
        /// How it went.
        answer: Answer,
    },
    /// Events about alerts were not recorded by the journal.
    NotRecorded {
        /// How many.
        count: u64,
    },
    /// Time went by.
    Tick,
}

/// What a channel said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The peer acknowledged the message.
    Delivered,
    /// It did not; in words without secrets.
    Failed(String),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Carry a message to a channel and come back with its answer.
    Send {
        /// Which channel.
        channel: String,
        /// What.
        message: Message,
    },
    /// Tell the journal.
    Record(AuditEvent),
}

/// The state machine: the rules and the memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    policy: Policy,
    state: State,
}

type Commands = Vec<Command>;

impl Desk {
    /// A desk that remembers nothing.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, state: State::default() }
    }

    /// A desk that goes on where another ended. Attempts that were under way then are made again.
    #[must_use]
    pub fn resumed(policy: Policy, mut state: State, now: UnixTime) -> Self {
        for outgoing in state.outbox.values_mut().filter(|outgoing| outgoing.open > 0) {
            outgoing.open = 0;
            outgoing.retry_at = Some(now);
        }
        Self { policy, state }
    }

    /// A desk whose memory could not be read: it starts afresh, and the first thing it tells is that.
    #[must_use]
    pub fn after_loss(
        policy: Policy,
        (once, again): (&StateError, &StateError),
        now: UnixTime,
    ) -> (Self, Vec<Command>) {
        let mut desk = Self::new(policy);
        let mut out = Vec::new();
        let said = |why: &StateError| {
            let text = format!("{why}: what waited or was told before is not known any more");
            observed(now, Severity::Error, &text)
        };
        let seen = vec![said(once), said(again)];
        desk.own(("alerts.state-lost", "state"), (seen, "sanctum alerts status"), now, &mut out);
        (desk, out)
    }

    /// The memory.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The rules.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Something was found.
    pub fn raise(&mut self, finding: &Finding, source: &Source, now: UnixTime) -> Vec<Command> {
        self.on(&Event::Observed { finding: finding.clone(), source: source.clone() }, now)
    }

    /// An event of the journal, which may be worth an alert.
    pub fn heard(&mut self, event: &AuditEvent, now: UnixTime) -> Vec<Command> {
        match alert::of_event(event) {
            // What lints see stands from look to look, and this is one more sight of it.
            Some((finding, source)) if source.name == alert::DOCTOR => {
                let mut out = Vec::new();
                self.straighten(now);
                self.observe(&finding, (&source, Sighting::Look), now, &mut out);
                out
            }
            Some((finding, source)) => self.on(&Event::Observed { finding, source }, now),
            None => Vec::new(),
        }
    }

    /// Time went by.
    pub fn tick(&mut self, now: UnixTime) -> Vec<Command> {
        self.on(&Event::Tick, now)
    }

    /// Decides.
    pub fn on(&mut self, event: &Event, now: UnixTime) -> Vec<Command> {
        let mut out = Vec::new();
        self.straighten(now);
        match event {
            Event::Observed { finding, source } => {
                self.observe(finding, (source, Sighting::Single), now, &mut out);
            }
            Event::Looked { source, findings } => {
                let seen: BTreeSet<Digest> = findings
                    .iter()
                    .filter_map(|finding| {
                        self.observe(finding, (source, Sighting::Look), now, &mut out)
                    })
                    .collect();
                self.clear(&source.name, &seen);
            }
            Event::Answered { channel, message, answer } => match answer {
                Answer::Delivered => self.delivered(channel, message, now, &mut out),
                Answer::Failed(why) => self.failed((channel, why), message, now, &mut out),
            },
            Event::NotRecorded { count } => {
                self.state.tally.unrecorded = self.state.tally.unrecorded.saturating_add(*count);
                let said = "the journal did not record what became of an alert";
                let seen = vec![observed(now, Severity::Error, said)];
                self.own(
                    ("alerts.not-recorded", "journal"),
                    (seen, "sanctum audit verify"),
                    now,
                    &mut out,
                );
            }
            Event::Tick => self.pass(now, &mut out),
        }
        out
    }

    fn pass(&mut self, now: UnixTime, out: &mut Commands) {
        self.expire(now);
        self.retry(now, out);
        self.digest(now, out);
        self.heartbeats(now, out);
    }

    /// Times of the future are taken for now: a clock that was set back must not silence the house until then.
    fn straighten(&mut self, now: UnixTime) {
        let state = &mut self.state;
        let no_later = |at: &mut UnixTime| *at = (*at).min(now);
        state.spent.retain(|at| now.0.saturating_sub(at.0) < HOUR);
        state.spent.iter_mut().for_each(no_later);
        for one in state.watched.values_mut() {
            one.told.iter_mut().for_each(|told| no_later(&mut told.at));
            one.seen.values_mut().for_each(|sight| no_later(&mut sight.observation.at));
        }
        for outgoing in state.outbox.values_mut() {
            let latest = now.plus(route::backoff(outgoing.message.severity, outgoing.rounds));
            outgoing.retry_at.iter_mut().for_each(|at| *at = (*at).min(latest));
        }
        for channel in state.channels.values_mut() {
            no_later(&mut channel.since);
            channel.last_success.iter_mut().for_each(no_later);
            channel.last_heartbeat.iter_mut().for_each(no_later);
        }
    }

    /// Where every alert passes: at once, or into the digest with the reason.
    fn admit(&mut self, alert: Alert, now: UnixTime, out: &mut Commands) {
        if alert.severity == Severity::Critical {
            return self.dispatch(alert.severity, What::Alert(alert), now, out);
        }
        if self.policy.waits(alert.severity, now) {
            return self.hold(Waits::Quiet, alert);
        }
        if self.state.spent.len() >= self.policy.hourly_cap {
            self.state.tally.capped += 1;
            out.push(record::capped(&alert));
            return self.hold(Waits::Capped, alert);
        }
        if self.state.outbox.len() >= STUCK {
            return self.hold(Waits::NoChannel, alert);
        }
        self.state.spent.push(now);
        self.dispatch(alert.severity, What::Alert(alert), now, out);
    }

    fn hold(&mut self, why: Waits, alert: Alert) {
        if self.state.held.len() < HELD {
            self.state.held.push(Held { why, alert });
        } else {
            *self.state.beyond.entry(alert.severity).or_default() += 1;
        }
    }

    /// An alert of the desk's own, which needs no confirmation and is told again only after the dedup window.
    fn own(
        &mut self,
        (kind, subject): (&str, &str),
        (seen, next): (Vec<Observation>, &str),
        now: UnixTime,
        out: &mut Commands,
    ) {
        let severity = seen.iter().map(|one| one.severity).max().unwrap_or(Severity::Error);
        let alert = Alert {
            severity,
            source: "alerts".to_owned(),
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            observed: seen,
            next: next.to_owned(),
            repeats: 0,
        };
        let watched = confirm::watched(&mut self.state, &alert);
        let within = |told: &Told| now.0.saturating_sub(told.at.0) < self.policy.dedup;
        if watched.told.as_ref().is_some_and(within) {
            return;
        }
        watched.told = Some(Told { severity, at: now });
        self.state.tally.own += 1;
        self.admit(alert, now, out);
    }
}

fn observed(at: UnixTime, severity: Severity, message: &str) -> Observation {
    Observation { at, severity, message: message.to_owned() }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
