//! `sanctum scan`.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `sanctum scan`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Scan {
    /// What else than scanning.
    #[command(subcommand)]
    pub verb: Option<ScanVerb>,
    /// Files, folders, repositories [default: the current folder, unless other sources are named]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Files only: nothing below .git, no history, no remotes
    #[arg(long, conflicts_with_all = ["history", "remotes", "staged", "unreachable"])]
    pub no_git: bool,
    /// Of the repositories: the history of every ref, and not the files
    #[arg(long)]
    pub history: bool,
    /// Also what only reflogs name and what nothing names any more
    #[arg(long)]
    pub unreachable: bool,
    /// Of the repositories: the URLs of remotes and what else their configuration holds, and not the files
    #[arg(long)]
    pub remotes: bool,
    /// Only what the next commit adds; exit 1 when that cannot be read
    #[arg(long, conflicts_with_all = ["history", "remotes", "shell", "plists", "processes", "containers", "all"])]
    pub staged: bool,
    /// The index that --staged reads, as git names it to its hooks
    #[arg(long, value_name = "FILE", hide = true, requires = "staged")]
    pub index_file: Option<PathBuf>,
    /// Look into this home [default: one's own, and for root everybody's]
    #[arg(long, value_name = "DIR")]
    pub home: Vec<PathBuf>,
    /// The histories of shells and other programs that read lines
    #[arg(long)]
    pub shell: bool,
    /// The property lists of launchd and of preferences
    #[arg(long)]
    pub plists: bool,
    /// The arguments and environments of processes
    #[arg(long)]
    pub processes: bool,
    /// The environments, commands and labels of containers
    #[arg(long)]
    pub containers: bool,
    /// The house: configuration, all of the sources above, and the paths; marks in files accept nothing
    #[arg(long)]
    pub all: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Write the report to this file, for its owner only
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Accept the findings whose fingerprints this file holds
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write a baseline of every finding, and keep the reasons of the file that is there; exit 0
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    pub write_baseline: Option<PathBuf>,
    /// With --write-baseline: why these findings are accepted
    #[arg(long, value_name = "TEXT", requires = "write_baseline")]
    pub reason: Option<String>,
    /// With --write-baseline: the last day on which they are
    #[arg(long, value_name = "DATE", requires = "write_baseline")]
    pub until: Option<String>,
    /// Leave out: a name at any depth, or with a slash a path and all below it
    #[arg(long, value_name = "NAME|PATH")]
    pub exclude: Vec<String>,
    /// Marks in files accept nothing
    #[arg(long)]
    pub no_marks: bool,
    /// Ask the providers that are known whether the credentials found still work: one harmless request over HTTPS for each secret
    #[arg(long, conflicts_with_all = ["all", "staged", "write_baseline"])]
    pub validate: bool,
    /// Ask here instead of at the providers, whose hosts follow in the path
    #[arg(long, value_name = "URL", hide = true, requires = "validate")]
    pub validate_at: Option<String>,
    /// Exit 3 also when something could not be scanned
    #[arg(long)]
    pub strict: bool,
    /// Show accepted findings and everything that was not scanned
    #[arg(long, short)]
    pub verbose: bool,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Bytes of one file that are read; of a longer one the rest is told as not scanned
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 30)]
    pub max_file_size: u64,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// docs/formats/scan.md; the same as --json
    Json,
    /// SARIF 2.1.0
    Sarif,
}

/// Verbs of `sanctum scan`.
#[derive(Debug, Subcommand)]
pub enum ScanVerb {
    /// git's pre-commit hook that scans what is staged
    #[command(
        after_help = "Example:\n  sanctum scan hook install\n  sanctum scan hook remove ~/code/house"
    )]
    Hook {
        /// Put in or take out
        #[command(subcommand)]
        verb: HookVerb,
    },
}

/// Verbs of `sanctum scan hook`.
#[derive(Debug, Subcommand)]
pub enum HookVerb {
    /// Put the hook into a repository; one that is there is kept and runs first
    #[command(after_help = "Example:\n  sanctum scan hook install")]
    Install {
        /// The repository
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Take the hook out and put back what was there before
    #[command(after_help = "Example:\n  sanctum scan hook remove")]
    Remove {
        /// The repository
        #[arg(default_value = ".")]
        path: PathBuf,
    },
}
