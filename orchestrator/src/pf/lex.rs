//! Bytes to words, the way pfctl's own scanner reads them.
//!
//! Words are read one at a time because a macro is substituted in the character stream: `$if:network` is one
//! word once `$if` is replaced, and `$` inside a macro's value stands for itself. A backslash joins lines and
//! otherwise vanishes; quoted words are never keywords. Absent on purpose: any knowledge of the grammar.

use sanctum_types::Diagnostic;
use std::collections::BTreeMap;

use super::rule::Op;

/// pfctl reads a word into a buffer of 8096 bytes.
const WORD_MAX: usize = 8095;
/// Values of macros grow by concatenation; pfctl has no bound, this check has one.
const MACRO_MAX: usize = 64 * 1024;
/// All substitutions of a text together; it bounds what a short text can make of itself.
const EXPANDED_MAX: usize = 1024 * 1024;

/// The keywords of the grammar: OpenBSD's of 2007, and Apple's `scrub-anchor` and `dummynet-anchor`. Sorted.
const KEYWORDS: &[&str] = &[
    "all",
    "allow-opts",
    "altq",
    "anchor",
    "antispoof",
    "any",
    "bandwidth",
    "binat",
    "binat-anchor",
    "bitmask",
    "block",
    "block-policy",
    "cbq",
    "code",
    "crop",
    "debug",
    "drop",
    "drop-ovl",
    "dummynet-anchor",
    "dup-to",
    "fastroute",
    "file",
    "fingerprints",
    "flags",
    "floating",
    "flush",
    "for",
    "fragment",
    "from",
    "global",
    "group",
    "hfsc",
    "hostid",
    "icmp-type",
    "icmp6-type",
    "if-bound",
    "in",
    "inet",
    "inet6",
    "keep",
    "label",
    "limit",
    "linkshare",
    "load",
    "log",
    "loginterface",
    "max",
    "max-mss",
    "max-src-conn",
    "max-src-conn-rate",
    "max-src-nodes",
    "max-src-states",
    "min-ttl",
    "modulate",
    "nat",
    "nat-anchor",
    "no",
    "no-df",
    "no-route",
    "no-sync",
    "on",
    "optimization",
    "os",
    "out",
    "overload",
    "pass",
    "port",
    "priority",
    "priq",
    "probability",
    "proto",
    "qlimit",
    "queue",
    "quick",
    "random",
    "random-id",
    "rdr",
    "rdr-anchor",
    "realtime",
    "reassemble",
    "reply-to",
    "require-order",
    "return",
    "return-icmp",
    "return-icmp6",
    "return-rst",
    "round-robin",
    "route",
    "route-to",
    "rtable",
    "rule",
    "ruleset-optimization",
    "scrub",
    "scrub-anchor",
    "set",
    "skip",
    "sloppy",
    "source-hash",
    "source-track",
    "state",
    "state-policy",
    "static-port",
    "sticky-address",
    "synproxy",
    "table",
    "tag",
    "tagged",
    "tbrsize",
    "timeout",
    "to",
    "tos",
    "ttl",
    "upperlimit",
    "urpf-failed",
    "user",
];

/// One word of the grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Key(&'static str),
    Text(String),
    Punct(u8),
    /// `><` or `<>`.
    Between(Op),
    Arrow,
    Newline,
    End,
    /// The scanner itself refused; the remark is complete.
    Bad(Diagnostic),
}

/// A word and where it starts.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) word: Word,
    /// Byte offset in the source; inside a macro, that of its `$`.
    pub(super) at: usize,
}

#[derive(Clone, Copy)]
struct Char {
    byte: u8,
    at: usize,
    from_macro: bool,
}

struct Macro {
    value: String,
    used: bool,
    at: usize,
}

/// The scanner and the macros it has seen.
pub(super) struct Lexer<'s> {
    source: &'s str,
    pos: usize,
    held: Option<Char>,
    expansion: Option<(Vec<u8>, usize)>,
    expansion_at: usize,
    /// Bytes substituted so far.
    expanded: usize,
    macros: BTreeMap<String, Macro>,
    /// An offset and its line, so that counting lines stays linear in the text.
    counted: (usize, usize),
}

