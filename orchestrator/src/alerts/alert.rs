//! An alert and the messages that carry it: plain data, bounded, on one line a field, without secrets.
//!
//! Whatever comes in from outside passes [`clean`] before it is kept, so that a state file, a journal or a message
//! can hold neither a credential that some tool printed nor a line break that would forge a second line.

use crate::doctor::catalogue;
use crate::doctor::lint::Found;
use sanctum_host::Blobs;
use sanctum_types::{AuditEvent, Digest, Finding, Outcome, Phase, Severity, UnixTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Kinds of alerts that alerts raise about themselves; a finding of such a kind is never taken in.
pub const OWN: &str = "alerts.";
/// Actions of the journal that alerts write themselves.
pub const OWN_ACTIONS: &str = "alert.";
/// The detail of an event that names the lint which finds the same thing.
pub const LINT: &str = "lint";
/// Actions whose events may name one.
const ROTATION: &str = "secrets.rotation-";
/// What the vault records where an agent's access waits for the owner.
const QUESTION: &str = "vault.approval-ask";
/// The source of what lints find.
pub const DOCTOR: &str = "doctor";
/// As long as a subject such as a path is worth being in a title.
const MAX_WORD: usize = 200;
/// ntfy takes messages of 4096 bytes before it makes an attachment of them; two of these and their frame fit.
const MAX_TEXT: usize = 700;

/// Who observed something, and how much a single word of theirs counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Such as `doctor` or `service:proxy`.
    pub name: String,
    /// It tells what it did or refused itself, rather than what one look at something else gave.
    pub authoritative: bool,
    /// It waits for an answer of the owner's: the question is told when it is asked, as far as quiet hours and the cap let it.
    pub asks: bool,
}

impl Source {
    /// One that looks at something else, and can be wrong once.
    pub fn looks(name: impl Into<String>) -> Self {
        Self { name: name.into(), authoritative: false, asks: false }
    }

    /// One that tells of itself.
    pub fn knows(name: impl Into<String>) -> Self {
        Self { name: name.into(), authoritative: true, asks: false }
    }

    /// One that asks for the owner's word.
    pub fn asks(name: impl Into<String>) -> Self {
        Self { asks: true, ..Self::knows(name) }
    }
}

/// One sight of something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// When.
    pub at: UnixTime,
    /// How bad it was then.
    pub severity: Severity,
    /// What was seen.
    pub message: String,
}

/// One thing that is wrong, as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// How bad: as bad as both observations agree on.
    pub severity: Severity,
    /// Who saw it.
    pub source: String,
    /// What kind of thing.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// Two sights of it, the older first; one only where a source that knows calls it critical, or asks.
    pub observed: Vec<Observation>,
    /// The next command to run.
    pub next: String,
    /// How often it was seen beyond those.
    pub repeats: u64,
}

impl Alert {
    /// What makes two alerts the same.
    #[must_use]
    pub fn key(&self) -> Digest {
        key(&self.source, &self.kind, &self.subject)
    }
}

/// SHA-256 over source, kind and subject; the zero byte keeps `ab` + `c` apart from `a` + `bc`.
#[must_use]
pub fn key(source: &str, kind: &str, subject: &str) -> Digest {
    Blobs::digest([source, kind, subject].join("\0").as_bytes())
}

/// Why something waits for the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waits {
    /// It came in quiet hours.
    Quiet,
    /// The hour was full.
    Capped,
    /// A source that knows said it once and never again.
    SeenOnce,
    /// Too much waited for a channel that works.
    NoChannel,
}

/// What goes to a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its number; every attempt to carry it has the same.
    pub id: u64,
    /// When it was made.
    pub at: UnixTime,
    /// How bad the worst thing in it is.
    pub severity: Severity,
    /// What it says.
    pub what: What,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// One alert.
    Alert(Alert),
    /// What was held or capped, in one message.
    Digest {
        /// The alerts, and why each waited.
        items: Vec<(Waits, Alert)>,
        /// How many more there were, of which only the severity is known.
        beyond: BTreeMap<Severity, u64>,
    },
    /// That the channel works.
    Heartbeat,
    /// That a person asked whether the channel works.
    Test,
}

