//! Laws over random rulesets.

use super::super::eval::outcome;
use super::super::rule::Rule;
use super::super::{
    Checked, Direction, Family, Flow, Intent, Outcome, PortSet, Proto, check, decide, decisions,
    prove,
};
use expect_test::expect;
use proptest::prelude::*;
use sanctum_types::IfName;
use std::fmt::Write as _;

/// A rule of a language small enough to be modelled by hand.
#[derive(Clone, Debug)]
struct Simple {
    block: bool,
    quick: bool,
    out: Option<bool>,
    on: Option<(bool, u8)>,
    v6: Option<bool>,
    udp: Option<bool>,
    from: Option<(bool, u8)>,
    ports: Vec<(u8, u16, u16)>,
}

const OPERATORS: [&str; 9] = ["=", "!=", "<", "<=", ">", ">=", "><", "<>", ":"];

fn simple() -> impl Strategy<Value = Simple> {
    let port = prop_oneof![0u16..6, 65530u16..=65535, any::<u16>()];
    let ports = prop::collection::vec((0u8..9, port.clone(), port), 0..3);
    (
        any::<bool>(),
        prop::bool::weighted(0.3),
        prop::option::of(prop::bool::weighted(0.2)),
        prop::option::of((any::<bool>(), 0u8..2)),
        prop::option::weighted(0.4, any::<bool>()),
        prop::option::of(any::<bool>()),
        prop::option::weighted(0.4, (any::<bool>(), 0u8..2)),
        ports,
    )
        .prop_map(|(block, quick, out, on, v6, udp, from, ports)| {
            // Ports need a protocol, and an IPv4 host excludes inet6.
            let udp = if ports.is_empty() { udp } else { udp.or(Some(false)) };
            let v6 = if from.is_some() { v6.filter(|six| !six) } else { v6 };
            Simple { block, quick, out, on, v6, udp, from, ports }
        })
}

impl Simple {
    fn text(&self) -> String {
        let mut text = String::from(if self.block { "block" } else { "pass" });
        if let Some(out) = self.out {
            text.push_str(if out { " out" } else { " in" });
        }
        if self.quick {
            text.push_str(" quick");
        }
        if let Some((not, unit)) = self.on {
            let _ = write!(text, " on {}en{unit}", if not { "! " } else { "" });
        }
        if let Some(six) = self.v6 {
            text.push_str(if six { " inet6" } else { " inet" });
        }
        if let Some(udp) = self.udp {
            let _ = write!(text, " proto {}", if udp { "udp" } else { "tcp" });
        }
        let from = match self.from {
            Some((not, net)) => format!("{}10.{net}.0.0/16", if not { "! " } else { "" }),
            None => "any".to_owned(),
        };
        let _ = write!(text, " from {from} to any");
        if !self.ports.is_empty() {
            text.push_str(" port {");
            for (op, a, b) in &self.ports {
                let op = OPERATORS[usize::from(*op)];
                let _ = match op {
                    "><" | "<>" => write!(text, " {a} {op} {b}"),
                    ":" => write!(text, " {a}:{b}"),
                    _ => write!(text, " {op} {a}"),
                };
            }
            text.push_str(" }");
        }
        text.push('\n');
        text
    }

    /// The meaning, written a second time and differently: each condition over plain numbers.
    fn matches(&self, flow: &Flow, net: u8, port: u16) -> bool {
        let port = i64::from(port);
        let in_ports = |(op, a, b): &(u8, u16, u16)| {
            let (a, b) = (i64::from(*a), i64::from(*b));
            match OPERATORS[usize::from(*op)] {
                "=" => port == a,
                "!=" => port != a,
                "<" => port < a,
                "<=" => port <= a,
                ">" => port > a,
                ">=" => port >= a,
                "><" => a < port && port < b,
                "<>" => port < a || b < port,
                _ => (a..=b).contains(&port),
            }
        };
        let v4 = flow.family == Family::V4;
        self.out.is_none_or(|out| out == (flow.direction == Direction::Out))
            && self.on.is_none_or(|(not, unit)| (flow.on.as_str() == format!("en{unit}")) != not)
            && self.v6.is_none_or(|six| six != v4)
            && self.udp.is_none_or(|udp| udp == (flow.proto == Proto::Udp))
            && self.from.is_none_or(|(not, wanted)| v4 && (wanted == net) != not)
            && (self.ports.is_empty() || self.ports.iter().any(in_ports))
    }
}

fn model(rules: &[Simple], flow: &Flow, net: u8, port: u16) -> Outcome {
    let mut outcome = Outcome::Pass;
    for rule in rules.iter().filter(|rule| rule.matches(flow, net, port)) {
        outcome = if rule.block { Outcome::Block } else { Outcome::Pass };
        if rule.quick {
            break;
        }
    }
    outcome
}

fn ruleset(rules: &[Simple]) -> Checked {
    let text: String = rules.iter().map(Simple::text).collect();
    check(&text).unwrap_or_else(|remarks| panic!("{text}{remarks:?}"))
}