impl<'s> Lexer<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self {
            source,
            pos: 0,
            held: None,
            expansion: None,
            expansion_at: 0,
            expanded: 0,
            macros: BTreeMap::new(),
            counted: (0, 1),
        }
    }

    /// Defines or redefines a macro. `Err` when the value is longer than this check allows.
    pub(super) fn define(
        &mut self,
        name: &str,
        value: String,
        at: usize,
    ) -> Result<(), Diagnostic> {
        if value.len() > MACRO_MAX {
            return Err(self.remark(at, format!("macro `{name}` is longer than {MACRO_MAX} bytes")));
        }
        self.macros.insert(name.to_owned(), Macro { value, used: false, at });
        Ok(())
    }

    /// Macros that nothing used, with the offset of their definition.
    pub(super) fn unused(&self) -> Vec<(String, usize)> {
        let unused = self.macros.iter().filter(|(_, value)| !value.used);
        unused.map(|(name, value)| (name.clone(), value.at)).collect()
    }

    pub(super) fn remark(&self, at: usize, message: impl Into<String>) -> Diagnostic {
        let (line, col) = Diagnostic::position(self.source, at);
        Diagnostic::new(line, col, message)
    }

    /// The line of an offset, from 1.
    pub(super) fn line(&mut self, at: usize) -> usize {
        let (from, line) = if self.counted.0 <= at { self.counted } else { (0, 1) };
        let between = self.source.as_bytes().get(from..at).unwrap_or_default();
        let line = line + between.iter().filter(|byte| **byte == b'\n').count();
        self.counted = (at, line);
        line
    }

    fn raw(&mut self) -> Option<u8> {
        let byte = self.source.as_bytes().get(self.pos).copied()?;
        self.pos += 1;
        Some(byte)
    }

    fn next(&mut self) -> Option<Char> {
        if let Some((value, index)) = &mut self.expansion {
            if let Some(byte) = value.get(*index).copied() {
                *index += 1;
                return Some(Char { byte, at: self.expansion_at, from_macro: true });
            }
            self.expansion = None;
        }
        if let Some(held) = self.held.take() {
            return Some(held);
        }
        let mut at = self.pos;
        let mut byte = self.raw()?;
        while byte == b'\\' {
            byte = self.raw()?;
            if byte != b'\n' {
                break;
            }
            at = self.pos;
            byte = self.raw()?;
        }
        if byte == b' ' || byte == b'\t' {
            while matches!(self.source.as_bytes().get(self.pos), Some(b' ' | b'\t')) {
                self.pos += 1;
            }
            byte = b' ';
        }
        Some(Char { byte, at, from_macro: false })
    }

    fn unread(&mut self, char: Option<Char>) {
        let Some(char) = char else { return };
        match &mut self.expansion {
            Some((_, index)) if char.from_macro => *index = index.saturating_sub(1),
            _ => self.held = Some(char),
        }
    }

    /// Drops the rest of the line, as pfctl does after an error of the scanner.
    fn skip_line(&mut self) {
        self.expansion = None;
        while let Some(char) = self.next() {
            if char.byte == b'\n' {
                self.unread(Some(char));
                return;
            }
        }
    }

    /// The next word.
    pub(super) fn token(&mut self) -> Token {
        loop {
            let mut char = self.next();
            while char.is_some_and(|c| c.byte == b' ') {
                char = self.next();
            }
            if char.is_some_and(|c| c.byte == b'#') {
                while char.is_some_and(|c| c.byte != b'\n') {
                    char = self.next();
                }
            }
            let Some(start) = char else { return Token { word: Word::End, at: self.source.len() } };
            if start.byte == b'$' && self.expansion.is_none() {
                match self.substitute(start.at) {
                    Some(word) => return Token { word, at: start.at },
                    None => continue,
                }
            }
            return Token { word: self.word(start), at: start.at };
        }
    }

    /// Starts the substitution of the macro whose `$` stands at `at`; a word only when there is none.
    fn substitute(&mut self, at: usize) -> Option<Word> {
        let mut name = String::new();
        loop {
            let Some(char) = self.next() else { return Some(Word::End) };
            if !(char.byte.is_ascii_alphanumeric() || char.byte == b'_') {
                self.unread(Some(char));
                break;
            }
            name.push(char::from(char.byte));
        }
        let Some(found) = self.macros.get_mut(&name) else {
            let bad = self.remark(at, format!("macro `{name}` not defined"));
            self.skip_line();
            return Some(Word::Bad(bad));
        };
        found.used = true;
        self.expanded = self.expanded.saturating_add(found.value.len());
        if self.expanded > EXPANDED_MAX {
            let bad = self.remark(at, format!("macros expand to more than {EXPANDED_MAX} bytes"));
            self.skip_line();
            return Some(Word::Bad(bad));
        }
        self.expansion = Some((found.value.clone().into_bytes(), 0));
        self.expansion_at = at;
        None
    }

    fn word(&mut self, start: Char) -> Word {
        match start.byte {
            quote @ (b'"' | b'\'') => self.quoted(quote, start.at),
            b'<' => self.pair(b'<', b'>', Word::Between(Op::Outside)),
            b'>' => self.pair(b'>', b'<', Word::Between(Op::Inside)),
            b'-' => self.pair(b'-', b'>', Word::Arrow),
            b'\n' => Word::Newline,
            b if b.is_ascii_alphanumeric() || b == b':' || b == b'_' => self.plain(start),
            b => Word::Punct(b),
        }
    }

    fn pair(&mut self, first: u8, second: u8, both: Word) -> Word {
        let next = self.next();
        if next.is_some_and(|c| c.byte == second) {
            return both;
        }
        self.unread(next);
        Word::Punct(first)
    }

    fn quoted(&mut self, quote: u8, at: usize) -> Word {
        let mut bytes = Vec::new();
        loop {
            let Some(char) = self.next() else { return Word::End };
            match char.byte {
                b if b == quote => return Word::Text(String::from_utf8_lossy(&bytes).into_owned()),
                b'\n' => {}
                b => bytes.push(b),
            }
            if bytes.len() >= WORD_MAX {
                return self.too_long(at);
            }
        }
    }

    fn plain(&mut self, start: Char) -> Word {
        let mut text = String::new();
        let mut char = Some(start);
        while let Some(c) = char.filter(|c| allowed_in_word(c.byte)) {
            text.push(char::from(c.byte));
            if text.len() >= WORD_MAX {
                return self.too_long(start.at);
            }
            char = self.next();
        }
        self.unread(char);
        match KEYWORDS.binary_search(&text.as_str()).ok().and_then(|i| KEYWORDS.get(i)) {
            Some(key) => Word::Key(key),
            None => Word::Text(text),
        }
    }

    fn too_long(&mut self, at: usize) -> Word {
        let bad = self.remark(at, "string too long");
        self.skip_line();
        Word::Bad(bad)
    }
}

fn allowed_in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || (byte.is_ascii_punctuation()
            && !matches!(
                byte,
                b'(' | b')' | b'{' | b'}' | b'<' | b'>' | b'!' | b'=' | b'/' | b'#' | b','
            ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_sorted_or_the_binary_search_lies() {
        assert!(KEYWORDS.windows(2).all(|pair| pair[0] < pair[1]));
    }

    fn words(source: &str) -> Vec<Word> {
        let mut lexer = Lexer::new(source);
        lexer.define("if", "en1".into(), 0).unwrap();
        std::iter::repeat_with(|| lexer.token().word)
            .take_while(|word| *word != Word::End)
            .collect()
    }

    #[test]
    fn a_macro_joins_the_characters_that_follow_it() {
        assert_eq!(words("$if:network"), [Word::Text("en1:network".into())]);
        assert_eq!(words("\"$if\""), [Word::Text("$if".into())]);
        assert_eq!(words("block"), [Word::Key("block")]);
        assert_eq!(words("'block'"), [Word::Text("block".into())]);
        assert_eq!(words("a\\\nb c"), [Word::Text("ab".into()), Word::Text("c".into())]);
        assert_eq!(words("1>< 2"), words("1 ><2"));
    }
}
