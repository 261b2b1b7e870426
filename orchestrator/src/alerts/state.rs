//! Everything that the desk remembers, as one file with a format number.
//!
//! Only the desk changes it. Readers ask [`summary`] and [`stale`]. A file that cannot be read is not repaired:
//! the desk starts afresh and tells so, because an alert too many is cheaper than one that a half-read memory hid.

use super::alert::{Alert, Message, Observation, Waits};
use sanctum_types::{Digest, Finding, Severity, UnixTime};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The format of the file; an older one stays readable.
pub const FORMAT: u32 = 1;
/// How many of its heartbeats a channel may miss before it counts as silent.
pub const MISSED: i64 = 3;
/// How many past messages are remembered: a day of a full hourly cap of ten, rounded.
pub const HISTORY: usize = 240;
/// How many alerts wait by name; of more only the severity is counted.
pub const HELD: usize = 200;

/// The desk's memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Always [`FORMAT`].
    pub format: u32,
    /// Number of the next message.
    pub(super) next_id: u64,
    /// What was seen lately, by key.
    pub(super) watched: BTreeMap<Digest, Watched>,
    /// What waits for the digest.
    pub(super) held: Vec<Held>,
    /// What waits beyond [`HELD`], by severity.
    pub(super) beyond: BTreeMap<Severity, u64>,
    /// When messages that are not critical went out in the last hour.
    pub(super) spent: Vec<UnixTime>,
    /// Messages that no channel has taken yet.
    pub(super) outbox: BTreeMap<u64, Outgoing>,
    /// The channels, by name.
    pub(super) channels: BTreeMap<String, ChannelState>,
    /// What became of messages, the newest last.
    pub history: VecDeque<Past>,
    /// What became of everything that came in, since the file was begun.
    pub tally: Tally,
}

/// One thing that is or was wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Watched {
    pub(super) source: String,
    pub(super) authoritative: bool,
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) next: String,
    /// The latest sight of each severity.
    pub(super) seen: BTreeMap<Severity, Sight>,
    /// The last time that it was told, or put where it will be.
    pub(super) told: Option<Told>,
}

/// An observation, and whether it is part of something told already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sight {
    pub(super) observation: Observation,
    pub(super) waiting: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) severity: Severity,
    pub(super) at: UnixTime,
}

/// An alert that waits for the digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Why it waits.
    pub why: Waits,
    /// The alert.
    pub alert: Alert,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Outgoing {
    pub(super) message: Message,
    /// Channels that were asked in this round.
    pub(super) tried: BTreeSet<String>,
    /// Attempts that have not answered.
    pub(super) open: u32,
    /// Rounds in which no channel took it.
    pub(super) rounds: u32,
    /// When the next round begins, while none is under way.
    pub(super) retry_at: Option<UnixTime>,
}

/// What is known of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelState {
    /// When it was first seen.
    pub since: UnixTime,
    /// When a peer last took a message.
    pub last_success: Option<UnixTime>,
    /// When it was last tried only to see whether it works.
    pub last_heartbeat: Option<UnixTime>,
    /// Seconds between heartbeats.
    pub interval: i64,
    /// Seconds of a day in which no heartbeat goes out.
    pub pause: i64,
    /// The first and the latest failure since it last worked.
    pub failures: Vec<Observation>,
    /// Whether this outage was told.
    pub reported: bool,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Its number.
    pub id: u64,
    /// When.
    pub at: UnixTime,
    /// How bad.
    pub severity: Severity,
    /// Its title.
    pub title: String,
    /// Through which channel; none when no channel took it in that round.
    pub channel: Option<String>,
}

/// What became of everything. Nothing is lost: see the law in the desk's tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Observations that were taken in.
    pub accepted: u64,
    /// Observations that are part of an alert.
    pub used: u64,
    /// Observations that a later look took back.
    pub cleared: u64,
    /// Observations that nobody made a second time.
    pub unconfirmed: u64,
    /// Alerts that were made of observations.
    pub opened: u64,
    /// Alerts about channels and about this file.
    pub own: u64,
    /// Alerts that a channel took.
    pub sent: u64,
    /// Alerts that went into a digest.
    pub digested: u64,
    /// Alerts that were told in a digest as a number only.
    pub counted: u64,
    /// Alerts that the hourly cap held back; they are in one of the others too.
    pub capped: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Events about alerts that the journal did not take.
    pub unrecorded: u64,
}

/// Why a state file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Not the JSON of this format.
    #[error("the file of alerts is damaged")]
    Damaged(#[source] serde_json::Error),
    /// Written by a newer sanctum.
    #[error("the file of alerts has format {0}; this sanctum reads {FORMAT}")]
    Format(u32),
    /// It was there a moment ago.
    #[error("the file of alerts is gone")]
    Gone,
}

