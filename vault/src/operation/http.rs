//! A request that the vault makes with a credential, so that the agent has the answer and never the credential.
//!
//! Names are resolved once, every address is judged, and it is one of these that is connected to. Nothing is redirected, compressed or kept open; time
//! and size are bounded; what comes back is scrubbed. In clear text it goes only where policy names every address. Deliberately absent: whether the
//! agent may, which [`crate::policy`] says of the [`Target`].

use super::address::may_reach;
use super::scrub::Scrub;
use super::{Injected, is_token, text};
use crate::policy::authority::Authority;
use crate::wire::{Code, WireError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use serde_json::{Map, Value, json};
use std::fmt;
use std::io::Read as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use ureq::Agent;
use ureq::http::{HeaderValue, Method, Request, Uri};
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// All of it: resolving, connecting, sending, and reading the answer.
const PATIENCE: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(10);
/// Of the body of an answer; of the frame that it goes into a client takes 4 MiB, and JSON may write a byte as six.
const MOST_ANSWER: u64 = 512 * 1024;
const MOST_HEADERS: usize = 64;
const LONGEST_HEADER: usize = 8 * 1024;
const LONGEST_URL: usize = 8 * 1024;
/// What decides where a request goes, where it ends, or how its answer is written: the vault's alone.
const OURS: [&str; 13] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "cookie2",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// Where a request goes, as policy judges it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// In small letters, without a dot at its end; an address of IPv6 in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether that is the port that the scheme has.
    pub usual: bool,
    /// In capitals.
    pub method: String,
}

