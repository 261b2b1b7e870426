//! The frame of the journal's socket, and what is said in it.
//!
//! A frame is four bytes, big-endian, of a length between 1 and 65,536, and as many bytes of JSON. A [`Decoder`] never
//! holds more than one frame and what came with it. Texts of answers are words of [`Refusal`]. Deliberately absent:
//! sockets.

use crate::journal::{Durability, Head, MAX_LINE, StreamName};
use sanctum_types::{Action, Actor, AuditEvent, Digest, OperationId, Outcome, Phase, Severity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The largest frame: four times the largest line, because JSON may spell a character in six bytes.
pub const MAX_FRAME: usize = 4 * MAX_LINE;
/// The length before each frame.
const HEADER: usize = 4;

/// A length that no frame has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame has 1 to {MAX_FRAME} bytes, not {0}")]
pub struct BadLength(pub usize);

/// The frame of these bytes.
pub fn encode(bytes: &[u8]) -> Result<Vec<u8>, BadLength> {
    let length = u32::try_from(bytes.len()).map_err(|_| BadLength(bytes.len()))?;
    if bytes.is_empty() || bytes.len() > MAX_FRAME {
        return Err(BadLength(bytes.len()));
    }
    let mut frame = Vec::with_capacity(HEADER + bytes.len());
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(bytes);
    Ok(frame)
}

/// Takes bytes as they come and gives the frames in them.
#[derive(Debug, Default)]
pub struct Decoder {
    waiting: Vec<u8>,
}

impl Decoder {
    /// More bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    /// The next frame, when it is whole. After an error nothing of the stream can be understood any more.
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>, BadLength> {
        let Some((header, rest)) = self.waiting.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*header)).unwrap_or(usize::MAX);
        if length == 0 || length > MAX_FRAME {
            return Err(BadLength(length));
        }
        let Some(frame) = rest.get(..length).map(<[u8]>::to_vec) else { return Ok(None) };
        self.waiting.drain(..HEADER + length);
        Ok(Some(frame))
    }

    /// Whether a frame began and has not ended.
    #[must_use]
    pub fn is_midway(&self) -> bool {
        !self.waiting.is_empty()
    }
}

/// What a client asks, as it stands in a frame: `append`, `vouch` or `health`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    append: Option<Told>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    durability: Option<Wish>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    health: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vouch: Option<Seen>,
}

/// How far another stream has come, as root says it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    stream: String,
    id: String,
    seq: u64,
    tag: Digest,
}

/// An event as a client tells it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<Actor>,
    action: Action,
    subject: String,
    phase: PhaseWord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<OperationId>,
    outcome: Outcome,
    severity: Severity,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    details: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PhaseWord {
    Single,
    Started,
    Finished,
}

/// When the client would like its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Wish {
    Soon,
    Synced,
}

/// A request that is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Record this.
    Append {
        /// The event with the actor that the server recorded it for.
        event: AuditEvent,
        /// When to answer: never sooner than the kind of the event allows.
        durability: Durability,
    },
    /// Record how far another stream has come.
    Vouch(Head),
    /// How are you?
    Health,
}

/// The detail that holds who a client said it was, where it is somebody else.
pub const CLAIMED: &str = "claimed";

impl Request {
    /// What a frame asks; none when it cannot be understood. The event is of `actor`, whoever the client says it is.
    #[must_use]
    pub fn read(frame: &[u8], actor: &Actor) -> Option<Self> {
        let asked: Asked = serde_json::from_slice(frame).ok()?;
        match asked {
            Asked { append: None, durability: None, health: Some(true), vouch: None } => {
                Some(Self::Health)
            }
            Asked { append: None, durability: None, health: None, vouch: Some(seen) } => {
                seen.head().map(Self::Vouch)
            }
            Asked { append: Some(told), durability, health: None, vouch: None } => {
                let event = told.event(actor)?;
                let durability = match (durability, Durability::of(&event)) {
                    (Some(Wish::Synced), _) | (_, Durability::Synced) => Durability::Synced,
                    (Some(Wish::Soon) | None, Durability::Soon) => Durability::Soon,
                };
                Some(Self::Append { event, durability })
            }
            _ => None,
        }
    }

