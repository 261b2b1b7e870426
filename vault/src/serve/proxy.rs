//! The proxy of use-handles: HTTP/1.1 at the vault's TCP port, one request a connection, at the address that a handle is.
//!
//! Who asks shows the session that the lease was made in, where an API key would be. A head has one reading or none: no folded lines, no second
//! length, no transfer coding, and a `Host` that is this machine, so that no page of a browser gets in by a name of its own. Deliberately absent: where it
//! goes, which is the service's.

use super::Shared;
use super::line::Line;
use crate::operation::http::is_ours;
use crate::service::Handled;
use crate::wire::{Code, WireError};
use sanctum_host::clock::Monotonic;
use serde_json::{Value, json};
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

const MOST_HEAD: usize = 16 * 1024;
const MOST_BODY: usize = 1024 * 1024;
/// To send all of a request.
const PATIENCE: Duration = Duration::from_secs(10);
const PREFIX: &str = "/api/v1/proxy/t/";
/// Where clients put what they hold for an API key.
const TOKENS: [&str; 3] = ["authorization", "x-api-key", "api-key"];

/// A request as it was read.
struct Asked {
    handled: Handled,
    length: usize,
}

/// Whether the first bytes of a connection are HTTP: no frame begins with a letter, for it would be a gigabyte long.
pub(super) fn is_http(held: &[u8]) -> bool {
    held.first().is_some_and(u8::is_ascii_uppercase)
}

/// Answers one request, which begins with the bytes that are held.
pub(super) fn serve(shared: &Shared, line: &Line, held: &[u8]) {
    let begun = Monotonic::now();
    let mut bytes = Zeroizing::new(held.to_vec());
    let answered = read(line, &mut bytes, begun).and_then(|handled| shared.vault.proxied(handled));
    let _ = line.write_all(&written(answered));
}

fn read(
    line: &Line,
    bytes: &mut Zeroizing<Vec<u8>>,
    begun: Monotonic,
) -> Result<Handled, WireError> {
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if bytes.len() > MOST_HEAD {
            return Err(Code::TooLarge.into());
        }
        more(line, bytes, begun)?;
    };
    let asked = head(bytes.get(..end).unwrap_or_default())?;
    while bytes.len() < end + 4 + asked.length {
        more(line, bytes, begun)?;
    }
    let body = bytes.get(end + 4..end + 4 + asked.length).unwrap_or_default().to_vec();
    Ok(Handled { body, ..asked.handled })
}

fn more(line: &Line, bytes: &mut Vec<u8>, begun: Monotonic) -> Result<(), WireError> {
    let cut = || WireError::invalid("the request stopped in the middle");
    let left = PATIENCE.saturating_sub(begun.elapsed());
    if left.is_zero() || line.set_read_timeout(Some(left)).is_err() {
        return Err(cut());
    }
    let mut room = Zeroizing::new([0; 8192]);
    match line.read(room.as_mut_slice()) {
        Ok(count) if count > 0 => bytes.extend_from_slice(room.get(..count).unwrap_or_default()),
        _ => return Err(cut()),
    }
    Ok(())
}

fn head(bytes: &[u8]) -> Result<Asked, WireError> {
    let bad = || WireError::invalid("the request is no plain HTTP/1.1");
    let text = std::str::from_utf8(bytes).map_err(|_| bad())?;
    let mut lines = text.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(bad());
    };
    let (lease, rest) = target
        .strip_prefix(PREFIX)
        .map(|rest| rest.split_once('/').unwrap_or((rest, "")))
        .ok_or(Code::UnknownMethod)?;
    let mut found = Handled {
        lease: lease.to_owned(),
        token: Zeroizing::new(String::new()),
        method: method.to_owned(),
        rest: rest.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    let (mut host, mut length, mut tokens) = (None, None, Vec::new());
    for line in lines {
        let (name, value) = line.split_once(':').ok_or_else(bad)?;
        let lower = name.to_ascii_lowercase();
        let value = value.trim_matches([' ', '\t']);
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if lower.is_empty() || !lower.bytes().all(known) || value.contains(char::is_control) {
            return Err(bad());
        }
        match lower.as_str() {
            "host" if host.is_none() => host = Some(value),
            "content-length" if length.is_none() => {
                let digits = value.bytes().all(|byte| byte.is_ascii_digit());
                let read: Option<usize> = value.parse().ok().filter(|_| digits);
                length = Some(read.ok_or_else(bad)?);
            }
            "host" | "content-length" | "transfer-encoding" => return Err(bad()),
            name if TOKENS.contains(&name) => tokens.push(value),
            name if is_ours(name) => {}
            _ => found.headers.push((name.to_owned(), value.to_owned())),
        }
    }
    if !host.is_some_and(is_here) {
        return Err(WireError::invalid("`Host` is not this machine"));
    }
    let token = tokens.first().copied().ok_or(Code::AuthFailed)?;
    // More than one has to be one and the same.
    if tokens.iter().any(|other| !bool::from(bare(other).as_bytes().ct_eq(bare(token).as_bytes())))
    {
        return Err(Code::AuthFailed.into());
    }
    found.token = Zeroizing::new(bare(token).to_owned());
    let length = length.unwrap_or(0);
    if length > MOST_BODY {
        Err(Code::TooLarge.into())
    } else {
        Ok(Asked { handled: found, length })
    }
}

