//! The section `stores` of an instance file: how stores of secrets are reached, where that follows from nothing else.
//!
//! Deliberately absent: tokens and identities themselves; a token is named by a reference to a store that needs none.

use sanctum_secrets::places::{OnePasswordAccess, Places, Via};
use sanctum_types::{AbsPath, SecretRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Stores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Stores {
    /// Further recipients of whatever is encrypted here: age recipients or SSH public keys of the owner, kept elsewhere.
    pub recipients: Vec<String>,
    /// How `op://` is reached.
    pub one_password: Option<OnePassword>,
}

/// 1Password, by a Connect server or by the `op` program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnePassword {
    /// Where the token of the Connect server or of the service account is: `file:`, `age:`, `sops:` or `keychain:`.
    pub token: SecretRef,
    /// The Connect server's address, such as `https://connect.example:8443`.
    #[serde(default)]
    pub connect: Option<String>,
    /// The `op` program, where there is no Connect server; `/usr/local/bin/op` unless said.
    #[serde(default)]
    pub op: Option<AbsPath>,
}

/// Where 1Password's installer puts its program on macOS and its packages on Linux (developer.1password.com, CLI).
const OP: &str = "/usr/local/bin/op";

impl Stores {
    /// Says to the stores of a place what the house declares of them.
    pub fn furnish(&self, places: &mut Places) {
        places.keys.recipients.clone_from(&self.recipients);
        places.one_password = self.one_password.as_ref().and_then(|one| {
            let via = match (&one.connect, &one.op) {
                (Some(address), _) => Via::Connect(address.clone()),
                (None, Some(program)) => Via::Op(program.clone()),
                (None, None) => Via::Op(AbsPath::new(OP).ok()?),
            };
            Some(OnePasswordAccess { via, token: one.token.clone() })
        });
    }
}
