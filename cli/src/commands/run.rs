//! `sanctum run`: a coding agent is started once its hooks are known to run, and this process becomes it.
//!
//! Refused, with the way to put it right, is whatever would start the agent without its hooks: settings, options, variables, a
//! trust that is still to be given. Of the environment it gets nothing that looks like a secret but its own provider's. Deliberately
//! absent: a sandbox of our own.

use super::hooks::standing::{self, Standing};
use super::{Context, hooks};
use crate::args::run::Run;
use crate::failure::{Exit, Failure};
use crate::surroundings;
use sanctum_firewall::agents::Agent;
use sanctum_firewall::agents::settings::{agent_of, bypasses};
use sanctum_host::command::{Handed, become_program};
use sanctum_host::look;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Variables that open stores of secrets, whatever their value looks like.
const OPENERS: [&str; 3] = ["OP_", "SANCTUM_", "SOPS_"];

/// As much as is read of a script that starts an agent: by hand they are some lines.
const SCRIPT: u64 = 1 << 20;

/// Runs the verb.
pub fn run(context: &Context, args: &Run) -> Result<Exit, Failure> {
    let Some((program, rest)) = args.command.split_first() else {
        return Err(Failure::new(Exit::Usage, "there is no program to start"));
    };
    let name = program.to_string_lossy();
    let Some(agent) = agent_of(&name) else {
        return Err(Failure::new(
            Exit::Usage,
            format!("`{name}` is none of the agents that sanctum has hooks for"),
        )
        .hint("claude, codex, gemini, cursor-agent and opencode are"));
    };
    let all = surroundings::inherited();
    checked(context, agent, &args.command, &all)?;
    let handed = Handed { env: harmless(all, agent, &args.env), ..Handed::default() };
    let (program, rest) = if args.sandbox {
        let nono = on_path(&handed.env, "nono").ok_or_else(|| {
            Failure::refused("there is no sandbox: nono is not on PATH")
                .hint("install nono, or leave --sandbox out")
        })?;
        let profile = args.profile.as_deref().unwrap_or_else(|| profile(agent));
        let head = ["run", "--profile", profile, "--"].map(OsString::from);
        (nono.into_os_string(), head.into_iter().chain(args.command.iter().cloned()).collect())
    } else {
        (program.clone(), rest.to_vec())
    };
    let error = become_program(&program, &rest, handed);
    Err(Failure::failed(error).hint("name the program by its path, or one that is in PATH"))
}

/// The profiles that nono brings along are called after the products.
fn profile(agent: Agent) -> &'static str {
    match agent {
        Agent::Claude => "claude-code",
        other => other.name(),
    }
}

fn checked(
    context: &Context,
    agent: Agent,
    command: &[OsString],
    environment: &[(OsString, OsString)],
) -> Result<(), Failure> {
    let line: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
    let name = agent.name();
    if let Some(option) = bypasses(agent, &line.join(" "), true).first() {
        return Err(Failure::refused(format!("{name} would run without its hooks: {option}"))
            .hint(format!("leave {option} out")));
    }
    for (variable, value) in environment {
        let line = format!("{}={}", variable.to_string_lossy(), value.to_string_lossy());
        if let Some(variable) = bypasses(agent, &line, false).first() {
            return Err(Failure::refused(format!(
                "{name} would run without its hooks: {variable} is set"
            ))
            .hint(format!("unset {variable}")));
        }
    }
    if let Some((path, option)) = wrapped(agent, command, environment) {
        return Err(Failure::refused(format!(
            "{name} would run without its hooks: {option} in {}",
            path.display()
        ))
        .hint("name the agent itself by its path"));
    }
    let all = standing::of(context, agent)?;
    // Options in start-up files are not those of this command.
    let runs = all.iter().any(Standing::runs);
    if !runs {
        let why = all.iter().flat_map(|one| one.why.iter().map(String::as_str));
        let why: Vec<&str> = why.collect();
        let failure = match why.as_slice() {
            [] => Failure::refused(format!("the hooks of {name} are not installed")),
            why => {
                Failure::refused(format!("the hooks of {name} would not run: {}", why.join("; ")))
            }
        };
        return Err(failure.hint(hooks::remedy(agent, &all)));
    }
    context.out.progress(&format!("the hooks of {name} stand"));
    Ok(())
}

