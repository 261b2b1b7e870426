//! Providers without an interface: a person makes the value at a page and pastes it; it is checked and spread.
//!
//! The value's shape is checked before anything is done with it, and where the instance says how, it is verified over
//! HTTP. The old one is removed by a person, who says so; until then that is queued and told.

use super::{Calls, Ready, SettingsError, Values};
use crate::http::{Client, Request, Text, judge};
use crate::material::Material;
use crate::plan::{Finds, NameStyle, Nature, OldKey};
use crate::protocol::{Command, Failure, Listed, Reason};
use crate::words::KeyId;
use regex::Regex;
use sanctum_types::{Secret, UnixTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the value is called that was there before; nobody knows another name for it.
const BEFORE: &str = "the-value-before";

/// Settings of this kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ManualSettings")]
pub struct Settings {
    /// The page where a value is made.
    pub create_url: String,
    /// The page where the old one is removed; without one it is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoke_url: Option<String>,
    /// An expression that the whole value matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// How long the value is at least.
    #[serde(default)]
    pub min_length: usize,
    /// Whether the page replaces the value, so that the old one is dead at once (a password).
    #[serde(default)]
    pub replaces: bool,
    /// How a value is verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<Verify>,
}

/// A request that succeeds with a valid value only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// The address of a `GET`.
    pub url: String,
    /// The header that carries the value; without one `Authorization`.
    #[serde(default = "authorization")]
    pub header: Header,
    /// What stands before the value in it, such as `Bearer `.
    #[serde(default)]
    pub prefix: String,
}

/// Headers that carry credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Header {
    /// `Authorization`.
    Authorization,
    /// `X-Api-Key`.
    XApiKey,
    /// `X-Auth-Token`.
    XAuthToken,
    /// `Api-Key`.
    ApiKey,
}

const fn authorization() -> Header {
    Header::Authorization
}

impl Header {
    const fn name(self) -> &'static str {
        match self {
            Self::Authorization => "authorization",
            Self::XApiKey => "x-api-key",
            Self::XAuthToken => "x-auth-token",
            Self::ApiKey => "api-key",
        }
    }
}

impl Settings {
    pub(super) const fn nature(&self) -> Nature {
        Nature {
            old: if self.replaces { OldKey::DiesAtMint } else { OldKey::Lives },
            finds: Finds::Never,
            names: NameStyle::Plain,
            by_hand: true,
            disables: false,
            tells_last_use: false,
        }
    }
}

#[derive(Debug)]
pub(super) struct Manual {
    settings: Settings,
    shape: Option<Regex>,
    verify: Option<(Client, Verify)>,
}

impl Manual {
    pub(super) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let whole = |text: &String| Regex::new(&format!("^(?:{text})$"));
        let shape = settings.regex.as_ref().map(whole).transpose()?;
        let verify = match &settings.verify {
            Some(verify) => Some((Client::new(&verify.url)?, verify.clone())),
            None => None,
        };
        Ok(Self { settings: settings.clone(), shape, verify })
    }

    pub(super) fn pages(&self) -> (&str, &str) {
        let create = self.settings.create_url.as_str();
        (create, self.settings.revoke_url.as_deref().unwrap_or(create))
    }

    pub(super) fn has_shape(&self, value: &Secret<String>) -> bool {
        let value = value.expose();
        let is_long = value.chars().count() >= self.settings.min_length.max(1);
        is_long
            && !value.contains(['\n', '\r', '\0'])
            && self.shape.as_ref().is_none_or(|shape| shape.is_match(value))
    }
}

impl Calls for Manual {
    fn preflight(&self, values: Values<'_>, _: UnixTime) -> Result<Ready, Failure> {
        let old = values.old.cloned();
        let old = old.or_else(|| values.current.and_then(|_| KeyId::new(BEFORE).ok()));
        Ok(Ready { old, keys: Vec::new() })
    }

    /// The name of the attempt is the id: a digest of the value could be tried out by whoever reads the record.
    fn mint(
        &self,
        name: &str,
        values: Values<'_>,
        _: UnixTime,
    ) -> Result<(KeyId, Secret<String>), Failure> {
        let later = |reason| Failure::Later { reason, after: None };
        let pasted = values.pasted.ok_or(later(Reason::ByHand))?;
        let is_current = values.current.is_some_and(|current| current.expose() == pasted.expose());
        if is_current || !self.has_shape(pasted) {
            return Err(later(Reason::Shape));
        }
        let id = KeyId::new(name).map_err(|_| Failure::Never(Reason::Settings))?;
        Ok((id, pasted.clone()))
    }

    fn verify(&self, subject: &Material, _: UnixTime) -> Result<(), Failure> {
        if !self.has_shape(&subject.value) {
            return Err(Failure::Never(Reason::Shape));
        }
        let Some((client, verify)) = &self.verify else { return Ok(()) };
        let value = Secret::new(format!("{}{}", verify.prefix, subject.value.expose()));
        let request = Request::new("GET", "").header(verify.header.name(), Text::Secret(value));
        judge(true, client.send(&request)).map(drop)
    }

    fn list(&self, _: UnixTime) -> Result<Vec<Listed>, Failure> {
        Err(Failure::Never(Reason::Settings))
    }

    fn last_use(&self, _: &KeyId, _: UnixTime) -> Result<Option<UnixTime>, Failure> {
        Ok(None)
    }

    fn switch(&self, _: &KeyId, _: bool, _: UnixTime) -> Result<(), Failure> {
        Err(Failure::Never(Reason::Settings))
    }

    fn delete(&self, _: &KeyId, values: Values<'_>, _: UnixTime) -> Result<(), Failure> {
        if values.by_hand {
            Ok(())
        } else {
            Err(Failure::Later { reason: Reason::ByHand, after: None })
        }
    }

    fn describe(&self, command: &Command) -> Vec<String> {
        let (create, revoke) = self.pages();
        match (command, &self.verify) {
            (Command::Mint { .. }, _) => {
                vec![format!("a person makes the value at {create} and pastes it")]
            }
            (Command::Verify(_), Some((client, _))) => vec![format!("GET {}", client.base())],
            (Command::Delete(_), _) => vec![format!("a person removes the old value at {revoke}")],
            _ => Vec::new(),
        }
    }
}
