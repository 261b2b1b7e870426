//! `pass` and `block`: action, log and quick, routing, filter options, and the checks pfctl makes before it
//! expands a rule.

use super::super::expand::Draft;
use super::super::names;
use super::super::rule::{
    Accounts, Action, Direction, Family, Icmp, Keep, Log, PoolKind, Refusal, Rule, StateOptions,
};
use super::nat::PoolOptions;
use super::{Parse, Parser, Stage, Text};

/// "unreachable, port" of ICMP and ICMPv6, what a block rule returns when it names no code.
const PORT_UNREACHABLE: Refusal = Refusal::Icmp { v4: 3, v6: 4 };
/// PF_TAG_NAME_SIZE, PF_RULE_LABEL_SIZE and PF_QNAME_SIZE of pfvar.h, with their NUL.
const NAME_SIZE: usize = 64;

/// `filter_opts`: what may stand behind the addresses, in any order.
#[derive(Clone, Debug, Default)]
pub(super) struct FilterOptions {
    users: Vec<Accounts>,
    groups: Vec<Accounts>,
    flags: Option<(u8, u8)>,
    icmp: Option<Vec<Icmp>>,
    tos: Option<u8>,
    keep: Option<(Keep, StateOptions)>,
    fragment: bool,
    allow_opts: bool,
    label: Option<String>,
    queue: Option<(String, Option<String>)>,
    tag: Option<String>,
    pub(super) tagged: Option<(bool, String)>,
    pub(super) probability: u32,
    pub(super) rtable: Option<u32>,
}

