//! From a message to a channel that takes it, and what is known of the channels.
//!
//! Channels that work are asked first, in their order. A failure is at once looked at a second time while the message
//! goes on to the next channel: twice failed is an outage, told once through what still works. What no channel takes
//! is kept and tried again. Invariant: a message leaves the outbox only when a peer acknowledged it.

use super::super::alert::{Message, Observation, What};
use super::super::state::{ChannelState, HISTORY, Outgoing, Past};
use super::super::text;
use super::{Command, Commands, Desk, record};
use sanctum_types::{Severity, UnixTime};
use std::collections::BTreeSet;

/// First wait after a round that no channel took, in seconds; it doubles.
const FIRST_WAIT: i64 = 60;
/// The longest wait: as long as a house may do without hearing of an error.
const LONGEST_WAIT: i64 = 900;

/// Seconds until the next round; what is critical never waits longer than the first time.
pub(super) fn backoff(severity: Severity, rounds: u32) -> i64 {
    if severity == Severity::Critical {
        return FIRST_WAIT;
    }
    // Four doublings reach the longest wait.
    (FIRST_WAIT << rounds.saturating_sub(1).min(4)).min(LONGEST_WAIT)
}

impl Desk {
    /// Puts a message into the outbox and sends it on its way.
    pub(super) fn dispatch(
        &mut self,
        severity: Severity,
        what: What,
        now: UnixTime,
        out: &mut Commands,
    ) {
        let message = self.message(severity, what, now);
        let outgoing = Outgoing {
            message: message.clone(),
            tried: BTreeSet::new(),
            open: 0,
            rounds: 0,
            retry_at: Some(now),
        };
        self.state.outbox.insert(message.id, outgoing);
        self.next_channel(message.id, now, out);
    }

    fn message(&mut self, severity: Severity, what: What, now: UnixTime) -> Message {
        let id = self.state.next_id;
        self.state.next_id = id.saturating_add(1);
        Message { id, at: now, severity, what }
    }

    /// Asks the next channel of this round; without one, and with no answer to wait for, the round is over.
    fn next_channel(&mut self, id: u64, now: UnixTime, out: &mut Commands) {
        let works = |name: &&String| {
            self.state.channels.get(*name).is_none_or(|channel| channel.failures.is_empty())
        };
        let (living, failing): (Vec<&String>, Vec<&String>) =
            self.policy.channels.iter().partition(works);
        let Some(outgoing) = self.state.outbox.get_mut(&id) else { return };
        if self.policy.waits(outgoing.message.severity, now) {
            // The night came while it was on its way.
            outgoing.retry_at = Some(now);
            return;
        }
        let next = living.into_iter().chain(failing).find(|name| !outgoing.tried.contains(*name));
        if let Some(name) = next {
            outgoing.tried.insert(name.clone());
            outgoing.open += 1;
            outgoing.retry_at = None;
            out.push(Command::Send { channel: name.clone(), message: outgoing.message.clone() });
        } else if outgoing.open == 0 {
            outgoing.rounds = outgoing.rounds.saturating_add(1);
            outgoing.retry_at = Some(now.plus(backoff(outgoing.message.severity, outgoing.rounds)));
            // What goes on failing is one line of the history, not one a round.
            if outgoing.rounds == 1 {
                let past = past(&outgoing.message, None, now);
                self.remember(past);
            }
        }
    }

    /// Begins a new round for what waits long enough.
    pub(super) fn retry(&mut self, now: UnixTime, out: &mut Commands) {
        let due = |one: &Outgoing| one.open == 0 && one.retry_at.is_none_or(|at| at <= now);
        let ids: Vec<u64> =
            self.state.outbox.iter().filter(|(_, one)| due(one)).map(|(id, _)| *id).collect();
        for id in ids {
            if let Some(outgoing) = self.state.outbox.get_mut(&id) {
                outgoing.tried.clear();
            }
            self.next_channel(id, now, out);
        }
    }

