//! `services/started-twice`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::doctor::services::guardians::{Sources, blind, others};
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
            others.iter().filter(|one| one.starts).map(ToString::to_string).collect();
        if !who.is_empty() {
            answer.add(&job.label, format!("started by {} as well", who.join(" and by ")));
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
    use serde_json::json;
    crate::doctor::fixture::hub(&json!({ "services": {
        "ha": { "node": "hub", "ports": [8123], "command": ["/opt/ha/bin/ha"] },
    } }))
    .with_named("/opt/other.sh", Some(crate::doctor::fixture::file(0o755)), "#!/bin/sh\nexit 0\n")
    .with_plist(
        "/Library/LaunchAgents/old.ha.plist",
        "old.ha",
        "<key>ProgramArguments</key><array><string>/opt/ha/bin/ha</string></array>",
    )
}
