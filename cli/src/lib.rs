//! The edge of the house: command line, printing, exit codes, wiring of live hosts.

pub mod approval;
pub mod args;
pub mod commands;
pub mod daemon;
pub mod failure;
pub mod machine;
pub mod output;
pub mod presence;
pub mod record;
pub mod session;
pub mod signals;
pub mod site;
pub mod surroundings;
pub mod verbs;
pub mod watchdog;

use clap::Parser as _;
use failure::{Exit, Failure};
use output::Out;
use std::process::ExitCode;

/// The `sanctum` binary.
#[must_use]
pub fn sanctum() -> ExitCode {
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misuse(&error),
    };
    let out = Out { json: cli.common.json, quiet: cli.common.quiet };
    let around = surroundings::Surroundings::read();
    finish(out, commands::run(cli, around))
}

/// The `sanctumd` binary.
#[must_use]
pub fn sanctumd() -> ExitCode {
    let args = match daemon::Daemon::try_parse() {
        Ok(args) => args,
        Err(error) => return misuse(&error),
    };
    finish(Out { json: args.json, quiet: false }, daemon::run(&args))
}

/// Help and version are not errors; clap prints either to where it belongs.
fn misuse(error: &clap::Error) -> ExitCode {
    let code = if error.use_stderr() { Exit::Usage } else { Exit::Done };
    let _ = error.print();
    ExitCode::from(code as u8)
}

fn finish(out: Out, result: Result<Exit, Failure>) -> ExitCode {
    match result {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(failure) => {
            out.failure(&failure);
            ExitCode::from(failure.exit as u8)
        }
    }
}
