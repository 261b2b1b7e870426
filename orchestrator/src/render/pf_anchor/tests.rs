//! The anchor as text, its intent as ranges, and the line in the main ruleset.

use super::*;
use crate::exposure::fixture::{Sample, arb_sample, manor};
use crate::instance::model::Transport;
use proptest::prelude::*;
use std::fmt::Write;

fn text(sample: &Sample) -> String {
    let artefacts = render(&sample.house()).unwrap();
    artefacts.into_iter().map(|file| String::from_utf8(file.bytes).unwrap()).collect()
}

fn with_host6() -> Sample {
    let mut sample = manor();
    let vm = sample.instance.networks.vm.as_mut().unwrap();
    vm.host6 = "fd00:10::1".parse().ok();
    sample
}

#[test]
fn the_anchor_of_the_manor() {
    expect_test::expect_file!["snapshots/manor.anchor"].assert_eq(&text(&manor()));
    expect_test::expect_file!["snapshots/manor-v6.anchor"].assert_eq(&text(&with_host6()));
}

#[test]
fn the_artefact_of_the_manor() {
    let mut sample = manor();
    let [file] = render(&sample.house()).unwrap().try_into().unwrap();
    assert_eq!(
        (file.path.as_str(), file.mode.to_string().as_str()),
        ("/etc/pf.anchors/sanctum", "0644")
    );
    assert_eq!(
        (file.owner.to_string().as_str(), file.lockout, file.part),
        ("root:wheel", true, Part::Pf)
    );
    assert_eq!(file.unit, Some(Unit::PfAnchor { name: "com.apple/sanctum".to_owned() }));
    sample.instance.pf.attach = PfAttach::Main;
    let [file] = render(&sample.house()).unwrap().try_into().unwrap();
    assert_eq!(file.unit, Some(Unit::PfAnchor { name: "sanctum".to_owned() }));
    for other in ["den", "barn", "laptop"] {
        assert_eq!(render(&manor().at(other).house()).unwrap(), []);
    }
}

fn shown(intents: &[PortIntent]) -> String {
    let mut text = String::new();
    for intent in intents {
        let word = |pass: bool| if pass { "pass" } else { "block" };
        let ranges = intent.ports.iter().map(|(range, pass)| {
            if range.start() == range.end() {
                format!("{} {}", range.start(), word(*pass))
            } else {
                format!("{}-{} {}", range.start(), range.end(), word(*pass))
            }
        });
        let ranges: Vec<String> = ranges.collect();
        let PortIntent { interface, transport, family, .. } = intent;
        writeln!(text, "{interface} {transport:?} {family:?}: {}", ranges.join(", ")).unwrap();
    }
    text
}

