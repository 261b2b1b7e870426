//! Whether services without a TCP port run, for `sanctum status`: from files alone, so that it stays quick.
//!
//! `sanctum up` says it in its state file, and its word counts only while it and the process that it names live. systemd
//! says it in the control groups of its units. launchd says it to nobody who starts no child, so there it stays unknown.

use super::Context;
use super::up::{self, last_report, state_dir};
use crate::site::{HERE, Place};
use crate::verbs;
use sanctum_host::files;
use sanctum_host::processes::{self, Process};
use sanctum_host::sight::Sight;
use sanctum_orchestrator::doctor::vault::Stands;
use sanctum_orchestrator::doctor::vault::look::ask;
use sanctum_orchestrator::house::{Facts, House, facts};
use sanctum_orchestrator::instance::Instance;
use sanctum_orchestrator::instance::model::{Os, Service};
use sanctum_orchestrator::instance::registry::node_os;
use sanctum_orchestrator::jobs::jobs;
use sanctum_orchestrator::jobs::vault::Served;
use sanctum_orchestrator::status::gather::{Looked, Running};
use sanctum_orchestrator::supervise::{Row, UpReport};
use sanctum_types::{CouldNotCheck, NodeName, ServiceName, UnixTime, chain};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where systemd keeps its own state while it runs (sd_booted(3)).
const SYSTEMD: &str = "/run/systemd/system";
/// The hierarchies that systemd puts units into: the only one, the second of two, or a named one (cgroups(7)).
const GROUPS: [&str; 3] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"];
/// A number a line, and a service has some processes.
const LIMIT: u64 = 1024 * 1024;
/// Times of processes are known to a second, and kept by two clocks.
const CLOCKS: i64 = 2;

/// Every service of the node without a TCP port of which something can be said.
pub(super) fn look(
    context: &Context,
    instance: &Instance,
    node: &NodeName,
    services: impl Iterator<Item = ServiceName>,
) -> BTreeMap<ServiceName, Running> {
    let report = supervisor(context, node);
    let machine = Place::of(&context.common) == Place::Machine;
    let groups = groups().filter(|_| machine);
    services
        .filter_map(|name| {
            let row =
                report.as_ref().and_then(|report| Some((report, report.services.get(&name)?)));
            let running = match row {
                Some((report, row)) => by_report(report, row),
                None if !machine => return None,
                None => by_manager(&name, instance.services.get(&name)?, groups.as_deref()),
            };
            Some((name, running))
        })
        .collect()
}

/// How this node's vault answers at its socket.
pub(super) fn vault(instance: &Instance, node: &NodeName) -> Looked<Running> {
    let Some((name, declared)) = instance.nodes.get_key_value(node) else {
        return Looked::Unknown(format!("the instance has no node {node}"));
    };
    if node_os(declared) != HERE {
        return Looked::Off("nothing of another system runs here".to_owned());
    }
    let implemented = verbs::implemented().collect();
    let facts = Facts { implemented, ..facts::assumed(instance, declared) };
    let jobs = match jobs(&House { instance, name, node: declared, facts: &facts }) {
        Ok(jobs) => jobs,
        Err(error) => return Looked::Unknown(chain(&error)),
    };
    let Some(served) = Served::among(&jobs) else {
        return Looked::Off("the house has none here".to_owned());
    };
    Looked::Seen(answer(&served).unwrap_or_else(|unseen| Running::Unknown(unseen.cause)))
}

fn answer(served: &Served) -> Result<Running, CouldNotCheck> {
    let account = served.account()?;
    let socket = account.home.as_ref().and_then(|home| served.socket_in(home));
    let socket = socket.ok_or_else(|| CouldNotCheck {
        subject: served.account.clone(),
        cause: format!("the home of {} is not known", served.account),
    })?;
    Ok(match ask(&socket)? {
        Stands::Unsealed => Running::Yes("answers, and is open".to_owned()),
        Stands::Sealed => Running::No("sealed: sanctum vault unseal".to_owned()),
        Stands::Silent(why) => Running::No(format!("{why}: sanctum services why vault")),
    })
}

