//! Recursive descent over the pf grammar of 2007: statements, lists, recovery.
//!
//! One word of lookahead, because a macro must be defined before the word after its line is scanned. Every
//! remark is kept and parsing goes on with the next line, as pfctl does; any remark rejects the text. Recursion
//! is bounded by `DEPTH_MAX`, rules by `expand::RULES_MAX`. Absent on purpose: printing and evaluation.

mod anchor;
mod filter;
mod host;
mod items;
mod nat;
mod options;
mod state;

use sanctum_types::Diagnostic;
use std::collections::{BTreeMap, BTreeSet};

use super::expand::{Draft, Expander};
use super::lex::{Lexer, Token, Word};
use super::machine::Machine;
use super::rule::{Refusal, Rule, Table};
pub(super) use host::FromTo;
pub(super) use nat::NAT_PORTS;

/// Nesting of braces; pfctl stops at 64 anchors (PF_ANCHOR_STACKSIZE), host lists share the bound here.
const DEPTH_MAX: usize = 64;
/// After so many remarks the rest of the text is not read.
const REMARKS_MAX: usize = 50;
/// Warnings beyond these are dropped: each costs a look through the text.
const WARNINGS_MAX: usize = 200;

type Parse<T> = Result<T, Diagnostic>;

/// The order that `set require-order` enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    None,
    Options,
    Normalization,
    Translation,
    Filtering,
}

/// What parsing yields.
#[derive(Clone, Debug, Default)]
pub(super) struct Parsed {
    /// Lines that pfctl shows while it reads: macros, options and tables, in source order.
    pub(super) preamble: Vec<String>,
    pub(super) rules: Vec<Rule>,
    pub(super) tables: BTreeMap<String, Table>,
    pub(super) skipped: Vec<String>,
    pub(super) errors: Vec<Diagnostic>,
    pub(super) warnings: Vec<Diagnostic>,
}

/// A `STRING` of the grammar and where it stands.
#[derive(Clone, Debug)]
struct Text {
    text: String,
    at: usize,
}

pub(super) struct Parser<'s> {
    lexer: Lexer<'s>,
    ahead: Option<Token>,
    /// Where the word last taken stands.
    at: usize,
    /// Whether that word ended its line.
    line_ended: bool,
    machine: &'s Machine,
    stage: Stage,
    require_order: bool,
    policy: Refusal,
    if_bound: bool,
    /// Whether the rule being read chose `if-bound` or `floating` itself.
    state_lock_given: bool,
    depth: usize,
    expander: Expander,
    /// Names of the inline anchors of each open brace level.
    inline_names: Vec<BTreeSet<String>>,
    used_tables: Vec<(String, usize)>,
    overloaded: BTreeSet<String>,
    out: Parsed,
}

pub(super) fn parse(source: &str, machine: &Machine) -> Parsed {
    let mut parser = Parser {
        lexer: Lexer::new(source),
        ahead: None,
        at: 0,
        line_ended: false,
        machine,
        stage: Stage::None,
        require_order: true,
        policy: Refusal::Drop,
        if_bound: false,
        state_lock_given: false,
        depth: 0,
        expander: Expander::default(),
        inline_names: vec![BTreeSet::new()],
        used_tables: Vec::new(),
        overloaded: BTreeSet::new(),
        out: Parsed::default(),
    };
    parser.ruleset();
    parser.finish()
}