    /// The frame that hands in an event.
    pub fn append(event: &AuditEvent) -> Result<Vec<u8>, BadLength> {
        let (phase, operation) = match &event.phase {
            Phase::Single => (PhaseWord::Single, None),
            Phase::Started(id) => (PhaseWord::Started, Some(id.clone())),
            Phase::Finished(id) => (PhaseWord::Finished, Some(id.clone())),
        };
        let told = Told {
            actor: Some(event.actor.clone()),
            action: event.action.clone(),
            subject: event.subject.clone(),
            phase,
            operation,
            outcome: event.outcome,
            severity: event.severity,
            details: event.details.clone(),
        };
        frame(&Asked { append: Some(told), ..Asked::default() })
    }

    /// The frame that says how far another stream has come.
    pub fn vouch(head: &Head) -> Result<Vec<u8>, BadLength> {
        let Head { stream, id, seq, tag } = head.clone();
        frame(&Asked { vouch: Some(Seen { stream, id, seq, tag }), ..Asked::default() })
    }

    /// The frame that asks for the health.
    pub fn health() -> Result<Vec<u8>, BadLength> {
        frame(&Asked { health: Some(true), ..Asked::default() })
    }
}

impl Seen {
    /// A stream's name and what tells it from another are words of the journal's own, or it is no head.
    fn head(self) -> Option<Head> {
        let Self { stream, id, seq, tag } = self;
        let stream = StreamName::new(stream).ok()?.to_string();
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let known = (1..=64).contains(&id.len()) && id.bytes().all(hex);
        known.then_some(Head { stream, id, seq, tag })
    }
}

impl Told {
    fn event(self, actor: &Actor) -> Option<AuditEvent> {
        let phase = match (self.phase, self.operation) {
            (PhaseWord::Single, None) => Phase::Single,
            (PhaseWord::Started, Some(id)) => Phase::Started(id),
            (PhaseWord::Finished, Some(id)) => Phase::Finished(id),
            _ => return None,
        };
        let mut details = self.details;
        // The detail is the server's word alone.
        details.remove(CLAIMED);
        if let Some(claimed) = self.actor.filter(|claimed| claimed != actor) {
            details.insert(CLAIMED.to_owned(), claimed.into());
        }
        let (actor, action, subject) = (actor.clone(), self.action, self.subject);
        let (outcome, severity) = (self.outcome, self.severity);
        Some(AuditEvent { actor, action, subject, phase, outcome, severity, details })
    }
}

/// Why a request was not done: all that goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// The account may not append.
    NotAllowed,
    /// The frame or what is in it cannot be understood.
    Malformed,
    /// The event does not fit into a line, or is one that only the journal records.
    Unfit,
    /// It could not be recorded.
    NotRecorded,
    /// Too many are connected.
    Busy,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotAllowed => "this account may not append",
            Self::Malformed => "the request was not understood",
            Self::Unfit => "the event is not one that a client can hand in",
            Self::NotRecorded => "it could not be recorded",
            Self::Busy => "too many are connected",
        })
    }
}

/// How a service is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// Whether it can do its work.
    pub healthy: bool,
    /// The stream it appends to.
    pub stream: String,
    /// Events it recorded since it started.
    pub appended: u64,
    /// Who is connected now.
    pub connections: usize,
}

/// What the server answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// It is recorded.
    Recorded {
        /// Its number.
        seq: u64,
        /// In this stream.
        stream: String,
    },
    /// How the service is.
    Health {
        /// That.
        health: Health,
    },
    /// It was not done.
    Refused {
        /// Why.
        error: Refusal,
    },
}

impl Answer {
    /// The frame of an answer.
    pub fn frame(&self) -> Result<Vec<u8>, BadLength> {
        frame(self)
    }

    /// What a frame says; none when it is no answer.
    #[must_use]
    pub fn read(frame: &[u8]) -> Option<Self> {
        serde_json::from_slice(frame).ok()
    }
}

fn frame(value: &impl Serialize) -> Result<Vec<u8>, BadLength> {
    // Text, numbers and maps by text: nothing that JSON could not say.
    encode(&serde_json::to_vec(value).map_err(|_| BadLength(0))?)
}
