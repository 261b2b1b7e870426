//! `services/binary-newer`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::doctor::services::running::{ours_running, stale};
use sanctum_host::processes::OnDiskNow;
use sanctum_types::CouldNotCheck;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "services/binary-newer",
    severity: Severity::Warn,
    on: On::Any,
    title: "a process of the house is younger than its program",
    why: "A fix that was installed and not started is not there: merged repairs were without effect for up to \
          30 hours in one house, because nobody had restarted what they were in.",
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
        if running.now() != OnDiskNow::Same {
            continue;
        }
        match (one.started, stale(one, running)) {
            (None, _) => answer.unseen.push(CouldNotCheck {
                subject: running.path.clone(),
                cause: format!("it is not known when process {} was started", one.pid),
            }),
            (Some(_), Some(message)) => answer.add(&running.path, message),
            (Some(_), None) => {}
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
    let mut looked = good();
    looked.processes.as_mut().unwrap().all[0].started =
        Some(sanctum_types::UnixTime(1_699_999_000));
    looked
}