impl Parser<'_> {
    fn ruleset(&mut self) {
        while self.peek().word != Word::End && self.out.errors.len() < REMARKS_MAX {
            if let Err(remark) = self.line() {
                self.out.errors.push(remark);
                self.recover();
            }
        }
    }

    fn line(&mut self) -> Parse<()> {
        if self.eat(&Word::Newline) {
            return Ok(());
        }
        self.statement()?;
        let end = self.take();
        match end.word {
            Word::Newline => Ok(()),
            Word::End => Err(self
                .remark(end.at, "syntax error: the file ends inside a rule")
                .with_hint("end the last line with a newline")),
            word => Err(self.unexpected(&word, end.at)),
        }
    }

    fn statement(&mut self) -> Parse<()> {
        match self.peek().word.clone() {
            Word::Text(_) => self.macro_definition(),
            Word::Key("set") => self.option(),
            Word::Key("table") => self.table(),
            Word::Key("load") => self.load_anchor(),
            Word::Key("antispoof") => self.antispoof(),
            Word::Key("pass" | "block") => self.filter_rule().map(|rules| self.keep(rules)),
            Word::Key("anchor") => self.anchor_rule().map(|rules| self.keep(rules)),
            Word::Key(
                "nat-anchor" | "rdr-anchor" | "binat-anchor" | "scrub-anchor" | "dummynet-anchor",
            ) => self.other_anchor(),
            Word::Key("no" | "nat" | "rdr" | "binat" | "scrub") => self.translation_or_scrub(),
            Word::Key("altq" | "queue") => {
                let at = self.take().at;
                Err(self
                    .remark(at, "queue definitions need ALTQ, which this kernel does not have")
                    .with_hint("remove the `altq` and `queue` lines"))
            }
            word => {
                let at = self.take().at;
                Err(self.unexpected(&word, at))
            }
        }
    }

    fn keep(&mut self, rules: Vec<Rule>) {
        self.out.rules.extend(rules);
    }

    /// Drops words up to the end of the line; out of an open brace first.
    fn recover(&mut self) {
        let mut open = self.depth;
        self.depth = 0;
        self.inline_names.truncate(1);
        if open == 0 && self.line_ended {
            return;
        }
        loop {
            match self.take().word {
                Word::End => return,
                Word::Newline if open == 0 => return,
                Word::Punct(b'{') if open > 0 => open += 1,
                Word::Punct(b'}') => open = open.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn finish(mut self) -> Parsed {
        for (table, at) in std::mem::take(&mut self.used_tables) {
            if !self.out.tables.contains_key(&table) {
                self.warn(at, format!("table <{table}> is not defined here and starts empty"));
            }
        }
        for (name, table) in &mut self.out.tables {
            table.overloaded = self.overloaded.contains(name);
        }
        for (name, at) in self.lexer.unused() {
            self.warn(at, format!("macro `{name}` not used"));
        }
        self.out.warnings.sort();
        self.out.warnings.dedup();
        self.out
    }

    // Words.

    fn peek(&mut self) -> &Token {
        let lexer = &mut self.lexer;
        self.ahead.get_or_insert_with(|| lexer.token())
    }

    fn take(&mut self) -> Token {
        let token = self.ahead.take().unwrap_or_else(|| self.lexer.token());
        self.at = token.at;
        self.line_ended = matches!(token.word, Word::Newline | Word::End);
        token
    }

    fn eat(&mut self, word: &Word) -> bool {
        let found = self.peek().word == *word;
        if found {
            self.take();
        }
        found
    }

    fn eat_key(&mut self, key: &'static str) -> bool {
        self.eat(&Word::Key(key))
    }

    fn eat_punct(&mut self, punct: u8) -> bool {
        self.eat(&Word::Punct(punct))
    }

    fn next_is_key(&mut self, key: &str) -> bool {
        matches!(self.peek().word, Word::Key(k) if k == key)
    }

    fn next_is_text(&mut self) -> bool {
        matches!(self.peek().word, Word::Text(_))
    }

    fn expect(&mut self, word: &Word) -> Parse<()> {
        if self.eat(word) {
            return Ok(());
        }
        let token = self.take();
        Err(self.unexpected(&token.word, token.at))
    }

    fn expect_punct(&mut self, punct: u8) -> Parse<()> {
        self.expect(&Word::Punct(punct))
    }

    fn text(&mut self) -> Parse<Text> {
        let token = self.take();
        match token.word {
            Word::Text(text) => Ok(Text { text, at: token.at }),
            word => Err(self.unexpected(&word, token.at)),
        }
    }

    /// `string`: one or more words, joined by single spaces.
    fn texts(&mut self) -> Parse<Text> {
        let mut all = self.text()?;
        while self.next_is_text() {
            all.text.push(' ');
            all.text.push_str(&self.text()?.text);
        }
        Ok(all)
    }

    /// One item, or a braced list of items with optional commas between them.
    fn one_or_list<T>(&mut self, item: fn(&mut Self) -> Parse<T>) -> Parse<Vec<T>> {
        if self.eat_punct(b'{') { self.rest_of_list(b'}', item) } else { Ok(vec![item(self)?]) }
    }

    /// The items of a list whose opening bracket has been taken, and the closing bracket.
    fn rest_of_list<T>(&mut self, close: u8, item: fn(&mut Self) -> Parse<T>) -> Parse<Vec<T>> {
        let mut items = vec![item(self)?];
        while !self.eat_punct(close) {
            self.eat_punct(b',');
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn expand(&mut self, draft: &Draft) -> Parse<Vec<Rule>> {
        self.expander.expand(draft).or_else(|problem| self.fail(draft.at, problem))
    }

    // Remarks.

    fn remark(&self, at: usize, message: impl Into<String>) -> Diagnostic {
        self.lexer.remark(at, message)
    }

    fn warn(&mut self, at: usize, message: impl Into<String>) {
        if self.out.warnings.len() < WARNINGS_MAX {
            let remark = self.remark(at, message);
            self.out.warnings.push(remark);
        }
    }

    fn fail<T>(&self, at: usize, message: impl Into<String>) -> Parse<T> {
        Err(self.remark(at, message))
    }

    fn unexpected(&self, word: &Word, at: usize) -> Diagnostic {
        let shown = match word {
            Word::Bad(remark) => return remark.clone(),
            Word::Key(key) => format!("`{key}`"),
            Word::Text(text) => format!("`{text}`"),
            Word::Punct(b'\r') => {
                return self
                    .remark(at, "syntax error: a carriage return")
                    .with_hint("save the file with Unix line ends");
            }
            Word::Punct(byte) if byte.is_ascii_graphic() => format!("`{}`", char::from(*byte)),
            Word::Punct(byte) => format!("byte 0x{byte:02x}"),
            Word::Between(_) => "`><` or `<>`".to_owned(),
            Word::Arrow => "`->`".to_owned(),
            Word::Newline => "end of line".to_owned(),
            Word::End => "end of file".to_owned(),
        };
        self.remark(at, format!("syntax error at {shown}"))
    }

    fn enter(&mut self, stage: Stage, at: usize) -> Parse<()> {
        if self.require_order && self.stage > stage {
            return self.fail(
                at,
                "rules must be in order: options, normalization, queueing, translation, filtering",
            );
        }
        self.stage = stage;
        Ok(())
    }

    /// Runs `body` one brace level deeper.
    fn nested<T>(&mut self, body: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        if self.depth >= DEPTH_MAX {
            return self.fail(self.at, format!("braces are nested deeper than {DEPTH_MAX}"));
        }
        self.depth += 1;
        let done = body(self)?;
        self.depth -= 1;
        Ok(done)
    }
}
