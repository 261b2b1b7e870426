//! `sanctum vault`: arguments. No value and no passphrase is ever one of them.

use clap::{Args, Subcommand, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

/// `sanctum vault`.
#[derive(Debug, Args)]
pub struct Vault {
    /// Where the vault listens [default: ~/.sanctum/vault.sock]
    #[arg(long, global = true, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub socket: Option<PathBuf>,
    /// Read the passphrase from a file that only you can read [default: ask for it]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub passphrase_file: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do with the vault.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a vault; the passphrase is asked for twice
    #[command(
        after_help = "With --key-ref the key is kept in a store: in the keychain or the Secret Service of this account (keychain:SERVICE/ACCOUNT), in a file encrypted with age (age:FILE), in a SOPS document \
        (sops:FILE#KEY), in 1Password (op://VAULT/ITEM/FIELD). One that is there already is taken.\n\nExample:\n  sanctum vault init\n  sanctum vault init --key-file /srv/keys/vault.key\n  sanctum vault init --key-ref keychain:sanctum-vault/unseal"
    )]
    Init(Key),
    /// Unseal the running vault
    #[command(
        after_help = "A key unseals and proves nothing more: other verbs ask for the passphrase.\n\nExample:\n  sanctum vault unseal\n  sanctum vault unseal --key-ref keychain:sanctum-vault/unseal"
    )]
    Unseal(Opening),
    /// Seal it: leases end, also those that outlive a restart, and its keys leave the memory
    #[command(after_help = "Example:\n  sanctum vault seal")]
    Seal,
    /// Prove the passphrase once for some minutes in this terminal
    #[command(
        after_help = "It counts for this account, in this session of this terminal, for what no agent started and while none works there. Sealing ends it, and so does rekey, which \
        asks for the passphrase as before. Linux from 6.5 on.\n\nExample:\n  sanctum vault unlock\n  sanctum vault unlock --minutes 30"
    )]
    Unlock {
        /// For so long, at most an hour
        #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
        minutes: u64,
    },
    /// End what `unlock` began, in every terminal of this account
    #[command(after_help = "Example:\n  sanctum vault lock")]
    Lock,
    /// Whether it is served and sealed; exit 3 when it is sealed, 1 when it is not served
    #[command(after_help = "Example:\n  sanctum vault status --json")]
    Status,
    /// Write a new version of a secret; the value is typed, or comes from a pipe
    #[command(
        after_help = "Example:\n  sanctum vault put openai/api-key\n  generate-token | sanctum vault put openai/api-key --stdin --tag llm"
    )]
    Put(Put),
    /// Write what a .env file or an encrypted SOPS document holds, each value a secret
    #[command(
        after_help = "A name is a path, and so are the keys that lead to a value of a document. The file stays where it is.\n\nExample:\n  sanctum vault import .env --under shop --dry-run\n  sanctum vault import secrets.enc.yaml --under shop --replace"
    )]
    Import(Import),
    /// Show a secret
    #[command(
        after_help = "Example:\n  sanctum vault get openai/api-key\n  sanctum vault get tls/key --stdout --version 3"
    )]
    Get(Get),
    /// List secrets, without values
    #[command(after_help = "Example:\n  sanctum vault list")]
    List,
    /// The versions of a secret
    #[command(after_help = "Example:\n  sanctum vault history openai/api-key")]
    History {
        /// Its path
        path: String,
    },
    /// Remove a secret with all its versions
    #[command(after_help = "Example:\n  sanctum vault rm openai/api-key")]
    Rm {
        /// Its path
        path: String,
    },
    /// What agents ask for and policy wants you to approve: list it, approve it, or deny it
    #[command(
        after_help = "An approval is for that agent, path and action, and for a request also for its host and method; it counts once, or for the minutes of the policy. Sealing ends it, and so does a \
        change of the policy or of the agent's key.\n\nExample:\n  sanctum vault approve\n  sanctum vault approve 3f9a61c0 --for 5\n  sanctum vault approve --deny 3f9a61c0"
    )]
    Approve(Approve),
    /// Values that were given out
    #[command(subcommand, after_help = "Example:\n  sanctum vault lease list")]
    Lease(Lease),
    /// Write everything under a new root key; what was proved before is over
    #[command(
        after_help = "Old backups are opened by the passphrase of their time.\n\nExample:\n  sanctum vault rekey\n  sanctum vault rekey --new-passphrase --key-file /srv/keys/vault.key"
    )]
    Rekey(Rekey),
    /// Write the sealed vault into a new file, while it is served
    #[command(
        after_help = "The passphrase of today, or the key file, opens it.\n\nExample:\n  sanctum vault backup /srv/backup/vault-2026-11-23"
    )]
    Backup {
        /// The file; it must not be there
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Bring a backup back; the vault must be sealed, or not served
    #[command(
        after_help = "A file that was put back by hand is refused as a rollback; this says that it was you. Secrets, agents and policies are those of the backup again: \
        remove anew what was removed since.\n\nExample:\n  sanctum vault restore /srv/backup/vault-2026-11-23\n  sanctum vault restore /srv/backup/vault-2026-11-23 --replace"
    )]
    Restore {
        /// The backup
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// The vault that is there goes
        #[arg(long)]
        replace: bool,
    },
    /// Agents and their keys
    #[command(subcommand, after_help = "Example:\n  sanctum vault agent register builder")]
    Agent(Agent),
    /// Serve an agent's SSH keys to ssh without giving them out, until it is stopped
    #[command(
        after_help = "The keys are the credentials on which policy allows the agent list, use:ssh_public_key and use:ssh_sign.\n\nExample:\n  sanctum vault ssh-agent builder --bind ~/.sanctum/builder.sock\n  SSH_AUTH_SOCK=~/.sanctum/builder.sock ssh-add -l"
    )]
    SshAgent(SshAgent),
    /// Run a program as an agent: it has a session of the vault, and no key
    #[command(
        after_help = "This process proves itself and becomes the program, so signals and the exit code are the program's own; what fails before ends with 1, 2 or 4. The program, and what it \
        starts, find SANCTUM_VAULT_SOCK and SANCTUM_VAULT_KEY, a socket and a stand-in key that is good only there, for clients that dial and sign; \
        SANCTUM_VAULT_AGENT, the name; and SANCTUM_VAULT_FD, an open line on which no proof is needed. The session ends with the program.\n\nExample:\n  sanctum vault run --agent builder -- ./deploy.py\n  sanctum vault run --agent builder --key /srv/keys/builder.key.enc -- make release"
    )]
    Run(Run),
    /// The process beside a program of `run`, which starts it
    #[command(hide = true)]
    Relay {
        /// Nobody's child any more
        #[arg(long)]
        apart: bool,
    },
    /// What agents may do; nothing unless a policy says so
    #[command(
        subcommand,
        after_help = "Example:\n  sanctum vault policy set builder --agent builder --path 'deploy/*' --action use:sign"
    )]
    Policy(Policy),
}

