//! What a ruleset decides about one packet that opens a connection.
//!
//! The last matching rule wins, `quick` ends the search, no match passes. A condition that cannot be settled
//! here (a user, a tag, an anchor that is loaded from elsewhere, a table that others fill) is neither matched nor
//! skipped: both ways are followed, and only when they end alike is there a verdict. Absent on purpose: states;
//! a packet of a known connection never reaches the rules.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use super::machine::masked;
use super::names;
use super::rule::{
    Action, Addr, Call, Direction, Endpoint, Entry, Family, Host, List, Modifiers, Rule, Table,
};
use super::{Checked, print};

/// Transport protocol of a packet, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proto {
    /// TCP; the packet is a SYN.
    Tcp,
    /// UDP.
    Udp,
    /// Any other protocol number; it has no ports.
    Other(u8),
}

impl Proto {
    fn number(self) -> u8 {
        match self {
            Self::Tcp => names::TCP,
            Self::Udp => names::UDP,
            Self::Other(number) => number,
        }
    }
}

impl fmt::Display for Proto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp => f.write_str("tcp"),
            Self::Udp => f.write_str("udp"),
            Self::Other(number) => write!(f, "proto {number}"),
        }
    }
}

/// A packet that opens a connection. `None` means "whatever it may be", and a rule that asks then may match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The interface it is on.
    pub on: String,
    /// Arriving or leaving.
    pub direction: Direction,
    /// Its address family.
    pub family: Family,
    /// Its protocol.
    pub proto: Proto,
    /// Source address.
    pub from: Option<IpAddr>,
    /// Destination address.
    pub to: Option<IpAddr>,
    /// Source port.
    pub source_port: Option<u16>,
    /// Destination port; ignored for protocols without ports.
    pub port: u16,
}

impl Packet {
    /// Whether the addresses are of the packet's family.
    pub(super) fn is_consistent(&self) -> bool {
        [self.from, self.to].into_iter().flatten().all(|ip| Family::of(ip) == self.family)
    }
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It passes, by a rule or because none matched.
    Pass,
    /// It is dropped or refused.
    Block,
    /// It depends on something that the text does not say.
    Undecidable,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Block => "block",
            Self::Undecidable => "undecidable",
        })
    }
}

/// The rule behind a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleRef {
    /// Line of the source, from 1.
    pub line: usize,
    /// The expanded rule in pf's words.
    pub text: String,
    /// Its label; empty when it has none.
    pub label: String,
    /// Whether it ends the search.
    pub quick: bool,
}

/// An outcome and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What becomes of the packet.
    pub outcome: Outcome,
    /// The rule that decided; `None` for the default pass, a skipped interface, or when undecidable.
    pub rule: Option<RuleRef>,
    /// What is open, in words: on an undecidable outcome never empty.
    pub open: Vec<String>,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    No,
    Maybe,
    Yes,
}

impl Truth {
    fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }

    fn negate_if(self, not: bool) -> Self {
        match self {
            Self::Yes if not => Self::No,
            Self::No if not => Self::Yes,
            other => other,
        }
    }
}

/// The decision of a checked ruleset about a packet.
#[must_use]
pub fn decide(checked: &Checked, packet: &Packet) -> Decision {
    if !packet.is_consistent() {
        let open = vec!["no packet has addresses of two families".to_owned()];
        return Decision { outcome: Outcome::Undecidable, rule: None, open };
    }
    if checked.skips(&packet.on) {
        return Decision { outcome: Outcome::Pass, rule: None, open: Vec::new() };
    }
    search(checked, packet).finish()
}

/// The outcome of `decide` alone, without the words.
#[cfg(test)]
pub(super) fn outcome(checked: &Checked, packet: &Packet) -> Outcome {
    if !packet.is_consistent() {
        return Outcome::Undecidable;
    }
    if checked.skips(&packet.on) { Outcome::Pass } else { search(checked, packet).outcome() }
}

fn search<'r>(checked: &'r Checked, packet: &Packet) -> Walk<'r> {
    let mut walk = Walk::default();
    for rule in checked.translators(packet) {
        walk.translate(rule, packet.port);
    }
    let matches = |rule: &Rule| {
        let ports = match rule.dst.ports {
            Some(ports) => Truth::of(ports.contains(packet.port)),
            None => Truth::Yes,
        };
        ports.min(checked.matches_but_port(rule, packet))
    };
    walk.rules(&checked.rules, true, &matches);
    walk
}

/// What the search has found so far. Each side remembers the rule that last took it there.
#[derive(Default)]
pub(super) struct Walk<'r> {
    /// Where the search would end if it ended now; both sides at first mean "no rule yet: pass".
    pass: Option<Option<&'r Rule>>,
    block: Option<&'r Rule>,
    /// Where it may already have ended, by a `quick` rule.
    ended_pass: Option<&'r Rule>,
    ended_block: Option<&'r Rule>,
    touched: bool,
    done: bool,
    translated: bool,
    open: Vec<&'r Rule>,
}

