//! Arguments of `sanctum status`, and those of every verb that speaks SSH.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `sanctum status`.
#[derive(Clone, Debug, Args)]
pub struct Status {
    /// Ask these nodes over SSH instead of looking at this machine
    #[arg(long, value_name = "NODE", value_delimiter = ',')]
    pub on: Vec<String>,
    /// Ask every node that serves
    #[arg(long, conflicts_with = "on")]
    pub all: bool,
    /// Look again every so many seconds, until it is stopped
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "5",
          value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub watch: Option<u32>,
    /// Ask with the read-only script even where sanctum is installed
    #[arg(long)]
    pub agentless: bool,
    /// How many nodes to ask at once
    #[arg(long, value_name = "NUMBER", default_value_t = 64,
          value_parser = clap::value_parser!(u16).range(1..=512))]
    pub parallel: u16,
    /// How it is reached.
    #[command(flatten)]
    pub ssh: Reach,
}

/// How a node is reached over SSH.
#[derive(Clone, Debug, Args)]
pub struct Reach {
    /// Who speaks SSH
    #[arg(long, value_enum, default_value_t = Via::Own)]
    pub transport: Via,
    /// Log in with this key [default: the agent's, then ~/.ssh/id_ed25519 and id_ecdsa]
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// Go through this node [default: what the instance says]
    #[arg(long, value_name = "NODE")]
    pub jump: Option<String>,
    /// Give up on a node after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub timeout: u32,
}

/// Who speaks SSH.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Via {
    /// sanctum itself: X25519, with ML-KEM 768 where the server has it; not sntrup761
    Own,
    /// The system's ssh
    Openssh,
}
