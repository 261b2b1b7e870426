//! `services/binary-newer`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::doctor::services::running::{ours, running, stale};
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
    let wanted = looked.wanted.as_ref().map_err(Clone::clone)?;
    let processes = looked.processes.as_ref().map_err(Clone::clone)?;

    let mut answer = Answer { looked_at: 0, ..Answer::of(processes) };
    for one in ours(wanted, processes) {
        let Some(Some(running)) = running(one).map(|seen| answer.see(seen)) else { continue };
        if running.now() != OnDiskNow::Same {
            continue;
        }
        match (one.started, one.older_than_its_file()) {
            (None, _) => answer.unseen.push(CouldNotCheck {
                subject: running.path.clone(),
                cause: format!("it is not known when process {} was started", one.pid),
            }),
            (Some(_), Some(_)) => {
                answer.add(&running.path, stale(one, running).unwrap_or_default());
            }
            (Some(_), None) => {}
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    use serde_json::json;
    crate::doctor::fixture::hub(&json!({ "services": {
        "ha": { "node": "hub", "ports": [8123], "command": ["/opt/ha/bin/ha"] },
    } }))
    .with_running("ha", "/opt/ha/bin/ha", 7, 7)
}

#[cfg(test)]
fn bad() -> Looked {
    let mut looked = good();
    looked.processes.as_mut().unwrap().all[0].started =
        Some(sanctum_types::UnixTime(1_699_999_000));
    looked
}
