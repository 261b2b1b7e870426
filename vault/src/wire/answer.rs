//! What a client is answered, written as the JSON of a frame.
//!
//! A result is never null and an id never missing: the published clients break on either.

use super::error::{Code, WireError};
use super::frame::{MOST_ANSWER, encode};
use super::request::Dialect;
use crate::crypt::hex;
use serde::Serialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// A frame with the result or the error.
#[must_use]
pub fn frame(id: &Value, answer: &Result<Value, WireError>) -> Zeroizing<Vec<u8>> {
    let (error, result) = match answer {
        Ok(result) => (None, Some(result)),
        Err(error) => (Some(error.to_json()), None),
    };
    let text = written(&Whole { error, id, result });
    if text.is_empty() {
        return frame(id, &Err(Code::TooLarge.into()));
    }
    Zeroizing::new(encode(&text))
}

/// Borrowed, so that no second tree of a value is made.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
    id: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a Value>,
}

/// Measured before it is written: growth would leave what was held behind.
fn written(whole: &Whole<'_>) -> Zeroizing<Vec<u8>> {
    let mut length = Length(0);
    if serde_json::to_writer(&mut length, whole).is_err() || length.0 > MOST_ANSWER {
        return Zeroizing::default();
    }
    let mut text = Zeroizing::new(Vec::with_capacity(length.0));
    if serde_json::to_writer(&mut *text, whole).is_err() {
        return Zeroizing::default();
    }
    text
}

struct Length(usize);

impl std::io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A value that was given out: A has it in hexadecimal, B as a text where it is one.
#[must_use]
pub fn value(dialect: Dialect, path: &str, value: &[u8], (lease, ttl): (&str, u64)) -> Value {
    let text = match (dialect, std::str::from_utf8(value)) {
        (Dialect::A, _) => Value::from(hex(value)),
        (Dialect::B, Ok(text)) => Value::from(text),
        (Dialect::B, Err(_)) => json!({ "hex": hex(value) }),
    };
    json!({ "path": path, "value": text, "lease_id": lease, "ttl": ttl })
}

/// What an agent may see.
#[must_use]
pub fn list(dialect: Dialect, all: Vec<Value>) -> Value {
    match dialect {
        Dialect::A => json!({ "credentials": all }),
        Dialect::B => Value::from(all),
    }
}

/// What an operation gave.
#[must_use]
pub fn used(dialect: Dialect, output: Value) -> Value {
    match dialect {
        Dialect::A => output,
        Dialect::B => json!({ "success": true, "output": output }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_an_id_and_no_null() {
        let frame =
            |answer| String::from_utf8(super::frame(&7.into(), &answer)[4..].to_vec()).unwrap();
        assert_eq!(frame(Ok(json!({}))), r#"{"id":7,"result":{}}"#);
        let error = WireError::from(Code::AccessDenied).with("agent", "x");
        assert_eq!(
            frame(Err(error)),
            concat!(
                r#"{"error":{"code":"ACCESS_DENIED","context":{"agent":"x"},"detail":"policy does not allow this","#,
                r#""docs_url":"docs/formats/vault-wire.md#access_denied","message":"policy does not allow this","#,
                r#""suggestion":"ask the owner for a policy: sanctum vault policy set"},"id":7}"#
            )
        );
        let large = Value::from("x".repeat(MOST_ANSWER));
        assert!(frame(Ok(large)).contains("TOO_LARGE"));
    }

    #[test]
    fn an_answer_is_written_without_growing() {
        let result = Value::from("a\"b".repeat(9_999));
        let text = written(&Whole { error: None, id: &7.into(), result: Some(&result) });
        assert_eq!(text.capacity(), text.len());
        assert_eq!(*text, serde_json::to_vec(&json!({ "id": 7, "result": result })).unwrap());
    }

    #[test]
    fn values_in_both_dialects() {
        let value =
            |dialect, bytes: &[u8]| super::value(dialect, "a", bytes, ("l", 9))["value"].clone();
        assert_eq!(value(Dialect::A, b"ab"), "6162");
        assert_eq!(value(Dialect::B, b"ab"), "ab");
        assert_eq!(value(Dialect::B, &[0xff]), json!({ "hex": "ff" }));
    }
}
