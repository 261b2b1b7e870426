//! One file: values by key, with their places, and what is wrong with it.

use super::Layer;
use super::table::{KEYS, Key, fits, key};
use super::value::{Value, ValueError};
use sanctum_types::Diagnostic;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// The file says something that has no effect.
    Warning,
    /// The file says something that cannot be followed.
    Error,
}

/// Something about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub grade: Grade,
    /// Whose file.
    pub layer: Layer,
    /// The key; empty where it is about the whole file.
    pub key: String,
    /// Where and what.
    pub at: Diagnostic,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The value.
    pub value: Value,
    /// Line of its key, from 1.
    pub line: usize,
    /// Column of its key, from 1.
    pub col: usize,
}

/// What a file says, and what is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Layered {
    /// Whose file.
    pub layer: Layer,
    /// Values by dotted name.
    pub values: BTreeMap<String, Placed>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// A file longer than this is no configuration.
const MOST_BYTES: usize = 1 << 20;
/// Lists that the published configuration caps, by key.
const CAPPED: &[&str] = &["sentinel.cargo.allowlist", "sentinel.pip.allowlist"];
/// Its cap.
const CAP: usize = 50;

/// Reads a file of this layer.
#[must_use]
pub fn parse(text: &str, layer: Layer) -> Layered {
    let mut reader =
        Reader { text, out: Layered { layer, values: BTreeMap::new(), findings: Vec::new() } };
    if text.len() > MOST_BYTES {
        reader.tell(Grade::Error, "", 0, "the file is longer than 1 MiB");
        return reader.out;
    }
    match DeTable::parse(text) {
        Ok(table) => reader.table("", table.get_ref(), 0),
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let message = error.message().lines().next().unwrap_or_default().to_owned();
            reader.tell(Grade::Error, "", at, &message);
        }
    }
    reader.out
}

struct Reader<'a> {
    text: &'a str,
    out: Layered,
}

impl Reader<'_> {
    fn tell(&mut self, grade: Grade, key: &str, at: usize, message: &str) {
        let (line, col) = Diagnostic::position(self.text, at);
        let diagnostic = Diagnostic::new(line, col, message);
        self.out.findings.push(Finding {
            grade,
            layer: self.out.layer,
            key: key.to_owned(),
            at: diagnostic,
        });
    }

    /// What to do about the last finding.
    fn hint(&mut self, hint: Option<String>) {
        if let Some(last) = self.out.findings.last_mut() {
            last.at.hint = hint;
        }
    }

    fn table(&mut self, prefix: &str, table: &DeTable<'_>, depth: usize) {
        for (name, value) in table {
            let part = name.get_ref();
            let part =
                if part.contains(['.', '"']) { format!("\"{part}\"") } else { part.to_string() };
            let dotted = if prefix.is_empty() { part } else { format!("{prefix}.{part}") };
            self.one(&dotted, name.span().start, value, depth);
        }
    }

    fn one(&mut self, dotted: &str, at: usize, value: &Spanned<DeValue<'_>>, depth: usize) {
        if let Some(key) = key(dotted) {
            return self.value(key, dotted, at, value.get_ref());
        }
        if is_section(dotted, depth) {
            match value.get_ref().as_table() {
                Some(table) => self.table(dotted, table, depth + 1),
                None => {
                    self.tell(Grade::Error, dotted, at, &format!("`{dotted}` is not a table"));
                }
            }
            return;
        }
        self.tell(Grade::Warning, dotted, at, &format!("unknown key `{dotted}`"));
        self.hint(nearest(dotted).map(|near| format!("did you mean `{near}`?")));
    }

    fn value(&mut self, key: &Key, dotted: &str, at: usize, value: &DeValue<'_>) {
        let (read, error) = key.kind.read(value);
        if let Some(error) = error {
            let hint = match (&error, &read) {
                (ValueError::Bounds(..), Some(held)) => Some(format!("{held} is used")),
                _ => None,
            };
            self.tell(Grade::Error, dotted, at, &format!("`{dotted}`: {error}"));
            self.hint(hint);
        }
        let Some(mut value) = read else { return };
        if let Some(message) = narrowed(dotted, &mut value) {
            self.tell(Grade::Error, dotted, at, &message);
        }
        let (line, col) = Diagnostic::position(self.text, at);
        self.out.values.insert(dotted.to_owned(), Placed { value, line, col });
    }
}

/// Rules that no kind expresses: capped lists, domains of Go prefixes, actions of CEL rules.
fn narrowed(dotted: &str, value: &mut Value) -> Option<String> {
    match value {
        Value::Texts(items) if CAPPED.contains(&dotted) && items.len() > CAP => {
            items.truncate(CAP);
            Some(format!("`{dotted}` holds more than {CAP} names; the rest has no effect"))
        }
        Value::Texts(items) if dotted == "sentinel.go.trusted_prefixes" => {
            let before = items.len();
            items.retain(|item| item.split('/').next().is_some_and(|domain| domain.contains('.')));
            (items.len() < before)
                .then(|| format!("`{dotted}` holds a prefix without a domain; it has no effect"))
        }
        Value::Rows(rows) if dotted == "ai_firewall.mcp_cel_rules" => {
            let mut wrong = false;
            for row in rows {
                let action = row.get("action").and_then(|items| items.first());
                if !matches!(action.map(String::as_str), Some("deny" | "allow" | "warn" | "ask")) {
                    wrong = true;
                    row.insert("action".to_owned(), vec!["deny".to_owned()]);
                }
            }
            wrong.then(|| format!("`{dotted}` has a rule without a known action; it denies"))
        }
        _ => None,
    }
}

fn is_section(dotted: &str, depth: usize) -> bool {
    KEYS.iter().any(|key| {
        let parts: Vec<&str> = key.name.split('.').collect();
        let head = parts.get(..=depth).filter(|_| parts.len() > depth + 1);
        head.is_some_and(|head| fits(&head.join("."), dotted))
    })
}

/// The known name, of a key or of a section, that a person may have meant.
#[must_use]
pub fn nearest(dotted: &str) -> Option<&'static str> {
    let sections = KEYS
        .iter()
        .flat_map(|key| key.name.match_indices('.').filter_map(|(at, _)| key.name.get(..at)));
    let names = KEYS.iter().map(|key| key.name).chain(sections);
    let (distance, name) =
        names.map(|name| (strsim::damerau_levenshtein(name, dotted), name)).min()?;
    // A third of the letters may differ, as for every such hint of this house.
    (distance <= dotted.len() / 3).then_some(name)
}
