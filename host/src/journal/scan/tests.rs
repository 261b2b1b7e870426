use super::*;
use crate::journal::line::{Stamp, body, write_covered, write_tag};
use proptest::prelude::*;

fn text(event: &AuditEvent, stamp: &Stamp<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    write_covered(&mut out, stamp, &body(event).expect("a body"));
    write_tag(&mut out, &[0xa5; 32]);
    out
}

const STAMP: Stamp<'_> = Stamp { seq: 7, at: 1, mono: 2, boot: "a-B-1", pid: 9, stream: "sanctum" };

fn arb_event() -> impl Strategy<Value = AuditEvent> {
    let word = "[a-z0-9:._-]{1,64}";
    let free = proptest::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter);
    let details = proptest::collection::btree_map(word, free.clone(), 0..6);
    let phase = prop_oneof![
        Just(Phase::Single),
        word.prop_map(|id| Phase::Started(OperationId::new(id).expect("a word"))),
        word.prop_map(|id| Phase::Finished(OperationId::new(id).expect("a word"))),
    ];
    let outcome = proptest::sample::select(vec![
        Outcome::Pending,
        Outcome::Ok,
        Outcome::Failed,
        Outcome::Refused,
        Outcome::Found,
        Outcome::CouldNotCheck,
    ]);
    let severity = proptest::sample::select(vec![
        Severity::Info,
        Severity::Warn,
        Severity::Error,
        Severity::Critical,
    ]);
    (word, word, free, phase, outcome, severity, details).prop_map(
        |(actor, action, subject, phase, outcome, severity, details)| AuditEvent {
            actor: Actor::new(actor).expect("a word"),
            action: Action::new(action).expect("a word"),
            subject,
            phase,
            outcome,
            severity,
            details,
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_is_json(event in arb_event(), seq in 1..u64::MAX, at in 0..i64::MAX) {
        let bytes = text(&event, &Stamp { seq, at, ..STAMP });
        let line = line(&bytes).expect("a line");
        prop_assert_eq!(line.event().expect("an event"), event.clone());
        prop_assert_eq!((line.seq, line.at, line.pid, line.len), (seq, at, 9, bytes.len()));
        // Anybody with a JSON reader sees the same event; its own fields are beside it.
        let value: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        prop_assert_eq!(serde_json::from_value::<AuditEvent>(value).expect("an event"), event);
    }

    #[test]
    fn there_is_one_form(event in arb_event(), at in any::<prop::sample::Index>(), to in any::<u8>(), insert in any::<bool>()) {
        let mut bytes = text(&event, &STAMP);
        let at = at.index(bytes.len());
        if insert { bytes.insert(at, to) } else { bytes[at] = to }
        // Whatever else is accepted is the one text of what it says.
        if let Some(found) = line(&bytes) {
            let again = found.encoded().expect("it is an event");
            prop_assert_eq!(&again, &bytes[..found.len]);
        }
    }

    #[test]
    fn any_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(line(&bytes).is_none());
    }
}

#[test]
fn other_forms_are_refused() {
    let event = AuditEvent {
        actor: Actor::new("uid:0").expect("a word"),
        action: Action::new("apply.run").expect("a word"),
        subject: "a\"b\u{1}".to_owned(),
        phase: Phase::Single,
        outcome: Outcome::Ok,
        severity: Severity::Info,
        details: BTreeMap::from([
            ("a".to_owned(), "1".to_owned()),
            ("b".to_owned(), "2".to_owned()),
        ]),
    };
    let good = String::from_utf8(text(&event, &STAMP)).expect("text");
    assert!(line(good.as_bytes()).is_some(), "{good}");
    for (from, to) in [
        ("\"seq\":7", "\"seq\":07"),
        ("\"seq\":7", "\"seq\": 7"),
        ("\"at\":1", "\"at\":-1"),
        ("\"at\":1,\"mono\":2", "\"mono\":2,\"at\":1"),
        ("\\u0001", "\\u0009"),
        ("\\\"", "\\u0022"),
        ("\\u0001", "\u{1}"),
        ("uid:0", "uid 0"),
        ("single", "double"),
        ("\"a\":\"1\",\"b\":\"2\"", "\"b\":\"2\",\"a\":\"1\""),
        ("\"a\":\"1\",\"b\":\"2\"", "\"a\":\"1\",\"a\":\"2\""),
        ("{\"a\":\"1\",\"b\":\"2\"}", "{}"),
        ("a5\"}\n", "A5\"}\n"),
        ("\"}\n", "\"} \n"),
        ("\"}\n", "\"}\r\n"),
        ("\"}\n", "\"}"),
    ] {
        assert!(good.contains(from), "{from}");
        assert!(line(good.replacen(from, to, 1).as_bytes()).is_none(), "{from} -> {to}");
    }
}