/// A text of others on one line, without credentials and control characters, and bounded.
fn clean(text: &str, limit: usize) -> String {
    let redacted = sanctum_firewall::redact(text).text;
    // U+2028 and U+2029 end a line for many readers and are no control characters.
    let one_line = redacted.chars().map(|c| {
        let breaks = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        if breaks { ' ' } else { c }
    });
    let mut kept: String = one_line.take(limit).collect();
    if redacted.chars().nth(limit).is_some() {
        kept.pop();
        kept.push('…');
    }
    kept
}

/// A name as it is kept.
pub(super) fn word(text: &str) -> String {
    clean(text, MAX_WORD)
}

/// The finding with every text of it made fit to be kept, or nothing when alerts themselves caused it.
pub(super) fn taken_in(finding: &Finding, source: &Source) -> Option<(Finding, Source)> {
    let own = finding.kind.starts_with(OWN) || source.name == "alerts";
    let next = finding.hint.as_deref().filter(|hint| !hint.trim().is_empty());
    (!own).then(|| {
        let finding = Finding {
            severity: finding.severity,
            kind: word(&finding.kind),
            subject: word(&finding.subject),
            message: clean(&finding.message, MAX_TEXT),
            // Where nobody says what to do, the first thing is a look at the whole house.
            hint: Some(clean(next.unwrap_or("sanctum doctor"), MAX_TEXT)),
        };
        let name = word(&source.name);
        (finding, Source { name, ..*source })
    })
}

/// What an event of the journal is as a finding: worth a look or worse, over, and not written by alerts.
///
/// The actor knows what it did, so one event is enough where it is critical.
#[must_use]
pub fn of_event(event: &AuditEvent) -> Option<(Finding, Source)> {
    let began = matches!(event.phase, Phase::Started(_)) || event.outcome == Outcome::Pending;
    if event.severity < Severity::Warn || began || event.action.as_str().starts_with(OWN_ACTIONS) {
        return None;
    }
    if let Some(known) = of_lint(event).or_else(|| of_question(event)) {
        return Some(known);
    }
    let how = match event.outcome {
        Outcome::Pending => "is not over",
        Outcome::Ok => "was done",
        Outcome::Failed => "failed",
        Outcome::Refused => "was refused",
        Outcome::Found => "found something",
        Outcome::CouldNotCheck => "could not look",
    };
    let finding = Finding {
        severity: event.severity,
        kind: event.action.as_str().to_owned(),
        subject: event.subject.clone(),
        message: format!("{} {how}, by {}", event.action, event.actor),
        hint: Some(format!("sanctum audit --last 1h --actor {}", event.actor)),
    };
    Some((finding, Source::knows(event.actor.as_str())))
}

/// An event of what a lint finds as well is a sight of the same thing: told once, whoever saw it first.
fn of_lint(event: &AuditEvent) -> Option<(Finding, Source)> {
    // Only a rotation says so of itself: no other actor speaks in doctor's name.
    let id = event.details.get(LINT).filter(|_| event.action.as_str().starts_with(ROTATION))?;
    let lint = catalogue::all().into_iter().find(|lint| lint.id == id)?;
    let why = event.details.get("why");
    let found = Found {
        subject: event.subject.clone(),
        message: why.map_or_else(|| event.action.to_string(), Clone::clone),
        hint: event.details.get("next").cloned(),
    };
    // Whoever records it knows it. Until doctor looked too, one word is as much as it is for every actor.
    Some((lint.finding(found), Source::knows(DOCTOR)))
}

