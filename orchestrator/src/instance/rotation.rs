//! The section `rotation` of a secret: which provider makes its values, who gets them, and how patient to be.
//!
//! The places of the secret itself (its `ref` and `caches`) always get the new value, the source first; what is said
//! here comes after them. Deliberately absent: any value, and how a provider is spoken to, which is
//! `sanctum_rotation`'s.

use sanctum_rotation::Settings;
use sanctum_types::{AbsPath, NodeName, ServiceName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Hours of a day; and the policy's own defaults in hours.
const DAY: u16 = 24;

/// How a secret is rotated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Which kind of provider, with its settings.
    pub kind: Settings,
    /// The management key, by its name under `secrets`; kinds by hand need none.
    #[serde(default)]
    pub management: Option<ServiceName>,
    /// What the provider calls the key that is in use now, where it cannot tell that from the value.
    #[serde(default)]
    pub key_id: Option<String>,
    /// Days after which `sanctum rotate --due` does it; the kind's own (openrouter: 85), then `rotation_max_age_days`.
    #[serde(default)]
    pub due_after_days: Option<u32>,
    /// Why the old value may be destroyed before the new one is in place: needed by kinds that replace it at once.
    #[serde(default)]
    pub destructive: Option<Destructive>,
    /// How long old and new live side by side.
    #[serde(default)]
    pub overlap: Overlap,
    /// Who else gets the value, after the places of the secret.
    #[serde(default)]
    pub consumers: Vec<Consumer>,
    /// What is told to read the value anew, once it is in every place.
    #[serde(default)]
    pub reload: Vec<Reload>,
}

/// A declared exception: there is no overlap and no way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Destructive {
    /// Why it has to be so.
    pub reason: String,
}

/// How long old and new live side by side, in hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Overlap {
    /// How long the old key must have been silent before it is switched off.
    pub quiet_hours: u16,
    /// After this long it is switched off although it is still used, or nobody can tell.
    pub limit_hours: u16,
    /// How long it is kept switched off before it is removed.
    pub soak_hours: u16,
}

impl Default for Overlap {
    /// A quiet day, a week at most, a day switched off (`sanctum_rotation::Policy`).
    fn default() -> Self {
        Self { quiet_hours: DAY, limit_hours: 7 * DAY, soak_hours: DAY }
    }
}

/// Somebody who gets the value beside the places of the secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Consumer {
    /// A text in a JSON file of a node.
    Json(JsonPlace),
    /// A variable of a file of variables, 0600.
    Env(EnvPlace),
    /// A path of the running vault.
    Vault(VaultPlace),
}

/// A text in a JSON file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonPlace {
    /// The node, over SSH; the one that rotates unless said.
    #[serde(default)]
    pub node: Option<NodeName>,
    /// The file.
    pub path: AbsPath,
    /// Keys with dots between them, such as `models.providers.openrouter.apiKey`; the last one holds a text.
    pub key: String,
    /// Keys of the text that gets the public id of the key, written with the value: kinds whose keys are pairs (`aws-iam`).
    #[serde(default)]
    pub id_key: Option<String>,
}

/// A variable of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvPlace {
    /// The file, on the node that rotates.
    pub path: AbsPath,
    /// The variable.
    pub variable: String,
    /// The variable that gets the public id of the key, written with the value: kinds whose keys are pairs (`aws-iam`).
    #[serde(default)]
    pub id_variable: Option<String>,
}

/// A path of the vault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VaultPlace {
    /// The path, such as `openai/api-key`.
    pub path: String,
    /// The vault's socket, on the node that rotates.
    pub socket: AbsPath,
    /// The key of the rotation's agent, as `sanctum vault agent register --plain` wrote it: 0600, of the account that rotates.
    pub key: AbsPath,
    /// The agent's name.
    #[serde(default = "rotation_agent")]
    pub agent: String,
}

fn rotation_agent() -> String {
    "rotation".to_owned()
}

/// What is told to read the value anew.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reload {
    /// A service of the node that rotates is started again by launchd or systemd, and answers its probe.
    Service(ServiceName),
    /// An address of this machine is posted to, and answers 2xx.
    Http(HttpReload),
}

/// An address that makes a service read its secrets again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpReload {
    /// The address, such as `http://127.0.0.1:4040/-/reload`.
    pub url: String,
    /// A bearer token, by its name under `secrets`.
    #[serde(default)]
    pub token: Option<ServiceName>,
}

impl fmt::Display for Consumer {
    /// As it stands in records and reports: kind, place, and what in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(JsonPlace { node: Some(node), path, key, .. }) => {
                write!(f, "json:{node}:{path}#{key}")?;
            }
            Self::Json(JsonPlace { node: None, path, key, .. }) => write!(f, "json:{path}#{key}")?,
            Self::Env(EnvPlace { path, variable, .. }) => write!(f, "env:{path}#{variable}")?,
            Self::Vault(VaultPlace { path, .. }) => write!(f, "vault:{path}")?,
        }
        self.id_place().map_or(Ok(()), |id| write!(f, "+{id}"))
    }
}

impl Consumer {
    /// What gets the id of the key, in the same file.
    #[must_use]
    pub fn id_place(&self) -> Option<&str> {
        match self {
            Self::Json(place) => place.id_key.as_deref(),
            Self::Env(place) => place.id_variable.as_deref(),
            Self::Vault(_) => None,
        }
    }
}

impl Rotation {
    /// After how many days it is due: what is said, else the kind's own, else the secret's greatest age.
    #[must_use]
    pub fn due_after(&self, max_age: Option<u32>) -> Option<u32> {
        let own = self.kind.due_after_days();
        // Never later than the owner's own limit.
        let kind = own.map(|days| max_age.map_or(days, |limit| days.min(limit)));
        self.due_after_days.or(kind).or(max_age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotation(kind: &str) -> Rotation {
        serde_json::from_str(&format!("{{\"kind\": {kind}}}")).unwrap()
    }

    #[test]
    fn when_it_is_due() {
        let manual = r#"{"manual": {"create_url": "https://x.example"}}"#;
        for (kind, said, max, due) in [
            (r#"{"openrouter": {}}"#, None, None, Some(85)),
            (r#"{"openrouter": {}}"#, None, Some(90), Some(85)),
            (r#"{"openrouter": {}}"#, None, Some(30), Some(30)),
            (r#"{"openrouter": {}}"#, Some(10), Some(90), Some(10)),
            (manual, None, Some(365), Some(365)),
            (manual, None, None, None),
        ] {
            let rotation = Rotation { due_after_days: said, ..rotation(kind) };
            assert_eq!(rotation.due_after(max), due, "{kind} {said:?} {max:?}");
        }
    }

    #[test]
    fn the_overlap_is_the_policy_s_own_unless_said() {
        let policy = sanctum_rotation::Policy::default();
        let hours = |hours: u16| u32::from(hours) * 3600;
        let own = Overlap::default();
        assert_eq!(
            (hours(own.quiet_hours), hours(own.limit_hours), hours(own.soak_hours)),
            (policy.quiet, policy.limit, policy.soak)
        );
    }
}
