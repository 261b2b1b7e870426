//! `sanctum secrets`: arguments. No value is ever one of them: every account of a machine reads everybody's arguments.

use super::Kept;
use clap::{Args, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// `sanctum secrets`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Secrets {
    /// Where each secret is, and whether its places agree
    #[command(
        after_help = "Example:\n  sanctum secrets list\n  sanctum secrets list --json gateway-token"
    )]
    List(Kept<Named>),
    /// Show one secret; needs the owner in person
    #[command(
        after_help = "Example:\n  sudo /opt/sanctum/bin/sanctum secrets get gateway-token\n  sudo /opt/sanctum/bin/sanctum secrets get tls-key --stdout | openssl pkey -noout"
    )]
    Get(Kept<Get>),
    /// Put a secret into its source and every cache; the value is typed, or comes from a pipe or the clipboard
    #[command(
        after_help = "Example:\n  sanctum secrets set gateway-token\n  generate-token | sanctum secrets set gateway-token --stdin"
    )]
    Set(Kept<Set>),
    /// Put a secret on the clipboard for a while; needs the owner in person
    #[command(
        after_help = "Example:\n  sudo /opt/sanctum/bin/sanctum secrets copy gateway-token --seconds 20"
    )]
    Copy(Kept<Copy>),
    /// Take a secret out of its caches and its source
    #[command(after_help = "Example:\n  sanctum secrets rm gateway-token")]
    Rm(Kept<Rm>),
    /// Rebuild caches from their sources; nothing is changed while a store does not answer
    #[command(
        after_help = "Example:\n  sanctum secrets sync --dry-run\n  sanctum secrets sync --yes"
    )]
    Sync(Kept<Sync>),
    /// Compare the places of each secret by fingerprint; exit 3 where they differ, 1 where a store does not answer
    #[command(after_help = "Example:\n  sanctum secrets diff")]
    Diff(Kept<Named>),
    /// Start a program with secrets in its environment or on inherited descriptors, and nowhere else
    #[command(
        after_help = "The program replaces sanctum. NAME becomes a variable in capitals (`gateway-token`: GATEWAY_TOKEN); with --fd the\n\
        variable GATEWAY_TOKEN_FD holds the number of a pipe. Needs the owner in person; --service does not, because it runs\n\
        what the approved instance declares, with the secrets and as the account that it declares.\n\n\
        Example:\n  sudo /opt/sanctum/bin/sanctum secrets exec gateway-token -- curl -K /etc/curl.conf\n  sudo /opt/sanctum/bin/sanctum secrets exec --service gateway"
    )]
    Exec(Kept<Exec>),
    /// Move the values of a .env file, or of a recovery bundle, into their declared stores
    #[command(
        after_help = "Example:\n  sanctum secrets import .env --dry-run\n  sanctum secrets import .env --as TOKEN=gateway-token --remove\n  sanctum secrets import manor.age --identity key.txt"
    )]
    Import(Kept<Import>),
    /// Write every secret into one encrypted recovery bundle; needs the owner in person
    #[command(
        after_help = "Example:\n  sudo /opt/sanctum/bin/sanctum secrets export --to age1... --out manor.age\n  sudo /opt/sanctum/bin/sanctum secrets export --passphrase --out manor.age"
    )]
    Export(Kept<Export>),
    /// Rehearse the recovery: open a bundle, restore it into a scratch place, compare; exit 3 where it is not what the house holds
    #[command(after_help = "Example:\n  sanctum secrets drill manor.age --identity key.txt")]
    Drill(Kept<Drill>),
    /// How old each value is, when it is due, and what nobody knows; exit 3 with findings. Never rotates
    #[command(
        after_help = "An age is what the journal recorded at the last change, or with --ask what the provider says; anything else is\n\
        unknown, which is a finding.\n\n\
        Example:\n  sanctum secrets age\n  sanctum secrets age --ask openrouter-api-key\n  sanctum secrets age --calendar > secrets.ics"
    )]
    Age(Kept<super::rotate::Age>),
    /// What a thief of a disk or of a node holds, in order of danger, as a plan that rotation can execute
    #[command(
        after_help = "Example:\n  sanctum secrets stolen --disk\n  sanctum secrets stolen vm --json"
    )]
    Stolen(Kept<Stolen>),
}

