//! Leases that outlive a restart of the service, where every rule that allows the access says so.
//!
//! A lease is a document before its answer leaves, and the document is gone before anybody is told that the lease is. What a crash leaves is either a
//! lease that was acknowledged, or one that nobody was told of and that ends by itself. Deliberately absent: how long one lives
//! ([`crate::lease::kept`]).

use super::agent::{Desk, LEASE_BYTES, of_lease};
use super::record::Told;
use super::roster::Roster;
use super::{Answer, Now, Open, Vault, lock, refused};
use crate::crypt::{hex, random};
use crate::index::Index;
use crate::lease::kept::{Clocks, Kept, LEASE, print};
use crate::lease::{Lease, Leases, Which};
use crate::path::SecretPath;
use crate::policy::{Action, Allowed, Ask, judge};
use crate::store::{Change, Store};
use crate::wire::{Code, WireError};
use sanctum_types::Outcome;
use serde_json::json;
use std::sync::Arc;

fn document(id: &str) -> String {
    format!("{LEASE}{id}")
}

fn content(kept: Kept) -> Result<serde_json::Value, WireError> {
    serde_json::to_value(kept).map_err(|_| Code::Internal.into())
}

impl Desk<'_> {
    /// Whether one more is possible, before anything is counted as read.
    pub(super) fn has_room(&self, path: &SecretPath) -> Result<(), WireError> {
        let room = lock(&self.vault.leases).room(self.agent, self.now.mono);
        room.map_err(of_lease).or_else(|error| {
            let told = vec![("operation", "retrieve".to_owned()), ("why", "leases".to_owned())];
            self.vault.record(&self.told("vault.read", path.as_str(), told), Outcome::Refused)?;
            Err(error)
        })
    }

    /// Makes a lease that is on the disk, and grants it; gives its name.
    pub(super) fn kept_lease(
        &self,
        path: &SecretPath,
        allowed: &Allowed,
        ttl: u64,
    ) -> Result<String, WireError> {
        let id = hex(&random::<LEASE_BYTES>().map_err(|_| WireError::from(Code::Internal))?);
        let lease = self.new_lease(path, allowed, ttl, None);
        let content = content(self.kept(&lease, ttl)?)?;
        let set = Change::Set { name: document(&id), content };
        self.open.store.change(set).map_err(|error| refused(&error))?;
        match self.vault.grant_kept(self.open, &id, lease, self.now) {
            Ok(over) => {
                // Those that ended before: where they stay, the next one takes them along.
                let _ = self.vault.forget(&self.open.store, &over);
                Ok(id)
            }
            Err(error) => {
                let _ = self.vault.forget(&self.open.store, &[id]);
                Err(error)
            }
        }
    }

    fn kept(&self, lease: &Lease, ttl: u64) -> Result<Kept, WireError> {
        let key = self.open.roster.agents.get(self.agent).ok_or(Code::SessionExpired)?;
        Ok(Kept::of(lease, key, ttl, self.vault.clocks(self.now)))
    }

    pub(super) fn release(&self, id: &str) -> Answer {
        let over = {
            let mut leases = lock(&self.vault.leases);
            let kept = leases.is_kept(id);
            leases.release(id, self.agent, self.now.mono).map_err(of_lease)?;
            // One that dies with the service waits for no disk.
            if kept { leases.over() } else { Vec::new() }
        };
        self.vault.forget(&self.open.store, &over)?;
        Ok(json!({ "released": true }))
    }

    pub(super) fn renew(&self, id: &str, ttl: u64) -> Answer {
        let mut leases = lock(&self.vault.leases);
        let lease = leases.get(id, self.agent, self.now.mono).map_err(of_lease)?;
        if leases.is_kept(id) {
            let (lease, ttl) = (lease.clone(), lease.max_ttl.min(ttl));
            drop(leases);
            // In place of what is there: a lease that is released meanwhile does not come back.
            let content = content(self.kept(&lease, ttl)?)?;
            let change = Change::Replace { name: document(id), content };
            self.open.store.change(change).map_err(|error| match refused(&error) {
                error if error.code == Code::NotFound => Code::LeaseExpired.into(),
                error => error,
            })?;
            leases = lock(&self.vault.leases);
        }
        match leases.renew(id, self.agent, ttl, self.now.mono) {
            Ok(ttl) => Ok(json!({ "lease_id": id, "ttl": ttl })),
            Err(why) => {
                drop(leases);
                let _ = self.vault.forget(&self.open.store, &[id.to_owned()]);
                Err(of_lease(why))
            }
        }
    }
}

