//! API tokens of Cloudflare: rolled in place, which kills the old value at once, or made anew beside the old one.
//!
//! Contract: `user/tokens` or `accounts/{account}/tokens`: `verify`, list, create, read, change, delete, and
//! `PUT …/{id}/value` to roll. A second token needs the permission to write tokens and copies the policies of the
//! first; it is the way with an overlap. Answers are wrapped in `{success, result}`.

use super::{Calls, PAGES, Ready, SettingsError, Values, ask, before, key_id, times};
use crate::http::{Client, Request, encode, judge, parse};
use crate::material::Material;
use crate::plan::{Finds, NameStyle, Nature, OldKey};
use crate::protocol::{Command, Failure, Listed, Reason};
use crate::words::KeyId;
use sanctum_types::{Secret, UnixTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use zeroize::Zeroizing;

const BASE: &str = "https://api.cloudflare.com/client/v4";
const PER_PAGE: usize = 50;

/// How a token gets its new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The same token gets another value; the old one is dead at once. Needs `destructive` in the instance.
    Roll,
    /// A second token with the same policies; the first is removed after the overlap.
    Second,
}

/// Settings of this kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CloudflareSettings")]
pub struct Settings {
    /// How a token gets its new value.
    pub way: Way,
    /// The account of an account's token; without one it is the user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Another address than the provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

impl Settings {
    pub(super) const fn nature(&self) -> Nature {
        let second = Nature {
            old: OldKey::Lives,
            finds: Finds::ByName,
            names: NameStyle::Plain,
            by_hand: false,
            disables: true,
            tells_last_use: true,
        };
        match self.way {
            Way::Second => second,
            Way::Roll => Nature {
                old: OldKey::DiesAtMint,
                finds: Finds::Never,
                disables: false,
                tells_last_use: false,
                ..second
            },
        }
    }
}

#[derive(Debug)]
pub(super) struct Cloudflare {
    client: Client,
    management: Secret<String>,
    tokens: String,
    way: Way,
}

/// What every answer is wrapped in.
#[derive(Deserialize)]
pub struct Envelope<T> {
    success: bool,
    result: Option<T>,
}

/// A token.
#[derive(Clone, Debug, Deserialize)]
pub struct Token {
    id: String,
    name: Option<String>,
    issued_on: Option<String>,
    last_used_on: Option<String>,
    #[serde(default)]
    policies: Vec<Policy>,
    #[serde(default)]
    condition: Json,
}

/// What a token may do; only what can be written again is read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Policy {
    effect: Json,
    resources: Json,
    permission_groups: Vec<Group>,
}

/// A group of permissions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    id: String,
}

#[derive(Deserialize)]
struct Verified {
    id: String,
    status: String,
}

/// The answer to a second token.
#[derive(Deserialize)]
pub struct Created {
    id: String,
    value: Zeroizing<String>,
}

fn unwrap<T>(is_read: bool, envelope: Envelope<T>) -> Result<T, Failure> {
    match envelope {
        Envelope { success: true, result: Some(result) } => Ok(result),
        Envelope { success: false, .. } => Err(Failure::Never(Reason::Refused)),
        Envelope { success: true, result: None } if is_read => {
            Err(Failure::Never(Reason::NotTheProvider))
        }
        Envelope { success: true, result: None } => Err(Failure::Unknown(Reason::NotTheProvider)),
    }
}

fn body(token: &Token, name: &str, status: Option<&str>) -> Json {
    let mut body = json!({ "name": name, "policies": token.policies });
    if let Some(fields) = body.as_object_mut() {
        if !token.condition.is_null() {
            fields.insert("condition".to_owned(), token.condition.clone());
        }
        if let Some(status) = status {
            fields.insert("status".to_owned(), json!(status));
        }
    }
    body
}

impl Cloudflare {
    pub(super) fn new(
        settings: &Settings,
        management: Secret<String>,
    ) -> Result<Self, SettingsError> {
        let client = Client::new(settings.base_url.as_deref().unwrap_or(BASE))?;
        let tokens = settings.account.as_ref().map_or_else(
            || "/user/tokens".to_owned(),
            |account| format!("/accounts/{}/tokens", encode(account)),
        );
        Ok(Self { client, management, tokens, way: settings.way })
    }

    fn managed(&self, method: &'static str, rest: &str) -> Request {
        Request::new(method, format!("{}{rest}", self.tokens)).bearer(&self.management)
    }

    fn ask<T: serde::de::DeserializeOwned>(&self, request: &Request) -> Result<T, Failure> {
        unwrap(request.is_read(), ask(&self.client, request)?)
    }

    fn verified(&self, value: &Secret<String>) -> Result<KeyId, Failure> {
        let request = Request::new("GET", format!("{}/verify", self.tokens)).bearer(value);
        let found: Verified = self.ask(&request).map_err(|failure| match failure {
            // A text that is no token at all is refused with 400.
            Failure::Never(Reason::Refused) => Failure::Never(Reason::Unauthorized),
            other => other,
        })?;
        if found.status == "active" {
            key_id(true, &found.id)
        } else {
            Err(Failure::Never(Reason::Unauthorized))
        }
    }

