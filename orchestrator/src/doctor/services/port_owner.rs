//! `services/port-owner`.

use crate::doctor::exposure::look::on;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::Many;
use crate::doctor::looked::{Looked, Need};
use crate::doctor::services::running::runs;
use sanctum_host::processes::Process;
use sanctum_host::sockets::{Owner, Owners};
use sanctum_types::CouldNotCheck;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "services/port-owner",
    severity: Severity::Critical,
    on: On::Any,
    title: "a declared port is held by its service's own program",
    why: "An open port says that somebody is there. A forwarder of a virtual machine once took a port over \
          from the service that it belonged to; callers got refusals for four hours, the check failed open, \
          and every probe of the port was green.",
    fix: Fix::Edit(
        "end the program that the finding names (what started it shows with `ps -o ppid= -p PID`), then \
        restart the service",
    ),
    needs: &[Need::Wanted, Need::Listeners, Need::Processes, Need::Programs],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let wanted = looked.wanted.as_ref().map_err(Clone::clone)?;
    let listeners = looked.listeners.as_ref().map_err(Clone::clone)?;
    let processes = looked.processes.as_ref().map_err(Clone::clone)?;

    let programs = looked.programs.as_ref().map_err(Clone::clone)?;
    let mut answer = Answer { looked_at: 0, ..Answer::of(listeners) };
    for job in wanted.jobs.iter().filter(|job| {
        looked
            .ground
            .instance
            .services
            .get(&job.name)
            .is_some_and(|service| service.command.is_some())
    }) {
        let Some(program) = job.command.first() else { continue };
        let file = programs.0.iter().find(|(path, _)| path.as_str() == program.as_str());
        let file = file.and_then(|(_, program)| program.file);
        for (port, transport) in &job.ports {
            for one in on(listeners, *transport, *port) {
                answer.looked_at += 1;
                match &one.owners {
                    Owners::Seen(owners) => {
                        let strangers =
                            owners.iter().filter(|owner| !is_own(owner, program, file, processes));
                        for stranger in strangers {
                            let what = stranger.program.as_deref().unwrap_or(&stranger.name);
                            answer.add(
                                &job.name,
                                format!(
                                    "{} {} is held by {what} ({}), and its program is {program}",
                                    one.transport,
                                    one.at(),
                                    stranger.pid
                                ),
                            );
                        }
                    }
                    Owners::Nobody => answer.add(
                        &job.name,
                        format!(
                            "{} {} is held by no process of this system",
                            one.transport,
                            one.at()
                        ),
                    ),
                    Owners::CouldNotSee => answer.unseen.push(CouldNotCheck {
                        subject: format!("the owner of {} {}", one.transport, one.at()),
                        cause: "only root sees processes of other accounts".to_owned(),
                    }),
                }
            }
        }
    }
    Ok(answer)
}

/// By its path, by being the same file under another name, or by running the program as a script.
fn is_own(
    owner: &Owner,
    program: &str,
    file: Option<(u64, u64)>,
    processes: &Many<Process>,
) -> bool {
    if owner.program.as_deref() == Some(program) {
        return true;
    }
    let Some(process) = processes.iter().find(|one| one.pid == owner.pid) else { return false };
    let running = process.program.seen().and_then(|running| running.file);
    let same = running.zip(file).is_some_and(|(running, (device, inode))| {
        running.inode == inode && running.device.is_none_or(|theirs| theirs == device)
    });
    same || runs(process, |word| word == program)
}

#[cfg(test)]
fn good() -> Looked {
    use serde_json::json;
    crate::doctor::fixture::hub(&json!({ "services": {
        "ha": { "node": "hub", "ports": [8123], "command": ["/opt/ha/bin/ha"] },
    } }))
    .with_program("/opt/ha/bin/ha", None)
    .with_listener("tcp 127.0.0.1:8123", "/opt/ha/bin/ha")
}

#[cfg(test)]
fn bad() -> Looked {
    use serde_json::json;
    crate::doctor::fixture::hub(&json!({ "services": {
        "ha": { "node": "hub", "ports": [8123], "command": ["/opt/ha/bin/ha"] },
    } }))
    .with_program("/opt/ha/bin/ha", None)
    .with_listener("tcp 0.0.0.0:8123", "/opt/lima/bin/forwarder")
}
