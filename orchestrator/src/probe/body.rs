//! What a body must say. Told are kinds, lengths and what was asked for; never the body's own text.

use super::http::Got;
use crate::instance::model::{Contract, JsonClaim, Scalar};
use crate::supervise::Seen;
use serde_json::Value;

/// The status and the texts; a body that is not asked for may be empty.
pub(super) fn http(got: &Got, status: u16, texts: &[&str]) -> (Seen, String) {
    verdict(got, check_status(got, status).or_else(|| check_texts(got, texts)))
}

/// The whole contract: an empty body never keeps it.
pub(super) fn contract(got: &Got, said: &Contract) -> (Seen, String) {
    let texts: Vec<&str> = said.contains.iter().map(String::as_str).collect();
    let breach = check_status(got, said.status)
        .or_else(|| check_filled(got))
        .or_else(|| check_texts(got, &texts))
        .or_else(|| check_json(got, &said.json));
    verdict(got, breach)
}

fn verdict(got: &Got, breach: Option<String>) -> (Seen, String) {
    let (status, length) = (got.status, got.body.len());
    match breach {
        None => (Seen::Green, format!("it answered {status} with {length} bytes, as it should")),
        Some(breach) => (Seen::Red, breach),
    }
}

fn check_status(got: &Got, wanted: u16) -> Option<String> {
    let status = got.status;
    (status != wanted).then(|| format!("it answered {status} and not {wanted}"))
}

fn check_filled(got: &Got) -> Option<String> {
    let blank = got.body.iter().all(u8::is_ascii_whitespace);
    blank.then(|| format!("it answered {} with an empty body", got.status))
}

fn check_texts(got: &Got, texts: &[&str]) -> Option<String> {
    let body = String::from_utf8_lossy(&got.body);
    let missing = texts.iter().find(|text| !body.contains(**text))?;
    Some(format!("its body of {} bytes does not hold \"{missing}\"", got.body.len()))
}

fn check_json(got: &Got, claims: &[JsonClaim]) -> Option<String> {
    if claims.is_empty() {
        return None;
    }
    let Ok(value) = serde_json::from_slice::<Value>(&got.body) else {
        return Some(format!("its body of {} bytes is not JSON", got.body.len()));
    };
    claims.iter().find_map(|claim| check_claim(&value, claim))
}

fn check_claim(body: &Value, claim: &JsonClaim) -> Option<String> {
    let at = if claim.pointer.is_empty() { "the body" } else { claim.pointer.as_str() };
    let Some(value) = body.pointer(&claim.pointer) else {
        return Some(format!("its body has no {at}"));
    };
    if empty(value) {
        return Some(format!("{at} of its body is empty"));
    }
    if let Some(wanted) = &claim.equals
        && !equal(value, wanted)
    {
        return Some(format!("{at} of its body is not {}", shown(wanted)));
    }
    let text = claim.contains.as_ref()?;
    let holds = value.as_str().is_some_and(|value| value.contains(text.as_str()));
    (!holds).then(|| format!("{at} of its body does not hold \"{text}\""))
}

/// Null, and texts, lists and mappings of nothing: what a broken service fills its answers with.
fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn equal(value: &Value, wanted: &Scalar) -> bool {
    match wanted {
        Scalar::Bool(wanted) => value.as_bool() == Some(*wanted),
        Scalar::Number(wanted) => value.as_i64() == Some(*wanted),
        Scalar::Text(wanted) => value.as_str() == Some(wanted),
    }
}

fn shown(wanted: &Scalar) -> String {
    match wanted {
        Scalar::Bool(wanted) => wanted.to_string(),
        Scalar::Number(wanted) => wanted.to_string(),
        Scalar::Text(wanted) => format!("\"{wanted}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(body: &str, yaml: &str) -> String {
        let said: Contract = serde_saphyr::from_str(yaml).unwrap();
        let (seen, saw) = contract(&Got { status: 200, body: body.into() }, &said);
        if seen == Seen::Green { "green".to_owned() } else { saw }
    }

    #[test]
    fn a_contract_is_kept_or_the_first_breach_is_named() {
        const MODELS: &str =
            r#"{"status":"ready","n":3,"ok":true,"models":[{"id":"small-q4"}],"x":""}"#;
        let rows = [
            (MODELS, "path: /\njson: [{pointer: /status, equals: ready}]", "green"),
            (
                MODELS,
                "path: /\njson: [{pointer: /n, equals: 3}, {pointer: /ok, equals: true}]",
                "green",
            ),
            (MODELS, "path: /\njson: [{pointer: /models/0/id, contains: small}]", "green"),
            (MODELS, "path: /\ncontains: [ready, models]", "green"),
            (MODELS, "path: /", "green"),
            ("", "path: /", "it answered 200 with an empty body"),
            (" \n", "path: /", "it answered 200 with an empty body"),
            (MODELS, "path: /\nstatus: 204", "it answered 200 and not 204"),
            (
                MODELS,
                "path: /\ncontains: [absent]",
                "its body of 70 bytes does not hold \"absent\"",
            ),
            ("<html>", "path: /\njson: [{pointer: /status}]", "its body of 6 bytes is not JSON"),
            (MODELS, "path: /\njson: [{pointer: /gone}]", "its body has no /gone"),
            (MODELS, "path: /\njson: [{pointer: /x}]", "/x of its body is empty"),
            ("[]", "path: /\njson: [{pointer: ''}]", "the body of its body is empty"),
            (MODELS, "path: /\njson: [{pointer: /n, equals: '3'}]", "/n of its body is not \"3\""),
            (
                MODELS,
                "path: /\njson: [{pointer: /n, contains: '3'}]",
                "/n of its body does not hold \"3\"",
            ),
            (
                MODELS,
                "path: /\njson: [{pointer: /status, equals: down}]",
                "/status of its body is not \"down\"",
            ),
        ];
        for (body, yaml, expected) in rows {
            assert_eq!(judged(body, yaml), expected, "{yaml}");
        }
    }

    #[test]
    fn what_a_body_says_is_never_told() {
        let got = Got { status: 500, body: b"card 4111 of jocasta".to_vec() };
        let said: Contract = serde_saphyr::from_str("path: /\nstatus: 500\ncontains: [x]").unwrap();
        for (_, saw) in [http(&got, 200, &[]), http(&got, 500, &["x"]), contract(&got, &said)] {
            assert!(!saw.contains("4111") && !saw.contains("jocasta"), "{saw}");
        }
    }
}