impl Parser<'_> {
    pub(super) fn filter_rule(&mut self) -> Parse<Vec<Rule>> {
        let start = self.take();
        let mut rule = Rule { line: self.lexer.line(start.at), ..Rule::default() };
        if start.word == super::Word::Key("block") {
            rule.action = Action::Block;
            rule.refusal = self.refusal()?;
        }
        rule.direction = self.direction();
        (rule.log, rule.quick) = self.log_quick()?;
        let interfaces = self.interfaces()?;
        let (route, route_hosts, pool) = self.route()?;
        rule.family = self.family();
        let protos = self.protocols()?;
        let ends = self.ends()?;
        let options = self.filter_options()?;
        self.enter(Stage::Filtering, start.at)?;
        let protos_have_tcp = protos.is_empty() || protos.contains(&names::TCP);
        if options.flags.is_some_and(|(a, b)| a | b != 0) && !protos_have_tcp {
            return self.fail(start.at, "flags only apply to tcp");
        }
        if !ends.oses.is_empty() && !protos_have_tcp {
            return self.fail(start.at, "OS fingerprinting only applies to tcp");
        }
        let (users, groups, icmp) = self.apply_options(&mut rule, options);
        let mut draft = Draft { rule, interfaces, protos, ends, users, groups, icmp, at: start.at };
        draft.decide_family();
        draft.rule.route = route;
        if route.is_some() {
            if draft.rule.direction.is_none() {
                return self
                    .fail(start.at, "direction must be explicit with rules that specify routing");
            }
            self.route_pool(&mut draft.rule, route_hosts, &pool, start.at)?;
        }
        self.expand(&draft)
    }

    /// Puts the options into the rule, with pf's defaults: state on pass rules, S/SA on stateful ones.
    fn apply_options(
        &mut self,
        rule: &mut Rule,
        options: FilterOptions,
    ) -> (Vec<Accounts>, Vec<Accounts>, Vec<Icmp>) {
        let pass = rule.action == Action::Pass;
        let default_keep = if pass { Keep::Normal } else { Keep::No };
        (rule.keep, rule.state) = options.keep.unwrap_or((default_keep, StateOptions::default()));
        rule.flags = options.flags.unwrap_or_default();
        let stateful = pass && rule.keep != Keep::No;
        if stateful && options.flags.is_none() && !options.fragment {
            rule.flags = names::flags_of("S").zip(names::flags_of("SA")).unwrap_or_default();
        }
        if rule.keep != Keep::No && self.if_bound && !self.state_lock_given {
            rule.state.if_bound = true;
        }
        rule.tos = options.tos.unwrap_or_default();
        rule.fragment = options.fragment;
        rule.allow_opts = options.allow_opts;
        rule.label = options.label.unwrap_or_default();
        rule.queue = options.queue;
        rule.tag = options.tag.unwrap_or_default();
        rule.tagged = options.tagged;
        rule.probability = options.probability;
        rule.rtable = options.rtable;
        (options.users, options.groups, options.icmp.unwrap_or_default())
    }

    fn refusal(&mut self) -> Parse<Refusal> {
        if self.eat_key("drop") {
            return Ok(Refusal::Drop);
        }
        if self.eat_key("return") {
            return Ok(Refusal::Return);
        }
        if self.eat_key("return-rst") {
            if !self.eat_punct(b'(') {
                return Ok(Refusal::Rst { ttl: 0 });
            }
            self.expect(&super::Word::Key("ttl"))?;
            let ttl = self.number_up_to(255, "ttl")?;
            self.expect_punct(b')')?;
            return Ok(Refusal::Rst { ttl: u8::try_from(ttl).unwrap_or(u8::MAX) });
        }
        let v6_only = self.next_is_key("return-icmp6");
        if !v6_only && !self.next_is_key("return-icmp") {
            return Ok(self.policy);
        }
        self.take();
        if !self.eat_punct(b'(') {
            return Ok(PORT_UNREACHABLE);
        }
        let mut codes = (3, 4);
        let first = self.text()?;
        if v6_only {
            codes.1 = self.icmp_code(&first, 1, true)?;
        } else {
            codes.0 = self.icmp_code(&first, 3, false)?;
            if !self.eat_punct(b')') {
                self.eat_punct(b',');
                let second = self.text()?;
                codes.1 = self.icmp_code(&second, 1, true)?;
                self.expect_punct(b')')?;
            }
            return Ok(Refusal::Icmp { v4: codes.0, v6: codes.1 });
        }
        self.expect_punct(b')')?;
        Ok(Refusal::Icmp { v4: codes.0, v6: codes.1 })
    }

    pub(super) fn direction(&mut self) -> Option<Direction> {
        if self.eat_key("in") {
            Some(Direction::In)
        } else if self.eat_key("out") {
            Some(Direction::Out)
        } else {
            None
        }
    }

    pub(super) fn family(&mut self) -> Option<Family> {
        if self.eat_key("inet") {
            Some(Family::V4)
        } else if self.eat_key("inet6") {
            Some(Family::V6)
        } else {
            None
        }
    }

    /// `log` and `quick` in either order, each once.
    pub(super) fn log_quick(&mut self) -> Parse<(Log, bool)> {
        if self.eat_key("quick") {
            let log = if self.next_is_key("log") { self.log()? } else { Log::default() };
            return Ok((log, true));
        }
        if !self.next_is_key("log") {
            return Ok((Log::default(), false));
        }
        let log = self.log()?;
        Ok((log, self.eat_key("quick")))
    }

    pub(super) fn log(&mut self) -> Parse<Log> {
        self.take();
        let mut log = Log { on: true, ..Log::default() };
        if !self.eat_punct(b'(') {
            return Ok(log);
        }
        for option in self.rest_of_list(b')', Self::log_option)? {
            log.all |= option.all;
            log.user |= option.user;
            if option.interface != 0 {
                log.interface = option.interface;
            }
        }
        Ok(log)
    }

    fn log_option(&mut self) -> Parse<Log> {
        let mut log = Log::default();
        if self.eat_key("all") {
            log.all = true;
        } else if self.eat_key("user") || self.eat_key("group") {
            log.user = true;
        } else {
            self.expect(&super::Word::Key("to"))?;
            let Text { text, at } = self.texts()?;
            let Some(unit) = text.strip_prefix("pflog") else {
                return self.fail(at, format!("{text}: should be a pflog interface"));
            };
            log.interface = unit
                .parse()
                .or_else(|_| self.fail(at, format!("{text}: not a number from 0 to 255")))?;
        }
        Ok(log)
    }

    /// All the options up to the end of the rule.
    pub(super) fn filter_options(&mut self) -> Parse<FilterOptions> {
        let mut all = FilterOptions::default();
        self.state_lock_given = false;
        while self.filter_option(&mut all)? {}
        Ok(all)
    }

    fn filter_option(&mut self, all: &mut FilterOptions) -> Parse<bool> {
        let super::Word::Key(key) = self.peek().word else {
            return if self.eat_punct(b'!') { self.tagged(all, true) } else { Ok(false) };
        };
        match key {
            "tagged" => return self.tagged(all, false),
            "no" | "keep" | "modulate" | "synproxy" => {
                let keep = self.keep_state()?;
                self.once(&mut all.keep, keep, "modulate or keep")?;
                return Ok(true);
            }
            "user" | "group" | "flags" | "icmp-type" | "icmp6-type" | "tos" | "fragment"
            | "allow-opts" | "label" | "queue" | "tag" | "probability" | "rtable" => self.take(),
            _ => return Ok(false),
        };
        match key {
            "user" => {
                let users = self.users()?;
                all.users.splice(0..0, users);
            }
            "group" => {
                let groups = self.groups()?;
                all.groups.splice(0..0, groups);
            }
            "flags" => {
                let flags = self.flags()?;
                self.once(&mut all.flags, flags, "flags")?;
            }
            "icmp-type" | "icmp6-type" => {
                let types = self.icmp_types(key == "icmp6-type")?;
                self.once(&mut all.icmp, types, "icmp-type")?;
            }
            "tos" => {
                let tos = self.tos()?;
                self.once(&mut all.tos, tos, "tos")?;
            }
            "fragment" => all.fragment = true,
            "allow-opts" => all.allow_opts = true,
            "label" => {
                let label = self.label()?;
                self.once(&mut all.label, label, "label")?;
            }
            "queue" => {
                let queue = self.queue()?;
                self.once(&mut all.queue, queue, "queue")?;
            }
            "tag" => all.tag = Some(self.tag_name()?),
            "probability" => all.probability = self.probability()?,
            _ => all.rtable = Some(self.rtable()?),
        }
        Ok(true)
    }

    fn once<T>(&self, slot: &mut Option<T>, value: T, what: &str) -> Parse<()> {
        if slot.is_some() {
            return self.fail(self.at, format!("{what} cannot be redefined"));
        }
        *slot = Some(value);
        Ok(())
    }

    fn tagged(&mut self, all: &mut FilterOptions, not: bool) -> Parse<bool> {
        self.expect(&super::Word::Key("tagged"))?;
        all.tagged = Some((not, self.tag_name()?));
        Ok(true)
    }

    /// The words of a `tag` or `tagged`.
    pub(super) fn tag_name(&mut self) -> Parse<String> {
        let name = self.texts()?;
        self.bounded(name, "tag")
    }

    fn bounded(&self, name: Text, what: &str) -> Parse<String> {
        if name.text.len() >= NAME_SIZE {
            return self.fail(name.at, format!("{what} too long (max {} chars)", NAME_SIZE - 1));
        }
        Ok(name.text)
    }

    pub(super) fn label(&mut self) -> Parse<String> {
        let label = self.text()?;
        self.bounded(label, "rule label")
    }

    pub(super) fn rtable(&mut self) -> Parse<u32> {
        // RT_TABLEID_MAX of OpenBSD's net/route.h.
        let id = self.number()?;
        if id > 255 {
            return self.fail(self.at, "invalid rtable id");
        }
        Ok(id)
    }

    fn queue(&mut self) -> Parse<(String, Option<String>)> {
        if !self.eat_punct(b'(') {
            let name = self.text()?;
            return Ok((self.bounded(name, "rule qname")?, None));
        }
        let name = self.text()?;
        let name = self.bounded(name, "rule qname")?;
        if self.eat_punct(b')') {
            return Ok((name, None));
        }
        self.eat_punct(b',');
        let second = self.text()?;
        let second = self.bounded(second, "rule pqname")?;
        self.expect_punct(b')')?;
        Ok((name, Some(second)))
    }

    fn tos(&mut self) -> Parse<u8> {
        let word = self.text()?;
        let value = match word.text.as_str() {
            // IPTOS_LOWDELAY, IPTOS_THROUGHPUT and IPTOS_RELIABILITY of netinet/ip.h.
            "lowdelay" => Some(0x10),
            "throughput" => Some(0x08),
            "reliability" => Some(0x04),
            other => leading_number(other),
        };
        match value.and_then(|v| u8::try_from(v).ok()).filter(|v| *v != 0) {
            Some(tos) => Ok(tos),
            None => self.fail(word.at, format!("illegal tos value {}", word.text)),
        }
    }

    /// A share of packets, in units of 2^-32.
    fn probability(&mut self) -> Parse<u32> {
        let word = self.text()?;
        let (digits, factor) = match word.text.strip_suffix('%') {
            Some(digits) => (digits, 0.01),
            None => (word.text.as_str(), 1.0),
        };
        let units = 4_294_967_296.0;
        let share = digits.parse::<f64>().unwrap_or(f64::NAN) * factor * units + 0.5;
        let share = share.floor();
        // Every whole f64 in this range is a whole u32; parsing its digits converts it without a cast.
        match (1.0..units).contains(&share).then(|| format!("{share:.0}").parse()) {
            Some(Ok(probability)) => Ok(probability),
            _ => self.fail(word.at, format!("invalid probability: {}", word.text)),
        }
    }

    pub(super) fn pool_kind_default(pool: &PoolOptions, several: bool) -> PoolKind {
        match &pool.kind {
            None if several => PoolKind::RoundRobin,
            None => PoolKind::Single,
            Some(kind) => kind.clone(),
        }
    }
}

/// strtoul on what `tos` accepts: hexadecimal after `0x`, else leading decimal digits.
fn leading_number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(hex) => (hex, 16),
        None => (text, 10),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    u64::from_str_radix(digits.get(..end)?, radix).ok()
}
