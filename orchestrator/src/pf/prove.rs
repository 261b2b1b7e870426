//! The whole port space against intents, in milliseconds.
//!
//! For one flow (interface, direction, protocol, addresses) only the destination port is left open. The rules
//! that can match the flow cut the 65,536 ports into intervals on which every rule behaves alike, so one decision
//! per interval stands for all its ports. What the text does not decide never counts as agreement.

use sanctum_types::IfName;
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use super::Checked;
use super::eval::{Decision, Outcome, Packet, Proto, Truth, Walk, decide};
use super::rule::{Direction, Family, List, Op, Rule};

/// A set of ports: sorted, disjoint, closed ranges that do not touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortSet(Vec<(u16, u16)>);

impl PortSet {
    /// Every port from 0 to 65,535.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![(0, u16::MAX)])
    }

    /// The union of closed ranges in any order; a reversed range holds nothing.
    #[must_use]
    pub fn from_ranges(ranges: impl IntoIterator<Item = (u16, u16)>) -> Self {
        let mut sorted: Vec<(u16, u16)> = ranges.into_iter().filter(|(a, b)| a <= b).collect();
        sorted.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::new();
        for (low, high) in sorted {
            match merged.last_mut() {
                Some(last) if u32::from(low) <= u32::from(last.1) + 1 => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        Self(merged)
    }

    /// These ports and no others.
    #[must_use]
    pub fn from_ports(ports: impl IntoIterator<Item = u16>) -> Self {
        Self::from_ranges(ports.into_iter().map(|port| (port, port)))
    }

    /// Every port that is not in this set.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut gaps = Vec::new();
        let mut next = Some(0u16);
        for &(low, high) in &self.0 {
            if let Some(start) = next
                && start < low
            {
                gaps.push((start, low.saturating_sub(1)));
            }
            next = high.checked_add(1);
        }
        gaps.extend(next.map(|start| (start, u16::MAX)));
        Self(gaps)
    }

    /// The ports of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::from_ranges(self.0.iter().chain(&other.0).copied())
    }

    /// Whether the port is in the set.
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        let after = self.0.partition_point(|(low, _)| *low <= port);
        self.0.get(..after).and_then(<[_]>::last).is_some_and(|(_, high)| port <= *high)
    }

    /// The ranges, in order.
    #[must_use]
    pub fn ranges(&self) -> &[(u16, u16)] {
        &self.0
    }
}

/// Everything about a connection except its destination port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The interface the first packet is on.
    pub on: IfName,
    /// Arriving or leaving.
    pub direction: Direction,
    /// TCP or UDP.
    pub proto: Proto,
    /// IPv4 or IPv6.
    pub family: Family,
    /// The source, or `None` for any source whatsoever: then a rule that asks for one decides nothing.
    pub from: Option<IpAddr>,
    /// The destination, or `None` for any.
    pub to: Option<IpAddr>,
}

impl Flow {
    /// The packet that opens this flow to `port`.
    #[must_use]
    pub fn packet(&self, port: u16) -> Packet {
        Packet {
            on: self.on.as_str().to_owned(),
            direction: self.direction,
            family: self.family,
            proto: self.proto,
            from: self.from,
            to: self.to,
            source_port: None,
            port,
        }
    }
}

/// What a flow should meet: the ports that are blocked, all others passing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The flow.
    pub flow: Flow,
    /// The ports to be blocked; its complement passes.
    pub blocked: PortSet,
}

/// A proof that came out: how much it covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProofSummary {
    /// Intents compared.
    pub intents: usize,
    /// Ports decided: 65,536 for each intent.
    pub ports: usize,
    /// Intervals that stood for them.
    pub intervals: usize,
}

/// Ports on which rules and intent differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The flow.
    pub flow: Flow,
    /// First and last port, both included.
    pub ports: (u16, u16),
    /// What the intent wants: `Pass` or `Block`.
    pub wanted: Outcome,
    /// What the rules do at the first port, and why.
    pub got: Decision,
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = match self.direction {
            Direction::In => "in",
            Direction::Out => "out",
        };
        let family = self.family.keyword();
        write!(f, "{direction} on {} {family} {}", self.on, self.proto)?;
        for (word, ip) in [("from", self.from), ("to", self.to)] {
            match ip {
                Some(ip) => write!(f, " {word} {ip}")?,
                None => write!(f, " {word} any")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.ports;
        write!(f, "{} port {low}", self.flow)?;
        if low != high {
            write!(f, ":{high}")?;
        }
        write!(f, ": wanted {}, got {}", self.wanted, self.got.outcome)?;
        if let Some(rule) = &self.got.rule {
            write!(f, " by line {}: {}", rule.line, rule.text)?;
        }
        for open in &self.got.open {
            write!(f, "; {open}")?;
        }
        Ok(())
    }
}

/// A run of ports that meet the same outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    /// First port.
    pub low: u16,
    /// Last port, included.
    pub high: u16,
    /// What becomes of them.
    pub outcome: Outcome,
}

