//! What comes over the socket and is no request, too many who connect, and a disk without room.

use super::bed::{Bed, LONG, Line, append, entries, event};
use crate::journal_full::Small;
use sanctum_host::journal::socket::MAX_CONNECTIONS;
use serde_json::{Value, json};
use std::io::Write as _;
use std::time::{Duration, Instant};

fn refused(word: &str) -> Option<Value> {
    Some(json!({ "error": word }))
}

#[test]
fn what_is_no_frame_ends_its_connection_and_nothing_else() {
    let bed = Bed::new();
    for bytes in [&[0, 0, 0, 0][..], &[255; 4], &[0, 1, 0, 1], b"GET / HTTP/1.1\r\n\r\n"] {
        let mut line = bed.line();
        line.raw(bytes);
        assert_eq!(line.hear(), refused("malformed"), "{bytes:?}");
        assert_eq!(line.hear(), None, "{bytes:?}");
    }
    bed.health().exits(0);
}

#[test]
fn what_is_no_request_is_answered_and_the_next_one_is_heard() {
    let bed = Bed::new();
    let mut line = bed.line();
    for text in ["not JSON", "{}", "null", "{\"append\":{}}", "{\"health\":true,\"x\":1}", "\u{0}"]
    {
        line.raw(&sanctum_host::journal::socket::wire::encode(text.as_bytes()).expect("a frame"));
        assert_eq!(line.hear(), refused("malformed"), "{text}");
    }
    let mut own = append("x");
    own["append"]["action"] = json!("journal.seal");
    assert_eq!(Some(line.ask(&own)), refused("unfit"));
    assert_eq!(Some(line.ask(&append(&"x".repeat(20_000)))), refused("unfit"));
    let mut odd = append("x");
    odd["append"]["details"] = json!({ "Not A Word": "x" });
    assert_eq!(Some(line.ask(&odd)), refused("unfit"));
    assert!(line.ask(&append("fine"))["seq"].is_u64());
    assert_eq!(line.ask(&json!({ "health": true }))["health"]["healthy"], true);
    let dir = bed.drained();
    assert_eq!(entries(dir.path()).len(), 3);
}

#[test]
fn half_a_frame_is_waited_for_a_while_and_holds_nobody_up() {
    let bed = Bed::new();
    let mut half = bed.line();
    half.raw(&[0, 0, 1, 0, b'{']);
    let begun = Instant::now();
    assert!(bed.line().ask(&append("meanwhile"))["seq"].is_u64());
    let meanwhile = begun.elapsed();
    assert_eq!(half.hear(), None);
    let waited = begun.elapsed();
    // A service that heard one after the other would have spent its whole patience before the other answer.
    assert!(waited > Duration::from_secs(3) && waited > meanwhile * 2, "{meanwhile:?} {waited:?}");
}

#[test]
fn who_comes_after_too_many_is_sent_away_until_one_goes() {
    let bed = Bed::new();
    // Each speaks at once: who says nothing for long is sent away too.
    let spoken = |mut line: Line| {
        assert!(line.ask(&append("one of many"))["seq"].is_u64());
        line
    };
    let mut lines: Vec<_> = (0..MAX_CONNECTIONS).map(|_| spoken(bed.line())).collect();
    assert_eq!(bed.line().hear(), refused("busy"));
    bed.client().append(&event("uid:0", "one more")).expect_err("no room");
    lines.pop();
    let begun = Instant::now();
    while bed.client().append(&event("uid:0", "one more")).is_err() {
        assert!(begun.elapsed() < LONG, "there is room");
    }
}

#[test]
fn noise_never_ends_it() {
    let bed = Bed::new();
    // A generator of one line: the same bytes at every run (Marsaglia's xorshift).
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    for round in 0_usize..200 {
        let mut line = bed.line();
        let bytes: Vec<u8> = (0..=round % 40).flat_map(|_| noise()).collect();
        let framed = sanctum_host::journal::socket::wire::encode(&bytes).expect("a frame");
        // It may have closed before all was written.
        let _ = line.0.write_all(if round % 2 == 0 { &bytes } else { &framed });
    }
    // Those who went are counted until their threads have heard of it.
    let begun = Instant::now();
    while bed.client().append(&event("uid:0", "still there")).is_err() {
        assert!(begun.elapsed() < LONG, "there is room");
    }
    bed.health().exits(0);
    bed.drained();
}

#[test]
fn on_a_full_disk_it_says_no_and_comes_back() {
    let _tools = sanctum_tests::need!("mount", "umount");
    let bed = Bed::new();
    let dir = bed.drained();
    let small = Small::over(&dir.path().join("root/.sanctum/journal"));
    let bed = Bed::with(dir, &[]);
    let client = bed.client();
    small.fill();
    let large = "x".repeat(8000);
    let failed = (0..40).find_map(|_| client.append(&event("uid:0", &large)).err());
    let told = failed.expect("the disk is full").to_string();
    assert_eq!(told, "the journal refused: it could not be recorded");
    // A probe is smaller than what failed: what room is left is used up first.
    while client.append(&event("uid:0", "small")).is_ok() {}
    let ran = bed.health().exits(3);
    assert_eq!(ran.json()["health"]["healthy"], false);
    small.free();
    bed.health().exits(0);
    client.append(&event("uid:0", "after")).expect("there is room");
    let dir = bed.drained();
    assert!(entries(dir.path()).iter().any(|entry| entry["subject"] == "after"));
    drop(small);
}
