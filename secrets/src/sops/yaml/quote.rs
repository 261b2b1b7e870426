//! A scalar as YAML: plain where that reads back, else quoted, and a literal block for text of several lines.
//!
//! The invariant: what is written reads back as the same scalar, by the original too. Deliberately absent: indentation of anything but
//! the lines of a block.

use zeroize::Zeroizing;

use super::resolve;
use crate::sops::text::Scalar;

/// A scalar in writing.
pub(super) struct Written {
    /// What stands on the line of the key or dash.
    pub(super) inline: Zeroizing<String>,
    /// The lines of a literal block, each after a break; empty for all else.
    pub(super) block: Zeroizing<String>,
}

/// Where a scalar will stand.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    /// Inside brackets or braces.
    pub(super) flow: bool,
    /// The column of a literal block's lines; `None` where no block may stand.
    pub(super) block: Option<usize>,
    /// The text's line break.
    pub(super) newline: &'static str,
}

/// Writes a scalar.
pub(super) fn scalar(value: &Scalar, spot: Spot) -> Written {
    let inline = match value {
        Scalar::Str(text) => return string(text, spot),
        Scalar::Int(number) => number.to_string(),
        Scalar::Float(number) => float(*number),
        Scalar::Bool(truth) => truth.to_string(),
        Scalar::Null => String::from("null"),
        Scalar::Time(moment) => match resolve::scalar(None, true, moment) {
            Ok(Scalar::Time(_)) => moment.to_string(),
            // Not a moment to any reader: only quotes keep it what it is.
            _ => return string(moment, Spot { block: None, ..spot }),
        },
    };
    Written { inline: Zeroizing::new(inline), block: Zeroizing::default() }
}

/// A key: never a block.
pub(super) fn key(text: &str, flow: bool) -> Zeroizing<String> {
    string(text, Spot { flow, block: None, newline: "\n" }).inline
}

/// A number that reads back as a float: with a point or an exponent, where the original writes `1`.
fn float(number: f64) -> String {
    if number.is_nan() {
        return String::from(".nan");
    }
    if number.is_infinite() {
        return String::from(if number > 0.0 { ".inf" } else { "-.inf" });
    }
    // Below 1e16 every digit is exact; above, zeros would only pretend to be.
    if number != 0.0 && !(1e-5..1e16).contains(&number.abs()) {
        return format!("{number:e}");
    }
    let text = number.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

fn string(text: &str, spot: Spot) -> Written {
    let inline =
        |text: String| Written { inline: Zeroizing::new(text), block: Zeroizing::default() };
    if let Some(column) = spot.block
        && let Some(header) = literal_header(text)
    {
        return Written {
            inline: Zeroizing::new(header.to_owned()),
            block: literal(text, column, spot.newline),
        };
    }
    if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !text.chars().all(is_printable) {
        return inline(double(text));
    }
    if is_plain(text, spot.flow) {
        return inline(text.to_owned());
    }
    if !resolve::is_text(text) || is_word_of_1_1(text) || text.contains('\'') {
        return inline(double(text));
    }
    inline(format!("'{text}'"))
}

/// `|` or `|-`; `None` where a literal block would not hold the text.
fn literal_header(text: &str) -> Option<&'static str> {
    if !text.contains('\n') {
        return None;
    }
    let body = text.strip_suffix('\n');
    let lines = body.unwrap_or(text);
    // A first line that begins with white space would need an indentation indicator; a last empty line, `|+`.
    let shaped =
        !lines.starts_with([' ', '\t', '\n']) && !lines.ends_with('\n') && !lines.is_empty();
    // A last line of white space only would be taken for one that is empty.
    let ends = !lines.rsplit('\n').next().unwrap_or_default().trim_matches([' ', '\t']).is_empty();
    let letters = text.chars().all(|letter| letter == '\n' || is_printable(letter));
    (shaped && ends && letters).then_some(if body.is_some() { "|" } else { "|-" })
}

fn literal(text: &str, column: usize, newline: &str) -> Zeroizing<String> {
    let lines = text.strip_suffix('\n').unwrap_or(text);
    let count = lines.split('\n').count();
    let mut block =
        Zeroizing::new(String::with_capacity(text.len() + count * (column + newline.len())));
    for line in lines.split('\n') {
        block.push_str(newline);
        if !line.is_empty() {
            block.extend(std::iter::repeat_n(' ', column));
            block.push_str(line);
        }
    }
    block
}

/// Printable on one line by YAML's rules, without the marks and breaks that readers treat differently.
fn is_printable(letter: char) -> bool {
    match letter {
        '\t' => true,
        '\u{85}' | '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
            false
        }
        letter => !letter.is_control(),
    }
}

fn is_plain(text: &str, flow: bool) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let leads = match first {
        ' ' | '\t' | ',' | '[' | ']' | '{' | '}' | '#' | '&' | '*' | '!' | '|' | '>' | '\''
        | '"' | '%' | '@' | '`' | '=' | '<' => false,
        '-' | '?' | ':' => text
            .chars()
            .nth(1)
            .is_some_and(|second| !matches!(second, ' ' | '\t' | ',' | '[' | ']' | '{' | '}')),
        _ => true,
    };
    let marks = text.starts_with("---")
        || text.starts_with("...")
        || text.starts_with("===")
        || text.starts_with(">>>");
    let breaking = |pair: &[u8]| matches!(pair, [b':', b' ' | b'\t'] | [b' ' | b'\t', b'#']);
    let breaks = text.as_bytes().windows(2).any(breaking) || text.ends_with([' ', '\t', ':']);
    let brackets = flow && text.contains([',', '[', ']', '{', '}', ':', '?']);
    leads && !marks && !breaks && !brackets && resolve::is_text(text) && !is_word_of_1_1(text)
}

/// Words and base-60 numbers that readers of YAML 1.1 take for something else; the original quotes them too.
fn is_word_of_1_1(text: &str) -> bool {
    let words = ["y", "yes", "on", "n", "no", "off", "true", "false", "null"];
    let word = words.iter().any(|word| text.eq_ignore_ascii_case(word));
    let sixty = text.contains(':')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'_' | b'.' | b'+' | b'-'));
    word || sixty
}

fn double(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() * 2 + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\0' => quoted.push_str("\\0"),
            letter if is_printable(letter) => quoted.push(letter),
            letter => match u32::from(letter) {
                code @ ..=0xff => quoted.push_str(&format!("\\x{code:02x}")),
                code @ ..=0xffff => quoted.push_str(&format!("\\u{code:04x}")),
                code => quoted.push_str(&format!("\\U{code:08x}")),
            },
        }
    }
    quoted.push('"');
    quoted
}
