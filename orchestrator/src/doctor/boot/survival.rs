//! Would each service of a node come back after a reboot with nobody there to log in, and why not?
//!
//! Pure, from the instance and what was seen. A service that something else starts is not known, and is said to be so.
//! Who stands on a service that stays down stays down with it.

use crate::doctor::looked::{Looked, Seen};
use crate::instance::model::{Criticality, Os, Service};
use crate::jobs::{Job, RunsAs};
use crate::render::systemd::unit_name;
use sanctum_types::ServiceName;
use serde::Serialize;
use std::collections::BTreeMap;

/// One service or job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Survivor {
    /// Its name.
    pub name: ServiceName,
    /// How much stands on it.
    pub criticality: Criticality,
    /// Whether it comes back; none when nobody can know.
    pub comes_back: Option<bool>,
    /// Why not, or why nobody knows.
    pub because: Vec<Why>,
}

/// What keeps a service down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "why", content = "what")]
pub enum Why {
    /// It needs a graphical session.
    Session,
    /// A secret of it resolves in a session only: the login Keychain is locked until its owner logs in.
    Secret(ServiceName),
    /// It uses a volume that is mounted when somebody logs in.
    Mount(String),
    /// It needs a container engine that an application of the session runs.
    Engine(String),
    /// The service manager was told not to start it.
    SwitchedOff,
    /// The service manager knows no such job: it was not applied, or somebody took it away.
    NotThere,
    /// It stands on another service that stays down.
    Requires(ServiceName),
    /// Nothing of the house starts it.
    StartedElsewhere,
    /// This version of sanctum cannot run it, so it is not loaded.
    NotImplemented,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Session => f.write_str("it needs a graphical session"),
            Self::Secret(secret) => {
                write!(f, "its secret `{secret}` resolves only in a login session")
            }
            Self::Mount(path) => write!(f, "{path} is mounted when somebody logs in"),
            Self::Engine(program) => write!(f, "{program} needs an engine that a session runs"),
            Self::SwitchedOff => f.write_str("the service manager was told not to start it"),
            Self::NotThere => f.write_str("the service manager knows no such job"),
            Self::Requires(name) => write!(f, "it requires `{name}`"),
            Self::StartedElsewhere => f.write_str("nothing of the house starts it"),
            Self::NotImplemented => f.write_str("this version of sanctum cannot run it"),
        }
    }
}

/// Every enabled service and every job of the node, by name.
pub fn survivors(looked: &Looked) -> Seen<Vec<Survivor>> {
    let wanted = looked.wanted()?;
    let node = &looked.ground.node;
    let services = &looked.ground.instance.services;
    let mut all: BTreeMap<ServiceName, Survivor> = BTreeMap::new();
    for job in &wanted.jobs {
        all.insert(job.name.clone(), of_job(looked, job, services.get(&job.name)));
    }
    for (name, service) in services {
        if service.node == *node && service.enabled && !all.contains_key(name) {
            let criticality = service.criticality;
            let because = vec![Why::StartedElsewhere];
            let one = Survivor { name: name.clone(), criticality, comes_back: None, because };
            all.insert(name.clone(), one);
        }
    }
    propagate(looked, &mut all);
    Ok(all.into_values().collect())
}

fn of_job(looked: &Looked, job: &Job, service: Option<&Service>) -> Survivor {
    let mut because = Vec::new();
    if matches!(job.account, RunsAs::Session(_)) {
        because.push(Why::Session);
    }
    if let Some(service) = service {
        because.extend(session_secrets(looked, service).into_iter().map(Why::Secret));
    }
    because.extend(mounts(looked.os(), &job.command).into_iter().map(Why::Mount));
    because.extend(engine(looked.os(), &job.command).map(Why::Engine));
    because.extend(switched_off(looked, job));
    let comes_back = match (because.is_empty(), job.implemented) {
        (true, true) => Some(true),
        (true, false) => None,
        (false, _) => Some(false),
    };
    if !job.implemented {
        because.push(Why::NotImplemented);
    }
    let criticality = service.map(|service| service.criticality).unwrap_or_default();
    Survivor { name: job.name.clone(), criticality, comes_back, because }
}

