use super::{HOUSE, edited};
use crate::instance::{BuiltinRules, Cleartext, CleartextCheck, load};
use expect_test::expect;

/// Finds words that start with `sk_`, and everything under the key `password`.
struct Fake;

impl CleartextCheck for Fake {
    fn find(&self, key: Option<&str>, value: &str) -> Option<Cleartext> {
        let kind = "test key".to_owned();
        if let Some(start) = value.find("sk_") {
            let end =
                value.split_at(start).1.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            return Some(Cleartext { kind, range: start..end.map_or(value.len(), |n| start + n) });
        }
        (key == Some("password")).then_some(Cleartext { kind, range: 0..value.len() })
    }
}

fn shown(text: &str) -> String {
    load(text, "instance.yaml", &Fake).expect_err("refused").to_string()
}

#[test]
fn a_secret_in_a_value_a_comment_or_a_key_is_refused_and_never_shown() {
    expect![[r#"
        instance.yaml:19:17: a secret in clear text: test key
              reason: use [redacted] and [redacted] for it
                          ^
          hint: put it into a store, rotate it, and write `ref: keychain:service/account` (or sops:, file:, op://, age:) under `secrets`
        instance.yaml:19:31: a secret in clear text: test key
              reason: use [redacted] and [redacted] for it
                                         ^
          hint: put it into a store, rotate it, and write `ref: keychain:service/account` (or sops:, file:, op://, age:) under `secrets`"#]]
    .assert_eq(&shown(&edited("agents need it", "use sk_abc123 and sk_d for it")));
    for text in [
        format!("# sk_abc123\n{HOUSE}"),
        format!("{HOUSE}sk_abc123: 1\n"),
        edited("agents need it", "\"x\\u0073k_abc123\""),
        edited("agents need it", "|\n      line\n      sk_abc123\n"),
        edited("node: hub\n", "node: sk_abc123\n"),
        edited("Europe/Vienna", "sk_abc123"),
        edited("ports: [4040]", "ports: [sk_abc123]"),
        format!("{HOUSE}x: [sk_abc123"),
    ] {
        let shown = shown(&text);
        assert!(shown.contains("a secret in clear text: test key"), "{shown}");
        assert!(!shown.contains("abc123"), "{shown}");
    }
}

#[test]
fn the_caret_stands_right_after_a_redacted_part() {
    let text = edited("reason: agents need it", "reason: {sk_abcdefghijklmnop: 1, b: 2}");
    let shown = shown(&text);
    assert!(!shown.contains("abcdef"), "{shown}");
    let text =
        edited("{node: hub, ports: [8200]", "{node: hub, \"sk_abcdefghijklmnop\": 1, prots: [1]");
    let shown = load(&text, "i", &Fake).expect_err("refused").to_string();
    expect![[r#"
        i:14:23: a secret in clear text: test key
            vault: {node: hub, "[redacted]": 1, prots: [1], criticality: P0, secrets: [seal]}
                                ^
          hint: put it into a store, rotate it, and write `ref: keychain:service/account` (or sops:, file:, op://, age:) under `secrets`"#]]
    .assert_eq(shown.split("\ni:").find(|part| part.contains("clear text")).map(|p| if p.starts_with("i:") { p.to_owned() } else { format!("i:{p}") }).as_deref().unwrap_or(""));
    let misspelt = shown.split("\ni:").find(|part| part.contains("`prots`")).expect("misspelt");
    let mut lines = misspelt.lines().skip(1);
    let (line, caret) = (lines.next().expect("line"), lines.next().expect("caret"));
    assert_eq!(line.find("prots"), caret.find('^'));
}

/// Put together at run time, so that no scanner takes this file for a leak.
fn token() -> String {
    ["sk-or", "-v1-", "c0edf10acbdca3a31fef91cf542b1614", "320c0d559ec829ade02cb9939a1e78ce"]
        .concat()
}

#[test]
fn the_built_in_rules_find_real_kinds_wherever_they_stand() {
    let private = format!(
        "# -----BEGIN OPENSSH {}-----\n# b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n# -----END OPENSSH {}-----\n{HOUSE}",
        "PRIVATE KEY", "PRIVATE KEY"
    );
    for text in [
        format!("# {}\n{HOUSE}", token()),
        edited("agents need it", &token()),
        edited("[secret, scan]", &format!("[secret, scan, --token, {}]", token())),
        private,
    ] {
        let refused = load(&text, "i", &BuiltinRules).expect_err("a secret in clear").to_string();
        assert!(refused.contains("a secret in clear text"), "{refused}");
        assert!(!refused.contains("c0edf10a") && !refused.contains("b3BlbnNzaC1"), "{refused}");
    }
}

#[test]
fn houses_without_secrets_pass_the_built_in_rules() {
    for text in [
        HOUSE,
        include_str!("../../../../examples/manor/instance.yaml"),
        include_str!("../../../../examples/minimal/instance.yaml"),
    ] {
        if let Err(rejected) = load(text, "i", &BuiltinRules) {
            panic!("{rejected}");
        }
    }
}

/// A house with one rotation of that text.
fn rotating(rotation: &str) -> String {
    format!(
        "{}\nsecrets:\n  mgmt: {{ref: \"file:m\"}}\n  key: {{ref: \"keychain:k/x\", rotation_max_age_days: 90, rotation: {rotation}}}\n",
        "format: 1\ninstance: {name: A, slug: a, timezone: UTC}\nusers: {owner: op}\nnodes: {hub: {type: hub}}\n\
         networks: {lan: {subnet: 192.168.1.0/24}}\nschedules: {r: {node: hub, cron: \"30 6 * * *\", command: [JOB]}}"
    )
}

/// A rotation, the words of a scheduled job, and words of the refusal; none where it is taken.
const ROTATIONS: &[(&str, &str, &str)] = &[
    ("{kind: {openrouter: {}}, management: mgmt}", JOB, ""),
    ("{kind: {openruoter: {}}, management: mgmt}", JOB, "did you mean `openrouter`?"),
    ("{kind: {openrouter: {}}}", JOB, "this kind needs a management key"),
    ("{kind: {openrouter: {}}, management: mgtm}", JOB, "did you mean `mgmt`?"),
    ("{kind: {openrouter: {}}, management: key}", JOB, "not its own management key"),
    (
        "{kind: {openrouter: {base_url: \"http://x.example\"}}, management: mgmt}",
        JOB,
        "the base address",
    ),
    ("{kind: {cloudflare: {way: roll}}, management: mgmt}", JOB, "destroys the old value"),
    ("{kind: {cloudflare: {way: roll}}, management: mgmt, destructive: {reason: x}}", JOB, ""),
    ("{kind: {manual: {create_url: \"https://x.example\", regex: \"(\"}}}", JOB, "cannot be read"),
    ("{MANUAL, due_after_days: 91}", JOB, "more than"),
    ("{MANUAL, due_after_days: 0}", JOB, "at least 1"),
    ("{MANUAL, consumers: [{vault: {path: ../a, socket: /s, key: /k}}]}", JOB, "vault"),
    ("{MANUAL, consumers: [{env: {path: /a, variable: \"1A\"}}]}", JOB, "a variable"),
    ("{MANUAL, consumers: [{json: {path: /a, key: \"a..b\"}}]}", JOB, "keys of a JSON"),
    (
        "{MANUAL, consumers: [{json: {node: hbu, path: /a, key: a}}]}",
        JOB,
        "node `hbu` is not declared",
    ),
    (
        "{MANUAL, consumers: [{env: {path: /a, variable: A}}, {env: {path: /a, variable: A}}]}",
        JOB,
        "twice",
    ),
    ("{PAIR, consumers: [{env: {path: /a, variable: A, id_variable: B}}]}", JOB, ""),
    ("{PAIR, consumers: [{env: {path: /a, variable: A, id_variable: A}}]}", JOB, "two places"),
    ("{PAIR, consumers: [{env: {path: /a, variable: A, id_variable: \"1\"}}]}", JOB, "a variable"),
    ("{PAIR, consumers: [{json: {path: /a, key: a, id_key: b..c}}]}", JOB, "keys of a JSON"),
    ("{PAIR, consumers: [{json: {path: /a, key: a, id_key: a}}]}", JOB, "two places"),
    ("{MANUAL, consumers: [{env: {path: /a, variable: A, id_variable: B}}]}", JOB, "are pairs"),
    ("{MANUAL, reload: [{service: nobody}]}", JOB, "not declared"),
    ("{MANUAL, reload: [{http: {url: \"http://x.example/\"}}]}", JOB, "a reload is https"),
    ("{kind: {openrouter: {}}, management: mgmt}", "[rotate, --due]", "keychain://system/"),
    ("{kind: {openrouter: {}}, management: mgmt}", "[rotate, --resume]", "keychain://system/"),
    ("{kind: {openrouter: {}}, management: mgmt}", "[rotate, key]", "keychain://system/"),
    ("{kind: {openrouter: {}}, management: mgmt}", "[rotate, mgmt]", ""),
];
const JOB: &str = "[/bin/true]";

#[test]
fn a_rotation_that_could_not_be_done_is_refused_where_it_stands() {
    for (rotation, job, words) in ROTATIONS {
        let pair = "kind: {aws-iam: {user: house}}, management: mgmt";
        let manual = "kind: {manual: {create_url: \"https://x.example\"}}";
        let text = rotating(&rotation.replace("MANUAL", manual).replace("PAIR", pair))
            .replace("[JOB]", job);
        match load(&text, "i", &BuiltinRules) {
            Ok(_) => assert_eq!(*words, "", "{rotation} {job}"),
            Err(rejected) => {
                let shown = rejected.to_string();
                assert!(!words.is_empty() && shown.contains(words), "{rotation}: {shown}");
            }
        }
    }
}

#[test]
fn a_job_cannot_read_a_management_key_or_a_token_in_a_login_keychain() {
    for rotation in [
        "{kind: {openrouter: {}}, management: mgmt}",
        "{kind: {manual: {create_url: \"https://x.example\"}}, \
          reload: [{http: {url: \"https://x.example/\", token: mgmt}}]}",
    ] {
        let text = rotating(rotation)
            .replace("[JOB]", "[rotate, --due]")
            .replace("keychain:k/x", "file:k");
        assert!(load(&text, "i", &BuiltinRules).is_ok(), "{rotation}");
        let refused = load(&text.replace("file:m", "keychain:m/x"), "i", &BuiltinRules);
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("`keychain:m/x`, which rotating `key` needs"), "{refused}");
    }
}
