//! Adoption of older houses: what is carried over, what is named, and that every proposal loads.

use super::{Found, FoundPlist, FoundText, Proposal, adopt};
use crate::instance::{BuiltinRules, Cleartext, CleartextCheck, NoCheck, load};
use expect_test::{expect, expect_file};
use proptest::prelude::*;
use sanctum_types::Severity;

const OLDER: &str = include_str!("../../tests/older/instance.yaml");
const OTHER_SPELLING: &str = include_str!("../../tests/older/other-spelling.yaml");
const BRIDGE: &[u8] = include_bytes!("../../tests/older/com.sanctum.firewalla.plist");
const SCAN: &[u8] = include_bytes!("../../tests/older/com.sanctum.secret-rotation-scan.plist");
const ANCHOR: &str = include_str!("../../tests/older/sanctum.anchor");
const DROP_IN: &str = include_str!("../../tests/older/50-hardening.conf");

/// Finds words that start with `sk_`.
struct Fake;

impl CleartextCheck for Fake {
    fn find(&self, _: Option<&str>, value: &str) -> Option<Cleartext> {
        let start = value.find("sk_")?;
        let rest = value.split_at(start).1;
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        Some(Cleartext { kind: "test key".to_owned(), range: start..start + end })
    }
}

fn file(path: &str, text: &str) -> FoundText {
    FoundText { path: path.to_owned(), text: text.to_owned() }
}

fn plist(path: &str, bytes: &[u8]) -> FoundPlist {
    FoundPlist { path: path.to_owned(), bytes: bytes.to_vec() }
}

fn whole() -> Found {
    Found {
        instance: Some(file("instance.yaml", OLDER)),
        node_id: Some(file(".node_id", "hub\n")),
        plists: vec![
            plist("/Library/LaunchDaemons/com.sanctum.firewalla.plist", BRIDGE),
            plist("/Library/LaunchDaemons/com.sanctum.secret-rotation-scan.plist", SCAN),
        ],
        anchors: vec![file("/etc/pf.anchors/sanctum", ANCHOR)],
        drop_ins: vec![file("/etc/ssh/sshd_config.d/50-hardening.conf", DROP_IN)],
        facts: None,
    }
}

fn notes(proposal: &Proposal) -> String {
    let line = |n: &sanctum_types::Finding| {
        format!("{:?} {} {}: {}\n", n.severity, n.kind, n.subject, n.message)
    };
    proposal.notes.iter().map(line).collect()
}

#[test]
fn an_older_house_becomes_a_proposal_that_loads_and_says_what_it_leaves_out() {
    let proposal = adopt(&whole(), &Fake);
    expect_file!["../../tests/older/proposal.yaml"].assert_eq(&proposal.instance_yaml);
    expect_file!["../../tests/older/notes.txt"].assert_eq(&notes(&proposal));
    let loaded = load(&proposal.instance_yaml, "proposal", &Fake);
    assert!(loaded.is_ok(), "{}", loaded.err().map(|r| r.to_string()).unwrap_or_default());
    let all = proposal.instance_yaml.clone() + &notes(&proposal);
    assert!(!all.contains("sk_live") && !all.contains("hunter2"), "{all}");
}

#[test]
fn a_secret_in_a_place_that_is_carried_over_is_not_carried_over() {
    for place in ["The Old Hub", "satellite.local", "America/Montreal", "    user: operator"] {
        let mut found = whole();
        found.instance = Some(file("i", &OLDER.replacen(place, "sk_live9", 1)));
        let proposal = adopt(&found, &Fake);
        assert!(!proposal.instance_yaml.contains("sk_live"), "{place}");
        assert!(load(&proposal.instance_yaml, "p", &Fake).is_ok(), "{place}: {}", notes(&proposal));
    }
}

#[test]
fn jobs_give_way_to_services_and_both_to_our_own() {
    let text = String::from_utf8_lossy(SCAN).replace("secret-rotation-scan", "gateway");
    let mut found = whole();
    found.plists.push(plist("gateway.plist", text.as_bytes()));
    let older = OLDER.replacen("  dashboard:", "  bootstrap: {enabled: true}\n  dashboard:", 1);
    found.instance = Some(file("i", &older));
    let proposal = adopt(&found, &Fake);
    let house = load(&proposal.instance_yaml, "p", &Fake).expect("loads").instance;
    let jobs: Vec<&str> = house.schedules.keys().map(sanctum_types::ServiceName::as_str).collect();
    assert_eq!(jobs, ["gateway-job-2", "secret-rotation-scan"]);
    assert!(!house.services.keys().any(|name| name.as_str() == "bootstrap"));
    let notes = notes(&proposal);
    assert!(notes.contains("adopt.renamed gateway") && notes.contains("adopt.own-job bootstrap"));
}

#[test]
fn a_secret_in_an_argument_is_not_carried_over() {
    let text = String::from_utf8_lossy(BRIDGE).replace("--listen", "--key=sk_live9");
    let found = Found { plists: vec![plist("b", text.as_bytes())], ..Found::default() };
    let proposal = adopt(&found, &Fake);
    let house = load(&proposal.instance_yaml, "p", &Fake).expect("loads").instance;
    assert!(house.services.values().all(|service| service.command.is_none()));
    assert!(notes(&proposal).contains("test key in an argument"), "{}", notes(&proposal));
}