/// The script of a shell that is started in place of the agent, and what in it keeps the hooks from running. Agents that are scripts
/// themselves are none of a shell, and name all their options.
fn wrapped(
    agent: Agent,
    command: &[OsString],
    environment: &[(OsString, OsString)],
) -> Option<(PathBuf, String)> {
    let program = command.first()?.to_str()?;
    let path =
        if program.contains('/') { PathBuf::from(program) } else { on_path(environment, program)? };
    let bytes = look::head(&path, SCRIPT).ok().flatten()?;
    let text = String::from_utf8_lossy(&bytes);
    let first = text.lines().next().filter(|line| line.starts_with("#!"))?;
    let is_shell = first.split(['/', ' ', '\t']).any(|word| word.ends_with("sh"));
    let found = is_shell.then(|| bypasses(agent, &text, false))?;
    Some((path, found.into_iter().next()?))
}

/// Variables by which an agent reaches its own provider.
const fn own(agent: Agent) -> &'static [&'static str] {
    match agent {
        Agent::Claude => &["ANTHROPIC_", "CLAUDE_"],
        Agent::Codex => &["OPENAI_", "CODEX_"],
        Agent::Gemini => &["GEMINI_", "GOOGLE_"],
        Agent::Cursor => &["CURSOR_"],
        Agent::OpenCode => {
            &["ANTHROPIC_", "GEMINI_", "GOOGLE_", "OPENAI_", "OPENCODE_", "OPENROUTER_"]
        }
        Agent::Plain => &[],
    }
}

/// What the agent is handed of our environment: no secret but its own provider's and what was asked for by name.
fn harmless(
    all: Vec<(OsString, OsString)>,
    agent: Agent,
    wanted: &[String],
) -> Vec<(OsString, OsString)> {
    let keep = |(name, value): &(OsString, OsString)| {
        let text = name.to_string_lossy();
        let begins = |list: &[&str]| list.iter().any(|prefix| text.starts_with(prefix));
        if wanted.iter().any(|wanted| *wanted == *text) {
            return true;
        }
        if begins(&OPENERS) {
            return false;
        }
        let shown = value.to_string_lossy();
        let secret = sanctum_firewall::find_cleartext(&shown, Some(&text)).is_some()
            || !sanctum_firewall::Engine::guarding().find(value.as_bytes()).is_empty();
        begins(own(agent)) || !secret
    };
    all.into_iter().filter(keep).collect()
}

/// The first program of this name on the PATH of an environment.
pub(super) fn on_path(environment: &[(OsString, OsString)], name: &str) -> Option<PathBuf> {
    let (_, path) = environment.iter().find(|(variable, _)| variable == "PATH")?;
    let dirs = path.as_bytes().split(|byte| *byte == b':');
    dirs.map(|dir| Path::new(OsStr::from_bytes(dir)).join(name)).find(|path| {
        let facts = look::at(path).ok().flatten();
        facts.is_some_and(|facts| facts.kind == look::Kind::File && facts.mode & 0o111 != 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_gets_its_own_key_and_no_other() {
        let token = ["ghp_", "OZsOy0AG9b8DR3p1qGU5XWwqsOJKoy", "07ECmi"].concat();
        let key = ["sk-ant-api03-", "Zq8vT1"].concat();
        let all = || -> Vec<(OsString, OsString)> {
            [
                ("PATH", "/usr/bin"),
                ("GITHUB_TOKEN", token.as_str()),
                ("ANTHROPIC_API_KEY", key.as_str()),
                ("OP_SERVICE_ACCOUNT_TOKEN", "x"),
                ("SANCTUM_X", "1"),
            ]
            .map(|(name, value)| (OsString::from(name), OsString::from(value)))
            .to_vec()
        };
        let names = |agent, wanted: &[&str]| -> Vec<String> {
            let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
            let kept = harmless(all(), agent, &wanted);
            kept.into_iter().map(|(name, _)| name.to_string_lossy().into_owned()).collect()
        };
        assert_eq!(names(Agent::Claude, &[]), ["PATH", "ANTHROPIC_API_KEY"]);
        assert_eq!(
            names(Agent::Claude, &["GITHUB_TOKEN"]),
            ["PATH", "GITHUB_TOKEN", "ANTHROPIC_API_KEY"]
        );
        assert!(!names(Agent::Codex, &[]).contains(&"GITHUB_TOKEN".to_owned()));
    }
}
