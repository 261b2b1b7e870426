//! `sanctumd`: what stays up, one service a process, in the foreground of whoever started it.
//!
//! Owns the command line and the choice of the service; the life of a service is [`frame`]'s. Deliberately absent:
//! putting itself into the background, and starting again after a failure: launchd, systemd and `sanctum up` do that.

mod alerts;
mod frame;
mod journal;
mod packages;
mod speak_for;
pub(crate) mod vault;

use crate::failure::{Exit, Failure};
use crate::output::{Out, Paint};
use crate::surroundings::Surroundings;
use crate::verbs;
use clap::{Parser, ValueHint};
use sanctum_host::journal::socket;
use std::path::PathBuf;
use std::time::Duration;

/// What stays up, one service a process.
#[derive(Debug, Parser)]
#[command(name = "sanctumd", version, about, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 drained, or healthy; 1 failed, cut short, or nobody serves; 2 usage; 3 unhealthy; 4 refused.\n\nExamples:\n  sanctumd --list\n  sanctumd --only journal\n  sanctumd --health journal"
)]
pub struct Daemon {
    /// Serve only this, until SIGTERM or SIGINT drains it; a second signal ends it at once
    #[arg(long, value_name = "SERVICE")]
    pub only: Option<String>,
    /// List the services and jobs that this version implements
    #[arg(long, conflicts_with = "only")]
    pub list: bool,
    /// Ask a running service how it is
    #[arg(long, value_name = "SERVICE", conflicts_with_all = ["only", "list"])]
    pub health: Option<String>,
    /// Where the service listens [its place in the house]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub socket: Option<PathBuf>,
    /// A group that may connect beside the service's own account
    #[arg(long, value_name = "GROUP", requires = "only")]
    pub group: Option<String>,
    /// The owner's account, which may append beside root and the accounts of services
    #[arg(long, value_name = "ACCOUNT", requires = "only")]
    pub owner: Option<String>,
    /// The instance file that alerts are told by, below --root [default: the approved one]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "root")]
    pub instance: Option<PathBuf>,
    /// Which node of the house alerts speak for [default: what /etc/sanctum/node says, or the hub]
    #[arg(long, value_name = "NAME")]
    pub node: Option<String>,
    /// A key that opens the vault at its start, as `sanctum vault init --key-file` wrote it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "only")]
    pub key_file: Option<PathBuf>,
    /// The same in a store, by its reference, such as keychain:SERVICE/ACCOUNT; a key that cannot be had leaves the vault sealed
    #[arg(long, value_name = "REF", requires = "only", conflicts_with = "key_file")]
    pub key_ref: Option<String>,
    /// Where the vault listens by TCP too: an address of the loopback interface, such as 127.0.0.1:8200
    #[arg(long, value_name = "ADDRESS", requires = "only")]
    pub listen: Option<std::net::SocketAddr>,
    /// Do not serve the vault where its memory cannot be locked [default: say so and serve]
    #[arg(long, requires = "only")]
    pub require_locked_memory: bool,
    /// A directory that stands for the machine
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub root: Option<PathBuf>,
    /// Seconds that a drain may take
    #[arg(long, value_name = "SECONDS", default_value_t = 10, requires = "only")]
    pub drain_timeout: u64,
    /// Seconds between two records of how far the streams of others have come
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "only")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub checkpoint_every: u64,
    /// Seconds between two looks of alerts at the journal
    #[arg(long, value_name = "SECONDS", default_value_t = 30, requires = "only")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub look_every: u64,
    /// Report as JSON on standard output
    #[arg(long)]
    pub json: bool,
}

/// A service that is asked how it is answers in this time: longer than a sync of a busy disk.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Runs it.
pub fn run(args: &Daemon) -> Result<Exit, Failure> {
    let out = Out { json: args.json, quiet: false };
    // A door or a key that nothing uses would be a promise.
    if args.only.as_deref() != Some(vault::NAME)
        && (args.listen.is_some()
            || args.key_file.is_some()
            || args.key_ref.is_some()
            || args.require_locked_memory)
    {
        let words = "--listen, --key-file, --key-ref and --require-locked-memory are the vault's";
        return Err(Failure::new(Exit::Usage, words).hint("sanctumd --only vault"));
    }
    match (&args.only, &args.health) {
        (Some(name), _) if name == alerts::NAME => {
            let around = Surroundings::read(None);
            let (drain, manager) = (Duration::from_secs(args.drain_timeout), around.notify.clone());
            let inbox = frame::Inbox::open()?;
            let service = alerts::AlertsService::open(args, around, out)?;
            frame::run(out, inbox, &std::sync::Arc::new(service), drain, manager.as_deref())
        }
        (None, Some(name)) if name == alerts::NAME => alerts::health(out, args),
        (Some(name), _) if name == journal::NAME => {
            let around = Surroundings::read(None);
            let inbox = frame::Inbox::open()?;
            let service = journal::JournalService::open(args, &around)?;
            let drain = Duration::from_secs(args.drain_timeout);
            frame::run(out, inbox, &std::sync::Arc::new(service), drain, around.notify.as_deref())
        }
        (Some(name), _) if name == vault::NAME => {
            let around = Surroundings::read(None);
            let (inbox, service) =
                (frame::Inbox::open()?, vault::VaultService::open(args, &around, out)?);
            let drain = Duration::from_secs(args.drain_timeout);
            frame::run(out, inbox, &std::sync::Arc::new(service), drain, around.notify.as_deref())
        }
        (None, Some(name)) if name == vault::NAME => vault::health(out, args),
        (None, Some(name)) if name == journal::NAME => health(out, args),
        (Some(name), _) if name == packages::NAME => {
            let around = Surroundings::read(None);
            let inbox = frame::Inbox::open()?;
            let service = packages::PackagesService::open(args, &around)?;
            let drain = Duration::from_secs(args.drain_timeout);
            frame::run(out, inbox, &std::sync::Arc::new(service), drain, around.notify.as_deref())
        }
        (None, Some(name)) if name == packages::NAME => packages::health(out, args),
        (Some(name), _) | (None, Some(name)) => {
            Err(Failure::refused(format!("this version has no service `{name}`"))
                .hint("sanctumd --list prints what it has"))
        }
        (None, None) => {
            list(out);
            Ok(Exit::Done)
        }
    }
}

fn list(out: Out) {
    let (services, jobs) = (verbs::SERVICES, verbs::JOBS);
    out.data(&serde_json::json!({ "format": 1, "services": services, "jobs": jobs }));
    for name in services.iter().chain(&jobs) {
        out.line(Paint::Plain, name);
    }
}

fn health(out: Out, args: &Daemon) -> Result<Exit, Failure> {
    let place = journal::place(args, &Surroundings::read(None))?;
    let health = socket::health(&place, ANSWERS_WITHIN).map_err(|error| {
        Failure::failed(error).hint(format!("sanctumd --only {} serves it", journal::NAME))
    })?;
    out.data(&serde_json::json!({ "format": 1, "service": journal::NAME, "health": health }));
    let (paint, word, exit) = if health.healthy {
        (Paint::Good, "healthy", Exit::Done)
    } else {
        (Paint::Bad, "unhealthy", Exit::Differences)
    };
    let socket::wire::Health { stream, appended, connections, .. } = &health;
    let name = journal::NAME;
    let words =
        format!("{name}: {word}; stream {stream}, {appended} recorded, {connections} connected");
    out.line(paint, &words);
    Ok(exit)
}
