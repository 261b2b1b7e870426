//! Lists to rules: every combination of a rule's lists becomes one rule, in pfctl's order.
//!
//! Combinations whose address families differ are dropped silently; a rule of which nothing is left, or one that
//! breaks a law of pf, is refused. A product of lists is counted before it is built, so that a short text cannot
//! ask for more than `RULES_MAX` rules. Absent on purpose: reading text.

use super::names;
use super::parse::FromTo;
use super::print;
use super::rule::{
    Accounts, Action, Addr, Endpoint, Family, Host, Icmp, Interface, Keep, Op, Ports, Refusal, Rule,
};

/// More than any house needs, and little enough to hold in memory: pf itself gives out at far fewer.
pub(super) const RULES_MAX: usize = 20_000;
/// PF_RULE_LABEL_SIZE and PF_TAG_NAME_SIZE, with their NUL.
const LABEL_SIZE: usize = 64;

/// One rule as written: its scalar parts, and the lists to multiply.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) rule: Rule,
    pub(super) interfaces: Vec<Interface>,
    pub(super) protos: Vec<u8>,
    pub(super) ends: FromTo,
    pub(super) users: Vec<Accounts>,
    pub(super) groups: Vec<Accounts>,
    pub(super) icmp: Vec<Icmp>,
    /// Byte offset of the rule, for remarks.
    pub(super) at: usize,
}

impl Draft {
    /// The family that all source or all destination hosts share, when the rule names none.
    pub(super) fn decide_family(&mut self) {
        for hosts in [&self.ends.src.hosts, &self.ends.dst.hosts] {
            if self.rule.family.is_none() {
                let first = hosts.first().and_then(Host::family);
                self.rule.family = first.filter(|_| hosts.iter().all(|h| h.family() == first));
            }
        }
    }
}

/// Counts rules: all of them against the bound, and per anchor for `$nr`.
#[derive(Clone, Debug, Default)]
pub(super) struct Expander {
    total: usize,
    number: usize,
}

impl Expander {
    /// Enters an inline anchor; give the result to `close`.
    pub(super) fn open(&mut self) -> usize {
        std::mem::take(&mut self.number)
    }

    pub(super) fn close(&mut self, outer: usize) {
        self.number = outer;
    }
}

/// Element `index` of a list, where an empty list stands for one absent element.
fn pick<T: Clone>(list: &[T], index: usize) -> Option<T> {
    list.get(index).cloned()
}

/// Sizes of the ten lists, outermost first, as pfctl nests its loops.
fn sizes(draft: &Draft) -> [usize; 10] {
    let ends = &draft.ends;
    [
        draft.interfaces.len(),
        draft.protos.len(),
        draft.icmp.len(),
        ends.src.hosts.len(),
        ends.src.ports.len(),
        ends.oses.len(),
        ends.dst.hosts.len(),
        ends.dst.ports.len(),
        draft.users.len(),
        draft.groups.len(),
    ]
    .map(|size| size.max(1))
}

impl Expander {
    /// All the rules of a draft, or why there are none.
    pub(super) fn expand(&mut self, draft: &Draft) -> Result<Vec<Rule>, String> {
        let sizes = sizes(draft);
        let product = sizes.iter().fold(1usize, |all, size| all.saturating_mul(*size));
        if self.total.saturating_add(product) > RULES_MAX {
            return Err(format!("the lists expand to more than {RULES_MAX} rules"));
        }
        self.total += product;
        let mut rules = Vec::with_capacity(product);
        for combination in 0..product {
            let mut rest = combination;
            let mut index = [0usize; 10];
            for (slot, size) in index.iter_mut().zip(sizes).rev() {
                *slot = rest % size;
                rest /= size;
            }
            let Some(mut rule) = combine(draft, index) else { continue };
            complete(&mut rule, self.number)?;
            if let Some(call) = &mut rule.call {
                call.first = rules.is_empty();
            }
            self.number += 1;
            rules.push(rule);
        }
        if rules.is_empty() {
            return Err(
                "rule expands to no valid combination: its address families exclude each other"
                    .to_owned(),
            );
        }
        Ok(rules)
    }
}