impl<'r> Walk<'r> {
    /// Walks a list; returns whether any of its rules matched.
    fn rules(
        &mut self,
        rules: &'r [Rule],
        certain: bool,
        matches: &dyn Fn(&Rule) -> Truth,
    ) -> Truth {
        let mut any = Truth::No;
        for rule in rules.iter().filter(|rule| rule.action.list() == List::Filter) {
            if self.done {
                break;
            }
            let truth = matches(rule);
            if truth == Truth::No {
                continue;
            }
            let body = rule.call.as_ref().and_then(|call| call.body.as_ref());
            any = any.max(match (self.step(rule, truth, certain), body) {
                (Some(truth), _) => truth,
                (None, None) => Truth::No,
                (None, Some(body)) => {
                    let certain_here = certain && truth == Truth::Yes;
                    let inner = self.rules(body, certain_here, matches);
                    self.leave(rule, inner, certain_here);
                    inner.min(truth)
                }
            });
        }
        any
    }

    /// Takes a rule that matches, or may match, into account; `None` for an inline anchor, whose rules are the
    /// caller's to walk before `leave`.
    pub(super) fn step(&mut self, rule: &'r Rule, truth: Truth, certain: bool) -> Option<Truth> {
        match &rule.call {
            None => {
                self.plain(rule, certain && truth == Truth::Yes);
                Some(truth)
            }
            Some(Call { body: Some(_), .. }) => None,
            Some(Call { body: None, .. }) => {
                self.open.push(rule);
                self.either(rule);
                Some(Truth::Maybe)
            }
        }
    }

    /// Steps out of an inline anchor of which `inner` tells whether a rule matched.
    pub(super) fn leave(&mut self, rule: &'r Rule, inner: Truth, certain: bool) {
        if rule.quick && inner != Truth::No && !self.done {
            self.end(certain && inner == Truth::Yes);
        }
    }