#[test]
fn the_other_spelling_gives_the_same_services() {
    let of = |text: &str| {
        let found = Found { instance: Some(file("i", text)), ..Found::default() };
        let house =
            load(&adopt(&found, &NoCheck).instance_yaml, "p", &NoCheck).expect("loads").instance;
        (
            house.networks,
            house
                .services
                .into_iter()
                .filter(|(_, s)| s.enabled)
                .map(|(n, s)| (n, s.ports))
                .collect::<Vec<_>>(),
        )
    };
    let (networks, services) = of(OTHER_SPELLING);
    assert_eq!(networks, of(OLDER).0);
    let names: Vec<&str> = services.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["dashboard", "firewall-bridge", "gateway", "mlx", "tts", "watchdog-cottage"]
    );
}

#[test]
fn the_built_in_rules_name_what_they_find() {
    let proposal = adopt(&whole(), &BuiltinRules);
    assert!(load(&proposal.instance_yaml, "p", &BuiltinRules).is_ok(), "{}", notes(&proposal));
    assert!(!notes(&proposal).contains("hunter2"));
}

#[test]
fn nothing_found_is_an_empty_house_that_loads() {
    let proposal = adopt(&Found::default(), &NoCheck);
    assert!(load(&proposal.instance_yaml, "p", &NoCheck).is_ok());
    assert!(proposal.notes.iter().all(|n| n.severity <= Severity::Warn), "{}", notes(&proposal));
}

#[test]
fn a_file_of_our_own_format_is_proposed_as_it_is() {
    let text = include_str!("../../../examples/minimal/instance.yaml");
    let proposal = adopt(&Found { instance: Some(file("i", text)), ..Found::default() }, &NoCheck);
    assert_eq!(proposal.instance_yaml, text);
    assert!(notes(&proposal).contains("already of this format"));
}

#[test]
fn what_cannot_be_read_is_named() {
    let found = Found {
        instance: Some(file("i", "a: [\n")),
        plists: vec![plist("p", b"not a plist"), plist("q", b"<plist><dict/></plist>")],
        node_id: Some(file("n", "elsewhere")),
        ..Found::default()
    };
    let notes = notes(&adopt(&found, &NoCheck));
    for part in
        ["cannot be read as YAML", "Error adopt.plist p", "q: its label", "Error adopt.node-id n"]
    {
        assert!(notes.contains(part), "{part}: {notes}");
    }
}

#[test]
fn calendar_entries_and_intervals_become_cron_or_a_note() {
    let job = |times: &str| {
        let text = format!(
            "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict><key>Label</key><string>com.sanctum.x</string>\
             <key>ProgramArguments</key><array><string>/bin/x</string></array>{times}</dict></plist>"
        );
        let proposal = adopt(
            &Found { plists: vec![plist("x", text.as_bytes())], ..Found::default() },
            &NoCheck,
        );
        let house = load(&proposal.instance_yaml, "p", &NoCheck).expect("loads").instance;
        let crons: Vec<String> = house.schedules.values().map(|s| s.cron.clone()).collect();
        (crons.join("; "), notes(&proposal).contains("which cron cannot say"))
    };
    let entry = |keys: &[(&str, i32)]| {
        let inner: String =
            keys.iter().map(|(k, n)| format!("<key>{k}</key><integer>{n}</integer>")).collect();
        format!("<dict>{inner}</dict>")
    };
    let daily = entry(&[("Hour", 6), ("Minute", 15)]);
    let weekly = entry(&[("Hour", 3), ("Minute", 0), ("Weekday", 7)]);
    for (times, crons, note) in [
        (format!("<key>StartCalendarInterval</key>{daily}"), "15 6 * * *", false),
        (
            format!("<key>StartCalendarInterval</key><array>{daily}{weekly}</array>"),
            "15 6 * * *; 0 3 * * 7",
            false,
        ),
        (format!("<key>StartCalendarInterval</key>{}", entry(&[("Hour", 25)])), "", false),
        ("<key>StartInterval</key><integer>1800</integer>".to_owned(), "*/30 * * * *", false),
        ("<key>StartInterval</key><integer>3600</integer>".to_owned(), "0 * * * *", false),
        ("<key>StartInterval</key><integer>50</integer>".to_owned(), "", true),
    ] {
        assert_eq!(job(&times), (crons.to_owned(), note), "{times}");
    }
}

proptest! {
    // Each case adopts and loads a whole house; 96 keep the test under two seconds.
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_an_older_file_became_the_proposal_loads(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..10, "[ \\n:{}\\[\\]#&*!'\"a0-]{0,5}|sk_live9"), 0..5),
        copies in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..3),
    ) {
        let mut lines: Vec<&str> = OLDER.lines().collect();
        for (from, to) in copies {
            let line = *from.get(&lines);
            lines.insert(to.index(lines.len()), line);
        }
        let mut text: Vec<char> = lines.join("\n").chars().collect();
        for (at, length, instead) in cuts {
            let start = at.index(text.len());
            let end = (start + length).min(text.len());
            text.splice(start..end, instead.chars());
        }
        let mut found = whole();
        found.instance = Some(file("i", &text.into_iter().collect::<String>()));
        let proposal = adopt(&found, &Fake);
        if let Err(rejected) = load(&proposal.instance_yaml, "proposal", &Fake) {
            prop_assert!(false, "{}\n{}", rejected, proposal.instance_yaml);
        }
        prop_assert!(!notes(&proposal).contains("sk_live"), "{}", notes(&proposal));
    }
}

#[test]
fn the_loader_points_at_adoption() {
    let refused = load(OLDER, "instance.yaml", &NoCheck).expect_err("older");
    expect!["keep one of the two"]
        .assert_eq(refused.diagnostics[0].hint.as_deref().unwrap_or_default());
}
