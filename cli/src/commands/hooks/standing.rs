//! How the hooks of an agent stand: in the file itself, and in everything around it that keeps them from running.
//!
//! Only looks. A finding names its file. Deliberately absent: what counts (`sanctum_firewall::agents::settings`).

use super::seat::{Seat, os, read};
use crate::commands::Context;
use crate::commands::hook::view;
use crate::commands::run;
use crate::failure::Failure;
use crate::surroundings;
use sanctum_firewall::agents::Agent;
use sanctum_firewall::agents::settings::{
    self, Files, Scope, Skip, Status, Whose, bypasses, codex_trust, program_of,
};
use sanctum_host::{look, trust};
use sanctum_types::chain;
use std::path::{Path, PathBuf};

/// As much of a start-up file or a definition of a job as is read.
const LIMIT: u64 = 1 << 20;

/// How the hooks in one file stand.
pub(in crate::commands) struct Standing {
    pub(super) agent: Agent,
    pub(super) scope: Scope,
    pub(super) file: String,
    /// `absent`, `installed`, `tampered`, `untrusted`, `skipped` or `unreadable`.
    pub(super) word: &'static str,
    pub(in crate::commands) why: Vec<String>,
}

impl Standing {
    /// Whether the agent runs them.
    pub(in crate::commands) fn runs(&self) -> bool {
        self.word == "installed"
    }
}

/// The machine's files, below a directory that may stand for it.
struct Disk(PathBuf);

