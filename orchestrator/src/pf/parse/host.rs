//! Addresses of rules: hosts, networks, tables, interfaces, and `from`/`to`.
//!
//! An address is read as pfctl reads it: interface, then IPv4 (`10.10/16` is short for a network, `10.10.10` is
//! the host 10.10.0.10), then IPv6. Host names are refused: what they mean would be decided by a resolver at
//! load time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::lex::Word;
use super::super::machine::masked;
use super::super::rule::{Addr, Host, Modifiers, Ports};
use super::items::{IFNAME_SIZE, number_of};
use super::{Parse, Parser, Text};

/// PF_TABLE_NAME_SIZE of pfvar.h, with its NUL.
pub(super) const TABLE_NAME_SIZE: usize = 32;
/// RTLABEL_LEN, with its NUL.
const ROUTE_LABEL_SIZE: usize = 32;

/// `from` or `to` before expansion.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Peer {
    pub(in super::super) hosts: Vec<Host>,
    pub(in super::super) ports: Vec<Ports>,
}

/// Both ends and the fingerprints between them.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct FromTo {
    pub(in super::super) src: Peer,
    pub(in super::super) dst: Peer,
    pub(in super::super) oses: Vec<String>,
}

impl Parser<'_> {
    pub(super) fn ends(&mut self) -> Parse<FromTo> {
        let mut all = FromTo::default();
        if self.eat_key("all") {
            return Ok(all);
        }
        if self.eat_key("from") {
            all.src = self.peer()?;
        }
        if self.eat_key("os") {
            let names = self.one_or_list(Self::text)?;
            all.oses = names.into_iter().map(|name| name.text).collect();
        }
        if self.eat_key("to") {
            all.dst = self.peer()?;
            if all.dst.hosts.iter().any(|host| host.addr == Addr::UrpfFailed) {
                return self
                    .fail(self.at, "`urpf-failed` is not permitted in a destination address");
            }
        }
        Ok(all)
    }

    fn peer(&mut self) -> Parse<Peer> {
        let hosts = if self.next_is_key("port") { Vec::new() } else { self.hosts()? };
        let ports = if self.eat_key("port") { self.ports()? } else { Vec::new() };
        Ok(Peer { hosts, ports })
    }

    /// `ipspec`: no host at all means any. `any` inside a list adds nothing, as in pfctl.
    pub(super) fn hosts(&mut self) -> Parse<Vec<Host>> {
        if self.eat_key("any") {
            return Ok(Vec::new());
        }
        if !self.eat_punct(b'{') {
            return self.host_or_not();
        }
        self.nested(|parser| {
            let lists = parser.rest_of_list(b'}', Self::hosts)?;
            Ok(lists.into_iter().flatten().collect())
        })
    }

    fn host_or_not(&mut self) -> Parse<Vec<Host>> {
        let not = self.eat_punct(b'!');
        let mut hosts = if self.eat_key("no-route") {
            vec![Host::new(Addr::NoRoute)]
        } else if self.eat_key("urpf-failed") {
            vec![Host::new(Addr::UrpfFailed)]
        } else {
            self.host()?
        };
        for host in &mut hosts {
            host.not = not;
        }
        Ok(hosts)
    }

    /// `host`: one word may stand for several addresses.
    pub(super) fn host(&mut self) -> Parse<Vec<Host>> {
        match self.peek().word {
            Word::Punct(b'(') => self.dynamic_host(),
            Word::Punct(b'<') => {
                let name = self.table_name()?;
                self.used_tables.push((name.text.clone(), name.at));
                Ok(vec![Host::new(Addr::Table(name.text))])
            }
            Word::Key("route") => {
                self.take();
                let label = self.text()?;
                if label.text.len() >= ROUTE_LABEL_SIZE {
                    return self.fail(label.at, "route label too long, max 31 chars");
                }
                Ok(vec![Host::new(Addr::RouteLabel(label.text))])
            }
            _ => {
                let word = self.text()?;
                let mask = if self.eat_punct(b'/') { Some(self.number()?) } else { None };
                self.resolve(&word, mask)
            }
        }
    }

    /// `<name>`, with the length checked.
    pub(super) fn table_name(&mut self) -> Parse<Text> {
        self.expect_punct(b'<')?;
        let name = self.text()?;
        self.expect_punct(b'>')?;
        if name.text.len() >= TABLE_NAME_SIZE {
            return self
                .fail(name.at, format!("table name `{}` too long, max 31 chars", name.text));
        }
        Ok(name)
    }

    fn dynamic_host(&mut self) -> Parse<Vec<Host>> {
        self.expect_punct(b'(')?;
        let word = self.text()?;
        self.expect_punct(b')')?;
        let mask = if self.eat_punct(b'/') { self.number()? } else { 128 };
        if !word.text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return self.fail(word.at, format!("invalid interface name '{}'", word.text));
        }
        let (name, modifiers) = match split_modifiers(&word.text) {
            Some((name, modifiers)) => (name.to_owned(), modifiers),
            None => {
                return self.fail(word.at, format!("interface {} has bad modifier", word.text));
            }
        };
        if exclusive(modifiers) {
            return self.fail(word.at, "illegal combination of interface modifiers");
        }
        if name.len() >= IFNAME_SIZE {
            return self.fail(word.at, "interface name too long");
        }
        let Some(prefix) = u8::try_from(mask).ok().filter(|bits| *bits <= 128) else {
            return self.fail(word.at, format!("invalid netmask '/{mask}'"));
        };
        Ok(vec![Host::new(Addr::Dynamic { name, modifiers, prefix })])
    }

    fn resolve(&mut self, word: &Text, mask: Option<u32>) -> Parse<Vec<Host>> {
        let Text { text, at } = word;
        let prefix = match mask.map(u8::try_from) {
            None => None,
            Some(Ok(bits)) if bits <= 128 => Some(bits),
            Some(_) => return self.fail(*at, "invalid netmask"),
        };
        if let Some((name, modifiers)) = split_modifiers(text) {
            if exclusive(modifiers) {
                return self.fail(*at, "illegal combination of interface modifiers");
            }
            if prefix.is_some() && (modifiers.network || modifiers.broadcast) {
                return self.fail(*at, "network or broadcast lookup, but extra netmask given");
            }
            if let Some(hosts) = self.machine.lookup(name, modifiers, prefix) {
                if hosts.iter().any(|host| matches!(host.addr, Addr::Unresolved { .. })) {
                    self.warn(
                        *at,
                        format!("the addresses of `{name}` are read when this is loaded"),
                    );
                }
                return Ok(hosts);
            }
        }
        if let Some(host) = literal(text, prefix) {
            return Ok(vec![host]);
        }
        if text.strip_suffix(":0").unwrap_or(text) == "localhost" {
            let both = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
            return Ok(both.map(|ip| Host::new(net(ip, prefix))).to_vec());
        }
        Err(self
            .remark(*at, format!("no IP address found for {text}"))
            .with_hint("write addresses: a host name would be resolved when the rules are loaded"))
    }
}

