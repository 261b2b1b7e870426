//! JSON as Go's encoder writes it, which is how the original's documents look.

use super::super::text::{Node, Scalar};
use super::super::value::fixed;
use super::read::{Is, Item};
use std::fmt::Write as _;

/// A text as a JSON string: `<`, `>`, `&` and the two separators of JavaScript are escaped as Go escapes them.
#[must_use]
pub fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A number as Go's encoder writes it: an exponent below 1e-6 and from 1e21 on.
fn number(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{number:e}");
        return match text.split_once('e') {
            Some((digits, power)) if !power.starts_with('-') => format!("{digits}e+{power}"),
            _ => text,
        };
    }
    fixed(number)
}

/// A scalar. What JSON has no number for is written as text.
#[must_use]
pub fn scalar(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Str(text) | Scalar::Time(text) => string(text),
        Scalar::Int(whole) => whole.to_string(),
        Scalar::Float(float) if float.is_finite() => number(*float),
        Scalar::Float(float) => string(&fixed(*float)),
        Scalar::Bool(yes) => yes.to_string(),
        Scalar::Null => "null".to_owned(),
    }
}

/// Writes trees, one entry a line.
#[derive(Clone, Debug)]
pub struct Layout {
    /// What one level is indented by.
    pub unit: String,
}

impl Layout {
    fn line(&self, out: &mut String, depth: usize) {
        out.push('\n');
        for _ in 0..depth {
            out.push_str(&self.unit);
        }
    }

    /// A tree whose first line stands at that depth.
    #[must_use]
    pub fn node(&self, node: &Node, depth: usize) -> String {
        let mut out = String::new();
        self.put(node, depth, &mut out);
        out
    }

    fn put(&self, node: &Node, depth: usize, out: &mut String) {
        match node {
            Node::Scalar(one) => out.push_str(&scalar(one)),
            Node::List(items) if items.is_empty() => out.push_str("[]"),
            Node::Map(entries) if entries.is_empty() => out.push_str("{}"),
            Node::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    out.push(if at == 0 { '[' } else { ',' });
                    self.line(out, depth + 1);
                    self.put(item, depth + 1, out);
                }
                self.line(out, depth);
                out.push(']');
            }
            Node::Map(entries) => {
                for (at, (key, node)) in entries.iter().enumerate() {
                    out.push(if at == 0 { '{' } else { ',' });
                    self.line(out, depth + 1);
                    out.push_str(&string(key));
                    out.push_str(": ");
                    self.put(node, depth + 1, out);
                }
                self.line(out, depth);
                out.push('}');
            }
        }
    }

    /// A text that was read, laid out anew; scalars and keys keep their spelling.
    pub fn again(&self, text: &str, item: &Item, depth: usize, out: &mut String) {
        let spelling = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
        match &item.is {
            Is::Scalar(_) => out.push_str(spelling(item.span.clone())),
            Is::List(items) if items.is_empty() => out.push_str("[]"),
            Is::Map(members) if members.is_empty() => out.push_str("{}"),
            Is::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    out.push(if at == 0 { '[' } else { ',' });
                    self.line(out, depth + 1);
                    self.again(text, item, depth + 1, out);
                }
                self.line(out, depth);
                out.push(']');
            }
            Is::Map(members) => {
                for (at, member) in members.iter().enumerate() {
                    out.push(if at == 0 { '{' } else { ',' });
                    self.line(out, depth + 1);
                    let key = spelling(member.start..member.item.span.start);
                    out.push_str(key.trim_end_matches([' ', '\t', '\n', '\r', ':']));
                    out.push_str(": ");
                    self.again(text, &member.item, depth + 1, out);
                }
                self.line(out, depth);
                out.push('}');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_spelled_as_go_spells_them() {
        for (float, text) in [
            (1.0, "1"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (1e-7, "1e-7"),
            (1.5e300, "1.5e+300"),
            (0.000_001, "0.000001"),
            (-0.0, "-0"),
        ] {
            assert_eq!(number(float), text);
        }
        assert_eq!(
            string("x<y>&\u{2028}\u{1}\u{7f}é"),
            "\"x\\u003cy\\u003e\\u0026\\u2028\\u0001\u{7f}é\""
        );
    }
}
