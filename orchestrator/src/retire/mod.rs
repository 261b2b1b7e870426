//! Plans how a service goes for good: everything that could bring it back or still speaks of it.
//!
//! The plan is data for people and programs: what refers to it, the exact lines of the instance file that go, and the
//! commands in order. Invariant: nothing is retired under a service that requires it. Deliberately absent: doing it;
//! `edit` knows the file's lines, and what was found on the machine comes in as [`Trace`]s.

mod edit;
mod refers;
#[cfg(test)]
mod tests;

pub use edit::Edit;
pub use refers::{Kind, Reference, mentions};

use crate::house::layout;
use crate::instance::{Instance, registry};
use sanctum_types::{NodeName, ServiceName};
use serde::Serialize;

/// Something on the machine that speaks of the service: a line of a job's file, a process that holds its port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Trace {
    /// Where: `/etc/cron.d/x:3`, `process 4711`.
    pub place: String,
    /// What it is, without the line's own text, which may hold a secret.
    pub what: String,
}

/// The plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retirement {
    /// Which service.
    pub service: ServiceName,
    /// Its node.
    pub node: NodeName,
    /// What belongs to it or speaks of it.
    pub references: Vec<Reference>,
    /// What on the machine could bring it back or speaks of it.
    pub traces: Vec<Trace>,
    /// Lines of the instance file.
    pub edits: Vec<Edit>,
    /// Commands, in order.
    pub commands: Vec<String>,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RetireError {
    /// The instance has no such service.
    #[error("the instance has no service `{service}`")]
    Unknown {
        /// Which.
        service: ServiceName,
    },
    /// Others stand on it.
    #[error("`{service}` cannot be retired: {} require{} it", names(by), if by.len() == 1 { "s" } else { "" })]
    Required {
        /// Which.
        service: ServiceName,
        /// Who requires it directly.
        by: Vec<ServiceName>,
    },
    /// The file's lines cannot be told apart.
    #[error("the entry of `{service}` in the instance file cannot be found by its lines")]
    NoLines {
        /// Which.
        service: ServiceName,
    },
}

fn names(all: &[ServiceName]) -> String {
    all.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Plans the retirement of a service.
///
/// # Errors
/// [`RetireError`] when it is unknown or required, a disabled dependant included.
pub fn plan(
    instance: &Instance,
    (path, text): (&str, &str),
    service: &ServiceName,
    traces: Vec<Trace>,
) -> Result<Retirement, RetireError> {
    let entry = instance
        .services
        .get(service)
        .ok_or_else(|| RetireError::Unknown { service: service.clone() })?;
    let requires = |one: &crate::instance::model::Service| one.requires.contains(service);
    let by: Vec<ServiceName> = instance
        .services
        .iter()
        .filter(|(_, one)| requires(one))
        .map(|(name, _)| name.clone())
        .collect();
    if !by.is_empty() {
        return Err(RetireError::Required { service: service.clone(), by });
    }
    let references = refers::references(instance, service, entry);
    let secrets = refers::own_secrets(instance, service, entry);
    let schedules = refers::own_schedules(instance, service, entry);
    let edits = edit::edits(path, text, service, &schedules, &secrets)
        .ok_or_else(|| RetireError::NoLines { service: service.clone() })?;
    let commands = commands(instance, path, service, entry, &traces);
    let node = entry.node.clone();
    Ok(Retirement { service: service.clone(), node, references, traces, edits, commands })
}

/// The order: what else could start it goes first, so that nothing brings it back between two steps.
fn commands(
    instance: &Instance,
    path: &str,
    service: &ServiceName,
    entry: &crate::instance::model::Service,
    traces: &[Trace],
) -> Vec<String> {
    let mut commands = Vec::new();
    for trace in traces {
        commands.push(format!("# look at {} first: {}", trace.place, trace.what));
    }
    commands.push(format!("# make the edits above in {path}"));
    commands.push(format!("sanctum config check --instance {path}"));
    commands.push(format!("sanctum plan --instance {path} --node {}", entry.node));
    commands.push(format!("sudo {} apply --instance {path}", layout::SANCTUM));
    let label = registry::job_label(service);
    for spec in &entry.ports {
        let (port, transport) = spec.get();
        let flag = if transport == crate::instance::model::Transport::Udp { "UDP" } else { "TCP" };
        commands.push(match registry::os_of(instance, &entry.node) {
            Some(crate::instance::model::Os::Linux) => {
                let flag = if flag == "UDP" { "-lnpu" } else { "-lnpt" };
                format!("ss {flag} sport = :{port}   # nothing may be left")
            }
            _ => format!("sudo lsof -nP -i{flag}:{port}   # nothing may be left"),
        });
    }
    commands.push(format!("sanctum drift --node {}   # {label} is gone", entry.node));
    commands
}
