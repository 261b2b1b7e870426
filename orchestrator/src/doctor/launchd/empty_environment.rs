//! `launchd/empty-environment`.

#[cfg(test)]
use crate::doctor::fixture;
use crate::doctor::launchd::Place;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/empty-environment",
    severity: Severity::Error,
    on: On::Macos,
    title: "no job needs what only a terminal has",
    why: "launchd gives a job `/usr/bin:/bin:/usr/sbin:/sbin` and, in the system's domain, no HOME, no \
          agent and no shell's start-up files. A job that ran `ssh manor` could not resolve a name that \
          only the owner's ssh configuration knows, and was restarted for days.",
    fix: Fix::Edit(
        "name programs and hosts in full, pass -F FILE to ssh, and take variables out of the arguments",
    ),
    needs: &[Need::Plists, Need::Named],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let plists = looked.plists()?;
    let named = looked.named()?;
    let mut answer = Answer::of(plists);
    for file in plists {
        let command = file.command();
        for words in by_arguments(&command, file.place == Place::Daemons) {
            answer.add(&file.path, words);
        }
        let Some(at) = command.first().and_then(|program| named.at(program)) else { continue };
        let Some(Some(head)) = answer.see(at.head.clone()) else { continue };
        let text = String::from_utf8_lossy(&head);
        let first = text.lines().next().unwrap_or_default();
        if let Some(name) = first.strip_prefix("#!/usr/bin/env ").map(str::trim) {
            let name =
                name.strip_prefix("-S ").unwrap_or(name).split(' ').next().unwrap_or_default();
            if !in_system_path(name) {
                let words = format!("its script finds `{name}` through PATH, where it is not");
                answer.add(&file.path, words);
            }
        }
    }
    Ok(answer)
}

fn by_arguments(command: &[&str], daemon: bool) -> Vec<String> {
    let mut found = Vec::new();
    let program = command.first().copied().unwrap_or_default();
    let base = program.rsplit('/').next().unwrap_or_default();
    let rest = command.get(1..).unwrap_or_default();
    if base == "env"
        && let Some(name) = rest.iter().find(|word| !word.contains('=') && !word.starts_with('-'))
        && !name.starts_with('/')
        && !in_system_path(name)
    {
        found.push(format!("env finds `{name}` through PATH, where it is not"));
    }
    if ["ssh", "scp", "sftp", "autossh"].contains(&base)
        && !rest.contains(&"-F")
        && let Some(host) = destination(rest)
        && !host.contains(['.', ':'])
        && host != "localhost"
    {
        found.push(format!("`{host}` is a name that only an ssh configuration may know"));
    }
    let shell = ["sh", "bash", "zsh"].contains(&base);
    for variable in ["$HOME", "${HOME}", "$USER", "$SSH_AUTH_SOCK"] {
        // A shell of an agent expands them; nobody else does, and a daemon does not have them.
        if (!shell || daemon) && rest.iter().any(|word| word.contains(variable)) {
            found.push(format!("`{variable}` is not there, or nobody expands it"));
        }
    }
    found
}

/// The first word that is neither an option nor an option's value (ssh(1), the options that take one).
fn destination<'a>(words: &[&'a str]) -> Option<&'a str> {
    const TAKES: &str = "BbcDEeFIiJLlMmOopQRSWw";
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some(option) => {
                let mut letters = option.chars();
                let takes = letters.find(|letter| TAKES.contains(*letter)).is_some();
                if takes && letters.next().is_none() {
                    words.next();
                }
            }
            None => return Some(word.rsplit('@').next().unwrap_or(word)),
        }
    }
    None
}

/// Interpreters and tools that macOS itself has in launchd's PATH.
fn in_system_path(name: &str) -> bool {
    const NAMES: [&str; 17] = [
        "sh",
        "bash",
        "zsh",
        "dash",
        "ksh",
        "tcsh",
        "csh",
        "python3",
        "perl",
        "ruby",
        "awk",
        "sed",
        "osascript",
        "swift",
        "tclsh",
        "expect",
        "make",
    ];
    NAMES.contains(&name)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_command(
            "tunnel",
            &["/usr/bin/ssh", "-N", "-o", "BatchMode=yes", "-p", "22", "operator@10.10.10.10"],
        )
        .with_named("/usr/bin/ssh", Some(fixture::file(0o755)), "")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_command("tunnel", &["/usr/bin/ssh", "-N", "-o", "BatchMode=yes", "manor"])
        .with_named("/usr/bin/ssh", Some(fixture::file(0o755)), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_need_a_terminal() {
        for (command, daemon, wrong) in [
            (&["/usr/bin/env", "node", "x.js"][..], true, true),
            (&["/usr/bin/env", "A=1", "python3", "x.py"], true, false),
            (&["/usr/bin/ssh", "-i", "/k", "-p22", "hub"], true, true),
            (&["/usr/bin/ssh", "-F", "/etc/house/ssh", "hub"], true, false),
            (&["/usr/bin/ssh", "-Nv", "me@hub.example.net"], true, false),
            (&["/opt/x", "--dir", "$HOME/x"], false, true),
            (&["/bin/sh", "-c", "exec $HOME/x"], false, false),
            (&["/bin/sh", "-c", "exec $HOME/x"], true, true),
            (&[], true, false),
        ] {
            assert_eq!(!by_arguments(command, daemon).is_empty(), wrong, "{command:?}");
        }
    }
}
