//! ntfy and webhooks over loopback: what arrives, and what is not taken for a delivery.
#![expect(clippy::disallowed_methods, reason = "fixtures in the test's own folder")]

use super::peers::{Peer, answer, force_flow, ntfy};
use super::{channels, message};
use sanctum_tests::{Tier, note_skipped};
use sanctum_types::Severity;
use sanctum_types::chain;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

const TOKEN: &str = "tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2";

/// A root with the token's file.
fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    let secrets = root.path().join("etc/sanctum/secrets");
    fs::create_dir_all(&secrets).expect("folders");
    fs::write(secrets.join("token"), TOKEN).expect("the token");
    fs::set_permissions(secrets.join("token"), fs::Permissions::from_mode(0o600)).expect("a mode");
    root
}

fn via_ntfy(peer: &Peer, token: bool) -> Value {
    let mut via = json!({ "url": peer.url(""), "topic": "house_1" });
    if token {
        via["token"] = json!("token");
    }
    json!([{ "name": "phone", "via": { "ntfy": via } }])
}

fn via_hook(url: &str, body: &Value) -> Value {
    json!([{ "name": "hook", "via": { "webhook": { "url": url, "body": body } } }])
}

/// Sends to the one channel; what went wrong in words.
fn send(declared: &Value, severity: Severity) -> Result<(), String> {
    let name = declared[0]["name"].as_str().expect("a name").to_owned();
    let root = root();
    let channels = channels(declared, root.path(), None);
    channels.send(&name, &message(severity)).map_err(|error| {
        // Neither in words nor in the form that a panic or a log would print.
        let all = format!("{} {error:?} {channels:?}", chain(&error));
        assert!(!all.contains(TOKEN), "{all}");
        chain(&error)
    })
}

