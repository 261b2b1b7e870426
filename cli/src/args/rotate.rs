//! Arguments of `sanctum rotate` and `sanctum secrets age`. No value is ever one of them.

use clap::Args;

/// Twice the time for which a lost answer is waited for (`sanctum_rotation::Policy::settle`).
pub const PATIENCE: u32 = 120;

/// `sanctum rotate`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct Rotate {
    /// The secret, by its name under `secrets`
    #[arg(group = "what")]
    pub name: Option<String>,
    /// Go on with what was begun, and rotate every secret that is due and needs no person
    #[arg(long, group = "what")]
    pub due: bool,
    /// Go on with what was begun; begin nothing
    #[arg(long, group = "what")]
    pub resume: bool,
    /// Show rotations that were begun, and stop
    #[arg(long, group = "what", conflicts_with_all = ["dry_run", "yes"])]
    pub list: bool,
    /// Show every call and write, in order; nothing is sent to a provider or a node, and nothing is written. Exit 3 when
    /// there is something to do
    #[arg(long)]
    pub dry_run: bool,
    /// What needed you is mended: try again
    #[arg(long, conflicts_with_all = ["dry_run", "list"])]
    pub retry: bool,
    /// The old value was removed by hand at the provider's page
    #[arg(long, requires = "name")]
    pub removed: bool,
    /// Take a value that a person made from the clipboard, and clear that, instead of asking for it
    #[arg(long, requires = "name")]
    pub clipboard: bool,
    /// Wait at most so long at a time; longer pauses are left to a later run
    #[arg(long, value_name = "SECONDS", default_value_t = PATIENCE, value_parser = clap::value_parser!(u32).range(..=3600))]
    pub wait: u32,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

/// `sanctum secrets age`.
#[derive(Debug, Args)]
pub struct Age {
    /// Only these [default: all]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Ask providers when their keys were made, where they tell; otherwise only the journal is asked
    #[arg(long)]
    pub ask: bool,
    /// Record what is due soon, due, overdue or unknown in the journal, which alerts are made of: once a day for each
    #[arg(long)]
    pub notify: bool,
    /// Print the due dates as an iCalendar file
    #[arg(long, conflicts_with = "notify")]
    pub calendar: bool,
}