fn net(ip: IpAddr, prefix: Option<u8>) -> Addr {
    let prefix = prefix.unwrap_or(if ip.is_ipv4() { 32 } else { 128 });
    Addr::Net { ip: masked(ip, prefix), prefix }
}

/// An address in digits, or `None`.
fn literal(text: &str, prefix: Option<u8>) -> Option<Host> {
    if let Some(bits) = prefix.filter(|bits| *bits <= 32)
        && let Some(ip) = short_network(text)
    {
        return Some(Host::new(net(IpAddr::V4(ip), Some(bits))));
    }
    if let Some(ip) = aton(text) {
        return Some(Host::new(net(IpAddr::V4(ip), prefix)));
    }
    let (address, scope) = match text.split_once('%') {
        Some((address, scope)) if !scope.is_empty() => (address, Some(scope.to_owned())),
        _ => (text, None),
    };
    let ip: Ipv6Addr = address.parse().ok()?;
    Some(Host { scope, ..Host::new(net(IpAddr::V6(ip), prefix)) })
}

/// inet_net_pton(3): up to four decimal octets from the left, the rest zero.
fn short_network(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let mut slots = octets.iter_mut();
    for part in text.split('.') {
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *slots.next()? = part.parse().ok()?;
    }
    Some(Ipv4Addr::from(octets))
}

/// inet_aton(3): one to four numbers, the last one filling the bytes that are left.
fn aton(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = text.split('.').collect();
    let (last, leading) = parts.split_last()?;
    if leading.len() > 3 || parts.iter().any(|p| !p.starts_with(|c: char| c.is_ascii_digit())) {
        return None;
    }
    let mut bits = 0u64;
    for part in leading {
        let octet = number_of(part).filter(|octet| *octet <= 255)?;
        bits = (bits << 8) | octet;
    }
    let room = 8 * (4 - leading.len());
    let tail = number_of(last).filter(|tail| tail >> room == 0)?;
    u32::try_from((bits << room) | tail).ok().map(Ipv4Addr::from_bits)
}

/// Takes the modifiers off the end; `None` when something else follows a colon.
fn split_modifiers(text: &str) -> Option<(&str, Modifiers)> {
    let mut modifiers = Modifiers::default();
    let mut name = text;
    while let Some((rest, modifier)) = name.rsplit_once(':') {
        match modifier {
            "network" => modifiers.network = true,
            "broadcast" => modifiers.broadcast = true,
            "peer" => modifiers.peer = true,
            "0" => modifiers.no_alias = true,
            _ => return None,
        }
        name = rest;
    }
    Some((name, modifiers))
}

/// At most one of network, broadcast and peer may stand behind a name.
fn exclusive(m: Modifiers) -> bool {
    usize::from(m.network) + usize::from(m.broadcast) + usize::from(m.peer) > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_the_c_library_reads_them() {
        let shown = |text: &str, prefix| match literal(text, prefix).map(|host| host.addr) {
            Some(Addr::Net { ip, prefix }) => format!("{ip}/{prefix}"),
            other => format!("{other:?}"),
        };
        for (text, prefix, wanted) in [
            ("10.10.10", None, "10.10.0.10/32"),
            ("10.10.10", Some(24), "10.10.10.0/24"),
            ("10.10.10.1", Some(33), "10.10.10.1/33"),
            ("10", Some(8), "10.0.0.0/8"),
            ("0x0a.1", None, "10.0.0.1/32"),
            ("10.10.10.300", None, "None"),
            ("fe80::", Some(10), "fe80::/10"),
            ("::1", None, "::1/128"),
            ("1.2.3.4.5", None, "None"),
            ("en0", None, "None"),
        ] {
            assert_eq!(shown(text, prefix), wanted, "{text}");
        }
    }
}
