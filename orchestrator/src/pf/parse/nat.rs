//! Translation: `nat`, `rdr`, `binat` and their pools, and the pools of `route-to`.

use super::super::expand::Draft;
use super::super::lex::Word;
use super::super::rule::{
    Action, Addr, Endpoint, Family, Host, Log, Op, PoolHost, PoolKind, RouteKind, Rule,
};
use super::host::{FromTo, Peer};
use super::items::IFNAME_SIZE;
use super::{Parse, Parser, Stage};

/// PF_NAT_PROXY_PORT_LOW and _HIGH: the ports a nat rule uses when it names none.
pub(in super::super) const NAT_PORTS: (u16, u16) = (50001, 65535);

#[derive(Clone, Debug, Default)]
pub(super) struct PoolOptions {
    pub(super) kind: Option<PoolKind>,
    sticky: bool,
    static_port: bool,
}

/// `-> address port`: the ports as written, `:*` as `None` for the second.
struct Redirect {
    hosts: Vec<Host>,
    port: u16,
    port_end: Option<u16>,
}

/// Route pools keep the interface beside each address.
pub(super) type RouteHosts = Vec<(Host, String)>;

impl Parser<'_> {
    pub(super) fn translation_or_scrub(&mut self) -> Parse<()> {
        let at = self.peek().at;
        let not = self.eat_key("no");
        let token = self.take();
        let action = match token.word {
            Word::Key("scrub") => return self.scrub(not, at),
            Word::Key("nat") if not => Action::NoNat,
            Word::Key("nat") => Action::Nat,
            Word::Key("rdr") if not => Action::NoRdr,
            Word::Key("rdr") => Action::Rdr,
            Word::Key("binat") if not => Action::NoBinat,
            Word::Key("binat") => Action::Binat,
            word => return Err(self.unexpected(&word, token.at)),
        };
        let mut rule = Rule { action, line: self.lexer.line(at), ..Rule::default() };
        if self.eat_key("pass") {
            rule.translate_pass = true;
            rule.log = if self.next_is_key("log") { self.log()? } else { Log::default() };
        }
        if not && rule.translate_pass {
            return self.fail(at, "\"pass\" not valid with \"no\"");
        }
        if matches!(action, Action::Binat | Action::NoBinat) {
            self.binat(rule, at)
        } else {
            self.nat_or_rdr(rule, at)
        }
    }

    fn nat_or_rdr(&mut self, mut rule: Rule, at: usize) -> Parse<()> {
        let interfaces = self.interfaces()?;
        rule.family = self.family();
        let protos = self.protocols()?;
        let ends = self.ends()?;
        self.translation_options(&mut rule)?;
        let redirect = self.redirect(true)?;
        let options = self.pool_options()?;
        self.enter(Stage::Translation, at)?;
        if rule.family.is_none() {
            let first = |peer: &Peer| peer.hosts.first().and_then(Host::family);
            rule.family = first(&ends.src).or_else(|| first(&ends.dst));
        }
        match redirect {
            None if matches!(rule.action, Action::NoNat | Action::NoRdr) => {}
            None => return self.fail(at, "translation rule requires '-> address'"),
            Some(_) if matches!(rule.action, Action::NoNat | Action::NoRdr) => {
                return self.fail(at, "translation rule with 'no' does not need '->'");
            }
            Some(to) => {
                rule.pool.ports = pool_ports(&rule, &to, &ends);
                self.pool(&mut rule, to, &options, at)?;
            }
        }
        if options.static_port {
            if rule.action != Action::Nat {
                return self.fail(at, "the 'static-port' option is only valid with nat rules");
            }
            if rule.pool.ports.0 != NAT_PORTS.0 && rule.pool.ports.1 != NAT_PORTS.1 {
                return self.fail(
                    at,
                    "the 'static-port' option can't be used when specifying a port range",
                );
            }
            rule.pool.ports = (0, 0);
        }
        let draft = Draft { rule, interfaces, protos, ends, at, ..Draft::default() };
        let rules = self.expand(&draft)?;
        self.keep(rules);
        Ok(())
    }

    fn translation_options(&mut self, rule: &mut Rule) -> Parse<()> {
        if self.eat_key("tag") {
            let name = self.text()?;
            if name.text.len() >= 64 {
                return self.fail(name.at, "tag too long, max 63 chars");
            }
            rule.tag = name.text;
        }
        let not = self.eat_punct(b'!');
        if not || self.next_is_key("tagged") {
            self.expect(&Word::Key("tagged"))?;
            rule.tagged = Some((not, self.tag_name()?));
        }
        if self.eat_key("rtable") {
            rule.rtable = Some(self.rtable()?);
        }
        Ok(())
    }

    fn redirect(&mut self, list: bool) -> Parse<Option<Redirect>> {
        if !self.eat(&Word::Arrow) {
            return Ok(None);
        }
        let hosts = if list && self.eat_punct(b'{') {
            self.rest_of_list(b'}', Self::host)?.into_iter().flatten().collect()
        } else {
            self.host()?
        };
        let mut to = Redirect { hosts, port: 0, port_end: Some(0) };
        if self.eat_key("port") {
            let word = self.text()?;
            match word.text.split_once(':') {
                None => to.port = self.service(&word.text, word.at)?,
                Some((low, "*")) => {
                    to.port = self.service(low, word.at)?;
                    to.port_end = None;
                }
                Some((low, high)) => {
                    to.port = self.service(low, word.at)?;
                    let end = self.service(high, word.at)?;
                    to.port_end = Some(if end == to.port { 0 } else { end });
                }
            }
        }
        Ok(Some(to))
    }

    fn pool(
        &mut self,
        rule: &mut Rule,
        mut to: Redirect,
        options: &PoolOptions,
        at: usize,
    ) -> Parse<()> {
        rule.family = rule.family.or_else(|| to.hosts.first().and_then(Host::family));
        self.valid_redirect(&mut to.hosts, &mut rule.family, at)?;
        rule.pool.sticky = options.sticky;
        rule.pool.kind = self.pool_kind(&to.hosts, options, "redirection", at)?;
        rule.pool.hosts =
            to.hosts.into_iter().map(|h| PoolHost { addr: h.addr, interface: None }).collect();
        Ok(())
    }

    fn pool_kind(
        &self,
        hosts: &[Host],
        options: &PoolOptions,
        what: &str,
        at: usize,
    ) -> Parse<PoolKind> {
        let table = hosts.iter().any(|h| matches!(h.addr, Addr::Table(_)));
        let many = hosts.len() > 1 || hosts.first().is_some_and(|h| spreads(&h.addr));
        let kind = Self::pool_kind_default(options, many);
        if kind != PoolKind::RoundRobin {
            if table {
                return self
                    .fail(at, format!("tables are only supported in round-robin {what} pools"));
            }
            if hosts.iter().any(|h| spreads(&h.addr)) {
                let message = format!("an interface is only supported in round-robin {what} pools");
                return self.fail(at, message);
            }
            if hosts.len() > 1 {
                return self
                    .fail(at, format!("only round-robin is valid for several {what} addresses"));
            }
        }
        Ok(kind)
    }

    /// Drops addresses of the other family, and refuses what is left when it is nothing or not clear.
    fn valid_redirect(
        &self,
        hosts: &mut Vec<Host>,
        family: &mut Option<Family>,
        at: usize,
    ) -> Parse<()> {
        remove_other_family(hosts, family);
        if family.is_none()
            && hosts.iter().any(|h| {
                !matches!(h.addr, Addr::Table(_) | Addr::Dynamic { .. } | Addr::Unresolved { .. })
            })
        {
            return self
                .fail(at, "address family not given and translation address expands to several");
        }
        if hosts.is_empty() {
            return self.fail(at, "no translation address with matching address family found");
        }
        for host in hosts.iter_mut() {
            self.netmask(host, *family, at)?;
        }
        Ok(())
    }

    fn netmask(&self, host: &mut Host, family: Option<Family>, at: usize) -> Parse<()> {
        super::super::expand::fit_prefix(&mut host.addr, family)
            .or_else(|bits| self.fail(at, format!("netmask {bits} invalid for IPv4 address")))
    }

    pub(super) fn pool_options(&mut self) -> Parse<PoolOptions> {
        let mut all = PoolOptions::default();
        loop {
            let Word::Key(key) = self.peek().word else { return Ok(all) };
            let kind = match key {
                "bitmask" => PoolKind::Bitmask,
                "random" => PoolKind::Random,
                "round-robin" => PoolKind::RoundRobin,
                "source-hash" => PoolKind::SourceHash(None),
                "static-port" | "sticky-address" => PoolKind::Single,
                _ => return Ok(all),
            };
            let at = self.take().at;
            match kind {
                PoolKind::Single if key == "sticky-address" => all.sticky = true,
                PoolKind::Single => {
                    if std::mem::replace(&mut all.static_port, true) {
                        return self.fail(at, "static-port cannot be redefined");
                    }
                }
                mut kind => {
                    if matches!(kind, PoolKind::SourceHash(_)) && self.next_is_text() {
                        kind = PoolKind::SourceHash(Some(self.hash_key()?));
                    }
                    if all.kind.replace(kind).is_some() {
                        return self.fail(at, "pool type cannot be redefined");
                    }
                }
            }
        }
    }

    fn hash_key(&mut self) -> Parse<String> {
        let key = self.texts()?;
        if let Some(digits) = key.text.strip_prefix("0x") {
            if digits.len() != 32 {
                return self.fail(key.at, "hex key must be 128 bits (32 hex digits) long");
            }
            if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return self.fail(key.at, "invalid hex key");
            }
        }
        Ok(key.text)
    }

    /// `route`: fastroute, or route-to, reply-to and dup-to with their pool.
    pub(super) fn route(&mut self) -> Parse<(Option<RouteKind>, RouteHosts, PoolOptions)> {
        let kind = match self.peek().word {
            Word::Key("fastroute") => {
                self.take();
                return Ok((Some(RouteKind::Fast), Vec::new(), PoolOptions::default()));
            }
            Word::Key("route-to") => RouteKind::To,
            Word::Key("reply-to") => RouteKind::Reply,
            Word::Key("dup-to") => RouteKind::Dup,
            _ => return Ok((None, Vec::new(), PoolOptions::default())),
        };
        self.take();
        let hosts: RouteHosts = self.one_or_list(Self::route_host)?.into_iter().flatten().collect();
        let mut families = hosts.iter().filter_map(|(h, _)| h.family());
        let first = families.next();
        if hosts.len() > 1 && families.any(|f| Some(f) != first) {
            return self.fail(self.at, "all pool addresses must be in the same address family");
        }
        Ok((Some(kind), hosts, self.pool_options()?))
    }

    fn route_host(&mut self) -> Parse<RouteHosts> {
        if !self.eat_punct(b'(') {
            let name = self.route_interface()?;
            return Ok(vec![(Host::new(Addr::Any), name)]);
        }
        let name = self.route_interface()?;
        let hosts = self.host()?;
        self.expect_punct(b')')?;
        Ok(hosts.into_iter().map(|host| (host, name.clone())).collect())
    }

    fn route_interface(&mut self) -> Parse<String> {
        let name = self.text()?;
        if name.text.len() >= IFNAME_SIZE {
            return self.fail(name.at, "interface name too long");
        }
        Ok(name.text)
    }

    pub(super) fn route_pool(
        &mut self,
        rule: &mut Rule,
        mut hosts: RouteHosts,
        options: &PoolOptions,
        at: usize,
    ) -> Parse<()> {
        if rule.route == Some(RouteKind::Fast) {
            return Ok(());
        }
        if rule.family.is_none() {
            let first = hosts.first().and_then(|(h, _)| h.family());
            rule.family = first.filter(|_| hosts.iter().all(|(h, _)| h.family() == first));
        }
        let family = rule.family;
        hosts.retain(|(h, _)| h.family().is_none() || family.is_none() || h.family() == family);
        if hosts.is_empty() {
            return self.fail(at, "no routing address with matching address family found");
        }
        let bare: Vec<Host> = hosts.iter().map(|(h, _)| h.clone()).collect();
        rule.pool.kind = self.pool_kind(&bare, options, "routing", at)?;
        rule.pool.sticky = options.sticky;
        rule.pool.hosts = hosts
            .into_iter()
            .map(|(h, name)| PoolHost { addr: h.addr, interface: Some(name) })
            .collect();
        Ok(())
    }

    fn binat(&mut self, mut rule: Rule, at: usize) -> Parse<()> {
        let interface = self.interfaces()?.into_iter().next();
        rule.on = interface;
        rule.family = self.family();
        rule.proto = self.protocols()?.into_iter().next();
        self.expect(&Word::Key("from"))?;
        let src = self.host()?;
        self.expect(&Word::Key("to"))?;
        let dst = self.hosts()?;
        self.translation_options(&mut rule)?;
        let redirect = self.redirect(false)?;
        self.enter(Stage::Translation, at)?;
        let target = redirect.as_ref().and_then(|to| to.hosts.first());
        let families = [src.first(), dst.first(), target];
        rule.family = rule.family.or_else(|| families.into_iter().flatten().find_map(Host::family));
        if rule.family.is_none() {
            return self.fail(at, "address family (inet/inet6) undefined");
        }
        rule.src = Endpoint { host: self.binat_host(src, rule.family, true, at)?, ports: None };
        if !dst.is_empty() {
            rule.dst =
                Endpoint { host: self.binat_host(dst, rule.family, false, at)?, ports: None };
        }
        match (rule.action, redirect) {
            (Action::NoBinat, None) => {}
            (Action::NoBinat, Some(_)) => {
                return self.fail(at, "'no binat' rule does not need '->'");
            }
            (_, None) => return self.fail(at, "'binat' rule requires '-> address'"),
            (_, Some(to)) => self.binat_target(&mut rule, to, at)?,
        }
        self.keep(vec![rule]);
        Ok(())
    }

    fn binat_host(
        &self,
        mut hosts: Vec<Host>,
        family: Option<Family>,
        source: bool,
        at: usize,
    ) -> Parse<Host> {
        let first = hosts.first();
        if source && first.is_some_and(|h| matches!(h.addr, Addr::Table(_)) || spreads(&h.addr)) {
            return self
                .fail(at, "a table or interface cannot be the source address of a binat rule");
        }
        if first.is_some_and(|h| h.addr == Addr::UrpfFailed) {
            return self.fail(at, "\"urpf-failed\" is not permitted as a binat destination");
        }
        if hosts.len() > 1 {
            return self.fail(at, "multiple binat ip addresses");
        }
        let Some(mut host) = hosts.pop() else { return Ok(Host::default()) };
        if host.family().is_some() && host.family() != family {
            return self.fail(at, "binat ip versions must match");
        }
        self.netmask(&mut host, family, at)?;
        Ok(host)
    }

    fn binat_target(&self, rule: &mut Rule, mut to: Redirect, at: usize) -> Parse<()> {
        if to.hosts.iter().any(|h| matches!(h.addr, Addr::Table(_)) || spreads(&h.addr)) {
            return self
                .fail(at, "a table or interface cannot be the redirect address of a binat rule");
        }
        self.valid_redirect(&mut to.hosts, &mut rule.family, at)?;
        if to.hosts.len() > 1 {
            return self.fail(at, "binat rule must redirect to a single address");
        }
        let mask = |addr: &Addr| match addr {
            Addr::Net { prefix, .. } | Addr::Dynamic { prefix, .. } => Some(*prefix),
            _ => None,
        };
        let Some(host) = to.hosts.pop() else { return Ok(()) };
        let source = mask(&rule.src.host.addr);
        if source.is_some_and(|bits| bits != 0) && source != mask(&host.addr) {
            return self.fail(at, "'binat' source mask and redirect mask must be the same");
        }
        rule.pool.hosts = vec![PoolHost { addr: host.addr, interface: None }];
        Ok(())
    }

    /// A port comparison that `rdr-anchor` can carry: one exact port.
    pub(super) fn exact_port(&self, ends: &FromTo, at: usize) -> Parse<()> {
        if !ends.src.ports.is_empty() {
            return self.fail(at, "source port parameter not supported in rdr-anchor");
        }
        if ends.dst.ports.len() > 1 {
            return self.fail(at, "destination port list expansion not supported in rdr-anchor");
        }
        if ends.dst.ports.iter().any(|ports| ports.op != Op::Eq) {
            return self.fail(at, "destination port operators not supported in rdr-anchor");
        }
        Ok(())
    }
}