/// A request as the agent describes it.
pub struct Outgoing {
    target: Target,
    uri: Uri,
    tls: bool,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Whom the server has to satisfy, in place of those that the world trusts.
    authorities: Vec<Authority>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Outgoing {
    /// Reads `method`, `url`, `headers` and `body`.
    ///
    /// # Errors
    /// They describe none, or one that says more than it seems to.
    pub fn read(params: &Map<String, Value>) -> Result<Self, WireError> {
        let method = text(params, &["method"]).unwrap_or("GET");
        let url = text(params, &["url"]).ok_or(WireError::invalid("`url` is missing"))?;
        let headers = match params.get("headers") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Object(all)) => all
                .iter()
                .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect::<Option<_>>()
                .ok_or(WireError::invalid("a header is not a text"))?,
            Some(_) => return Err(WireError::invalid("`headers` is not an object")),
        };
        let body = match params.get("body") {
            None | Some(Value::Null) => "",
            Some(Value::String(body)) => body,
            Some(_) => return Err(WireError::invalid("`body` is not a text")),
        };
        Self::new(method, url, headers, body.as_bytes().to_vec())
    }

    /// The same from its parts.
    ///
    /// # Errors
    /// As [`Outgoing::read`].
    pub fn new(
        method: &str,
        url: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Result<Self, WireError> {
        let bodied = match method {
            "GET" | "HEAD" | "OPTIONS" => false,
            "DELETE" | "PATCH" | "POST" | "PUT" => true,
            _ => return Err(WireError::invalid("`method` is no method")),
        };
        if !bodied && !body.is_empty() {
            return Err(WireError::invalid("a request of this method has no `body`"));
        }
        let (uri, tls, host, port) = address(url)?;
        let usual = if tls { 443 } else { 80 };
        let target = Target {
            host,
            port: port.unwrap_or(usual),
            usual: port.is_none_or(|port| port == usual),
            method: method.to_owned(),
        };
        if headers.len() > MOST_HEADERS {
            return Err(WireError::invalid("there are too many `headers`"));
        }
        for (name, value) in &headers {
            let lower = name.to_ascii_lowercase();
            if is_ours(&lower) {
                return Err(WireError::invalid("a header is the vault's own"));
            }
            let printable =
                value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte));
            if !is_token(name) || !printable || value.len() > LONGEST_HEADER {
                return Err(WireError::invalid("a header has characters that no header takes"));
            }
        }
        Ok(Self { target, uri, tls, headers, body, authorities: Vec::new() })
    }

    /// The same to a server that these vouch for, and nobody else.
    #[must_use]
    pub fn trusting(self, authorities: Vec<Authority>) -> Self {
        Self { authorities, ..self }
    }

    /// Where it goes.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// Makes it with that header, which takes the place of the agent's own of that name. `named` are the addresses beside the public ones.
    ///
    /// # Errors
    /// It cannot be made, or its answer cannot be handed out.
    pub fn send(self, secret: &[u8], injected: &Injected, named: &[IpNet]) -> Answered {
        let blocked = Arc::new(AtomicBool::new(false));
        let resolver = Judged {
            inner: DefaultResolver::default(),
            named: named.to_vec(),
            tls: self.tls,
            blocked: Arc::clone(&blocked),
        };
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .timeout_connect(Some(CONNECT))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(0)
            .proxy(None)
            .user_agent("sanctum")
            .accept_encoding("identity")
            .tls_config(self.trust()?)
            .build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), resolver);
        let sent = agent.run(self.request(injected)?);
        let mut answer = sent.map_err(|error| {
            let detail = if blocked.load(Ordering::SeqCst) {
                return WireError {
                    detail: Some("the address is not one that a request may go to"),
                    ..Code::AccessDenied.into()
                };
            } else {
                silence(&error)
            };
            WireError { detail: Some(detail), ..Code::OperationFailed.into() }
        })?;
        let mut body = Vec::new();
        let reader = answer.body_mut().as_reader();
        let read = reader.take(MOST_ANSWER + 1).read_to_end(&mut body);
        read.map_err(|_| failed("the answer stopped in the middle"))?;
        if body.len() as u64 > MOST_ANSWER {
            return Err(failed("the answer is longer than 512 KiB"));
        }
        shown(&answer, &body, (secret, injected))
    }

    fn trust(&self) -> Result<TlsConfig, WireError> {
        match self.authorities.as_slice() {
            [] => Ok(TlsConfig::default()),
            [_] if !self.tls => Err(failed("policy names an authority, and this is no https")),
            [one] => Ok(one.tls()),
            _ => Err(failed("policies name different authorities, and no server has both")),
        }
    }

    fn request(self, injected: &Injected) -> Result<Request<Vec<u8>>, WireError> {
        let bad = |_| WireError::invalid("the request cannot be written");
        let method = Method::from_bytes(self.target.method.as_bytes())
            .map_err(|_| WireError::invalid("`method` is no method"))?;
        let mut request = Request::builder().method(method).uri(self.uri);
        let own = injected.name.to_ascii_lowercase();
        if own != "authorization" && is_ours(&own) {
            return Err(WireError::invalid("`header_name` is a header of the vault's own"));
        }
        for (name, value) in self.headers {
            if name.to_ascii_lowercase() != own {
                request = request.header(name, value);
            }
        }
        let mut value = HeaderValue::from_str(&injected.value)
            .map_err(|_| failed("the credential has characters that no header takes"))?;
        value.set_sensitive(true);
        request.header(injected.name.as_str(), value).body(self.body).map_err(bad)
    }
}

/// Whether a header, in small letters, is the vault's own to set.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    OURS.contains(&name) || name.starts_with("proxy-")
}

/// The body of an answer, as bytes.
#[must_use]
pub fn body_of(answer: &Value) -> Vec<u8> {
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    let bytes = text("body_base64").and_then(|text| STANDARD.decode(text).ok());
    bytes.unwrap_or_else(|| text("body").unwrap_or_default().as_bytes().to_vec())
}

/// `status`, `headers` and `body`.
pub type Answered = Result<Value, WireError>;

fn failed(detail: &'static str) -> WireError {
    WireError { detail: Some(detail), ..Code::OperationFailed.into() }
}

