//! `services/running-is-on-disk`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::doctor::services::running::{ours_running, stale};
use sanctum_host::processes::OnDiskNow;
use sanctum_types::CouldNotCheck;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "services/running-is-on-disk",
    severity: Severity::Error,
    on: On::Any,
    title: "a process of the house runs the file that is at its path",
    why: "A program that was replaced or deleted under its process goes on listening: one house was green for \
          25 hours on a binary that a build had deleted, and nobody got an answer.",
    fix: Fix::Edit(
        "restart the job of the process: sudo launchctl kickstart -k system/LABEL, or sudo systemctl restart \
        UNIT",
    ),
    needs: &[Need::Wanted, Need::Processes],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let wanted = looked.wanted()?;
    let processes = looked.processes()?;
    let mut answer = Answer::default().beside(processes);
    for (one, running) in ours_running(&mut answer, wanted, processes) {
        match running.now() {
            OnDiskNow::Replaced | OnDiskNow::Gone => {
                answer.add(&running.path, stale(one, running).unwrap_or_default());
            }
            OnDiskNow::CouldNotSee => answer.unseen.push(CouldNotCheck {
                subject: running.path.clone(),
                cause: "the file that runs could not be compared".to_owned(),
            }),
            OnDiskNow::Same => {}
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::ha("hub").with_running("ha", "/opt/ha/bin/ha", 7, 7)
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::ha("hub").with_running("ha", "/opt/ha/bin/ha", 7, 8)
}
