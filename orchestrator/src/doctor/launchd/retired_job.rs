//! `launchd/retired-job`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::instance::registry;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/retired-job",
    severity: Severity::Error,
    on: On::Macos,
    title: "nothing that is switched off in the registry is on disk or loaded",
    why: "Switching a service off in a file switches nothing off: its property list is loaded at the next \
          boot, and each of four guardians may start it again in the meantime. A stopped container came \
          back within 25 seconds, a retired service within a night.",
    fix: Fix::Run(
        "sanctum services retire NAME; it plans every job, port and guardian that could bring it back",
    ),
    needs: &[Need::Plists, Need::Loaded],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let plists = looked.plists()?;
    let mut answer = Answer::of(plists);
    for file in plists.iter().filter(|file| retired(looked, file.label())) {
        answer.add(&file.path, "its service is switched off, and this starts it at boot");
    }
    let Some(loaded) = answer.many(looked.loaded()) else { return Ok(answer) };
    for job in loaded.iter().filter(|job| retired(looked, &job.label)) {
        answer.add(
            &job.label,
            format!("its service is switched off, and it is loaded in {}", job.domain),
        );
    }
    Ok(answer)
}

/// Whether that is the label of a service that the registry has and has switched off.
pub(super) fn retired(looked: &Looked, label: &str) -> bool {
    let services = &looked.ground.instance.services;
    services
        .iter()
        .any(|(name, service)| !service.enabled && registry::job_label(name).as_str() == label)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::hub(&serde_json::json!({ "services": {
        "old-lab": { "node": "hub", "command": ["/opt/lab/bin/lab"], "enabled": false },
    } }))
    .with_daemon("proxy", "")
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::hub(&serde_json::json!({ "services": {
        "old-lab": { "node": "hub", "command": ["/opt/lab/bin/lab"], "enabled": false },
    } }))
    .with_daemon("old-lab", "")
}