/// Secrets of a service that a login unlocks.
pub(super) fn session_secrets(looked: &Looked, service: &Service) -> Vec<ServiceName> {
    let secrets = &looked.ground.instance.secrets;
    let login =
        |name: &&ServiceName| secrets.get(*name).is_some_and(|entry| entry.at_boot().is_none());
    service.secrets.iter().filter(login).cloned().collect()
}

/// Paths of a command that are below `/Volumes`, where macOS mounts at login what is not the system's disk.
pub(super) fn mounts(os: Os, command: &[String]) -> Vec<String> {
    let below = |word: &&String| word.starts_with("/Volumes/") || word.contains("=/Volumes/");
    command.iter().filter(below).filter(|_| os == Os::Macos).cloned().collect()
}

/// A client of a container engine that on macOS is an application or a virtual machine of a session.
pub(super) fn engine(os: Os, command: &[String]) -> Option<String> {
    const CLIENTS: [&str; 7] =
        ["docker", "docker-compose", "podman", "colima", "limactl", "nerdctl", "orb"];
    let program = command.first().filter(|_| os == Os::Macos)?;
    let name = program.rsplit('/').next().unwrap_or_default();
    let app = program.contains(".app/Contents/");
    (app || CLIENTS.contains(&name)).then(|| program.clone())
}

/// By what was seen; a manager that nobody asked has told nothing. A job that this version cannot run is loaded nowhere.
fn switched_off(looked: &Looked, job: &Job) -> Option<Why> {
    match looked.os() {
        Os::Macos => looked
            .overrides()
            .is_ok_and(|told| told.of(job.label.as_str()).contains(&true))
            .then_some(Why::SwitchedOff),
        Os::Linux => {
            let timer = unit_name(&job.name, "timer");
            let service = unit_name(&job.name, "service");
            let is = |unit: &&super::UnitState| unit.name == timer || unit.name == service;
            let off = |unit: &&super::UnitState| {
                ["disabled", "masked"].contains(&unit.get("UnitFileState"))
            };
            let gone = |unit: &&super::UnitState| unit.get("LoadState") == "not-found";
            let ours: Vec<&super::UnitState> = looked.units().ok()?.iter().filter(is).collect();
            if ours.is_empty() {
                None
            } else if job.implemented && ours.iter().all(gone) {
                Some(Why::NotThere)
            } else {
                ours.iter().all(off).then_some(Why::SwitchedOff)
            }
        }
    }
}

