//! The owner's verbs, once the connection proved the passphrase. An account alone opens nothing: agents often share it.

use super::record::Told;
use super::roster::{AGENT, POLICY, Roster};
use super::{
    Admitted, Answer, Connection, Now, Open, Vault, WRONG_PASSPHRASE, agent, lock, refused,
};
use crate::approvals::{Ends, State};
use crate::crypt::{hex, unhex, unhex_array};
use crate::identity::AgentName;
use crate::keys::Opener;
use crate::lease::Which;
use crate::log::About;
use crate::path::SecretPath;
use crate::policy::{Action, Ask, Rule, judge};
use crate::store::{Change, StoreError, Terms};
use crate::wire::request::Said;
use crate::wire::{Code, WireError};
use sanctum_host::clock;
use sanctum_types::Outcome;
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError};
use zeroize::Zeroizing;

/// Another key for an agent.
const ROTATE: &str = "vault.agent-rotate";

impl Vault {
    pub(super) fn administer(
        &self,
        connection: &mut Connection,
        verb: &str,
        params: Said,
        now: Now,
    ) -> Answer {
        if verb == "prove" || verb == "unseal" {
            return self.admit(connection, verb, &params);
        }
        match verb {
            "unlock" => return self.unlock(connection, &params, now),
            "session" => return self.resume(connection, now),
            "lock" => return self.lock_again(connection, now),
            _ => {}
        }
        let Some(Admitted { store: proved, session }) = connection.admin.clone() else {
            return Err(Code::SessionExpired.into());
        };
        if let Some(number) = session {
            self.still_admitted(connection, number, now)?;
        }
        let told = |action: &'static str, subject: String| Told {
            actor: connection.actor(),
            action,
            subject,
            details: Vec::new(),
        };
        // A proof ends with the unsealing that it was given in.
        let open = self.opened();
        if open.as_ref().is_ok_and(|open| !proved.ptr_eq(&Arc::downgrade(&open.store))) {
            return Err(Code::SessionExpired.into());
        }
        // Who has the terminal for some minutes does not make the vault another's.
        if verb == "rekey" && session.is_some() {
            self.record(&told("vault.rekey", "vault".to_owned()), Outcome::Refused)?;
            return Err(Code::SessionExpired.into());
        }
        if verb == "seal" {
            return self.during(&told("vault.seal", "vault".to_owned()), || {
                self.seal_for_good()?;
                Ok(json!({ "sealed": true }))
            });
        }
        let office = Office { vault: self, open: &open?, told: &told, now };
        office.serve(verb, params)
    }

    /// Takes a passphrase; wrong ones cost a second each, one after another.
    pub(super) fn admit(&self, connection: &mut Connection, verb: &str, params: &Said) -> Answer {
        let opener = opener_of(verb, params)?;
        // A job that opens the vault at boot is not its owner.
        let owner = matches!(opener, Opener::Passphrase(_));
        let told = |action| Told {
            actor: connection.actor(),
            action,
            subject: "vault".to_owned(),
            details: Vec::new(),
        };
        let trying = lock(&self.trying);
        let was_open = self.opened().is_ok();
        let proved = match verb {
            "unseal" => self.unseal(&opener, Terms::default()).map(drop),
            _ => match self.opened()?.store.proves(&opener) {
                true => Ok(()),
                false => Err(StoreError::WrongKey),
            },
        };
        let action = if verb == "unseal" { "vault.unseal" } else { "vault.admit" };
        let outcome = if proved.is_ok() { Outcome::Ok } else { Outcome::Refused };
        let recorded = self.record(&told(action), outcome);
        if proved.is_err() {
            clock::sleep(WRONG_PASSPHRASE);
        }
        if recorded.is_err() && !was_open {
            // What cannot be recorded is not done.
            self.seal();
        }
        drop(trying);
        recorded?;
        match proved {
            Ok(()) => {
                let store = Arc::downgrade(&self.opened()?.store);
                if owner {
                    connection.admin = Some(Admitted { store, session: None });
                }
                Ok(json!({ "authenticated": owner }))
            }
            Err(StoreError::WrongKey) => {
                connection.failures += 1;
                Err(Code::AuthFailed.into())
            }
            // The owner is told why; nobody else gets as far with a passphrase.
            Err(error) => Err(refused(&error).with("why", error.to_string())),
        }
    }

    /// Read under the lock: of two changes at a time the later one would otherwise be undone by the roster of the earlier.
    fn refresh(&self) {
        let mut now = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(now) = now.as_mut() {
            let roster = Roster::of(&now.store.index());
            now.roster = Arc::new(roster);
        }
    }
}

