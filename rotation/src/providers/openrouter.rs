//! OpenRouter: a management key makes, switches off and removes keys; a new one is like the one it replaces.
//!
//! Contract: `GET key`, `GET keys`, `POST keys` (201, the value once), `GET|PATCH|DELETE keys/{hash}`.
//! There is no idempotency key, so a lost answer is found by the key's name. A plain key is accepted everywhere but
//! at `keys`, so what the management key is is asked first.

use super::{
    Calls, PAGES, Ready, SettingsError, Values, ask, before, if_listed, key_id, tell, the_one,
    times,
};
use crate::http::{Client, Request, encode};
use crate::material::Material;
use crate::plan::{Finds, NameStyle, Nature, OldKey};
use crate::protocol::{Command, Failure, Listed, Reason};
use crate::words::KeyId;
use sanctum_types::{Secret, UnixTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use zeroize::Zeroizing;

const BASE: &str = "https://openrouter.ai/api/v1";

pub(super) const NATURE: Nature = Nature {
    old: OldKey::Lives,
    finds: Finds::ByName,
    names: NameStyle::Plain,
    by_hand: false,
    disables: true,
    tells_last_use: true,
};

/// Settings of this kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OpenrouterSettings")]
pub struct Settings {
    /// The workspace of the keys; without one the default workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// Another address than the provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

#[derive(Debug)]
pub(super) struct Openrouter {
    client: Client,
    management: Secret<String>,
    workspace: Option<String>,
}

/// A key of a list, or one by itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Key {
    hash: String,
    name: Option<String>,
    label: Option<String>,
    created_at: Option<String>,
    last_used_at: Option<String>,
    #[serde(default)]
    limit: Json,
    #[serde(default)]
    limit_reset: Json,
    #[serde(default)]
    include_byok_in_limit: Json,
    #[serde(default)]
    workspace_id: Json,
}

/// `{"data": …}`.
#[derive(Clone, Debug, Deserialize)]
pub struct Data<T> {
    data: T,
}

/// Who a key is.
#[derive(Clone, Debug, Deserialize)]
pub struct Own {
    label: Option<String>,
    /// Also under its older name.
    #[serde(default, alias = "is_provisioning_key")]
    is_management_key: Option<bool>,
}

/// The one answer with a value.
#[derive(Deserialize)]
pub struct Created {
    data: Key,
    key: Zeroizing<String>,
}

fn get_own(key: &Secret<String>) -> Request {
    Request::new("GET", "/key").bearer(key)
}

fn post(name: &str, like: Option<&Key>, workspace: Option<&str>) -> Json {
    let mut body = json!({ "name": name });
    let mut set = |field: &str, value: &Json| {
        if let (Some(body), false) = (body.as_object_mut(), value.is_null()) {
            body.insert(field.to_owned(), value.clone());
        }
    };
    if let Some(like) = like {
        set("limit", &like.limit);
        set("limit_reset", &like.limit_reset);
        set("include_byok_in_limit", &like.include_byok_in_limit);
        set("workspace_id", &like.workspace_id);
    }
    if let Some(workspace) = workspace {
        set("workspace_id", &json!(workspace));
    }
    body
}

impl Openrouter {
    pub(super) fn new(
        settings: &Settings,
        management: Secret<String>,
    ) -> Result<Self, SettingsError> {
        let client = Client::new(settings.base_url.as_deref().unwrap_or(BASE))?;
        Ok(Self { client, management, workspace: settings.workspace_id.clone() })
    }

    fn managed(&self, method: &'static str, path: impl Into<String>) -> Request {
        Request::new(method, path).bearer(&self.management)
    }

    fn key_path(key: &KeyId) -> String {
        format!("/keys/{}", encode(key.as_str()))
    }

    fn page(&self, offset: usize) -> Request {
        let mut path = format!("/keys?offset={offset}&include_disabled=true&include_expired=true");
        if let Some(workspace) = &self.workspace {
            path.push_str(&format!("&workspace_id={}", encode(workspace)));
        }
        self.managed("GET", path)
    }

    fn keys(&self) -> Result<Vec<Key>, Failure> {
        let mut keys: Vec<Key> = Vec::new();
        for _ in 0..PAGES {
            let page: Data<Vec<Key>> = ask(&self.client, &self.page(keys.len()))?;
            if page.data.is_empty() {
                return Ok(keys);
            }
            keys.extend(page.data);
        }
        Err(Failure::Never(Reason::NotTheProvider))
    }

    fn key(&self, key: &KeyId) -> Result<Key, Failure> {
        let found: Data<Key> = ask(&self.client, &self.managed("GET", Self::key_path(key)))?;
        Ok(found.data)
    }

    /// The current value is known to the list by the label that it says of itself.
    fn old(
        &self,
        keys: &[Key],
        list: &[Listed],
        values: Values<'_>,
    ) -> Result<Option<KeyId>, Failure> {
        let Some(current) = values.current else { return Ok(if_listed(list, values.old)) };
        let own: Data<Own> = match ask(&self.client, &get_own(current)) {
            // A value that is dead already has no key that is to be retired.
            Err(Failure::Never(Reason::Unauthorized)) => return Ok(if_listed(list, values.old)),
            other => other?,
        };
        let label = own.data.label.ok_or(Failure::Never(Reason::NoSuchKey))?;
        let same = keys.iter().filter(|key| key.label.as_ref() == Some(&label));
        let same = same.filter_map(|key| KeyId::new(key.hash.as_str()).ok());
        the_one(same, values.old).map(Some)
    }
}

fn listed(key: &Key) -> Result<Listed, Failure> {
    let created = key.created_at.as_deref().and_then(times::parse);
    Ok(Listed { id: key_id(true, &key.hash)?, name: key.name.clone(), created })
}

impl Calls for Openrouter {
    fn preflight(&self, values: Values<'_>, _: UnixTime) -> Result<Ready, Failure> {
        let own: Data<Own> = ask(&self.client, &get_own(&self.management))?;
        if own.data.is_management_key != Some(true) {
            return Err(Failure::Never(Reason::PlainKey));
        }
        let keys = self.keys()?;
        let list = keys.iter().map(listed).collect::<Result<Vec<_>, _>>()?;
        Ok(Ready { old: self.old(&keys, &list, values)?, keys: list })
    }

    fn mint(
        &self,
        name: &str,
        values: Values<'_>,
        _: UnixTime,
    ) -> Result<(KeyId, Secret<String>), Failure> {
        let like = values.old.map(|old| self.key(old)).transpose().map_err(before)?;
        let body = post(name, like.as_ref(), self.workspace.as_deref());
        let mut created: Created = ask(&self.client, &self.managed("POST", "/keys").json(&body))?;
        if created.data.name.as_deref() != Some(name) || created.key.is_empty() {
            return Err(Failure::Unknown(Reason::NotTheProvider));
        }
        let id = key_id(false, &created.data.hash)?;
        Ok((id, Secret::new(std::mem::take(&mut *created.key))))
    }

    fn verify(&self, subject: &Material, _: UnixTime) -> Result<(), Failure> {
        ask::<Data<Own>>(&self.client, &get_own(&subject.value)).map(drop)
    }

    fn list(&self, _: UnixTime) -> Result<Vec<Listed>, Failure> {
        self.keys()?.iter().map(listed).collect()
    }

    fn last_use(&self, key: &KeyId, _: UnixTime) -> Result<Option<UnixTime>, Failure> {
        let used = self.key(key)?.last_used_at;
        used.map(|at| times::parse(&at).ok_or(Failure::Never(Reason::NotTheProvider))).transpose()
    }

    fn switch(&self, key: &KeyId, on: bool, _: UnixTime) -> Result<(), Failure> {
        let request = self.managed("PATCH", Self::key_path(key)).json(&json!({ "disabled": !on }));
        ask::<Data<Key>>(&self.client, &request).map(drop)
    }

    fn delete(&self, key: &KeyId, _: Values<'_>, _: UnixTime) -> Result<(), Failure> {
        tell(&self.client, &self.managed("DELETE", Self::key_path(key)))
    }

    fn describe(&self, command: &Command) -> Vec<String> {
        let base = self.client.base();
        let lines: &[&str] = match command {
            Command::Preflight => &["GET /key", "GET /keys"],
            Command::Mint { .. } => &["GET /keys/{old}", "POST /keys"],
            Command::Verify(_) => &["GET /key"],
            Command::List => &["GET /keys"],
            Command::LastUse(_) => &["GET /keys/{old}"],
            Command::Disable(_) | Command::Enable(_) => &["PATCH /keys/{old}"],
            Command::Delete(_) => &["DELETE /keys/{key}"],
            _ => &[],
        };
        super::at(base, lines)
    }
}
