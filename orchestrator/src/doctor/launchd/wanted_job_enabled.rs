//! `launchd/wanted-job-enabled`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/wanted-job-enabled",
    severity: Severity::Error,
    on: On::Macos,
    title: "no job that the house wants is disabled in launchd",
    why: "An override in launchd's database outlives the property list. A job that somebody once disabled \
          by hand is not loaded at boot, its file is right, and nothing says why it is absent; bootstrap \
          answers error 5.",
    fix: Fix::Run("sudo launchctl enable DOMAIN/LABEL, then sanctum apply"),
    needs: &[Need::Wanted, Need::Overrides],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let wanted = looked.wanted()?;
    let overrides = looked.overrides()?;
    let mut answer = Answer::over(wanted.jobs.len());
    for job in wanted.jobs.iter().filter(|job| job.implemented) {
        if overrides.of(job.label.as_str()).contains(&true) {
            answer.add(&job.label, "launchd was told that it is disabled");
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_override("system", "com.sanctum.bootstrap", false)
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_override("system", "com.sanctum.bootstrap", true)
}