/// What a living supervisor of this node wrote.
fn supervisor(context: &Context, node: &NodeName) -> Option<UpReport> {
    let file = up::House::report_in(&state_dir(context).ok()?);
    let report = last_report(&file).ok()??;
    (report.node == *node && lives(report.pid, report.started)?).then_some(report)
}

/// Whether that process was there then and still is; none where only a child could tell.
fn lives(pid: u32, then: UnixTime) -> Option<bool> {
    if HERE != Os::Linux {
        return None;
    }
    let process = processes::of(pid).ok()?;
    // One that ended and that nobody has waited for runs nothing any more.
    let same = |one: &Process| one.started.is_none_or(|at| at <= then.plus(CLOCKS));
    Some(process.is_some_and(|one| same(&one) && one.program != Sight::Absent))
}

fn by_report(report: &UpReport, row: &Row) -> Running {
    let said = |words: &str| format!("sanctum up says {}: {words}", row.state);
    match (row.state.as_str(), row.pid) {
        ("up", Some(pid)) => match lives(pid, report.written) {
            Some(true) => Running::Yes(said(&format!("process {pid}"))),
            Some(false) => Running::No(said(&format!("process {pid} is gone"))),
            None => Running::Unknown(said("its process cannot be looked at")),
        },
        ("up" | "elsewhere" | "unknown" | "untried" | "starting" | "suspect" | "waiting", _) => {
            Running::Unknown(said("sanctum services looks"))
        }
        (_, _) => Running::No(said("sanctum services looks")),
    }
}

/// The folder with the groups of the system's units; none where systemd is not process 1.
fn groups() -> Option<PathBuf> {
    if !files::is_there(Path::new(SYSTEMD)) {
        return None;
    }
    let slices = GROUPS.iter().map(|base| Path::new(base).join("system.slice"));
    slices.into_iter().find(|path| files::is_there(path))
}

fn by_manager(name: &ServiceName, service: &Service, groups: Option<&Path>) -> Running {
    match (groups, HERE) {
        _ if service.command.is_none() => {
            Running::Unknown("nothing of the house starts it, and it has no TCP port".to_owned())
        }
        (Some(groups), Os::Linux) => in_group(groups, name),
        (None, Os::Linux) => {
            Running::Unknown("no systemd and no sanctum up that could say it".to_owned())
        }
        (_, Os::Macos) => {
            Running::Unknown("launchd says it to a child only: sanctum services".to_owned())
        }
    }
}

/// systemd removes a unit's group with its last process.
fn in_group(groups: &Path, name: &ServiceName) -> Running {
    let unit = format!("sanctum-{name}.service");
    match files::read_optional(&groups.join(&unit).join("cgroup.procs"), LIMIT) {
        Ok(Some(bytes)) if !bytes.trim_ascii().is_empty() => {
            Running::Yes(format!("systemd runs {unit}"))
        }
        Ok(_) => {
            Running::No(format!("systemd runs nothing of {unit}: sanctum services why {name}"))
        }
        Err(error) => Running::Unknown(chain(&error)),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a control group of a test is a folder")]
mod tests {
    use super::*;

    fn name() -> ServiceName {
        ServiceName::new("mail").unwrap()
    }

    #[test]
    fn a_group_with_a_process_runs_and_one_without_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let gone = "systemd runs nothing of sanctum-mail.service: sanctum services why mail";
        assert_eq!(in_group(dir.path(), &name()), Running::No(gone.to_owned()));
        let group = dir.path().join("sanctum-mail.service");
        std::fs::create_dir(&group).unwrap();
        for (text, expected) in [
            ("", Running::No(gone.to_owned())),
            ("123\n456\n", Running::Yes("systemd runs sanctum-mail.service".to_owned())),
        ] {
            std::fs::write(group.join("cgroup.procs"), text).unwrap();
            assert_eq!(in_group(dir.path(), &name()), expected, "{text:?}");
        }
    }
}
