//! The seam to the detection of secrets in clear text, and the hiding of what it found.
//!
//! What is a secret is decided elsewhere; here every line, comment and value is asked about once. The text that a
//! refusal shows has each found secret replaced, and so has every message.

use super::tree::Node;
use sanctum_types::Diagnostic;
use std::ops::Range;

/// What stands in place of a secret.
pub const REDACTED: &str = "[redacted]";

/// One secret in clear text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleartext {
    /// What kind of secret it is, for people; never a part of it.
    pub kind: String,
    /// Its bytes in the value that was asked about.
    pub range: Range<usize>,
}

/// Decides whether a text holds a secret.
pub trait CleartextCheck {
    /// The first secret in `value`; `key` is the name that the value stands under, where it has one.
    fn find(&self, key: Option<&str>, value: &str) -> Option<Cleartext>;

    /// Every secret in a whole text, by position; line by line unless a check knows secrets of several lines.
    fn find_all(&self, text: &str) -> Vec<Cleartext> {
        let mut found = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let key = line.split_once(':').map(|(key, _)| key.trim_matches(BEFORE_KEY));
            let mut from = 0;
            while let Some(hit) = line.get(from..).and_then(|rest| self.find(key, rest)) {
                let at = start + from;
                found.push(Cleartext { range: at + hit.range.start..at + hit.range.end, ..hit });
                from += hit.range.end.max(1);
            }
            start += line.len();
        }
        found
    }
}

/// What may stand around a key on its line, commented out or not.
const BEFORE_KEY: [char; 7] = [' ', '\t', '-', '#', '{', '"', '\''];

/// The built-in rules of the `firewall` crate: exact kinds anywhere, and values that only their key gives away.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltinRules;

impl CleartextCheck for BuiltinRules {
    fn find(&self, key: Option<&str>, value: &str) -> Option<Cleartext> {
        let exact = self.find_all(value).into_iter().next();
        exact.or_else(|| {
            let named = sanctum_firewall::find_cleartext(value, key)?;
            Some(Cleartext { kind: kind(named.rule), range: 0..value.len() })
        })
    }

    fn find_all(&self, text: &str) -> Vec<Cleartext> {
        let found = sanctum_firewall::find(text.as_bytes());
        found.into_iter().map(|m| Cleartext { kind: kind(m.rule), range: m.range }).collect()
    }
}

fn kind(rule: &sanctum_firewall::Rule) -> String {
    format!("{} ({})", rule.title, rule.id)
}

/// Finds nothing: for texts that sanctum itself has just written from types.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCheck;

impl CleartextCheck for NoCheck {
    fn find(&self, _: Option<&str>, _: &str) -> Option<Cleartext> {
        None
    }
}

/// The text with a space for every `#` that starts a line: every other byte stays where it is.
fn uncommented(text: &str) -> String {
    let mut fresh = true;
    let blank = |c: char| {
        let mark = fresh && c == '#';
        fresh = c == '\n' || (fresh && c.is_whitespace()) || mark;
        if mark { ' ' } else { c }
    };
    text.chars().map(blank).collect()
}

/// Secrets of one text: what they are, and their bytes in that text, sorted and apart from each other.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    found: Vec<(Range<usize>, String)>,
}

impl Secrets {
    /// Asks about a whole text, comments and keys included.
    pub(crate) fn of_text(text: &str, check: &dyn CleartextCheck) -> Self {
        let mut secrets = Self::default();
        // A key of several lines that was commented out is one key only without the marks of the comment.
        for hit in check.find_all(text).into_iter().chain(check.find_all(&uncommented(text))) {
            secrets.add(hit.range, hit.kind);
        }
        secrets
    }

    /// Asks about every value: one that is folded over lines or escaped shows its secret only when read.
    pub(crate) fn add_values(&mut self, tree: &Node, check: &dyn CleartextCheck) {
        tree.scalars(None, &mut |key, scalar| {
            if let Some(hit) = check.find(key, &scalar.text) {
                self.add(scalar.bytes.clone(), hit.kind);
            }
        });
    }

    /// Whether any was found.
    pub(crate) const fn any(&self) -> bool {
        !self.found.is_empty()
    }

    fn add(&mut self, bytes: Range<usize>, kind: String) {
        let apart = |(known, _): &(Range<usize>, String)| {
            known.end <= bytes.start || bytes.end <= known.start
        };
        if !bytes.is_empty() && self.found.iter().all(apart) {
            self.found.push((bytes, kind));
            self.found.sort_by_key(|(range, _)| range.start);
        }
    }

    /// One remark for each secret.
    pub(crate) fn remarks(&self, text: &str) -> impl Iterator<Item = Diagnostic> {
        self.found.iter().map(move |(bytes, kind)| {
            let (line, col) = Diagnostic::position(text, bytes.start);
            Diagnostic::new(line, col, format!("a secret in clear text: {kind}")).with_hint(
                "put it into a store, rotate it, and write `ref: keychain:service/account` (or sops:, file:, op://, age:) under `secrets`",
            )
        })
    }

    /// Replaces every part of `message` that repeats a secret of `text`.
    pub(crate) fn hide_in(&self, text: &str, message: &str) -> String {
        let values = self.found.iter().filter_map(|(bytes, _)| text.get(bytes.clone()));
        values.fold(message.to_owned(), |message, value| message.replace(value.trim(), REDACTED))
    }

    /// One line of the text with its secrets replaced, and where `col` (in characters, from 1) comes to stand.
    pub(crate) fn line(&self, text: &str, line: usize, col: usize) -> Option<(String, usize)> {
        let whole = text.split_inclusive('\n').nth(line.checked_sub(1)?)?;
        let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let end = start + whole.trim_end_matches(['\n', '\r']).len();
        let mut shown = String::new();
        let mut caret = None;
        let mut at = start;
        let offset = text
            .get(start..end)?
            .char_indices()
            .nth(col.saturating_sub(1))
            .map_or(end, |(i, _)| start + i);
        let hidden = self.found.iter().map(|(bytes, _)| bytes.start.max(start)..bytes.end.min(end));
        for bytes in hidden.filter(|bytes| bytes.start < bytes.end) {
            let clear = text.get(at..bytes.start)?;
            if offset < bytes.end && caret.is_none() {
                let within = text.get(at..offset.min(bytes.start))?;
                caret = Some(shown.chars().count() + within.chars().count() + 1);
            }
            shown.push_str(clear);
            shown.push_str(REDACTED);
            at = bytes.end;
        }
        let caret = match caret {
            Some(caret) => caret,
            None => shown.chars().count() + text.get(at..offset.max(at))?.chars().count() + 1,
        };
        shown.push_str(text.get(at..end)?);
        Some(window(shown, caret))
    }
}

/// The part of a long line around its caret.
fn window(line: String, caret: usize) -> (String, usize) {
    // Twice the width of a terminal; lines that people write are shorter.
    const WIDTH: usize = 160;
    if line.chars().count() <= WIDTH {
        return (line, caret);
    }
    let from = caret.saturating_sub(WIDTH / 2);
    let part: String = line.chars().skip(from).take(WIDTH).collect();
    (format!("\u{2026}{part}\u{2026}"), caret - from + 1)
}