fn without_lines(checked: &Checked) -> Vec<Rule> {
    checked.rules.iter().map(|rule| Rule { line: 0, ..rule.clone() }).collect()
}

fn flow(unit: u8, out: bool, udp: bool, v6: bool, net: u8) -> Flow {
    let from = if v6 { "fd00::1".to_owned() } else { format!("10.{net}.0.7") };
    Flow {
        on: IfName::new(format!("en{unit}")).unwrap(),
        direction: if out { Direction::Out } else { Direction::In },
        proto: if udp { Proto::Udp } else { Proto::Tcp },
        family: if v6 { Family::V6 } else { Family::V4 },
        from: Some(from.parse().unwrap()),
        to: Some(if v6 { "fd00::2" } else { "10.9.9.9" }.parse().unwrap()),
    }
}

fn any_flow() -> impl Strategy<Value = (Flow, u8)> {
    (0u8..3, any::<bool>(), any::<bool>(), any::<bool>(), 0u8..3)
        .prop_map(|(unit, out, udp, v6, net)| (flow(unit, out, udp, v6, net), net))
}

/// Words that the grammar has, and some that it has not.
const WORDS: &[&str] = &[
    "block",
    "pass",
    "in",
    "out",
    "quick",
    "log",
    "on",
    "en1",
    "!",
    "inet",
    "inet6",
    "proto",
    "tcp",
    "udp",
    "icmp",
    "from",
    "to",
    "any",
    "port",
    "{",
    "}",
    "(",
    ")",
    "<",
    ">",
    "=",
    ",",
    "/",
    "22",
    "65536",
    "1.2.3.4",
    "::1",
    "keep",
    "state",
    "no",
    "nat",
    "rdr",
    "binat",
    "->",
    "anchor",
    "\"x\"",
    "table",
    "<t>",
    "set",
    "skip",
    "limit",
    "states",
    "scrub",
    "antispoof",
    "for",
    "label",
    "$x",
    "x = \"en1\"",
    "\\\n",
    "\n",
    "\n",
    "\n",
    "#",
    "flags",
    "S/SA",
    "all",
    "load",
    "os",
    "user",
    "icmp-type",
    "echoreq",
    "code",
    "max",
    "round-robin",
    "route-to",
    "\"",
    "\u{e9}",
    "\0",
    "\r\n",
];

