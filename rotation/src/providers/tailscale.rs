//! Auth keys of a tailnet, made with an access token or an OAuth client.
//!
//! Contract: `tailnet/{tailnet}/keys` (list with `all=true`, create, read, delete), `oauth/token` for clients. A
//! description has 50 characters and no colon, so names are short. An auth key cannot be tried out without
//! adding a machine: it is verified by what the list says of it. What a key admitted stays admitted.

use super::{Calls, Ready, SettingsError, Values, ask, before, key_id, tell, times};
use crate::http::{Client, Request, encode};
use crate::material::Material;
use crate::plan::{Finds, NameStyle, Nature, OldKey};
use crate::protocol::{Command, Failure, Listed, Reason};
use crate::words::KeyId;
use sanctum_types::{Secret, UnixTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

const BASE: &str = "https://api.tailscale.com/api/v2";
/// What an OAuth client's secret begins with; then its id, a dash and the rest.
const CLIENT: &str = "tskey-client-";
const AUTH: &str = "tskey-auth-";
/// The longest life of a key, in days.
const LONGEST_DAYS: u32 = 90;

pub(super) const NATURE: Nature = Nature {
    old: OldKey::Lives,
    finds: Finds::ByName,
    names: NameStyle::Short,
    by_hand: false,
    disables: false,
    tells_last_use: false,
};

/// Settings of this kind. The management key is an access token or the secret of an OAuth client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TailscaleSettings")]
pub struct Settings {
    /// The tailnet; `-` is that of the token.
    #[serde(default = "own_tailnet")]
    pub tailnet: String,
    /// Tags of machines that the key admits; OAuth clients need at least one.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Whether the key admits more than one machine.
    #[serde(default)]
    pub reusable: bool,
    /// Whether machines go away when they are offline.
    #[serde(default)]
    pub ephemeral: bool,
    /// Whether machines need no approval.
    #[serde(default)]
    pub preauthorized: bool,
    /// How many days the key is valid, 1 to 90.
    #[serde(default = "longest_days")]
    pub days: u32,
    /// Another address than the provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

fn own_tailnet() -> String {
    "-".to_owned()
}

const fn longest_days() -> u32 {
    LONGEST_DAYS
}

#[derive(Debug)]
pub(super) struct Tailscale {
    client: Client,
    management: Secret<String>,
    settings: Settings,
}

/// A list of keys.
#[derive(Clone, Debug, Deserialize)]
pub struct Keys {
    keys: Vec<Key>,
}

/// What is told of a key.
#[derive(Clone, Debug, Deserialize)]
pub struct Key {
    id: String,
    description: Option<String>,
    created: Option<String>,
    revoked: Option<String>,
    #[serde(default)]
    invalid: bool,
}

/// The one answer with a value.
#[derive(Deserialize)]
pub struct Created {
    id: String,
    key: Zeroizing<String>,
}

#[derive(Deserialize)]
struct Token {
    access_token: Zeroizing<String>,
}

/// The id is part of a key: `tskey-auth-<id>-<secret>`.
fn id_within(value: &str, prefix: &str) -> Option<KeyId> {
    let (id, _) = value.strip_prefix(prefix)?.split_once('-')?;
    KeyId::new(id).ok()
}

impl Tailscale {
    pub(super) fn new(
        settings: &Settings,
        management: Secret<String>,
    ) -> Result<Self, SettingsError> {
        let client = Client::new(settings.base_url.as_deref().unwrap_or(BASE))?;
        let is_client = management.expose().starts_with(CLIENT);
        if is_client && id_within(management.expose(), CLIENT).is_none() {
            return Err(SettingsError::ManagementKey("tskey-client-<id>-<secret>"));
        }
        Ok(Self { client, management, settings: settings.clone() })
    }

    /// The token for the next requests: ours, or one that the OAuth client is given for an hour.
    fn token(&self) -> Result<Secret<String>, Failure> {
        let Some(id) = id_within(self.management.expose(), CLIENT) else {
            return Ok(self.management.clone());
        };
        let mut body = Zeroizing::new(Vec::with_capacity(512));
        for part in ["client_id=", id.as_str(), "&client_secret=", self.management.expose()] {
            body.extend_from_slice(part.as_bytes());
        }
        let request = Request::new("POST", "/oauth/token")
            .body("application/x-www-form-urlencoded", std::mem::take(&mut *body));
        let mut token: Token = ask(&self.client, &request).map_err(before)?;
        Ok(Secret::new(std::mem::take(&mut *token.access_token)))
    }

    fn managed(&self, method: &'static str, rest: &str) -> Result<Request, Failure> {
        let path = format!("/tailnet/{}/keys{rest}", encode(&self.settings.tailnet));
        Ok(Request::new(method, path).bearer(&self.token()?))
    }

    fn wanted(&self, name: &str) -> serde_json::Value {
        let settings = &self.settings;
        let days = settings.days.clamp(1, LONGEST_DAYS);
        json!({
            "capabilities": { "devices": { "create": {
                "reusable": settings.reusable,
                "ephemeral": settings.ephemeral,
                "preauthorized": settings.preauthorized,
                "tags": settings.tags,
            } } },
            "expirySeconds": u64::from(days) * 24 * 60 * 60,
            "description": name,
        })
    }
}

impl Calls for Tailscale {
    fn preflight(&self, values: Values<'_>, now: UnixTime) -> Result<Ready, Failure> {
        if self.management.expose().starts_with(AUTH) {
            return Err(Failure::Never(Reason::PlainKey));
        }
        let keys = self.list(now)?;
        let current = values.current.and_then(|value| id_within(value.expose(), AUTH));
        // A key that is gone already (one use, or past its time) is not to be retired.
        let old = current.or_else(|| values.old.cloned());
        let old = old.filter(|old| keys.iter().any(|key| key.id == *old));
        Ok(Ready { old, keys })
    }

    fn mint(
        &self,
        name: &str,
        _: Values<'_>,
        _: UnixTime,
    ) -> Result<(KeyId, Secret<String>), Failure> {
        let request = self.managed("POST", "")?.json(&self.wanted(name));
        let mut created: Created = ask(&self.client, &request)?;
        if created.key.is_empty() {
            return Err(Failure::Unknown(Reason::NotTheProvider));
        }
        let id = key_id(false, &created.id)?;
        Ok((id, Secret::new(std::mem::take(&mut *created.key))))
    }

    fn verify(&self, subject: &Material, _: UnixTime) -> Result<(), Failure> {
        let id = id_within(subject.value.expose(), AUTH).ok_or(Failure::Never(Reason::Shape))?;
        let request = self.managed("GET", &format!("/{}", encode(id.as_str())))?;
        let key: Key = ask(&self.client, &request)?;
        let works = key.id == id.as_str() && !key.invalid && key.revoked.is_none();
        if works { Ok(()) } else { Err(Failure::Never(Reason::Unauthorized)) }
    }

    fn list(&self, _: UnixTime) -> Result<Vec<Listed>, Failure> {
        let keys: Keys = ask(&self.client, &self.managed("GET", "?all=true")?)?;
        let live = keys.keys.into_iter().filter(|key| key.revoked.is_none());
        live.map(|key| {
            let created = key.created.as_deref().and_then(times::parse);
            Ok(Listed { id: key_id(true, &key.id)?, name: key.description, created })
        })
        .collect()
    }

    fn last_use(&self, _: &KeyId, _: UnixTime) -> Result<Option<UnixTime>, Failure> {
        Ok(None)
    }

    fn switch(&self, _: &KeyId, _: bool, _: UnixTime) -> Result<(), Failure> {
        Err(Failure::Never(Reason::Settings))
    }

    fn delete(&self, key: &KeyId, _: Values<'_>, _: UnixTime) -> Result<(), Failure> {
        let request = self.managed("DELETE", &format!("/{}", encode(key.as_str())))?;
        tell(&self.client, &request)
    }

    fn describe(&self, command: &Command) -> Vec<String> {
        let base = format!("{}/tailnet/{}", self.client.base(), encode(&self.settings.tailnet));
        let lines: &[&str] = match command {
            Command::Preflight | Command::List => &["GET /keys?all=true"],
            Command::Mint { .. } => &["POST /keys"],
            Command::Verify(_) => &["GET /keys/{key}"],
            Command::Delete(_) => &["DELETE /keys/{key}"],
            _ => &[],
        };
        super::at(&base, lines)
    }
}
