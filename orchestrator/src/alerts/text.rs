//! A message in words: a title of one line, a body, and the fields that templates of webhooks may name.
//!
//! The words stand in `templates/alerts/`. Times are the house's, with their zone.

use super::alert::{Alert, Message, Waits, What};
use super::policy::Policy;
use crate::render::template::{TemplateError, fill};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sanctum_types::{Severity, UnixTime};
use serde::Serialize;
use std::collections::BTreeMap;

/// Where the words of one house differ from another's.
#[derive(Clone, Debug)]
pub struct Voice {
    /// The house's name.
    pub house: String,
    /// The machine that speaks.
    pub node: String,
    /// The house's zone.
    pub zone: TimeZone,
}

impl Voice {
    /// The voice of a node under a policy.
    #[must_use]
    pub fn new(house: &str, node: &str, policy: &Policy) -> Self {
        Self { house: house.to_owned(), node: node.to_owned(), zone: policy.zone.clone() }
    }
}

/// A severity as every peer of this house writes it.
#[must_use]
pub const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warn => "warn",
        Severity::Error => "error",
        Severity::Critical => "critical",
    }
}

/// The title, on one line.
#[must_use]
pub fn title(message: &Message) -> String {
    match &message.what {
        What::Alert(alert) => {
            format!("{}: {} ({})", severity(alert.severity), alert.kind, alert.subject)
        }
        What::Digest { items, beyond } => {
            let named = u64::try_from(items.len()).unwrap_or(u64::MAX);
            let all = beyond.values().fold(named, |sum, more| sum.saturating_add(*more));
            format!("digest: {all} {} waited", if all == 1 { "alert" } else { "alerts" })
        }
        What::Heartbeat => "this channel works".to_owned(),
        What::Test => "a test of this channel".to_owned(),
    }
}

/// The body.
///
/// # Errors
/// A template does not fit what is offered to it, which a test would have shown.
pub fn body(message: &Message, voice: &Voice) -> Result<String, TemplateError> {
    let text = match &message.what {
        What::Alert(alert) => {
            let shown = shown(alert, voice);
            fill("alert.txt", include_str!("../../../templates/alerts/alert.txt.hbs"), &shown)?
        }
        What::Digest { items, beyond } => {
            let items: Vec<Item> = items
                .iter()
                .map(|(why, alert)| Item { why: words(*why), alert: shown(alert, voice) })
                .collect();
            let beyond: Vec<Beyond> = beyond
                .iter()
                .rev()
                .map(|(one, count)| Beyond { severity: severity(*one), count: *count })
                .collect();
            let digest = Digest { items, beyond };
            fill("digest.txt", include_str!("../../../templates/alerts/digest.txt.hbs"), &digest)?
        }
        What::Heartbeat | What::Test => {
            let at = time(message.at, &voice.zone);
            let text = include_str!("../../../templates/alerts/heartbeat.txt.hbs");
            fill("heartbeat.txt", text, &BTreeMap::from([("at", &at), ("node", &voice.node)]))?
        }
    };
    Ok(text.trim_end().to_owned())
}

/// What a template may name. All of them exist for every message, so that one that renders once renders always.
pub const FIELDS: [&str; 11] = [
    "at", "house", "id", "kind", "message", "next", "node", "severity", "source", "subject",
    "title",
];

/// The fields of a message.
///
/// # Errors
/// As [`body`].
pub fn fields(
    message: &Message,
    voice: &Voice,
) -> Result<BTreeMap<&'static str, String>, TemplateError> {
    let (kind, subject, source, next) = match &message.what {
        What::Alert(alert) => (&*alert.kind, &*alert.subject, &*alert.source, &*alert.next),
        What::Digest { .. } => ("alerts.digest", "digest", "alerts", "sanctum alerts history"),
        What::Heartbeat => ("alerts.heartbeat", "heartbeat", "alerts", "sanctum alerts status"),
        What::Test => ("alerts.test", "test", "alerts", "sanctum alerts status"),
    };
    let values = [
        time(message.at, &voice.zone),
        voice.house.clone(),
        message.id.to_string(),
        kind.to_owned(),
        body(message, voice)?,
        next.to_owned(),
        voice.node.clone(),
        severity(message.severity).to_owned(),
        format!("sanctum/{}/{source}", voice.node),
        subject.to_owned(),
        title(message),
    ];
    Ok(FIELDS.into_iter().zip(values).collect())
}

