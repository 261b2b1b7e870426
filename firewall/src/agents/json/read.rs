//! The reader: one pass over the bytes, recursion only as deep as [`MAX_DEPTH`].

use super::{Json, Member, Node, Value};
use sanctum_types::Diagnostic;
use std::collections::BTreeSet;

/// The longest text that is read: a Write of a large generated file is some MiB, and nothing that an agent sends is more.
pub const MAX_BYTES: usize = 16 << 20;
/// As deep as serde_json goes, which most programs on the other side would refuse to pass.
const MAX_DEPTH: usize = 128;
/// Values of one text. A node takes some 80 bytes, so this bounds what 16 MiB of `[[],[],…]` can take to about 20 MiB.
const MAX_NODES: usize = 1 << 18;

/// Why a text was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{mistake} at line {line}, column {col}")]
pub struct JsonError {
    /// What is wrong.
    pub mistake: Mistake,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub col: usize,
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// Longer than [`MAX_BYTES`].
    #[error("longer than 16 MiB")]
    TooLong,
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// Deeper than [`MAX_DEPTH`].
    #[error("nested deeper than 128 levels")]
    TooDeep,
    /// More values than [`MAX_NODES`].
    #[error("more than 262,144 values")]
    TooMany,
    /// The text ends within a value.
    #[error("unexpected end")]
    End,
    /// Something else stands where a value should begin.
    #[error("expected a value")]
    NoValue,
    /// No name where a member should begin.
    #[error("expected a name in double quotes")]
    NoName,
    /// No colon behind a name.
    #[error("expected `:`")]
    NoColon,
    /// Neither a comma nor the end of a list or object.
    #[error("expected `,` or the end of the list")]
    NoComma,
    /// A control character in a string, or an escape that there is not.
    #[error("not allowed in a string")]
    BadString,
    /// Not a number as JSON writes them.
    #[error("not a number")]
    BadNumber,
    /// A name that occurs twice in one object.
    #[error("a name occurs twice")]
    Twice,
    /// More behind the value.
    #[error("more text behind the value")]
    Trailing,
}

/// Reads what a program sent.
pub fn parse(bytes: &[u8]) -> Result<Node, JsonError> {
    let nowhere = |mistake| JsonError { mistake, line: 1, col: 1 };
    if bytes.len() > MAX_BYTES {
        return Err(nowhere(Mistake::TooLong));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Reader::new(text, false).whole(),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let (line, col) =
                Diagnostic::position(&String::from_utf8_lossy(before), error.valid_up_to());
            Err(JsonError { mistake: Mistake::NotUtf8, line, col })
        }
    }
}

