//! Arguments of `sanctum ssh`.

use super::Kept;
use super::status::Reach;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `sanctum ssh`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Ssh {
    /// Show a node's host key and, once it was compared, record it; exit 4 when it is not the one
    #[command(
        after_help = "Example:\n  sanctum ssh trust hub\n  sanctum ssh trust hub --fingerprint SHA256:…\n  \
            ssh hub limactl shell den cat /etc/ssh/ssh_host_ed25519_key.pub | sanctum ssh trust den --key -"
    )]
    Trust(Kept<Trust>),
    /// Record the host keys that a node announces over the connection that its recorded key secures
    #[command(after_help = "Example:\n  sanctum ssh repin hub")]
    Repin(Kept<Repin>),
}

/// `sanctum ssh trust`.
#[derive(Debug, Args)]
pub struct Trust {
    /// The node
    #[arg(value_name = "NODE")]
    pub name: String,
    /// The fingerprint that the key must have, as `ssh-keygen -l` prints it on the node
    #[arg(long, value_name = "SHA256:…")]
    pub fingerprint: Option<String>,
    /// Take the key from this file (`-`: standard input) instead of the network: it came over a channel that you trust
    #[arg(long, value_name = "FILE", conflicts_with = "fingerprint")]
    pub key: Option<PathBuf>,
    /// Replace the keys that are recorded of the node
    #[arg(long)]
    pub replace: bool,
    /// How it is reached.
    #[command(flatten)]
    pub ssh: Reach,
}

/// `sanctum ssh repin`.
#[derive(Debug, Args)]
pub struct Repin {
    /// The node
    #[arg(value_name = "NODE")]
    pub name: String,
    /// How it is reached.
    #[command(flatten)]
    pub ssh: Reach,
}
