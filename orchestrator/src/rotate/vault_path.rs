//! A path of the running vault as a consumer: read and written over its socket, by an agent of the rotation's own.
//!
//! The agent proves its key each time, on a connection of its own, and gives each lease back. A sealed vault, one that is not served and a policy that
//! does not allow it are told apart, because each has another way out. Deliberately absent: unsealing, and the owner's verbs.

use super::consumer::{Consumer, Given, Text};
use crate::instance::rotation::VaultPlace;
use sanctum_host::tree::Tree;
use sanctum_rotation::{Failure, Reason};
use sanctum_types::AbsPath;
use sanctum_vault::client::{Client, ClientError};
use sanctum_vault::identity::AgentName;
use sanctum_vault::keyfile::AgentKey;
use sanctum_vault::{SecretPath, hex, unhex};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Seconds that a value is held for: as long as one call.
const LEASE: u64 = 30;

/// The place.
pub struct VaultPath {
    root: PathBuf,
    path: SecretPath,
    socket: PathBuf,
    key: AbsPath,
    agent: AgentName,
}

impl VaultPath {
    /// As the instance declares it, below the directory that stands for `/`; none where a name is none.
    #[must_use]
    pub fn of(root: &Path, place: &VaultPlace) -> Option<Self> {
        Some(Self {
            root: root.to_owned(),
            path: SecretPath::new(place.path.as_str()).ok()?,
            socket: root.join(place.socket.as_str().trim_start_matches('/')),
            key: place.key.clone(),
            agent: AgentName::new(place.agent.as_str()).ok()?,
        })
    }

    fn connect(&self) -> Result<Client, Failure> {
        let denied = Failure::Never(Reason::VaultDenies);
        let tree = Tree::open(&self.root).map_err(|_| denied)?;
        let text = tree.read_private(&self.key).ok().flatten().ok_or(denied)?;
        let key = AgentKey::from_plain(&text).map_err(|_| denied)?;
        let mut client = Client::connect(&self.socket).map_err(|error| untouched(&error))?;
        client.authenticate(self.agent.as_str(), &key).map_err(|error| untouched(&error))?;
        Ok(client)
    }
}

/// What a refusal says where nothing was changed.
fn untouched(error: &ClientError) -> Failure {
    match error.code() {
        Some("VAULT_LOCKED") => Failure::Later { reason: Reason::VaultSealed, after: None },
        Some("AUTH_FAILED" | "ACCESS_DENIED" | "SESSION_EXPIRED") => {
            Failure::Never(Reason::VaultDenies)
        }
        Some("RATE_LIMITED") => Failure::Later { reason: Reason::VaultDenies, after: None },
        Some(_) => Failure::Later { reason: Reason::Unreadable, after: None },
        None => Failure::Later { reason: Reason::VaultAway, after: None },
    }
}

fn text<'a>(answer: &'a Value, name: &str) -> Option<&'a str> {
    answer.get(name).and_then(Value::as_str)
}

impl Consumer for VaultPath {
    fn read(&self) -> Result<Option<Text>, Failure> {
        let mut client = self.connect()?;
        let asked = json!({ "path": self.path.as_str(), "ttl": LEASE });
        let mut answer = match client.ask("retrieve", asked) {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("CREDENTIAL_NOT_FOUND") => return Ok(None),
            Err(error) => return Err(untouched(&error)),
        };
        let value = answer.get_mut("value").map(Value::take);
        let value = Zeroizing::new(
            value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default(),
        );
        if let Some(lease) = text(&answer, "lease_id") {
            // One that is not taken back ends by itself.
            let _ = client.ask("release_lease", json!({ "lease_id": lease }));
        }
        let shape = || Failure::Never(Reason::Shape);
        let bytes = unhex(&value).ok_or_else(shape)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| shape())?;
        Ok(Some(Zeroizing::new(text.to_owned())))
    }

    fn may_write(&self) -> Result<(), Failure> {
        // In the middle of a rotation it is waited for; before the beginning nobody has to wait.
        let mut client = self.connect().map_err(|failure| match failure {
            Failure::Later {
                reason: reason @ (Reason::VaultAway | Reason::VaultSealed), ..
            } => Failure::Never(reason),
            other => other,
        })?;
        for action in ["store", "retrieve"] {
            let asked = json!({ "path": self.path.as_str(), "action": action });
            let answer = client.ask("may", asked).map_err(|error| untouched(&error))?;
            if answer.get("allowed") != Some(&Value::Bool(true)) {
                return Err(Failure::Never(Reason::VaultDenies));
            }
        }
        Ok(())
    }

    fn write(&self, given: Given<'_>) -> Result<(), Failure> {
        let mut client = self.connect()?;
        let value = hex(given.value.as_bytes());
        let stored = client.ask("store", json!({ "path": self.path.as_str(), "value": value }));
        stored.map(drop).map_err(|error| match error.code() {
            Some("INTERNAL_ERROR") | None => Failure::Unknown(Reason::Unwritable),
            Some("TOO_LARGE") => Failure::Never(Reason::Shape),
            Some(_) => untouched(&error),
        })
    }
}
