//! `sanctum keys`: arguments.

use clap::Subcommand;

/// `sanctum keys`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Keys {
    /// Every key of the house: who makes and reads it, how it rotates, where its backup is, what loss and theft mean
    #[command(after_help = "Example:\n  sanctum keys list\n  sanctum keys list --json")]
    List,
}