#[test]
fn a_topic_gets_title_priority_tags_and_every_sight() {
    let peer = ntfy(Some(TOKEN));
    send(&via_ntfy(&peer, true), Severity::Critical).expect("delivered");
    let [request] = &peer.asked()[..] else { panic!("one request") };
    assert_eq!(request.headers["authorization"], format!("Bearer {TOKEN}"));
    let body = request.json();
    assert_eq!(body["title"], "hub: critical: services.port-owner (gäteway \"x\" \\ <b>)");
    assert_eq!((&body["priority"], &body["tags"]), (&json!(5), &json!(["rotating_light"])));
    let text = body["message"].as_str().expect("a text");
    for part in [
        "2026-11-22 12:00:00 UTC: held by <socat>",
        "12:00:30 UTC: still held {{title}} 😀",
        "next: sanctum services why gateway",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_refused_token_is_not_a_delivery() {
    let peer = ntfy(Some("tk_another"));
    let said = send(&via_ntfy(&peer, true), Severity::Error).expect_err("refused");
    assert_eq!(said, "the peer answered with status 401");
    let said = send(&via_ntfy(&peer, false), Severity::Error).expect_err("refused");
    assert_eq!(said, "the peer answered with status 401");
}

/// Five hours of status 200 with empty answers: a status is not an acknowledgement.
#[test]
fn a_yes_without_the_message_is_not_a_delivery() {
    for body in [
        "",
        "ok",
        "{}",
        r#"{"id":"a","event":"message","topic":"other"}"#,
        r#"{"id":"","event":"message","topic":"house_1"}"#,
        r#"{"id":"a","event":"open","topic":"house_1"}"#,
        "<html>Welcome to the router</html>",
    ] {
        let length = body.len();
        let bytes = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        let peer = Peer::new(move |_| bytes.clone().into_bytes());
        let said = send(&via_ntfy(&peer, true), Severity::Error).expect_err(body);
        assert!(said.contains("does not acknowledge"), "{body}: {said}");
    }
}

#[test]
fn nobody_is_followed_elsewhere_with_a_token() {
    let elsewhere = ntfy(Some(TOKEN));
    for status in
        ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
    {
        let head = format!(
            "HTTP/1.1 {status}\r\nLocation: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            elsewhere.url("/")
        );
        let peer = Peer::new(move |_| head.clone().into_bytes());
        let said = send(&via_ntfy(&peer, true), Severity::Error).expect_err(status);
        assert!(said.contains("which is not followed"), "{said}");
    }
    assert_eq!(elsewhere.asked().len(), 0);
}

#[test]
fn an_endless_answer_and_an_endless_head_have_an_end() {
    let body = Peer::new(|_| {
        let mut bytes = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
        bytes.resize(4 << 20, b'x');
        bytes
    });
    assert!(send(&via_ntfy(&body, true), Severity::Error).is_err());
    let head = Peer::new(|_| {
        let mut bytes = b"HTTP/1.1 200 OK\r\n".to_vec();
        for number in 0..100_000 {
            bytes.extend(format!("X-{number}: {number}\r\n").into_bytes());
        }
        bytes
    });
    assert!(send(&via_ntfy(&head, true), Severity::Error).is_err());
    let cut = Peer::new(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\"".to_vec());
    assert!(send(&via_ntfy(&cut, true), Severity::Error).is_err());
    let garbage = Peer::new(|_| vec![0xff; 4096]);
    assert!(send(&via_ntfy(&garbage, true), Severity::Error).is_err());
}

#[test]
fn a_peer_that_hangs_is_given_ten_seconds() {
    if Tier::of_this_run() == Tier::First {
        return note_skipped(module_path!(), "waits ten seconds");
    }
    let peer = Peer::hung();
    let start = Instant::now();
    let said = send(&via_ntfy(&peer, true), Severity::Critical).expect_err("no answer");
    let waited = start.elapsed().as_secs();
    assert!(said.contains("timeout") && (9..=15).contains(&waited), "{said} after {waited} s");
}

#[test]
fn force_flow_gets_four_texts_and_says_whether_anybody_is_told() {
    let peer = force_flow(
        json!({ "status": "sent", "channels": ["push", "dashboard"], "deduplicated": false }),
    );
    send(&via_hook(&peer.url("/notify"), &json!("force-flow")), Severity::Error)
        .expect("delivered");
    let body = peer.asked()[0].json();
    assert_eq!(
        (&body["source"], &body["severity"]),
        (&json!("sanctum/hub/doctor"), &json!("error"))
    );
    assert!(body["message"].as_str().expect("a text").contains("\"co\"\",\"severity\":\"info"));
    for (says, why) in [
        (json!({ "status": "ok", "channels": [], "rate_limited": true }), "its hour is full"),
        (json!({ "status": "ok", "channels": [], "quiet_hours": true }), "it has quiet hours"),
        (json!({ "status": "error", "channels": ["push"] }), "its status says that it failed"),
        (json!({ "success": true }), "not a force-flow answer"),
    ] {
        let peer = force_flow(says);
        let said = send(&via_hook(&peer.url("/notify"), &json!("force-flow")), Severity::Error);
        assert!(said.as_ref().is_err_and(|said| said.contains(why)), "{why}: {said:?}");
    }
    let wrong = send(&via_hook(&peer.url("/"), &json!("force-flow")), Severity::Error);
    assert_eq!(wrong.expect_err("wrong path"), "the peer answered with status 404");
}

#[test]
fn a_template_of_the_owners_is_posted_and_no_value_leaves_its_string() {
    let peer = Peer::new(|_| answer("202 Accepted", &json!({})));
    let template =
        r#"{"text": "{{title}}\n{{message}}", "to": ["{{severity}}", "fixed"], "level": 3}"#;
    send(&via_hook(&peer.url("/x?y=z"), &json!({ "template": template })), Severity::Warn)
        .expect("delivered");
    let request = &peer.asked()[0];
    assert_eq!(request.line, "POST /x?y=z HTTP/1.1");
    let body = request.json();
    assert_eq!((&body["to"], &body["level"]), (&json!(["warn", "fixed"]), &json!(3)));
    let text = body["text"].as_str().expect("a text");
    assert!(text.starts_with("warn: services.port-owner (gäteway \"x\" \\ <b>)\n"), "{text}");
    assert_eq!(body.as_object().expect("an object").len(), 3);
}
