//! Who can start or restart a service: the graph that has to be known before anything is stopped for good.
//!
//! Pure over what was looked at. A guardian is told by what it names, a program, a label or a port, so one that finds
//! its victim in another way is not seen.

use super::look::Keepers;
use crate::doctor::launchd::{Named, PlistFile};
use crate::doctor::lint::{Answer, Seen};
use crate::doctor::looked::{Looked, Many};
use crate::jobs::Job;
use crate::render::systemd::unit_name;
use sanctum_types::CouldNotCheck;
use std::collections::BTreeSet;
use std::fmt;

/// What kind of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A job of launchd.
    Launchd,
    /// A unit of systemd.
    Systemd,
    /// A line of a crontab.
    Cron,
    /// A container engine.
    Container,
    /// A script that a job runs.
    Script,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Guardian {
    /// What kind.
    pub kind: Kind,
    /// Its label, unit, `file:line`, container or script.
    pub name: String,
    /// Whether it starts the service by itself, at boot or when it ends; else it restarts what runs.
    pub starts: bool,
}

impl fmt::Display for Guardian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Launchd => "launchd job",
            Kind::Systemd => "systemd unit",
            Kind::Cron => "crontab line",
            Kind::Container => "container",
            Kind::Script => "script",
        };
        write!(f, "{kind} {}", self.name)
    }
}

/// What the graph is made from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Property lists on disk.
    pub plists: &'a Many<PlistFile>,
    /// What is at the paths that they name.
    pub named: &'a Named,
    /// Everything else.
    pub keepers: &'a Keepers,
}

/// Jobs that somebody beside their own starts, or restarts, as `did` says it.
pub(super) fn judge_others(looked: &Looked, starts: bool, did: &str) -> Seen {
    let (wanted, plists) = (looked.wanted()?, looked.plists()?);
    let sources = Sources { plists, named: looked.named()?, keepers: looked.keepers()? };
    let mut answer = Answer::over(wanted.jobs.len());
    answer.unseen = blind(sources);
    for job in &wanted.jobs {
        let others = others(job, sources);
        let who: Vec<String> =
            others.iter().filter(|one| one.starts == starts).map(ToString::to_string).collect();
        if !who.is_empty() {
            answer.add(&job.label, format!("{did} by {} as well", who.join(" and by ")));
        }
    }
    Ok(answer)
}

/// Everybody who can start the job again but its own job.
#[must_use]
pub fn others(job: &Job, sources: Sources<'_>) -> BTreeSet<Guardian> {
    let Some(program) = job.command.first().map(String::as_str) else { return BTreeSet::new() };
    let unit = unit_name(&job.name, "service");
    let mut all = BTreeSet::new();
    let mut add = |kind, name: &str, starts| {
        all.insert(Guardian { kind, name: name.to_owned(), starts });
    };
    for file in sources.plists.iter().filter(|file| file.label() != job.label.as_str()) {
        if same_command(&file.command(), &job.command) {
            add(Kind::Launchd, file.label(), true);
        }
    }
    for (path, named) in &sources.named.0 {
        let text = named.head.as_ref().ok().and_then(Option::as_deref).unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        let is_script = text.starts_with("#!") && path.as_str() != program;
        if is_script && restarts(&text, &[job.label.as_str(), &unit]) {
            add(Kind::Script, path.as_str(), false);
        }
    }
    for entry in &sources.keepers.cron {
        let at = format!("{}:{}", entry.file, entry.line);
        let words: Vec<&str> = entry.command.split_whitespace().collect();
        if same_command(&words, &job.command) {
            add(Kind::Cron, &at, entry.at_boot);
        } else if restarts(&entry.command, &[job.label.as_str(), &unit]) {
            add(Kind::Cron, &at, false);
        }
    }
    for container in sources.keepers.containers.iter().filter(|one| one.restart != "no") {
        let port = job.ports.iter().any(|(port, _)| container.ports.contains(port));
        if port || container.name == job.name.as_str() {
            add(Kind::Container, &container.name, true);
        }
    }
    for file in sources.keepers.units.iter().filter(|file| file.name != unit) {
        let starts = |line: &str| {
            let command = line.trim().strip_prefix("ExecStart=")?;
            let words: Vec<&str> =
                command.trim_start_matches(['-', '@', ':', '+', '!']).split_whitespace().collect();
            Some(same_command(&words, &job.command))
        };
        if file.text.lines().filter_map(starts).any(|same| same) {
            add(Kind::Systemd, &file.name, true);
        } else if restarts(&file.text, &[&unit]) {
            add(Kind::Systemd, &file.name, false);
        }
    }
    all
}