impl Files for Disk {
    fn text(&self, path: &str) -> Option<String> {
        let path = if path.starts_with("/etc/") || path.starts_with("/Library/") {
            self.0.join(path.trim_start_matches('/'))
        } else {
            PathBuf::from(path)
        };
        let bytes = look::head(&path, LIMIT).ok().flatten()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn names(&self, dir: &str) -> Vec<String> {
        look::list(Path::new(dir)).ok().flatten().unwrap_or_default()
    }
}

/// How they stand in the person's file and, where they were put there or the agent has such a file, in root's.
pub(in crate::commands) fn of(context: &Context, agent: Agent) -> Result<Vec<Standing>, Failure> {
    let project = view::project(&view::here()?);
    let skips = skips(context, agent, &project);
    let mut all = vec![one(&Seat::own(context, agent)?, &skips)];
    if let Some(seat) = Seat::managed(context, agent)? {
        let managed = one(&seat, &skips);
        if managed.word != "absent" || seat.was_installed(context) {
            // Where root allows only its own hooks, these are they.
            all.push(managed);
        }
    }
    if let Some(own) = all.first_mut().filter(|own| own.word != "absent") {
        own.why.extend(shims(agent));
    }
    Ok(all)
}

/// What keeps this account's hooks from running, outside its own file.
fn skips(context: &Context, agent: Agent, project: &str) -> Vec<Skip> {
    let disk = disk(context);
    let Some(home) = context.around.home().and_then(Path::to_str) else { return Vec::new() };
    settings::around(agent, Whose { home, project: Some(project), os: os() }, &disk)
}

fn disk(context: &Context) -> Disk {
    Disk(context.common.root.clone().unwrap_or_else(|| PathBuf::from("/")))
}

fn one(seat: &Seat, skips: &[Skip]) -> Standing {
    let managed = seat.scope == Scope::Managed;
    let (mut word, mut why) = match seat.status() {
        Ok(Status::Absent) => ("absent", Vec::new()),
        Ok(Status::Installed) => ("installed", Vec::new()),
        Ok(Status::Tampered(why)) => ("tampered", why),
        // Root's word that only root's hooks run is no word against root's.
        Ok(Status::Skipped(why)) if managed && why == ["allowManagedHooksOnly"] => {
            ("installed", Vec::new())
        }
        Ok(Status::Skipped(why)) => ("skipped", why),
        Err(failure) => ("unreadable", vec![chain(&*failure.error)]),
    };
    if word != "absent" {
        let shown = seat.shown();
        let others = skips.iter().filter(|skip| skip.place != shown);
        let against = others.filter(|skip| !(managed && skip.spares_managed));
        let against: Vec<String> =
            against.map(|skip| format!("{} in {}", skip.what, skip.place)).collect();
        if word == "installed" && !against.is_empty() {
            word = "skipped";
        }
        why.extend(against);
    }
    if word == "installed" {
        let wrong = if managed { None } else { untrusted(seat) };
        let wrong = wrong.or_else(|| program_is_wrong(seat));
        if let Some((other, because)) = wrong {
            word = other;
            why.push(because);
        }
    }
    Standing { agent: seat.agent, scope: seat.scope, file: seat.shown(), word, why }
}

/// Codex runs a hook of a person only after that person has trusted it.
fn untrusted(seat: &Seat) -> Option<(&'static str, String)> {
    if seat.agent != Agent::Codex {
        return None;
    }
    let config = read(&seat.path.with_file_name("config.toml")).ok().flatten();
    let hooks = seat.text.as_deref().unwrap_or_default();
    let trust = codex_trust(&seat.shown(), hooks, config.as_deref()).ok()?;
    if !trust.off.is_empty() {
        return Some(("skipped", format!("switched off in Codex: {}", trust.off.join(", "))));
    }
    let because = || {
        format!("Codex waits for your trust in: {} (say /hooks there)", trust.waiting.join(", "))
    };
    (!trust.waiting.is_empty()).then(|| ("untrusted", because()))
}

/// A program that is not there, or that others can change.
fn program_is_wrong(seat: &Seat) -> Option<(&'static str, String)> {
    let program = &seat.program;
    if seat.place != crate::site::Place::Machine {
        return None;
    }
    let facts = look::at(Path::new(program.as_str())).ok().flatten();
    let Some(facts) = facts else {
        return Some(("tampered", format!("the program that they start is gone: {program}")));
    };
    // The group and everybody else.
    if facts.mode & 0o022 != 0 {
        return Some((
            "tampered",
            format!("others can change the program that they start: {program}"),
        ));
    }
    if seat.scope == Scope::Managed {
        let judged = trust::check_program(program);
        return judged.err().map(|error| ("tampered", chain(&error)));
    }
    None
}

/// Programs that come first on PATH and are not what they seem.
fn shims(agent: Agent) -> Vec<String> {
    let environment = surroundings::inherited();
    let mut found = Vec::new();
    let head = |path: &Path| {
        let bytes = look::head(path, LIMIT).ok().flatten().unwrap_or_default();
        bytes.starts_with(b"#!").then(|| String::from_utf8_lossy(&bytes).into_owned())
    };
    let program = program_of(agent);
    if let Some(path) = program.and_then(|name| run::on_path(&environment, name)) {
        let shown = path.display();
        if let Some(script) = head(&path) {
            let options = bypasses(agent, &script, false);
            found.extend(
                options
                    .iter()
                    .map(|option| format!("{option} in {shown}, which comes first on PATH")),
            );
        }
        if !path.is_absolute() {
            found.push(format!("{shown} comes first on PATH, which depends on the directory"));
        }
    }
    if let Some(path) = run::on_path(&environment, "sanctum")
        && head(&path).is_some()
    {
        found.push(format!("a script called sanctum comes first on PATH: {}", path.display()));
    }
    found
}

/// What is wrong with the hooks of an agent that were installed, in settings alone; none where they stand, or were never there.
pub(in crate::commands) fn broken(
    context: &Context,
    agent: Agent,
    project: &str,
) -> Option<String> {
    let seat = Seat::own(context, agent).ok()?;
    let known = || seat.was_installed(context);
    let why = match seat.status() {
        Ok(Status::Installed) => Vec::new(),
        Ok(Status::Absent) if !known() => return None,
        Ok(Status::Absent) => vec![format!("none is in {}", seat.shown())],
        Ok(Status::Tampered(why) | Status::Skipped(why)) => why,
        Err(_) if !known() => return None,
        Err(_) => vec![format!("{} cannot be read", seat.shown())],
    };
    let mut why = why;
    let home = context.around.home().and_then(Path::to_str)?;
    let whose = Whose { home, project: Some(project), os: os() };
    let around = settings::settings_around(agent, whose, &disk(context));
    why.extend(around.into_iter().map(|skip| format!("{} in {}", skip.what, skip.place)));
    (!why.is_empty()).then(|| why.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_s_files_are_looked_for_below_the_directory_that_stands_for_a_machine() {
        let dir = tempfile::tempdir().unwrap();
        let etc = dir.path().join("etc/codex");
        sanctum_host::files::make_dir(&etc).unwrap();
        sanctum_host::files::write_new(&etc.join("config.toml"), b"x = 1").unwrap();
        let disk = Disk(dir.path().to_owned());
        assert_eq!(disk.text("/etc/codex/config.toml").as_deref(), Some("x = 1"));
        assert_eq!(disk.text("/nonexistent/etc/codex/config.toml"), None);
    }
}
