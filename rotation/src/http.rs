//! One request and one answer, with bounds; what an answer says about the effect is judged in pure functions.
//!
//! Built-in certificate roots, no redirects, no proxy of the environment, a connection of its own for each
//! request: an answer on a kept connection could belong to a request before it. Bodies are wiped. Clear text goes
//! to this machine only. Deliberately absent: retries, which are the machine's.

use crate::protocol::{Failure, Reason};
use sanctum_types::Secret;
use std::io::Read as _;
use std::time::Duration;
use zeroize::Zeroizing;

/// Shorter than [`crate::Policy::settle`]: what took longer has no effect after that.
const WHOLE: Duration = Duration::from_secs(30);
const REACH: Duration = Duration::from_secs(10);
/// A page of a hundred keys is below 100 KiB.
const LONGEST_ANSWER: u64 = 1024 * 1024;
const LONGEST_HEAD: usize = 16 * 1024;

/// What a header says.
#[derive(Clone, Debug)]
pub enum Text {
    /// Anybody may read it.
    Plain(String),
    /// It holds a credential.
    Secret(Secret<String>),
}

/// A request to a provider, relative to its base address.
#[derive(Clone)]
pub struct Request {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// Path and query, beginning with a slash; wiped, because some providers have credentials in there.
    pub path: Zeroizing<String>,
    /// Headers, names in lowercase.
    pub headers: Vec<(&'static str, Text)>,
    /// The body; wiped, because some hold a credential.
    pub body: Option<Zeroizing<Vec<u8>>>,
}

impl Request {
    /// A request without a body.
    #[must_use]
    pub fn new(method: &'static str, path: impl Into<String>) -> Self {
        let path = Zeroizing::new(path.into());
        Self { method, path, headers: Vec::new(), body: None }
    }

    /// With a bearer token.
    #[must_use]
    pub fn bearer(self, token: &Secret<String>) -> Self {
        // In one piece: a text that grows leaves copies behind that nobody wipes.
        let value = Secret::new(["Bearer ", token.expose()].concat());
        self.header("authorization", Text::Secret(value))
    }

    /// With another header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: Text) -> Self {
        self.headers.push((name, value));
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &serde_json::Value) -> Self {
        let text = body.to_string().into_bytes();
        self.body("application/json", text)
    }

    /// With a body of that type.
    #[must_use]
    pub fn body(mut self, kind: &str, bytes: Vec<u8>) -> Self {
        self.body = Some(Zeroizing::new(bytes));
        self.header("content-type", Text::Plain(kind.to_owned()))
    }

    /// Whether it changes nothing at the provider.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.method == "GET"
    }
}

/// What came back.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Seconds of `Retry-After`; a date there is not read.
    pub retry_after: Option<u32>,
    /// Whether the body says that it is HTML.
    pub html: bool,
    /// The body.
    pub body: Zeroizing<Vec<u8>>,
}

impl Answer {
    /// Whether it is a page of somebody in between: no provider answers with one.
    #[must_use]
    pub fn is_html(&self) -> bool {
        self.html || self.body.trim_ascii_start().starts_with(b"<!")
    }
}

// Bodies and some paths hold credentials, so that none is shown.
impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.method, self.headers)
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "status {}, {} bytes", self.status, self.body.len())
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Nothing was sent.
    NotSent,
    /// The request was on its way.
    OnTheWay,
}

/// The address is no origin of `https`, or of `http` on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address of a provider is https, or http on this machine")]
pub struct BadBase;

/// A provider's origin.
#[derive(Clone, Debug)]
pub struct Client {
    base: String,
    agent: ureq::Agent,
}

impl Client {
    /// A client of that address, such as `https://openrouter.ai/api/v1`.
    ///
    /// # Errors
    /// A credential would cross a network in clear text, or the address has a user, a query or no host.
    pub fn new(base: &str) -> Result<Self, BadBase> {
        Self::within(base, WHOLE)
    }

