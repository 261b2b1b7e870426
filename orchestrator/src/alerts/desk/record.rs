//! What the journal is told of an alert: its kind and subject, its number and channel; never what it says.

use super::super::alert::{Alert, Message, OWN_ACTIONS, What};
use super::Command;
use sanctum_types::{Action, Actor, AuditEvent, Outcome, Phase, Severity};
use std::collections::BTreeMap;

/// A channel took the message.
pub(super) fn sent(channel: &str, message: &Message) -> Command {
    let severity = Severity::Info;
    record("sent", Outcome::Ok, severity, (&subject(message), of(channel, message)))
}

/// It did not. The words of the failure stay out: they can hold what a peer said.
pub(super) fn failed(channel: &str, message: &Message) -> Command {
    let severity = message.severity.max(Severity::Warn);
    record("failed", Outcome::Failed, severity, (&subject(message), of(channel, message)))
}

/// The hour was full.
pub(super) fn capped(alert: &Alert) -> Command {
    let details = BTreeMap::from([("kind".to_owned(), alert.kind.clone())]);
    record("capped", Outcome::Refused, Severity::Info, (&alert.subject, details))
}

fn subject(message: &Message) -> String {
    match &message.what {
        What::Alert(alert) => alert.subject.clone(),
        What::Digest { .. } => "digest".to_owned(),
        What::Heartbeat => "heartbeat".to_owned(),
        What::Test => "test".to_owned(),
    }
}

fn of(channel: &str, message: &Message) -> BTreeMap<String, String> {
    let mut details = BTreeMap::from([
        ("channel".to_owned(), channel.to_owned()),
        ("message".to_owned(), message.id.to_string()),
    ]);
    if let What::Alert(alert) = &message.what {
        details.insert("kind".to_owned(), alert.kind.clone());
    }
    details
}

fn record(
    verb: &str,
    outcome: Outcome,
    severity: Severity,
    (subject, details): (&str, BTreeMap<String, String>),
) -> Command {
    #[expect(clippy::expect_used, reason = "fixed words of the journal's alphabet; tested")]
    let (actor, action) = (
        Actor::new("service:alerts").expect("a word"),
        Action::new(format!("{OWN_ACTIONS}{verb}")).expect("a word"),
    );
    let subject = subject.to_owned();
    let phase = Phase::Single;
    Command::Record(AuditEvent { actor, action, subject, phase, outcome, severity, details })
}
