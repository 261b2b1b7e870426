//! `launchd/bash-four`.

#[cfg(test)]
use crate::doctor::fixture;
use crate::doctor::launchd::bash;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/bash-four",
    severity: Severity::Error,
    on: On::Macos,
    title: "no job runs a script that needs a newer bash than macOS has",
    why: "`/bin/bash` of macOS is 3.2, and with launchd's PATH `env bash` finds the same one. A promotion \
          script died at its first `declare -A`, silently, because it had been tried with a newer bash in \
          a terminal.",
    fix: Fix::Edit("write it for bash 3.2 or zsh, or name the newer bash by its absolute path"),
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
        let script = match command.as_slice() {
            ["/bin/bash" | "/bin/sh", rest @ ..] => rest.iter().find(|word| !word.starts_with('-')),
            ["/usr/bin/env", "bash" | "sh", rest @ ..] => rest.first(),
            all => all.first(),
        };
        let Some((script, at)) = script.and_then(|path| Some((path, named.at(path)?))) else {
            continue;
        };
        let Some(Some(head)) = answer.see(at.head.clone()) else { continue };
        let text = String::from_utf8_lossy(&head);
        let told = command.first() != Some(script);
        if !told && !is_old_bash(&text) {
            continue;
        }
        for (line, what) in bash::newer_than_3_2(&text) {
            answer.add(&file.path, format!("{script}:{line}: {what}"));
        }
    }
    Ok(answer)
}

/// Whether the first line asks for the system's own bash.
fn is_old_bash(text: &str) -> bool {
    let Some(line) = text.lines().next().and_then(|line| line.strip_prefix("#!")) else {
        return false;
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    matches!(words.as_slice(), ["/bin/bash" | "/bin/sh", ..] | ["/usr/bin/env", "bash" | "sh", ..])
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_command("promote", &["/opt/house/promote"]).with_named(
        "/opt/house/promote",
        Some(fixture::file(0o755)),
        "#!/opt/homebrew/bin/bash\ndeclare -A x\n",
    )
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_command("promote", &["/opt/house/promote"]).with_named(
        "/opt/house/promote",
        Some(fixture::file(0o755)),
        "#!/usr/bin/env bash\ndeclare -A x\n",
    )
}