/// Words of the grammar, thrown together.
fn soup() -> impl Strategy<Value = String> {
    let word = prop::sample::select(WORDS);
    prop::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,200}", soup in soup()) {
        for text in [text, soup] {
            if let Err(remarks) = check(&text) {
                prop_assert!(!remarks.is_empty());
                prop_assert!(remarks.iter().all(|remark| remark.line > 0 && remark.col > 0));
            }
        }
    }

    #[test]
    fn what_is_printed_parses_to_the_same(rules in prop::collection::vec(simple(), 0..6), soup in soup()) {
        let checked = ruleset(&rules);
        let again = check(&checked.expanded()).unwrap();
        prop_assert_eq!(without_lines(&again), without_lines(&checked));
        if let Ok(checked) = check(&soup) {
            let printed = checked.expanded();
            let again = check(&printed).map(|checked| checked.expanded());
            prop_assert_eq!(again, Ok(printed));
        }
    }

    #[test]
    fn decisions_equal_the_model(
        rules in prop::collection::vec(simple(), 0..8),
        (flow, net) in any_flow(),
        ports in prop::collection::vec(prop_oneof![0u16..8, 65528u16..=65535, any::<u16>()], 1..20),
    ) {
        let checked = ruleset(&rules);
        for port in ports {
            let decision = decide(&checked, &flow.packet(port));
            prop_assert_eq!(decision.outcome, model(&rules, &flow, net, port));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A rule with a user matches or not, nobody knows: the verdict must be what all such worlds share.
    #[test]
    fn an_open_condition_is_decided_only_when_every_world_agrees(
        rules in prop::collection::vec((simple(), any::<bool>()), 0..7),
        (flow, net) in any_flow(),
        port in prop_oneof![0u16..8, 65528u16..=65535],
    ) {
        let line = |(rule, open): &(Simple, bool)| {
            let text = rule.text();
            if *open { text.replace('\n', " user 501\n") } else { text }
        };
        let text: String = rules.iter().map(line).collect();
        let outcomes: std::collections::BTreeSet<Outcome> = (0u32..1 << rules.len())
            .map(|world| {
                let there = |index: usize, open: bool| !open || world >> index & 1 == 1;
                let chosen: Vec<Simple> = rules
                    .iter()
                    .enumerate()
                    .filter(|(index, (_, open))| there(*index, *open))
                    .map(|(_, (rule, _))| rule.clone())
                    .collect();
                model(&chosen, &flow, net, port)
            })
            .collect();
        let wanted = match outcomes.len() {
            1 => *outcomes.first().unwrap(),
            _ => Outcome::Undecidable,
        };
        let decision = decide(&check(&text).unwrap(), &flow.packet(port));
        prop_assert_eq!(decision.outcome, wanted, "{}", text);
        prop_assert_eq!(decision.open.is_empty(), wanted != Outcome::Undecidable);
    }
}

proptest! {
    // Each case decides 65,536 ports one by one.
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn intervals_agree_with_decide_on_every_port(
        rules in prop::collection::vec(simple(), 0..6),
        tail in prop::sample::select(vec![
            "", "pass in proto tcp to port 5 user 501\n", "anchor \"x\" {\n block in proto udp to port > 3\n}\n",
            "anchor \"away\"\n",
            "anchor \"x\" tagged T {\n block in quick proto udp to port > 3\n}\nblock proto tcp to port < 9\n",
            "anchor quick tagged T {\n pass proto tcp to port 5\n}\nblock all\n", "rdr proto tcp to port 3:9 -> 127.0.0.1\n",
        ]),
        (flow, _) in any_flow(),
    ) {
        let mut text: String = rules.iter().map(Simple::text).collect();
        if tail.starts_with("rdr") { text.insert_str(0, tail) } else { text.push_str(tail) }
        let checked = check(&text).unwrap();
        let ranges = decisions(&checked, &flow);
        let mut packet = flow.packet(0);
        let mut next = Some(0u16);
        for range in ranges {
            prop_assert_eq!(next, Some(range.low));
            for port in range.low..=range.high {
                packet.port = port;
                prop_assert_eq!(outcome(&checked, &packet), range.outcome, "{}", port);
            }
            let last = decide(&checked, &flow.packet(range.high));
            prop_assert_eq!(last.outcome, range.outcome);
            next = range.high.checked_add(1);
        }
        prop_assert_eq!(next, None);
    }
}

proptest! {
    #[test]
    fn port_sets_obey_the_laws_of_sets(
        ranges in prop::collection::vec((any::<u16>(), 0u16..900), 0..8),
        more in prop::collection::vec((any::<u16>(), 0u16..900), 0..8),
        port in any::<u16>(),
    ) {
        let set = |list: &[(u16, u16)]| {
            PortSet::from_ranges(list.iter().map(|(low, size)| (*low, low.saturating_add(*size))))
        };
        let (a, b) = (set(&ranges), set(&more));
        prop_assert_eq!(a.complement().complement(), a.clone());
        prop_assert_eq!(a.contains(port), !a.complement().contains(port));
        prop_assert_eq!(a.union(&b).contains(port), a.contains(port) || b.contains(port));
        let inside = ranges.iter().any(|(low, size)| (*low..=low.saturating_add(*size)).contains(&port));
        prop_assert_eq!(a.contains(port), inside);
    }
}

#[test]
fn a_proof_covers_every_port_and_names_what_differs() {
    let rules = "block in quick on en1 proto { tcp udp } to port { 1977 8000:8100 }\n";
    let checked = check(rules).unwrap();
    let blocked = PortSet::from_ranges([(1977, 1977), (8000, 8100)]);
    let intents: Vec<Intent> = [(false, false), (false, true), (true, false), (true, true)]
        .map(|(udp, v6)| Intent { flow: flow(1, false, udp, v6, 0), blocked: blocked.clone() })
        .to_vec();
    let summary = prove(&checked, &intents).unwrap();
    assert_eq!((summary.intents, summary.ports), (4, 4 * 65536));

    let wider = blocked.union(&PortSet::from_ports([22]));
    let wrong = Intent { flow: flow(1, false, false, false, 0), blocked: wider };
    let mismatches = prove(&checked, &[wrong]).unwrap_err();
    assert_eq!(mismatches.len(), 1);
    assert_eq!((mismatches[0].ports, mismatches[0].wanted), ((22, 22), Outcome::Block));

    let elsewhere = Intent { flow: flow(2, false, false, false, 0), blocked };
    let mismatches = prove(&checked, &[elsewhere]).unwrap_err();
    assert_eq!(
        mismatches.iter().map(|m| m.ports).collect::<Vec<_>>(),
        [(1977, 1977), (8000, 8100)]
    );
}

#[test]
fn an_undecidable_range_never_proves_anything() {
    let checked = check("anchor \"away\"\n").unwrap();
    let intent = Intent { flow: flow(1, false, false, false, 0), blocked: PortSet::default() };
    let mismatches = prove(&checked, &[intent]).unwrap_err();
    assert_eq!(mismatches[0].got.outcome, Outcome::Undecidable);
    expect![[r#"in on en1 inet tcp from 10.0.0.7 to 10.9.9.9 port 0:65535: wanted pass, got undecidable; anchor `away` is not part of this text"#]]
        .assert_eq(&mismatches[0].to_string());

    let mut mixed = flow(1, false, false, false, 0);
    mixed.from = Some("fd00::1".parse().unwrap());
    let intent = Intent { flow: mixed, blocked: PortSet::default() };
    assert!(prove(&check("").unwrap(), &[intent]).is_err());
}
