//! `exec-env` and `exec-file`: values for one child, and for nobody else.
//!
//! A file is a pipe that is read once, unless a regular one is asked for; that lies in memory where the system has such a
//! place. With another user the directory stays the caller's, so that nobody can put a link where root will write.

use super::{Job, code, decrypt, failed, formats, input_format};
use crate::args::sops::{ExecEnv, ExecFile};
use crate::failure::{Exit, Failure};
use crate::signals;
use sanctum_host::accounts::{self, Account};
use sanctum_host::fifo::Fifo;
use sanctum_host::files::{self, TempDir};
use sanctum_host::owner_command::{self, Environment, Start, Variable};
use sanctum_host::private_io;
use sanctum_secrets::sops::flat;
use sanctum_secrets::sops::text::Node;
use sanctum_types::Secret;

/// The shell that commands are for, as in the original.
const SHELL: [&str; 2] = ["/bin/sh", "-c"];

fn shell(command: &str) -> Vec<String> {
    SHELL.iter().map(|word| (*word).to_owned()).chain([command.to_owned()]).collect()
}

/// `sanctum sops exec-env`.
pub(super) fn environment(job: &Job<'_>, args: &ExecEnv) -> Result<Exit, Failure> {
    if args.same_process && args.background {
        let text = "--same-process and --background contradict each other";
        return Err(failed(code::CONFLICT, text));
    }
    let format = input_format(&args.file, &args.format)?;
    let opened = job.open(Some(&args.file), format, false).map_err(as_input)?;
    let tree = opened.extract(&[]).map_err(code::of)?;
    let variables = variables(&tree)?;
    let environment = if args.pristine { Environment::Pristine } else { Environment::Inherited };
    let user = user(args.user.as_deref())?;
    let start = Start { variables: &variables, environment, user: user.as_ref() };
    let words = shell(&args.command);
    let failure = |error| failed(code::GENERIC, error);
    if args.same_process {
        return Err(failure(owner_command::become_it(&words, &start)));
    }
    if args.background {
        owner_command::background(&words, &start).map_err(failure)?;
        return Ok(Exit::Done);
    }
    Ok(Exit::Protocol(owner_command::status(&words, &start).map_err(failure)?))
}

/// The account of that name.
fn user(name: Option<&str>) -> Result<Option<Account>, Failure> {
    let Some(name) = name else { return Ok(None) };
    let account = accounts::by_name(name).map_err(|error| failed(code::GENERIC, error))?;
    let none = || failed(code::GENERIC, format!("there is no user `{name}`"));
    account.map(Some).ok_or_else(none)
}

/// Here the original has one code for a file that is not there and one that cannot be read.
fn as_input(failure: Failure) -> Failure {
    match failure.exit {
        Exit::Protocol(code::NO_FILE) => Failure { exit: Exit::Protocol(code::INPUT), ..failure },
        _ => failure,
    }
}

fn variables(tree: &Node) -> Result<Vec<Variable>, Failure> {
    let Node::Map(entries) = tree else { return Ok(Vec::new()) };
    let variable = |(key, node): &(String, Node)| {
        let Node::Scalar(scalar) = node else {
            let text = format!("cannot use complex value in environment; offending key {key}");
            return Err(failed(code::GENERIC, text));
        };
        let value = Secret::new(flat::text(scalar).unwrap_or_default());
        if key.is_empty() || key.contains(['=', '\0']) || value.expose().contains('\0') {
            return Err(failed(
                code::GENERIC,
                format!("{key} cannot be a variable of an environment"),
            ));
        }
        Ok((key.clone(), value))
    };
    entries.iter().map(variable).collect()
}

/// `sanctum sops exec-file`.
pub(super) fn file(job: &Job<'_>, args: &ExecFile) -> Result<Exit, Failure> {
    let formats = formats(Some(&args.file), &args.types)?;
    if args.filename.contains('/') || args.filename.starts_with('.') || args.filename.is_empty() {
        return Err(failed(code::GENERIC, "--filename is a plain name"));
    }
    if args.background {
        let text =
            "exec-file waits for its command: without that the file is gone before it is read";
        return Err(failed(code::GENERIC, text).hint("leave --background away"));
    }
    let user = user(args.user.as_deref())?;
    let opened = job.open(Some(&args.file), formats.input, false).map_err(as_input)?;
    let plain = decrypt::plain(&opened, formats.output, job.shared.indent.map(usize::from))?;
    let failure = |error| failed(code::OUTPUT, error);
    let dir = TempDir::in_memory().map_err(failure)?;
    let path = dir.path().join(&args.filename);
    signals::outlive()?;
    let pipe = if args.no_fifo {
        files::write_new(&path, &plain).map_err(failure)?;
        None
    } else {
        Some(Fifo::offer(&path, plain).map_err(failure)?)
    };
    let lent = user.as_ref().map_or(Ok(()), |account| dir.lend(&args.filename, account));
    let command = args.command.replace("{}", &path.display().to_string());
    let start = Start { user: user.as_ref(), ..Start::default() };
    let status = lent.and_then(|()| owner_command::status(&shell(&command), &start));
    if pipe.is_none() {
        private_io::wipe(&path).map_err(failure)?;
    }
    drop(pipe);
    Ok(Exit::Protocol(status.map_err(|error| failed(code::GENERIC, error))?))
}