#[test]
fn the_intent_of_the_manor() {
    let sample = manor();
    expect_test::expect_file!["snapshots/manor.intent"]
        .assert_eq(&shown(&intents(&sample.house()).unwrap()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn intents_cover_every_port_once(sample in arb_sample()) {
        for intent in intents(&sample.house()).unwrap() {
            let mut next = 0_u32;
            let mut last = None;
            for (range, pass) in &intent.ports {
                prop_assert_eq!(u32::from(*range.start()), next);
                prop_assert_ne!(last, Some(*pass));
                next = u32::from(*range.end()) + 1;
                last = Some(*pass);
            }
            prop_assert_eq!(next, 65_536);
        }
    }

    /// The registry again, read in the most direct way, against the ranges.
    #[test]
    fn intents_are_what_the_registry_says(sample in arb_sample(), probe in any::<u16>()) {
        let house = sample.house();
        for intent in intents(&house).unwrap() {
            let named: Vec<u16> = sample.instance.services.values()
                .filter(|service| service.node == sample.node)
                .flat_map(|service| service.ports.iter().map(|spec| spec.get()))
                .filter(|(_, transport)| *transport == intent.transport)
                .map(|(port, _)| port)
                .collect();
            for port in named.into_iter().chain([probe, 0, u16::MAX]) {
                let found = intent.ports.iter().find(|(range, _)| range.contains(&port)).unwrap().1;
                prop_assert_eq!(found, expected(&sample, &intent, port), "{:?} {}", intent, port);
            }
        }
    }

    #[test]
    fn every_rule_is_quick_named_and_bound_to_an_interface(sample in arb_sample()) {
        let text = text(&sample);
        prop_assert!(text.is_empty() || text.ends_with('\n'));
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            prop_assert!(line.starts_with("block drop in log quick on ")
                || line.starts_with("pass in quick on ") || line.starts_with("pass out quick on "), "{line}");
            prop_assert!(!line.contains(" on lo0 "), "{line}");
            let label = line.split("label \"").nth(1).and_then(|rest| rest.strip_suffix('"'));
            prop_assert!(label.is_some_and(|label| label.starts_with("sanctum:") && label.len() <= 63), "{line}");
        }
    }

    #[test]
    fn the_attach_line_comes_and_goes_without_a_trace(lines in prop::collection::vec("[ -~]{0,30}", 0..8), at in 0_usize..8) {
        let lines: Vec<String> = lines.into_iter().map(|line| line.trim_end_matches('\\').to_owned() + "\n").collect();
        let text = lines.concat();
        let with = insert_attach(&text).unwrap();
        prop_assert_eq!(with.matches(MARK).count(), 1);
        prop_assert_eq!(insert_attach(&with).unwrap(), with.clone());
        prop_assert_eq!(remove_attach(&with), text.clone());
        // Moved by the owner: it stays where it is.
        let at = at.min(lines.len());
        let moved = lines[..at].concat() + &attach_line() + &lines[at..].concat();
        prop_assert_eq!(insert_attach(&moved).unwrap(), moved.clone());
        prop_assert_eq!(remove_attach(&moved), text);
    }
}

fn expected(sample: &Sample, intent: &PortIntent, port: u16) -> bool {
    let instance = &sample.instance;
    let transport = intent.transport;
    let ssh = transport == Transport::Tcp && instance.ssh.port.get() == port;
    let service = instance.services.values().find(|service| {
        service.node == sample.node
            && service.ports.iter().any(|spec| spec.get() == (port, transport))
    });
    let reach = |word: &str| {
        serde_json::to_value(&instance.ssh.reachable_from)
            .unwrap()
            .as_array()
            .unwrap()
            .contains(&word.into())
    };
    let open = |bind: &str, word: &str| match service {
        Some(service) => service.enabled && serde_json::to_value(service.bind).unwrap() == bind,
        None => ssh && reach(word),
    };
    let named = ssh || service.is_some();
    match intent.network {
        Some(Network::Lan) => !named || open("lan", "lan"),
        Some(Network::Tailnet) => !named || open("tailnet", "tailnet"),
        Some(Network::Vm) => {
            let host6 = instance.networks.vm.as_ref().unwrap().host6;
            (intent.family == Family::V4 || host6.is_some()) && open("loopback+vm", "vm")
        }
        Some(Network::Loopback) | None => true,
    }
}

#[test]
fn a_main_ruleset_that_ends_in_mid_line_is_refused() {
    let stock =
        "anchor \"com.apple/*\"\nload anchor \"com.apple\" from \"/etc/pf.anchors/com.apple\"\n";
    assert_eq!(insert_attach(stock).unwrap(), format!("{stock}{}", attach_line()));
    assert_eq!(insert_attach("pass"), Err(AttachError::NoFinalNewline { line: 1 }));
    assert_eq!(insert_attach("pass\npass \\\n"), Err(AttachError::Continued { line: 2 }));
    let foreign = "anchor \"sanctum\"\n";
    assert_eq!(remove_attach(foreign), foreign);
    assert_eq!(remove_attach(&format!("anchor \"old\" {MARK}\n{foreign}")), foreign);
}
