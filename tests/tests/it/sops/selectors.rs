//! The same keys are encrypted by an expression as by the real one: a difference would leave a secret in clear.

use super::bed::Bed;
use sanctum_secrets::sops::Format;
use sanctum_secrets::sops::cipher::PREFIX;
use sanctum_secrets::sops::selectors::Selector;
use sanctum_tests::need;

const KEYS: [&str; 16] = [
    "password", "PASSWORD", "a-b", "a_b", "é", "漢字", "٣", "12", "a key", "keys", "[x]", "a.b",
    "axb", "ſ", "K", "&&",
];

const EXPRESSIONS: [&str; 20] = [
    "^pass",
    "(?i)pass",
    "^\\d+$",
    "^\\w+$",
    "\\W",
    "[^\\w]",
    "^[\\w-]+$",
    "[[:punct:]]",
    "^[[x\\]]+$",
    "^[a&&b]+$",
    "\\bkey\\b",
    "^\\Qa.b\\E$",
    "\\p{L}",
    "^\\p{Greek}|\\p{Han}",
    "(?i)s$",
    "(?i)^k",
    ".",
    "^$",
    "^.$",
    "^(?:a|1)",
];

#[test]
fn expressions_choose_the_same_keys() {
    let (sops, keygen) = need!("sops", "age-keygen");
    let bed = Bed::new(sops, &keygen);
    let entries: Vec<_> = KEYS.iter().map(|key| format!("{key:?}: \"v\"")).collect();
    bed.write("p.json", format!("{{{}}}", entries.join(", ")));
    let plain = Format::Json.parse(&format!("{{{}}}", entries.join(", "))).expect("JSON");
    for text in EXPRESSIONS {
        let line = ["encrypt", "--age", &bed.recipient, "--encrypted-regex", text, "p.json"];
        let closed = String::from_utf8(bed.sops(&line)).expect("UTF-8");
        let theirs: Vec<&str> = closed
            .lines()
            .take(KEYS.len() + 1)
            .skip(1)
            .zip(KEYS)
            .filter(|(line, _)| line.contains(PREFIX))
            .map(|(_, key)| key)
            .collect();
        let selector = Selector::of(|name| (name == "encrypted_regex").then(|| text.to_owned()));
        let chosen = selector.expect("an expression").choose(&plain.leaves(0).expect("leaves"));
        let ours: Vec<&str> =
            chosen.iter().zip(KEYS).filter(|(yes, _)| **yes).map(|(_, key)| key).collect();
        assert_eq!(ours, theirs, "{text}");
    }
}
