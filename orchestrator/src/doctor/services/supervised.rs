//! `services/supervised`.

use crate::doctor::exposure::look::on;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::instance::model::Os;
use crate::jobs::Start;
use crate::render::systemd::unit_name;
use sanctum_host::processes::{Process, Table};
use sanctum_host::sockets::Owners;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "services/supervised",
    severity: Severity::Error,
    on: On::Any,
    title: "what holds a service's port was started by the service's job",
    why: "A service that somebody started by hand answers, and nobody restarts it when it ends: in one house \
          the main service was unsupervised for three days because its property list had been renamed during \
          an experiment.",
    fix: Fix::Edit(
        "end the process that the finding names and start the job: sudo launchctl kickstart system/LABEL, or \
        sudo systemctl restart UNIT",
    ),
    needs: &[Need::Wanted, Need::Listeners, Need::Processes, Need::Loaded],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let wanted = looked.wanted()?;
    let listeners = looked.listeners()?;
    let processes = looked.processes()?;
    let loaded = looked.loaded()?;
    let table = Table {
        processes: processes.iter().map(|one| (one.pid, one.clone())).collect(),
        complete: processes.unseen.is_empty(),
    };
    let mut answer = Answer::default().beside(listeners).beside(processes).beside(loaded);
    for job in wanted.jobs.iter().filter(|job| job.implemented && job.start == Start::Stays) {
        let unit = unit_name(&job.name, "service");
        let held =
            loaded.iter().find(|held| held.label == job.label.as_str()).and_then(|held| held.pid);
        let belongs = |one: &Process| match looked.os() {
            Os::Linux => one.unit.as_deref() == Some(unit.as_str()),
            Os::Macos => Some(one.pid) == held,
        };
        for one in job.ports.iter().flat_map(|(port, transport)| on(listeners, *transport, *port)) {
            let Owners::Seen(owners) = &one.owners else { continue };
            answer.looked_at += 1;
            let strangers = owners.iter().filter(|owner| !table.ancestry(owner.pid).any(belongs));
            for stranger in strangers {
                answer.add(
                    &job.label,
                    format!(
                        "process {} ({}) holds {} {} and is not of this job",
                        stranger.pid,
                        stranger.name,
                        one.transport,
                        one.at()
                    ),
                );
            }
        }
    }
    Ok(answer)
}

#[cfg(test)]
impl Looked {
    fn in_unit(mut self, unit: &str) -> Self {
        for one in &mut self.processes.as_mut().unwrap().all {
            one.unit = Some(unit.to_owned());
        }
        self
    }
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::ha("barn")
        .with_listener("tcp 127.0.0.1:8123", "/opt/ha/bin/ha")
        .with_running("ha", "/opt/ha/bin/ha", 7, 7)
        .in_unit("sanctum-ha.service")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::ha("barn")
        .with_listener("tcp 127.0.0.1:8123", "/opt/ha/bin/ha")
        .with_running("ha", "/opt/ha/bin/ha", 7, 7)
        .in_unit("user@501.service")
}
