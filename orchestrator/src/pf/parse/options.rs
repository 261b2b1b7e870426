//! Statements that make no rule: macros, `set`, `table`, `load anchor`.
//!
//! Each leaves the line that pfctl shows for it, and nothing is opened: a table file, a fingerprint file and a
//! loaded anchor are only named in warnings.

use super::super::lex::Word;
use super::super::names;
use super::super::print;
use super::super::rule::{Addr, Entry, Host, Refusal, Table};
use super::{Parse, Parser, Stage};

/// MAXPATHLEN of macOS.
const PATH_MAX: usize = 1024;

impl Parser<'_> {
    fn show(&mut self, line: String) {
        self.out.preamble.push(line);
    }

    pub(super) fn macro_definition(&mut self) -> Parse<()> {
        let name = self.text()?;
        if !self.eat_punct(b'=') {
            let message = format!("syntax error: `{}` starts no statement", name.text);
            let remark = self.remark(name.at, message);
            return Err(match name.text.as_str() {
                "match" | "include" | "divert-to" | "ether" => {
                    remark.with_hint("macOS has the pf of 2007, which does not know this word")
                }
                _ => remark.with_hint("a macro needs `=` behind its name; keywords are lowercase"),
            });
        }
        let value = self.texts()?;
        self.show(format!("{} = \"{}\"", name.text, value.text));
        self.lexer.define(&name.text, value.text, name.at)
    }

    pub(super) fn option(&mut self) -> Parse<()> {
        let at = self.take().at;
        let token = self.take();
        let Word::Key(key) = token.word else {
            return Err(self.unexpected(&token.word, token.at));
        };
        match key {
            "timeout" => self.specs(Self::timeout),
            "limit" => self.specs(Self::limit),
            "skip" => self.skip(at),
            "block-policy" => {
                let policy = if self.eat_key("return") {
                    Refusal::Return
                } else {
                    self.expect(&Word::Key("drop"))?;
                    Refusal::Drop
                };
                let word = if policy == Refusal::Drop { "drop" } else { "return" };
                self.show(format!("set block-policy {word}"));
                self.enter(Stage::Options, at)?;
                self.policy = policy;
                Ok(())
            }
            "require-order" => {
                self.require_order = self.yes_or_no()?;
                let word = if self.require_order { "yes" } else { "no" };
                self.show(format!("set require-order {word}"));
                Ok(())
            }
            "state-policy" => {
                self.if_bound = self.eat_key("if-bound");
                if !self.if_bound {
                    self.expect(&Word::Key("floating"))?;
                }
                let word = if self.if_bound { "if-bound" } else { "floating" };
                self.show(format!("set state-policy {word}"));
                Ok(())
            }
            "hostid" => {
                let id = self.number()?;
                if id == 0 {
                    return self.fail(self.at, "hostid must be non-zero");
                }
                self.show(format!("set hostid 0x{id:08x}"));
                Ok(())
            }
            "ruleset-optimization" => {
                let word = self.texts()?;
                if !["none", "basic", "profile"].contains(&word.text.as_str()) {
                    return self
                        .fail(word.at, format!("unknown ruleset-optimization {}", word.text));
                }
                Ok(())
            }
            "optimization" | "loginterface" | "fingerprints" | "debug" => self.worded(key, at),
            _ => Err(self.unexpected(&Word::Key(key), token.at)),
        }
    }

    /// Options whose value is one word.
    fn worded(&mut self, key: &str, at: usize) -> Parse<()> {
        let word = self.text()?;
        let text = word.text;
        let known = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(&text));
        if key == "fingerprints" {
            self.show(format!("set fingerprints \"{text}\""));
            self.warn(word.at, format!("fingerprints `{text}` are not read by this check"));
            return self.enter(Stage::Options, at);
        }
        self.enter(Stage::Options, at)?;
        match key {
            "optimization" if !known(names::OPTIMIZATIONS) => {
                return self.fail(word.at, format!("unknown optimization {text}"));
            }
            "debug" if !["none", "urgent", "misc", "loud"].contains(&text.as_str()) => {
                return self.fail(word.at, format!("error setting debuglevel {text}"));
            }
            _ => {}
        }
        self.show(format!("set {key} {text}"));
        Ok(())
    }

    fn specs(&mut self, spec: fn(&mut Self) -> Parse<()>) -> Parse<()> {
        self.one_or_list(spec).map(|_| ())
    }

    fn timeout(&mut self) -> Parse<()> {
        let name = self.text()?;
        let seconds = self.number()?;
        self.enter(Stage::Options, name.at)?;
        if !names::TIMEOUTS.iter().any(|known| known.eq_ignore_ascii_case(&name.text)) {
            return self.fail(name.at, format!("unknown timeout {}", name.text));
        }
        self.show(format!("set timeout {} {seconds}", name.text));
        Ok(())
    }

    fn limit(&mut self) -> Parse<()> {
        let name = self.text()?;
        let limit = self.number()?;
        self.enter(Stage::Options, name.at)?;
        if !names::LIMITS.iter().any(|known| known.eq_ignore_ascii_case(&name.text)) {
            return self.fail(name.at, format!("unable to set limit {} {limit}", name.text));
        }
        self.show(format!("set limit {} {limit}", name.text));
        Ok(())
    }

    fn yes_or_no(&mut self) -> Parse<bool> {
        if self.eat_key("no") {
            return Ok(false);
        }
        let word = self.text()?;
        if word.text == "yes" {
            return Ok(true);
        }
        self.fail(word.at, format!("invalid value '{}', expected 'yes' or 'no'", word.text))
    }

    fn skip(&mut self, at: usize) -> Parse<()> {
        let interfaces = self.interfaces()?;
        if interfaces.iter().any(|interface| interface.not) {
            return self.fail(at, "skip on ! <interface> is not supported");
        }
        let names: Vec<String> = interfaces.into_iter().map(|interface| interface.name).collect();
        if names.is_empty() || names == ["none"] {
            self.out.skipped.clear();
            self.show("set skip on none".to_owned());
            return Ok(());
        }
        self.show(format!("set skip on {{ {} }}", names.join(" ")));
        self.out.skipped.extend(names);
        Ok(())
    }

    pub(super) fn table(&mut self) -> Parse<()> {
        self.take();
        let name = self.table_name()?;
        let mut table = Table::default();
        loop {
            match &self.peek().word {
                Word::Text(_) => {
                    let option = self.text()?;
                    match option.text.as_str() {
                        "const" => table.constant = true,
                        "persist" => table.persist = true,
                        other => {
                            return self.fail(option.at, format!("invalid table option '{other}'"));
                        }
                    }
                }
                Word::Punct(b'{') => {
                    let hosts = self.table_hosts()?;
                    table.entries.extend(hosts.into_iter().map(Entry::Host));
                    table.filled = true;
                }
                Word::Key("file") => {
                    self.take();
                    let file = self.text()?;
                    let message = format!("table file `{}` is not read by this check", file.text);
                    self.warn(file.at, message);
                    table.entries.push(Entry::File(file.text));
                    table.filled = true;
                }
                _ => break,
            }
        }
        self.show(print::table(&name.text, &table));
        self.out.tables.insert(name.text, table);
        Ok(())
    }

    fn table_hosts(&mut self) -> Parse<Vec<Host>> {
        let at = self.take().at;
        if self.eat_punct(b'}') {
            return Ok(Vec::new());
        }
        let hosts: Vec<Host> = self
            .nested(|parser| parser.rest_of_list(b'}', Self::hosts))?
            .into_iter()
            .flatten()
            .collect();
        for host in &hosts {
            let refused = match &host.addr {
                Addr::Dynamic { .. } => "dynamic addresses are not permitted inside tables",
                Addr::Table(_) => "tables cannot contain tables",
                Addr::NoRoute => "\"no-route\" is not permitted inside tables",
                Addr::UrpfFailed => "\"urpf-failed\" is not permitted inside tables",
                Addr::RouteLabel(_) => "route labels are not permitted inside tables",
                Addr::Net { ip, prefix } if ip.is_ipv4() && *prefix > 32 => {
                    "cannot create address buffer: invalid netmask"
                }
                Addr::Any | Addr::Net { .. } | Addr::Unresolved { .. } => continue,
            };
            return self.fail(at, refused);
        }
        Ok(hosts)
    }

    pub(super) fn load_anchor(&mut self) -> Parse<()> {
        self.take();
        self.expect(&Word::Key("anchor"))?;
        let name = self.texts()?;
        self.expect(&Word::Key("from"))?;
        let file = self.texts()?;
        if name.text.len() + 1 >= PATH_MAX {
            return self.fail(name.at, format!("anchorname {} too long", name.text));
        }
        let message = format!(
            "anchor `{}` is loaded from `{}`, which is not read by this check; pfctl only warns when it is missing",
            name.text, file.text
        );
        self.warn(file.at, message);
        Ok(())
    }
}
