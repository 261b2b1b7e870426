//! `launchd/program-there`.

#[cfg(test)]
use crate::doctor::fixture;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/program-there",
    severity: Severity::Error,
    on: On::Macos,
    title: "the program of every job is there and can be executed",
    why: "A healer was a no-op for thirteen days because the link that it went through had been deleted, \
          and a service answered nothing for a day while its old process still held the port: its binary \
          had been cleaned away. launchd says no more than a status, in a place that nobody reads.",
    fix: Fix::Edit("install the program, or retire the job: sanctum services retire NAME"),
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
        let Some(at) = command.first().and_then(|program| named.at(program)) else { continue };
        match answer.see(at.there.clone()) {
            None => {}
            Some(None) => answer.add(&file.path, format!("{} is not there", words(&command))),
            Some(Some(there)) if !there.is_file => {
                answer.add(&file.path, format!("{} is no file", words(&command)));
            }
            Some(Some(there)) if there.mode & 0o111 == 0 => {
                answer.add(&file.path, format!("{} cannot be executed", words(&command)));
            }
            Some(Some(_)) => {}
        }
        // The script that an interpreter is given.
        let script =
            command.get(1).filter(|_| interpreter(&command)).and_then(|path| named.at(path));
        if let Some(None) = script.and_then(|at| answer.see(at.there.clone())) {
            answer.add(&file.path, "the script that it runs is not there");
        }
    }
    Ok(answer)
}

fn words<'a>(command: &[&'a str]) -> &'a str {
    command.first().copied().unwrap_or_default()
}

fn interpreter(command: &[&str]) -> bool {
    const NAMES: [&str; 8] = ["sh", "bash", "zsh", "python3", "python", "node", "ruby", "perl"];
    let name = words(command).rsplit('/').next().unwrap_or_default();
    NAMES.contains(&name)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_command("audit", &["/bin/bash", "/opt/house/audit.sh"])
        .with_named("/bin/bash", Some(fixture::file(0o755)), "")
        .with_named("/opt/house/audit.sh", Some(fixture::file(0o644)), "")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_command("audit", &["/opt/house/audit"]).with_named(
        "/opt/house/audit",
        None,
        "",
    )
}
