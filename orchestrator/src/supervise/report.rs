//! The state file of a supervisor: what other processes and people read. docs/formats/supervision.md describes it.

use super::event::{Moment, Seen};
use super::graph::Role;
use super::planner::Planner;
use super::standing::{Course, Standing};
use crate::instance::Instance;
use sanctum_types::{NodeName, ServiceName, UnixTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The format of the state file.
const FORMAT: u32 = 1;

/// Everything that a supervisor knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpReport {
    /// Format of this document; always 1.
    pub format: u32,
    /// The node whose services these are.
    pub node: NodeName,
    /// The supervisor's process.
    pub pid: u32,
    /// When it started.
    pub started: UnixTime,
    /// When this was written.
    pub written: UnixTime,
    /// Events that the journal did not take.
    pub unrecorded: u64,
    /// Services by name.
    pub services: BTreeMap<ServiceName, Row>,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What is done with it here.
    pub role: Role,
    /// Its state in one word.
    pub state: String,
    /// Since when; none when nobody watched.
    pub since: Option<UnixTime>,
    /// Restarts by the supervisor.
    pub restarts: u64,
    /// Heals that are left in the window, where somebody counts.
    pub budget_left: Option<usize>,
    /// What it was looked at with last.
    pub probe: Option<String>,
    /// What came of it.
    pub seen: Option<Seen>,
    /// The same in words.
    pub saw: String,
    /// When it was looked at last.
    pub looked: Option<UnixTime>,
    /// Its process.
    pub pid: Option<u32>,
    /// Its TCP and UDP ports.
    pub ports: Vec<u16>,
}

impl UpReport {
    /// What a planner knows now.
    #[must_use]
    pub fn of(planner: &Planner, instance: &Instance, run: &Run<'_>, now: Moment) -> Self {
        let wall = |at: Moment| run.started.plus(i64::try_from(at.0 / 1000).unwrap_or(i64::MAX));
        let services = planner
            .standings()
            .map(|(name, one)| {
                let role = planner.role(name).unwrap_or(Role::Elsewhere);
                let declared = instance.services.get(name);
                let ports = declared.map_or(&[][..], |service| service.ports.as_slice());
                let last = one.last.as_ref();
                let row = Row {
                    role,
                    state: word(one, role).to_owned(),
                    since: Some(wall(one.since)),
                    restarts: one.restarts,
                    budget_left: (role == Role::Managed).then(|| planner.budget_left(name, now)),
                    probe: last.map(|look| look.rung.word().to_owned()),
                    seen: last.map(|look| look.seen.clone()),
                    saw: saw(one),
                    looked: last.map(|look| wall(look.at)),
                    pid: one.pid,
                    ports: ports.iter().map(|port| port.get().0).collect(),
                };
                (name.clone(), row)
            })
            .collect();
        Self {
            format: FORMAT,
            node: run.node.clone(),
            pid: run.pid,
            started: run.started,
            written: wall(now),
            unrecorded: run.unrecorded,
            services,
        }
    }

    /// Services that stay in quarantine when a supervisor starts anew.
    pub fn quarantined(&self) -> impl Iterator<Item = &ServiceName> {
        self.services.iter().filter(|(_, row)| row.state == "quarantined").map(|(name, _)| name)
    }
}

/// Whose report it is.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The node.
    pub node: &'a NodeName,
    /// The supervisor's process.
    pub pid: u32,
    /// When it started.
    pub started: UnixTime,
    /// Events that the journal did not take.
    pub unrecorded: u64,
}

const fn word(one: &Standing, role: Role) -> &'static str {
    match role {
        Role::Elsewhere => "elsewhere",
        Role::Managed | Role::Watched => one.word(),
    }
}

fn saw(one: &Standing) -> String {
    match (&one.course, &one.last) {
        (Course::Squatted { by }, _) => by.to_string(),
        (_, Some(look)) => look.saw.clone(),
        (_, None) => String::new(),
    }
}
