//! Texts that are made to be expensive: the cost of each grows with its length and no faster.

#![expect(clippy::disallowed_methods, reason = "what a text costs is measured")]

use crate::rule::RULES;
use crate::{find, find_in, redact};
use std::time::{Duration, Instant};

/// Four times the text may cost so many times as much; a quadratic search would cost sixteen times.
const GROWTH: u32 = 10;
/// Below this, growth is not to be told from the machine's other work.
const NOISE: Duration = Duration::from_millis(60);

/// Bytes of the smaller text, where there is one and where there are hundreds.
const LONG: usize = 16 << 10;
const SHORT: usize = 6 << 10;

/// The cheaper of two runs.
fn cost(text: &[u8]) -> Duration {
    let run = || {
        let start = Instant::now();
        let _ = find_in(text, Some(".env"));
        let _ = find(text);
        start.elapsed()
    };
    (0..2).map(|_| run()).min().unwrap_or_default()
}

fn grows_with_its_length(unit: &str, length: usize) {
    let text = |len: usize| unit.repeat(len / unit.len() + 1).into_bytes();
    let (small, large) = (cost(&text(length)), cost(&text(4 * length)));
    assert!(large < small.max(NOISE) * GROWTH, "{unit:?}: {small:?}, then {large:?}");
}

#[test]
fn keywords_on_end_cost_what_their_length_costs() {
    // All at once, and by themselves those whose patterns have no bound.
    let all: Vec<&str> = RULES.iter().flat_map(|rule| rule.keywords).copied().collect();
    grows_with_its_length(&all.concat(), LONG);
    for rule in RULES.iter().filter(|rule| rule.after >= 1024) {
        if let Some(keyword) = rule.keywords.first() {
            grows_with_its_length(keyword, SHORT);
        }
    }
}

#[test]
fn text_that_is_made_to_be_refused_costs_what_its_length_costs() {
    for unit in [
        "pwd=",
        "password: ",
        "\"password\":\"",
        "pwd='",
        "secret=token=",
        "<password>",
        "_auth",
        "basic ",
        "bearer a",
        "://a:",
        "://a:b@",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n",
        "PuTTY-User-Key-File-",
        "$1$",
        "curl -u ",
        "mysql -p",
        "login('a','",
        "eyJ",
        "eyJhbGciOiJ",
        "%41",
        "%3a%3a",
        "cGFzc3dvcmQ9",
        "70617373",
        "[redacted ",
        "[redacted jwt]",
        "password=[redacted jwt]",
        "sk-proj-sk-",
        "password=hunter2 ",
        "define('password', ",
    ] {
        grows_with_its_length(unit, LONG);
    }
}

#[test]
fn redacting_many_secrets_costs_what_their_number_costs() {
    let time = |count: usize| {
        let text = "password=hunter2 ".repeat(count);
        let start = Instant::now();
        assert_eq!(redact(&text).found.len(), count);
        start.elapsed()
    };
    let (small, large) = (time(1_000), time(4_000));
    assert!(large < small.max(NOISE) * GROWTH, "{small:?}, then {large:?}");
}
