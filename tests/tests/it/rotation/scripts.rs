//! The kinds `command` and `manual`: a program of the owner's, and the owner himself.

#![expect(clippy::disallowed_methods, reason = "the test's own files, not the product's")]

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;

use sanctum_rotation::{
    Command, Event, Failure, KeyId, Material, Provider, Reason, Settings, Values, Which,
};
use sanctum_types::{Secret, UnixTime};
use serde_json::json;

const NOW: UnixTime = UnixTime(1_790_000_000);

/// Answers by what it is asked, and notes what others could see of it.
const SCRIPT: &str = r#"#!/bin/sh
asked=$(cat)
here=$(dirname "$0")
printf '%s\n' "$@" >> "$here/seen"
env >> "$here/seen"
case $asked in
*'"format":1'*'"op":"preflight"'*) echo '{"format":1,"result":"done","key":"k0","keys":[{"id":"k0","name":"n"}]}' ;;
*'"op":"mint","name":"lost"'*) echo 'half an ans' ;;
*'"op":"mint","name":"killed"'*) kill -9 $$ ;;
*'"op":"mint","name":"no"'*) echo '{"format":1,"result":"refused"}' ;;
*'"op":"mint","name":"later"'*) echo '{"format":1,"result":"later"}' ;;
*'"op":"mint","name":"n1"'*'"management":"of-the-manager"'*) echo '{"format":1,"result":"done","key":"k1","value":"brand-new-value"}' ;;
*'"op":"verify"'*'"value":"brand-new-value"'*) echo '{"format":1,"result":"done"}' ;;
*'"op":"verify"'*) echo '{"format":1,"result":"invalid"}' ;;
*'"op":"last-use","key":"k0"'*) echo '{"format":1,"result":"done","last-use":5}' ;;
*'"op":"delete","key":"k9"'*) echo '{"format":1,"result":"gone"}' ;;
*'"op":"delete","key":"k0"'*) echo '{"format":1,"result":"done"}' ;;
*) exit 1 ;;
esac
"#;

fn folder_with_script() -> tempfile::TempDir {
    let folder = super::folder_for_a_program();
    let script = folder.path().join("rotate");
    std::fs::write(&script, SCRIPT).expect("a script");
    let mode = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(&script, mode).expect("a mode");
    folder
}

fn settings(value: serde_json::Value) -> Settings {
    serde_json::from_value(value).expect("settings")
}

fn key(id: &str) -> KeyId {
    KeyId::new(id).expect("an id")
}

#[test]
fn a_program_gets_values_on_descriptors_only() {
    let folder = folder_with_script();
    let program = folder.path().join("rotate");
    let script = settings(
        json!({ "command": { "program": program, "tells_last_use": true, "lists": true } }),
    );
    let management = Secret::new("of-the-manager".to_owned());
    let provider = Provider::new(&script, Some(management)).expect("usable");
    let ask = |command: &Command, values: Values<'_>| provider.carry(command, values, NOW);
    let mint = |name: &str| ask(&Command::Mint { name: name.to_owned() }, Values::default());

    let ready = ask(&Command::Preflight, Values::default()).event;
    assert!(
        matches!(ready, Event::Ready { old: Some(ref old), ref keys } if *old == key("k0") && keys.len() == 1)
    );
    let minted = mint("n1");
    assert_eq!(minted.event, Event::Minted(key("k1")));
    let new = minted.minted.expect("a value");
    assert_eq!(new.value.expose(), "brand-new-value");
    let values = Values { subject: Some(&new), ..Values::default() };
    assert_eq!(ask(&Command::Verify(Which::New), values).event, Event::Done);
    let other = Material { key: None, value: Secret::new("another".to_owned()) };
    let values = Values { subject: Some(&other), ..Values::default() };
    let dead = Event::Failed(Failure::Never(Reason::Unauthorized));
    assert_eq!(ask(&Command::Verify(Which::New), values).event, dead);
    assert_eq!(
        ask(&Command::LastUse(key("k0")), Values::default()).event,
        Event::LastUse(Some(UnixTime(5)))
    );
    for gone in ["k0", "k9"] {
        assert_eq!(ask(&Command::Delete(key(gone)), Values::default()).event, Event::Done);
    }

    let unknown = Event::Failed(Failure::Unknown(Reason::Script));
    for lost in ["lost", "killed", "exits with 1"] {
        assert_eq!(mint(lost).event, unknown, "{lost}");
    }
    assert_eq!(mint("no").event, Event::Failed(Failure::Never(Reason::Script)));
    let later = Event::Failed(Failure::Later { reason: Reason::Script, after: None });
    assert_eq!(mint("later").event, later);
    assert_eq!(
        ask(&Command::List, Values::default()).event,
        later,
        "a list that fails changes nothing"
    );

    let seen = std::fs::read_to_string(folder.path().join("seen")).expect("what others could see");
    for value in ["of-the-manager", "brand-new-value", "another"] {
        assert!(!seen.contains(value), "{seen}");
    }
}