    fn token(&self, key: &KeyId) -> Result<Token, Failure> {
        self.ask(&self.managed("GET", &format!("/{}", encode(key.as_str()))))
    }

    fn roll(&self, old: Option<&KeyId>) -> Result<(KeyId, Secret<String>), Failure> {
        let old = old.ok_or(Failure::Never(Reason::NoSuchKey))?;
        let request =
            self.managed("PUT", &format!("/{}/value", encode(old.as_str()))).json(&json!({}));
        let answer = judge(false, self.client.send(&request))?;
        let envelope: Envelope<Zeroizing<String>> = parse(false, &answer.body)?;
        let mut value = unwrap(false, envelope)?;
        if value.is_empty() {
            return Err(Failure::Unknown(Reason::NotTheProvider));
        }
        Ok((old.clone(), Secret::new(std::mem::take(&mut *value))))
    }
}

impl Calls for Cloudflare {
    fn preflight(&self, values: Values<'_>, now: UnixTime) -> Result<Ready, Failure> {
        self.verified(&self.management)?;
        let keys = self.list(now).map_err(|failure| match failure {
            Failure::Never(Reason::Forbidden | Reason::Unauthorized) => {
                Failure::Never(Reason::PlainKey)
            }
            other => other,
        })?;
        let current = match values.current.map(|value| self.verified(value)) {
            // A value that is dead already has no key that is to be retired.
            None | Some(Err(Failure::Never(Reason::Unauthorized))) => None,
            Some(found) => Some(found?),
        };
        let old = current.or_else(|| values.old.cloned());
        let old = old.filter(|old| keys.iter().any(|key| key.id == *old));
        if old.is_none() {
            // Policies are copied from the old one, and a roll needs it.
            return Err(Failure::Never(Reason::NoSuchKey));
        }
        Ok(Ready { old, keys })
    }

    fn mint(
        &self,
        name: &str,
        values: Values<'_>,
        _: UnixTime,
    ) -> Result<(KeyId, Secret<String>), Failure> {
        if self.way == Way::Roll {
            return self.roll(values.old);
        }
        let old = values.old.ok_or(Failure::Never(Reason::NoSuchKey))?;
        let like = self.token(old).map_err(before)?;
        let request = self.managed("POST", "").json(&body(&like, name, None));
        let mut created: Created = self.ask(&request)?;
        if created.value.is_empty() {
            return Err(Failure::Unknown(Reason::NotTheProvider));
        }
        let id = key_id(false, &created.id)?;
        Ok((id, Secret::new(std::mem::take(&mut *created.value))))
    }

    fn verify(&self, subject: &Material, _: UnixTime) -> Result<(), Failure> {
        self.verified(&subject.value).map(drop)
    }

    fn list(&self, _: UnixTime) -> Result<Vec<Listed>, Failure> {
        let mut keys = Vec::new();
        for page in 1..=PAGES {
            let request = self.managed("GET", &format!("?page={page}&per_page={PER_PAGE}"));
            let tokens: Vec<Token> = self.ask(&request)?;
            let count = tokens.len();
            for token in tokens {
                let created = token.issued_on.as_deref().and_then(times::parse);
                keys.push(Listed { id: key_id(true, &token.id)?, name: token.name, created });
            }
            if count < PER_PAGE {
                return Ok(keys);
            }
        }
        Err(Failure::Never(Reason::NotTheProvider))
    }

    fn last_use(&self, key: &KeyId, _: UnixTime) -> Result<Option<UnixTime>, Failure> {
        let used = self.token(key)?.last_used_on;
        used.map(|at| times::parse(&at).ok_or(Failure::Never(Reason::NotTheProvider))).transpose()
    }

    fn switch(&self, key: &KeyId, on: bool, _: UnixTime) -> Result<(), Failure> {
        let token = self.token(key).map_err(before)?;
        let status = if on { "active" } else { "disabled" };
        let name = token.name.clone().unwrap_or_default();
        let request = self.managed("PUT", &format!("/{}", encode(key.as_str()))).json(&body(
            &token,
            &name,
            Some(status),
        ));
        self.ask::<Token>(&request).map(drop)
    }

    fn delete(&self, key: &KeyId, _: Values<'_>, _: UnixTime) -> Result<(), Failure> {
        self.ask::<Json>(&self.managed("DELETE", &format!("/{}", encode(key.as_str())))).map(drop)
    }

    fn describe(&self, command: &Command) -> Vec<String> {
        let base = format!("{}{}", self.client.base(), self.tokens);
        let lines: &[&str] = match (command, self.way) {
            (Command::Preflight, _) => &["GET /verify", "GET "],
            (Command::Mint { .. }, Way::Roll) => &["PUT /{old}/value"],
            (Command::Mint { .. }, Way::Second) => &["GET /{old}", "POST "],
            (Command::Verify(_), _) => &["GET /verify"],
            (Command::List, _) => &["GET "],
            (Command::LastUse(_), _) => &["GET /{old}"],
            (Command::Disable(_) | Command::Enable(_), _) => &["GET /{old}", "PUT /{old}"],
            (Command::Delete(_), _) => &["DELETE /{key}"],
            _ => &[],
        };
        super::at(&base, lines)
    }
}
