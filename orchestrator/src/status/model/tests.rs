//! What a reader of documents from elsewhere must keep.

use super::*;
use proptest::prelude::*;

fn document() -> Status {
    Status {
        format: FORMAT,
        version: "0.1.0".to_owned(),
        node: NodeName::new("hub").ok(),
        at: UnixTime(1_800_000_000),
        source: Source::Sanctum,
        system: System::default(),
        layers: vec![Item::new("Host", State::Holds, "")],
        guards: vec![Guard {
            item: Item::new("sentinel", State::NotBuilt, ""),
            mode: "enforce".to_owned(),
        }],
        secrets: Vec::new(),
        drift: Vec::new(),
        alerts: Alerts { item: Item::new("alerts", State::NotBuilt, ""), open: None },
        schedules: Vec::new(),
        services: Vec::new(),
        reboot: Vec::new(),
        rotations: Vec::new(),
        not_looked_at: Vec::new(),
    }
}

#[test]
fn a_document_comes_back_and_a_cut_one_is_called_cut() {
    let bytes = serde_json::to_vec_pretty(&document()).unwrap();
    assert_eq!(Status::parse(&bytes).unwrap(), document());
    for end in 0..bytes.len() {
        let cut = Status::parse(&bytes[..end]);
        assert!(matches!(cut, Err(StatusError::Truncated)), "{end}: {cut:?}");
    }
}

#[test]
fn other_formats_and_other_things_are_refused() {
    let said = |text: &str| Status::parse(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        said(r#"{"format":2,"all":"different"}"#),
        "the status document has format 2, this version reads 1"
    );
    assert_eq!(said("Welcome to Ubuntu"), "the answer is not a status document");
    assert_eq!(said(r#"{"format":1}"#), "the answer is not a status document");
    assert_eq!(said("[]{}"), "the answer is not a status document");
}

#[test]
fn an_unknown_state_is_unknown_and_an_unknown_field_is_ignored() {
    let mut value = serde_json::to_value(document()).unwrap();
    value["layers"][0]["state"] = "splendid".into();
    value["news"] = serde_json::json!({ "of": "later" });
    let read = Status::parse(&serde_json::to_vec(&value).unwrap()).unwrap();
    assert_eq!(read.layers[0].state, State::Unknown);
    assert!(!read.holds());
}

#[test]
fn texts_of_a_document_cannot_act_on_a_terminal() {
    let mut value = serde_json::to_value(document()).unwrap();
    value["layers"][0]["detail"] = "\u{1b}]52;c;aGk=\u{7}".into();
    value["version"] = "0.1\u{202e}".into();
    let read = Status::parse(&serde_json::to_vec(&value).unwrap()).unwrap();
    assert_eq!(read.layers[0].detail, "\u{fffd}]52;c;aGk=\u{fffd}");
    assert_eq!(read.version, "0.1\u{fffd}");
}

#[test]
fn what_is_unknown_never_holds() {
    let with = |state| Status { layers: vec![Item::new("Host", state, "")], ..document() }.holds();
    let states = [State::Holds, State::Off, State::NotBuilt, State::Finding, State::Unknown];
    assert_eq!(states.map(with), [true, true, true, false, false]);
    assert!(!Status { layers: Vec::new(), ..document() }.holds(), "an empty answer is no answer");
}

fn arb_state() -> impl Strategy<Value = State> {
    prop::sample::select(vec![
        State::Holds,
        State::Off,
        State::NotBuilt,
        State::Finding,
        State::Unknown,
    ])
}

proptest! {
    /// Wherever in the document something is found or unknown, the whole does not hold; and only then.
    #[test]
    fn one_bad_state_anywhere_is_seen(states in prop::collection::vec((0_usize..7, arb_state()), 1..8)) {
        let mut status = document();
        for (place, state) in &states {
            let item = Item::new("x", *state, "");
            match place {
                0 => status.layers.push(item),
                1 => status.drift.push(item),
                2 => status.services.push(item),
                3 => status.guards.push(Guard { item, mode: String::new() }),
                5 => status.rotations.push(item),
                4 => status.secrets.push(SecretAge { item, days_old: None, max_days: None }),
                _ => status.schedules.push(Run { item, last_run: None, due: None }),
            }
        }
        let bad = states.iter().any(|(_, state)| matches!(state, State::Finding | State::Unknown));
        prop_assert_eq!(status.holds(), !bad);
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _judged = Status::parse(&bytes);
    }
}
