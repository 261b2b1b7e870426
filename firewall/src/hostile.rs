//! Texts that are made to be expensive: no rule looks at more of them than a multiple of their length.
//!
//! What is counted is bytes that were looked at, so a busy machine changes nothing. How long they take is for bench/.

use crate::engine::Engine;
use crate::hint::Kind;
use crate::redact;
use crate::rule::RULES;
use crate::search::Search;

/// Long enough that looking at it anew at each keyword would cost hundreds of times what is allowed.
const LONG: usize = 64 << 10;
/// The same, for hundreds of texts.
const SHORT: usize = 16 << 10;

fn grows_with_its_length(unit: &str, length: usize) {
    let text = unit.repeat(length / unit.len() + 1).into_bytes();
    for kind in [Kind::Unknown, Kind::Settings] {
        let busiest = Search::busiest(Engine::builtin(), &text, kind);
        let Some((rule, spent)) = busiest else { continue };
        assert!(spent <= Search::most(text.len()), "{rule} looked at {spent} bytes of {unit:?}");
    }
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
fn redacting_many_secrets_finds_each() {
    let count = 4_000;
    assert_eq!(redact(&"password=hunter2 ".repeat(count)).found.len(), count);
}