/// Only what has one reading is an address: no user, no escapes, no other scheme.
fn address(url: &str) -> Result<(Uri, bool, String, Option<u16>), WireError> {
    let bad = || WireError::invalid("`url` is not https://HOST/… in plain characters");
    if url.len() > LONGEST_URL || !url.bytes().all(|byte| (b'!'..=b'~').contains(&byte)) {
        return Err(bad());
    }
    let uri: Uri = url.parse().map_err(|_| bad())?;
    let tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(bad()),
    };
    let authority = uri.authority().ok_or_else(bad)?.as_str();
    let inside = authority.strip_prefix('[');
    let (host, rest) = match inside.and_then(|inside| inside.split_once(']')) {
        Some((host, rest)) => {
            let ip: std::net::Ipv6Addr = host.parse().map_err(|_| bad())?;
            (format!("[{ip}]"), rest)
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            let (host, rest) = authority.split_at_checked(end).ok_or_else(bad)?;
            let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
            let label = |label: &str| {
                let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
                !label.is_empty() && label.bytes().all(known)
            };
            if !host.split('.').all(label) {
                return Err(bad());
            }
            (host, rest)
        }
    };
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse().ok().filter(|port| *port != 0).ok_or_else(bad)?)
        }
        _ => return Err(bad()),
    };
    Ok((uri, tls, host, port))
}

/// Kinds of silence; ureq's own words may hold the address.
fn silence(error: &ureq::Error) -> &'static str {
    match error {
        ureq::Error::Timeout(_) => "the time is over",
        ureq::Error::HostNotFound => "the name of the host is not known",
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "the certificate is not accepted",
        ureq::Error::Protocol(_) => "what answers does not speak HTTP",
        _ => "the connection failed",
    }
}

fn shown(
    answer: &ureq::http::Response<ureq::Body>,
    body: &[u8],
    (secret, injected): (&[u8], &Injected),
) -> Answered {
    let withheld = |_| failed("the answer repeats the credential, and is withheld");
    let headers = answer.headers();
    // What is compressed cannot be looked through.
    if headers.get_all("content-encoding").iter().any(|value| value != "identity") {
        return Err(failed("the answer is compressed, which was not asked for"));
    }
    let scrubs = [Scrub::new(injected.value.as_bytes()), Scrub::new(secret)];
    let clean = |bytes: &[u8]| {
        scrubs.iter().try_fold(bytes.to_vec(), |text, scrub| scrub.clean(&text).map_err(withheld))
    };
    let mut all: Map<String, Value> = Map::new();
    for (name, value) in headers {
        let name = String::from_utf8_lossy(&clean(name.as_str().as_bytes())?).into_owned();
        let value = String::from_utf8_lossy(&clean(value.as_bytes())?).into_owned();
        let value = match all.get(&name).and_then(Value::as_str) {
            Some(before) => format!("{before}, {value}"),
            None => value,
        };
        all.insert(name, value.into());
    }
    let body = clean(body)?;
    let status = answer.status().as_u16();
    Ok(match String::from_utf8(body) {
        Ok(text) => json!({ "status": status, "headers": all, "body": text }),
        Err(bytes) => json!({
            "status": status, "headers": all, "body": "", "body_base64": STANDARD.encode(bytes.as_bytes()),
        }),
    })
}

/// Whether a request may go to each of them.
fn fit(mut all: impl Iterator<Item = IpAddr>, tls: bool, named: &[IpNet]) -> bool {
    all.all(|ip| may_reach(ip, named) && (tls || named.iter().any(|net| net.contains(&ip))))
}

/// Resolves, and judges every address that a name has: one that is not allowed spoils them all.
struct Judged {
    inner: DefaultResolver,
    named: Vec<IpNet>,
    tls: bool,
    blocked: Arc<AtomicBool>,
}

impl fmt::Debug for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Judged")
    }
}

impl Resolver for Judged {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        if fit(found.iter().map(SocketAddr::ip), self.tls, &self.named) {
            return Ok(found);
        }
        self.blocked.store(true, Ordering::SeqCst);
        Err(ureq::Error::HostNotFound)
    }
}

#[cfg(test)]
mod tests;
