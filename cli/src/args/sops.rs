//! Arguments of `sanctum sops`: those of the original, in both of its forms.

use super::Kept;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `sanctum sops`.
#[derive(Debug, Args)]
pub struct SopsArgs {
    /// What to do; without it the older form: `-d`, `-e`, `-r`, or edit the file
    #[command(subcommand)]
    pub verb: Option<Sops>,
    /// The older form.
    #[command(flatten)]
    pub old: Old,
    /// Options of every verb.
    #[command(flatten)]
    pub shared: Shared,
}

/// Options of every verb.
#[derive(Clone, Debug, Default, Args)]
pub struct Shared {
    /// Read this configuration instead of the nearest .sops.yaml [env: SOPS_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Indent what is laid out anew by so many spaces
    #[arg(long, global = true, value_name = "SPACES", value_parser = clap::value_parser!(u8).range(0..=16))]
    pub indent: Option<u8>,
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
}

/// The older form of the original.
#[derive(Clone, Debug, Default, Args)]
pub struct Old {
    /// Decrypt the file to standard output
    #[arg(long, short, conflicts_with_all = ["encrypt", "rotate"])]
    pub decrypt: bool,
    /// Encrypt the file to standard output
    #[arg(long, short, conflicts_with = "rotate")]
    pub encrypt: bool,
    /// Make a new data key
    #[arg(long, short)]
    pub rotate: bool,
    /// Set a value, `["key"] json`; other users of the machine can read it in the list of processes
    #[arg(long, value_name = "INDEX VALUE", conflicts_with_all = ["encrypt", "decrypt", "rotate"], hide = true)]
    pub set: Option<String>,
    /// The file
    pub file: Option<PathBuf>,
    /// Take out one value or branch, such as `["a"][0]`
    #[arg(long, value_name = "INDEX")]
    pub extract: Option<String>,
    /// Do not check the MAC
    #[arg(long)]
    pub ignore_mac: bool,
    /// Which formats.
    #[command(flatten)]
    pub types: Types,
    /// Where it goes.
    #[command(flatten)]
    pub out: Output,
    /// For whom.
    #[command(flatten)]
    pub recipients: Recipients,
    /// What of it.
    #[command(flatten)]
    pub select: Select,
    /// Recipients that come and go.
    #[command(flatten)]
    pub change: ChangeRecipients,
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
    /// Keys that sanctum cannot encrypt for: named here to be refused with a reason.
    #[arg(long, short = 'p', hide = true, value_name = "FINGERPRINTS")]
    pub pgp: Option<String>,
    /// As above.
    #[arg(long, short = 'k', hide = true, value_name = "ARNS")]
    pub kms: Option<String>,
    /// As above.
    #[arg(long, hide = true, value_name = "IDS")]
    pub gcp_kms: Option<String>,
    /// As above.
    #[arg(long, hide = true, value_name = "URLS")]
    pub azure_kv: Option<String>,
    /// As above.
    #[arg(long, hide = true, value_name = "URIS")]
    pub hc_vault_transit: Option<String>,
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
}

/// The verbs.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Sops {
    /// Encrypt a file, or standard input, to standard output
    #[command(after_help = "Example:\n  sanctum sops encrypt --in-place secrets.yaml")]
    Encrypt(Kept<Encrypt>),
    /// Decrypt a file, or standard input, to standard output
    #[command(
        after_help = "Example:\n  sanctum sops decrypt --extract '[\"db\"][\"password\"]' secrets.yaml"
    )]
    Decrypt(Kept<Decrypt>),
    /// Edit a file in clear and encrypt it again; what is left as it was keeps its ciphertext
    #[command(after_help = "Example:\n  sanctum sops edit secrets.yaml")]
    Edit(Kept<Edit>),
    /// Set one value, read as JSON from standard input or a file
    #[command(
        after_help = "Example:\n  printf '\"hunter2\"' | sanctum sops set --value-stdin secrets.yaml '[\"db\"][\"password\"]'"
    )]
    Set(Kept<Set>),
    /// Print one value by its dotted path
    #[command(after_help = "Example:\n  sanctum sops get secrets.yaml db.password")]
    Get(Kept<Get>),
    /// Take one value or branch away
    #[command(after_help = "Example:\n  sanctum sops unset secrets.yaml '[\"db\"][\"old\"]'")]
    Unset(Kept<Unset>),
    /// Encrypt every value anew with a new data key
    #[command(
        after_help = "Example:\n  sanctum sops rotate --in-place --rm-age age1… secrets.yaml"
    )]
    Rotate(Kept<Rotate>),
    /// Wrap the data key for the recipients that .sops.yaml names now
    #[command(
        name = "updatekeys",
        after_help = "Example:\n  sanctum sops updatekeys --yes secrets.yaml"
    )]
    UpdateKeys(Kept<UpdateKeys>),
    /// Run a command with the values in its environment
    #[command(
        name = "exec-env",
        after_help = "Example:\n  sanctum sops exec-env secrets.env 'psql -c \"select 1\"'"
    )]
    ExecEnv(Kept<ExecEnv>),
    /// Run a command on a temporary file of the values; `{}` stands for its name
    #[command(
        name = "exec-file",
        after_help = "Example:\n  sanctum sops exec-file secrets.json 'app --config {}'"
    )]
    ExecFile(Kept<ExecFile>),
    /// Say whether a file is encrypted
    #[command(name = "filestatus", after_help = "Example:\n  sanctum sops filestatus secrets.yaml")]
    FileStatus(Kept<FileStatus>),
}

