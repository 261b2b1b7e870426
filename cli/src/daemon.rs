//! `sanctumd`: what stays up, one service a process. This version has no service of its own yet.

use crate::failure::{Exit, Failure};
use crate::output::{Out, Paint};
use crate::verbs;
use clap::Parser;

/// What stays up, one service a process.
#[derive(Debug, Parser)]
#[command(name = "sanctumd", version, about, arg_required_else_help = true)]
#[command(after_help = "Example:\n  sanctumd --list")]
pub struct Daemon {
    /// Serve only this
    #[arg(long, value_name = "SERVICE")]
    pub only: Option<String>,
    /// List the services and jobs that this version implements
    #[arg(long, conflicts_with = "only")]
    pub list: bool,
    /// Report as JSON on standard output
    #[arg(long)]
    pub json: bool,
}

/// Runs it.
pub fn run(args: &Daemon) -> Result<Exit, Failure> {
    let out = Out { json: args.json, quiet: false };
    match &args.only {
        None => {
            let (services, jobs) = (verbs::SERVICES, verbs::JOBS);
            out.data(&serde_json::json!({ "format": 1, "services": services, "jobs": jobs }));
            for name in services.iter().chain(&jobs) {
                out.line(Paint::Plain, name);
            }
            Ok(Exit::Done)
        }
        Some(name) => Err(Failure::refused(format!("this version has no service `{name}`"))
            .hint("sanctumd --list prints what it has")),
    }
}