/// A time of the house with its zone.
#[must_use]
pub fn time(at: UnixTime, zone: &TimeZone) -> String {
    let Ok(stamp) = Timestamp::from_second(at.0) else { return format!("{} s", at.0) };
    stamp.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

#[derive(Serialize)]
struct Shown {
    severity: &'static str,
    kind: String,
    subject: String,
    source: String,
    observed: Vec<Seen>,
    repeats: u64,
    next: String,
    node: String,
}

#[derive(Serialize)]
struct Seen {
    at: String,
    severity: &'static str,
    message: String,
}

#[derive(Serialize)]
struct Digest {
    items: Vec<Item>,
    beyond: Vec<Beyond>,
}

#[derive(Serialize)]
struct Item {
    why: &'static str,
    alert: Shown,
}

#[derive(Serialize)]
struct Beyond {
    severity: &'static str,
    count: u64,
}

fn shown(alert: &Alert, voice: &Voice) -> Shown {
    let seen = alert.observed.iter().map(|one| Seen {
        at: time(one.at, &voice.zone),
        severity: severity(one.severity),
        message: one.message.clone(),
    });
    Shown {
        severity: severity(alert.severity),
        kind: alert.kind.clone(),
        subject: alert.subject.clone(),
        source: alert.source.clone(),
        observed: seen.collect(),
        repeats: alert.repeats,
        next: alert.next.clone(),
        node: voice.node.clone(),
    }
}

const fn words(why: Waits) -> &'static str {
    match why {
        Waits::Quiet => "came in quiet hours",
        Waits::Capped => "came when the hour was full",
        Waits::SeenOnce => "was said once, not confirmed",
        Waits::NoChannel => "came when no channel worked",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::alert::Observation;
    use expect_test::{Expect, expect};

    fn voice() -> Voice {
        let zone = crate::jobs::schedule::zone("America/New_York").unwrap();
        Voice { house: "Manor".to_owned(), node: "hub".to_owned(), zone }
    }

    fn alert() -> Alert {
        let seen = |at, message: &str| Observation {
            at: UnixTime(at),
            severity: Severity::Error,
            message: message.to_owned(),
        };
        Alert {
            severity: Severity::Error,
            source: "doctor".to_owned(),
            kind: "services.port-owner".to_owned(),
            subject: "gateway".to_owned(),
            observed: vec![
                seen(1_795_420_800, "port 1977 is held by <socat> & co"),
                seen(1_795_420_830, "port 1977 is still held by <socat>"),
            ],
            next: "sanctum services why gateway".to_owned(),
            repeats: 3,
        }
    }

    fn message(what: What) -> Message {
        Message { id: 7, at: UnixTime(1_795_420_831), severity: Severity::Error, what }
    }

    fn check(what: What, expected: &Expect) {
        let message = message(what);
        let text = format!("{}\n--\n{}\n", title(&message), body(&message, &voice()).unwrap());
        expected.assert_eq(&text);
    }

    #[test]
    fn an_alert_says_what_was_seen_twice_and_what_to_do() {
        check(
            What::Alert(alert()),
            &expect![[r#"
            error: services.port-owner (gateway)
            --
            2026-11-23 03:00:00 EST: port 1977 is held by <socat> & co
            2026-11-23 03:00:30 EST: port 1977 is still held by <socat>
            seen 3 more times
            seen by doctor on hub
            next: sanctum services why gateway
        "#]],
        );
    }

    #[test]
    fn a_digest_names_what_waited_and_why() {
        let items = vec![(Waits::Quiet, alert()), (Waits::Capped, alert())];
        let beyond = BTreeMap::from([(Severity::Warn, 4), (Severity::Error, 1)]);
        check(
            What::Digest { items, beyond },
            &expect![[r#"
            digest: 7 alerts waited
            --
            error: services.port-owner (gateway) came in quiet hours, 3 more times
              2026-11-23 03:00:00 EST: port 1977 is held by <socat> & co
              2026-11-23 03:00:30 EST: port 1977 is still held by <socat>
              next: sanctum services why gateway
            error: services.port-owner (gateway) came when the hour was full, 3 more times
              2026-11-23 03:00:00 EST: port 1977 is held by <socat> & co
              2026-11-23 03:00:30 EST: port 1977 is still held by <socat>
              next: sanctum services why gateway
            and 1 more: error
            and 4 more: warn
            next: sanctum alerts history
        "#]],
        );
    }

    #[test]
    fn a_heartbeat_says_so() {
        check(
            What::Heartbeat,
            &expect![[r#"
            this channel works
            --
            hub reached you at 2026-11-23 03:00:31 EST. Nothing is to be done.
        "#]],
        );
    }

    #[test]
    fn every_message_has_every_field() {
        for what in [What::Alert(alert()), What::Heartbeat, What::Test] {
            let fields = fields(&message(what), &voice()).unwrap();
            assert_eq!(fields.keys().copied().collect::<Vec<_>>(), FIELDS);
            assert!(fields.values().all(|value| !value.is_empty()), "{fields:?}");
        }
    }
}
