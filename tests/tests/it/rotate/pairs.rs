//! Keys of AWS are pairs: the id and the secret of one key stand beside each other, or the program that reads them is refused.
#![expect(clippy::disallowed_methods, reason = "files of a test's own house")]

use super::bed::{Bed, CASES, now, over};
use super::verbs::stubborn;
use crate::cli::program::House;
use crate::rotation::stand_in::{Contract, Key, StandIn};
use std::fs;

const FILE: &str = "srv/aws.env";
const JSON: &str = "srv/aws.json";

/// A house whose program reads a pair of variables, and another one a pair of texts.
fn house(more: &str) -> Bed {
    let provider = StandIn::start(Contract::Aws, now());
    let kind = CASES[2].kind.replace("BASE", &provider.base_url());
    let house = House::new(&format!(
        "format: 1\ninstance: {{name: Bed, slug: bed, timezone: UTC}}\nusers: {{owner: operator}}\n\
         nodes: {{hub: {{type: hub, os: linux}}}}\nnetworks: {{lan: {{subnet: 192.168.1.0/24}}}}\nsecrets:\n  \
         management: {{ref: \"file:management\", cleartext: {{reason: x}}}}\n  cloud:\n    ref: \"file:cloud\"\n    \
         cleartext: {{reason: x}}\n    rotation:\n      {{kind: {kind}, management: management{more}, consumers: [\
         {{env: {{path: /{FILE}, variable: AWS_SECRET_ACCESS_KEY, id_variable: AWS_ACCESS_KEY_ID}}}}, \
         {{json: {{path: /{JSON}, key: aws.secret, id_key: aws.id}}}}]}}\n"
    ));
    let before = provider.account().keys.clone();
    let management = format!("AKIDMANAGER:{}", provider.account().management);
    house.fed(&["secrets", "set", "management", "--stdin"], management.as_bytes()).exits(0);
    let Key { id, value, .. } = &before[0];
    house.fed(&["secrets", "set", "cloud", "--stdin"], value.as_bytes()).exits(0);
    let file = format!(
        "# of the backup\nAWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={value}\nAWS_REGION=x\n"
    );
    house.put(FILE, &file, 0o600);
    house.put(
        JSON,
        &format!("{{\"aws\": {{\"id\": \"{id}\", \"secret\": \"{value}\"}}}}\n"),
        0o600,
    );
    Bed::around(CASES[2], house, provider, before)
}

/// Both files, and the value of the source.
fn held(bed: &Bed) -> [String; 3] {
    let read = |name: &str| fs::read_to_string(bed.house.at("root").join(name)).unwrap();
    [read(FILE), read(JSON), read("etc/sanctum/secrets/cloud")]
}

/// What the files should hold with that key.
fn pair(key: &Key) -> [String; 3] {
    let Key { id, value, .. } = key;
    [
        format!(
            "# of the backup\nAWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={value}\nAWS_REGION=x\n"
        ),
        format!("{{\"aws\": {{\"id\": \"{id}\", \"secret\": \"{value}\"}}}}\n"),
        value.clone(),
    ]
}

#[test]
fn both_halves_arrive_although_the_key_is_not_known_everywhere_at_once() {
    let bed = house("");
    // Twice it is refused for the first look, and once more for a consumer's.
    bed.provider.account().unknown_at_first = 3;
    bed.house.run(&["rotate", "cloud", "--yes", "--wait", "20"]).exits(0);
    let made = bed.provider.account().keys.last().unwrap().clone();
    assert_ne!(made.id, bed.before[0].id);
    assert_eq!(held(&bed), pair(&made));
    assert_eq!(made.extra, 0, "it was refused as often as it was said");
    bed.see_out();
    assert_eq!(held(&bed), pair(&made));
    let account = bed.provider.account();
    assert_eq!(account.alive().len(), 1, "{:?}", account.log);
}

#[test]
fn a_key_that_is_never_known_is_given_up_in_bounds_and_nothing_was_touched() {
    let bed = house("");
    bed.provider.account().unknown_at_first = 1000;
    // It is removed when a lost answer could make no other any more.
    bed.house.run(&["rotate", "cloud", "--yes", "--wait", "20"]).exits(3);
    bed.pass(120);
    let ran = bed.house.run(&["rotate", "--resume", "--wait", "5"]).exits(5);
    assert!(ran.stdout.contains("the new key does not work"), "{}", ran.stdout);
    assert_eq!(held(&bed), pair(&bed.before[0]));
    let account = bed.provider.account();
    assert_eq!(account.alive().len(), 1, "the key that was made is gone: {:?}", account.log);
    drop(account);
    assert!(bed.records().iter().all(|(_, record)| over(record)));
}

#[test]
fn when_values_go_back_both_halves_do() {
    let (port, _) = stubborn(5);
    let bed = house(&format!(", reload: [{{http: {{url: \"http://127.0.0.1:{port}/reload\"}}}}]"));
    bed.house.run(&["rotate", "cloud", "--yes", "--wait", "20"]).exits(3);
    assert_eq!(held(&bed), pair(&bed.before[0]));
    bed.pass(120);
    bed.house.run(&["rotate", "--resume", "--wait", "5"]).exits(5);
    assert_eq!(held(&bed), pair(&bed.before[0]));
    assert_eq!(bed.provider.account().alive().len(), 1);
}

#[test]
fn half_a_pair_that_somebody_changed_stops_before_the_old_key_goes() {
    let bed = house("");
    bed.house.run(&["rotate", "cloud", "--yes", "--wait", "20"]).exits(0);
    let [file, ..] = held(&bed);
    let made = bed.provider.account().keys.last().unwrap().id.clone();
    bed.house.put(FILE, &file.replace(&made, &bed.before[0].id), 0o600);
    bed.pass(90_000);
    let ran = bed.house.run(&["rotate", "--resume", "--wait", "5"]).exits(3);
    assert!(ran.stdout.contains("holds neither the old nor the new value"), "{}", ran.stdout);
    assert!(bed.provider.account().is_valid(&bed.before[0].value), "both live");
}
