//! freedesktop.org's notification service (Desktop Notifications Specification 1.2) over the session's bus.
//!
//! The server's answer, a number that is not zero, is the acknowledgement. A bus belongs to one user: root is not let
//! in to another's, and is told so by type.

use super::{Note, Session};
use crate::alerts::channels::Undelivered;
use sanctum_types::Severity;
use std::collections::HashMap;
use std::time::Duration;
use zbus::Variant;
use zbus::{Connection, block_on, connection};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// As long as an HTTP peer is given.
const PATIENCE: Duration = Duration::from_secs(10);
/// The server's own time on screen; 0 is for ever (specification, "Notify").
const SERVERS_OWN: i32 = -1;
const FOR_EVER: i32 = 0;

pub(super) fn send(session: &Session, note: &Note) -> Result<(), Undelivered> {
    let address = match &session.bus {
        Some(address) => address.clone(),
        None if session.uid == session.euid => format!("unix:path=/run/user/{}/bus", session.uid),
        None => {
            return Err(Undelivered::NoDesktop(
                "the session's bus belongs to another user than this process",
            ));
        }
    };
    let number = within_patience(address, note.clone())?;
    // The specification: servers never give out 0.
    if number == 0 {
        return Err(Undelivered::NotAcknowledged("the service gave no number"));
    }
    Ok(())
}

/// The whole exchange with an end: zbus bounds calls, and not the greeting of a bus that accepts and says nothing.
/// A thread that still waits then ends with that bus or with this process.
fn within_patience(address: String, note: Note) -> Result<u32, Undelivered> {
    let (answers, answer) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        // Nobody listens any more once the time is over.
        let _ = answers.send(block_on(notify(&address, &note)));
    });
    let said = answer.recv_timeout(PATIENCE);
    said.map_err(|_| Undelivered::NoAnswer(PATIENCE.as_secs()))?
        .map_err(|source| Undelivered::Bus(Box::new(source)))
}

async fn notify(address: &str, note: &Note) -> zbus::Result<u32> {
    let bus = connection::Builder::address(address).method_timeout(PATIENCE).build().await?;
    let capabilities: Vec<String> = ask(&bus, "GetCapabilities", &()).await?;
    let markup = capabilities.iter().any(|one| one == "body-markup");
    let body = if markup { without_markup(&note.body) } else { note.body.clone() };
    let urgency = urgency(note.severity);
    let hints = HashMap::from([
        ("urgency", Variant::from(urgency)),
        ("category", Variant::from("device.error")),
        ("desktop-entry", Variant::from("sanctum")),
    ]);
    let time = if urgency == 2 { FOR_EVER } else { SERVERS_OWN };
    let actions: [&str; 0] = [];
    let replaces = 0_u32;
    let all = ("sanctum", replaces, "", &*note.title, &*body, actions.as_slice(), hints, time);
    ask(&bus, "Notify", &all).await
}

async fn ask<B, T>(bus: &Connection, method: &str, body: &B) -> zbus::Result<T>
where
    B: serde::Serialize + zbus::zvariant::DynamicType,
    T: for<'a> zbus::zvariant::DynamicDeserialize<'a>,
{
    let answer = bus.call_method(Some(NAME), PATH, Some(NAME), method, body).await?;
    answer.body().deserialize()
}

/// Low, normal and critical (specification, "Urgency Levels"); a critical one stays until it is dismissed.
const fn urgency(severity: Severity) -> u8 {
    match severity {
        Severity::Info => 0,
        Severity::Warn | Severity::Error => 1,
        Severity::Critical => 2,
    }
}

/// A server with `body-markup` reads `<b>`, `<a>` and entities in the body: a finding's text is none of them.
fn without_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_no_markup() {
        assert_eq!(without_markup("<a href=\"x\">&</a>"), "&lt;a href=\"x\"&gt;&amp;&lt;/a&gt;");
    }

    #[test]
    fn nobody_else_can_speak_on_a_bus() {
        let session = Session { uid: 4_242_424_242, euid: 1, bus: None };
        let note = Note { title: String::new(), body: String::new(), severity: Severity::Info };
        assert!(matches!(send(&session, &note), Err(Undelivered::NoDesktop(_))));
    }
}