/// One combination; `None` when its address families or scopes exclude each other.
fn combine(draft: &Draft, index: [usize; 10]) -> Option<Rule> {
    let [interface, proto, icmp, src, sport, os, dst, dport, user, group] = index;
    let mut rule = draft.rule.clone();
    let ends = &draft.ends;
    let src = pick(&ends.src.hosts, src).unwrap_or_default();
    let dst = pick(&ends.dst.hosts, dst).unwrap_or_default();
    let families = [rule.family, src.family(), dst.family()];
    let mut known = families.into_iter().flatten();
    rule.family = known.next();
    if known.any(|family| Some(family) != rule.family) {
        return None;
    }
    rule.on = pick(&draft.interfaces, interface);
    let name = rule.on.as_ref().map(|on| on.name.clone());
    let mut given = [name, src.scope.clone(), dst.scope.clone()].into_iter().flatten();
    let scope = given.next();
    if given.any(|other| Some(other) != scope) {
        return None;
    }
    if rule.on.is_none() {
        rule.on = scope.map(|name| Interface { name, not: false });
    }
    rule.proto = pick(&draft.protos, proto);
    rule.icmp = pick(&draft.icmp, icmp);
    rule.src = Endpoint { host: src, ports: pick(&ends.src.ports, sport) };
    rule.dst = Endpoint { host: dst, ports: pick(&ends.dst.ports, dport) };
    rule.os = pick(&ends.oses, os);
    rule.user = pick(&draft.users, user);
    rule.group = pick(&draft.groups, group);
    Some(rule)
}

/// What a combination still needs: masks that fit, flags that apply, labels filled in, the laws of pf.
fn complete(rule: &mut Rule, number: usize) -> Result<(), String> {
    for end in [&mut rule.src, &mut rule.dst] {
        fit_prefix(&mut end.host.addr, rule.family)
            .map_err(|bits| format!("netmask {bits} invalid for IPv4 address"))?;
    }
    let tcp_possible = rule.proto.is_none_or(|proto| proto == names::TCP);
    if !tcp_possible {
        rule.flags = (0, 0);
        if matches!(rule.keep, Keep::Modulate | Keep::Synproxy) {
            rule.keep = Keep::Normal;
        }
    }
    if let Some(icmp) = rule.icmp {
        let wanted = if icmp.v6 { names::ICMP6 } else { names::ICMP };
        if rule.proto != Some(wanted) {
            return Err("icmp-type mismatch: it needs `proto icmp` or `proto icmp6`".to_owned());
        }
    }
    for template in [rule.label.clone(), rule.tag.clone()] {
        if fill(&template, rule, number).len() >= LABEL_SIZE {
            return Err("label or tag too long once its macros are filled in".to_owned());
        }
    }
    rule.label = fill(&rule.label, rule, number);
    rule.tag = fill(&rule.tag, rule, number);
    if let Some((not, name)) = rule.tagged.take() {
        rule.tagged = Some((not, fill(&name, rule, number)));
    }
    match rule.action {
        Action::Pass | Action::Block | Action::Scrub | Action::NoScrub => filter_laws(rule),
        Action::Rdr | Action::NoRdr => rdr_laws(rule),
        Action::Nat | Action::NoNat | Action::Binat | Action::NoBinat | Action::Dummynet => Ok(()),
    }
}

/// A dynamic address takes the width of the family; any other may not be wider. `Err` has the prefix.
pub(super) fn fit_prefix(addr: &mut Addr, family: Option<Family>) -> Result<(), u8> {
    match addr {
        Addr::Dynamic { prefix, .. } if family == Some(Family::V4) => *prefix = (*prefix).min(32),
        Addr::Net { ip, prefix } if ip.is_ipv4() && *prefix > 32 => return Err(*prefix),
        _ => {}
    }
    Ok(())
}