/// `sanctum sops encrypt`.
#[derive(Clone, Debug, Default, Args)]
pub struct Encrypt {
    /// The file
    pub file: Option<PathBuf>,
    /// Where it goes.
    #[command(flatten)]
    pub out: Output,
    /// Which formats.
    #[command(flatten)]
    pub types: Types,
    /// For whom.
    #[command(flatten)]
    pub recipients: Recipients,
    /// What of it.
    #[command(flatten)]
    pub select: Select,
}

/// `sanctum sops decrypt`.
#[derive(Clone, Debug, Default, Args)]
pub struct Decrypt {
    /// The file
    pub file: Option<PathBuf>,
    /// Take out one value or branch, such as `["a"][0]`
    #[arg(long, value_name = "INDEX")]
    pub extract: Option<String>,
    /// Do not check the MAC
    #[arg(long)]
    pub ignore_mac: bool,
    /// Where it goes.
    #[command(flatten)]
    pub out: Output,
    /// Which formats.
    #[command(flatten)]
    pub types: Types,
}

/// `sanctum sops edit`.
#[derive(Clone, Debug, Default, Args)]
pub struct Edit {
    /// The file; a new one is made by the rules of .sops.yaml
    pub file: PathBuf,
    /// Do not check the MAC
    #[arg(long)]
    pub ignore_mac: bool,
    /// Which formats.
    #[command(flatten)]
    pub types: Types,
    /// For whom.
    #[command(flatten)]
    pub recipients: Recipients,
    /// What of it.
    #[command(flatten)]
    pub select: Select,
}

/// `sanctum sops set`.
#[derive(Clone, Debug, Default, Args)]
pub struct Set {
    /// The file
    pub file: PathBuf,
    /// Where, such as `["a"][0]`
    pub index: String,
    /// The value in JSON, or the file that holds it; other users can read what stands here in the list of processes
    pub value: Option<String>,
    /// The value is in the file that VALUE names
    #[arg(long, requires = "value", conflicts_with = "value_stdin")]
    pub value_file: bool,
    /// The value is on standard input
    #[arg(long, conflicts_with = "value")]
    pub value_stdin: bool,
    /// Do nothing when it has that value
    #[arg(long)]
    pub idempotent: bool,
    /// Do not check the MAC
    #[arg(long)]
    pub ignore_mac: bool,
    /// Which formats.
    #[command(flatten)]
    pub types: Types,
}

/// `sanctum sops get`.
#[derive(Clone, Debug, Default, Args)]
pub struct Get {
    /// The file
    pub file: PathBuf,
    /// The path, such as `db.users[0].name`
    pub path: String,
    /// Which formats.
    #[command(flatten)]
    pub types: Types,
}

/// `sanctum sops unset`.
#[derive(Clone, Debug, Default, Args)]
pub struct Unset {
    /// The file
    pub file: PathBuf,
    /// Where, such as `["a"][0]`
    pub index: String,
    /// Do nothing when it is not there
    #[arg(long)]
    pub idempotent: bool,
    /// Do not check the MAC
    #[arg(long)]
    pub ignore_mac: bool,
    /// Which formats.
    #[command(flatten)]
    pub types: Types,
}

/// `sanctum sops rotate`.
#[derive(Clone, Debug, Default, Args)]
pub struct Rotate {
    /// The file
    pub file: PathBuf,
    /// Do not check the MAC
    #[arg(long)]
    pub ignore_mac: bool,
    /// Where it goes.
    #[command(flatten)]
    pub out: Output,
    /// Which formats.
    #[command(flatten)]
    pub types: Types,
    /// Recipients that come and go.
    #[command(flatten)]
    pub change: ChangeRecipients,
}

/// `sanctum sops updatekeys`.
#[derive(Clone, Debug, Default, Args)]
pub struct UpdateKeys {
    /// The file
    pub file: PathBuf,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// yaml, json, dotenv, ini or binary [default: by the file's ending]
    #[arg(long, value_name = "FORMAT")]
    pub input_type: Option<String>,
}

/// `sanctum sops exec-env`.
#[derive(Clone, Debug, Default, Args)]
pub struct ExecEnv {
    /// The file
    pub file: PathBuf,
    /// The command, for `sh -c`
    pub command: String,
    /// Give the values alone, nothing of this environment
    #[arg(long)]
    pub pristine: bool,
    /// Become the command instead of waiting for it
    #[arg(long)]
    pub same_process: bool,
    /// yaml, json, dotenv, ini or binary [default: by the file's ending]
    #[arg(long, value_name = "FORMAT")]
    pub input_type: Option<String>,
}

/// `sanctum sops exec-file`.
#[derive(Clone, Debug, Default, Args)]
pub struct ExecFile {
    /// The file
    pub file: PathBuf,
    /// The command, for `sh -c`; `{}` stands for the temporary file
    pub command: String,
    /// Name of the temporary file
    #[arg(long, value_name = "NAME", default_value = "tmp-file")]
    pub filename: String,
    /// There is no FIFO here: the file lies in memory where the system has such a place.
    #[arg(long, hide = true)]
    pub no_fifo: bool,
    /// Which formats.
    #[command(flatten)]
    pub types: Types,
}

/// `sanctum sops filestatus`.
#[derive(Clone, Debug, Default, Args)]
pub struct FileStatus {
    /// The file
    pub file: PathBuf,
    /// yaml, json, dotenv, ini or binary [default: by the file's ending]
    #[arg(long, value_name = "FORMAT")]
    pub input_type: Option<String>,
}
