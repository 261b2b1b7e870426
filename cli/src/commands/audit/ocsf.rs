//! Events as the Open Cybersecurity Schema Framework 1.3.0 spells them, one JSON object a line.
//!
//! What somebody did to something is Entity Management (class 3004 of category Identity and Access Management); what is
//! wrong with the journal itself, and an operation that never ended, is a Detection Finding (class 2004 of category
//! Findings). `type_uid` is `class_uid * 100 + activity_id` in both.

use sanctum_host::journal::merge::{Entry, Story};
use sanctum_types::{Outcome, Phase, Severity};
use serde_json::{Value, json};

const VERSION: &str = "1.3.0";
const ENTITY_MANAGEMENT: u32 = 3004;
const DETECTION_FINDING: u32 = 2004;

/// Every entry, then every finding.
pub(super) fn events(story: &Story) -> Vec<Value> {
    let now = sanctum_host::clock::now_millis();
    let entries = story.entries.iter().map(entry);
    let unfinished = story.unfinished.iter().map(|entry| {
        let uid = format!("{}-{}-unfinished", entry.stream, entry.seq);
        let title = format!("{} on {} never ended", entry.event.action, entry.event.subject);
        finding(entry.at, Severity::Error, &uid, &title)
    });
    let faults = story.checked.iter().filter_map(|one| {
        let fault = one.fault.as_ref()?;
        let uid = format!("{}.{}-{}-fault", one.stream, one.id, fault.seq);
        let title = format!("journal {}: line {}: {}", one.stream, fault.seq, fault.kind);
        Some(finding(now, Severity::Critical, &uid, &title))
    });
    entries.chain(unfinished).chain(faults).collect()
}

const fn severity_id(severity: Severity) -> u32 {
    match severity {
        Severity::Info => 1,
        Severity::Warn => 3,
        Severity::Error => 4,
        Severity::Critical => 5,
    }
}

/// Update for what changes something; Read for what looks; Other for what the schema has no word for.
fn activity(action: &str) -> (u32, &'static str) {
    match action.rsplit('.').next().unwrap_or_default() {
        "install" | "create" | "load" => (1, "Create"),
        "read" | "look" | "verify" => (2, "Read"),
        "run" | "confirm" | "rollback" | "update" | "fix" | "heal" => (3, "Update"),
        "remove" | "uninstall" | "unload" => (4, "Delete"),
        _ => (99, "Other"),
    }
}

const fn status(outcome: Outcome) -> (u32, &'static str) {
    match outcome {
        Outcome::Ok => (1, "Success"),
        Outcome::Failed | Outcome::Refused => (2, "Failure"),
        Outcome::Pending | Outcome::Found | Outcome::CouldNotCheck => (99, "Other"),
    }
}

fn metadata(uid: &str, correlation: Option<&str>) -> Value {
    let mut metadata = json!({
        "version": VERSION, "uid": uid,
        "product": { "name": "sanctum", "vendor_name": "sanctum", "version": env!("CARGO_PKG_VERSION") },
    });
    if let (Some(id), Value::Object(fields)) = (correlation, &mut metadata) {
        fields.insert("correlation_uid".to_owned(), id.into());
    }
    metadata
}

fn entry(entry: &Entry) -> Value {
    let event = &entry.event;
    let action = event.action.as_str();
    let (activity_id, activity_name) = activity(action);
    let (status_id, status) = status(event.outcome);
    let operation = match &event.phase {
        Phase::Single => None,
        Phase::Started(id) | Phase::Finished(id) => Some(id.as_str()),
    };
    json!({
        "activity_id": activity_id, "activity_name": activity_name,
        "category_uid": ENTITY_MANAGEMENT / 1000, "category_name": "Identity & Access Management",
        "class_uid": ENTITY_MANAGEMENT, "class_name": "Entity Management",
        "type_uid": ENTITY_MANAGEMENT * 100 + activity_id,
        "time": entry.at, "severity_id": severity_id(event.severity),
        "status_id": status_id, "status": status,
        "status_detail": sanctum_host::journal::line::outcome_word(event.outcome),
        "metadata": metadata(&format!("{}-{}", entry.stream, entry.seq), operation),
        "actor": { "user": { "name": event.actor.as_str(), "type_id": 99, "type": "Other" } },
        "entity": { "name": event.subject, "type": action },
        "message": format!("{} {} {}", event.actor, action, event.subject),
        "unmapped": { "details": event.details, "pid": entry.pid, "boot": entry.boot },
    })
}

fn finding(time: i64, severity: Severity, uid: &str, title: &str) -> Value {
    json!({
        "activity_id": 1, "activity_name": "Create",
        "category_uid": DETECTION_FINDING / 1000, "category_name": "Findings",
        "class_uid": DETECTION_FINDING, "class_name": "Detection Finding",
        "type_uid": DETECTION_FINDING * 100 + 1,
        "time": time, "severity_id": severity_id(severity), "status_id": 1, "status": "New",
        "metadata": metadata(uid, None),
        "finding_info": { "uid": uid, "title": title },
        "message": title,
    })
}
