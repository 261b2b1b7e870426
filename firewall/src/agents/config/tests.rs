use super::*;
use expect_test::{expect, expect_file};
use proptest::prelude::*;

fn told(layered: &Layered) -> String {
    let line = |finding: &Finding| {
        let hint = finding.at.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!(
            "{:?} {}:{}: {}{hint}\n",
            finding.grade, finding.at.line, finding.at.col, finding.at.message
        )
    };
    layered.findings.iter().map(line).collect()
}

fn merged(floor: &str, user: &str, project: &str) -> (Config, Vec<Loosened>) {
    let layers =
        [parse(project, Layer::Project), parse(floor, Layer::Floor), parse(user, Layer::User)];
    for layered in &layers {
        assert_eq!(told(layered), "");
    }
    merge(&layers)
}

/// The published file, as it stands.
const PUBLISHED: &str = r#"
config_version = 1
[sentinel]
watch_pth = true
watch_credentials = true
watch_network = false
watch_npm = false
pth_response = "quarantine"
pth_allowlist = [{ package = "distutils-precedence", hash = "sha256:2638ce9e2500" }]
credential_allowlist = []
[sentinel.network]
poll_interval_secs = 30
process_allowlist = ["Dropbox", "rsync", "rclone", "TimeMachine", "backupd"]
destination_allowlist = []
destination_blocklist = ["203.0.113.7"]
safe_ports = [80, 443, 22, 53]
exfiltration_warn_bytes = 5242880
exfiltration_block_bytes = 20971520
exfiltration_window_secs = 60
exfiltration_host_allowlist = []
[sentinel.npm]
watch_lifecycle = true
ignore_scripts_warning = true
ignore_scripts_required = false
allowlist = ["esbuild", "electron", "sharp"]
project_dirs = []
[sentinel.go]
allowlist = []
trusted_prefixes = ["golang.org/x/"]
[sentinel.cargo]
allowlist = []
warn_build_scripts = true
[sentinel.pip]
allowlist = []
warn_source_installs = true
require_binary_only = false
[sentinel.homebrew]
trusted_taps = ["homebrew/core"]
warn_untrusted_taps = true
[sentinel.maven]
allowlist = []
[ai_firewall]
redact_credentials = true
claude_hooks = true
mcp_audit = true
check_package_existence = true
package_check_timeout_ms = 3000
default_mcp_policy = "deny"
entropy_threshold = 5.0
entropy_min_length = 20
[[ai_firewall.mcp_rules]]
tool = "read_file"
restricted_paths = ["/etc", "~/.ssh"]
[[ai_firewall.mcp_cel_rules]]
expression = "payload_size > 100000"
action = "deny"
[ai_firewall.docker]
trusted_registries = ["docker.io"]
warn_latest = true
[budgets]
default_session = "$50"
default_daily = "$200"
alert_at_percent = 75
[budgets.providers.anthropic]
session = "$10.50"
daily = 7500
allowed_models = ["claude-x"]
[proxy]
enabled = false
listen_port = 9847
"#;

#[test]
fn the_published_file_is_taken_as_it_stands() {
    let (config, loosened) = merged("", PUBLISHED, "");
    assert_eq!(loosened, []);
    assert_eq!(config.integer("budgets.default_session"), Some(5000));
    assert_eq!(config.integer("budgets.providers.anthropic.session"), Some(1050));
    assert_eq!(config.integer("budgets.providers.anthropic.daily"), Some(7500));
    assert_eq!(config.texts("sentinel.network.safe_ports"), ["80", "443", "22", "53"]);
    let mcp = config.mcp();
    assert_eq!((mcp.rules.len(), mcp.cel.len()), (1, 1));
    assert_eq!(config.docker().trusted_registries, ["docker.io"]);
}

