//! Whether the keys and words of a file are ones that the format knows, judged by the format's own schema.
//!
//! serde stops at the first mistake; this pass gives every unknown key, missing key and unknown word with its
//! position and the nearest known spelling. Numbers, addresses and names are left to serde.

use super::tree::{Kind, Node, Pos, Scalar};
use sanctum_types::Diagnostic;
use serde_json::Value;
use std::collections::BTreeSet;

/// Every key and word that the schema does not know, in the order of the file.
pub(crate) fn judge(root: &Node, schema: &Value) -> Vec<Diagnostic> {
    let mut pass = Pass { schema, remarks: Vec::new() };
    pass.node(root, schema, "the file", root.pos);
    pass.remarks.sort();
    pass.remarks
}

/// The known word that is nearest to `given`, when it is near enough to be a slip of the keyboard.
pub(crate) fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Jaro-Winkler favours common beginnings; 0.8 takes two slips in a word of eight letters.
    const NEAR: f64 = 0.8;
    known
        .map(|word| (strsim::jaro_winkler(given, word), word))
        .filter(|(score, _)| *score >= NEAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}

struct Pass<'s> {
    schema: &'s Value,
    remarks: Vec<Diagnostic>,
}

impl<'s> Pass<'s> {
    fn remark(&mut self, (line, col): Pos, message: String, hint: Option<String>) {
        let remark = Diagnostic::new(line, col, message);
        self.remarks.push(match hint {
            Some(hint) => remark.with_hint(hint),
            None => remark,
        });
    }

    fn node(&mut self, node: &Node, schema: &'s Value, name: &str, key: Pos) {
        let branches = self.branches(schema);
        match &node.kind {
            Kind::Map(_) => {
                let objects: Vec<&Value> =
                    branches.into_iter().filter(|b| is(b, "object")).collect();
                self.one_of(node, &objects, name, key);
            }
            Kind::Seq(items) => {
                if let Some(inner) = branches.into_iter().find_map(|b| b.get("items")) {
                    for item in items {
                        self.node(item, inner, name, item.pos);
                    }
                }
            }
            Kind::Scalar(scalar) => self.word(scalar, node.pos, &branches),
        }
    }

    /// A mapping that can be one of several is the one that knows its first key.
    fn one_of(&mut self, node: &Node, objects: &[&'s Value], name: &str, at: Pos) {
        let Kind::Map(entries) = &node.kind else { return };
        let words = |object: &'s Value| object.get("properties").and_then(Value::as_object);
        let knows = |object: &&&'s Value, word: &str| {
            words(object).is_some_and(|words| words.contains_key(word))
        };
        match (objects, entries.first()) {
            ([object], _) => self.map(node, object, name, at),
            ([], _) | (_, None) => {}
            (_, Some((key, _))) => match objects.iter().find(|one| knows(one, &key.text)) {
                Some(object) => self.map(node, object, name, at),
                None => {
                    let all = objects.iter().filter_map(|one| words(one)).flat_map(|w| w.keys());
                    let hint = hint(&key.text, all.map(String::as_str));
                    let message = format!("unknown key `{}` in {}", key.text, quoted(name));
                    self.remark(key.pos, message, hint);
                }
            },
        }
    }

    /// The schema without references, and each alternative of it by itself.
    fn branches(&self, schema: &'s Value) -> Vec<&'s Value> {
        let schema = self.resolve(schema);
        match schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array) {
            Some(list) => list.iter().flat_map(|branch| self.branches(branch)).collect(),
            None => vec![schema],
        }
    }

    fn resolve(&self, schema: &'s Value) -> &'s Value {
        let target =
            schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix("#/$defs/"));
        target.and_then(|name| self.schema.get("$defs")?.get(name)).unwrap_or(schema)
    }

    fn map(&mut self, node: &Node, object: &'s Value, name: &str, at: Pos) {
        let Kind::Map(entries) = &node.kind else { return };
        let known = object.get("properties").and_then(Value::as_object);
        // A mapping with names for keys has one pattern for them; serde says what is wrong with a name.
        let patterns = object.get("patternProperties").and_then(Value::as_object);
        let rest = object
            .get("additionalProperties")
            .filter(|rest| rest.is_object())
            .or_else(|| patterns.and_then(|p| p.values().next()));
        // A required key that is only misspelt is reported once, where it stands.
        let mut meant = BTreeSet::new();
        for (key, value) in entries {
            match known.and_then(|k| k.get(&key.text)).or(rest) {
                Some(inner) => self.node(value, inner, &key.text, key.pos),
                None => {
                    let words = || known.into_iter().flat_map(|k| k.keys().map(String::as_str));
                    meant.extend(nearest(&key.text, words()));
                    let message = format!("unknown key `{}` in {}", key.text, quoted(name));
                    self.remark(key.pos, message, hint(&key.text, words()));
                }
            }
        }
        let required = object.get("required").and_then(Value::as_array).into_iter().flatten();
        let missing: Vec<&str> = required
            .filter_map(Value::as_str)
            .filter(|word| node.get(word).is_none() && !meant.contains(word))
            .collect();
        for word in missing {
            self.remark(at, format!("{} lacks the key `{word}`", quoted(name)), None);
        }
    }

    fn word(&mut self, scalar: &Scalar, pos: Pos, branches: &[&'s Value]) {
        let null =
            scalar.plain && matches!(scalar.text.as_str(), "" | "~" | "null" | "Null" | "NULL");
        if null && branches.iter().any(|b| is(b, "null")) {
            return;
        }
        let mut words = BTreeSet::new();
        for branch in branches.iter().filter(|b| !is(b, "null") && !is(b, "object")) {
            let one = branch.get("const").and_then(Value::as_str);
            let many = branch.get("enum").and_then(Value::as_array);
            if one.is_none() && many.is_none() {
                return;
            }
            words.extend(one);
            words.extend(many.into_iter().flatten().filter_map(Value::as_str));
        }
        if !words.is_empty() && !words.contains(scalar.text.as_str()) {
            let hint = hint(&scalar.text, words.iter().copied());
            self.remark(pos, format!("unknown word `{}`", scalar.text), hint);
        }
    }
}

fn hint<'a>(given: &str, words: impl Iterator<Item = &'a str>) -> Option<String> {
    let words: BTreeSet<&str> = words.collect();
    if let Some(near) = nearest(given, words.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let list: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    (!list.is_empty()).then(|| format!("known here: {}", list.join(", ")))
}

fn quoted(name: &str) -> String {
    if name == "the file" { name.to_owned() } else { format!("`{name}`") }
}

/// Whether a schema allows a type; `type` is a word or a list of words.
fn is(schema: &Value, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(many)) => many.iter().any(|one| one == kind),
        _ => false,
    }
}