/// Reads settings, in which comments, trailing commas and names that occur twice are kept.
pub fn parse_settings(text: &str) -> Result<Node, JsonError> {
    if text.len() > MAX_BYTES {
        return Err(JsonError { mistake: Mistake::TooLong, line: 1, col: 1 });
    }
    Reader::new(text, true).whole()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    nodes: usize,
    settings: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, settings: bool) -> Self {
        // Some editors write a byte order mark; it is no part of the value.
        let at = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
        Self { text, at, nodes: 0, settings }
    }

    fn whole(mut self) -> Result<Node, JsonError> {
        let read = self.value(0).and_then(|node| {
            self.blank()?;
            if self.at < self.text.len() { Err(Mistake::Trailing) } else { Ok(node) }
        });
        read.map_err(|mistake| {
            let (line, col) = Diagnostic::position(self.text, self.at);
            JsonError { mistake, line, col }
        })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn blank(&mut self) -> Result<(), Mistake> {
        loop {
            while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
                self.at += 1;
            }
            let rest = self.rest();
            if !self.settings {
                return Ok(());
            } else if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.at += rest.find("*/").ok_or(Mistake::End)? + 2;
            } else {
                return Ok(());
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Mistake> {
        self.blank()?;
        self.nodes += 1;
        if depth > MAX_DEPTH {
            return Err(Mistake::TooDeep);
        }
        if self.nodes > MAX_NODES {
            return Err(Mistake::TooMany);
        }
        let start = self.at;
        let value = match self.peek() {
            None => return Err(Mistake::End),
            Some(b'{') => Value::Map(self.map(depth)?),
            Some(b'[') => Value::List(self.list(depth)?),
            Some(b'"') => Value::Scalar(Json::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => Value::Scalar(Json::Number(self.number()?)),
            Some(_) => Value::Scalar(self.word()?),
        };
        Ok(Node { span: start..self.at, value })
    }

    fn word(&mut self) -> Result<Json, Mistake> {
        for (word, value) in
            [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))]
        {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(Mistake::NoValue)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Mistake> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blank()?;
            if (items.is_empty() || self.settings) && self.eat(b']') {
                return Ok(items);
            }
            items.push(self.value(depth + 1)?);
            self.blank()?;
            if self.eat(b']') {
                return Ok(items);
            }
            self.comma()?;
        }
    }

    fn comma(&mut self) -> Result<(), Mistake> {
        if self.eat(b',') {
            return Ok(());
        }
        Err(if self.peek().is_none() { Mistake::End } else { Mistake::NoComma })
    }

    fn map(&mut self, depth: usize) -> Result<Vec<Member>, Mistake> {
        self.at += 1;
        let mut members: Vec<Member> = Vec::new();
        loop {
            self.blank()?;
            if (members.is_empty() || self.settings) && self.eat(b'}') {
                break;
            }
            members.push(self.member(depth)?);
            self.blank()?;
            if self.eat(b'}') {
                break;
            }
            self.comma()?;
        }
        let names: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
        if names.len() < members.len() && !self.settings {
            return Err(Mistake::Twice);
        }
        Ok(members)
    }

    fn member(&mut self, depth: usize) -> Result<Member, Mistake> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => {}
            Some(_) => return Err(Mistake::NoName),
            None => return Err(Mistake::End),
        }
        let name = self.string()?;
        let name_span = start..self.at;
        self.blank()?;
        if !self.eat(b':') {
            return Err(if self.peek().is_none() { Mistake::End } else { Mistake::NoColon });
        }
        Ok(Member { name, name_span, node: self.value(depth + 1)? })
    }

    fn number(&mut self) -> Result<String, Mistake> {
        let start = self.at;
        let _ = self.eat(b'-');
        let whole = self.digits();
        let leading_zero =
            self.text.as_bytes().get(self.at - whole..self.at).is_some_and(|d| d.starts_with(b"0"));
        if whole == 0 || (whole > 1 && leading_zero) {
            return Err(Mistake::BadNumber);
        }
        if self.eat(b'.') && self.digits() == 0 {
            return Err(Mistake::BadNumber);
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            if self.digits() == 0 {
                return Err(Mistake::BadNumber);
            }
        }
        Ok(self.text.get(start..self.at).unwrap_or_default().to_owned())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn string(&mut self) -> Result<String, Mistake> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let plain = rest
                .bytes()
                .position(|byte| byte == b'"' || byte == b'\\' || byte < 0x20)
                .unwrap_or(rest.len());
            out.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                None => return Err(Mistake::End),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => self.escape(&mut out)?,
                Some(_) => return Err(Mistake::BadString),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), Mistake> {
        self.at += 1;
        let letter = self.peek().ok_or(Mistake::End)?;
        let plain = match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(out),
            _ => return Err(Mistake::BadString),
        };
        self.at += 1;
        out.push(plain);
        Ok(())
    }

    /// Half of a pair of surrogates becomes U+FFFD. JavaScript strings can hold one, above all where an output was cut, and
    /// a program that is started gets U+FFFD for it too.
    fn unicode(&mut self, out: &mut String) -> Result<(), Mistake> {
        let high = self.hex()?;
        let pair = (0xD800..0xDC00).contains(&high) && self.rest().starts_with("\\u");
        if pair {
            let back = self.at;
            self.at += 1;
            let low = self.hex()?;
            if (0xDC00..0xE000).contains(&low) {
                let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                return Ok(());
            }
            self.at = back;
        }
        out.push(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
        Ok(())
    }

    /// The four digits behind the `u` that stands here.
    fn hex(&mut self) -> Result<u32, Mistake> {
        let digits = self.text.get(self.at + 1..self.at + 5).ok_or(Mistake::BadString)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Mistake::BadString);
        }
        self.at += 5;
        u32::from_str_radix(digits, 16).map_err(|_| Mistake::BadString)
    }
}
