//! OpenAI: each rotation makes a service account of a project, whose one key is shown once; the account before is
//! removed with its key.
//!
//! Contract: `…/service_accounts` (list, create, delete) and `…/api_keys` (list) below
//! `organization/projects/{project}`, with an admin key. Keys of service accounts cannot be removed by
//! themselves, and nothing can be switched off. The id of a key here is the id of its account.

use super::{
    Calls, PAGES, Ready, SettingsError, Values, ask, if_listed, is_shown_as, key_id, tell, the_one,
};
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

const BASE: &str = "https://api.openai.com/v1";

pub(super) const NATURE: Nature = Nature {
    old: OldKey::Lives,
    finds: Finds::ByName,
    names: NameStyle::Plain,
    by_hand: false,
    disables: false,
    tells_last_use: true,
};

/// Settings of this kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OpenaiSettings")]
pub struct Settings {
    /// The project of the service accounts.
    pub project: String,
    /// Another address than the provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

#[derive(Debug)]
pub(super) struct Openai {
    client: Client,
    management: Secret<String>,
    project: String,
}

/// A page of a list.
#[derive(Clone, Debug, Deserialize)]
pub struct Page<T> {
    data: Vec<T>,
    has_more: bool,
    last_id: Option<String>,
}

/// A service account.
#[derive(Clone, Debug, Deserialize)]
pub struct Account {
    id: String,
    name: String,
    created_at: i64,
}

/// A key of the project.
#[derive(Clone, Debug, Deserialize)]
pub struct Key {
    redacted_value: Option<String>,
    last_used_at: Option<i64>,
    owner: Owner,
}

#[derive(Clone, Debug, Deserialize)]
struct Owner {
    service_account: Option<OwnerAccount>,
}

#[derive(Clone, Debug, Deserialize)]
struct OwnerAccount {
    id: String,
}

/// The one answer with a value.
#[derive(Deserialize)]
pub struct Created {
    id: String,
    name: String,
    api_key: CreatedKey,
}

#[derive(Deserialize)]
struct CreatedKey {
    value: Zeroizing<String>,
}

impl Openai {
    pub(super) fn new(
        settings: &Settings,
        management: Secret<String>,
    ) -> Result<Self, SettingsError> {
        let client = Client::new(settings.base_url.as_deref().unwrap_or(BASE))?;
        Ok(Self { client, management, project: settings.project.clone() })
    }

    fn managed(&self, method: &'static str, rest: &str) -> Request {
        let path = format!("/organization/projects/{}/{rest}", encode(&self.project));
        Request::new(method, path).bearer(&self.management)
    }

    fn all<T: serde::de::DeserializeOwned>(&self, what: &str) -> Result<Vec<T>, Failure> {
        let mut all = Vec::new();
        let mut after = String::new();
        for _ in 0..PAGES {
            let page: Page<T> =
                ask(&self.client, &self.managed("GET", &format!("{what}?limit=100{after}")))?;
            all.extend(page.data);
            match (page.has_more, page.last_id) {
                (false, _) => return Ok(all),
                (true, Some(last)) => after = format!("&after={}", encode(&last)),
                (true, None) => break,
            }
        }
        Err(Failure::Never(Reason::NotTheProvider))
    }

    fn old(&self, list: &[Listed], values: Values<'_>) -> Result<Option<KeyId>, Failure> {
        let Some(current) = values.current else { return Ok(if_listed(list, values.old)) };
        let keys: Vec<Key> = self.all("api_keys")?;
        let same = keys.into_iter().filter(|key| {
            key.redacted_value.as_ref().is_some_and(|shown| is_shown_as(current.expose(), shown))
        });
        let accounts = same.filter_map(|key| key.owner.service_account);
        let found = accounts.filter_map(|account| KeyId::new(account.id).ok());
        the_one(found, values.old).map(Some)
    }
}

fn listed(account: &Account) -> Result<Listed, Failure> {
    Ok(Listed {
        id: key_id(true, &account.id)?,
        name: Some(account.name.clone()),
        created: Some(UnixTime(account.created_at)),
    })
}

/// A plain key is accepted by the address and refused at the organization.
fn plain_key(failure: Failure) -> Failure {
    match failure {
        Failure::Never(Reason::Forbidden) => Failure::Never(Reason::PlainKey),
        other => other,
    }
}

impl Calls for Openai {
    fn preflight(&self, values: Values<'_>, _: UnixTime) -> Result<Ready, Failure> {
        let accounts: Vec<Account> = self.all("service_accounts").map_err(plain_key)?;
        let list = accounts.iter().map(listed).collect::<Result<Vec<_>, _>>()?;
        Ok(Ready { old: self.old(&list, values)?, keys: list })
    }

    fn mint(
        &self,
        name: &str,
        _: Values<'_>,
        _: UnixTime,
    ) -> Result<(KeyId, Secret<String>), Failure> {
        let request = self.managed("POST", "service_accounts").json(&json!({ "name": name }));
        let mut created: Created = ask(&self.client, &request)?;
        if created.name != name || created.api_key.value.is_empty() {
            return Err(Failure::Unknown(Reason::NotTheProvider));
        }
        let id = key_id(false, &created.id)?;
        Ok((id, Secret::new(std::mem::take(&mut *created.api_key.value))))
    }

    fn verify(&self, subject: &Material, _: UnixTime) -> Result<(), Failure> {
        tell(&self.client, &Request::new("GET", "/models").bearer(&subject.value))
    }

    fn list(&self, _: UnixTime) -> Result<Vec<Listed>, Failure> {
        let accounts: Vec<Account> = self.all("service_accounts")?;
        accounts.iter().map(listed).collect()
    }

    fn last_use(&self, key: &KeyId, _: UnixTime) -> Result<Option<UnixTime>, Failure> {
        let keys: Vec<Key> = self.all("api_keys")?;
        let its = keys.into_iter().filter(|found| {
            found.owner.service_account.as_ref().is_some_and(|account| account.id == key.as_str())
        });
        Ok(its.filter_map(|key| key.last_used_at).max().map(UnixTime))
    }

    fn switch(&self, _: &KeyId, _: bool, _: UnixTime) -> Result<(), Failure> {
        Err(Failure::Never(Reason::Settings))
    }

    fn delete(&self, key: &KeyId, _: Values<'_>, _: UnixTime) -> Result<(), Failure> {
        tell(
            &self.client,
            &self.managed("DELETE", &format!("service_accounts/{}", encode(key.as_str()))),
        )
    }

    fn describe(&self, command: &Command) -> Vec<String> {
        let project =
            format!("{}/organization/projects/{}", self.client.base(), encode(&self.project));
        let lines: &[&str] = match command {
            Command::Preflight => &["GET /service_accounts", "GET /api_keys"],
            Command::Mint { .. } => &["POST /service_accounts"],
            Command::Verify(_) => return super::at(self.client.base(), &["GET /models"]),
            Command::List => &["GET /service_accounts"],
            Command::LastUse(_) => &["GET /api_keys"],
            Command::Delete(_) => &["DELETE /service_accounts/{key}"],
            _ => &[],
        };
        super::at(&project, lines)
    }
}
