//! Where a request may go and how, as a rule names it: `api.example`, `*.example`, `[fd00::1]:8443`, and `GET`.
//!
//! `*` stands for one label at the beginning. A port has to be named unless it is the scheme's own.

use crate::operation::http::Target;
use serde::{Deserialize, Serialize};

/// Longer names are no names (RFC 1035, section 2.3.4), and a port has six characters more.
const LONGEST: usize = 255 + 6;

/// A host, and a port where it is not the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain {
    host: String,
    port: Option<u16>,
}

impl Domain {
    /// Whether a request that goes there is meant.
    #[must_use]
    pub fn matches(&self, target: &Target) -> bool {
        let host = match self.host.strip_prefix("*.") {
            Some(parent) => target.host.split_once('.').is_some_and(|(_, rest)| rest == parent),
            None => self.host == target.host,
        };
        host && self.port.map_or(target.usual, |port| port == target.port)
    }
}

impl TryFrom<String> for Domain {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bad = "a domain is a host name in small letters, also `*.` and one, with :PORT where that is not the scheme's own";
        if text.len() > LONGEST {
            return Err(bad);
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text.as_str(), None),
        };
        let port = match port {
            None => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().ok().filter(|port| *port != 0).ok_or(bad)?)
            }
            Some(_) => return Err(bad),
        };
        let label = |label: &str| {
            let known = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)
            };
            !label.is_empty() && label.bytes().all(known)
        };
        let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(inside) = inside {
            let ip: std::net::Ipv6Addr = inside.parse().map_err(|_| bad)?;
            return Ok(Self { host: format!("[{ip}]"), port });
        }
        let rest = host.strip_prefix("*.").unwrap_or(host);
        if rest.split('.').all(label) { Ok(Self { host: host.to_owned(), port }) } else { Err(bad) }
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        match domain.port {
            Some(port) => format!("{}:{port}", domain.host),
            None => domain.host,
        }
    }
}

/// A method, in capitals.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Method(String);

impl Method {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Method {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "DELETE" | "GET" | "HEAD" | "OPTIONS" | "PATCH" | "POST" | "PUT" => Ok(Self(text)),
            _ => Err("a method is DELETE, GET, HEAD, OPTIONS, PATCH, POST or PUT"),
        }
    }
}

impl From<Method> for String {
    fn from(method: Method) -> Self {
        method.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_has_one_spelling() {
        for good in ["a.example", "*.a.example", "a.example:8443", "[::1]", "[::1]:80", "127.0.0.1"]
        {
            let read = Domain::try_from(good.to_owned()).unwrap();
            assert_eq!(String::from(read), good);
        }
        for bad in [
            "",
            "*",
            "A.example",
            "a..b",
            "a.*",
            "*a.example",
            "a.example.",
            "a:0",
            "a:",
            "a:99999",
            "a:+1",
            "[::1",
            "::1",
            "a/b",
            "a b",
            "[127.0.0.1]",
            "a\n",
        ] {
            assert!(Domain::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
