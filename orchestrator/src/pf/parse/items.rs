//! The small items that rules share: numbers, interfaces, protocols, ports, accounts, flags, ICMP types.
//!
//! Numbers follow strtoul with base 0: `0x16` and `026` are 22. Each list keeps its source order, because
//! expansion does.

use super::super::lex::Word;
use super::super::names;
use super::super::rule::{Account, Accounts, Icmp, Interface, Op, Ports};
use super::{Parse, Parser, Text};

/// IFNAMSIZ of macOS and of OpenBSD, with its NUL.
pub(super) const IFNAME_SIZE: usize = 16;

/// strtoul(3) with base 0 over the whole text; a minus sign wraps around, as it does in C.
pub(super) fn number_of(text: &str) -> Option<u64> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, radix) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (digits, 8),
        None => (digits, 10),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok()?;
    Some(if negative { value.wrapping_neg() } else { value })
}

impl Parser<'_> {
    /// `number`: kept in 32 bits, as pfctl keeps it.
    pub(super) fn number(&mut self) -> Parse<u32> {
        let word = self.text()?;
        let Some(value) = number_of(&word.text) else {
            return self.fail(word.at, format!("{} is not a number", word.text));
        };
        Ok(u32::try_from(value & u64::from(u32::MAX)).unwrap_or(u32::MAX))
    }

    /// A number with an upper bound, for the options that check one.
    pub(super) fn number_up_to(&mut self, max: u32, what: &str) -> Parse<u32> {
        let value = self.number()?;
        if value > max {
            return self.fail(self.at, format!("illegal {what} value {value}"));
        }
        Ok(value)
    }

    pub(super) fn interface_name(&mut self) -> Parse<String> {
        let name = self.text()?;
        if name.text.len() >= IFNAME_SIZE {
            return self.fail(name.at, "interface name too long");
        }
        if self.machine.has(&name.text) == Some(false) {
            self.warn(name.at, format!("this machine has no interface `{}`", name.text));
        }
        Ok(name.text)
    }

    fn interface_or_not(&mut self) -> Parse<Interface> {
        let not = self.eat_punct(b'!');
        Ok(Interface { name: self.interface_name()?, not })
    }

    /// `interface`: nothing, `on en1`, `on ! en1`, `on { ... }`.
    pub(super) fn interfaces(&mut self) -> Parse<Vec<Interface>> {
        if self.eat_key("on") { self.one_or_list(Self::interface_or_not) } else { Ok(Vec::new()) }
    }

    pub(super) fn protocols(&mut self) -> Parse<Vec<u8>> {
        if self.eat_key("proto") { self.one_or_list(Self::protocol) } else { Ok(Vec::new()) }
    }

    fn protocol(&mut self) -> Parse<u8> {
        let word = self.text()?;
        let number = match number_of(&word.text) {
            Some(value) => match u8::try_from(value) {
                Ok(number) => number,
                Err(_) => return self.fail(word.at, "protocol outside range"),
            },
            None => match names::protocol_of(&word.text) {
                Some(number) => number,
                None => return self.fail(word.at, format!("unknown protocol {}", word.text)),
            },
        };
        if number == 0 {
            return self.fail(word.at, "proto 0 cannot be used");
        }
        Ok(number)
    }

    pub(super) fn service(&self, text: &str, at: usize) -> Parse<u16> {
        match number_of(text) {
            Some(value) => u16::try_from(value)
                .or_else(|_| self.fail(at, format!("illegal port value {value}"))),
            None => match names::port_of(text) {
                Some(port) => Ok(port),
                None => self.fail(at, format!("unknown port {text}")),
            },
        }
    }

    /// `port`: one port, or two around the first colon.
    fn port(&mut self) -> Parse<(u16, Option<u16>)> {
        let Text { text, at } = self.text()?;
        match text.split_once(':') {
            None => Ok((self.service(&text, at)?, None)),
            Some((low, high)) => Ok((self.service(low, at)?, Some(self.service(high, at)?))),
        }
    }

    pub(super) fn ports(&mut self) -> Parse<Vec<Ports>> {
        self.one_or_list(Self::port_item)
    }

    fn port_item(&mut self) -> Parse<Ports> {
        let mixed = "`:` cannot be used with another port operator";
        if let Some(op) = self.unary_operator()? {
            let (a, range) = self.port()?;
            if range.is_some() {
                return self.fail(self.at, mixed);
            }
            return Ok(Ports { op, a, b: 0 });
        }
        let (a, range) = self.port()?;
        let at = self.at;
        let Word::Between(op) = self.peek().word else {
            return Ok(match range {
                None => {
                    if a == 0 {
                        self.warn(at, "port 0 is never used by a connection");
                    }
                    Ports { op: Op::Eq, a, b: 0 }
                }
                Some(b) => {
                    if a > b {
                        self.warn(
                            at,
                            format!("port range {a}:{b} is reversed and matches nothing"),
                        );
                    }
                    Ports { op: Op::Range, a, b }
                }
            });
        };
        self.take();
        let (b, second) = self.port()?;
        if range.is_some() || second.is_some() {
            return self.fail(self.at, mixed);
        }
        Ok(Ports { op, a, b })
    }

    fn unary_operator(&mut self) -> Parse<Option<Op>> {
        let Word::Punct(first) = self.peek().word else { return Ok(None) };
        if !matches!(first, b'=' | b'!' | b'<' | b'>') {
            return Ok(None);
        }
        self.take();
        let equals = first != b'=' && self.eat_punct(b'=');
        match (first, equals) {
            (b'=', _) => Ok(Some(Op::Eq)),
            (b'!', true) => Ok(Some(Op::Ne)),
            (b'<', true) => Ok(Some(Op::Le)),
            (b'<', false) => Ok(Some(Op::Lt)),
            (b'>', true) => Ok(Some(Op::Ge)),
            (b'>', false) => Ok(Some(Op::Gt)),
            _ => {
                let token = self.take();
                Err(self.unexpected(&token.word, token.at))
            }
        }
    }

    pub(super) fn users(&mut self) -> Parse<Vec<Accounts>> {
        self.one_or_list(|parser| parser.accounts("user"))
    }

    pub(super) fn groups(&mut self) -> Parse<Vec<Accounts>> {
        self.one_or_list(|parser| parser.accounts("group"))
    }

    fn accounts(&mut self, kind: &str) -> Parse<Accounts> {
        let unknown = format!("{kind} unknown requires operator = or !=");
        if let Some(op) = self.unary_operator()? {
            let a = self.account(kind)?;
            if a == Account::Unknown && !matches!(op, Op::Eq | Op::Ne) {
                return self.fail(self.at, unknown);
            }
            return Ok(Accounts { op, b: a.clone(), a });
        }
        let a = self.account(kind)?;
        let Word::Between(op) = self.peek().word else {
            return Ok(Accounts { op: Op::Eq, b: a.clone(), a });
        };
        self.take();
        let b = self.account(kind)?;
        if a == Account::Unknown || b == Account::Unknown {
            return self.fail(self.at, unknown);
        }
        Ok(Accounts { op, a, b })
    }

    fn account(&mut self, kind: &str) -> Parse<Account> {
        let word = self.text()?;
        if let Some(value) = number_of(&word.text) {
            return match u32::try_from(value) {
                // UID_MAX and GID_MAX are the largest u32, which means "unknown".
                Ok(id) if id < u32::MAX => Ok(Account::Id(id)),
                _ => self.fail(word.at, format!("illegal {kind} id value {value}")),
            };
        }
        match word.text.as_str() {
            "unknown" => Ok(Account::Unknown),
            // The one account that has the same number on every machine.
            "root" if kind == "user" => Ok(Account::Id(0)),
            _ => {
                let message =
                    format!("{kind} `{}` must exist on the machine that loads this", word.text);
                self.warn(word.at, message);
                Ok(Account::Name(word.text))
            }
        }
    }

    /// `flags S/SA`, `flags /SA`, `flags any`; the keyword has been taken.
    pub(super) fn flags(&mut self) -> Parse<(u8, u8)> {
        if self.eat_key("any") {
            return Ok((0, 0));
        }
        let set = if self.eat_punct(b'/') {
            0
        } else {
            let set = self.flag()?;
            self.expect_punct(b'/')?;
            set
        };
        let mask = self.flag()?;
        if set & mask != set {
            return self.fail(self.at, "flags always false");
        }
        Ok((set, mask))
    }

    fn flag(&mut self) -> Parse<u8> {
        let word = self.text()?;
        match names::flags_of(&word.text) {
            Some(bits) => Ok(bits),
            None => self.fail(word.at, format!("bad flags {}", word.text)),
        }
    }

    pub(super) fn icmp_types(&mut self, v6: bool) -> Parse<Vec<Icmp>> {
        if v6 {
            self.one_or_list(|parser| parser.icmp_type(true))
        } else {
            self.one_or_list(|parser| parser.icmp_type(false))
        }
    }

    fn icmp_type(&mut self, v6: bool) -> Parse<Icmp> {
        let name = if v6 { "icmp6" } else { "icmp" };
        let word = self.text()?;
        let kind = match number_of(&word.text) {
            Some(value) => u8::try_from(value)
                .or_else(|_| self.fail(word.at, format!("illegal {name}-type {value}")))?,
            None => match names::icmp_type_of(&word.text, v6) {
                Some(kind) => kind,
                None => return self.fail(word.at, format!("unknown {name}-type {}", word.text)),
            },
        };
        if !self.eat_key("code") {
            return Ok(Icmp { v6, kind, code: None });
        }
        let word = self.text()?;
        let code = self.icmp_code(&word, kind, v6)?;
        Ok(Icmp { v6, kind, code: Some(code) })
    }

    pub(super) fn icmp_code(&self, word: &Text, kind: u8, v6: bool) -> Parse<u8> {
        let name = if v6 { "icmp6" } else { "icmp" };
        match number_of(&word.text) {
            Some(value) => u8::try_from(value)
                .or_else(|_| self.fail(word.at, format!("illegal {name}-code {value}"))),
            None => match names::icmp_code_of(kind, &word.text, v6) {
                Some(code) => Ok(code),
                None => self.fail(word.at, format!("unknown {name}-code {}", word.text)),
            },
        }
    }
}
