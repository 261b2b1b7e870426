//! `sanctum packages`.

use clap::{Subcommand, ValueHint};
use std::path::PathBuf;

/// `sanctum packages`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Packages {
    /// Make the index of malicious packages anew from records in the form of OSV
    #[command(
        after_help = "Exit codes: 0 made · 1 failed, the index before stays · 4 refused: no record was among them\n\n\
        Example:\n  sanctum packages refresh --from ~/src/malicious-packages/osv/malicious"
    )]
    Refresh {
        /// A directory with records, at any depth, or one record
        #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
        from: PathBuf,
    },
    /// What is thought of packages: records, near names, and what sanctumd knows of them
    #[command(after_help = "Exit codes: 0 nothing against them · 1 failed · 3 findings\n\n\
        Example:\n  sanctum packages check pypi requests==2.32.0\n  sanctum packages check npm left-pad --json")]
    Check {
        /// npm, pypi, cargo, go, gem, brew or conda
        #[arg(value_name = "ECOSYSTEM")]
        ecosystem: String,
        /// As a client takes them
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
    },
}