    fn within(base: &str, whole: Duration) -> Result<Self, BadBase> {
        let uri = base.parse::<ureq::http::Uri>().map_err(|_| BadBase)?;
        let host = uri.host().unwrap_or_default();
        let here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        let allowed = match uri.scheme_str() {
            Some("https") => !host.is_empty(),
            Some("http") => here,
            _ => false,
        };
        if !allowed || !plain || uri.query().is_some() {
            return Err(BadBase);
        }
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(whole))
            .timeout_resolve(Some(REACH))
            .timeout_connect(Some(REACH))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(LONGEST_HEAD)
            .max_idle_connections(0)
            .proxy(None)
            .user_agent("sanctum")
            .build()
            .into();
        Ok(Self { base: base.trim_end_matches('/').to_owned(), agent })
    }

    /// The address.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The host and port of the address, as a `host` header has them.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.base.split_once("://").map_or("", |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }

    /// Sends it and reads the whole answer.
    ///
    /// # Errors
    /// There is none; whether the request was on its way is what matters.
    pub fn send(&self, request: &Request) -> Result<Answer, Lost> {
        // The copies that the client makes of it are out of reach.
        let uri = Zeroizing::new([self.base.as_str(), request.path.as_str()].concat());
        let mut built = ureq::http::Request::builder()
            .method(request.method)
            .uri(uri.as_str())
            .header("accept", "application/json");
        for (name, value) in &request.headers {
            let (text, is_secret) = match value {
                Text::Plain(text) => (text, false),
                Text::Secret(text) => (text.expose(), true),
            };
            let mut value = ureq::http::HeaderValue::from_str(text).map_err(|_| Lost::NotSent)?;
            value.set_sensitive(is_secret);
            built = built.header(*name, value);
        }
        let body: &[u8] = request.body.as_deref().map_or(&[], Vec::as_slice);
        let built = built.body(body).map_err(|_| Lost::NotSent)?;
        let response = self.agent.run(built).map_err(|error| lost(&error))?;
        read(response)
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer, Lost> {
    let header = |name: &str| {
        let value = response.headers().get(name)?.to_str().ok()?;
        Some(value.trim().to_owned())
    };
    let retry_after = header("retry-after").and_then(|after| after.parse().ok());
    let html = header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let status = response.status().as_u16();
    // Room for all of it at once: growing would leave copies behind that nobody wipes.
    let mut body = Zeroizing::new(Vec::with_capacity(64 * 1024));
    let reader = response.body_mut().as_reader().take(LONGEST_ANSWER + 1);
    let mut reader = reader;
    reader.read_to_end(&mut body).map_err(|_| Lost::OnTheWay)?;
    let fits = u64::try_from(body.len()).is_ok_and(|length| length <= LONGEST_ANSWER);
    if fits { Ok(Answer { status, retry_after, html, body }) } else { Err(Lost::OnTheWay) }
}

fn lost(error: &ureq::Error) -> Lost {
    match error {
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => Lost::NotSent,
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            Lost::NotSent
        }
        _ => Lost::OnTheWay,
    }
}

/// The answer if it is a success of the provider's; else what it says about the effect.
///
/// For a request that changes something, only an answer that certainly came before the effect counts as "did not
/// happen": a refusal of the provider's. 5xx, 408, redirects and pages of somebody in between say nothing.
///
/// # Errors
/// Every answer but 2xx without HTML.
pub fn judge(is_read: bool, answer: Result<Answer, Lost>) -> Result<Answer, Failure> {
    let unclear = |reason| match reason {
        _ if !is_read => Failure::Unknown(reason),
        Reason::NotTheProvider => Failure::Never(reason),
        _ => Failure::Later { reason, after: None },
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(Lost::NotSent) => {
            return Err(Failure::Later { reason: Reason::Unreachable, after: None });
        }
        Err(Lost::OnTheWay) => return Err(unclear(Reason::NoAnswer)),
    };
    let looks_html = answer.is_html();
    Err(match answer.status {
        429 => Failure::Later { reason: Reason::RateLimited, after: answer.retry_after },
        200..=299 | 401 | 403 | 404 if looks_html => unclear(Reason::NotTheProvider),
        200..=299 => return Ok(answer),
        401 => Failure::Never(Reason::Unauthorized),
        403 => Failure::Never(Reason::Forbidden),
        404 => Failure::Never(Reason::NotFound),
        408 => unclear(Reason::NoAnswer),
        400..=499 => Failure::Never(Reason::Refused),
        500..=599 => unclear(Reason::ServerTrouble),
        _ => unclear(Reason::NotTheProvider),
    })
}

/// Reads a JSON body of that shape.
///
/// # Errors
/// [`Reason::NotTheProvider`]: certain for a read; after a change nobody knows.
pub fn parse<T: serde::de::DeserializeOwned>(is_read: bool, body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|_| {
        let reason = Reason::NotTheProvider;
        if is_read { Failure::Never(reason) } else { Failure::Unknown(reason) }
    })
}

/// Percent-encodes what does not stand for itself in a segment or a query (RFC 3986, section 2.3).
#[must_use]
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
