//! What an agent asks, once it proved who it is.
//!
//! What policy does not allow is answered alike whether it is there or not. A value leaves after its access is in the journal.

use super::record::{Told, changed};
use super::{Answer, Now, Open, Vault, lock, refused};
use crate::approvals::Wanted;
use crate::crypt::{hex, random};
use crate::identity::AgentName;
use crate::index::Kept;
use crate::lease::{Lease, NoLease};
use crate::operation::http::{Outgoing, Target};
use crate::operation::{self, HTTP_REQUEST, REWRAP, Work};
use crate::path::SecretPath;
use crate::policy::{Action, Allowed, Ask, judge};
use crate::store::{Change, Read};
use crate::wire::{Call, Code, Dialect, WireError, answer};
use sanctum_types::Outcome;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

/// 128 bits: a lease is its agent's besides.
pub(super) const LEASE_BYTES: usize = 16;

pub(super) struct Desk<'a> {
    pub(super) vault: &'a Vault,
    pub(super) open: &'a Open,
    pub(super) agent: &'a AgentName,
    /// The session that it proved; the proxy has none.
    pub(super) session: Option<&'a str>,
    pub(super) dialect: Dialect,
    pub(super) now: Now,
}

impl Desk<'_> {
    pub(super) fn serve(&self, call: Call) -> Answer {
        match call {
            Call::List => self.list(),
            Call::Retrieve { path, ttl } => self.retrieve(&path, ttl),
            Call::Use { path, operation, params } => self.use_value(&path, &operation, &params.0),
            Call::Mint { service, ttl, scope } => self.mint(&service, ttl, scope.as_deref()),
            Call::Store { path, value } => self.store(path, value.0),
            Call::May { path, action } => {
                let allowed = self.judged(&path, &action, None);
                let approval = allowed.as_ref().is_ok_and(|allowed| allowed.approval.is_some());
                Ok(json!({
                    "allowed": allowed.is_ok(), "approval": approval, "agent": self.agent.as_str(),
                }))
            }
            Call::Release { lease } => self.release(&lease),
            Call::LeaseStatus { lease } => self.lease_status(&lease),
            Call::Renew { lease, ttl } => self.renew(&lease, ttl),
            // Answered before anybody is known.
            Call::Challenge { .. } | Call::Prove { .. } | Call::Status | Call::Admin { .. } => {
                Err(Code::Internal.into())
            }
        }
    }

    fn list(&self) -> Answer {
        let action = Action::list();
        let index = self.open.store.index();
        let seen = index.secrets().filter(|(path, _)| self.judged(path, &action, None).is_ok());
        let all: Vec<Value> = seen.map(|(path, kept)| shown(path, kept)).collect();
        drop(index);
        let told = self.told("vault.list", "credentials", vec![("count", all.len().to_string())]);
        self.vault.record(&told, Outcome::Ok)?;
        Ok(answer::list(self.dialect, all))
    }

    fn retrieve(&self, path: &SecretPath, ttl: Option<u64>) -> Answer {
        let allowed = self.allowed(path, &Action::retrieve(), "retrieve", None)?;
        if allowed.keep_leases {
            self.has_room(path)?;
        }
        let read = self.read(path, None, "retrieve")?;
        let ttl = allowed.ttl(ttl);
        self.record_read(path, &read, "retrieve")?;
        let id = if allowed.keep_leases {
            self.kept_lease(path, &allowed, ttl)?
        } else {
            self.lease::<LEASE_BYTES>(path, &allowed, ttl, None)?
        };
        Ok(answer::value(self.dialect, path.as_str(), &read.value, (&id, ttl)))
    }

    /// Makes a lease of so many random bytes and seconds, and grants it; gives its name.
    pub(super) fn lease<const BYTES: usize>(
        &self,
        path: &SecretPath,
        allowed: &Allowed,
        ttl: u64,
        session: Option<[u8; 32]>,
    ) -> Result<String, WireError> {
        let id = hex(&random::<BYTES>().map_err(|_| WireError::from(Code::Internal))?);
        let lease = self.new_lease(path, allowed, ttl, session);
        self.vault.grant(self.open, &id, lease, self.now)?;
        Ok(id)
    }

    pub(super) fn new_lease(
        &self,
        path: &SecretPath,
        allowed: &Allowed,
        ttl: u64,
        session: Option<[u8; 32]>,
    ) -> Lease {
        Lease {
            agent: self.agent.clone(),
            path: self.open.store.index().path(path).unwrap_or_else(|| path.clone()),
            until: self.now.mono.saturating_add(ttl.saturating_mul(1000)),
            uses: allowed.lease_uses,
            max_ttl: allowed.max_ttl,
            session: session.map(Box::new),
        }
    }

    fn use_value(&self, path: &SecretPath, name: &str, params: &Map<String, Value>) -> Answer {
        if !operation::ALL.contains(&name) {
            let named = |one: &&&str| self.judged(path, &Action::of_use(one), None).is_ok();
            let may: Vec<&str> = operation::ALL.iter().filter(named).copied().collect();
            return Err(WireError::from(Code::UnknownOperation).with("operations", json!(may)));
        }
        if name == HTTP_REQUEST {
            return self.request(path, params);
        }
        self.allowed(path, &Action::of_use(name), name, None)?;
        let read = self.read(path, operation::version(name, params)?, name)?;
        let work = self.work(path, &read, params);
        let output = if name == REWRAP {
            let newest = self.read(path, None, name)?;
            operation::rewrap(&work, (newest.version, &newest.value))?
        } else {
            operation::run(name, &work)?
        };
        self.record_read(path, &read, name)?;
        Ok(answer::used(self.dialect, output))
    }

    fn work<'b>(
        &'b self,
        path: &'b SecretPath,
        read: &'b Read,
        params: &'b Map<String, Value>,
    ) -> Work<'b> {
        let (version, value) = (read.version, &read.value);
        let (at, publics) = (self.now.wall, &*self.open.publics);
        Work { path: path.as_str(), version, value, params, at, publics }
    }

    fn request(&self, path: &SecretPath, params: &Map<String, Value>) -> Answer {
        let output = self.sent(path, Outgoing::read(params)?, params)?;
        Ok(answer::used(self.dialect, output))
    }

    /// It is recorded before the credential leaves, and how it ended afterwards.
    pub(super) fn sent(
        &self,
        path: &SecretPath,
        going: Outgoing,
        params: &Map<String, Value>,
    ) -> Answer {
        let action = Action::of_use(HTTP_REQUEST);
        let allowed = self.allowed(path, &action, HTTP_REQUEST, Some(going.target()))?;
        let read = self.read(path, None, HTTP_REQUEST)?;
        let injected = operation::injected(&read.value, params)?;
        let Target { host, method, port, .. } = going.target().clone();
        let mut details = vec![
            ("operation", HTTP_REQUEST.to_owned()),
            ("version", read.version.to_string()),
            ("print", self.open.store.fingerprint(&read.value)),
            ("host", format!("{host}:{port}")),
            ("method", method),
        ];
        details.extend(allowed.authorities.iter().map(|one| ("authority", one.print())));
        let going = going.trusting(allowed.authorities.clone());
        let told = self.told("vault.read", path.as_str(), details);
        self.vault.during(&told, || going.send(&read.value, &injected, &allowed.addresses))
    }

    fn store(&self, path: SecretPath, value: Zeroizing<Vec<u8>>) -> Answer {
        self.allowed(&path, &Action::store(), "store", None)?;
        let print = self.open.store.fingerprint(&value);
        let told = self.told("vault.store", path.as_str(), vec![("print", print.clone())]);
        let change = Change::Put { path, value, at: self.now.wall, about: None };
        let version = changed(&self.open.store, &told, change)?;
        Ok(json!({ "version": version, "print": print }))
    }

    fn lease_status(&self, id: &str) -> Answer {
        let leases = lock(&self.vault.leases);
        let lease = leases.get(id, self.agent, self.now.mono).map_err(of_lease)?;
        Ok(json!({
            "lease_id": id, "path": lease.path.as_str(), "active": true, "uses_left": lease.uses,
            "ttl": lease.until.saturating_sub(self.now.mono) / 1000,
            "survives_restart": leases.is_kept(id),
        }))
    }

    fn judged(
        &self,
        path: &SecretPath,
        action: &Action,
        target: Option<&Target>,
    ) -> Result<Allowed, WireError> {
        let ask = Ask { agent: self.agent, path, action, at: self.now.wall, target };
        judge(&self.open.roster.rules, ask).map_err(|_| {
            WireError::from(Code::AccessDenied)
                .with("agent", self.agent.as_str())
                .with("resource", path.as_str())
        })
    }

    /// Judges, asks for the owner's word where it is needed, counts, and records a refusal.
    pub(super) fn allowed(
        &self,
        path: &SecretPath,
        action: &Action,
        operation: &str,
        target: Option<&Target>,
    ) -> Result<Allowed, WireError> {
        let judged = self.judged(path, action, target).and_then(|allowed| {
            let (agent, path, action) = (self.agent.clone(), path.clone(), action.clone());
            let target = target.map(Wanted::target_of);
            self.counted(&allowed, Wanted { agent, path, action, target })?;
            Ok(allowed)
        });
        if let Err(error) = &judged {
            let why = error.code.as_str().to_ascii_lowercase();
            let told = vec![("operation", operation.to_owned()), ("why", why)];
            let told = self.told("vault.read", path.as_str(), told);
            self.vault.record(&told, Outcome::Refused)?;
        }
        judged
    }

    fn read(
        &self,
        path: &SecretPath,
        version: Option<u32>,
        operation: &str,
    ) -> Result<Read, WireError> {
        let gone = || WireError::from(Code::NotFound).with("resource", path.as_str());
        match self.open.store.value(path, version) {
            Ok(found) => found.ok_or_else(gone),
            Err(error) => {
                let told = vec![("operation", operation.to_owned())];
                self.vault
                    .record(&self.told("vault.read", path.as_str(), told), Outcome::Failed)?;
                Err(refused(&error))
            }
        }
    }

    fn record_read(
        &self,
        path: &SecretPath,
        read: &Read,
        operation: &str,
    ) -> Result<(), WireError> {
        let details = vec![
            ("operation", operation.to_owned()),
            ("version", read.version.to_string()),
            ("print", self.open.store.fingerprint(&read.value)),
        ];
        self.vault.record(&self.told("vault.read", path.as_str(), details), Outcome::Ok)
    }

    pub(super) fn told<'b>(
        &self,
        action: &'b str,
        subject: &str,
        mut details: Vec<(&'static str, String)>,
    ) -> Told<'b> {
        details.push(("agent", self.agent.to_string()));
        let actor = format!("agent:{}", self.agent);
        Told { actor, action, subject: subject.to_owned(), details }
    }
}

/// A secret as lists show it.
pub(super) fn shown(path: &SecretPath, kept: &Kept) -> Value {
    let note = |name: &str| kept.about.notes.get(name);
    json!({
        "path": path.as_str(),
        "type": note("type"),
        "description": note("description"),
        "tags": kept.about.tags,
        "notes": kept.about.notes,
        "version": kept.current().map(|version| version.number),
        "updated": kept.current().map(|version| version.at.0),
    })
}

pub(super) fn of_lease(why: NoLease) -> WireError {
    match why {
        NoLease::Gone => Code::LeaseExpired.into(),
        NoLease::TooMany => Code::RateLimited.into(),
    }
}
