//! `services/one-guardian`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::doctor::services::guardians::{Sources, blind, others};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "services/one-guardian",
    severity: Severity::Warn,
    on: On::Any,
    title: "nothing but its own job and sanctum restarts a service",
    why: "Four guardians brought a container back 25 seconds after it was stopped: a restart policy, a \
          registry, a healer and a doctor. Each meant well and none knew of the others; what is to stay down, \
          or to be healed in order, must have one.",
    fix: Fix::Edit(
        "take the restart out of the script or crontab that the finding names; sanctum restarts what fails, \
        in order and within a budget",
    ),
    needs: &[Need::Wanted, Need::Plists, Need::Named, Need::Keepers],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let wanted = looked.wanted.as_ref().map_err(Clone::clone)?;
    let plists = looked.plists.as_ref().map_err(Clone::clone)?;
    let named = looked.named.as_ref().map_err(Clone::clone)?;
    let keepers = looked.keepers.as_ref().map_err(Clone::clone)?;

    let sources = Sources { plists, named, keepers };
    let mut answer = Answer::over(wanted.jobs.len());
    answer.unseen = blind(sources);
    for job in &wanted.jobs {
        let others = others(job, sources);
        let who: Vec<String> =
            others.iter().filter(|one| !one.starts).map(ToString::to_string).collect();
        if !who.is_empty() {
            answer.add(&job.label, format!("restarted by {} as well", who.join(" and by ")));
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
    .with_named(
        "/opt/other.sh",
        Some(crate::doctor::fixture::file(0o755)),
        "#!/bin/sh\nexit 0\n",
    )
}

#[cfg(test)]
fn bad() -> Looked {
    let mut looked = good();
    let line = "*/5 * * * * root systemctl restart sanctum-ha.service\n";
    let entries = crate::doctor::services::look::read_crontab("/etc/crontab", line, true);
    looked.keepers.as_mut().unwrap().cron.all.extend(entries);
    looked
}