/// What of the sources could not be looked at.
#[must_use]
pub fn blind(sources: Sources<'_>) -> Vec<CouldNotCheck> {
    let Keepers { cron, containers, units } = sources.keepers;
    let heads =
        sources.named.0.values().flat_map(|named| {
            named.there.as_ref().err().into_iter().chain(named.head.as_ref().err())
        });
    let many = [&sources.plists.unseen, &cron.unseen, &containers.unseen, &units.unseen];
    many.into_iter().flatten().chain(heads).cloned().collect()
}

/// Whether one command starts what the other does. Sanctum's own binaries do many things, so there the words behind
/// the program count as well.
fn same_command(words: &[&str], wanted: &[String]) -> bool {
    let Some(program) = wanted.first() else { return false };
    let Some(at) = words.iter().position(|word| word == program) else { return false };
    let ours = program.starts_with(crate::house::layout::PREFIX);
    let rest = words.get(at + 1..).unwrap_or_default();
    !ours || rest.iter().copied().eq(wanted.iter().skip(1).map(String::as_str))
}

/// Whether a text names one of these together with a word that starts things, on one line.
fn restarts(text: &str, names: &[&str]) -> bool {
    const VERBS: [&str; 6] = ["kickstart", "bootstrap", "load", "start", "restart", "enable"];
    let word = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@'));
    text.lines().filter(|line| !line.trim_start().starts_with('#')).any(|line| {
        let has = |wanted: &str| line.split(word).any(|part| part == wanted);
        names.iter().any(|name| has(name) || has(name.trim_end_matches(".service")))
            && VERBS.iter().any(|verb| has(verb))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_starts_something_by_name() {
        for (text, expected) in [
            ("launchctl kickstart -k system/com.sanctum.ha", true),
            ("#!/bin/sh\nsystemctl restart sanctum-ha", true),
            ("systemctl restart sanctum-ha.service", true),
            ("# launchctl kickstart system/com.sanctum.ha", false),
            ("launchctl kickstart system/com.sanctum.ha2", false),
            ("launchctl print system/com.sanctum.ha", false),
            ("echo com.sanctum.ha\nlaunchctl kickstart system/other", false),
        ] {
            assert_eq!(
                restarts(text, &["com.sanctum.ha", "sanctum-ha.service"]),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn one_binary_of_many_verbs_is_many_programs() {
        let of = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let vault = of(&["/opt/sanctum/bin/sanctumd", "--only", "vault"]);
        let ha = of(&["/opt/ha/bin/ha", "--config", "x"]);
        for (words, wanted, expected) in [
            (vec!["/opt/sanctum/bin/sanctumd", "--only", "vault"], &vault, true),
            (vec!["/opt/sanctum/bin/sanctumd", "--only", "proxy"], &vault, false),
            (vec!["/opt/ha/bin/ha"], &ha, true),
            (vec!["/bin/sh", "/opt/ha/bin/ha", "-d"], &ha, true),
            (vec!["/opt/ha/bin/hassle"], &ha, false),
        ] {
            assert_eq!(same_command(&words, wanted), expected, "{words:?}");
        }
    }
}
