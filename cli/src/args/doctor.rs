//! `sanctum doctor` on the command line.

use clap::Args;
use std::path::PathBuf;

/// `sanctum doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Ask every tool that is here about what is rendered
    #[arg(long)]
    pub prove: bool,
    /// Take ssh-audit, cloud-init and netplan from this directory where it has them
    #[arg(long, value_name = "DIR")]
    pub tools: Option<PathBuf>,
    /// Only these lints: ids such as launchd/bash-four, or families such as boot
    #[arg(long, value_name = "ID|FAMILY", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Show the plan that puts findings right and ask; what apply cannot do is printed to be typed
    #[arg(long, conflicts_with = "prove")]
    pub fix: bool,
    /// With --fix: replace files that somebody else changed since sanctum wrote them
    #[arg(long, requires = "fix")]
    pub overwrite_foreign: bool,
    /// Exit 3 also when something could not be looked at
    #[arg(long)]
    pub strict: bool,
    /// Print every lint with its reason and its fix, and look at nothing
    #[arg(long, conflicts_with_all = ["prove", "fix", "strict"])]
    pub list: bool,
    /// Take the host keys and the keys that may log in now as the right ones, after a change that you made yourself
    #[arg(long, conflicts_with_all = ["prove", "tools", "fix", "strict", "list", "only"])]
    pub record_ssh: bool,
}
