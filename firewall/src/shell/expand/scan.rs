//! From the raw text of a word to its parts.
//!
//! Iterative but for nesting, which the guard bounds. A part that does not end where the parser said the word ends is
//! [`Reason::Word`]: two readers must agree. Nothing is evaluated here.

use super::super::effect::Reason;
use super::param::{Param, param};
use super::quote::ansi;

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text { s: String, quoted: bool },
    Param { param: Param, quoted: bool },
    Command { source: String, quoted: bool },
    Arithmetic { source: String },
    Tilde(String),
}

/// Where the text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Mode {
    /// An ordinary word.
    Word,
    /// The right side of an assignment: a tilde after a colon counts too.
    Assignment,
    /// The body of a here-document: only `$`, a backquote and a backslash are special.
    Document,
    /// Inside double quotes, where `${x:-word}` finds its word.
    Quoted,
}

/// A position in a text.
pub(super) struct Scan {
    chars: Vec<char>,
    at: usize,
}

impl Scan {
    pub(super) fn new(text: &str) -> Self {
        Self { chars: text.chars().collect(), at: 0 }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn ahead(&self, by: usize) -> Option<char> {
        self.chars.get(self.at + by).copied()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += 1;
        c
    }

    pub(super) fn eat(&mut self, c: char) -> bool {
        let here = self.peek() == Some(c);
        if here {
            self.at += 1;
        }
        here
    }

    pub(super) fn take_while(&mut self, f: impl Fn(char) -> bool) -> String {
        let mut s = String::new();
        while let Some(c) = self.peek().filter(|&c| f(c)) {
            s.push(c);
            self.at += 1;
        }
        s
    }

    fn since(&self, start: usize) -> String {
        self.chars.iter().skip(start).take(self.at.saturating_sub(start)).collect()
    }

    /// Past a quoted string whose opening quote was eaten; its raw text without the quotes.
    fn quoted(&mut self, quote: char) -> Result<String, Reason> {
        let start = self.at;
        while let Some(c) = self.bump() {
            if c == quote {
                let mut text = self.since(start);
                text.pop();
                return Ok(text);
            }
            if quote == '"' {
                match c {
                    '\\' => {
                        self.at += 1;
                    }
                    '`' => {
                        self.quoted('`')?;
                    }
                    '$' => self.skip_dollar()?,
                    _ => {}
                }
            } else if quote == '`' && c == '\\' {
                self.at += 1;
            }
        }
        Err(Reason::Word)
    }

    fn skip_dollar(&mut self) -> Result<(), Reason> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                self.group(')').map(drop)
            }
            Some('{') => {
                self.at += 1;
                self.group('}').map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Past a bracketed group whose opening was eaten; its raw text. Knows quotes, comments and the patterns of `case`.
    pub(super) fn group(&mut self, close: char) -> Result<String, Reason> {
        let start = self.at;
        let (mut depth, mut cases, mut word) = (0_usize, 0_usize, String::new());
        while let Some(c) = self.bump() {
            if c.is_ascii_alphanumeric() {
                word.push(c);
                continue;
            }
            match std::mem::take(&mut word).as_str() {
                "case" if close == ')' => cases += 1,
                "esac" => cases = cases.saturating_sub(1),
                _ => {}
            }
            match c {
                '\\' => self.at += 1,
                '\'' | '`' => {
                    self.quoted(c)?;
                }
                '"' => {
                    self.quoted('"')?;
                }
                '$' if self.peek() == Some('\'') => {
                    self.at += 1;
                    self.ansi_end()?;
                }
                '$' => self.skip_dollar()?,
                '#' if close == ')' && self.at_word_start() => {
                    self.take_while(|c| c != '\n');
                }
                '(' if close == ')' => depth += 1,
                '{' if close == '}' => depth += 1,
                _ if c == close && depth > 0 => depth -= 1,
                ')' if close == ')' && cases > 0 => {}
                _ if c == close => {
                    let mut text = self.since(start);
                    text.pop();
                    return Ok(text);
                }
                _ => {}
            }
        }
        Err(Reason::Word)
    }

    fn at_word_start(&self) -> bool {
        match self.at.checked_sub(2) {
            Some(before) => self
                .chars
                .get(before)
                .is_some_and(|c| c.is_whitespace() || matches!(c, ';' | '(' | '&' | '|')),
            None => true,
        }
    }

    fn ansi_end(&mut self) -> Result<String, Reason> {
        let start = self.at;
        while let Some(c) = self.bump() {
            match c {
                '\\' => self.at += 1,
                '\'' => {
                    let mut text = self.since(start);
                    text.pop();
                    return Ok(text);
                }
                _ => {}
            }
        }
        Err(Reason::Word)
    }
}

/// The parts of a word's raw text.
pub(super) fn parts(raw: &str, mode: Mode) -> Result<Vec<Part>, Reason> {
    let mut scan = Scan::new(raw);
    let mut out = Out { parts: Vec::new() };
    let quoted = matches!(mode, Mode::Document | Mode::Quoted);
    tilde(&mut scan, mode, &mut out);
    while let Some(c) = scan.bump() {
        match c {
            '\\' => escape(&mut scan, mode, &mut out),
            '\'' if !quoted => out.text(&scan.quoted('\'')?, true),
            '"' if mode != Mode::Document => {
                let inner = scan.quoted('"')?;
                if inner.is_empty() {
                    out.text("", true);
                }
                for part in parts_inside(&inner)? {
                    out.parts.push(part);
                }
            }
            '`' => out
                .parts
                .push(Part::Command { source: unescape_backquoted(&scan.quoted('`')?), quoted }),
            '$' => dollar(&mut scan, quoted, &mut out)?,
            ':' if mode == Mode::Assignment => {
                out.text(":", quoted);
                tilde(&mut scan, mode, &mut out);
            }
            _ => out.push(c, quoted),
        }
    }
    Ok(out.parts)
}

/// The parts of what stands between double quotes.
fn parts_inside(inner: &str) -> Result<Vec<Part>, Reason> {
    let mut scan = Scan::new(inner);
    let mut out = Out { parts: Vec::new() };
    while let Some(c) = scan.bump() {
        match c {
            '\\' => escape(&mut scan, Mode::Quoted, &mut out),
            '`' => out.parts.push(Part::Command {
                source: unescape_backquoted(&scan.quoted('`')?),
                quoted: true,
            }),
            '$' => dollar(&mut scan, true, &mut out)?,
            _ => out.push(c, true),
        }
    }
    Ok(out.parts)
}

struct Out {
    parts: Vec<Part>,
}

impl Out {
    fn push(&mut self, c: char, quoted: bool) {
        if let Some(Part::Text { s, quoted: q }) = self.parts.last_mut()
            && *q == quoted
        {
            s.push(c);
            return;
        }
        self.parts.push(Part::Text { s: c.to_string(), quoted });
    }

