//! ntfy: a message published as JSON to the server's root (docs.ntfy.sh, "Publish as JSON").
//!
//! The server answers 200 with the message as it keeps it; only that, with our topic, is an acknowledgement.

use super::{Undelivered, http};
use crate::alerts::alert::{Message, What};
use crate::instance::alerts::Ntfy;
use sanctum_types::{Secret, Severity};
use serde::{Deserialize, Serialize};

/// The document that is posted.
#[derive(Debug, Serialize)]
pub(super) struct Publish {
    topic: String,
    title: String,
    message: String,
    priority: u8,
    tags: [&'static str; 1],
}

/// The part of the answer that says that the message is kept.
#[derive(Deserialize)]
struct Kept {
    id: String,
    event: String,
    topic: String,
}

impl Publish {
    pub(super) fn new(peer: &Ntfy, message: &Message, title: String, body: String) -> Self {
        let (priority, tag) = manner(message);
        Self { topic: peer.topic.clone(), title, message: body, priority, tags: [tag] }
    }
}

/// Priorities are 1 (no sound, folded away) to 5 (long sound, over everything); tags that name an emoji become one.
const fn manner(message: &Message) -> (u8, &'static str) {
    if matches!(message.what, What::Heartbeat) {
        return (1, "green_heart");
    }
    match message.severity {
        Severity::Info => (2, "information_source"),
        Severity::Warn => (3, "warning"),
        Severity::Error => (4, "x"),
        Severity::Critical => (5, "rotating_light"),
    }
}

pub(super) fn send(
    peer: &Ntfy,
    token: Option<&Secret<String>>,
    publish: &Publish,
) -> Result<(), Undelivered> {
    let body = serde_json::to_string(publish)
        .map_err(|_| Undelivered::NotAcknowledged("the message is no JSON"))?;
    let answer = http::post(&peer.url, token, &body)?;
    if answer.status != 200 {
        return Err(Undelivered::Status(answer.status));
    }
    let kept: Kept = serde_json::from_slice(&answer.body)
        .map_err(|_| Undelivered::NotAcknowledged("it is not the message that was kept"))?;
    if kept.id.is_empty() || kept.event != "message" {
        return Err(Undelivered::NotAcknowledged("it is no message"));
    }
    if kept.topic != publish.topic {
        return Err(Undelivered::NotAcknowledged("it is of another topic"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanctum_types::UnixTime;

    #[test]
    fn the_worse_the_louder_and_a_heartbeat_is_silent() {
        let message = |severity, what| Message { id: 1, at: UnixTime(0), severity, what };
        let all = [Severity::Info, Severity::Warn, Severity::Error, Severity::Critical];
        let loud: Vec<u8> =
            all.into_iter().map(|severity| manner(&message(severity, What::Test)).0).collect();
        assert_eq!(loud, [2, 3, 4, 5]);
        assert_eq!(manner(&message(Severity::Info, What::Heartbeat)).0, 1);
    }
}
