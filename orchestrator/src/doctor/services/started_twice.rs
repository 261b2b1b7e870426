//! `services/started-twice`.

use crate::doctor::lint::{Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::doctor::services::guardians::judge_others;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "services/started-twice",
    severity: Severity::Error,
    on: On::Any,
    title: "a service is started by its own job and by nothing else",
    why: "Two starters race for one port at every boot, and the loser ends and is started again every ten \
          seconds, or the wrong one wins with old settings: one port was squatted so for a day, with an answer \
          that had been true the day before.",
    fix: Fix::Edit(
        "retire the other starter that the finding names: boot it out or disable it, and take its file away \
        in the same step",
    ),
    needs: &[Need::Wanted, Need::Plists, Need::Named, Need::Keepers],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    judge_others(looked, true, "started")
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
    crate::doctor::fixture::ha("hub")
        .with_named(
            "/opt/other.sh",
            Some(crate::doctor::fixture::file(0o755)),
            "#!/bin/sh\nexit 0\n",
        )
        .with_plist(
            "/Library/LaunchAgents/old.ha.plist",
            "old.ha",
            "<key>ProgramArguments</key><array><string>/opt/ha/bin/ha</string></array>",
        )
}
