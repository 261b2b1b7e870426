//! Runs every example of every rule, and the laws of finding and redacting.

#![expect(clippy::string_slice, reason = "a test that cuts a character in two fails, as it should")]

use crate::format::{self, Example, RuleText};
use crate::{Engine, Match, RULES, Redacted, Rule, find_cleartext};
use proptest::prelude::*;
use std::ops::Range;
use std::sync::LazyLock;

/// Every rule, those of guards too.
fn find(text: &[u8]) -> Vec<Match> {
    find_in(text, None)
}

fn find_in(text: &[u8], path: Option<&str>) -> Vec<Match> {
    Engine::guarding().find_in(text, path)
}

fn redact(text: &str) -> Redacted {
    Engine::guarding().redact(text)
}

/// The text of an example and the secret's place in it.
fn compose(example: &Example) -> (String, Range<usize>) {
    let marked = example.0.concat();
    let text: String = marked.chars().filter(|c| !matches!(c, '⟦' | '⟧')).collect();
    let Some((before, rest)) = marked.split_once('⟦') else {
        return (text.clone(), 0..text.len());
    };
    let (secret, _) = rest.split_once('⟧').expect("a secret that is set off ends");
    (text, before.len()..before.len() + secret.len())
}

fn texts() -> Vec<RuleText> {
    format::read_rules().expect("the rule files fit the format")
}

/// Every positive example that needs no file's name: text, place of the secret, id.
fn positives() -> Vec<(String, Range<usize>, String)> {
    POSITIVES.clone()
}

static POSITIVES: LazyLock<Vec<(String, Range<usize>, String)>> = LazyLock::new(|| {
    texts()
        .into_iter()
        .filter(|rule| rule.path.is_none())
        .flat_map(|rule| {
            let id = rule.id.clone();
            rule.positive.into_iter().map(move |example| {
                let (text, range) = compose(&example);
                (text, range, id.clone())
            })
        })
        .collect()
});

#[test]
fn every_positive_example_is_found_where_it_stands() {
    for rule in texts() {
        for (text, range) in rule.positive.iter().map(compose) {
            let found: Vec<_> = find_in(text.as_bytes(), rule.path.as_deref())
                .into_iter()
                .map(|m| (m.rule.id, m.range))
                .collect();
            assert_eq!(found, [(rule.id.as_str(), range)], "{text}");
        }
    }
}

#[test]
fn no_negative_example_is_found_by_its_rule() {
    for rule in texts() {
        for example in &rule.negative {
            let (text, _) = compose(example);
            let found = find_in(text.as_bytes(), rule.path.as_deref());
            assert!(found.iter().all(|m| m.rule.id != rule.id), "{}: {text}", rule.id);
        }
    }
}

/// What guards see besides is theirs alone, and takes no other kind's name.
#[test]
fn a_form_alone_is_for_guards() {
    for rule in texts() {
        for (text, range) in rule.positive.iter().map(compose) {
            let found: Vec<_> = crate::find_in(text.as_bytes(), rule.path.as_deref())
                .into_iter()
                .map(|m| (m.rule.id, m.range))
                .collect();
            let wanted = [(rule.id.as_str(), range)];
            let wanted = if rule.guards_only { &[][..] } else { &wanted };
            assert_eq!(found, wanted, "{text}");
        }
    }
    assert!(texts().iter().any(|rule| rule.guards_only));
}

#[test]
fn a_rule_file_holds_no_token_in_one_piece() {
    for (file, text) in format::FILES {
        let found: Vec<_> =
            find(text.as_bytes()).into_iter().map(|m| (m.rule.id, m.line)).collect();
        assert_eq!(found, [], "{file}");
    }
}

