//! Arguments of `sanctum sops`: those of the original, in both of its forms.

mod flags;

pub use flags::{
    ChangeRecipients, Closing, Foreign, InputType, Output, Recipients, Select, Shared, Types, Way,
};

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
    /// Show who can open the file while it is edited: named here to be refused with a reason.
    #[arg(long, short, hide = true)]
    pub show_master_keys: bool,
    /// Which formats, and where it goes.
    #[command(flatten)]
    pub way: Way,
    /// For whom, and what of it.
    #[command(flatten)]
    pub closing: Closing,
    /// Recipients that come and go.
    #[command(flatten)]
    pub change: ChangeRecipients,
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
    /// Add or delete a key group: of several, so many as the threshold says open a file
    #[command(
        after_help = "Example:\n  sanctum sops groups add --in-place --file secrets.yaml --age age1…"
    )]
    Groups(Kept<Groups>),
    /// Not offered here.
    #[command(hide = true)]
    Publish(Kept<NotOffered>),
    /// Not offered here.
    #[command(hide = true, name = "keyservice")]
    KeyService(Kept<NotOffered>),
    /// Not offered here.
    #[command(hide = true)]
    Completion(Kept<NotOffered>),
}

/// A verb of the original that is refused by name, whatever follows it.
#[derive(Clone, Debug, Default, Args)]
#[command(disable_help_flag = true)]
pub struct NotOffered {
    /// What follows.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub rest: Vec<std::ffi::OsString>,
}

/// `sanctum sops groups`.
#[derive(Debug, Args)]
pub struct Groups {
    /// What to do.
    #[command(subcommand)]
    pub verb: GroupsVerb,
}

/// What to do to the groups.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum GroupsVerb {
    /// Add a group, and share the data key anew among all
    #[command(
        after_help = "Example:\n  sanctum sops groups add --in-place --file secrets.yaml --age age1…"
    )]
    Add(Kept<GroupsAdd>),
    /// Delete the group of that number, counted from 0, and share the data key anew among the others
    #[command(
        after_help = "Example:\n  sanctum sops groups delete --in-place --file secrets.yaml 1"
    )]
    Delete(Kept<GroupsDelete>),
}

/// Which file, and how many of its groups open it.
#[derive(Clone, Debug, Default, Args)]
pub struct GroupsFile {
    /// The file
    #[arg(long, short)]
    pub file: Option<PathBuf>,
    /// Replace the file itself, as a whole and durably
    #[arg(long, short)]
    pub in_place: bool,
    /// How many key groups open the file from now on [default: as many as before; all of two]
    #[arg(long, value_name = "NUMBER")]
    pub shamir_secret_sharing_threshold: Option<usize>,
}

/// `sanctum sops groups add`.
#[derive(Clone, Debug, Default, Args)]
pub struct GroupsAdd {
    /// Which file.
    #[command(flatten)]
    pub subject: GroupsFile,
    /// age recipients or SSH public keys of the group; may be said more than once
    #[arg(long, value_name = "RECIPIENTS")]
    pub age: Vec<String>,
    /// Keys that sanctum cannot encrypt for.
    #[command(flatten)]
    pub foreign: Foreign,
}

/// `sanctum sops groups delete`.
#[derive(Clone, Debug, Default, Args)]
pub struct GroupsDelete {
    /// Which file.
    #[command(flatten)]
    pub subject: GroupsFile,
    /// Which group, from 0
    pub index: Option<String>,
}

/// `sanctum sops encrypt`.
#[derive(Clone, Debug, Default, Args)]
pub struct Encrypt {
    /// The file
    pub file: Option<PathBuf>,
    /// Which formats, and where it goes.
    #[command(flatten)]
    pub way: Way,
    /// For whom, and what of it.
    #[command(flatten)]
    pub closing: Closing,
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
    /// Which formats, and where it goes.
    #[command(flatten)]
    pub way: Way,
}

/// `sanctum sops edit`.
#[derive(Clone, Debug, Default, Args)]
pub struct Edit {
    /// The file; a new one is made by the rules of .sops.yaml
    pub file: PathBuf,
    /// Show who can open the file while it is edited: named here to be refused with a reason.
    #[arg(long, short, hide = true)]
    pub show_master_keys: bool,
    /// Do not check the MAC
    #[arg(long)]
    pub ignore_mac: bool,
    /// Which formats.
    #[command(flatten)]
    pub types: Types,
    /// For whom, and what of it.
    #[command(flatten)]
    pub closing: Closing,
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
    /// Taken and without effect, as in the original: `groups` and `updatekeys` change it.
    #[arg(long, hide = true, value_name = "NUMBER")]
    pub shamir_secret_sharing_threshold: Option<usize>,
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
    /// Taken and without effect, as in the original: `groups` and `updatekeys` change it.
    #[arg(long, hide = true, value_name = "NUMBER")]
    pub shamir_secret_sharing_threshold: Option<usize>,
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
    /// Which formats, and where it goes.
    #[command(flatten)]
    pub way: Way,
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
    /// The file's format.
    #[command(flatten)]
    pub format: InputType,
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
    /// Do not wait for the command
    #[arg(long)]
    pub background: bool,
    /// Run the command as this user
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// The file's format.
    #[command(flatten)]
    pub format: InputType,
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
    /// A regular file instead of a pipe that can be read once; it lies in memory where the system has such a place
    #[arg(long)]
    pub no_fifo: bool,
    /// Run the command as this user
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Not to wait would take the file away before it is read: named here to be refused with a reason.
    #[arg(long, hide = true)]
    pub background: bool,
    /// Which formats.
    #[command(flatten)]
    pub types: Types,
}

/// `sanctum sops filestatus`.
#[derive(Clone, Debug, Default, Args)]
pub struct FileStatus {
    /// The file
    pub file: PathBuf,
    /// The file's format.
    #[command(flatten)]
    pub format: InputType,
}
