//! The writer: one line, or with the indentation of a settings file.

use super::Json;
use std::fmt;

impl fmt::Display for Json {
    /// On one line, without blanks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        write(&mut out, self, None, 0);
        f.write_str(&out)
    }
}

impl Json {
    /// Over several lines, each level deeper by `unit` and the first one at `level`; the first line has no indentation.
    #[must_use]
    pub fn pretty(&self, layout: Layout<'_>, level: usize) -> String {
        let mut out = String::new();
        write(&mut out, self, Some(layout), level);
        out
    }
}

/// How a file is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'a> {
    /// One level of indentation.
    pub unit: &'a str,
    /// `\n` or `\r\n`.
    pub newline: &'a str,
}

fn write(out: &mut String, json: &Json, layout: Option<Layout<'_>>, level: usize) {
    match json {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(text) => out.push_str(text),
        Json::Text(text) => quote(out, text),
        Json::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(out, at, layout, level + 1);
                write(out, item, layout, level + 1);
            }
            close(out, items.is_empty(), layout, level);
            out.push(']');
        }
        Json::Map(members) => {
            out.push('{');
            for (at, (name, value)) in members.iter().enumerate() {
                separate(out, at, layout, level + 1);
                quote(out, name);
                out.push_str(if layout.is_some() { ": " } else { ":" });
                write(out, value, layout, level + 1);
            }
            close(out, members.is_empty(), layout, level);
            out.push('}');
        }
    }
}

fn separate(out: &mut String, at: usize, layout: Option<Layout<'_>>, level: usize) {
    if at > 0 {
        out.push(',');
    }
    if let Some(layout) = layout {
        break_line(out, layout, level);
    }
}

fn close(out: &mut String, empty: bool, layout: Option<Layout<'_>>, level: usize) {
    if let Some(layout) = layout.filter(|_| !empty) {
        break_line(out, layout, level);
    }
}

/// A new line at this level.
pub(crate) fn break_line(out: &mut String, layout: Layout<'_>, level: usize) {
    out.push_str(layout.newline);
    (0..level).for_each(|_| out.push_str(layout.unit));
}

/// A string in quotes.
pub(crate) fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // U+2028 and U+2029 end a line in JavaScript before ES2019; DEL and C1 steer terminals.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
