//! The edge of the house: command line, printing, exit codes, wiring of live hosts.

pub mod approval;
pub mod args;
pub mod commands;
pub mod daemon;
pub mod desk;
pub mod failure;
pub mod machine;
pub mod output;
pub mod packages;
pub mod presence;
pub mod record;
pub mod recovery;
pub mod session;
pub mod signals;
pub mod site;
pub mod surroundings;
pub mod verbs;
pub mod watchdog;

use clap::{CommandFactory as _, FromArgMatches as _, Parser as _};
use failure::{Exit, Failure};
use output::Out;
use std::ffi::OsString;
use std::process::ExitCode;

/// The `sanctum` binary.
#[must_use]
pub fn sanctum() -> ExitCode {
    let (cli, verb) = match parse(std::env::args_os()) {
        Ok(parsed) => parsed,
        Err(error) => {
            // The original of `sops` has no code of its own for a wrong command line.
            let sops = std::env::args_os().nth(1).is_some_and(|word| word == "sops");
            return misuse(&error, if sops { Exit::Failed } else { Exit::Usage });
        }
    };
    let out = Out { json: cli.common.json, quiet: cli.common.quiet };
    let around = surroundings::Surroundings::read(verb);
    finish(out, commands::run(cli, around))
}

/// The command line and its verb with what follows, which hints repeat.
fn parse(
    words: impl IntoIterator<Item = OsString>,
) -> Result<(args::Cli, Option<String>), clap::Error> {
    let words: Vec<OsString> = words.into_iter().collect();
    if let Some(narrow) = args::narrow::tree(&words)
        && let Ok(read) = read(narrow, &words)
    {
        return Ok(read);
    }
    read(args::Cli::command(), &words)
}

/// The commands are built once: that is most of what a verb without work costs.
fn read(
    mut commands: clap::Command,
    words: &[OsString],
) -> Result<(args::Cli, Option<String>), clap::Error> {
    let mut matches = commands.try_get_matches_from_mut(words)?;
    let verb = matches.subcommand_name().map(|verb| surroundings::retyped(verb, words));
    let cli = args::Cli::from_arg_matches_mut(&mut matches).map_err(|e| e.format(&mut commands))?;
    Ok((cli, verb))
}

/// The `sanctumd` binary.
#[must_use]
pub fn sanctumd() -> ExitCode {
    let args = match daemon::Daemon::try_parse() {
        Ok(args) => args,
        Err(error) => return misuse(&error, Exit::Usage),
    };
    finish(Out { json: args.json, quiet: false }, daemon::run(&args))
}

/// Help and version are not errors; clap prints either to where it belongs.
fn misuse(error: &clap::Error, wrong: Exit) -> ExitCode {
    let exit = if error.use_stderr() { wrong } else { Exit::Done };
    let _ = error.print();
    ExitCode::from(exit.code())
}

fn finish(out: Out, result: Result<Exit, Failure>) -> ExitCode {
    match result {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(failure) => {
            out.failure(&failure);
            ExitCode::from(failure.exit.code())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verb_is_the_one_that_runs_whatever_options_are_called() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        for (line, verb) in [
            ("sanctum plan", "plan"),
            ("sanctum --node apply --root status drift --json", "drift --json"),
            ("sanctum services why plan", "services why plan"),
        ] {
            assert_eq!(parse(words(line)).unwrap().1.as_deref(), Some(verb), "{line}");
        }
    }
}