/// The passphrase; to unseal also a key.
fn opener_of(verb: &str, params: &Said) -> Result<Opener, WireError> {
    let text = |name: &str| params.0.get(name).and_then(Value::as_str);
    match (text("passphrase"), text("key").filter(|_| verb == "unseal")) {
        (Some(text), None) => Ok(Opener::Passphrase(Zeroizing::new(text.as_bytes().to_vec()))),
        (None, Some(text)) => {
            Opener::key(text.as_bytes()).ok_or(WireError::invalid("`key` is no key of a vault"))
        }
        (None, None) => Err(WireError::invalid("`passphrase` is missing")),
        (Some(_), Some(_)) => Err(WireError::invalid("`passphrase` or `key`, not both")),
    }
}

pub(super) struct Office<'a, F> {
    pub(super) vault: &'a Vault,
    pub(super) open: &'a Open,
    pub(super) told: &'a F,
    pub(super) now: Now,
}

impl<F: Fn(&'static str, String) -> Told<'static>> Office<'_, F> {
    fn serve(&self, verb: &str, params: Said) -> Answer {
        match verb {
            "put" => self.put(&params),
            "get" => self.get(&params),
            "list" => {
                let index = self.open.store.index();
                let all = index.secrets().map(|(path, kept)| agent::shown(path, kept));
                Ok(json!({ "credentials": all.collect::<Vec<_>>() }))
            }
            "history" => self.history(&params),
            "rm" => {
                let path = params.path()?;
                self.change("vault.remove", path.to_string(), Change::Drop { path: path.clone() })?;
                lock(&self.vault.approvals).end(&Ends::Path(&path));
                let ended = self.vault.take_back(&self.open.store, &Which::Path(path))?;
                Ok(json!({ "removed": true, "leases_ended": ended }))
            }
            "lease_list" => {
                let leases = lock(&self.vault.leases);
                let all = leases.all(self.now.mono).map(|(id, lease)| {
                    json!({ "lease_id": id, "agent": lease.agent.as_str(), "path": lease.path.as_str(),
                            "ttl": lease.until.saturating_sub(self.now.mono) / 1000,
                            "survives_restart": leases.is_kept(&id) })
                });
                Ok(json!({ "leases": all.collect::<Vec<_>>() }))
            }
            "lease_revoke" => self.revoke(&params),
            "standing" => {
                let standing = self.open.store.standing();
                Ok(json!({
                    "sealed": false, "vault": standing.vault, "generation": standing.generation,
                    "records": standing.seq, "secrets": standing.secrets, "bytes": standing.bytes,
                    "writes": standing.writes,
                }))
            }
            "compact" => {
                self.vault.during(&(self.told)("vault.compact", "vault".to_owned()), || {
                    self.open.store.compact().map_err(|error| refused(&error))?;
                    Ok(json!({ "compacted": true }))
                })
            }
            "rekey" => self.rekey(&params),
            "backup" => self.backup(&params),
            "approvals" => Ok(self.approvals()),
            "approve" => self.decide(State::Approved, &params),
            "deny" => self.decide(State::Denied, &params),
            _ => self.roster_verb(verb, params),
        }
    }

    /// Who there is, and what they may do.
    fn roster_verb(&self, verb: &str, params: Said) -> Answer {
        match verb {
            "agent_register" => self.set_key("vault.agent-register", &params),
            "agent_rotate" => self.set_key(ROTATE, &params),
            "agent_list" => {
                let agents = self.open.roster.agents.iter();
                let all =
                    agents.map(|(name, key)| json!({ "name": name.as_str(), "public": hex(key) }));
                Ok(json!({ "agents": all.collect::<Vec<_>>() }))
            }
            "agent_remove" => {
                let name = params.agent("name")?;
                let document = format!("{AGENT}{name}");
                let _registering = lock(&self.vault.registering);
                self.change(
                    "vault.agent-remove",
                    name.to_string(),
                    Change::Unset { name: document },
                )?;
                lock(&self.vault.approvals).end(&Ends::Agent(&name));
                let ended = self.vault.take_back(&self.open.store, &Which::Agent(name))?;
                Ok(json!({ "removed": true, "leases_ended": ended }))
            }
            "policy_set" => self.set_policy(params),
            "policy_list" => Ok(json!({ "policies": self.open.roster.rules })),
            "policy_remove" => {
                let name = params.text("name")?.to_owned();
                let document = format!("{POLICY}{name}");
                let change = Change::Unset { name: document };
                let done = self.change("vault.policy-remove", name.clone(), change);
                lock(&self.vault.approvals).end(&Ends::Rule(&name));
                done?;
                Ok(json!({ "removed": true }))
            }
            "policy_simulate" => self.simulate(&params),
            _ => Err(Code::UnknownMethod.into()),
        }
    }

    fn change(&self, action: &'static str, subject: String, change: Change) -> Answer {
        self.changed(&(self.told)(action, subject), change)
    }

    fn changed(&self, told: &Told<'_>, change: Change) -> Answer {
        let of_roster = matches!(change, Change::Set { .. } | Change::Unset { .. });
        let done = super::record::changed(&self.open.store, told, change);
        if of_roster {
            self.vault.refresh();
        }
        Ok(json!({ "version": done? }))
    }

    fn put(&self, params: &Said) -> Answer {
        let path = params.path()?;
        let value = unhex(params.text("value")?);
        let value = value.ok_or(WireError::invalid("`value` is not hexadecimal"))?;
        let about: Option<About> = match params.0.get("about") {
            None | Some(Value::Null) => None,
            Some(about) => Some(
                serde_json::from_value(about.clone())
                    .map_err(|_| WireError::invalid("`about` has `tags` and `notes`"))?,
            ),
        };
        let change = Change::Put { path: path.clone(), value, at: self.now.wall, about };
        self.change("vault.put", path.to_string(), change)
    }

    fn get(&self, params: &Said) -> Answer {
        let path = params.path()?;
        let version = params.0.get("version").and_then(Value::as_u64);
        let version = version.map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        let read = self.open.store.value(&path, version).map_err(|error| refused(&error))?;
        let read = read.ok_or(Code::NotFound)?;
        let mut told = (self.told)("vault.read", path.to_string());
        told.details.push(("operation", "get".to_owned()));
        told.details.push(("print", self.open.store.fingerprint(&read.value)));
        self.vault.record(&told, Outcome::Ok)?;
        Ok(json!({ "version": read.version, "value": hex(&read.value) }))
    }

    fn history(&self, params: &Said) -> Answer {
        let index = self.open.store.index();
        let kept = index.secret(&params.path()?).ok_or(Code::NotFound)?;
        let version =
            |one: &crate::index::Version| json!({ "version": one.number, "at": one.at.0 });
        Ok(json!({ "versions": kept.versions.iter().map(version).collect::<Vec<_>>() }))
    }

    /// The first key of an agent, or one that takes the place of another: neither is ever the other by mistake.
    fn set_key(&self, action: &'static str, params: &Said) -> Answer {
        let name = params.agent("name")?;
        let public: [u8; 32] = unhex_array(params.text("public")?)
            .ok_or(WireError::invalid("`public` is not the hexadecimal of 32 bytes"))?;
        let good = ed25519_dalek::VerifyingKey::from_bytes(&public).is_ok_and(|key| !key.is_weak());
        if !good {
            return Err(WireError::invalid("`public` is no key"));
        }
        let registering = lock(&self.vault.registering);
        // Not what held when the connection asked: somebody else may have registered it meanwhile.
        match (self.vault.opened()?.roster.agents.contains_key(&name), action == ROTATE) {
            (true, false) => {
                return Err(WireError::invalid("the agent is known, and has a key"));
            }
            (false, true) => return Err(WireError::invalid("nobody knows the agent")),
            (true, true) | (false, false) => {}
        }
        let content = json!({ "public": hex(&public), "since": self.now.wall.0 });
        let change = Change::Set { name: format!("{AGENT}{name}"), content };
        let done = self.change(action, name.to_string(), change)?;
        drop(registering);
        // A key that takes the place of another ends what was done with that, once it has.
        lock(&self.vault.approvals).end(&Ends::Agent(&name));
        self.vault.take_back(&self.open.store, &Which::Agent(name))?;
        Ok(done)
    }

    fn set_policy(&self, mut params: Said) -> Answer {
        // It is spelled as an agent's name is.
        let name = params.agent("name")?;
        let rule = params.0.remove("rule").unwrap_or_default();
        let rule: Rule = serde_json::from_value(rule).map_err(|error| {
            WireError::invalid("`rule` is no policy").with("why", error.to_string())
        })?;
        let mut told = (self.told)("vault.policy-set", name.to_string());
        told.details.extend(rule.ca.as_ref().map(|ca| ("authority", ca.print())));
        let content = serde_json::to_value(rule).map_err(|_| WireError::from(Code::Internal))?;
        let done = self.changed(&told, Change::Set { name: format!("{POLICY}{name}"), content });
        // Also where nobody knows whether it was written.
        lock(&self.vault.approvals).end(&Ends::Rule(name.as_str()));
        done
    }

    fn simulate(&self, params: &Said) -> Answer {
        let (agent, path) = (params.agent("agent")?, params.path()?);
        let action = Action::try_from(params.text("action")?.to_owned());
        let action = action.map_err(|_| WireError::invalid("`action` is no action"))?;
        let ask =
            Ask { agent: &agent, path: &path, action: &action, at: self.now.wall, target: None };
        Ok(match judge(&self.open.roster.rules, ask) {
            Ok(allowed) => json!({
                "allowed": true, "by": allowed.by, "max_ttl": allowed.max_ttl,
                "per_hour": allowed.per_hour.iter().map(|(_, most)| most).min(),
                "approval": allowed.approval, "keep_leases": allowed.keep_leases,
            }),
            Err(_) => json!({ "allowed": false, "by": [] }),
        })
    }

    fn revoke(&self, params: &Said) -> Answer {
        let which = match (params.0.get("lease_id"), params.0.get("path"), params.0.get("agent")) {
            (Some(Value::String(id)), None, None) => Which::Id(id.clone()),
            (None, Some(_), None) => Which::Path(params.path()?),
            (None, None, Some(_)) => Which::Agent(params.agent("agent")?),
            _ => return Err(WireError::invalid("one of `lease_id`, `path` and `agent`")),
        };
        self.vault.during(&(self.told)("vault.lease-revoke", "leases".to_owned()), || {
            Ok(json!({ "revoked": self.vault.take_back(&self.open.store, &which)? }))
        })
    }
}

impl Said {
    pub(super) fn text(&self, name: &'static str) -> Result<&str, WireError> {
        let missing = || WireError::invalid("a parameter is missing").with("parameter", name);
        self.0.get(name).and_then(Value::as_str).ok_or_else(missing)
    }

    fn path(&self) -> Result<SecretPath, WireError> {
        SecretPath::new(self.text("path")?).map_err(|_| WireError::invalid("`path` is no path"))
    }

    fn agent(&self, name: &'static str) -> Result<AgentName, WireError> {
        let bad = |_| WireError::invalid("a name has other characters").with("parameter", name);
        AgentName::new(self.text(name)?).map_err(bad)
    }
}