/// What waits for the owner's word: told once for each thing that is asked for, with the command that decides.
fn of_question(event: &AuditEvent) -> Option<(Finding, Source)> {
    let detail = |name: &str| event.details.get(name).filter(|_| event.action.as_str() == QUESTION);
    let (operation, id) = (detail("operation")?, detail("approval")?);
    let target = detail("target").map(|target| format!(" ({target})")).unwrap_or_default();
    let (actor, path) = (&event.actor, &event.subject);
    let finding = Finding {
        severity: event.severity,
        kind: QUESTION.to_owned(),
        subject: format!("{operation} {path}{target}"),
        message: format!("{actor} asks for {operation} of {path}{target}; it waits as {id}"),
        hint: Some("sanctum vault approve".to_owned()),
    };
    Some((finding, Source::asks(actor.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanctum_types::{Action, Actor};

    fn finding(kind: &str, message: &str) -> Finding {
        let (kind, message) = (kind.to_owned(), message.to_owned());
        Finding { severity: Severity::Error, kind, subject: "a".to_owned(), message, hint: None }
    }

    #[test]
    fn what_comes_in_is_redacted_bounded_and_on_one_line() {
        // In two halves, so that no scanner takes this file for a leak.
        let token = ["ghp_", "OZsOy0AG9b8DR3p1qGU5XWwqsOJKoy", "07ECmi"].concat();
        let told = format!("a {token}\nforged: line\u{2028}x {}", "y".repeat(2000));
        let (taken, _) = taken_in(&finding("a.b", &told), &Source::looks("doctor")).expect("taken");
        assert!(!taken.message.contains("OZsOy0"), "{}", taken.message);
        assert!(!taken.message.contains(['\n', '\u{2028}']), "{}", taken.message);
        assert_eq!(taken.message.chars().count(), MAX_TEXT);
        assert_eq!(taken.hint.as_deref(), Some("sanctum doctor"));
    }

    #[test]
    fn alerts_about_alerts_are_not_taken_in() {
        let doctor = Source::looks("doctor");
        assert_eq!(taken_in(&finding("alerts.channel-dead", "x"), &doctor), None);
        assert_eq!(taken_in(&finding("a.b", "x"), &Source::looks("alerts")), None);
        assert!(taken_in(&finding("alert-of-others", "x"), &doctor).is_some());
    }

    #[test]
    fn only_what_is_over_and_worth_a_look_comes_from_the_journal() {
        let event = |action: &str, severity, outcome| AuditEvent {
            actor: Actor::new("service:proxy").unwrap(),
            action: Action::new(action).unwrap(),
            subject: "hub".to_owned(),
            phase: Phase::Single,
            outcome,
            severity,
            details: BTreeMap::new(),
        };
        let table = [
            (event("apply.run", Severity::Warn, Outcome::Failed), true),
            (event("apply.run", Severity::Info, Outcome::Failed), false),
            (event("apply.run", Severity::Critical, Outcome::Pending), false),
            (event("alert.failed", Severity::Critical, Outcome::Failed), false),
        ];
        for (event, told) in table {
            assert_eq!(of_event(&event).is_some(), told, "{event:?}");
        }
        let (found, source) =
            of_event(&event("apply.run", Severity::Error, Outcome::Failed)).unwrap();
        assert_eq!(found.message, "apply.run failed, by service:proxy");
        assert!(source.authoritative);
    }

    #[test]
    fn what_a_lint_finds_too_is_that_lints_finding() {
        let lint = "secrets/old-key-off";
        let event = |id: &str| AuditEvent {
            actor: Actor::new("job:rotate").unwrap(),
            action: Action::new("secrets.rotation-queued").unwrap(),
            subject: "token".to_owned(),
            phase: Phase::Single,
            outcome: Outcome::Found,
            severity: Severity::Error,
            details: [(LINT, id), ("why", "it is not gone"), ("next", "sanctum rotate token")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        };
        let (found, source) = of_event(&event(lint)).unwrap();
        assert_eq!(key(&source.name, &found.kind, &found.subject), key(DOCTOR, lint, "token"));
        assert_eq!(
            (found.message.as_str(), found.hint.as_deref()),
            ("it is not gone", Some("sanctum rotate token"))
        );
        let mut other = event(lint);
        other.action = Action::new("service.start").unwrap();
        assert_eq!(of_event(&other).unwrap().1.name, "job:rotate", "nobody else speaks for doctor");
        let (found, source) = of_event(&event("secrets/no-such-lint")).unwrap();
        assert_eq!(
            (source.name.as_str(), found.kind.as_str()),
            ("job:rotate", "secrets.rotation-queued")
        );
    }

    #[test]
    fn keys_do_not_run_into_each_other() {
        assert_ne!(key("ab", "c", "d"), key("a", "bc", "d"));
        assert_eq!(key("a", "b", "c"), key("a", "b", "c"));
    }
}
