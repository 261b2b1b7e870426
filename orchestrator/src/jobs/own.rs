//! The table of jobs that every house has, read from `launchagents/jobs.yaml`.

use crate::instance::model::Os;
use sanctum_types::ServiceName;
use serde::Deserialize;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../../../launchagents/jobs.yaml");

/// The row of the journal's service.
pub(crate) const JOURNAL: &str = "journal";

/// One row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnJob {
    pub(crate) name: ServiceName,
    pub(crate) verb: String,
    os: OwnOs,
    pub(crate) place: Place,
    #[serde(default)]
    pub(crate) when: Option<Condition>,
    pub(crate) run: Run,
    #[serde(default)]
    pub(crate) stays: bool,
    #[serde(default)]
    pub(crate) interactive: bool,
    #[serde(default)]
    pub(crate) exit_timeout: Option<u32>,
    #[serde(default)]
    pub(crate) root: Option<String>,
    #[serde(default)]
    pub(crate) login: bool,
    #[serde(default)]
    pub(crate) keeps_keys: bool,
    #[serde(default)]
    pub(crate) sees_processes: bool,
    #[serde(default)]
    pub(crate) before: Vec<String>,
    #[serde(default)]
    pub(crate) after: Vec<String>,
    #[serde(default)]
    pub(crate) runtime_dir: bool,
    #[serde(default)]
    pub(crate) capabilities: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OwnOs {
    Any,
    Macos,
    Linux,
}

/// Which nodes have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Place {
    Hub,
    EveryNode,
}

/// What the house must have or want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Condition {
    Vm,
    Sentinel,
    Proxy,
    Named,
}

/// What it runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Run {
    Vmnet,
    Vm,
    Sanctum(Vec<String>),
    Sanctumd(String),
    Program(Vec<String>),
}

impl OwnJob {
    /// Whether nodes of this system have it.
    pub(crate) fn suits(&self, os: Os) -> bool {
        match self.os {
            OwnOs::Any => true,
            OwnOs::Macos => os == Os::Macos,
            OwnOs::Linux => os == Os::Linux,
        }
    }

    /// Whether it hands its events to the journal's service, which then has to be there first.
    pub(crate) fn appends(&self) -> bool {
        self.is_service() && self.name.as_str() != JOURNAL
    }

    /// Whether the registry may say more about it: only what stays up for clients is a service.
    pub(crate) const fn is_service(&self) -> bool {
        matches!(self.run, Run::Sanctumd(_))
    }
}

/// The whole table.
pub(crate) fn table() -> &'static [OwnJob] {
    #[expect(clippy::expect_used, reason = "the text is part of this program; a test reads it")]
    static ROWS: LazyLock<Vec<OwnJob>> =
        LazyLock::new(|| serde_saphyr::from_str(TABLE).expect("the table of own jobs"));
    &ROWS
}

/// The row of this name: no schedule can have the name.
pub(crate) fn row(name: &ServiceName) -> Option<&'static OwnJob> {
    table().iter().find(|row| row.name == *name)
}

/// Whether neither a service nor a schedule can have the name.
pub(crate) fn is_reserved(name: &ServiceName) -> bool {
    row(name).is_some_and(|row| !row.is_service())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_reads() {
        let rows = table();
        let names: std::collections::BTreeSet<_> =
            rows.iter().map(|row| row.name.clone()).collect();
        assert_eq!(names.len(), rows.len());
        assert!(rows.iter().all(|row| row.root.as_ref().is_none_or(|reason| reason.len() > 10)));
    }
}
