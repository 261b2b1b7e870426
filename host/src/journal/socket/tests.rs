//! Laws of the frame, and what a request may and may not say.

use super::wire::{Answer, BadLength, Decoder, Health, MAX_FRAME, Refusal, Request, encode};
use crate::journal::Durability;
use proptest::prelude::*;
use sanctum_types::{Action, Actor, AuditEvent, OperationId, Outcome, Phase, Severity};
use std::collections::BTreeMap;

fn actor() -> Actor {
    Actor::new("service:proxy").unwrap()
}

fn event(action: &str, details: &[(&str, &str)]) -> AuditEvent {
    AuditEvent {
        actor: actor(),
        action: Action::new(action).unwrap(),
        subject: "a \"subject\"".to_owned(),
        phase: Phase::Single,
        outcome: Outcome::Ok,
        severity: Severity::Info,
        details: details.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
    }
}

fn payload(frame: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::default();
    decoder.push(frame);
    decoder.next_frame().unwrap().unwrap()
}

proptest! {
    #[test]
    fn frames_come_back_however_they_are_cut(
        sent in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 1..8),
        cuts in prop::collection::vec(1_usize..64, 1..40),
    ) {
        let stream: Vec<u8> = sent.iter().flat_map(|one| encode(one).unwrap()).collect();
        let (mut decoder, mut got) = (Decoder::default(), Vec::<Vec<u8>>::new());
        let mut rest = stream.as_slice();
        for cut in cuts.iter().cycle() {
            let (now, later) = rest.split_at((*cut).min(rest.len()));
            decoder.push(now);
            while let Some(frame) = decoder.next_frame().unwrap() {
                got.push(frame);
            }
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert!(!decoder.is_midway());
        prop_assert_eq!(got, sent);
    }

    #[test]
    fn whatever_a_frame_holds_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(Request::Append { event, .. }) = Request::read(&bytes, &actor()) {
            prop_assert_eq!(event.actor, actor());
        }
        let mut decoder = Decoder::default();
        decoder.push(&bytes);
        while let Ok(Some(frame)) = decoder.next_frame() {
            prop_assert!(!frame.is_empty() && frame.len() <= MAX_FRAME);
        }
    }
}

#[test]
fn lengths_that_no_frame_has_are_refused_before_their_bytes_come() {
    for (header, length) in [([0; 4], 0), ([0, 1, 0, 1], 65_537), ([255; 4], 4_294_967_295)] {
        let mut decoder = Decoder::default();
        decoder.push(&header);
        assert_eq!(decoder.next_frame(), Err(BadLength(length)));
    }
    assert_eq!(encode(b""), Err(BadLength(0)));
    assert_eq!(encode(&vec![1; MAX_FRAME + 1]), Err(BadLength(MAX_FRAME + 1)));
    assert_eq!(payload(&encode(&vec![1; MAX_FRAME]).unwrap()).len(), MAX_FRAME);
}

#[test]
fn an_event_comes_back_as_the_servers_actor() {
    let mut told = event("proxy.request", &[("model", "local")]);
    told.phase = Phase::Started(OperationId::new("op-1").unwrap());
    let read = Request::read(&payload(&Request::append(&told).unwrap()), &actor());
    assert_eq!(read, Some(Request::Append { event: told.clone(), durability: Durability::Synced }));
    let other = Actor::new("uid:7").unwrap();
    let Some(Request::Append { event: read, .. }) =
        Request::read(&payload(&Request::append(&told).unwrap()), &other)
    else {
        panic!("an event")
    };
    assert_eq!(read.actor, other);
    assert_eq!(read.details.get("claimed").map(String::as_str), Some("service:proxy"));
}

#[test]
fn what_was_claimed_is_the_servers_word_alone() {
    let told = event("vault.read", &[("claimed", "uid:0")]);
    let Some(Request::Append { event, durability }) =
        Request::read(&payload(&Request::append(&told).unwrap()), &actor())
    else {
        panic!("an event")
    };
    assert_eq!((event.details, durability), (BTreeMap::new(), Durability::Soon));
}

#[test]
fn only_a_read_that_succeeded_may_be_synced_later() {
    let ask = |action: &str, more: &str| {
        let text = format!(
            r#"{{"append":{{"action":"{action}","subject":"x","phase":"single","outcome":"ok","severity":"info"}}{more}}}"#
        );
        match Request::read(text.as_bytes(), &actor()) {
            Some(Request::Append { durability, .. }) => durability,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask("vault.read", r#","durability":"soon""#), Durability::Soon);
    assert_eq!(ask("vault.read", ""), Durability::Soon);
    assert_eq!(ask("vault.read", r#","durability":"synced""#), Durability::Synced);
    assert_eq!(ask("vault.write", r#","durability":"soon""#), Durability::Synced);
}

#[test]
fn what_is_no_request_is_refused() {
    let good =
        r#"{"action":"a.b","subject":"x","phase":"single","outcome":"ok","severity":"info"}"#;
    for text in [
        "".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        r#"{"health":false}"#.to_owned(),
        r#"{"health":true,"more":1}"#.to_owned(),
        r#"{"health":true,"durability":"soon"}"#.to_owned(),
        format!(r#"{{"append":{good},"health":true}}"#),
        format!(r#"{{"append":{good},"durability":"never"}}"#),
        format!(r#"{{"append":{}}}"#, good.replace("\"a.b\"", "\"A b\"")),
        format!(r#"{{"append":{}}}"#, good.replace("\"single\"", "\"started\"")),
        format!(r#"{{"append":{}}}"#, good.replace("\"single\"", "\"single\",\"operation\":\"x\"")),
        format!(r#"{{"append":{}}}"#, good.replace("\"x\"", "\"x\",\"seq\":1")),
        format!(r#"{{"append":{good}}} {{}}"#),
    ] {
        assert_eq!(Request::read(text.as_bytes(), &actor()), None, "{text}");
    }
    assert_eq!(Request::read(br#"{"health":true}"#, &actor()), Some(Request::Health));
}

#[test]
fn answers_are_words() {
    let health =
        Health { healthy: true, stream: "service".to_owned(), appended: 3, connections: 1 };
    for (answer, text) in [
        (
            Answer::Recorded { seq: 7, stream: "service".to_owned() },
            r#"{"seq":7,"stream":"service"}"#,
        ),
        (Answer::Refused { error: Refusal::NotAllowed }, r#"{"error":"not-allowed"}"#),
        (
            Answer::Health { health },
            r#"{"health":{"healthy":true,"stream":"service","appended":3,"connections":1}}"#,
        ),
    ] {
        let frame = payload(&answer.frame().unwrap());
        assert_eq!(String::from_utf8(frame.clone()).unwrap(), text);
        assert_eq!(Answer::read(&frame), Some(answer));
    }
}