    /// Takes note of a translation that applies to the flow.
    pub(super) fn translate(&mut self, rule: &'r Rule, port: u16) {
        if rule.dst.ports.is_none_or(|ports| ports.contains(port)) {
            self.translated = true;
            self.open.push(rule);
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    fn plain(&mut self, rule: &'r Rule, certain: bool) {
        let block = rule.action == Action::Block;
        if !certain {
            self.open.push(rule);
            if rule.quick {
                let side = if block { &mut self.ended_block } else { &mut self.ended_pass };
                side.get_or_insert(rule);
                return;
            }
            self.settle_default();
        } else {
            self.touched = true;
            self.pass = None;
            self.block = None;
        }
        if block {
            self.block = Some(rule);
        } else {
            self.pass = Some(Some(rule));
        }
        if certain && rule.quick {
            self.done = true;
        }
    }

    /// Before the first certain match, "no rule" is one of the possible ends.
    fn settle_default(&mut self) {
        if !self.touched {
            self.touched = true;
            self.pass = Some(None);
        }
    }

    /// The rules of an anchor that is not here may do anything.
    fn either(&mut self, rule: &'r Rule) {
        self.settle_default();
        self.ended_pass.get_or_insert(rule);
        self.ended_block.get_or_insert(rule);
        self.block.get_or_insert(rule);
        self.pass.get_or_insert(Some(rule));
    }

    /// A quick anchor call ends the search with what its rules decided.
    fn end(&mut self, certain: bool) {
        if certain {
            self.done = true;
            return;
        }
        if let Some(Some(rule)) = self.pass {
            self.ended_pass.get_or_insert(rule);
        }
        if let Some(rule) = self.block {
            self.ended_block.get_or_insert(rule);
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        let passes = !self.touched || self.pass.is_some() || self.ended_pass.is_some();
        let blocks = self.block.is_some() || self.ended_block.is_some();
        match (passes, blocks) {
            (true, false) if !self.translated => Outcome::Pass,
            (false, true) if !self.translated => Outcome::Block,
            _ => Outcome::Undecidable,
        }
    }

    fn finish(self) -> Decision {
        let outcome = self.outcome();
        let rule = match outcome {
            Outcome::Pass => self.pass.flatten().or(self.ended_pass),
            Outcome::Block => self.block.or(self.ended_block),
            Outcome::Undecidable => None,
        };
        let open: BTreeSet<String> = match outcome {
            Outcome::Undecidable => self.open.into_iter().map(open_words).collect(),
            Outcome::Pass | Outcome::Block => BTreeSet::new(),
        };
        Decision { outcome, rule: rule.map(RuleRef::of), open: open.into_iter().collect() }
    }
}

fn open_words(rule: &Rule) -> String {
    match &rule.call {
        Some(Call { name, body: None, .. }) => format!("anchor `{name}` is not part of this text"),
        _ => format!("line {}: {}", rule.line, print::line(rule)),
    }
}

impl RuleRef {
    fn of(rule: &Rule) -> Self {
        Self {
            line: rule.line,
            text: print::line(rule),
            label: rule.label.clone(),
            quick: rule.quick,
        }
    }
}

impl Checked {
    pub(super) fn skips(&self, interface: &str) -> bool {
        self.skipped.iter().any(|name| name == interface)
    }

    /// The translations that may rewrite a packet of this flow, its port left open: what the filter then sees
    /// is not known here.
    pub(super) fn translators(&self, packet: &Packet) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| {
            let applies = match rule.action {
                Action::Rdr => packet.direction == Direction::In,
                Action::Nat => packet.direction == Direction::Out,
                Action::Binat => true,
                _ => false,
            };
            applies && self.matches_but_port(rule, packet) != Truth::No
        })
    }

    /// Every condition of a rule except its destination port.
    pub(super) fn matches_but_port(&self, rule: &Rule, packet: &Packet) -> Truth {
        if rule.direction.is_some_and(|direction| direction != packet.direction)
            || rule.family.is_some_and(|family| family != packet.family)
            || rule.proto.is_some_and(|proto| proto != packet.proto.number())
            || rule.on.as_ref().is_some_and(|on| (on.name == packet.on) == on.not)
            || rule.fragment
        {
            return Truth::No;
        }
        let hosts = self.host(&rule.src.host, packet.from, packet).min(self.host(
            &rule.dst.host,
            packet.to,
            packet,
        ));
        hosts.min(source_port(&rule.src, packet)).min(flags(rule, packet)).min(outside(rule))
    }

    fn host(&self, host: &Host, address: Option<IpAddr>, packet: &Packet) -> Truth {
        let truth = match &host.addr {
            Addr::Any => Truth::Yes,
            Addr::Net { ip, prefix } => within(*ip, *prefix, address, packet.family),
            Addr::Table(name) => match self.tables.get(name) {
                Some(table) => in_table(table, address, packet),
                None => Truth::Maybe,
            },
            Addr::Dynamic { name, modifiers, prefix } => match self.machine.addresses(name) {
                Some(known) => of_interface(known, *modifiers, *prefix, address, packet.family),
                None => Truth::Maybe,
            },
            Addr::Unresolved { .. } | Addr::NoRoute | Addr::UrpfFailed | Addr::RouteLabel(_) => {
                Truth::Maybe
            }
        };
        truth.negate_if(host.not)
    }
}

fn of_interface(
    known: &[(IpAddr, u8)],
    modifiers: Modifiers,
    prefix: u8,
    address: Option<IpAddr>,
    family: Family,
) -> Truth {
    if modifiers.broadcast || modifiers.peer || modifiers.no_alias {
        return Truth::Maybe;
    }
    let width = |bits: u8| if modifiers.network { bits.min(prefix) } else { prefix };
    known
        .iter()
        .map(|(ip, bits)| within(*ip, width(*bits), address, family))
        .max()
        .unwrap_or(Truth::No)
}

/// The longest prefix decides. A table that files or rules fill, or whose content is not written here, may
/// hold anything.
fn in_table(table: &Table, address: Option<IpAddr>, packet: &Packet) -> Truth {
    let empty_for_good = table.constant && table.entries.is_empty();
    if table.overloaded || !(table.filled || empty_for_good) {
        return Truth::Maybe;
    }
    let mut best: Option<(u8, Truth)> = None;
    let mut unsure = false;
    for entry in &table.entries {
        let Entry::Host(Host { addr: Addr::Net { ip, prefix }, not, .. }) = entry else {
            return Truth::Maybe;
        };
        match within(*ip, *prefix, address, packet.family) {
            Truth::Yes if best.is_none_or(|(longest, _)| *prefix >= longest) => {
                best = Some((*prefix, Truth::of(!not)));
            }
            Truth::Maybe => unsure = true,
            Truth::Yes | Truth::No => {}
        }
    }
    if unsure { Truth::Maybe } else { best.map_or(Truth::No, |(_, truth)| truth) }
}

fn within(ip: IpAddr, prefix: u8, address: Option<IpAddr>, family: Family) -> Truth {
    if Family::of(ip) != family {
        return Truth::No;
    }
    match address {
        _ if prefix == 0 => Truth::Yes,
        Some(address) => Truth::of(masked(address, prefix) == masked(ip, prefix)),
        None => Truth::Maybe,
    }
}

fn source_port(src: &Endpoint, packet: &Packet) -> Truth {
    match (src.ports, packet.source_port) {
        (None, _) => Truth::Yes,
        (Some(ports), Some(port)) => Truth::of(ports.contains(port)),
        (Some(_), None) => Truth::Maybe,
    }
}

/// A connection opens with SYN alone among the flags.
fn flags(rule: &Rule, packet: &Packet) -> Truth {
    let (set, mask) = rule.flags;
    let syn = names::flags_of("S").unwrap_or_default();
    Truth::of(packet.proto != Proto::Tcp || mask == 0 || syn & mask == set)
}

/// Conditions that nothing in the text and in the packet settles.
fn outside(rule: &Rule) -> Truth {
    let open = rule.user.is_some()
        || rule.group.is_some()
        || rule.os.is_some()
        || rule.icmp.is_some()
        || rule.tagged.is_some()
        || rule.tos != 0
        || rule.probability != 0;
    if open { Truth::Maybe } else { Truth::Yes }
}
