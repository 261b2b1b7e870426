//! `launchd/agent-needs-session`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::instance::model::Criticality;
use crate::jobs::RunsAs;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/agent-needs-session",
    severity: Severity::Error,
    on: On::Macos,
    title: "what the house cannot do without is a daemon, not an agent",
    why: "An agent lives in somebody's graphical session. After a power cut nobody logs in, and everything that was \
          an agent is absent until somebody does: one house was without 94 jobs, its P0 services among them, for as \
          long as its owner's flight took.",
    fix: Fix::Edit(
        "take `gui: true` off the service in the instance file, or lower its criticality; then sanctum apply",
    ),
    needs: &[Need::Wanted],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let wanted = looked.wanted()?;
    let mut answer = Answer::over(wanted.jobs.len());
    for job in &wanted.jobs {
        let service = looked.ground.instance.services.get(&job.name);
        let level = service.map(|service| service.criticality).unwrap_or_default();
        if matches!(job.account, RunsAs::Session(_)) && level != Criticality::P2 {
            let message = format!("criticality {level:?}, and it ends when its owner logs out");
            answer.add(&job.label, message);
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    use serde_json::json;
    crate::doctor::fixture::hub(&json!({ "services": {
        "player": { "node": "hub", "command": ["/opt/player/bin/player"], "gui": true },
        "bridge": { "node": "hub", "command": ["/opt/bridge/bin/bridge"], "criticality": "P0" },
    } }))
}

#[cfg(test)]
fn bad() -> Looked {
    use serde_json::json;
    crate::doctor::fixture::hub(&json!({ "services": {
        "bridge": { "node": "hub", "command": ["/opt/bridge/bin/bridge"], "gui": true, "criticality": "P0" },
    } }))
}
