//! `sanctum config`.

use super::Kept;
use clap::{Args, Subcommand};

/// `sanctum config`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ConfigArgs {
    /// Look at the instance file instead.
    #[command(subcommand)]
    pub verb: Option<Kept<Config>>,
    /// Print a whole commented .sanctum/config.toml with the recommended values
    #[arg(long, conflicts_with_all = ["edit", "explain"])]
    pub recommended: bool,
    /// Edit your own file (at euid 0 root's floor) in $VISUAL or $EDITOR; it is put in place only when it can be read
    #[arg(long, conflicts_with = "explain")]
    pub edit: bool,
    /// Say what a key does, what holds for it and whose value that is
    #[arg(long, value_name = "KEY")]
    pub explain: Option<String>,
}

/// What to look at in the instance file.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Config {
    /// Check the instance file; every error as path:line:col
    #[command(after_help = "Example:\n  sanctum config check --instance house.yaml")]
    Check,
    /// Print the JSON Schema of the instance file
    #[command(after_help = "Example:\n  sanctum config schema > instance.schema.json")]
    Schema,
}