/// A key that opens the vault beside the passphrase, to be made.
#[derive(Debug, Args)]
pub struct Key {
    /// Also make a key that opens it, for a boot with nobody there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key_file: Option<PathBuf>,
    /// The same, kept in a store: its reference, such as keychain:SERVICE/ACCOUNT
    #[arg(long, value_name = "REF", conflicts_with = "key_file")]
    pub key_ref: Option<String>,
}

/// A key that opens the vault in the place of the passphrase.
#[derive(Debug, Args)]
pub struct Opening {
    /// With the key in a file, as `init --key-file` wrote it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key_file: Option<PathBuf>,
    /// With the key in a store: its reference, such as keychain:SERVICE/ACCOUNT
    #[arg(long, value_name = "REF", conflicts_with = "key_file")]
    pub key_ref: Option<String>,
}

/// `sanctum vault import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The file
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// What their paths begin with
    #[arg(long, value_name = "PATH")]
    pub under: Option<String>,
    /// Write a new version of what is there already
    #[arg(long)]
    pub replace: bool,
    /// Only tell; exit 3 when something would be written
    #[arg(long)]
    pub dry_run: bool,
}

/// `sanctum vault put`.
#[derive(Debug, Args)]
pub struct Put {
    /// Its path
    pub path: String,
    /// Read the value from standard input; one line break at its end is not part of it
    #[arg(long)]
    pub stdin: bool,
    /// A word to find it by
    #[arg(long, value_name = "WORD")]
    pub tag: Vec<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// A note such as type=token, or upstream=https://api.example/v1, which is where use-handles of it go
    #[arg(long, value_name = "NAME=TEXT")]
    pub note: Vec<String>,
}

