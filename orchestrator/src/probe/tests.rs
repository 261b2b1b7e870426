//! Looks at real listeners on the loopback address.

use super::{Answer, Rung, Seen, look};
use crate::instance::model::Service;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(2);

fn service(port: u16, probe: &str) -> Service {
    serde_saphyr::from_str(&format!("node: hub\nports: [{port}]\nprobe: {probe}\n")).unwrap()
}

/// A listener that says this to each of its callers, after reading what they ask.
fn speaker(words: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let mut asked = [0; 4096];
            // A caller that only knocks says nothing.
            if matches!(stream.read(&mut asked), Ok(1..)) {
                let _ = stream.write_all(words.as_bytes());
            }
        }
    });
    port
}

fn at(port: u16, probe: &str) -> Answer {
    look(&service(port, probe), None, LIMIT)
}

fn response(body: &'static str) -> &'static str {
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length:";
    Box::leak(format!("{head} {length}\r\n\r\n{body}").into_boxed_str())
}

#[test]
fn each_rung_sees_what_the_one_below_cannot() {
    let empty = speaker(response(""));
    let lower = ["tcp", "{http: {path: /health}}"].map(|probe| at(empty, probe).seen);
    assert_eq!(lower, [Seen::Green, Seen::Green]);
    let contract = at(empty, "{contract: {path: /health}}");
    assert_eq!((contract.seen, contract.rung), (Seen::Red, Rung::Contract));
    assert_eq!(contract.saw, "it answered 200 with an empty body");
    let full = speaker(response(r#"{"status":"ok"}"#));
    let probe = "{contract: {path: /health, json: [{pointer: /status, equals: ok}]}}";
    assert_eq!(at(full, probe).seen, Seen::Green);
}

#[test]
fn silence_refusal_and_nonsense_are_red() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let refused = at(free, "tcp");
    assert_eq!((refused.seen, refused.saw.as_str()), (Seen::Red, "the connection was refused"));
    // The kernel accepts for a program that never does.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    assert_eq!(at(port, "tcp").seen, Seen::Green);
    let hung = at(port, "{http: {path: /health}}");
    assert_eq!((hung.seen, hung.saw.as_str()), (Seen::Red, "there was no answer in time"));
    assert_eq!(at(speaker("+OK POP3 ready\r\n"), "{http: {path: /}}").seen, Seen::Red);
    assert_eq!(at(speaker(""), "{http: {path: /}}").seen, Seen::Red);
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    let words = "HTTP/1.1 302 Found\r\nlocation: http://192.0.2.1/\r\ncontent-length: 0\r\n\r\n";
    let answer = at(speaker(words), "{http: {path: /}}");
    assert_eq!(answer.saw, "it answered 302 and not 200");
}

#[test]
fn a_command_is_run_as_it_is_and_must_say_the_words() {
    // A loaded machine takes its time to start a program; only the one that sleeps is to run out of it.
    let probe = |command: &str| {
        let seconds = if command.contains("sleep") { 1 } else { 20 };
        let probe =
            format!("{{end-to-end: {{command: {command}, expect: pong, timeout: {seconds}}}}}");
        look(&service(1, &probe), None, LIMIT)
    };
    assert_eq!(probe("[/bin/echo, 'ping pong']").seen, Seen::Green);
    assert_eq!(probe("[/bin/echo, 'ping; echo po']").seen, Seen::Red, "no shell reads it");
    assert_eq!(probe("[/bin/false]").saw, "the probe's command ended with exit status 1");
    assert_eq!(probe("[/bin/true]").saw, "the probe's command said nothing");
    assert_eq!(probe("[/bin/sleep, '30']").saw, "the probe's command did not end within 1 s");
    assert_eq!(probe("[/usr/bin/no-such-program]").seen, Seen::Unknown);
}

#[test]
fn without_a_port_only_the_process_is_known() {
    let bare: Service = serde_saphyr::from_str("node: hub\n").unwrap();
    let seen = [Some(true), Some(false), None].map(|alive| look(&bare, alive, LIMIT).seen);
    assert_eq!(seen, [Seen::Green, Seen::Red, Seen::Unknown]);
}
