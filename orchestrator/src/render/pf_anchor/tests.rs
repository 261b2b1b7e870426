//! The anchor as text, its intent as ranges, and the line in the main ruleset.

use super::*;
use crate::exposure::fixture::{Sample, arb_sample, manor};
use crate::instance::model::{Bind, Reach, Transport};
use crate::pf::{Direction, Flow, Intent, ProofSummary, Proto, check, prove};
use proptest::prelude::*;
use std::fmt::Write;
use std::net::IpAddr;

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
    assert!(matches!(render(&sample.house()), Err(PfAnchorError::NoMainRuleset { .. })));
    sample.facts.pf_conf = Some("pass".to_owned());
    assert!(matches!(render(&sample.house()), Err(PfAnchorError::Attach(_))));
    sample.facts.pf_conf = Some("pass\n".to_owned());
    let [main, file] = render(&sample.house()).unwrap().try_into().unwrap();
    assert_eq!((main.path.as_str(), main.lockout, main.unit), ("/etc/pf.conf", true, None));
    assert_eq!(file.unit, Some(Unit::PfAnchor { name: "sanctum".to_owned() }));
    for other in ["den", "barn", "laptop"] {
        assert_eq!(render(&manor().at(other).house()).unwrap(), []);
    }
}

fn shown(intents: &[Intent]) -> String {
    let mut text = String::new();
    for Intent { flow, blocked } in intents {
        let any = |ip: Option<IpAddr>| ip.map_or("any".to_owned(), |ip| ip.to_string());
        let ranges = blocked.ranges().iter().map(|(low, high)| format!("{low}-{high}"));
        let ranges = ranges.collect::<Vec<_>>().join(" ");
        let Flow { on, direction, proto, family, from, to } = flow;
        let (from, to, family) = (any(*from), any(*to), family.keyword());
        writeln!(text, "{direction:?} {on} {family} {proto:?} {from} > {to} blocks [{ranges}]")
            .unwrap();
    }
    text
}

#[test]
fn the_intent_of_the_manor() {
    let shown = |sample: Sample| shown(&intents(&sample.house()).unwrap());
    expect_test::expect_file!["snapshots/manor.intent"].assert_eq(&shown(manor()));
    expect_test::expect_file!["snapshots/manor-v6.intent"].assert_eq(&shown(with_host6()));
}

fn proved(sample: &Sample) -> Result<ProofSummary, String> {
    let text = text(sample);
    let checked = check(&text).map_err(|errors| format!("{errors:?}\n{text}"))?;
    assert!(checked.warnings().is_empty(), "{:?}", checked.warnings());
    prove(&checked, &intents(&sample.house()).unwrap())
        .map_err(|wrong| format!("{wrong:#?}\n{text}"))
}

#[test]
fn the_anchor_of_the_manor_does_what_the_registry_says() {
    let summary = proved(&manor()).unwrap();
    // Three networks, loopback and an unnamed interface.
    assert_eq!(summary.ports, summary.intents * 65_536);
    assert_eq!(summary.intents, 4 * 4 + 2 * (4 + 2) + 5 * 4);
    assert_eq!(proved(&with_host6()).unwrap().intents, summary.intents);
}

#[test]
fn a_house_of_documentation_addresses_is_proved_like_any_other() {
    let mut sample = with_host6();
    let vm = sample.instance.networks.vm.as_mut().unwrap();
    vm.subnet = "203.0.113.0/24".parse().unwrap();
    vm.host = "203.0.113.1".parse().unwrap();
    vm.guest = "203.0.113.2".parse().unwrap();
    vm.host6 = "2001:db8::1".parse().ok();
    proved(&sample).unwrap();
}

fn on_macos() -> impl Strategy<Value = Sample> {
    // A macOS node that is no hub has walls and no bridge.
    arb_sample().prop_map(|mut sample| {
        if sample.node.as_str() == "barn" {
            sample.facts = crate::exposure::fixture::facts(Os::Macos);
            return sample;
        }
        sample.at("hub")
    })
}

proptest! {
    #[test]
    fn every_anchor_does_what_the_registry_says(sample in on_macos()) {
        let summary = proved(&sample).map_err(TestCaseError::fail)?;
        prop_assert!(summary.intents >= 24);
    }

    /// The registry again, read in the most direct way, against the sets of blocked ports.
    #[test]
    fn intents_are_what_the_registry_says(sample in on_macos(), probe in any::<u16>()) {
        for Intent { flow, blocked } in intents(&sample.house()).unwrap() {
            let named = sample.instance.services.values().flat_map(|service| &service.ports);
            for port in named.map(|spec| spec.get().0).chain([probe, 0, u16::MAX]) {
                let wanted = expected(&sample, &flow, port);
                prop_assert_eq!(!blocked.contains(port), wanted, "{:?} {}", flow, port);
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

/// Whether the flow to the port passes.
fn expected(sample: &Sample, flow: &Flow, port: u16) -> bool {
    let instance = &sample.instance;
    let transport = if flow.proto == Proto::Tcp { Transport::Tcp } else { Transport::Udp };
    let ssh = transport == Transport::Tcp && instance.ssh.port.get() == port;
    let service = instance.services.values().find(|service| {
        service.node == sample.node
            && service.ports.iter().any(|spec| spec.get() == (port, transport))
    });
    let reach = |reach: Reach| instance.ssh.reachable_from.contains(&reach);
    let open = |bind: Bind, from: Reach| match service {
        Some(service) => service.enabled && service.bind == bind,
        None => ssh && reach(from),
    };
    let named = ssh || service.is_some();
    if flow.direction == Direction::Out {
        return true;
    }
    match flow.on.as_str() {
        "lo0" | "other0" => true,
        "bridge100" => {
            let net = instance.networks.vm.as_ref().unwrap();
            let v4 = (flow.from, flow.to) == (Some(net.guest.into()), Some(net.host.into()));
            let v6 = flow.to.is_some() && flow.to == net.host6.map(IpAddr::from);
            (v4 || v6) && open(Bind::LoopbackVm, Reach::Vm)
        }
        tunnel if tunnel.starts_with("utun") => !named || open(Bind::Tailnet, Reach::Tailnet),
        _ => !named || open(Bind::Lan, Reach::Lan),
    }
}

#[test]
fn a_main_ruleset_that_ends_in_mid_line_is_refused() {
    let stock =
        "anchor \"com.apple/*\"\nload anchor \"com.apple\" from \"/etc/pf.anchors/com.apple\"\n";
    assert_eq!(insert_attach(stock).unwrap(), format!("{stock}{}", attach_line()));
    let main = insert_attach(stock).unwrap();
    assert!(
        check(&main).is_ok_and(|main| main.expanded().contains("anchor \"sanctum\"")),
        "{main}"
    );
    assert_eq!(insert_attach("pass"), Err(AttachError::NoFinalNewline { line: 1 }));
    assert_eq!(insert_attach("pass\npass \\\n"), Err(AttachError::Continued { line: 2 }));
    let foreign = "anchor \"sanctum\"\n";
    assert_eq!(remove_attach(foreign), foreign);
    assert_eq!(remove_attach(&format!("anchor \"old\" {MARK}\n{foreign}")), foreign);
}
