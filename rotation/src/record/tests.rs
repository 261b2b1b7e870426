//! The format on disk: the page's example reads, and what contradicts itself does not.

use super::*;
use serde_json::{Value, json};

fn overlap() -> Value {
    let rotation = "2a2a2a2a-2a2a-4a2a-aa2a-2a2a2a2a2a2a";
    json!({
        "format": 1, "rotation": rotation, "begun": 0, "stage": { "at": "overlap", "since": 5 },
        "plan": {
            "secret": "house", "kind": "openrouter", "destructive": false, "consumers": ["file:a", "file:b"],
            "nature": { "old": "lives", "finds": "by-name", "names": "plain", "by-hand": false, "disables": true,
                "tells-last-use": true },
            "policy": { "tries": 5, "mints": 3, "pause": 2, "longest-pause": 300, "settle": 60, "quiet": 86400,
                "limit": 604800, "soak": 86400 },
        },
        "old": "k0", "old-staged": true, "known": ["k1"],
        "attempts": [{ "name": format!("sanctum:house:{rotation}"), "asked": 1, "key": "k2", "gone": false }],
        "adopted": "k2",
        "consumers": [{ "id": "file:a", "mark": "confirmed" }, { "id": "file:b", "mark": "confirmed" }],
        "written": 4, "tries": 0, "not-before": null, "cause": null, "halted": null, "told": null,
    })
}

fn decode(value: &Value) -> Result<Record, RecordError> {
    Record::decode(value.to_string().as_bytes())
}

#[test]
fn a_record_of_this_format_reads_and_writes_itself() {
    let record = decode(&overlap()).unwrap();
    assert_eq!(record.stage, Stage::Overlap { since: UnixTime(5) });
    let bytes = record.encode().unwrap();
    assert_eq!(Record::decode(&bytes).unwrap(), record);
    assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), overlap());
}

#[test]
fn contradictions_and_other_formats_are_refused() {
    let known_is_new = json!(["k2"]);
    for (at, value) in [
        ("/format", json!(2)),
        ("/rotation", json!("2a2a2a2a")),
        ("/stage", json!({ "at": "somewhere" })),
        ("/adopted", Value::Null),
        ("/adopted", json!("k9")),
        ("/known", known_is_new),
        ("/known", json!(["k0"])),
        ("/old", json!("k2")),
        ("/consumers/0/mark", json!("writing")),
        ("/consumers/0/id", json!("file:c")),
        ("/consumers", json!([{ "id": "file:a", "mark": "confirmed" }])),
        ("/attempts/0/name", json!("sanctum:house:other")),
        ("/plan/consumers/1", json!("file:a")),
        ("/begun", json!("yesterday")),
    ] {
        let mut record = overlap();
        *record.pointer_mut(at).unwrap() = value;
        assert!(decode(&record).is_err(), "{at}");
    }
    let mut unknown = overlap();
    unknown["value"] = json!("x");
    assert!(decode(&unknown).is_err(), "an unknown field");
    assert!(matches!(Record::decode(&vec![b' '; LONGEST + 1]), Err(RecordError::TooLong)));
    let mut retiring = overlap();
    retiring["stage"] = json!({ "at": "disabling" });
    assert!(decode(&retiring).is_ok());
    retiring["old"] = Value::Null;
    assert!(decode(&retiring).is_err(), "nothing to retire");
}
