//! Anthropic: a person makes the key at the console; the interface finds it, switches the old one off and archives it.
//!
//! Contract: `GET v1/organizations/api_keys` and `POST …/{id}` with a status, by an admin key; there is no call that
//! makes one. Which key a value is says the hint that the list has of it.

use super::{
    Calls, PAGES, Ready, SettingsError, Values, ask, before, if_listed, is_shown_as, key_id, tell,
    the_one, times,
};
use crate::http::{Client, Request, Text, encode};
use crate::material::Material;
use crate::plan::{Finds, NameStyle, Nature, OldKey};
use crate::protocol::{Command, Failure, Listed, Reason};
use crate::words::KeyId;
use sanctum_types::{Secret, UnixTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

const BASE: &str = "https://api.anthropic.com";
const VERSION: &str = "2023-06-01";
/// What keys of a workspace begin with, and what admin keys do.
const PLAIN: &str = "sk-ant-api";
const ADMIN: &str = "sk-ant-admin";

/// Where a person makes a key.
pub(super) const PAGE: &str = "https://console.anthropic.com/settings/keys";

pub(super) const NATURE: Nature = Nature {
    old: OldKey::Lives,
    finds: Finds::Never,
    names: NameStyle::Plain,
    by_hand: true,
    disables: true,
    tells_last_use: false,
};

/// Settings of this kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AnthropicSettings")]
pub struct Settings {
    /// The workspace of the keys; without one all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// Another address than the provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

#[derive(Debug)]
pub(super) struct Anthropic {
    client: Client,
    management: Secret<String>,
    workspace: Option<String>,
}

/// A page of the list.
#[derive(Clone, Debug, Deserialize)]
pub struct Page {
    data: Vec<Key>,
    has_more: bool,
    last_id: Option<String>,
}

/// A key.
#[derive(Clone, Debug, Deserialize)]
pub struct Key {
    id: String,
    name: Option<String>,
    created_at: Option<String>,
    partial_key_hint: Option<String>,
    status: String,
}

pub(super) fn has_shape(value: &Secret<String>) -> bool {
    let value = value.expose();
    // The shortest in use have more than eighty characters; an admin key is not for consumers.
    value.starts_with(PLAIN)
        && value.len() >= 40
        && value.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Anthropic {
    pub(super) fn new(
        settings: &Settings,
        management: Secret<String>,
    ) -> Result<Self, SettingsError> {
        let client = Client::new(settings.base_url.as_deref().unwrap_or(BASE))?;
        Ok(Self { client, management, workspace: settings.workspace_id.clone() })
    }

    fn request(method: &'static str, path: String, key: &Secret<String>) -> Request {
        Request::new(method, path)
            .header("x-api-key", Text::Secret(key.clone()))
            .header("anthropic-version", Text::Plain(VERSION.to_owned()))
    }

    fn keys(&self) -> Result<Vec<Key>, Failure> {
        let mut keys = Vec::new();
        let mut rest = String::new();
        if let Some(workspace) = &self.workspace {
            rest.push_str(&format!("&workspace_id={}", encode(workspace)));
        }
        let mut after = String::new();
        for _ in 0..PAGES {
            let path = format!("/v1/organizations/api_keys?limit=100{rest}{after}");
            let page: Page = ask(&self.client, &Self::request("GET", path, &self.management))?;
            keys.extend(page.data);
            match (page.has_more, page.last_id) {
                (false, _) => return Ok(keys),
                (true, Some(last)) => after = format!("&after_id={}", encode(&last)),
                (true, None) => break,
            }
        }
        Err(Failure::Never(Reason::NotTheProvider))
    }

    fn status(&self, key: &KeyId, status: &str) -> Result<(), Failure> {
        let path = format!("/v1/organizations/api_keys/{}", encode(key.as_str()));
        let request =
            Self::request("POST", path, &self.management).json(&json!({ "status": status }));
        let changed: Key = ask(&self.client, &request)?;
        if changed.status == status {
            Ok(())
        } else {
            Err(Failure::Unknown(Reason::NotTheProvider))
        }
    }
}

fn hinted(
    keys: &[Key],
    value: &Secret<String>,
    declared: Option<&KeyId>,
) -> Result<KeyId, Failure> {
    let live = keys.iter().filter(|key| key.status != "archived");
    let same = live.filter(|key| {
        key.partial_key_hint.as_ref().is_some_and(|hint| is_shown_as(value.expose(), hint))
    });
    the_one(same.filter_map(|key| KeyId::new(key.id.as_str()).ok()), declared)
}

fn listed(key: &Key) -> Result<Listed, Failure> {
    let created = key.created_at.as_deref().and_then(times::parse);
    Ok(Listed { id: key_id(true, &key.id)?, name: key.name.clone(), created })
}

impl Calls for Anthropic {
    fn preflight(&self, values: Values<'_>, _: UnixTime) -> Result<Ready, Failure> {
        if !self.management.expose().starts_with(ADMIN) {
            return Err(Failure::Never(Reason::PlainKey));
        }
        let keys = self.keys()?;
        let list = keys.iter().map(listed).collect::<Result<Vec<_>, _>>()?;
        let old = match values.current {
            Some(current) => Some(hinted(&keys, current, values.old)?),
            None => if_listed(&list, values.old),
        };
        Ok(Ready { old, keys: list })
    }

    fn mint(
        &self,
        _: &str,
        values: Values<'_>,
        _: UnixTime,
    ) -> Result<(KeyId, Secret<String>), Failure> {
        let pasted = values.pasted;
        let pasted = pasted.ok_or(Failure::Later { reason: Reason::ByHand, after: None })?;
        if !has_shape(pasted) {
            return Err(Failure::Later { reason: Reason::Shape, after: None });
        }
        let keys = self.keys().map_err(before)?;
        Ok((hinted(&keys, pasted, None)?, pasted.clone()))
    }

    fn verify(&self, subject: &Material, _: UnixTime) -> Result<(), Failure> {
        tell(&self.client, &Self::request("GET", "/v1/models".to_owned(), &subject.value))
    }

    fn list(&self, _: UnixTime) -> Result<Vec<Listed>, Failure> {
        self.keys()?.iter().map(listed).collect()
    }

    fn last_use(&self, _: &KeyId, _: UnixTime) -> Result<Option<UnixTime>, Failure> {
        Ok(None)
    }

    fn switch(&self, key: &KeyId, on: bool, _: UnixTime) -> Result<(), Failure> {
        self.status(key, if on { "active" } else { "inactive" })
    }

    fn delete(&self, key: &KeyId, _: Values<'_>, _: UnixTime) -> Result<(), Failure> {
        self.status(key, "archived")
    }

    fn describe(&self, command: &Command) -> Vec<String> {
        let lines: &[&str] = match command {
            Command::Preflight | Command::List => &["GET /v1/organizations/api_keys"],
            Command::Mint { .. } => {
                return vec![
                    format!("a person makes the key at {PAGE} and pastes it"),
                    format!("GET {}/v1/organizations/api_keys", self.client.base()),
                ];
            }
            Command::Verify(_) => &["GET /v1/models"],
            Command::Disable(_) | Command::Enable(_) | Command::Delete(_) => {
                &["POST /v1/organizations/api_keys/{key}"]
            }
            _ => &[],
        };
        super::at(self.client.base(), lines)
    }
}