fn propagate(looked: &Looked, all: &mut BTreeMap<ServiceName, Survivor>) {
    let services = &looked.ground.instance.services;
    let requires: BTreeMap<ServiceName, Vec<ServiceName>> =
        services.iter().map(|(name, service)| (name.clone(), service.requires.clone())).collect();
    // Each round marks one more step of a chain, so there are no more rounds than services.
    for _ in 0..all.len() {
        let down: Vec<ServiceName> = all
            .values()
            .filter(|one| one.comes_back == Some(false))
            .map(|one| one.name.clone())
            .collect();
        let mut changed = false;
        for (name, needed) in &requires {
            let Some(one) = all.get_mut(name) else { continue };
            for need in needed.iter().filter(|need| down.contains(need)) {
                let why = Why::Requires(need.clone());
                if !one.because.contains(&why) {
                    one.because.push(why);
                    one.comes_back = Some(false);
                    changed = true;
                }
            }
        }
        if !changed {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::fixture;
    use proptest::prelude::*;
    use serde_json::json;

    fn down(looked: &Looked) -> Vec<String> {
        let all = survivors(looked).unwrap();
        let down = all.iter().filter(|one| one.comes_back == Some(false));
        down.map(|one| {
            let words: Vec<String> = one.because.iter().map(ToString::to_string).collect();
            format!("{}: {}", one.name, words.join("; "))
        })
        .collect()
    }

    #[test]
    fn everything_that_a_login_brings() {
        let job = |command: &str| json!({ "node": "hub", "command": [command] });
        let looked = fixture::hub(&json!({
            "secrets": {
                "token": { "ref": "keychain:house/token" },
                "pass": { "ref": "file:pass" },
            },
            "services": {
                "plain": job("/opt/x/plain"),
                "player": { "node": "hub", "command": ["/opt/x/player"], "gui": true },
                "bridge": { "node": "hub", "command": ["/opt/x/bridge"], "secrets": ["token", "pass"] },
                "media": { "node": "hub", "command": ["/opt/x/media", "/Volumes/Disk/media"] },
                "store": job("/opt/homebrew/bin/docker"),
                "face": { "node": "hub", "command": ["/opt/x/face"], "requires": ["web"] },
                "web": { "node": "hub", "command": ["/opt/x/web"], "requires": ["store", "plain"] },
                "gateway": { "node": "hub", "ports": [1977] },
            },
        }));
        let all = survivors(&looked).unwrap();
        let gateway = all.iter().find(|one| one.name.as_str() == "gateway").unwrap();
        assert_eq!(
            (gateway.comes_back, gateway.because.as_slice()),
            (None, &[Why::StartedElsewhere][..])
        );
        assert_eq!(
            down(&looked),
            [
                "bridge: its secret `token` resolves only in a login session",
                "face: it requires `web`",
                "media: /Volumes/Disk/media is mounted when somebody logs in",
                "player: it needs a graphical session",
                "store: /opt/homebrew/bin/docker needs an engine that a session runs",
                "web: it requires `store`",
            ]
        );
        let told = looked.with_override("system", "com.sanctum.plain", true);
        assert!(
            down(&told).contains(&"plain: the service manager was told not to start it".to_owned())
        );
    }

    #[test]
    fn what_systemd_does_not_start_or_know_stays_down() {
        for (key, value, expected) in [
            ("UnitFileState", "disabled", Some(Why::SwitchedOff)),
            ("UnitFileState", "masked", Some(Why::SwitchedOff)),
            ("LoadState", "not-found", Some(Why::NotThere)),
            ("UnitFileState", "enabled", None),
        ] {
            let looked = fixture::barn(
                &json!({ "services": { "scan": { "node": "barn", "command": ["/opt/x/scan"] } } }),
            );
            let looked = crate::doctor::boot::look::with_unit(looked, &[(key, value)]);
            let all = survivors(&looked).unwrap();
            let one = all.iter().find(|one| one.name.as_str() == "scan").unwrap();
            assert_eq!(one.because.first(), expected.as_ref(), "{key}={value}: {all:?}");
            assert_eq!(one.comes_back, Some(expected.is_none()), "{key}={value}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Who reaches a service that stays down by `requires` stays down, and nobody else does.
        #[test]
        fn what_stays_down_is_closed_under_requires(edges in proptest::collection::btree_set((0_u8..7, 0_u8..7), 0..14), gui in 0_u8..7) {
            let mut services = serde_json::Map::new();
            for n in 0..7_u8 {
                // Edges go up only: an instance with a circle is refused before.
                let requires: Vec<String> =
                    edges.iter().filter(|(from, to)| *from == n && to > from).map(|(_, to)| format!("s{to}")).collect();
                let one = json!({ "node": "hub", "command": ["/opt/x"], "gui": n == gui, "requires": requires });
                services.insert(format!("s{n}"), one);
            }
            let looked = fixture::hub(&json!({ "services": services }));
            let mut reach = std::collections::BTreeSet::from([gui]);
            for n in (0..7_u8).rev() {
                if edges.iter().any(|(from, to)| *from == n && to > from && reach.contains(to)) {
                    reach.insert(n);
                }
            }
            let found: std::collections::BTreeSet<String> =
                survivors(&looked).unwrap().into_iter().filter(|one| one.comes_back == Some(false)).map(|one| one.name.to_string()).collect();
            prop_assert_eq!(found, reach.iter().map(|n| format!("s{n}")).collect());
        }
    }
}
