//! Anchors of every kind, with rules in braces or without; `antispoof` and `scrub`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::expand::Draft;
use super::super::lex::Word;
use super::super::rule::{
    Action, Addr, Call, Direction, Fragments, Host, Interface, Modifiers, Rule, ScrubOptions,
};
use super::host::{FromTo, Peer};
use super::{Parse, Parser, Stage, Text};

/// PF_ANCHOR_NAME_SIZE and MAXPATHLEN, with their NUL.
const COMPONENT_SIZE: usize = 64;
const PATH_SIZE: usize = 1024;

/// One interface of an `antispoof`; dynamic when in brackets.
struct Spoofed {
    name: String,
    dynamic: bool,
}

impl Parser<'_> {
    pub(super) fn anchor_rule(&mut self) -> Parse<Vec<Rule>> {
        let at = self.take().at;
        let name = if self.next_is_text() { Some(self.text()?) } else { None };
        let mut rule = Rule { line: self.lexer.line(at), ..Rule::default() };
        rule.direction = self.direction();
        rule.quick = self.eat_key("quick");
        let interfaces = self.interfaces()?;
        rule.family = self.family();
        let protos = self.protocols()?;
        let ends = self.ends()?;
        let options = self.filter_options()?;
        rule.probability = options.probability;
        rule.rtable = options.rtable;
        rule.tagged = options.tagged;
        let body = if self.eat_punct(b'{') { Some(self.anchor_body()?) } else { None };
        self.enter(Stage::Filtering, at)?;
        rule.call = Some(self.call(name, body, at)?);
        let mut draft = Draft { rule, interfaces, protos, ends, at, ..Draft::default() };
        draft.decide_family();
        self.expand(&draft)
    }

    fn call(&mut self, name: Option<Text>, body: Option<Vec<Rule>>, at: usize) -> Parse<Call> {
        let Some(name) = name else {
            let Some(body) = body else {
                return self.fail(at, "anchors without explicit rules must specify a name");
            };
            return Ok(Call { name: String::new(), body: Some(Arc::new(body)), first: true });
        };
        if name.text.starts_with('_') || name.text.contains("/_") {
            return self
                .fail(name.at, "anchor names beginning with '_' are reserved for internal use");
        }
        self.anchor_name(&name)?;
        if body.is_some()
            && let Some(taken) = self.inline_names.last_mut()
            && !taken.insert(name.text.clone())
        {
            return self.fail(name.at, format!("inline anchor '{}' already exists", name.text));
        }
        Ok(Call { name: name.text, body: body.map(Arc::new), first: true })
    }

    fn anchor_name(&self, name: &Text) -> Parse<()> {
        if name.text.is_empty() {
            return self.fail(name.at, "an anchor needs a name");
        }
        let last = name.text.rfind('/').map_or(0, |slash| slash);
        let component = name.text.len() - last;
        if component >= COMPONENT_SIZE || name.text.len() >= PATH_SIZE {
            return self.fail(name.at, "anchor name too long");
        }
        Ok(())
    }

    /// The rules in braces: a newline, at least one rule, newlines between as wanted.
    fn anchor_body(&mut self) -> Parse<Vec<Rule>> {
        let outer = self.expander.open();
        self.inline_names.push(BTreeSet::new());
        let body = self.nested(|parser| {
            parser.expect(&Word::Newline)?;
            let mut rules = Vec::new();
            loop {
                match parser.peek().word {
                    Word::Key("pass" | "block") => rules.extend(parser.filter_rule()?),
                    Word::Key("anchor") => rules.extend(parser.anchor_rule()?),
                    _ => {
                        let token = parser.take();
                        return Err(parser.unexpected(&token.word, token.at).with_hint(
                            "braces hold pass, block and anchor rules; the first one on the next line",
                        ));
                    }
                }
                while parser.eat(&Word::Newline) {}
                if parser.eat_punct(b'}') {
                    return Ok(rules);
                }
            }
        })?;
        self.inline_names.pop();
        self.expander.close(outer);
        Ok(body)
    }

    pub(super) fn other_anchor(&mut self) -> Parse<()> {
        let token = self.take();
        let (action, stage) = match token.word {
            Word::Key("nat-anchor") => (Action::Nat, Stage::Translation),
            Word::Key("rdr-anchor") => (Action::Rdr, Stage::Translation),
            Word::Key("binat-anchor") => (Action::Binat, Stage::Translation),
            Word::Key("dummynet-anchor") => (Action::Dummynet, Stage::Translation),
            _ => (Action::Scrub, Stage::Normalization),
        };
        let at = token.at;
        let name = self.texts()?;
        let interfaces = self.interfaces()?;
        let mut rule = Rule { action, line: self.lexer.line(at), ..Rule::default() };
        rule.family = self.family();
        let protos = self.protocols()?;
        let ends = self.ends()?;
        if self.eat_key("rtable") {
            rule.rtable = Some(self.rtable()?);
        }
        self.enter(stage, at)?;
        self.anchor_name(&name)?;
        rule.call = Some(Call { name: name.text, body: None, first: true });
        if action == Action::Rdr {
            self.exact_port(&ends, at)?;
        }
        if action == Action::Binat {
            let peers = [&ends.src, &ends.dst];
            if protos.len() > 1 {
                return self.fail(at, "proto list expansion not supported in binat-anchor");
            }
            if peers.iter().any(|peer| !peer.hosts.is_empty() || !peer.ports.is_empty()) {
                return self.fail(at, "fromto parameter not supported in binat-anchor");
            }
            rule.proto = protos.first().copied();
            self.keep(vec![rule]);
            return Ok(());
        }
        let mut draft = Draft { rule, interfaces, protos, ends, at, ..Draft::default() };
        draft.decide_family();
        let rules = self.expand(&draft)?;
        self.keep(rules);
        Ok(())
    }

    pub(super) fn scrub(&mut self, not: bool, at: usize) -> Parse<()> {
        let mut rule = Rule { line: self.lexer.line(at), ..Rule::default() };
        rule.action = if not { Action::NoScrub } else { Action::Scrub };
        rule.direction = self.direction();
        (rule.log, rule.quick) = self.log_quick()?;
        let interfaces = self.interfaces()?;
        rule.family = self.family();
        let protos = self.protocols()?;
        let ends = self.ends()?;
        self.scrub_options(&mut rule)?;
        self.enter(Stage::Normalization, at)?;
        if rule.quick {
            return self.fail(at, "scrub rules do not support 'quick'");
        }
        if rule.scrub.reassemble_tcp && rule.direction.is_some() {
            return self.fail(at, "reassemble tcp rules can not specify direction");
        }
        let draft = Draft { rule, interfaces, protos, ends, at, ..Draft::default() };
        let rules = self.expand(&draft)?;
        self.keep(rules);
        Ok(())
    }

    fn scrub_options(&mut self, rule: &mut Rule) -> Parse<()> {
        let mut seen = BTreeSet::new();
        loop {
            let Word::Key(key) = self.peek().word else { return Ok(()) };
            let known = ["no-df", "min-ttl", "max-mss", "fragment", "reassemble", "random-id"];
            if !known.contains(&key) && key != "rtable" {
                return Ok(());
            }
            let at = self.take().at;
            self.scrub_option(key, rule)?;
            if key != "rtable" && !seen.insert(key) {
                return self.fail(at, format!("{key} cannot be respecified"));
            }
        }
    }

    fn scrub_option(&mut self, key: &str, rule: &mut Rule) -> Parse<()> {
        let scrub: &mut ScrubOptions = &mut rule.scrub;
        match key {
            "no-df" => scrub.no_df = true,
            "random-id" => scrub.random_id = true,
            "min-ttl" => scrub.min_ttl = self.number_up_to(255, key)?,
            "max-mss" => scrub.max_mss = self.number_up_to(65535, key)?,
            "fragment" => {
                scrub.fragments = if self.eat_key("crop") {
                    Fragments::Crop
                } else if self.eat_key("drop-ovl") {
                    Fragments::DropOverlap
                } else {
                    self.expect(&Word::Key("reassemble"))?;
                    Fragments::Reassemble
                };
            }
            "reassemble" => {
                let word = self.text()?;
                if !word.text.eq_ignore_ascii_case("tcp") {
                    let message =
                        format!("scrub reassemble supports only tcp, not '{}'", word.text);
                    return self.fail(word.at, message);
                }
                scrub.reassemble_tcp = true;
            }
            _ => rule.rtable = Some(self.rtable()?),
        }
        Ok(())
    }

    pub(super) fn antispoof(&mut self) -> Parse<()> {
        let at = self.take().at;
        let mut rule = Rule {
            action: Action::Block,
            direction: Some(Direction::In),
            line: self.lexer.line(at),
            ..Rule::default()
        };
        (rule.log, rule.quick) = self.log_quick()?;
        self.expect(&Word::Key("for"))?;
        let interfaces = self.one_or_list(Self::spoofed)?;
        rule.family = self.family();
        let mut labelled = false;
        loop {
            if self.eat_key("label") {
                rule.label = self.label()?;
                if std::mem::replace(&mut labelled, true) {
                    return self.fail(self.at, "label cannot be redefined");
                }
            } else if self.eat_key("rtable") {
                rule.rtable = Some(self.rtable()?);
            } else {
                break;
            }
        }
        self.enter(Stage::Filtering, at)?;
        for interface in interfaces {
            self.antispoof_one(&rule, &interface, at)?;
        }
        Ok(())
    }

    fn spoofed(&mut self) -> Parse<Spoofed> {
        if !self.eat_punct(b'(') {
            return Ok(Spoofed { name: self.interface_name()?, dynamic: false });
        }
        let name = self.interface_name()?;
        self.expect_punct(b')')?;
        Ok(Spoofed { name, dynamic: true })
    }

    /// Two rules: nothing from the interface's network by another way, nothing from its own address at all.
    fn antispoof_one(&mut self, rule: &Rule, interface: &Spoofed, at: usize) -> Parse<()> {
        let name = interface.name.clone();
        let hosts = |parser: &Self, network: bool| {
            let modifiers = Modifiers { network, ..Modifiers::default() };
            if interface.dynamic {
                let name = name.clone();
                return Some(vec![Host::new(Addr::Dynamic { name, modifiers, prefix: 128 })]);
            }
            parser.machine.lookup(&name, modifiers, None)
        };
        let others = vec![Interface { name: name.clone(), not: true }];
        // Only a loopback interface is spared the second rule; pfctl asks its flags, drivers name it lo.
        let loopback = name.starts_with("lo");
        let pairs = [(others, hosts(self, true)), (Vec::new(), hosts(self, false))];
        for (index, (interfaces, hosts)) in pairs.into_iter().enumerate() {
            let second = index == 1;
            let Some(hosts) = hosts.filter(|_| !(second && loopback)) else {
                if !second {
                    self.warn(at, format!("antispoof for `{name}` makes no rule: no addresses"));
                }
                continue;
            };
            let ends = FromTo { src: Peer { hosts, ports: Vec::new() }, ..FromTo::default() };
            let mut rule = rule.clone();
            if second {
                rule.log.interface = 0;
            }
            let draft = Draft { rule, interfaces, ends, at, ..Draft::default() };
            let rules = self.expand(&draft)?;
            self.keep(rules);
        }
        Ok(())
    }
}
