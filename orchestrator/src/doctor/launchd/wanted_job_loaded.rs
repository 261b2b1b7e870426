//! `launchd/wanted-job-loaded`.

#[cfg(test)]
use crate::doctor::launchd::LoadedJob;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::jobs::RunsAs;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/wanted-job-loaded",
    severity: Severity::Error,
    on: On::Macos,
    title: "every job that the house wants is loaded",
    why: "The property list of a main service was renamed during an experiment and never back. The service \
          ran on for three days, from a shell, supervised by nobody, and was gone at the first crash.",
    fix: Fix::Apply,
    needs: &[Need::Wanted, Need::Loaded],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let wanted = looked.wanted()?;
    let loaded = looked.loaded()?;
    let mut answer = Answer::over(wanted.jobs.len()).beside(loaded);
    for job in wanted.jobs.iter().filter(|job| job.implemented) {
        // An agent is in the owner's domain only while the owner is logged in.
        let agent = matches!(job.account, RunsAs::Session(_));
        if !agent && !loaded.iter().any(|held| held.label == job.label.as_str()) {
            answer.add(&job.label, "launchd does not know it");
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    let looked = crate::doctor::fixture::plain_hub();
    let labels: Vec<String> =
        looked.wanted().unwrap().jobs.iter().map(|job| job.label.to_string()).collect();
    labels.into_iter().fold(looked, |looked, label| {
        looked.with_loaded(LoadedJob { label, ..LoadedJob::default() })
    })
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub()
}
