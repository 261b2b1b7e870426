//! Flags that several verbs of `sanctum sops` have, each group once.
//!
//! A flag of the original that is not offered is here too, hidden: it is refused by its name, or taken because it changes
//! nothing, so that a line which was written for the original never means something else.

use clap::Args;
use std::path::PathBuf;

/// Options of every verb.
#[derive(Clone, Debug, Default, Args)]
pub struct Shared {
    /// Read this configuration instead of the nearest .sops.yaml [env: SOPS_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Indent what is laid out anew by so many spaces
    #[arg(long, global = true, value_name = "SPACES", value_parser = clap::value_parser!(u8).range(0..=16))]
    pub indent: Option<u8>,
    /// Other processes that would hold the keys: named here to be refused with a reason.
    #[arg(long, global = true, hide = true, value_name = "ADDRESS")]
    pub keyservice: Vec<String>,
    /// Taken and not needed: what the original asks the network, logs or orders.
    #[command(flatten)]
    pub ignored: Ignored,
}

/// Flags of the original that change nothing here.
#[derive(Clone, Debug, Default, Args)]
pub struct Ignored {
    /// There is no such check here.
    #[arg(long, global = true, hide = true)]
    pub disable_version_check: bool,
    /// There is no log.
    #[arg(long, global = true, hide = true)]
    pub verbose: bool,
    /// Only age and SSH keys are tried.
    #[arg(long, global = true, hide = true, value_name = "KINDS")]
    pub decryption_order: Option<String>,
    /// Keys are tried in this process.
    #[arg(long, global = true, hide = true, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub enable_local_keyservice: Option<bool>,
    /// As the first.
    #[arg(long, global = true, hide = true)]
    pub check_for_updates: bool,
    /// Says something about keys of KMS only.
    #[arg(long, global = true, hide = true, value_name = "PROFILE")]
    pub aws_profile: Option<String>,
    /// As above.
    #[arg(long, global = true, hide = true, value_name = "CONTEXT")]
    pub encryption_context: Option<String>,
}

/// Which formats.
#[derive(Clone, Debug, Default, Args)]
pub struct Types {
    /// yaml, json, dotenv, ini or binary [default: by the file's ending]
    #[arg(long, value_name = "FORMAT")]
    pub input_type: Option<String>,
    /// The same, of what is written
    #[arg(long, value_name = "FORMAT")]
    pub output_type: Option<String>,
    /// Choose format and rule as if the file had this name
    #[arg(long, value_name = "NAME")]
    pub filename_override: Option<PathBuf>,
}

/// The format of a file that is only read.
#[derive(Clone, Debug, Default, Args)]
pub struct InputType {
    /// yaml, json, dotenv, ini or binary [default: by the file's ending]
    #[arg(long, value_name = "FORMAT")]
    pub input_type: Option<String>,
}

/// Which formats, and where it goes.
#[derive(Clone, Debug, Default, Args)]
pub struct Way {
    /// Which formats.
    #[command(flatten)]
    pub types: Types,
    /// Where it goes.
    #[command(flatten)]
    pub out: Output,
}

/// For whom, and what of it.
#[derive(Clone, Debug, Default, Args)]
pub struct Closing {
    /// For whom.
    #[command(flatten)]
    pub recipients: Recipients,
    /// What of it.
    #[command(flatten)]
    pub select: Select,
}

