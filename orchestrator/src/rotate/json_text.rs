//! One text inside a JSON document: found by its keys, read, and replaced without touching any other byte.
//!
//! The document is checked whole first. The walk goes through objects alone, refuses a key that is there twice or not
//! at all, and ends at a text: nothing is made that was not there. Deliberately absent: files.

use std::ops::Range;
use zeroize::Zeroizing;

/// Why there is no such text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON in UTF-8.
    #[error("it is no JSON document")]
    Syntax,
    /// A key leads through something else than an object.
    #[error("the path leads through something that is no object")]
    NoObject,
    /// A key is not there.
    #[error("a key of the path is not there")]
    NoKey,
    /// A key is there twice: which one counts is every reader's own choice.
    #[error("a key of the path is there twice")]
    Twice,
    /// The last key holds something else than a text.
    #[error("the path does not end at a text")]
    NoText,
}

/// The text at the keys, with dots between them.
///
/// # Errors
/// There is none.
pub fn get(document: &[u8], keys: &str) -> Result<Zeroizing<String>, JsonError> {
    let (text, range) = find(document, keys)?;
    let literal = text.get(range).unwrap_or_default();
    serde_json::from_str(literal).map(Zeroizing::new).map_err(|_| JsonError::Syntax)
}

/// The document with another text there, every other byte as it was.
///
/// # Errors
/// There is no text to replace.
pub fn set(document: &[u8], keys: &str, value: &str) -> Result<Zeroizing<Vec<u8>>, JsonError> {
    let (text, range) = find(document, keys)?;
    let literal = literal(value);
    // Room for all of it at once: growing would leave copies behind that nobody wipes.
    let mut new = Zeroizing::new(Vec::with_capacity(text.len() + literal.len()));
    for part in [text.get(..range.start), Some(literal.as_str()), text.get(range.end..)] {
        new.extend_from_slice(part.unwrap_or_default().as_bytes());
    }
    Ok(new)
}

/// A text as JSON has it (RFC 8259, section 7).
fn literal(value: &str) -> Zeroizing<String> {
    // The longest escape has six characters for one.
    let mut text = Zeroizing::new(String::with_capacity(value.len() * 6 + 2));
    text.push('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            c if c < ' ' => {
                for part in ["\\u00", if c < '\u{10}' { "0" } else { "1" }] {
                    text.push_str(part);
                }
                text.extend(char::from_digit(u32::from(c) % 16, 16));
            }
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

/// The document as text, and where the literal of the value stands.
fn find<'d>(document: &'d [u8], keys: &str) -> Result<(&'d str, Range<usize>), JsonError> {
    // Checked by a whole parser, so that the walk below meets well-formed text alone.
    serde_json::from_slice::<serde::de::IgnoredAny>(document).map_err(|_| JsonError::Syntax)?;
    let text = std::str::from_utf8(document).map_err(|_| JsonError::Syntax)?;
    let mut walk = Walk { text, at: 0 };
    for key in keys.split('.') {
        walk.enter(key)?;
    }
    walk.blank();
    let start = walk.at;
    if walk.peek() != Some(b'"') {
        return Err(JsonError::NoText);
    }
    walk.value();
    Ok((text, start..walk.at))
}

/// A place in well-formed text.
struct Walk<'d> {
    text: &'d str,
    at: usize,
}

impl Walk<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|byte| b" \t\r\n".contains(&byte)) {
            self.at += 1;
        }
    }

    /// From before an object to before the value of that key.
    fn enter(&mut self, key: &str) -> Result<(), JsonError> {
        self.blank();
        if self.peek() != Some(b'{') {
            return Err(JsonError::NoObject);
        }
        self.at += 1;
        let mut found = None;
        loop {
            self.blank();
            match self.peek() {
                Some(b'"') => {}
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                _ => break,
            }
            let start = self.at;
            self.value();
            let name: String =
                serde_json::from_str(self.text.get(start..self.at).unwrap_or_default())
                    .map_err(|_| JsonError::Syntax)?;
            self.blank();
            // The colon.
            self.at += 1;
            if name == key && found.replace(self.at).is_some() {
                return Err(JsonError::Twice);
            }
            self.value();
        }
        self.at = found.ok_or(JsonError::NoKey)?;
        Ok(())
    }

    /// Behind the value that begins here.
    fn value(&mut self) {
        self.blank();
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some(b'"') => self.string(),
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                // Numbers, words and what stands between values.
                Some(byte) if depth > 0 || !b",}]: \t\r\n".contains(&byte) => {
                    self.at += 1;
                    if depth == 0 && self.peek().is_some_and(|next| !b",}] \t\r\n".contains(&next))
                    {
                        continue;
                    }
                }
                _ => return,
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'\\') => self.at += 2,
                Some(b'"') => {
                    self.at += 1;
                    return;
                }
                Some(_) => self.at += 1,
                None => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn one_text_changes_and_nothing_else() {
        let document = "{ \"a\" : {\"b\":\n\"old\\\"\\u00e9\", \"n\": -1.5e3, \"l\": [{\"b\":\"no\"}, \"}\"]},\n \"b\":true }\n";
        assert_eq!(&*get(document.as_bytes(), "a.b").unwrap(), "old\"é");
        let new = set(document.as_bytes(), "a.b", "n\"e\\w\n").unwrap();
        let wanted = document.replace("old\\\"\\u00e9", "n\\\"e\\\\w\\u000a");
        assert_eq!(std::str::from_utf8(&new).unwrap(), wanted);
        assert_eq!(&*get(&new, "a.b").unwrap(), "n\"e\\w\n");
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        for (document, keys, why) in [
            ("{\"a\":{\"b\":\"x\"}", "a.b", JsonError::Syntax),
            ("{\"a\":\"x\"} {}", "a", JsonError::Syntax),
            ("[{\"a\":\"x\"}]", "a", JsonError::NoObject),
            ("{\"a\":[\"x\"]}", "a.0", JsonError::NoObject),
            ("{\"a\":\"x\"}", "a.b", JsonError::NoObject),
            ("{\"a\":{}}", "a.b", JsonError::NoKey),
            ("{\"a\":\"x\"}", "", JsonError::NoKey),
            ("{\"a\":\"x\",\"\\u0061\":\"y\"}", "a", JsonError::Twice),
            ("{\"a\":1}", "a", JsonError::NoText),
            ("{\"a\":null}", "a", JsonError::NoText),
            ("{\"a\":{\"b\":\"x\"}}", "a", JsonError::NoText),
        ] {
            assert_eq!(get(document.as_bytes(), keys).err(), Some(why), "{document} {keys}");
            assert_eq!(set(document.as_bytes(), keys, "v").err(), Some(why), "{document} {keys}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-d\"{},:\\\\]{1,2}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
        #[test]
        fn a_set_is_what_a_parser_would_do(before in any_json(), old in "\\PC{0,12}", value in "\\PC{0,12}|[\\x00-\\x1f\"\\\\]{1,4}", pretty: bool) {
            let document = json!({"x": before, "k": {"y": [1, {"z": "z"}], "key": old}, "t": [1]});
            let text = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
            let text = text.unwrap();
            prop_assert_eq!(&*get(text.as_bytes(), "k.key").unwrap(), &old);
            let new = set(text.as_bytes(), "k.key", &value).unwrap();
            let mut wanted = document;
            wanted["k"]["key"] = Value::from(value);
            prop_assert_eq!(serde_json::from_slice::<Value>(&new).unwrap(), wanted);
        }
    }
}