    /// A peer took the message.
    pub(super) fn delivered(
        &mut self,
        name: &str,
        message: &Message,
        now: UnixTime,
        out: &mut Commands,
    ) {
        let channel = self.channel(name, now);
        channel.last_success = Some(now);
        let failures = std::mem::take(&mut channel.failures);
        let told = std::mem::replace(&mut channel.reported, false);
        out.push(record::sent(name, message));
        if self.state.outbox.remove(&message.id).is_some() {
            self.state.tally.sent += u64::from(matches!(message.what, What::Alert(_)));
            self.remember(past(message, Some(name), now));
        }
        if told {
            let since = failures.into_iter().next();
            let works = Observation {
                at: now,
                severity: Severity::Info,
                message: "the peer took a message again".to_owned(),
            };
            let since = since.map(|failure| Observation { severity: Severity::Info, ..failure });
            let seen = since.into_iter().chain([works]).collect();
            self.own(("alerts.channel-back", name), (seen, "sanctum alerts status"), now, out);
        }
    }

    /// It did not, or said nothing.
    pub(super) fn failed(
        &mut self,
        (name, why): (&str, &str),
        message: &Message,
        now: UnixTime,
        out: &mut Commands,
    ) {
        self.state.tally.failed += 1;
        out.push(record::failed(name, message));
        let waits = self.policy.waits(message.severity, now);
        let channel = self.channel(name, now);
        let first = channel.failures.is_empty();
        let again = first && !waits;
        let failure = Observation {
            at: now,
            severity: Severity::Error,
            message: super::super::alert::word(why),
        };
        channel.failures.truncate(1);
        channel.failures.push(failure);
        let twice = (!first && !channel.reported).then(|| channel.failures.clone());
        channel.reported |= twice.is_some();
        let open = self.state.outbox.get_mut(&message.id);
        if let Some(outgoing) = open {
            outgoing.open = outgoing.open.saturating_sub(1);
            // The second look has to be counted before the round can be found to be over.
            outgoing.open += u32::from(again);
            if first || outgoing.open == 0 {
                self.next_channel(message.id, now, out);
            }
        }
        if again {
            out.push(Command::Send { channel: name.to_owned(), message: message.clone() });
        }
        if let Some(seen) = twice {
            let next = format!("sanctum alerts test --channel {name}");
            self.own(("alerts.channel-dead", name), (seen, &next), now, out);
        }
    }

    /// Tries the channels that have been silent for their interval, and those that fail every quarter of an hour.
    pub(super) fn heartbeats(&mut self, now: UnixTime, out: &mut Commands) {
        self.state.channels.retain(|name, _| self.policy.channels.contains(name));
        for name in self.policy.channels.clone() {
            let (interval, pause) = (self.policy.heartbeat, self.policy.quiet_seconds());
            let channel = self.channel(&name, now);
            (channel.interval, channel.pause) = (interval, pause);
            let every = if channel.failures.is_empty() { interval } else { LONGEST_WAIT };
            let last = channel.last_heartbeat.max(channel.last_success);
            let due = last.is_none_or(|at| now.0.saturating_sub(at.0) >= every);
            // A popup is a popup, whatever it says: the night is kept for heartbeats too.
            if due && !self.policy.waits(Severity::Info, now) {
                self.channel(&name, now).last_heartbeat = Some(now);
                let message = self.message(Severity::Info, What::Heartbeat, now);
                out.push(Command::Send { channel: name, message });
            }
        }
    }

    fn channel(&mut self, name: &str, now: UnixTime) -> &mut ChannelState {
        self.state.channels.entry(name.to_owned()).or_insert_with(|| ChannelState::new(now))
    }

    fn remember(&mut self, past: Past) {
        self.state.history.push_back(past);
        while self.state.history.len() > HISTORY {
            self.state.history.pop_front();
        }
    }
}

fn past(message: &Message, channel: Option<&str>, now: UnixTime) -> Past {
    Past {
        id: message.id,
        at: now,
        severity: message.severity,
        title: text::title(message),
        channel: channel.map(str::to_owned),
    }
}