impl Vault {
    fn clocks(&self, now: Now) -> Clocks<'_> {
        Clocks { boot: self.boot.as_deref(), at: now.moment() }
    }

    /// Grants what is on the disk, unless it was taken back meanwhile; gives the names of those that ended.
    pub(super) fn grant_kept(
        &self,
        by: &Open,
        id: &str,
        lease: Lease,
        now: Now,
    ) -> Result<Vec<String>, WireError> {
        let mut leases = lock(&self.leases);
        self.still(by, &lease.agent)?;
        let same = Arc::ptr_eq(&self.opened()?.store, &by.store);
        if !same || by.store.index().document(&document(id)).is_none() {
            return Err(Code::SessionExpired.into());
        }
        leases.grant_kept(id, lease, now.mono).map_err(of_lease)?;
        Ok(leases.over())
    }

    /// Documents of leases go. Where that fails they go later, with others.
    fn forget(&self, store: &Store, ids: &[String]) -> Result<(), WireError> {
        if ids.is_empty() {
            return Ok(());
        }
        let names = ids.iter().map(|id| document(id)).collect();
        store.change(Change::Clear { names }).map(drop).map_err(|error| {
            lock(&self.leases).still_there(ids);
            refused(&error)
        })
    }

    /// Takes leases back, also those whose document is there while they are being granted; gives how many. Nobody is told before the documents are
    /// gone.
    pub(super) fn take_back(&self, store: &Store, which: &Which) -> Result<usize, WireError> {
        let (mut ended, ids) = {
            let mut leases = lock(&self.leases);
            let ended = leases.revoke(which);
            let mut ids = leases.over();
            ids.extend(documents_of(&store.index(), which));
            (ended, ids)
        };
        self.forget(store, &ids)?;
        let mut leases = lock(&self.leases);
        for id in ids {
            ended += leases.revoke(&Which::Id(id));
        }
        Ok(ended)
    }

    /// Seals it by the owner's word: leases that would outlive a restart end too.
    ///
    /// # Errors
    /// It is sealed, and such leases may be back once it is unsealed.
    pub(super) fn seal_for_good(&self) -> Result<(), WireError> {
        // Of what is closed here and of nothing that was opened before: a new root key may have taken its place meanwhile.
        let Some(open) = self.closed() else { return Ok(()) };
        open.store.retire(LEASE).map_err(|_| WireError {
            detail: Some(
                "sealed, but leases that outlive a restart could not be ended: revoke them once it is unsealed",
            ),
            ..Code::Internal.into()
        })
    }

    /// Takes up the leases of a vault that is being unsealed, and drops those that its agents, secrets and rules do not bear any more. What cannot
    /// be recorded is not taken up.
    pub(super) fn take_up(&self, store: &Store, roster: &Roster, now: Now) {
        let mut leases = Leases::default();
        let (mut dropped, mut kept) = (Vec::new(), 0_usize);
        {
            let index = store.index();
            for (id, content) in index.documents(LEASE) {
                let lease = self.lease_of((&index, roster), content, now);
                let granted = lease
                    .filter(|_| is_name(id))
                    .map(|lease| leases.grant_kept(id, lease, now.mono));
                match granted {
                    Some(Ok(())) => kept += 1,
                    _ => dropped.push(id.to_owned()),
                }
            }
        }
        if kept + dropped.len() == 0 {
            return;
        }
        let told = Told {
            actor: "service:vault".to_owned(),
            action: "vault.lease-keep",
            subject: "leases".to_owned(),
            details: vec![("kept", kept.to_string()), ("dropped", dropped.len().to_string())],
        };
        if self.record(&told, Outcome::Ok).is_ok() {
            *lock(&self.leases) = leases;
            let _ = self.forget(store, &dropped);
        }
    }

    fn lease_of(
        &self,
        (index, roster): (&Index, &Roster),
        content: &serde_json::Value,
        now: Now,
    ) -> Option<Lease> {
        let kept: Kept = serde_json::from_value(content.clone()).ok()?;
        let (agent, key) = roster.agents.get_key_value(&kept.agent)?;
        let path = index.path(&kept.path)?;
        let action = Action::retrieve();
        let ask = Ask { agent, path: &path, action: &action, at: now.wall, target: None };
        let allowed = judge(&roster.rules, ask).ok().filter(|allowed| allowed.keep_leases)?;
        let until = kept.until(self.clocks(now))?;
        let good = kept.key == print(key) && kept.uses != Some(0);
        good.then(|| Lease {
            agent: agent.clone(),
            path,
            until,
            uses: kept.uses,
            max_ttl: kept.max_ttl.min(allowed.max_ttl),
            session: None,
        })
    }
}

/// The documents of those leases.
fn documents_of(index: &Index, which: &Which) -> Vec<String> {
    let said = |content: &serde_json::Value, name: &str, text: &str| {
        content.get(name).and_then(serde_json::Value::as_str) == Some(text)
    };
    let meant = |id: &str, content| match which {
        Which::Id(named) => id == named,
        Which::Path(path) => said(content, "path", path.as_str()),
        Which::Agent(agent) => said(content, "agent", agent.as_str()),
        Which::Session(_) => false,
        Which::All => true,
    };
    let all = index.documents(LEASE).filter(|(id, content)| meant(id, content));
    all.map(|(id, _)| id.to_owned()).collect()
}

/// Whether it is spelled as the service spells one.
fn is_name(id: &str) -> bool {
    id.len() == 2 * LEASE_BYTES && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
