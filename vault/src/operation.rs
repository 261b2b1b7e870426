//! What can be done with a value without handing it out, and the header, which hands it out under an action of its own.
//!
//! All but [`http`] are pure, apart from nonces; they take the time. A value that does not serve for an operation is refused without a word about
//! it. Deliberately absent: who may do what.

pub mod address;
pub mod http;
pub mod scrub;
mod seal;
mod sign;
mod ssh;
mod totp;

use crate::wire::{Code, WireError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sanctum_types::UnixTime;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

pub use seal::rewrap;
pub use sign::Publics;

/// The one that is done by way of the network.
pub const HTTP_REQUEST: &str = "http_request";
/// The one that needs two versions.
pub const REWRAP: &str = "rewrap";
/// Names of operations; `sign_payload` is an older spelling.
pub const ALL: [&str; 10] = [
    "http_header",
    HTTP_REQUEST,
    "sign",
    "sign_payload",
    "encrypt",
    "decrypt",
    REWRAP,
    "totp",
    "ssh_sign",
    "ssh_public_key",
];

/// What an operation works with.
pub struct Work<'a> {
    /// Whose value.
    pub path: &'a str,
    /// Which version.
    pub version: u32,
    /// The value.
    pub value: &'a [u8],
    /// What the client says.
    pub params: &'a Map<String, Value>,
    /// When.
    pub at: UnixTime,
    /// What is remembered of keys.
    pub publics: &'a Publics,
}

/// Which version an operation needs, where it is not the one in use: that of the ciphertext.
///
/// # Errors
/// There is no ciphertext.
pub fn version(operation: &str, params: &Map<String, Value>) -> Result<Option<u32>, WireError> {
    if matches!(operation, "decrypt" | REWRAP) { seal::version(params).map(Some) } else { Ok(None) }
}

/// Does it.
///
/// # Errors
/// It cannot be done, or there is no such operation.
pub fn run(operation: &str, work: &Work<'_>) -> Result<Value, WireError> {
    match operation {
        "http_header" => header(work),
        "sign" | "sign_payload" => sign::sign(work),
        "encrypt" => seal::encrypt(work),
        "decrypt" => seal::decrypt(work),
        "totp" => totp::totp(work),
        "ssh_sign" => ssh::sign(work),
        "ssh_public_key" => ssh::public_key(work),
        _ => Err(Code::UnknownOperation.into()),
    }
}

fn text<'a>(params: &'a Map<String, Value>, names: &[&'static str]) -> Option<&'a str> {
    names.iter().find_map(|name| params.get(*name)?.as_str())
}

fn unfit(detail: &'static str) -> WireError {
    WireError { detail: Some(detail), ..Code::OperationFailed.into() }
}

/// A header that carries the credential.
pub struct Injected {
    /// Its name, as it is written.
    pub name: String,
    /// And its value.
    pub value: Zeroizing<String>,
}

/// token of RFC 9110, section 5.6.2.
fn is_token(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.len() <= 128 && name.bytes().all(known)
}

/// The header that `header_type` and `header_name` ask for.
///
/// # Errors
/// There is none such, or the credential does not fit into one.
pub fn injected(value: &[u8], params: &Map<String, Value>) -> Result<Injected, WireError> {
    let value = std::str::from_utf8(value).map_err(|_| unfit("the credential is no text"))?;
    // A line break would begin another header (RFC 9110, section 5.5).
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err(unfit("the credential has characters that no header takes"));
    }
    let custom = text(params, &["header_name"]);
    let (name, value) = match text(params, &["header_type"]).unwrap_or("bearer") {
        "bearer" => ("Authorization", Zeroizing::new(format!("Bearer {value}"))),
        "api_key" => (custom.unwrap_or("X-API-Key"), Zeroizing::new(value.to_owned())),
        "basic" => ("Authorization", Zeroizing::new(format!("Basic {}", STANDARD.encode(value)))),
        "custom" => {
            let name = custom.ok_or(WireError::invalid("`header_name` is missing"))?;
            (name, Zeroizing::new(value.to_owned()))
        }
        _ => return Err(WireError::invalid("`header_type` is bearer, api_key, basic or custom")),
    };
    if !is_token(name) {
        return Err(WireError::invalid("`header_name` is no name of a header"));
    }
    Ok(Injected { name: name.to_owned(), value })
}

fn header(work: &Work<'_>) -> Result<Value, WireError> {
    let Injected { name, value } = injected(work.value, work.params)?;
    Ok(json!({
        "header": format!("{name}: {}", *value), "header_name": name, "header_value": *value,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn run(
        operation: &str,
        value: &[u8],
        params: &Value,
    ) -> Result<Value, &'static str> {
        let params = params.as_object().unwrap();
        let (at, publics) = (UnixTime(59), &Publics::default());
        let work = Work { path: "a/b", version: 3, value, params, at, publics };
        super::run(operation, &work).map_err(|error| error.code.as_str())
    }

    #[test]
    fn headers_in_every_spelling_and_never_two() {
        for (params, header) in [
            (json!({}), Ok("Authorization: Bearer sk-1")),
            (json!({ "header_type": "bearer" }), Ok("Authorization: Bearer sk-1")),
            (json!({ "header_type": "api_key" }), Ok("X-API-Key: sk-1")),
            (json!({ "header_type": "basic" }), Ok("Authorization: Basic c2stMQ==")),
            (json!({ "header_type": "custom", "header_name": "X-T" }), Ok("X-T: sk-1")),
            (json!({ "header_type": "custom" }), Err("INVALID_REQUEST")),
            (
                json!({ "header_type": "custom", "header_name": "X: y\r\nZ" }),
                Err("INVALID_REQUEST"),
            ),
            (json!({ "header_type": "nope" }), Err("INVALID_REQUEST")),
        ] {
            let found = run("http_header", b"sk-1", &params);
            assert_eq!(
                found.as_ref().map(|found| found["header"].as_str().unwrap()),
                header.as_ref().copied()
            );
        }
        assert_eq!(run("http_header", b"a\r\nX: y", &json!({})), Err("OPERATION_FAILED"));
        assert_eq!(run("http_header", &[0xff], &json!({})), Err("OPERATION_FAILED"));
    }
}
