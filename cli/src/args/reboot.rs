//! `sanctum reboot`.

use clap::Args;

/// `sanctum reboot`.
#[derive(Debug, Args)]
pub struct Reboot {
    /// When the system restarts, in whole minutes, such as `1m`; at once unless said
    #[arg(long = "in", value_name = "TIME", value_parser = minutes)]
    pub wait: Option<u32>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// After a reboot: what came back and what did not; exit 3 when something did not
    #[arg(long, conflicts_with_all = ["dry_run", "wait"])]
    pub report: bool,
    /// As the boot job does: wait until what was up is up again, tell it once, and end well whatever was found
    #[arg(long, requires = "report")]
    pub boot: bool,
    /// Reboot although something would not come back
    #[arg(long)]
    pub anyway: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

/// shutdown(8) counts in minutes on both systems.
fn minutes(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix('m').unwrap_or(text);
    // A day: what is later than that is a schedule.
    match number.parse() {
        Ok(minutes @ 0..=1440) => Ok(minutes),
        _ => Err("write whole minutes up to a day, such as `1m`".to_owned()),
    }
}
