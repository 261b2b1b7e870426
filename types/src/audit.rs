//! What happened, in the words that every part of the house shares.
//!
//! An event says who did what to what and how it went; sequence, time and the chain are the journal's
//! (`sanctum_host::journal`). Only identifiers and kinds go in: never a secret, never personal data. An operation
//! that lasts is two events with one id, so that a start without an end is itself a finding.

use crate::Severity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who acted: `owner`, `job:secret-age-check`, `service:proxy`, `agent:builder`, `uid:501`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Actor(String);

/// What was done, as `part.verb`: `apply.run`, `doctor.fix`, `supervise.heal`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Action(String);

/// Ties the end of an operation to its start: 1 to 64 characters of `a-z 0-9 - . : _`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OperationId(String);

/// A word that is not of the form that the journal can carry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not 1 to 64 characters of a-z, 0-9, `-`, `.`, `:` and `_`")]
pub struct WordError(pub String);

/// A bound for words of the journal: long enough for `part.verb` and a label, short enough for a table.
const MAX_WORD: usize = 64;

fn word(text: String) -> Result<String, WordError> {
    let fits = (1..=MAX_WORD).contains(&text.len())
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:_".contains(&byte)
        });
    if fits { Ok(text) } else { Err(WordError(text)) }
}

macro_rules! words {
    ($($name:ident),*) => {$(
        impl $name {
            /// Accepts 1 to 64 characters of `a-z 0-9 - . : _`.
            pub fn new(text: impl Into<String>) -> Result<Self, WordError> {
                word(text.into()).map(Self)
            }

            /// The word.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = WordError;

            fn try_from(text: String) -> Result<Self, WordError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
words!(Actor, Action, OperationId);

/// Whether an event stands alone or is one end of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "phase", content = "operation")]
pub enum Phase {
    /// It happened at once.
    Single,
    /// It begins; a `Finished` with the same id must follow.
    Started(OperationId),
    /// It ended.
    Finished(OperationId),
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is not over.
    Pending,
    /// It did what it should.
    Ok,
    /// It did not.
    Failed,
    /// It was not allowed.
    Refused,
    /// It looked, and something is not as it should be.
    Found,
    /// It could not look.
    CouldNotCheck,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// Who.
    pub actor: Actor,
    /// Did what.
    pub action: Action,
    /// To what: a path, a service, a receipt; never a value.
    pub subject: String,
    /// Alone, or one end of an operation.
    #[serde(flatten)]
    pub phase: Phase,
    /// How it went.
    pub outcome: Outcome,
    /// How bad that is.
    pub severity: Severity,
    /// More identifiers and kinds, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

impl AuditEvent {
    /// The end of an operation of which this is the start, and which went so.
    #[must_use]
    pub fn ended(self, outcome: Outcome, severity: Severity) -> Self {
        let phase = match self.phase {
            Phase::Started(id) => Phase::Finished(id),
            other => other,
        };
        Self { phase, outcome, severity, ..self }
    }
}

/// The journal did not take the event: what it would have told of must not happen.
#[derive(Debug, thiserror::Error)]
#[error("the journal did not record `{action}`")]
pub struct NotRecorded {
    /// What was to be recorded.
    pub action: Action,
    /// Why not.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Takes events. It answers only after the event is as durable as its kind asks for.
pub trait AuditSink: Send + Sync {
    /// Records one event, or says that what it tells of must not happen.
    fn record(&self, event: &AuditEvent) -> Result<(), NotRecorded>;

    /// Records several events; one of them that is not recorded is enough for an error.
    fn record_all(&self, events: &[&AuditEvent]) -> Result<(), NotRecorded> {
        events.iter().try_for_each(|event| self.record(event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_flat_json_and_comes_back() {
        let event = AuditEvent {
            actor: Actor::new("owner").unwrap(),
            action: Action::new("apply.run").unwrap(),
            subject: "hub".to_owned(),
            phase: Phase::Started(OperationId::new("op-1").unwrap()),
            outcome: Outcome::Pending,
            severity: Severity::Info,
            details: BTreeMap::new(),
        };
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(
            text,
            r#"{"actor":"owner","action":"apply.run","subject":"hub","phase":"started","operation":"op-1","outcome":"pending","severity":"info"}"#
        );
        assert_eq!(serde_json::from_str::<AuditEvent>(&text).unwrap(), event);
    }

    #[test]
    fn a_word_that_could_break_a_line_or_a_table_is_refused() {
        for text in ["", "Owner", "a b", "a\nb", "ä", &"x".repeat(65)] {
            assert_eq!(Actor::new(text), Err(WordError(text.to_owned())));
        }
        assert!(Actor::new("service:proxy").is_ok());
    }
}
