//! `exec-env` and `exec-file`: values for one child, and for nobody else.

use super::{Job, code, decrypt, failed, formats};
use crate::args::sops::{ExecEnv, ExecFile, Types};
use crate::failure::{Exit, Failure};
use crate::signals;
use sanctum_host::files;
use sanctum_host::files::TempDir;
use sanctum_host::owner_command::{self, Environment, Variable};
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
    let types = Types { input_type: args.input_type.clone(), ..Types::default() };
    let format = formats(Some(&args.file), &types)?.input;
    let opened = job.open(Some(&args.file), format, false).map_err(as_input)?;
    let tree = opened.extract(&[]).map_err(code::of)?;
    let variables = variables(&tree)?;
    let environment = if args.pristine { Environment::Pristine } else { Environment::Inherited };
    let words = shell(&args.command);
    if args.same_process {
        return Err(failed(
            code::GENERIC,
            owner_command::become_it(&words, &variables, environment),
        ));
    }
    let status = owner_command::status(&words, &variables, environment)
        .map_err(|error| failed(code::GENERIC, error))?;
    Ok(Exit::Protocol(status))
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
    let opened = job.open(Some(&args.file), formats.input, false).map_err(as_input)?;
    let plain = decrypt::plain(&opened, formats.output, job.shared.indent.map(usize::from))?;
    let failure = |error| failed(code::OUTPUT, error);
    let dir = TempDir::in_memory().map_err(failure)?;
    let path = dir.path().join(&args.filename);
    signals::outlive()?;
    files::write_new(&path, &plain).map_err(failure)?;
    let command = args.command.replace("{}", &path.display().to_string());
    let status = owner_command::status(&shell(&command), &[], Environment::Inherited);
    files::wipe(&path).map_err(failure)?;
    Ok(Exit::Protocol(status.map_err(|error| failed(code::GENERIC, error))?))
}