/// `sanctum vault get`.
#[derive(Debug, Args)]
pub struct Get {
    /// Its path
    pub path: String,
    /// Which version [default: the one in use]
    #[arg(long, value_name = "NUMBER")]
    pub version: Option<u32>,
    /// Write the bytes as they are, into a pipe or file too
    #[arg(long)]
    pub stdout: bool,
}

/// `sanctum vault approve`.
#[derive(Debug, Args)]
pub struct Approve {
    /// Which; without it, all that wait are listed
    pub id: Option<String>,
    /// Deny it; who asks again meanwhile is refused
    #[arg(long, requires = "id")]
    pub deny: bool,
    /// For so long [default: as long as the policy lets it; a denial for 15]
    #[arg(long = "for", value_name = "MINUTES", requires = "id", value_parser = clap::value_parser!(u32).range(1..=1440))]
    pub minutes: Option<u32>,
}

/// `sanctum vault rekey`.
#[derive(Debug, Args)]
pub struct Rekey {
    /// Ask for another passphrase, twice [default: the present one goes on]
    #[arg(long)]
    pub new_passphrase: bool,
    /// Read it from a file that only you can read
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "new_passphrase")]
    pub new_passphrase_file: Option<PathBuf>,
    /// The key file that opens it too; it is made where it is not there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key_file: Option<PathBuf>,
    /// The same in a store, by its reference, such as keychain:SERVICE/ACCOUNT
    #[arg(long, value_name = "REF", conflicts_with = "key_file")]
    pub key_ref: Option<String>,
    /// The key of before opens nothing any more
    #[arg(long, conflicts_with_all = ["key_file", "key_ref"])]
    pub without_key_file: bool,
}

/// `sanctum vault lease`.
#[derive(Debug, Subcommand)]
pub enum Lease {
    /// List leases that have not ended
    #[command(after_help = "Example:\n  sanctum vault lease list --json")]
    List,
    /// Take leases back: one, those of a path, or those of an agent
    #[command(
        after_help = "Who has the value still has it: a lease that ended is not renewed.\n\nExample:\n  sanctum vault lease revoke --agent builder"
    )]
    Revoke(Revoke),
}

/// `sanctum vault lease revoke`.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Revoke {
    /// The lease
    pub lease: Option<String>,
    /// Those of a secret
    #[arg(long)]
    pub path: Option<String>,
    /// Those of an agent
    #[arg(long, value_name = "NAME")]
    pub agent: Option<String>,
}

/// `sanctum vault agent`.
#[derive(Debug, Subcommand)]
pub enum Agent {
    /// Make a key for an agent and tell the vault its public half
    #[command(
        after_help = "The key is encrypted with a passphrase of its own (NAME.key.enc), which the published clients open; with --plain it is NAME.key, which \
        every program of your account reads.\n\nExample:\n  sanctum vault agent register builder\n  sanctum vault agent register rotation --plain"
    )]
    Register(First),
    /// Make another key for an agent in the place of its key file; what the old one began is over
    #[command(
        after_help = "The file keeps its spelling, its place and its passphrase, and the published clients open it. Sessions, leases and approvals of the old key end: start \
        what runs as the agent anew. The other key waits in FILE.new until the vault knows it. When a run ends before it is done, run it again: it takes the key that waits, tells \
        the vault, and puts it in its place. Until then one of the two files is good; remove neither.\n\nExample:\n  sanctum vault agent rotate builder\n  sanctum vault agent rotate rotation --key /srv/keys/rotation.key"
    )]
    Rotate(Another),
    /// List agents
    #[command(after_help = "Example:\n  sanctum vault agent list")]
    List,
    /// Remove an agent; its sessions and leases end
    #[command(after_help = "Example:\n  sanctum vault agent remove builder")]
    Remove {
        /// Its name
        name: String,
    },
}

/// `sanctum vault agent register`.
#[derive(Debug, Args)]
pub struct First {
    /// Its name
    pub name: String,
    /// Where the key goes [default: ~/.sanctum/keys/NAME.key.enc]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// Not encrypted: for an account of its own, and for jobs
    #[arg(long)]
    pub plain: bool,
    /// Read the key's own passphrase from a file that only you can read [default: ask for it]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "plain")]
    pub key_passphrase_file: Option<PathBuf>,
}

/// `sanctum vault agent rotate`.
#[derive(Debug, Args)]
pub struct Another {
    /// Its name
    pub name: String,
    /// The key file [default: ~/.sanctum/keys/NAME.key, or NAME.key.enc]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: Option<PathBuf>,
    /// Read the key's own passphrase from a file that only you can read [default: ask for it where the key is encrypted]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key_passphrase_file: Option<PathBuf>,
}

