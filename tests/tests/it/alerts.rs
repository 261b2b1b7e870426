//! Alerts against peers: a real notification service, and stand-ins for the two HTTP protocols.
//!
//! ntfy's server is in no registry that the tests install from, and force-flow is a program of its house. `peers` is a
//! strict stand-in for both, written from their documented shapes: it refuses what the documents do not allow. What
//! only the real ones could show (that a phone rings) is not claimed.

mod daemon;
mod desktop;
mod http;
pub(crate) mod peers;
mod verb;

use sanctum_orchestrator::alerts::alert::{Alert, Message, Observation, What};
use sanctum_orchestrator::alerts::channels::Session;
use sanctum_orchestrator::alerts::text::Voice;
use sanctum_orchestrator::alerts::{Channels, Policy};
use sanctum_orchestrator::instance::Instance;
use sanctum_secrets::resolve::Places;
use sanctum_types::{Severity, UnixTime};
use serde_json::{Value, json};
use std::path::Path;

/// 2026-11-22T12:00:00Z.
const NOON: UnixTime = UnixTime(1_795_348_800);

/// An instance with these channels and one secret, `token`, in the file `token`.
pub(crate) fn instance(channels: &Value) -> Instance {
    let value = json!({
        "format": 1,
        "instance": { "name": "Test bed", "slug": "bed", "timezone": "UTC" },
        "users": { "owner": "sanctum-t" },
        "nodes": { "hub": { "type": "hub" } },
        "networks": { "lan": { "subnet": "192.0.2.0/24" } },
        "secrets": { "token": { "ref": "file:token" } },
        "alerts": { "channels": channels },
    });
    serde_json::from_value(value).expect("an instance")
}

/// The channels of that instance on a machine whose `/` is that directory.
fn channels(declared: &Value, root: &Path, bus: Option<String>) -> Channels {
    let instance = instance(declared);
    let policy = Policy::of(&instance).expect("a policy");
    let voice = Voice::new("Test bed", "hub", &policy);
    let session = Session { uid: 0, euid: 0, bus };
    Channels::of(&instance, voice, Places::machine(root).expect("places"), session)
        .expect("channels")
}

/// An alert with texts that every format has to escape.
fn message(severity: Severity) -> Message {
    let seen = |after, message: &str| Observation {
        at: NOON.plus(after),
        severity,
        message: message.to_owned(),
    };
    let alert = Alert {
        severity,
        source: "doctor".to_owned(),
        kind: "services.port-owner".to_owned(),
        subject: "gäteway \"x\" \\ <b>".to_owned(),
        observed: vec![
            seen(0, "held by <socat> & \"co\"\",\"severity\":\"info"),
            seen(30, "still held {{title}} 😀"),
        ],
        next: "sanctum services why gateway".to_owned(),
        repeats: 0,
    };
    Message { id: 7, at: NOON.plus(31), severity, what: What::Alert(alert) }
}
