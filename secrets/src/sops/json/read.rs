//! A reader of JSON that knows where everything is.
//!
//! It takes what Go's decoder takes: RFC 8259, names that appear twice, halves of surrogate pairs (read as U+FFFD).

use super::super::text::{Scalar, TextError};
use std::ops::Range;
use zeroize::Zeroizing;

/// How deep branches may lie in one another; the reader is recursive.
const DEPTH: usize = 256;

/// A value and where it is.
#[derive(Clone, Debug)]
pub struct Item {
    /// From its first to after its last byte.
    pub span: Range<usize>,
    /// What it is.
    pub is: Is,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum Is {
    /// A scalar.
    Scalar(Scalar),
    /// A list.
    List(Vec<Item>),
    /// A map.
    Map(Vec<Member>),
}

/// An entry of a map.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name, unescaped.
    pub key: String,
    /// Where the name begins, at its quote.
    pub start: usize,
    /// Its value.
    pub item: Item,
}

/// Reads a document: one map and nothing after it.
pub fn document(text: &str) -> Result<Item, TextError> {
    let mut reader = Reader { text, at: 0 };
    // Go's reader does not take a mark either, but files from elsewhere begin with one.
    reader.eat("\u{feff}");
    reader.space();
    if !reader.text[..].is_char_boundary(reader.at) || reader.peek() != Some(b'{') {
        return Err(reader.wrong("a document begins with `{`"));
    }
    let item = reader.value(0)?;
    reader.space();
    if reader.at < text.len() {
        return Err(reader.wrong("there is something after the document"));
    }
    Ok(item)
}

/// Reads any one value, such as one that is to be set.
pub fn value(text: &str) -> Result<Item, TextError> {
    let mut reader = Reader { text, at: 0 };
    reader.space();
    let item = reader.value(0)?;
    reader.space();
    if reader.at < text.len() {
        return Err(reader.wrong("there is something after the value"));
    }
    Ok(item)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, token: &str) -> bool {
        let eaten = self.rest().starts_with(token);
        if eaten {
            self.at += token.len();
        }
        eaten
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// An error at this place.
    fn wrong(&self, what: &str) -> TextError {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        TextError::Syntax { line, column, what: what.to_owned() }
    }

    fn value(&mut self, depth: usize) -> Result<Item, TextError> {
        if depth > DEPTH {
            return Err(self.wrong("branches lie too deep in one another"));
        }
        let start = self.at;
        let is = match self.peek() {
            Some(b'{') => Is::Map(self.map(depth)?),
            Some(b'[') => Is::List(self.list(depth)?),
            Some(b'"') => Is::Scalar(Scalar::Str(Zeroizing::new(self.string()?))),
            Some(b'-' | b'0'..=b'9') => Is::Scalar(self.number()?),
            _ if self.eat("true") => Is::Scalar(Scalar::Bool(true)),
            _ if self.eat("false") => Is::Scalar(Scalar::Bool(false)),
            _ if self.eat("null") => Is::Scalar(Scalar::Null),
            _ => return Err(self.wrong("a value was expected")),
        };
        Ok(Item { span: start..self.at, is })
    }

    /// Whether one more element comes: the closing mark, or a comma between two.
    fn more(&mut self, first: bool, close: &str) -> Result<bool, TextError> {
        self.space();
        if self.eat(close) {
            return Ok(false);
        }
        if !first {
            if !self.eat(",") {
                return Err(self.wrong("a comma or the end was expected"));
            }
            self.space();
        }
        Ok(true)
    }

    fn map(&mut self, depth: usize) -> Result<Vec<Member>, TextError> {
        let mut members = Vec::new();
        self.at += 1;
        while self.more(members.is_empty(), "}")? {
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a key was expected"));
            }
            let key = self.string()?;
            self.space();
            if !self.eat(":") {
                return Err(self.wrong("a colon was expected"));
            }
            self.space();
            members.push(Member { key, start, item: self.value(depth + 1)? });
        }
        Ok(members)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Item>, TextError> {
        let mut items = Vec::new();
        self.at += 1;
        while self.more(items.is_empty(), "]")? {
            items.push(self.value(depth + 1)?);
        }
        Ok(items)
    }

    fn digits(&mut self) -> Result<(), TextError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if start == self.at { Err(self.wrong("a digit was expected")) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Scalar, TextError> {
        let start = self.at;
        self.eat("-");
        if !self.eat("0") {
            self.digits()?;
        }
        let mut whole = true;
        if self.eat(".") {
            whole = false;
            self.digits()?;
        }
        if self.eat("e") || self.eat("E") {
            whole = false;
            let _ = self.eat("+") || self.eat("-");
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        // `-0` is a floating point number in Go.
        if let (true, Ok(number)) = (whole && text != "-0", text.parse()) {
            return Ok(Scalar::Int(number));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Scalar::Float(number)),
            _ => Err(self.wrong("the number is too large")),
        }
    }

    fn string(&mut self) -> Result<String, TextError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let plain =
                rest.find(|c: char| matches!(c, '"' | '\\') || c < ' ').unwrap_or(rest.len());
            out.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                Some(_) => return Err(self.wrong("a control character in a string")),
                None => return Err(self.wrong("a string does not end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, TextError> {
        let plain = match self.peek() {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                let high = self.hex()?;
                let low_at = self.at;
                if (0xd800..0xdc00).contains(&high) && self.eat("\\u") {
                    let low = self.hex()?;
                    if (0xdc00..0xe000).contains(&low) {
                        let point = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                        return Ok(char::from_u32(point).unwrap_or('\u{fffd}'));
                    }
                    self.at = low_at;
                }
                return Ok(char::from_u32(high).unwrap_or('\u{fffd}'));
            }
            _ => return Err(self.wrong("an escape that JSON does not have")),
        };
        self.at += 1;
        Ok(plain)
    }

    fn hex(&mut self) -> Result<u32, TextError> {
        let digits = self.rest().get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(point) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return Err(self.wrong("four hexadecimal digits were expected"));
        };
        self.at += 4;
        Ok(point)
    }
}