/// `sanctum vault ssh-agent`.
#[derive(Debug, Args)]
pub struct SshAgent {
    /// The agent
    pub agent: String,
    /// Where it listens; only your account is heard
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub bind: PathBuf,
    /// The agent's key; the passphrase of an encrypted one is asked for [default: ~/.sanctum/keys/NAME.key]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: Option<PathBuf>,
}

/// `sanctum vault run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The agent
    #[arg(long, value_name = "NAME")]
    pub agent: String,
    /// The agent's key; the passphrase of an encrypted one is asked for, or read from --passphrase-file [default: ~/.sanctum/keys/NAME.key, or NAME.key.enc]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key: Option<PathBuf>,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}

/// `sanctum vault policy`.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Set a policy; one of that name is replaced
    #[command(
        after_help = "Example:\n  sanctum vault policy set builder --agent builder --path 'deploy/*' --action list --action use:sign --per-hour 60\n  sanctum vault policy set llm --agent builder --path openai/key --action use:http_request --domain api.openai.com --method POST"
    )]
    Set(Box<Rule>),
    /// List policies
    #[command(after_help = "Example:\n  sanctum vault policy list")]
    List,
    /// Remove a policy
    #[command(after_help = "Example:\n  sanctum vault policy remove builder")]
    Remove {
        /// Its name
        name: String,
    },
    /// Whether an agent may do something now, and which policies say so; exit 3 where it may not
    #[command(after_help = "Example:\n  sanctum vault policy simulate builder deploy/key use:sign")]
    Simulate {
        /// The agent
        agent: String,
        /// The path
        path: String,
        /// The action
        action: String,
    },
}

/// When the owner is asked: each time, or once for so many minutes.
#[derive(Clone, Copy, Debug)]
pub enum Approval {
    /// Each time.
    Each,
    /// Once for so many.
    Minutes(u32),
}

fn approval(text: &str) -> Result<Approval, String> {
    match text {
        "each" => Ok(Approval::Each),
        number => match number.parse() {
            Ok(minutes @ 1..=1440) => Ok(Approval::Minutes(minutes)),
            _ => Err("it is `each`, or a number of minutes from 1 to 1440".to_owned()),
        },
    }
}

/// `sanctum vault policy set`.
#[derive(Debug, Args)]
pub struct Rule {
    /// Its name
    pub name: String,
    /// An agent; `*` stands for any characters
    #[arg(long, value_name = "PATTERN", required = true)]
    pub agent: Vec<String>,
    /// A path; `*` stands for any characters of one segment, `**` for any segments
    #[arg(long, value_name = "PATTERN", required = true)]
    pub path: Vec<String>,
    /// list, retrieve, store, use:OPERATION or use:*
    #[arg(long, value_name = "ACTION", required = true)]
    pub action: Vec<String>,
    /// The longest lease
    #[arg(long, value_name = "SECONDS")]
    pub max_ttl: Option<u64>,
    /// Uses and retrievals in an hour, each agent's own
    #[arg(long, value_name = "NUMBER")]
    pub per_hour: Option<u32>,
    /// Leases that it grants outlive a restart of the service; by default they die with it
    #[arg(long)]
    pub keep_leases: bool,
    /// Wait for `sanctum vault approve`: for each use, or once for so many minutes
    #[arg(long, value_name = "each|MINUTES", value_parser = approval)]
    pub approval: Option<Approval>,
    /// Where `use:http_request` may go, such as api.example, *.example or api.example:8443
    #[arg(long, value_name = "HOST")]
    pub domain: Vec<String>,
    /// With which methods, such as GET
    #[arg(long, value_name = "METHOD")]
    pub method: Vec<String>,
    /// Addresses beside the public ones where such a host may be, such as 192.168.1.0/24
    #[arg(long, value_name = "NETWORK")]
    pub address: Vec<String>,
    /// Certificates in PEM of a private authority: servers of --domain are judged by it alone
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "domain")]
    pub ca: Option<PathBuf>,
    /// Hours of the day, also over midnight, such as 22:00-06:00
    #[arg(long, value_name = "FROM-TO", requires = "zone")]
    pub hours: Option<String>,
    /// Whose hours, such as Europe/Berlin
    #[arg(long, value_name = "ZONE", requires = "hours")]
    pub zone: Option<String>,
}
