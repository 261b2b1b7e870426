//! The plaintext of the embedded store: JSON with a version, items sorted.
//!
//! `{"format": 1, "items": [{"service": "..", "account": "..", "text": ".."}]}`, where `base64` stands for `text` when
//! the value is not UTF-8. Whatever the bytes are, reading them never panics, and an error holds nothing of them.

use crate::stores::Value;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeroize::{Zeroize as _, Zeroizing};

/// The version that is written.
const FORMAT: u32 = 1;

/// What an item is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// As of the keychains.
    pub service: String,
    /// As of the keychains.
    pub account: String,
}

/// Items and their values.
pub type Content = BTreeMap<Item, Value>;

/// Why it is not a store.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Not the JSON of one. serde's own message would repeat a part of it.
    #[error("it is not the JSON of a store (line {line}, column {column})")]
    Json {
        /// From one.
        line: usize,
        /// From one.
        column: usize,
    },
    /// A newer one.
    #[error("it has format {0}; this version reads 1")]
    Version(u32),
    /// An item has no value or two.
    #[error("item {0} does not have one value")]
    Value(usize),
    /// Two items have one name.
    #[error("item {0} is there twice")]
    Twice(usize),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    items: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    service: String,
    account: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<Zeroizing<String>>,
}

/// Reads the plaintext of a store.
///
/// # Errors
/// It is not one.
pub fn parse(plain: &[u8]) -> Result<Content, FormatError> {
    let document: Document = serde_json::from_slice(plain)
        .map_err(|error| FormatError::Json { line: error.line(), column: error.column() })?;
    if document.format != FORMAT {
        return Err(FormatError::Version(document.format));
    }
    let mut content = Content::new();
    for (at, entry) in document.items.into_iter().enumerate() {
        let value = match (entry.text, entry.base64) {
            (Some(mut text), None) => std::mem::take(&mut *text).into_bytes(),
            (None, Some(text)) => {
                STANDARD.decode(text.as_bytes()).map_err(|_| FormatError::Value(at))?
            }
            _ => return Err(FormatError::Value(at)),
        };
        let item = Item { service: entry.service, account: entry.account };
        if content.insert(item, Value::new(value)).is_some() {
            return Err(FormatError::Twice(at));
        }
    }
    Ok(content)
}

/// Writes it.
#[must_use]
pub fn render(content: &Content) -> Zeroizing<Vec<u8>> {
    let entry = |(item, value): (&Item, &Value)| {
        let (text, base64) = match std::str::from_utf8(value.expose()) {
            Ok(text) => (Some(Zeroizing::new(text.to_owned())), None),
            Err(_) => (None, Some(Zeroizing::new(STANDARD.encode(value.expose())))),
        };
        Entry { service: item.service.clone(), account: item.account.clone(), text, base64 }
    };
    let document = Document { format: FORMAT, items: content.iter().map(entry).collect() };
    // Escapes make at most six bytes of one; with this room the buffer never grows and leaves no copy.
    let size = |(item, value): (&Item, &Value)| {
        (item.service.len() + item.account.len() + value.expose().len()) * 6 + 96
    };
    let room = content.iter().map(size).sum::<usize>() + 64;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    if serde_json::to_writer_pretty(&mut *bytes, &document).is_err() {
        // A vector takes every write and the document has no keys that JSON lacks; nothing is better than half.
        bytes.zeroize();
    }
    bytes.push(b'\n');
    bytes
}
