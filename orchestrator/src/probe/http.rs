//! One GET to a loopback address: no proxy of the environment, no redirect followed, a bounded body.

use super::tcp;
use crate::supervise::Seen;
use std::io::Read as _;
use std::net::SocketAddr;
use std::time::Duration;

/// A health answer is small; more than this is not read.
const BODY_LIMIT: u64 = 1 << 20;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// Asks the first address that accepts.
pub(super) fn ask(
    addresses: &[SocketAddr],
    path: &str,
    limit: Duration,
) -> Result<Got, (Seen, String)> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(limit))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent("sanctum-probe")
        .build()
        .into();
    let mut refused = None;
    for address in addresses {
        match get(&agent, &format!("http://{address}{path}")) {
            Err(Failed::Refused(said)) => drop(refused.get_or_insert(said)),
            Err(Failed::Said(said)) => return Err(refused.unwrap_or(said)),
            Ok(got) => return Ok(got),
        }
    }
    Err(refused.unwrap_or_else(|| (Seen::Unknown, "there is no address to ask".to_owned())))
}

/// Why there is no answer; only a refusal lets the next address be tried.
enum Failed {
    Refused((Seen, String)),
    Said((Seen, String)),
}

fn get(agent: &ureq::Agent, url: &str) -> Result<Got, Failed> {
    let mut response = agent.get(url).call().map_err(failed)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    let mut reader = response.body_mut().as_reader().take(BODY_LIMIT);
    reader.read_to_end(&mut body).map_err(|error| Failed::Said(tcp::meaning(&error)))?;
    Ok(Got { status, body })
}

fn failed(error: ureq::Error) -> Failed {
    let red = |saw: &str| (Seen::Red, saw.to_owned());
    Failed::Said(match error {
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            return Failed::Refused(tcp::meaning(&error));
        }
        ureq::Error::Io(error) => tcp::meaning(&error),
        ureq::Error::ConnectionFailed => {
            return Failed::Refused(red("the connection was refused"));
        }
        ureq::Error::Timeout(_) => red("there was no answer in time"),
        ureq::Error::Protocol(_) => red("the answer is not HTTP"),
        _ => (Seen::Unknown, "the request could not be made".to_owned()),
    })
}
