//! `services/port-owner`.

use crate::doctor::exposure::look::on;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Many, Need};
use crate::doctor::services::running::runs;
use crate::jobs::Job;
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
    let (wanted, listeners) = (looked.wanted()?, looked.listeners()?);
    let (processes, programs) = (looked.processes()?, looked.programs()?);
    let services = &looked.ground.instance.services;
    let own = |job: &&Job| services.get(&job.name).is_some_and(|one| one.command.is_some());
    let mut answer = Answer::default().beside(listeners).beside(processes);
    for job in wanted.jobs.iter().filter(own) {
        let Some(command) = job.command.first() else { continue };
        let program = programs.0.iter().find(|(path, _)| path.as_str() == command.as_str());
        let program = program.map(|(_, program)| program);
        // A program that nobody could look at cannot be known under another name.
        answer.unseen.extend(program.and_then(|one| one.there.as_ref().err()).cloned());
        let file = program.and_then(|program| program.file);
        for one in job.ports.iter().flat_map(|(port, transport)| on(listeners, *transport, *port)) {
            answer.looked_at += 1;
            let at = format!("{} {}", one.transport, one.at());
            match &one.owners {
                Owners::Seen(owners) => {
                    let is_stranger = |owner: &&Owner| !is_own(owner, command, file, processes);
                    for stranger in owners.iter().filter(is_stranger) {
                        let what = stranger.program.as_deref().unwrap_or(&stranger.name);
                        let held = format!("{at} is held by {what} ({})", stranger.pid);
                        answer.add(&job.name, format!("{held}, and its program is {command}"));
                    }
                }
                Owners::Nobody => {
                    answer.add(&job.name, format!("{at} is held by no process of this system"));
                }
                Owners::CouldNotSee => answer.unseen.push(CouldNotCheck {
                    subject: format!("the owner of {at}"),
                    cause: "only root sees processes of other accounts".to_owned(),
                }),
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
    crate::doctor::fixture::ha("hub")
        .with_program("/opt/ha/bin/ha", None)
        .with_listener("tcp 127.0.0.1:8123", "/opt/ha/bin/ha")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::ha("hub")
        .with_program("/opt/ha/bin/ha", None)
        .with_listener("tcp 0.0.0.0:8123", "/opt/lima/bin/forwarder")
}