#[test]
fn defaults_are_those_that_are_documented() {
    let (config, _) = merge(&[]);
    for (name, want) in [
        ("budgets.default_session", "5000"),
        ("budgets.default_daily", "20000"),
        ("budgets.alert_at_percent", "75"),
        ("sentinel.pth_response", "\"quarantine\""),
        ("sentinel.network.poll_interval_secs", "30"),
        ("sentinel.network.exfiltration_warn_bytes", "5242880"),
        ("ai_firewall.entropy_threshold", "5.0"),
        ("ai_firewall.package_check_timeout_ms", "3000"),
        ("proxy.listen_port", "9847"),
        ("proxy.max_response_body_bytes", "10485760"),
        ("ai_firewall.guard", "\"enforce\""),
        ("ai_firewall.unattended", "\"deny\""),
    ] {
        let setting = config.get(name).unwrap();
        assert_eq!(
            (setting.value.to_string().as_str(), setting.layer),
            (want, Layer::Default),
            "{name}"
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, one case after the other")]
fn what_is_wrong_is_told_with_its_place() {
    for (text, want) in [
        (
            "[ai_firewal]\nx = 1\n",
            "Warning 1:2: unknown key `ai_firewal` (did you mean `ai_firewall`?)\n",
        ),
        (
            "[ai_firewall]\nredact_credential = true\n",
            "Warning 2:1: unknown key `ai_firewall.redact_credential` (did you mean `ai_firewall.redact_credentials`?)\n",
        ),
        (
            "[ai_firewall]\nredact_credentials = \"yes\"\n",
            "Error 2:1: `ai_firewall.redact_credentials`: expected true or false\n",
        ),
        ("ai_firewall = 1\n", "Error 1:1: `ai_firewall` is not a table\n"),
        (
            "[ai_firewall]\nentropy_threshold = 9.5\n",
            "Error 2:1: `ai_firewall.entropy_threshold`: 9.5 is outside 3.5 to 6.5 (6.5 is used)\n",
        ),
        (
            "[sentinel.network]\npoll_interval_secs = 0\n",
            "Error 2:1: `sentinel.network.poll_interval_secs`: 0 is outside 1 to 3600 (1 is used)\n",
        ),
        (
            "[sentinel]\npth_response = \"ignore\"\n",
            "Error 2:1: `sentinel.pth_response`: expected one of \"log\", \"alert\", \"quarantine\"\n",
        ),
        (
            "[budgets]\ndefault_session = \"50\"\n",
            "Error 2:1: `budgets.default_session`: expected an amount such as \"$50\", or whole cents\n",
        ),
        (
            "[budgets]\ndefault_session = \"$1.234\"\n",
            "Error 2:1: `budgets.default_session`: expected an amount such as \"$50\", or whole cents\n",
        ),
        (
            "[budgets]\ndefault_session = -1\n",
            "Error 2:1: `budgets.default_session`: expected an amount such as \"$50\", or whole cents\n",
        ),
        (
            "[sentinel.go]\ntrusted_prefixes = [\"golang.org/x/\", \"local/\"]\n",
            "Error 2:1: `sentinel.go.trusted_prefixes` holds a prefix without a domain; it has no effect\n",
        ),
        (
            "[[ai_firewall.mcp_cel_rules]]\nexpression = \"true\"\naction = \"maybe\"\n",
            "Error 1:15: `ai_firewall.mcp_cel_rules` has a rule without a known action; it denies\n",
        ),
        (
            "[[ai_firewall.mcp_rules]]\nrestricted_paths = []\n",
            "Error 1:15: `ai_firewall.mcp_rules`: expected a list of tables with tool, restricted_paths\n",
        ),
        (
            "[budgets.providers.\"a.b\"]\nmonthly = 1\n",
            "Warning 2:1: unknown key `budgets.providers.\"a.b\".monthly` (did you mean `budgets.providers.*.daily`?)\n",
        ),
    ] {
        let got = told(&parse(text, Layer::User));
        assert_eq!(got, want, "{text}");
    }
    let broken = parse("[ai_firewall\n", Layer::User);
    assert_eq!((broken.findings.len(), broken.findings[0].at.line, broken.values.len()), (1, 1, 0));
    let twice = parse("[a]\n[a]\n", Layer::User);
    assert_eq!(twice.findings.last().map(|finding| finding.grade), Some(Grade::Error));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, one case after the other")]
fn a_project_only_tightens() {
    for (user, project, name, want, tells) in [
        (
            "",
            "ai_firewall.redact_credentials = false",
            "ai_firewall.redact_credentials",
            "true",
            true,
        ),
        (
            "ai_firewall.redact_credentials = false",
            "ai_firewall.redact_credentials = true",
            "ai_firewall.redact_credentials",
            "true",
            false,
        ),
        ("", "sentinel.pth_response = \"log\"", "sentinel.pth_response", "\"quarantine\"", true),
        (
            "sentinel.pth_response = \"log\"",
            "sentinel.pth_response = \"alert\"",
            "sentinel.pth_response",
            "\"alert\"",
            false,
        ),
        ("", "ai_firewall.guard = \"observe\"", "ai_firewall.guard", "\"enforce\"", true),
        ("ai_firewall.guard = \"observe\"", "", "ai_firewall.guard", "\"observe\"", false),
        ("", "ai_firewall.unattended = \"allow\"", "ai_firewall.unattended", "\"deny\"", true),
        (
            "",
            "ai_firewall.default_mcp_policy = \"allow\"",
            "ai_firewall.default_mcp_policy",
            "\"ask\"",
            true,
        ),
        (
            "",
            "ai_firewall.default_mcp_policy = \"deny\"",
            "ai_firewall.default_mcp_policy",
            "\"deny\"",
            false,
        ),
        ("", "ai_firewall.entropy_threshold = 6.5", "ai_firewall.entropy_threshold", "5.0", true),
        ("", "ai_firewall.entropy_threshold = 4.0", "ai_firewall.entropy_threshold", "4.0", false),
        (
            "",
            "ai_firewall.min_package_age_hours = 1",
            "ai_firewall.min_package_age_hours",
            "48",
            true,
        ),
        (
            "",
            "ai_firewall.min_package_age_hours = 96",
            "ai_firewall.min_package_age_hours",
            "96",
            false,
        ),
        (
            "",
            "ai_firewall.package_check_timeout_ms = 100",
            "ai_firewall.package_check_timeout_ms",
            "3000",
            true,
        ),
        ("", "budgets.default_daily = \"$1000\"", "budgets.default_daily", "20000", true),
        ("", "budgets.default_daily = \"$1\"", "budgets.default_daily", "100", false),
        ("", "budgets.providers.x.daily = \"$1\"", "budgets.providers.x.daily", "100", false),
        (
            "sentinel.cargo.allowlist = [\"ring\"]",
            "sentinel.cargo.allowlist = [\"evil\", \"ring\"]",
            "sentinel.cargo.allowlist",
            "[\"ring\"]",
            true,
        ),
        (
            "sentinel.cargo.allowlist = [\"ring\", \"cc\"]",
            "sentinel.cargo.allowlist = [\"cc\"]",
            "sentinel.cargo.allowlist",
            "[\"cc\"]",
            false,
        ),
        (
            "sentinel.network.destination_blocklist = [\"a\"]",
            "sentinel.network.destination_blocklist = [\"b\"]",
            "sentinel.network.destination_blocklist",
            "[\"a\", \"b\"]",
            false,
        ),
        (
            "",
            "ai_firewall.mcp_cel_rules = [{ expression = \"true\", action = \"allow\" }]",
            "ai_firewall.mcp_cel_rules",
            "[]",
            true,
        ),
        (
            "",
            "ai_firewall.mcp_cel_rules = [{ expression = \"true\", action = \"deny\" }]",
            "ai_firewall.mcp_cel_rules",
            "[{ action = [\"deny\"], expression = [\"true\"] }]",
            false,
        ),
        ("", "proxy.enabled = true", "proxy.enabled", "false", true),
        (
            "budgets.providers.x.allowed_models = [\"a\"]",
            "budgets.providers.x.allowed_models = []",
            "budgets.providers.x.allowed_models",
            "[\"a\"]",
            true,
        ),
        (
            "",
            "budgets.providers.x.allowed_models = [\"a\"]",
            "budgets.providers.x.allowed_models",
            "[\"a\"]",
            false,
        ),
    ] {
        let (config, loosened) = merged("", user, project);
        assert_eq!(config.get(name).unwrap().value.to_string(), want, "{user} / {project}");
        assert_eq!(loosened.len(), usize::from(tells), "{user} / {project}");
        assert!(
            loosened.iter().all(|attempt| attempt.key == name && attempt.layer == Layer::Project)
        );
    }
}

#[test]
fn nobody_goes_below_the_floor() {
    let (config, loosened) = merged(
        "ai_firewall.redact_credentials = true\nbudgets.default_daily = \"$20\"\n",
        "ai_firewall.redact_credentials = false\nbudgets.default_daily = \"$30\"\nsentinel.watch_pth = false\n",
        "budgets.default_daily = \"$10\"\n",
    );
    let shown = |name: &str| {
        let setting = config.get(name).unwrap();
        format!("{} {}", setting.value, setting.layer.name())
    };
    assert_eq!(shown("ai_firewall.redact_credentials"), "true floor");
    assert_eq!(shown("budgets.default_daily"), "1000 project");
    // Above the floor the user is free.
    assert_eq!(shown("sentinel.watch_pth"), "false user");
    let attempts: Vec<String> = loosened
        .iter()
        .map(|attempt| {
            format!(
                "{} {}: {} to {} at {}",
                attempt.layer.name(),
                attempt.key,
                attempt.from,
                attempt.to,
                attempt.line
            )
        })
        .collect();
    assert_eq!(
        attempts,
        [
            "user ai_firewall.redact_credentials: true to false at 1",
            "user budgets.default_daily: 2000 to 3000 at 2",
        ]
    );
}

#[test]
fn keys_are_explained() {
    let (config, _) = merged("", "budgets.default_daily = \"$3\"", "");
    expect![[r#"
        budgets.default_daily: What all providers together may cost in a day. Read and merged; nothing acts on it yet.
          takes: an amount such as "$50", or whole cents
          default: 20000
          a project may: only lower
          now: 300 (user)
    "#]]
    .assert_eq(&explain("budgets.default_daily", &config).unwrap());
    assert_eq!(explain("budgets.default_dail", &config), None);
    assert!(KEYS.iter().all(|key| explain(key.name, &config).is_some()));
}

#[test]
fn the_page_of_keys_is_up_to_date() {
    expect_file!["../../../../docs/formats/config-toml.md"].assert_eq(&page());
}

#[test]
fn the_table_is_in_order_and_holds_together() {
    let names: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    assert!(
        names.windows(2).all(|pair| pair[0] < pair[1]),
        "{:?}",
        names.windows(2).find(|pair| pair[0] >= pair[1])
    );
    for key in KEYS {
        let Some(value) = key.preset.value() else { continue };
        let text = match (&value, key.kind) {
            (Value::Texts(ports), Kind::Ports) => format!("[{}]", ports.join(", ")),
            _ => value.to_string(),
        };
        let name = key.name.replace('*', "x");
        let layered = parse(&format!("{name} = {text}\n"), Layer::User);
        assert_eq!(told(&layered), "", "{name}");
        assert_eq!(
            layered.values.get(&name).map(|placed| &placed.value),
            Some(&value),
            "{}",
            key.name
        );
    }
}

fn any_line() -> impl Strategy<Value = String> {
    proptest::sample::select(KEYS).prop_flat_map(|key| {
        let name = key.name.replace('*', "x");
        let value: BoxedStrategy<String> = match key.kind {
            Kind::Flag => any::<bool>().prop_map(|flag| flag.to_string()).boxed(),
            Kind::Integer(low, high) => (low..=high).prop_map(|n| n.to_string()).boxed(),
            Kind::Number(low, high) => (low..=high).prop_map(|n| format!("{n:?}")).boxed(),
            Kind::Choice(words) => {
                proptest::sample::select(words).prop_map(|word| format!("\"{word}\"")).boxed()
            }
            Kind::Texts => {
                proptest::sample::subsequence(vec!["\"a.b/\"", "\"b.c/\"", "\"c.d/\""], 0..=3)
                    .prop_map(|items| format!("[{}]", items.join(",")))
                    .boxed()
            }
            Kind::Ports => proptest::sample::subsequence(vec!["22", "80", "443", "9"], 0..=4)
                .prop_map(|items| format!("[{}]", items.join(",")))
                .boxed(),
            Kind::Cents => (0..100_000_i64).prop_map(|n| n.to_string()).boxed(),
            Kind::Rows(names) => {
                let first = names[0];
                let row = prop_oneof![Just("x"), Just("y")];
                let action = if names.contains(&"action") { ", action = \"deny\"" } else { "" };
                proptest::collection::vec(row, 0..3)
                    .prop_map(move |rows| {
                        let rows: Vec<String> = rows
                            .iter()
                            .map(|row| format!("{{ {first} = \"{row}\"{action} }}"))
                            .collect();
                        format!("[{}]", rows.join(","))
                    })
                    .boxed()
            }
            Kind::Unused => Just("1".to_owned()).boxed(),
        };
        value.prop_map(move |value| format!("{name} = {value}"))
    })
}

fn any_file() -> impl Strategy<Value = String> {
    proptest::collection::vec(any_line(), 0..12).prop_map(|lines| {
        let mut seen = std::collections::BTreeSet::new();
        let first = |line: &String| seen.insert(line.split(" = ").next().unwrap().to_owned());
        lines.into_iter().filter(first).collect::<Vec<_>>().join("\n")
    })
}

/// Whether `new` is at least as tight as `base`, written anew for the test.
fn as_tight(key: &Key, base: &Value, new: &Value) -> bool {
    match (key.tighter, base, new) {
        (Tighter::On, Value::Flag(base), Value::Flag(new)) => *new || !*base,
        (Tighter::Low, Value::Integer(base), Value::Integer(new)) => new <= base,
        (Tighter::Low, Value::Number(base), Value::Number(new)) => new <= base,
        (Tighter::High, Value::Integer(base), Value::Integer(new)) => new >= base,
        (Tighter::Later, Value::Text(base), Value::Text(new)) => {
            let Kind::Choice(words) = key.kind else { unreachable!() };
            let rank = |word: &String| words.iter().position(|each| each == word);
            rank(new) >= rank(base)
        }
        (Tighter::Fewer, Value::Texts(base), Value::Texts(new)) => {
            let all = key.name.ends_with("allowed_models");
            (all && base.is_empty())
                || (new.iter().all(|item| base.contains(item)) && !(all && new.is_empty()))
        }
        (Tighter::Fewer, Value::Rows(base), Value::Rows(new)) => {
            new.iter().all(|item| base.contains(item))
        }
        (Tighter::More, Value::Texts(base), Value::Texts(new)) => {
            base.iter().all(|item| new.contains(item))
        }
        (Tighter::More, Value::Rows(base), Value::Rows(new)) => {
            base.iter().all(|item| new.contains(item))
        }
        (Tighter::Owner, base, new) => base == new,
        (Tighter::Free, _, _) => true,
        _ => false,
    }
}

#[test]
fn only_rules_of_whoever_chooses_the_default_take_a_tool_out_of_it() {
    let rule = "[[ai_firewall.mcp_rules]]\ntool = \"*\"\nrestricted_paths = [\"/x\"]\n";
    let cel = "[[ai_firewall.mcp_cel_rules]]\nexpression = \"true\"\naction = \"warn\"\n";
    let chosen = "ai_firewall.default_mcp_policy = \"deny\"";
    for rows in [rule, cel] {
        for (floor, user, project, want) in [
            (rows, "", "", true),
            ("", rows, "", true),
            (chosen, rows, "", false),
            ("", "", rows, false),
            ("", chosen, rows, false),
            ("", rows, rows, true),
            (rows, chosen, "", true),
        ] {
            let mcp = merged(floor, user, project).0.mcp();
            let rules = mcp.rules.iter().map(|rule| rule.settles);
            let settles: Vec<bool> = rules.chain(mcp.cel.iter().map(|rule| rule.settles)).collect();
            assert_eq!(settles, [want], "{floor}|{user}|{project}");
        }
    }
}

proptest! {
    #[test]
    fn whatever_a_project_says_is_as_tight_as_without_it(floor in any_file(), user in any_file(), project in any_file()) {
        let (without, _) = merged(&floor, &user, "");
        let (with, _) = merged(&floor, &user, &project);
        for (name, base) in without.all() {
            let new = with.get(name).unwrap();
            prop_assert!(as_tight(key(name).unwrap(), &base.value, &new.value), "{}: {} to {}", name, base.value, new.value);
        }
    }

    #[test]
    fn whatever_a_user_says_is_as_tight_as_the_floor(floor in any_file(), user in any_file()) {
        let (with, _) = merged(&floor, &user, "");
        for (name, placed) in parse(&floor, Layer::Floor).values {
            let key = key(&name).unwrap();
            let new = with.get(&name).unwrap();
            prop_assert!(key.tighter == Tighter::Owner || as_tight(key, &placed.value, &new.value), "{}: {} to {}", name, placed.value, new.value);
        }
    }

    #[test]
    fn what_is_told_as_looser_has_no_effect_of_its_own(user in any_file(), project in any_file()) {
        let (config, loosened) = merged("", &user, &project);
        for attempt in loosened {
            let holds = &config.get(&attempt.key).unwrap().value;
            prop_assert!(as_tight(key(&attempt.key).unwrap(), &attempt.from, holds));
            prop_assert!(*holds != attempt.to);
        }
    }

    #[test]
    fn any_text_is_parsed(text in "[\\[\\]a-z_.=\"{}\n 0-9$]{0,80}") {
        let _ = merge(&[parse(&text, Layer::Project)]);
    }
}

#[test]
fn the_recommended_file_names_every_key_and_means_the_defaults() {
    let text = recommended();
    let read = parse(&text, Layer::User);
    assert_eq!(read.findings, []);
    assert!(!read.values.keys().any(|name| name.contains("NAME")), "what is open is only shown");
    let (with, _) = merge(&[read]);
    let (without, _) = merge(&[]);
    for key in KEYS {
        assert!(text.contains(key.what), "{}", key.name);
        let value = |config: &Config| config.get(key.name).map(|setting| setting.value.clone());
        assert_eq!(value(&with), value(&without), "{}", key.name);
    }
    // The sections that are only shown can be written as they are shown.
    let shown: String = text
        .lines()
        .filter_map(|line| {
            line.strip_prefix("# ").filter(|line| line.starts_with('[') || line.contains(" = "))
        })
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(parse(&shown, Layer::User).findings, []);
}