    fn text(&mut self, text: &str, quoted: bool) {
        if text.is_empty() {
            self.parts.push(Part::Text { s: String::new(), quoted });
        }
        for c in text.chars() {
            self.push(c, quoted);
        }
    }
}

fn escape(scan: &mut Scan, mode: Mode, out: &mut Out) {
    let Some(c) = scan.bump() else {
        out.push('\\', true);
        return;
    };
    let special = match mode {
        Mode::Word | Mode::Assignment => true,
        Mode::Quoted => matches!(c, '$' | '`' | '"' | '\\' | '\n'),
        Mode::Document => matches!(c, '$' | '`' | '\\' | '\n'),
    };
    if !special {
        out.push('\\', true);
    }
    if c != '\n' || !special {
        out.push(c, true);
    }
}

fn dollar(scan: &mut Scan, quoted: bool, out: &mut Out) -> Result<(), Reason> {
    match scan.peek() {
        Some('\'') if !quoted => {
            scan.bump();
            let raw = scan.ansi_end()?;
            out.text(&ansi(&raw), true);
        }
        Some('"') if !quoted => {}
        Some('(') => {
            scan.bump();
            let inner = scan.group(')')?;
            match inner.strip_prefix('(').and_then(|s| s.strip_suffix(')')) {
                Some(source) if !source.contains(';') => {
                    out.parts.push(Part::Arithmetic { source: source.to_owned() });
                }
                _ => out.parts.push(Part::Command { source: inner, quoted }),
            }
        }
        Some('[') => {
            scan.bump();
            let source = scan.take_while(|c| c != ']');
            if !scan.eat(']') {
                return Err(Reason::Word);
            }
            out.parts.push(Part::Arithmetic { source });
        }
        Some('{') => {
            scan.bump();
            let inner = scan.group('}')?;
            out.parts.push(braced(&inner, quoted)?);
        }
        Some(c) if c == '_' || c.is_ascii_alphabetic() => {
            let name = scan.take_while(|c| c == '_' || c.is_ascii_alphanumeric());
            out.parts.push(Part::Param { param: Param::plain(&name), quoted });
        }
        Some(c) if c.is_ascii_digit() || matches!(c, '@' | '*' | '#' | '?' | '-' | '$' | '!') => {
            scan.bump();
            out.parts.push(Part::Param { param: Param::plain(&c.to_string()), quoted });
        }
        _ => out.push('$', true),
    }
    Ok(())
}

fn braced(inner: &str, quoted: bool) -> Result<Part, Reason> {
    // `${ command; }` and `${| command; }` of bash 5.3 run a command.
    if inner.starts_with([' ', '\t', '\n', '|']) {
        let source = inner.trim_start_matches('|').to_owned();
        return Ok(Part::Command { source, quoted });
    }
    let param = param(inner).ok_or(Reason::Word)?;
    Ok(Part::Param { param, quoted })
}

fn tilde(scan: &mut Scan, mode: Mode, out: &mut Out) {
    if matches!(mode, Mode::Document | Mode::Quoted) || scan.peek() != Some('~') {
        return;
    }
    let mut end = 1;
    while let Some(c) = scan.ahead(end) {
        match c {
            '/' => break,
            ':' if mode == Mode::Assignment => break,
            c if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+') => end += 1,
            _ => return,
        }
    }
    scan.bump();
    let mut name = String::new();
    for _ in 1..end {
        name.extend(scan.bump());
    }
    out.parts.push(Part::Tilde(name));
}

fn unescape_backquoted(raw: &str) -> String {
    let mut out = String::new();
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(&next) if c == '\\' && matches!(next, '\\' | '`' | '$') => {
                out.push(next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}