fn filter_laws(rule: &Rule) -> Result<(), String> {
    let proto = rule.proto;
    let transport = matches!(proto, Some(names::TCP | names::UDP));
    let ports = rule.src.ports.is_some() || rule.dst.ports.is_some();
    let mismatch = matches!(
        (proto, rule.family),
        (Some(names::ICMP), Some(Family::V6)) | (Some(names::ICMP6), Some(Family::V4))
    );
    let pass = rule.action == Action::Pass;
    let limited = rule.state.max_src_conn != 0 || rule.state.max_src_conn_rate.is_some();
    let laws = [
        (ports && !transport, "port only applies to tcp/udp"),
        (
            rule.icmp.is_some() && rule.family.is_none(),
            "must indicate address family with icmp-type/code",
        ),
        (
            rule.state.overload.is_some() && !limited,
            "'overload' requires 'max-src-conn' or 'max-src-conn-rate'",
        ),
        (mismatch, "the icmp protocol doesn't match the address family"),
        (rule.allow_opts && !pass, "allow-opts can only be specified for pass rules"),
        (
            rule.fragment && (ports || rule.flags.1 != 0 || rule.icmp.is_some()),
            "fragments can be filtered only on IP header fields",
        ),
        (
            matches!(rule.refusal, Refusal::Rst { .. }) && proto != Some(names::TCP),
            "return-rst can only be applied to TCP rules",
        ),
        (
            rule.state.max_src_nodes != 0 && !rule.state.source_track_rule,
            "max-src-nodes requires 'source-track rule'",
        ),
        (
            rule.action == Action::Block && rule.keep != Keep::No,
            "keep state on block rules doesn't make sense",
        ),
        (
            rule.state.sloppy && matches!(rule.keep, Keep::Modulate | Keep::Synproxy),
            "sloppy state matching cannot be used with synproxy state or modulate state",
        ),
    ];
    first_broken(&laws)
}

fn rdr_laws(rule: &Rule) -> Result<(), String> {
    let transport = matches!(rule.proto, Some(names::TCP | names::UDP));
    let laws = [
        (!transport && rule.src.ports.is_some(), "src port only applies to tcp/udp"),
        (!transport && rule.dst.ports.is_some(), "dst port only applies to tcp/udp"),
        (!transport && rule.pool.ports.0 != 0, "rpool port only applies to tcp/udp"),
        (
            rule.dst.ports.is_some_and(|ports| !matches!(ports.op, Op::Eq | Op::Range)),
            "invalid port operator for rdr destination port",
        ),
    ];
    first_broken(&laws)
}

fn first_broken(laws: &[(bool, &str)]) -> Result<(), String> {
    match laws.iter().find(|(broken, _)| *broken) {
        Some((_, law)) => Err((*law).to_owned()),
        None => Ok(()),
    }
}

/// Fills `$if`, `$srcaddr`, `$dstaddr`, `$srcport`, `$dstport`, `$proto` and `$nr` into a label or tag.
fn fill(template: &str, rule: &Rule, number: usize) -> String {
    if !template.contains('$') {
        return template.to_owned();
    }
    let host = |host: &Host| {
        let not = if host.not { "! " } else { "" };
        let shown = match &host.addr {
            Addr::Dynamic { name, .. } => format!("({name})"),
            _ if rule.family.is_none() && matches!(host.addr, Addr::Any) => "any".to_owned(),
            addr => print::addr(addr, rule.family),
        };
        format!("{not}{shown}")
    };
    let port = |ports: Option<Ports>| ports.map_or_else(String::new, label_ports);
    let on = rule.on.as_ref().map_or("any", |on| on.name.as_str());
    let proto = rule.proto.unwrap_or(0);
    let proto = names::protocol_name(proto).map_or_else(|| proto.to_string(), str::to_owned);
    template
        .replace("$if", on)
        .replace("$srcaddr", &host(&rule.src.host))
        .replace("$dstaddr", &host(&rule.dst.host))
        .replace("$srcport", &port(rule.src.ports))
        .replace("$dstport", &port(rule.dst.ports))
        .replace("$proto", &proto)
        .replace("$nr", &number.to_string())
}

/// A range `a:b` leaves nothing in a label: pfctl forgot that operator.
fn label_ports(ports: Ports) -> String {
    let Ports { op, a, b } = ports;
    match op {
        Op::Eq => format!("{a}"),
        Op::Ne => format!("!={a}"),
        Op::Lt => format!("<{a}"),
        Op::Le => format!("<={a}"),
        Op::Gt => format!(">{a}"),
        Op::Ge => format!(">={a}"),
        Op::Inside => format!("{a}><{b}"),
        Op::Outside => format!("{a}<>{b}"),
        Op::Range => String::new(),
    }
}