/// Where it goes.
#[derive(Clone, Debug, Default, Args)]
pub struct Output {
    /// Replace the file itself, as a whole and durably
    #[arg(long, short)]
    pub in_place: bool,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// For whom.
#[derive(Clone, Debug, Default, Args)]
pub struct Recipients {
    /// age recipients or SSH public keys, separated by commas [env: SOPS_AGE_RECIPIENTS]
    #[arg(long, short, value_name = "RECIPIENTS")]
    pub age: Option<String>,
    /// How many key groups open the file
    #[arg(long, value_name = "NUMBER")]
    pub shamir_secret_sharing_threshold: Option<usize>,
    /// Keys that sanctum cannot encrypt for.
    #[command(flatten)]
    pub foreign: Foreign,
}

/// Keys that sanctum cannot encrypt for: named here to be refused with a reason.
#[derive(Clone, Debug, Default, Args)]
pub struct Foreign {
    /// PGP.
    #[arg(long, short = 'p', hide = true, value_name = "FINGERPRINTS")]
    pub pgp: Vec<String>,
    /// AWS.
    #[arg(long, short = 'k', hide = true, value_name = "ARNS")]
    pub kms: Vec<String>,
    /// Google.
    #[arg(long, hide = true, value_name = "IDS")]
    pub gcp_kms: Vec<String>,
    /// HuaweiCloud.
    #[arg(long, hide = true, value_name = "IDS")]
    pub hckms: Vec<String>,
    /// Azure.
    #[arg(long, hide = true, value_name = "URLS")]
    pub azure_kv: Vec<String>,
    /// HashiCorp Vault.
    #[arg(long, hide = true, value_name = "URIS")]
    pub hc_vault_transit: Vec<String>,
}

impl Foreign {
    /// Whether one was named.
    #[must_use]
    pub fn is_any(&self) -> bool {
        [&self.pgp, &self.kms, &self.gcp_kms, &self.hckms, &self.azure_kv, &self.hc_vault_transit]
            .iter()
            .any(|named| !named.is_empty())
    }
}

/// What of a document is encrypted; at most one.
#[derive(Clone, Debug, Default, Args)]
pub struct Select {
    /// All but keys that end so [default: _unencrypted]
    #[arg(long, value_name = "SUFFIX")]
    pub unencrypted_suffix: Option<String>,
    /// Only keys that end so
    #[arg(long, value_name = "SUFFIX")]
    pub encrypted_suffix: Option<String>,
    /// All but keys that match
    #[arg(long, value_name = "REGEX")]
    pub unencrypted_regex: Option<String>,
    /// Only keys that match
    #[arg(long, value_name = "REGEX")]
    pub encrypted_regex: Option<String>,
    /// All but what stands below a comment that matches
    #[arg(long, value_name = "REGEX")]
    pub unencrypted_comment_regex: Option<String>,
    /// Only what stands below a comment that matches
    #[arg(long, value_name = "REGEX")]
    pub encrypted_comment_regex: Option<String>,
    /// Compute the MAC over encrypted values only
    #[arg(long)]
    pub mac_only_encrypted: bool,
}

/// Recipients that come and go with a new data key.
#[derive(Clone, Debug, Default, Args)]
pub struct ChangeRecipients {
    /// Add these recipients
    #[arg(long, value_name = "RECIPIENTS")]
    pub add_age: Option<String>,
    /// Take these recipients away
    #[arg(long, value_name = "RECIPIENTS")]
    pub rm_age: Option<String>,
    /// Of PGP and cloud keys entries can go, but not come.
    #[arg(long, hide = true, value_name = "FINGERPRINTS")]
    pub rm_pgp: Option<String>,
    /// As above.
    #[arg(long, hide = true, value_name = "ARNS")]
    pub rm_kms: Option<String>,
    /// As above.
    #[arg(long, hide = true, value_name = "IDS")]
    pub rm_gcp_kms: Option<String>,
    /// As above.
    #[arg(long, hide = true, value_name = "IDS")]
    pub rm_hckms: Option<String>,
    /// As above.
    #[arg(long, hide = true, value_name = "URLS")]
    pub rm_azure_kv: Option<String>,
    /// As above.
    #[arg(long, hide = true, value_name = "URIS")]
    pub rm_hc_vault_transit: Option<String>,
    /// Keys that sanctum cannot encrypt for: named here to be refused with a reason.
    #[arg(long, hide = true, value_name = "FINGERPRINTS")]
    pub add_pgp: Option<String>,
    /// As above.
    #[arg(long, hide = true, value_name = "ARNS")]
    pub add_kms: Option<String>,
    /// As above.
    #[arg(long, hide = true, value_name = "IDS")]
    pub add_gcp_kms: Option<String>,
    /// As above.
    #[arg(long, hide = true, value_name = "IDS")]
    pub add_hckms: Option<String>,
    /// As above.
    #[arg(long, hide = true, value_name = "URLS")]
    pub add_azure_kv: Option<String>,
    /// As above.
    #[arg(long, hide = true, value_name = "URIS")]
    pub add_hc_vault_transit: Option<String>,
}
