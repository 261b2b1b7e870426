//! Use-handles: a lease that an agent shows to the vault's proxy, which makes the request with the credential.
//!
//! A lease is good for the session that it was made in, and no longer than that lasts. Where a request goes is the owner's note `upstream` of the
//! secret, and policy judges it each time as an `http_request`.

use super::agent::{self, Desk};
use super::{Answer, Now, Vault, lock};
use crate::operation::HTTP_REQUEST;
use crate::operation::http::Outgoing;
use crate::path::SecretPath;
use crate::policy::Action;
use crate::wire::{Code, Dialect, WireError};
use jiff::Timestamp;
use sanctum_types::Outcome;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// 256 bits: it is a part of an address.
const LEASE: usize = 32;
/// The owner's notes of a secret that say how it is sent.
const SENT: [&str; 2] = ["header_type", "header_name"];

/// A request to the proxy.
pub struct Handled {
    /// The lease, as its address names it.
    pub lease: String,
    /// The session that was shown.
    pub token: Zeroizing<String>,
    /// In capitals.
    pub method: String,
    /// Path and query behind the lease.
    pub rest: String,
    /// Without those that are the vault's own.
    pub headers: Vec<(String, String)>,
    /// As it came.
    pub body: Vec<u8>,
}

/// What stands for a session beside a lease.
pub(super) fn session_print(session: &str) -> [u8; 32] {
    Sha256::digest(session.as_bytes()).into()
}

/// Whether a server may read the path as one that leads up: some take a backslash for a slash, and pass over what follows a semicolon.
fn climbs(way: &str) -> bool {
    let way = way.to_ascii_lowercase().replace("%2e", ".").replace("%3b", ";");
    let up = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    way.split('/').any(up) || ["\\", "%5c", "%2f"].iter().any(|slash| way.contains(slash))
}

impl Desk<'_> {
    /// Makes a handle. What is not there and what is not allowed are one answer.
    pub(super) fn mint(&self, service: &str, ttl: Option<u64>, scope: Option<&str>) -> Answer {
        let denied = || WireError::from(Code::NotFoundOrDenied);
        let path = SecretPath::new(service).map_err(|_| denied())?;
        let action = Action::of_use(HTTP_REQUEST);
        let allowed =
            self.allowed(&path, &action, "mint", None).map_err(|error| match error.code {
                Code::AccessDenied => denied(),
                _ => error,
            })?;
        let notes = self.notes(&path).ok_or_else(denied)?;
        let unfit = |detail| WireError { detail: Some(detail), ..Code::OperationFailed.into() };
        if scope.is_some() {
            let detail = Some("the vault exchanges no identities");
            return Err(WireError { detail, ..Code::BrokerFailed.into() });
        }
        if !notes.contains_key("upstream") {
            return Err(unfit("the credential has no note `upstream` that says where it is used"));
        }
        let at =
            self.vault.proxy.get().ok_or(unfit("the vault has no proxy: sanctumd --listen"))?;
        let ttl = allowed.ttl(ttl);
        let told = self.told("vault.mint", path.as_str(), vec![("ttl", ttl.to_string())]);
        self.vault.record(&told, Outcome::Ok)?;
        let session = self.session.map(session_print);
        let id = self.lease::<LEASE>(&path, &allowed, ttl, session)?;
        let until = self.now.wall.0.saturating_add_unsigned(ttl);
        let until = Timestamp::from_second(until).map_err(|_| WireError::from(Code::Internal))?;
        Ok(json!({
            "lease_id": id, "proxy_base_url": format!("http://{at}/api/v1/proxy/t/{id}"),
            "credential_type": notes.get("type"), "classification": notes.get("classification"),
            "brokered": false, "expires_at": until.to_string(), "ttl": ttl,
        }))
    }

    fn notes(&self, path: &SecretPath) -> Option<Map<String, Value>> {
        let index = self.open.store.index();
        let notes = &index.secret(path)?.about.notes;
        Some(notes.iter().map(|(name, text)| (name.clone(), text.as_str().into())).collect())
    }

    /// Makes the request of a lease that was found.
    fn forward(&self, path: &SecretPath, asked: Handled) -> Answer {
        let notes = self.notes(path).ok_or(Code::LeaseExpired)?;
        let upstream = notes.get("upstream").and_then(Value::as_str).ok_or(Code::LeaseExpired)?;
        let (way, _) = asked.rest.split_once('?').unwrap_or((&asked.rest, ""));
        // The owner's note may end in a path that is meant.
        if climbs(way) {
            return Err(WireError::invalid("the path climbs"));
        }
        let url = format!("{}/{}", upstream.trim_end_matches('/'), asked.rest);
        let going = Outgoing::new(&asked.method, &url, asked.headers, asked.body)?;
        let sent: Map<String, Value> =
            notes.into_iter().filter(|(name, _)| SENT.contains(&name.as_str())).collect();
        self.sent(path, going, &sent)
    }
}

impl Vault {
    /// Answers a request to the proxy: `status`, `headers` and `body` of what was asked.
    ///
    /// # Errors
    /// There is no such lease of that session, or the request is not allowed or fails.
    pub fn proxied(&self, asked: Handled) -> Answer {
        let (open, now) = (self.opened()?, Now::read());
        let shown = session_print(&asked.token);
        let lease = {
            let mut leases = lock(&self.leases);
            let found = leases.find(&asked.lease, now.mono).cloned();
            let own = found.and_then(|lease| {
                let session = lease.session.as_deref()?;
                bool::from(session.ct_eq(&shown)).then_some(lease)
            });
            let lease = own.ok_or(Code::AuthFailed)?;
            leases.take(&asked.lease, &lease.agent, now.mono).map_err(agent::of_lease)?;
            lease
        };
        let desk = Desk {
            vault: self,
            open: &open,
            agent: &lease.agent,
            dialect: Dialect::A,
            now,
            session: None,
        };
        let id = asked.lease.clone();
        desk.forward(&lease.path, asked).inspect_err(|error| {
            // It is sent again once the owner approved.
            if error.code == Code::ApprovalRequired {
                lock(&self.leases).give_back(&id);
            }
        })
    }

    /// A connection ended, and what was made for its session with it.
    pub fn left(&self, connection: &super::Connection) {
        if let Some(session) = connection.identity.session() {
            lock(&self.leases).revoke(&crate::lease::Which::Session(session_print(session)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_of_a_path_leads_up() {
        for good in ["", "models", "v1/a.b/..c", "a;b=c/d", "a%20b", "..."] {
            assert!(!climbs(good), "{good}");
        }
        for bad in [
            "..",
            "a/../b",
            "./a",
            "a/%2e%2E/b",
            "a/.%2e",
            "a%2Fb",
            "a\\..\\b",
            "a%5C..%5cb",
            "a/..;/b",
            "a/..;x=y/b",
            "a/%2e%2e%3B/b",
        ] {
            assert!(climbs(bad), "{bad}");
        }
    }
}
