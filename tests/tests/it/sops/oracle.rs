//! Both ways over a corpus: what the real sops encrypts we open, what we encrypt it opens.

use super::bed::Bed;
use super::corpus::documents;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use sanctum_secrets::sops::config::Config;
use sanctum_secrets::sops::opened::{Recipe, encrypt, open};
use sanctum_secrets::sops::text::{Leaf, Scalar, What};
use sanctum_secrets::sops::{Format, Identities};
use sanctum_tests::need;
use sanctum_types::UnixTime;
use std::collections::BTreeMap;

/// What of a document is encrypted, as a rule of `.sops.yaml`.
const RULES: [&str; 6] = [
    "unencrypted_suffix: _unencrypted",
    "encrypted_regex: '^[a-m]'",
    "unencrypted_regex: '[k-z]$'",
    "encrypted_suffix: a",
    "mac_only_encrypted: true",
    "encrypted_regex: '^[a-mK]', mac_only_encrypted: true",
];

/// The values of a document as far as both sides mean the same: numbers of JSON are floating.
fn values(text: &[u8], format: Format) -> Vec<String> {
    if format == Format::Binary {
        return vec![format!("{text:?}")];
    }
    let text = String::from_utf8(text.to_vec()).expect("UTF-8");
    let read = format.parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let leaves: Vec<_> =
        (0..read.documents()).flat_map(|document| read.leaves(document).expect("leaves")).collect();
    let shown = |leaf: &Leaf| {
        let what = match &leaf.what {
            // Numbers that the original rewrote (1e3 as 1000) are the same numbers.
            What::Value(Scalar::Int(whole)) => format!("number {:?}", *whole as f64),
            What::Value(Scalar::Float(float)) => format!("number {float:?}"),
            What::Value(Scalar::Str(text)) => format!("text {:?}", text.as_str()),
            What::Value(Scalar::Time(text)) => format!("time {:?}", text.as_str()),
            What::Value(Scalar::Bool(yes)) => format!("{yes}"),
            What::Value(Scalar::Null) => "null".to_owned(),
            // The original drops a comment without words.
            What::Comment(text) if text.trim().is_empty() => return None,
            // In INI the original writes one space behind every mark, whatever stood there.
            What::Comment(text) => {
                format!("comment {}", text.split_whitespace().collect::<String>())
            }
        };
        Some(format!("{:?} {what}", leaf.path))
    };
    leaves.iter().filter_map(shown).collect()
}

fn recipe(bed: &Bed, rule: &str) -> (Recipe, String) {
    let text = format!("creation_rules:\n  - {{age: {}, {rule}}}\n", bed.recipient);
    let config = Config::parse(&bed.path(".sops.yaml"), &text).expect("a configuration");
    let rule = config.rule(&bed.path("any")).expect("a rule");
    let recipe = Recipe {
        selector: rule.selector(&BTreeMap::new()).expect("a selector"),
        groups: rule.groups,
        threshold: rule.threshold,
        mac_only_encrypted: rule.mac_only_encrypted,
    };
    (recipe, text)
}

/// One document, both ways.
fn both_ways(bed: &Bed, number: usize, format: Format, plain: &[u8], rule: &str) {
    let identities = Identities::of(&bed.identities());
    let (recipe, config) = recipe(bed, rule);
    let word = format.word();
    let [theirs, ours, rules] = ["theirs", "ours", "rules"].map(|name| format!("{number}.{name}"));
    bed.write(&rules, config);
    bed.write(&theirs, plain);
    let types = ["--input-type", word, "--output-type", word];
    let shown = String::from_utf8_lossy(plain).into_owned();

    let encrypt_arguments = [&["--config", &rules, "encrypt"][..], &types[..], &[&theirs]].concat();
    let closed = bed.sops(&encrypt_arguments);
    let opened = open(&closed, format, &identities)
        .unwrap_or_else(|error| panic!("ours opens {word} {rule}: {error}: {shown}"));
    let mine = opened.plain().expect("plain");
    assert_eq!(values(&mine, format), values(plain, format), "{word} {rule}: {shown}");
    bed.write(&theirs, &closed);
    let decrypt = |name: &str| bed.sops(&[&["decrypt"][..], &types[..], &[name]].concat());
    let again = decrypt(&theirs);
    if !matches!(format, Format::Ini | Format::Yaml) {
        let [mine, again] = [&mine[..], &again].map(String::from_utf8_lossy);
        assert_eq!(mine, again, "byte for byte: {word} {rule}: {shown}");
    }

    let mut opened = encrypt(plain, format, &recipe)
        .unwrap_or_else(|error| panic!("ours encrypts {word} {rule}: {error}: {shown}"));
    bed.write(&ours, opened.sealed(UnixTime(1_790_000_000)).expect("sealed").as_bytes());
    if format == Format::Yaml {
        assert_eq!(values(&again, format), values(&mine, format), "{word} {rule}: {shown}");
    }
    let back = decrypt(&ours);
    assert_eq!(values(&back, format), values(plain, format), "{word} {rule}: {shown}");
}

fn corpus(format: Format, documents_wanted: usize) {
    let (sops, keygen) = need!("sops", "age-keygen");
    let bed = Bed::new(sops, &keygen);
    let strategy = documents(format);
    let mut runner = TestRunner::deterministic();
    let all: Vec<_> = (0..documents_wanted)
        .map(|_| strategy.new_tree(&mut runner).expect("a document").current())
        .collect();
    // Each start of the real sops takes some 50 ms, most of them waiting: two at a time.
    std::thread::scope(|scope| {
        for lane in 0..2 {
            let (bed, all) = (&bed, &all);
            scope.spawn(move || {
                for (number, plain) in
                    all.iter().enumerate().filter(|(number, _)| number % 2 == lane)
                {
                    let rule = RULES.get(number % RULES.len()).expect("a rule");
                    both_ways(bed, number, format, plain, rule);
                }
            });
        }
    });
}

#[test]
fn json_goes_both_ways() {
    corpus(Format::Json, 160);
}

#[test]
fn yaml_goes_both_ways() {
    corpus(Format::Yaml, 160);
}

#[test]
fn dotenv_goes_both_ways() {
    corpus(Format::Dotenv, 90);
}

#[test]
fn ini_goes_both_ways() {
    corpus(Format::Ini, 90);
}

#[test]
fn binary_goes_both_ways() {
    corpus(Format::Binary, 40);
}