/// Secrets by name.
#[derive(Debug, Args)]
pub struct Named {
    /// Only these [default: those that this node holds]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
}

/// `sanctum secrets get`.
#[derive(Debug, Args)]
pub struct Get {
    /// Its name under `secrets`
    pub name: String,
    /// Write the bytes as they are, into a pipe or file too
    #[arg(long)]
    pub stdout: bool,
}

/// `sanctum secrets set`.
#[derive(Debug, Args)]
pub struct Set {
    /// Its name under `secrets`
    pub name: String,
    /// Read the value from standard input; one line break at its end is not part of it
    #[arg(long, conflicts_with = "clipboard")]
    pub stdin: bool,
    /// With --stdin: every byte is part of it
    #[arg(long, requires = "stdin")]
    pub exact: bool,
    /// Take it from the clipboard, and clear that
    #[arg(long)]
    pub clipboard: bool,
    /// Take it although it has not the form of its provider's keys
    #[arg(long)]
    pub any_shape: bool,
}

/// `sanctum secrets copy`.
#[derive(Debug, Args)]
pub struct Copy {
    /// Its name under `secrets`
    pub name: String,
    /// Seconds after which the clipboard is cleared
    #[arg(long, value_name = "SECONDS", default_value_t = 45, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub seconds: u32,
    /// The clipboard of the terminal that you sit at (OSC 52), also over SSH
    #[arg(long)]
    pub terminal: bool,
}

/// `sanctum secrets rm`.
#[derive(Debug, Args)]
pub struct Rm {
    /// Its name under `secrets`
    pub name: String,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

/// `sanctum secrets sync`.
#[derive(Debug, Args)]
pub struct Sync {
    /// Only these [default: those that this node holds]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Show the plan and change nothing; exit 3 when there is something to do
    #[arg(long)]
    pub dry_run: bool,
}

/// `sanctum secrets exec`.
#[derive(Debug, Args)]
pub struct Exec {
    /// Secrets for the program's environment
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// A secret for the environment under a name of your choice
    #[arg(long, value_name = "VARIABLE=NAME")]
    pub env: Vec<String>,
    /// A secret for an inherited descriptor, and not for the environment
    #[arg(long, value_name = "NAME")]
    pub fd: Vec<String>,
    /// Run a service of the approved instance: its command, with the secrets that it reads
    #[arg(long, value_name = "SERVICE", conflicts_with_all = ["names", "env", "command"])]
    pub service: Option<String>,
    /// With --service: in a session of its own, which the verb begins for itself where root sits at a terminal.
    #[arg(long, hide = true, requires = "service")]
    pub apart: bool,
    /// The program and its arguments
    #[arg(last = true, required_unless_present = "service")]
    pub command: Vec<OsString>,
}

/// `sanctum secrets import`.
#[derive(Debug, Args)]
pub struct Import {
    /// A .env file, or a recovery bundle
    pub file: PathBuf,
    /// Which secret a variable is [default: the variable in lower case with `-`]
    #[arg(long = "as", value_name = "VARIABLE=NAME")]
    pub mapped: Vec<String>,
    /// Replace values that are there and differ
    #[arg(long)]
    pub replace: bool,
    /// Overwrite and remove the file when everything in it was read back from a store
    #[arg(long)]
    pub remove: bool,
    /// What opens a bundle: a file of age identities or an SSH key
    #[arg(long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Show what would be done and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `sanctum secrets export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Whom it is for: `age1...` or an SSH public key; best somebody whose identity is not in this house
    #[arg(
        long,
        value_name = "RECIPIENT",
        required_unless_present = "passphrase",
        conflicts_with = "passphrase"
    )]
    pub to: Vec<String>,
    /// Ask for a passphrase instead
    #[arg(long)]
    pub passphrase: bool,
    /// The new file
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `sanctum secrets drill`.
#[derive(Debug, Args)]
pub struct Drill {
    /// The bundle
    pub file: PathBuf,
    /// What opens it: a file of age identities or an SSH key; a passphrase is asked for
    #[arg(long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
}

/// `sanctum secrets stolen`.
#[derive(Debug, Args)]
pub struct Stolen {
    /// The node that is in other hands, running [default: the one that this is]
    pub thing: Option<String>,
    /// Only its disk, switched off
    #[arg(long)]
    pub disk: bool,
}