/// DYNIF_MULTIADDR: an interface that may have several addresses. A table spreads too.
/// The ports that a translation may take; without an end, as many as the destination has.
fn pool_ports(rule: &Rule, to: &Redirect, ends: &FromTo) -> (u16, u16) {
    let end = match (to.port_end, ends.dst.ports.first()) {
        (None, Some(ports)) if rule.action == Action::Rdr => {
            to.port.wrapping_add(ports.b.wrapping_sub(ports.a))
        }
        (end, _) => end.unwrap_or(0),
    };
    match (to.port, end) {
        ports if rule.action == Action::Rdr => ports,
        (0, 0) => NAT_PORTS,
        (port, 0) => (port, port),
        ports => ports,
    }
}

fn spreads(addr: &Addr) -> bool {
    match addr {
        Addr::Dynamic { name, modifiers, .. } => {
            !modifiers.no_alias || !name.ends_with(|c: char| c.is_ascii_digit())
        }
        Addr::Table(_) => true,
        Addr::Any
        | Addr::Net { .. }
        | Addr::Unresolved { .. }
        | Addr::NoRoute
        | Addr::UrpfFailed
        | Addr::RouteLabel(_) => false,
    }
}

fn remove_other_family(hosts: &mut Vec<Host>, family: &mut Option<Family>) {
    hosts.retain(|host| {
        let own = host.family();
        if family.is_some() && own.is_some() && own != *family {
            return false;
        }
        *family = family.or(own);
        true
    });
}
