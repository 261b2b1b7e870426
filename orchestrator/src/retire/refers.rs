//! What of an instance belongs to a service or speaks of it.

use crate::house::layout;
use crate::instance::Instance;
use crate::instance::model::{Bind, Os, Probe, Service};
use crate::instance::registry;
use crate::jobs::account;
use crate::render::systemd::unit_name;
use sanctum_types::ServiceName;
use serde::Serialize;

/// What kind of thing refers to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A job of launchd or systemd.
    Job,
    /// A port of the registry, and the rules of the packet filter that follow from it.
    Port,
    /// A probe.
    Probe,
    /// Who restarts it.
    Guardian,
    /// A job by the clock.
    Schedule,
    /// A secret.
    Secret,
    /// Its account.
    Account,
    /// Its log.
    Log,
    /// A service that requires it or that it requires.
    Requirement,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Reference {
    /// Its kind.
    pub kind: Kind,
    /// Which.
    pub what: String,
    /// What becomes of it.
    pub fate: String,
}

/// Everything of the instance, sorted by kind.
pub(super) fn references(
    instance: &Instance,
    name: &ServiceName,
    entry: &Service,
) -> Vec<Reference> {
    let mut all = Vec::new();
    let mut note = |kind, what: String, fate: &str| {
        all.push(Reference { kind, what, fate: fate.to_owned() });
    };
    let label = registry::job_label(name);
    if entry.command.is_some() {
        let file = match registry::os_of(instance, &entry.node) {
            Some(Os::Linux) => format!("{}/{}", layout::SYSTEMD_UNITS, unit_name(name, "service")),
            _ if entry.gui => format!("{}/{label}.plist", layout::LAUNCH_AGENTS),
            _ => format!("{}/{label}.plist", layout::LAUNCH_DAEMONS),
        };
        note(Kind::Job, file, "unloaded and removed by apply");
        note(Kind::Guardian, format!("{label}: restarted whenever it ends"), "gone with its job");
        note(Kind::Guardian, "sanctum up, where it runs".to_owned(), "end it before the edit");
        note(Kind::Log, format!("{}/{name}", layout::LOGS), "kept; remove it by hand");
    } else {
        let what = "whatever starts it: sanctum does not".to_owned();
        note(Kind::Guardian, what, "find it below, or stop it by hand");
    }
    if entry.run_as.is_none() && entry.command.is_some() {
        note(Kind::Account, account::own(name).to_string(), "removed by apply");
    }
    for spec in &entry.ports {
        let (port, transport) = spec.get();
        let fate =
            if entry.bind == Bind::Loopback { "free again" } else { "free, and its door shut" };
        note(Kind::Port, format!("{port}/{transport} ({})", entry.bind), fate);
    }
    if entry.probe.is_some() {
        note(Kind::Probe, "its own".to_owned(), "gone with its entry");
    }
    for other in probes_of_others(instance, name, entry) {
        note(Kind::Probe, format!("of service `{other}`"), "asks it: change it by hand");
    }
    for secret in &entry.secrets {
        let own = own_secrets(instance, name, entry).contains(secret);
        let fate = if own { "read by nobody else: revoke it" } else { "read by others too: kept" };
        note(Kind::Secret, secret.to_string(), fate);
    }
    for schedule in own_schedules(instance, name, entry) {
        note(Kind::Schedule, schedule.to_string(), "speaks of it: goes with it");
    }
    for required in &entry.requires {
        note(Kind::Requirement, required.to_string(), "kept; look whether anybody else needs it");
    }
    all.sort();
    all
}

/// Secrets that no other service reads.
pub(super) fn own_secrets(
    instance: &Instance,
    name: &ServiceName,
    entry: &Service,
) -> Vec<ServiceName> {
    let others = || instance.services.iter().filter(|(other, _)| *other != name);
    let read = |secret: &ServiceName| others().any(|(_, other)| other.secrets.contains(secret));
    entry.secrets.iter().filter(|secret| !read(secret)).cloned().collect()
}

/// Schedules whose command names the service, its label or its program.
pub(super) fn own_schedules(
    instance: &Instance,
    name: &ServiceName,
    entry: &Service,
) -> Vec<ServiceName> {
    let speaks = |words: &[String]| words.iter().any(|word| mentions(word, name, entry));
    instance
        .schedules
        .iter()
        .filter(|(_, schedule)| speaks(&schedule.command))
        .map(|(name, _)| name.clone())
        .collect()
}

fn probes_of_others<'a>(
    instance: &'a Instance,
    name: &ServiceName,
    entry: &Service,
) -> Vec<&'a ServiceName> {
    let speaks = |service: &Service| match &service.probe {
        Some(Probe::EndToEnd(one)) => one.command.iter().any(|word| mentions(word, name, entry)),
        _ => false,
    };
    let others = instance.services.iter().filter(|(other, _)| *other != name);
    others.filter(|(_, service)| speaks(service)).map(|(other, _)| other).collect()
}

/// Whether a text has the service's name, label, program or port as a word of its own.
#[must_use]
pub fn mentions(text: &str, name: &ServiceName, entry: &Service) -> bool {
    let label = registry::job_label(name).to_string();
    let unit = format!("sanctum-{name}");
    let program = entry.command.as_ref().and_then(|words| words.first()).map(String::as_str);
    // A program that several services run says nothing of one of them.
    let shared = ["/bin/sh", "/usr/bin/env", layout::SANCTUM, layout::SANCTUMD];
    let program = program.filter(|path| !shared.contains(path) && !path.contains("/python"));
    let ports = entry.ports.iter().map(|spec| format!(":{}", spec.get().0));
    let mut words = vec![label, unit];
    words.extend(program.map(ToOwned::to_owned));
    words.extend(ports);
    let whole = |word: &str| {
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        text.match_indices(word).any(|(at, _)| {
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            let after = text.get(at + word.len()..).and_then(|text| text.chars().next());
            let open = word.starts_with(':') || !before.is_some_and(inside);
            open && !after.is_some_and(inside)
        })
    };
    text == name.as_str() || words.iter().any(|word| whole(word))
}
