//! What `sanctum sops` reads of the environment, and no other verb.
//!
//! It is an ordinary tool of whoever calls it, as the original is: `SOPS_*`, `HOME` and `XDG_CONFIG_HOME` are believed
//! at euid 0 too. They name keys to try and an editor; what runs at euid 0 must still be a program of root's.

#![expect(clippy::disallowed_methods, reason = "the environment of this verb is read once, here")]

use sanctum_secrets::places::{CONFIG, KEYS};
use sanctum_secrets::sops::{Person, Sources};
use sanctum_types::Secret;
use std::path::PathBuf;

/// Variables that name keys to encrypt for (`sops --help`).
const FOREIGN: [&str; 6] = [
    "SOPS_PGP_FP",
    "SOPS_KMS_ARN",
    "SOPS_GCP_KMS_IDS",
    "SOPS_HUAWEICLOUD_KMS_IDS",
    "SOPS_AZURE_KEYVAULT_URLS",
    "SOPS_VAULT_URIS",
];

/// The environment of `sanctum sops`.
#[derive(Clone, Debug, Default)]
pub struct SopsEnvironment {
    /// Where keys may be.
    pub sources: Sources,
    /// `SOPS_AGE_RECIPIENTS`.
    pub recipients: Option<String>,
    /// A variable that names recipients which are no age or SSH keys.
    pub foreign: Option<&'static str>,
    /// `SOPS_CONFIG`.
    pub config: Option<PathBuf>,
    /// `SOPS_EDITOR`, else `EDITOR`.
    pub editor: Option<String>,
    /// Where this process stands.
    pub directory: PathBuf,
}

impl SopsEnvironment {
    /// Reads it.
    #[must_use]
    pub fn read() -> Self {
        let path = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let text = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let home = path("HOME");
        let config = path("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(CONFIG)));
        Self {
            sources: Sources {
                age_key: text("SOPS_AGE_KEY").map(Secret::new),
                age_key_file: path("SOPS_AGE_KEY_FILE"),
                age_key_cmd: text("SOPS_AGE_KEY_CMD"),
                ssh_key_file: path("SOPS_AGE_SSH_PRIVATE_KEY_FILE"),
                ssh_key_cmd: text("SOPS_AGE_SSH_PRIVATE_KEY_CMD"),
                keys_txt: config.map(|dir| dir.join(KEYS)),
                home,
                person: Person::Terminal,
            },
            recipients: text("SOPS_AGE_RECIPIENTS"),
            foreign: FOREIGN.into_iter().find(|name| text(name).is_some()),
            config: path("SOPS_CONFIG"),
            editor: text("SOPS_EDITOR").or_else(|| text("EDITOR")),
            directory: std::env::current_dir().unwrap_or_default(),
        }
    }
}
