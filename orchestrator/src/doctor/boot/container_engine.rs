//! `boot/container-engine`.

use crate::doctor::boot::survival::engine;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::jobs::RunsAs;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "boot/container-engine",
    severity: Severity::Warn,
    on: On::Macos,
    title: "no daemon needs a container engine that only a session starts",
    why: "On a Mac a container engine is an application or a virtual machine that begins with a login. \
          Containers said `restart: always`, and after the reboot there was nobody to restart them: the \
          engine itself was not there.",
    fix: Fix::Edit(
        "run it in the house's own virtual machine, or declare it with `gui: true` and P2",
    ),
    needs: &[Need::Wanted],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let jobs = &looked.wanted()?.jobs;
    let mut answer = Answer::over(jobs.len());
    for job in jobs.iter().filter(|job| !matches!(job.account, RunsAs::Session(_))) {
        if let Some(program) = engine(looked.os(), &job.command) {
            answer.add(&job.label, format!("{program} has no engine before somebody logs in"));
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::hub(
        &serde_json::json!({ "services": { "store": { "node": "hub", "command": ["/usr/local/bin/docker", "start", "-a", "db"] } } }),
    )
}