impl Default for State {
    fn default() -> Self {
        Self {
            format: FORMAT,
            next_id: 1,
            watched: BTreeMap::new(),
            held: Vec::new(),
            beyond: BTreeMap::new(),
            spent: Vec::new(),
            outbox: BTreeMap::new(),
            channels: BTreeMap::new(),
            history: VecDeque::new(),
            tally: Tally::default(),
        }
    }
}

impl State {
    /// Reads a file.
    ///
    /// # Errors
    /// It is damaged or of a newer format.
    pub fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let head: Head = serde_json::from_slice(bytes).map_err(StateError::Damaged)?;
        if head.format != FORMAT {
            return Err(StateError::Format(head.format));
        }
        serde_json::from_slice(bytes).map_err(StateError::Damaged)
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// Never with the types of this module; the error is that of the writer.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// What waits for the digest.
    #[must_use]
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    /// What was seen once and waits for a second look: source, kind, subject and the sight.
    pub fn pending(&self) -> impl Iterator<Item = (&str, &str, &str, &Observation)> {
        self.watched.values().flat_map(|one| {
            let waiting = one.seen.values().filter(|sight| sight.waiting);
            waiting.map(|sight| (&*one.source, &*one.kind, &*one.subject, &sight.observation))
        })
    }

    /// Messages that no channel has taken yet.
    pub fn undelivered(&self) -> impl Iterator<Item = &Message> {
        self.outbox.values().map(|one| &one.message)
    }

    /// What is known of a channel.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&ChannelState> {
        self.channels.get(name)
    }
}

impl ChannelState {
    /// A channel that was never tried.
    pub(super) const fn new(now: UnixTime) -> Self {
        Self {
            since: now,
            last_success: None,
            last_heartbeat: None,
            interval: 0,
            pause: 0,
            failures: Vec::new(),
            reported: false,
        }
    }

    /// Seconds since it last worked, or since it is there.
    #[must_use]
    pub fn age(&self, now: UnixTime) -> i64 {
        now.0.saturating_sub(self.last_success.unwrap_or(self.since).0).max(0)
    }

    /// Whether it has been silent for longer than it ever should be.
    #[must_use]
    pub fn is_stale(&self, now: UnixTime) -> bool {
        self.interval > 0
            && self.age(now) > self.interval.saturating_mul(MISSED).saturating_add(self.pause)
    }
}

/// Channels that have been silent for too long, as findings: nobody might hear what is told.
#[must_use]
pub fn stale(state: &State, now: UnixTime) -> Vec<Finding> {
    let silent = state.channels.iter().filter(|(_, channel)| channel.is_stale(now));
    silent
        .map(|(name, channel)| Finding {
            severity: Severity::Error,
            kind: "alerts.channel-stale".to_owned(),
            subject: name.clone(),
            message: match channel.last_success {
                Some(_) => format!("nothing was delivered for {} s", channel.age(now)),
                None => format!("nothing was ever delivered, in {} s", channel.age(now)),
            },
            hint: Some(format!("sanctum alerts test --channel {name}")),
        })
        .collect()
}

/// The state in a few numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Each channel.
    pub channels: Vec<ChannelSummary>,
    /// Seen once, waiting for a second look.
    pub pending: usize,
    /// Waiting for the digest.
    pub held: u64,
    /// Of those, held back by the hourly cap.
    pub capped: usize,
    /// Waiting for a channel that works.
    pub undelivered: usize,
    /// Messages that are not critical in the last hour.
    pub last_hour: usize,
    /// The last message that a channel took.
    pub last: Option<Past>,
    /// What became of everything.
    pub tally: Tally,
}

/// One channel in a few numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelSummary {
    /// Its name.
    pub name: String,
    /// When a peer last took a message.
    pub last_success: Option<UnixTime>,
    /// Seconds since then, or since it is there.
    pub age: i64,
    /// Seconds between heartbeats.
    pub interval: i64,
    /// It has been silent for too long.
    pub stale: bool,
    /// Since when it fails, if it does.
    pub failing_since: Option<UnixTime>,
}

/// The state in a few numbers, for whoever shows it.
#[must_use]
pub fn summary(state: &State, now: UnixTime) -> Summary {
    let channels = state.channels.iter().map(|(name, one)| ChannelSummary {
        name: name.clone(),
        last_success: one.last_success,
        age: one.age(now),
        interval: one.interval,
        stale: one.is_stale(now),
        failing_since: one.failures.first().map(|failure| failure.at),
    });
    let held = u64::try_from(state.held.len()).unwrap_or(u64::MAX);
    Summary {
        channels: channels.collect(),
        pending: state.pending().count(),
        held: state.beyond.values().fold(held, |sum, more| sum.saturating_add(*more)),
        capped: state.held.iter().filter(|one| one.why == Waits::Capped).count(),
        undelivered: state.outbox.len(),
        last_hour: state.spent.iter().filter(|at| now.0.saturating_sub(at.0) < 3600).count(),
        last: state.history.iter().rev().find(|past| past.channel.is_some()).cloned(),
        tally: state.tally,
    }
}