#[test]
fn the_table_is_the_files() {
    let written = texts();
    assert_eq!(written.len(), RULES.len());
    for (text, rule) in written.iter().zip(RULES) {
        assert_eq!(
            (&*text.id, &*text.title, &*text.provider, &*text.source, &*text.pattern),
            (rule.id, rule.title, rule.provider, rule.source, rule.pattern)
        );
        assert_eq!((text.min_length, text.varied), (rule.min_length, rule.varied), "{}", rule.id);
        assert_eq!(text.guards_only, rule.guards_only, "{}", rule.id);
        assert_eq!(
            (&*text.keywords, &*text.dummies),
            (&*owned(rule.keywords), &*owned(rule.dummies))
        );
        assert_eq!(
            format!("{:?} {:?}", text.severity, text.check),
            format!("{:?} {:?}", rule.severity, rule.check)
        );
        assert!(rule.source == "sanctum" || rule.source.starts_with("https://"), "{}", rule.id);
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn the_format_refuses_what_it_does_not_know() {
    let whole = "- {id: a-b, title: t, provider: p, severity: error, source: sanctum, keywords: [abc], \
                 pattern: abc, positive: [[a, bc]], negative: [[x]]}";
    assert!(format::parse_rules("t", whole).is_ok());
    let cases = [
        ("positive: [[a, bc]], ", "", "missing positive"),
        ("positive: [[a, bc]]", "positive: []", "empty positive"),
        ("positive: [[a, bc]]", "positive: [[abc]]", "positive in one piece"),
        ("negative: [[x]]", "negative: []", "empty negative"),
        (", negative: [[x]]", "", "missing negative"),
        ("pattern: abc", "pattern: abc, patern: x", "unknown field"),
        ("severity: error", "severity: high", "unknown severity"),
        ("keywords: [abc]", "keywords: []", "no keyword"),
        ("keywords: [abc]", "keywords: [ab]", "short keyword"),
        ("id: a-b", "id: A_b", "id"),
        ("pattern: abc", "pattern: abc, finder: assignment", "pattern and finder"),
        ("pattern: abc", "pattern: ''", "neither pattern nor finder"),
        ("pattern: abc", "pattern: abc, check: luhn", "unknown check"),
    ];
    for (from, to, what) in cases {
        assert!(whole.contains(from), "{what}");
        assert!(format::parse_rules("t", &whole.replace(from, to)).is_err(), "{what}");
    }
}

/// What a request says is sent with a secret in it, so that a slip of the pen must not send it elsewhere.
#[test]
fn a_request_that_could_do_harm_is_refused() {
    let whole = "- {id: a-b, title: t, provider: p, severity: error, source: sanctum, keywords: [abc], \
                 pattern: abc, positive: [[a, bc]], negative: [[x]], validate: {source: 'https://a.b', \
                 url: 'https://c.d/e', headers: {x-key: 'k {secret}'}, active: {status: [200]}, inactive: {status: [401]}}}";
    format::parse_rules("t", whole).unwrap();
    let cases = [
        ("https://c.d/e", "http://c.d/e", "clear text"),
        ("https://c.d/e", "https://c.d", "no path"),
        ("https://c.d/e", "https://u@c.d/e", "a user"),
        ("https://c.d/e", "https://c.d:1/e", "a port"),
        ("https://c.d/e", "https://localhost/e", "no domain"),
        ("https://c.d/e", "https://{secret}.d/e", "a host of the text's"),
        ("https://c.d/e", "https://c.d/{secret}", "the secret twice"),
        ("k {secret}", "k", "no secret"),
        ("{x-key: 'k {secret}'}", "{X-Key: 'k {secret}'}", "a header in capitals"),
        ("'https://a.b'", "elsewhere", "no page"),
        ("headers:", "body: x, headers:", "a body of a GET"),
        ("headers:", "method: post, body: '{secret}', headers:", "the secret in a body"),
        ("headers:", "method: delete, headers:", "another method"),
        ("headers:", "begins: [''], headers:", "an empty beginning"),
        ("active: {status: [200]}", "active: {status: []}", "no status"),
        ("active: {status: [200]}", "active: {status: [302]}", "a redirect that is a success"),
        ("active: {status: [200]}", "active: {status: [401]}", "a refusal that is a success"),
        ("status: [401]", "status: [429]", "a limit that is a refusal"),
        ("status: [401]", "status: [500]", "a trouble that is a refusal"),
        ("status: [401]", "status: [200]", "a success that is a refusal"),
        ("status: [401]", "status: [200], says: ['x']", "a status that says both"),
        ("status: [401]", "status: [401], says: ['x y']", "a text with white space"),
        ("pattern: abc", "finder: url-password", "a kind that names its own host"),
    ];
    for (from, to, what) in cases {
        assert!(whole.contains(from), "{what}");
        assert!(format::parse_rules("t", &whole.replacen(from, to, 1)).is_err(), "{what}");
    }
}

#[test]
fn every_pattern_compiles_only_when_its_keyword_is_seen() {
    let engine = Engine::builtin_for_test();
    assert!(engine.find(b"nothing of interest in this text").is_empty());
    assert_eq!(engine.compiled_rules(), 0);
    assert!(engine.find(b"a word that begins with glpat- alone").is_empty());
    assert_eq!(engine.compiled_rules(), 1);
    let all: Vec<&str> = RULES.iter().flat_map(|rule| rule.keywords).copied().collect();
    let _ = engine.find(all.join(" ").as_bytes());
    let compiled = |rule: &&Rule| rule.finder.is_none() && !rule.guards_only;
    assert_eq!(engine.compiled_rules(), RULES.iter().filter(compiled).count());
}

#[test]
fn redaction_keeps_the_shape_and_nothing_of_the_secret() {
    for (text, range, id) in positives() {
        let secret = &text[range.clone()];
        let rule: &Rule = RULES.iter().find(|rule| rule.id == id).expect("a rule");
        let redacted = redact(&text).text;
        let shown = if rule.has_group() { 0 } else { rule.prefix_len(secret.as_bytes()) };
        assert!(redacted.contains(&format!("[redacted {id}]")), "{redacted}");
        assert!(redacted.starts_with(&text[..range.start]), "{redacted}");
        assert!(redacted.ends_with(&text[range.end..]), "{redacted}");
        let kept: Vec<&[u8]> = secret.as_bytes()[shown..].windows(6).collect();
        let leaks = kept.iter().any(|part| redacted.as_bytes().windows(6).any(|w| w == *part));
        assert!(!leaks, "{id}: {redacted}");
    }
}

#[test]
fn a_mark_shows_the_public_prefix() {
    let token = ["ghp_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ", "0mLq17"].concat();
    assert_eq!(redact(&format!("a {token} b")).text, "a ghp_…[redacted github-pat] b");
    assert_eq!(redact("password=hunter2 x").text, "password=[redacted assigned-secret] x");
}

#[test]
fn overlapping_secrets_leave_a_mark_each() {
    let token = ["ghp_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ", "0mLq17"].concat();
    let text = ["gl", "pat-q7Zt9LmX4vRb2Kd8", &token, "."].concat();
    let marks = "glpat-…[redacted gitlab-pat]ghp_…[redacted github-pat].";
    assert_eq!(redact(&text).text, marks);
}

#[test]
fn nothing_of_a_secret_without_a_form_is_shown() {
    assert_eq!(redact("password=password1x!").text, "password=[redacted assigned-secret]");
}

#[test]
fn text_that_only_resembles_a_mark_is_not_spared() {
    assert_eq!(
        redact("password=hunter2[redacted github-pat]").text,
        "password=[redacted assigned-secret]"
    );
    for (text, mark) in [
        ("ghp_…[redacted github-pat]", Some(0..28)),
        ("glpat-…[redacted github-pat]", Some(9..30)),
        ("https://u:p…[redacted url-password]@h", Some(14..37)),
        ("[redacted no-such-kind] [redacted github-pat", None),
        ("[redacted jwt!] [redacted jwtx]", None),
        ("[redacted [redacted jwt]", Some(10..24)),
    ] {
        assert_eq!(crate::mark::find_marks(text.as_bytes()), Vec::from_iter(mark), "{text}");
    }
}

#[test]
fn cleartext_is_told_from_references_paths_and_placeholders() {
    let hex = ["9f86d081884c7d65", "9a2feaa0c55ad015"].concat();
    let secrets = [
        ("password", "hunter2"),
        ("db_password", "Tr0ub4dor&3"),
        ("password", "correct-horse-battery-staple"),
        ("wifi.passphrase", "correcthorsebattery"),
        ("apiKey", hex.as_str()),
        ("secret", "q7Zt-9LmX_4vRb2Kd8Wn"),
        ("command", &format!("curl -H token:{}", ["glpat", "-", "q7Zt9LmX4vRb2Kd8WnPc"].concat())),
    ];
    for (key, value) in secrets {
        assert!(find_cleartext(value, Some(key)).is_some(), "{key}: {value}");
    }
    let plain = [
        ("password", "keychain:house/db"),
        ("token", "sops:secrets/house.yaml#gateway.token"),
        ("token", "file:gateway-token"),
        ("secret", "op://vault/item/field"),
        ("api_key", "age:/etc/sanctum/key.age"),
        ("token", "/etc/sanctum/secrets/gateway"),
        ("password", "${DB_PASSWORD}"),
        ("password", "prompt"),
        ("password", "interactive"),
        ("password", "asked of each user at the first login"),
        ("token", "correct-horse-battery-staple"),
        ("token", "your-token-goes-here"),
        ("password_authentication", "no"),
        ("fingerprint", hex.as_str()),
        ("name", "gateway"),
        ("recipient", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"),
    ];
    for (key, value) in plain {
        assert!(find_cleartext(value, Some(key)).is_none(), "{key}: {value}");
    }
    assert!(find_cleartext(&hex, None).is_none());
}

#[test]
fn a_hidden_line_has_no_value_however_the_file_spells_it() {
    let found = find_cleartext("hunter\u{e9}2!", Some("password")).expect("a secret");
    assert_eq!(
        found.to_string(),
        "a secret in clear (assigned-secret: Random value assigned to a secret name)"
    );
    assert_eq!(
        found.hide("password: hunter\u{e9}2!", "hunter\u{e9}2!"),
        "password: [redacted assigned-secret]"
    );
    assert_eq!(
        found.hide("password: \"hunter\\u00e92!\"", "hunter\u{e9}2!"),
        "password: [redacted assigned-secret]"
    );
    assert_eq!(found.hide("  - hunter2", "hunter2"), "  - [redacted assigned-secret]");
    assert_eq!(found.hide("  hunter\\u00e92!", "hunter\u{e9}2!"), "[redacted assigned-secret]");
}

/// Pieces that meet in real and in hostile text: secrets, marks, keywords, separators, anything at all.
fn piece() -> impl Strategy<Value = String> {
    let secrets: Vec<String> = positives().into_iter().map(|(text, ..)| text).collect();
    let keywords: Vec<String> =
        RULES.iter().flat_map(|rule| rule.keywords).map(|k| (*k).to_owned()).collect();
    let glue = [
        "=",
        ": ",
        "\n",
        "@",
        "/",
        "://u:",
        "password=",
        "token: ",
        "\"",
        "…",
        "é",
        "[redacted ",
        "]",
        "ghp_…[redacted github-pat]",
        "[redacted assigned-secret]",
        "[redacted url-password]",
    ];
    prop_oneof![
        proptest::sample::select(secrets),
        proptest::sample::select(keywords),
        proptest::sample::select(glue.map(str::to_owned).to_vec()),
        "\\PC{0,12}",
        "[A-Za-z0-9_-]{1,40}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn redacting_twice_is_redacting_once(text in text()) {
        for engine in [Engine::builtin(), Engine::guarding()] {
            let once = engine.redact(&text).text;
            prop_assert_eq!(&engine.redact(&once).text, &once);
        }
    }

    #[test]
    fn a_redacted_text_holds_no_match(text in text()) {
        for engine in [Engine::builtin(), Engine::guarding()] {
            let redacted = engine.redact(&text).text;
            prop_assert!(engine.find(redacted.as_bytes()).is_empty(), "{}", redacted);
        }
    }

    #[test]
    fn redacting_settles_without_giving_up(text in text()) {
        prop_assert!(redact(&text).text != "[redacted]");
    }

    #[test]
    fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..512), text in any::<String>()) {
        let _ = find(&bytes);
        let _ = redact(&text);
        let _ = find_cleartext(&text, Some(&text));
    }

    #[test]
    fn positions_are_those_of_the_secret(before in "[ aé\n]{0,20}", at in 0..positives().len()) {
        let (example, ..) = positives().swap_remove(at);
        let text = format!("{before} {example}");
        for found in find(text.as_bytes()) {
            let head = &text[..found.range.start];
            let line = head.matches('\n').count() + 1;
            let col = head.chars().rev().take_while(|c| *c != '\n').count() + 1;
            prop_assert_eq!((found.line, found.col), (line, col));
            let head = &text[..found.range.end];
            let line = head.matches('\n').count() + 1;
            let col = head.chars().rev().take_while(|c| *c != '\n').count() + 1;
            prop_assert_eq!((found.end_line, found.end_col), (line, col));
        }
    }

    #[test]
    fn a_secret_is_found_and_gone_wherever_it_stands(
        before in "[ -~é\n]{0,30}", after in "[ -~é\n]{0,30}", at in 0..positives().len(),
    ) {
        let (example, range, _) = positives().swap_remove(at);
        let text = format!("{before}\n{example}\n{after}");
        let start = before.len() + 1 + range.start;
        let covers = |m: &Match| m.range.start <= start && start + range.len() <= m.range.end;
        prop_assert!(find(text.as_bytes()).iter().any(covers));
        prop_assert!(!redact(&text).text.contains(&example[range]));
    }

    #[test]
    fn matches_are_sorted_and_none_holds_another(text in text()) {
        let found = find(text.as_bytes());
        let ordered = |pair: &[Match]| {
            pair[0].range.start < pair[1].range.start && pair[0].range.end < pair[1].range.end
        };
        prop_assert!(found.windows(2).all(ordered));
    }
}

#[test]
fn a_parameter_of_a_url_in_code_is_text_and_a_command_in_settings_is_none() {
    let found = |text: &str, path: &str| {
        let found = crate::find_in(text.as_bytes(), Some(path));
        found.first().map(|found| text[found.range.clone()].to_owned())
    };
    for (text, path, secret) in [
        ("c(\"jdbc:sqlserver://db;user=sa;password=kq82Jd0s\")", "A.java", Some("kq82Jd0s")),
        ("x = 'postgres://db/app?user=a&password=kq82Jd0s&ssl=1'", "a.py", Some("kq82Jd0s")),
        ("f('a'; password=kq82Jd0s)", "a.py", None),
        ("PASSWORD=`pass show db2`", ".env", None),
        ("PASSWORD='kq82Jd0s'", ".env", Some("kq82Jd0s")),
        ("const password = `kq82Jd0s`", "a.js", Some("kq82Jd0s")),
    ] {
        assert_eq!(found(text, path).as_deref(), secret, "{text}");
    }
}