fn bare(token: &str) -> &str {
    token.strip_prefix("Bearer ").unwrap_or(token)
}

fn is_here(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// The answer's bytes, with a length and the end of the connection of their own.
fn written(answered: Result<Value, WireError>) -> Vec<u8> {
    let (status, headers, body) = match answered {
        Ok(mut answer) => {
            let status = answer.get("status").and_then(Value::as_u64).unwrap_or(502);
            let body = crate::operation::http::body_of(&answer);
            let headers = answer.get_mut("headers").map(Value::take).unwrap_or_default();
            (status, headers, body)
        }
        Err(error) => {
            let status = match error.code {
                Code::AuthFailed | Code::SessionExpired => 401,
                Code::AccessDenied | Code::ApprovalRequired | Code::NotFoundOrDenied => 403,
                Code::NotFound | Code::UnknownMethod => 404,
                Code::LeaseExpired => 410,
                Code::TooLarge => 413,
                Code::RateLimited => 429,
                Code::Locked => 503,
                Code::Internal | Code::OperationFailed | Code::BrokerFailed => 502,
                Code::InvalidRequest | Code::UnknownOperation => 400,
            };
            let body = json!({ "error": error.to_json() }).to_string().into_bytes();
            (status, json!({ "content-type": "application/json" }), body)
        }
    };
    let mut text = format!("HTTP/1.1 {status} \r\n");
    for (name, value) in headers.as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        let plain = value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte));
        if plain && !is_ours(name) && name != "set-cookie" {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    text.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()));
    let mut bytes = text.into_bytes();
    bytes.extend(body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, String, usize), &'static str> {
        let asked =
            head(text.replace('\n', "\r\n").as_bytes()).map_err(|error| error.code.as_str())?;
        Ok((asked.handled.rest, asked.handled.token.to_string(), asked.length))
    }

    #[test]
    fn a_head_has_one_reading_or_none() {
        let good =
            "GET /api/v1/proxy/t/l1/v1/x?y HTTP/1.1\nHost: 127.0.0.1:8200\nAuthorization: Bearer t";
        assert_eq!(read(good), Ok(("v1/x?y".to_owned(), "t".to_owned(), 0)));
        let with = |line: &str| read(&format!("{good}\n{line}"));
        assert_eq!(with("Content-Length: 5").map(|(_, _, length)| length), Ok(5));
        assert!(with("X-API-Key: t").is_ok());
        for (line, code) in [
            ("X-API-Key: u", "AUTH_FAILED"),
            ("Content-Length: +5", "INVALID_REQUEST"),
            ("Content-Length: 5\nContent-Length: 5", "INVALID_REQUEST"),
            ("Content-Length: 99999999", "TOO_LARGE"),
            ("Transfer-Encoding: chunked", "INVALID_REQUEST"),
            ("Host: localhost", "INVALID_REQUEST"),
            (" folded: a", "INVALID_REQUEST"),
            ("X-T : a", "INVALID_REQUEST"),
            ("X-T", "INVALID_REQUEST"),
            ("X-T: a\u{0}b", "INVALID_REQUEST"),
            ("X-T: a\u{b}b", "INVALID_REQUEST"),
        ] {
            assert_eq!(with(line), Err(code), "{line:?}");
        }
        for (from, to, code) in [
            ("127.0.0.1:8200", "evil.example", "INVALID_REQUEST"),
            ("127.0.0.1:8200", "127.0.0.1.evil.example", "INVALID_REQUEST"),
            ("\nHost: 127.0.0.1:8200", "", "INVALID_REQUEST"),
            ("\nAuthorization: Bearer t", "", "AUTH_FAILED"),
            ("HTTP/1.1", "HTTP/1.0", "INVALID_REQUEST"),
            ("HTTP/1.1", "HTTP/1.1 x", "INVALID_REQUEST"),
            ("/api/v1/proxy/t/", "http://a.example/", "UNKNOWN_METHOD"),
        ] {
            assert_eq!(read(&good.replacen(from, to, 1)), Err(code), "{to:?}");
        }
    }

    #[test]
    fn an_answer_ends_where_it_says_and_has_no_header_of_its_own_making() {
        let answer = json!({
            "status": 200, "body": "ab",
            "headers": { "x-a": "1", "content-length": "9", "x-b": "1\r\nX-C: 2", "transfer-encoding": "chunked" },
        });
        let text = String::from_utf8(written(Ok(answer))).unwrap();
        let head = "HTTP/1.1 200 \r\nx-a: 1\r\ncontent-length: 2\r\nconnection: close\r\n\r\nab";
        assert_eq!(text, head);
        assert!(written(Err(Code::AccessDenied.into())).starts_with(b"HTTP/1.1 403 \r\n"));
    }
}
