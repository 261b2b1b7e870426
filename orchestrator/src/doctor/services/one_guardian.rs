//! `services/one-guardian`.

use crate::doctor::lint::{Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::doctor::services::guardians::judge_others;
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
        "take the restart out of the script or crontab that the finding names; sanctum up restarts what \
        fails, in order and within a budget",
    ),
    needs: &[Need::Wanted, Need::Plists, Need::Named, Need::Keepers],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    judge_others(looked, false, "restarted")
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::ha("hub").with_named(
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