/// The outcome of every port of a flow: ranges that cover 0 to 65,535 in order.
#[must_use]
pub fn decisions(checked: &Checked, flow: &Flow) -> Vec<PortRange> {
    let mut merged: Vec<PortRange> = Vec::new();
    for range in intervals(checked, flow) {
        match merged.last_mut() {
            Some(last) if last.outcome == range.outcome => last.high = range.high,
            _ => merged.push(range),
        }
    }
    merged
}

/// Compares every intent with the rules on all its ports. `Err` names every range that differs.
pub fn prove(checked: &Checked, intents: &[Intent]) -> Result<ProofSummary, Vec<Mismatch>> {
    let mut summary = ProofSummary::default();
    let mut wrong = Vec::new();
    for intent in intents {
        let ranges = intervals(checked, &intent.flow);
        summary.intents += 1;
        summary.intervals += ranges.len();
        for range in &ranges {
            summary.ports += usize::from(range.high - range.low) + 1;
        }
        compare(checked, intent, &ranges, &mut wrong);
    }
    if wrong.is_empty() { Ok(summary) } else { Err(wrong) }
}

fn compare(checked: &Checked, intent: &Intent, ranges: &[PortRange], wrong: &mut Vec<Mismatch>) {
    let open = intent.blocked.complement();
    let wants = [(&intent.blocked, Outcome::Block), (&open, Outcome::Pass)];
    for range in ranges {
        for (set, wanted) in wants {
            if range.outcome == wanted {
                continue;
            }
            for &(low, high) in set.ranges() {
                let ports = (low.max(range.low), high.min(range.high));
                if ports.0 <= ports.1 {
                    let got = decide(checked, &intent.flow.packet(ports.0));
                    wrong.push(Mismatch { flow: intent.flow.clone(), ports, wanted, got });
                }
            }
        }
    }
}

/// A filter rule with everything but its destination port settled for one flow.
struct Residual<'r> {
    rule: &'r Rule,
    truth: Truth,
    body: Vec<Residual<'r>>,
}

fn residuals<'r>(checked: &Checked, rules: &'r [Rule], packet: &Packet) -> Vec<Residual<'r>> {
    let mut left = Vec::new();
    for rule in rules.iter().filter(|rule| rule.action.list() == List::Filter) {
        let truth = checked.matches_but_port(rule, packet);
        if truth == Truth::No {
            continue;
        }
        let body = rule.call.as_ref().and_then(|call| call.body.as_ref());
        let body = body.map_or_else(Vec::new, |body| residuals(checked, body, packet));
        left.push(Residual { rule, truth, body });
    }
    left
}

/// Where behaviour may change: the first port of each run on which every comparison is constant.
fn cuts(starts: &mut BTreeSet<u16>, rule: &Rule) {
    let Some(ports) = rule.dst.ports else { return };
    let two = matches!(ports.op, Op::Range | Op::Inside | Op::Outside);
    for port in [Some(ports.a), two.then_some(ports.b)].into_iter().flatten() {
        starts.insert(port);
        starts.extend(port.checked_add(1));
    }
}

fn all_cuts(starts: &mut BTreeSet<u16>, left: &[Residual<'_>]) {
    for residual in left {
        cuts(starts, residual.rule);
        all_cuts(starts, &residual.body);
    }
}

fn intervals(checked: &Checked, flow: &Flow) -> Vec<PortRange> {
    let packet = flow.packet(0);
    if !packet.is_consistent() {
        return vec![PortRange { low: 0, high: u16::MAX, outcome: Outcome::Undecidable }];
    }
    if checked.skips(flow.on.as_str()) {
        return vec![PortRange { low: 0, high: u16::MAX, outcome: Outcome::Pass }];
    }
    let left = residuals(checked, &checked.rules, &packet);
    let mut starts = BTreeSet::from([0]);
    all_cuts(&mut starts, &left);
    let translators: Vec<&Rule> = checked.translators(&packet).collect();
    for rule in &translators {
        cuts(&mut starts, rule);
    }
    let ends = starts.iter().skip(1).map(|start| start - 1).chain([u16::MAX]);
    starts
        .iter()
        .zip(ends)
        .map(|(&low, high)| {
            let mut walk = Walk::default();
            for rule in &translators {
                walk.translate(rule, low);
            }
            follow(&left, &mut walk, low, true);
            PortRange { low, high, outcome: walk.outcome() }
        })
        .collect()
}

/// The same search as `decide` makes, over the rules that are left for the flow.
fn follow<'r>(left: &[Residual<'r>], walk: &mut Walk<'r>, port: u16, certain: bool) -> Truth {
    let mut any = Truth::No;
    for residual in left {
        if walk.is_done() {
            break;
        }
        if residual.rule.dst.ports.is_some_and(|ports| !ports.contains(port)) {
            continue;
        }
        let truth = residual.truth;
        let certain_here = certain && truth == Truth::Yes;
        any = any.max(match walk.step(residual.rule, truth, certain) {
            Some(truth) => truth,
            None => {
                let inner = follow(&residual.body, walk, port, certain_here);
                walk.leave(residual.rule, inner, certain_here);
                inner.min(truth)
            }
        });
    }
    any
}
