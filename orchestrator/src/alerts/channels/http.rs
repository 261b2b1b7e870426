//! One request with bounds: a JSON body there, a bounded answer back.
//!
//! No redirects, because a message and its token are meant for one origin; no proxy from the environment; every wait
//! and every length has an end. Certificates are judged by the built-in roots.

use sanctum_types::Secret;
use std::time::Duration;
use ureq::Agent;
use ureq::http::HeaderValue;

/// A peer that has not answered by then counts as not reached; a page on a phone is useless later.
const WHOLE: Duration = Duration::from_secs(10);
/// For finding and reaching the peer; the next channel is asked after that.
const REACH: Duration = Duration::from_secs(5);
/// Answers of both protocols are a few hundred bytes.
const LONGEST_ANSWER: u64 = 64 * 1024;
const LONGEST_HEAD: usize = 16 * 1024;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Nobody answered, or not in HTTP, or too slowly, or too much.
    #[error("cannot reach {host}")]
    Exchange {
        /// The peer's host.
        host: String,
        /// What happened.
        #[source]
        source: Box<ureq::Error>,
    },
    /// The peer sends us elsewhere.
    #[error("{host} redirects with status {status}, which is not followed")]
    Redirect {
        /// The peer's host.
        host: String,
        /// Its status.
        status: u16,
    },
    /// The token has a character that a header cannot carry.
    #[error("the token cannot be sent in a header")]
    Token,
}

/// What a peer said.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// Posts a JSON document.
pub(super) fn post(
    url: &str,
    token: Option<&Secret<String>>,
    body: &str,
) -> Result<Answer, HttpError> {
    let host = host_of(url);
    let exchange = |source| HttpError::Exchange { host: host.clone(), source: Box::new(source) };
    let mut request = agent().post(url).header("Content-Type", "application/json");
    if let Some(token) = token {
        let bearer = Secret::new(format!("Bearer {}", token.expose()));
        let mut value = HeaderValue::from_str(bearer.expose()).map_err(|_| HttpError::Token)?;
        value.set_sensitive(true);
        request = request.header("Authorization", value);
    }
    let mut response = request.send(body).map_err(exchange)?;
    let status = response.status().as_u16();
    if (300..400).contains(&status) {
        return Err(HttpError::Redirect { host, status });
    }
    let body = response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec();
    Ok(Answer { status, body: body.map_err(exchange)? })
}

fn agent() -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(WHOLE))
        .timeout_resolve(Some(REACH))
        .timeout_connect(Some(REACH))
        .max_response_header_size(LONGEST_HEAD)
        .user_agent("sanctum")
        .build();
    config.into()
}

/// The host for messages: the rest of an address can name a topic, which some peers treat as a password.
fn host_of(url: &str) -> String {
    let uri = url.parse::<ureq::http::Uri>().ok();
    uri.and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_else(|| "the peer".to_owned())
}
