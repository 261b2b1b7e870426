//! A webhook: a JSON body from a template, posted to one address.
//!
//! With a template of the owner's any 2xx is the peer's yes. The preset `force-flow` has a protocol, and there a
//! message that was limited away or kept for the morning is not delivered: the next channel is asked.

use super::template::{self, FORCE_FLOW};
use super::{Undelivered, http};
use crate::instance::alerts::{Form, Webhook};
use sanctum_types::{Secret, Severity};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What force-flow answers to a notification.
#[derive(Deserialize)]
struct Notified {
    status: String,
    channels: Vec<String>,
    #[serde(default)]
    deduplicated: bool,
    #[serde(default)]
    rate_limited: bool,
    #[serde(default)]
    quiet_hours: bool,
}

pub(super) fn send(
    peer: &Webhook,
    token: Option<&Secret<String>>,
    severity: Severity,
    fields: &BTreeMap<&'static str, String>,
) -> Result<(), Undelivered> {
    let template = match &peer.body {
        Form::ForceFlow => FORCE_FLOW,
        Form::Template(text) => text,
    };
    let answer = http::post(&peer.url, token, &template::fill(template, fields)?)?;
    if !(200..300).contains(&answer.status) {
        return Err(Undelivered::Status(answer.status));
    }
    match peer.body {
        Form::ForceFlow => notified(severity, &answer.body),
        Form::Template(_) => Ok(()),
    }
}

/// Whether force-flow told anybody. What is info goes to its log alone, by its own rules.
fn notified(severity: Severity, body: &[u8]) -> Result<(), Undelivered> {
    let said: Notified = serde_json::from_slice(body)
        .map_err(|_| Undelivered::NotAcknowledged("it is not a force-flow answer"))?;
    if matches!(said.status.as_str(), "error" | "failed") {
        return Err(Undelivered::NotAcknowledged("its status says that it failed"));
    }
    // The same thing was told a moment ago, by us: a lost answer made us ask again.
    if said.deduplicated || !said.channels.is_empty() || severity == Severity::Info {
        return Ok(());
    }
    Err(Undelivered::Withheld(match (said.rate_limited, said.quiet_hours) {
        (true, _) => "its hour is full",
        (_, true) => "it has quiet hours",
        _ => "it named no channel",
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delivered_means_that_somebody_is_told() {
        for (severity, body, delivered) in [
            (Severity::Error, r#"{"status":"sent","channels":["push"]}"#, true),
            (Severity::Error, r#"{"status":"ok","channels":[],"deduplicated":true}"#, true),
            (Severity::Error, r#"{"status":"ok","channels":[],"rate_limited":true}"#, false),
            (Severity::Warn, r#"{"status":"ok","channels":[],"quiet_hours":true}"#, false),
            (Severity::Warn, r#"{"status":"ok","channels":[]}"#, false),
            (Severity::Info, r#"{"status":"ok","channels":[]}"#, true),
            (Severity::Info, r#"{"status":"error","channels":["push"]}"#, false),
            (Severity::Error, r#"{"status":"sent"}"#, false),
            (Severity::Error, "", false),
            (Severity::Error, "ok", false),
        ] {
            assert_eq!(notified(severity, body.as_bytes()).is_ok(), delivered, "{body}");
        }
    }
}