/// Answers one request with 200 when it carries the value, else with 401.
fn page(value: &'static str) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 2048];
            let length = stream.read(&mut head).unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            let status =
                if head.contains(&format!("x-api-key: Key {value}\r\n")) { 200 } else { 401 };
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
            );
        }
    });
    port
}

#[test]
fn a_person_pastes_and_says_when_the_old_one_is_gone() {
    let port = page("abc-123456");
    let manual = settings(json!({ "manual": {
        "create_url": "https://example.com/keys", "regex": "abc-[0-9]+", "min_length": 8,
        "verify": { "url": format!("http://127.0.0.1:{port}/me"), "header": "x-api-key", "prefix": "Key " },
    } }));
    let provider = Provider::new(&manual, None).expect("usable");
    assert_eq!(provider.pages(), Some(("https://example.com/keys", "https://example.com/keys")));
    let mint = |pasted: Option<&str>| {
        let pasted = pasted.map(|text| Secret::new(text.to_owned()));
        let current = Secret::new("abc-00000000".to_owned());
        let values =
            Values { pasted: pasted.as_ref(), current: Some(&current), ..Values::default() };
        provider.carry(&Command::Mint { name: "sanctum:x:1".to_owned() }, values, NOW)
    };
    let later = |reason| Event::Failed(Failure::Later { reason, after: None });
    assert_eq!(mint(None).event, later(Reason::ByHand));
    for wrong in ["", "abc-1", "abc-12345678x", "xabc-12345678", "abc-12345678\n", "abc-00000000"] {
        assert_eq!(mint(Some(wrong)).event, later(Reason::Shape), "{wrong:?}");
    }
    let minted = mint(Some("abc-123456"));
    assert_eq!(minted.event, Event::Minted(key("sanctum:x:1")));
    let verify = |subject: &Material| {
        let values = Values { subject: Some(subject), ..Values::default() };
        provider.carry(&Command::Verify(Which::New), values, NOW).event
    };
    assert_eq!(verify(&minted.minted.expect("a value")), Event::Done);
    let other = Material { key: None, value: Secret::new("abc-999999".to_owned()) };
    assert_eq!(verify(&other), Event::Failed(Failure::Never(Reason::Unauthorized)));
    let delete = |by_hand| {
        let values = Values { by_hand, ..Values::default() };
        provider.carry(&Command::Delete(key("x")), values, NOW).event
    };
    assert_eq!((delete(false), delete(true)), (later(Reason::ByHand), Event::Done));
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    for (value, management) in [
        (json!({ "openrouter": {} }), None),
        (json!({ "openrouter": { "base_url": "http://example.com" } }), Some("x")),
        (json!({ "aws-iam": { "user": "u" } }), Some("without-a-colon")),
        (json!({ "tailscale": {} }), Some("tskey-client-")),
        (json!({ "command": { "program": "rotate.sh" } }), None),
        (json!({ "manual": { "create_url": "https://example.com", "regex": "(" } }), None),
    ] {
        let management = management.map(|text| Secret::new(text.to_owned()));
        assert!(Provider::new(&settings(value.clone()), management).is_err(), "{value}");
    }
}
