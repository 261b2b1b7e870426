//! `launchd/orphaned-job`.

#[cfg(test)]
use crate::doctor::launchd::LoadedJob;
use crate::doctor::launchd::{OURS, retired_job::retired};
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/orphaned-job",
    severity: Severity::Error,
    on: On::Macos,
    title: "every job with a label of the house is one that the house wants",
    why: "A service was taken out of the registry and its property list stayed. The virtual machine that \
          it started came back at every boot for nineteen days, with two processors and four gigabytes, \
          and nothing that watched the registry could see it.",
    fix: Fix::Run(
        "sudo launchctl bootout system/LABEL, then remove its property list; or declare the service again",
    ),
    needs: &[Need::Wanted, Need::Plists, Need::Loaded],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let wanted = looked.wanted()?;
    let plists = looked.plists()?;
    let mut answer = Answer::of(plists);
    let known = |label: &str| {
        let job = wanted.jobs.iter().any(|job| job.label.as_str() == label);
        job || retired(looked, label)
    };
    for file in plists.iter().filter(|file| file.is_ours() && !known(file.label())) {
        answer.add(&file.path, "its job is in no registry");
    }
    let Some(loaded) = answer.many(looked.loaded()) else { return Ok(answer) };
    for job in loaded.iter().filter(|job| job.label.starts_with(OURS) && !known(&job.label)) {
        let on_disk = plists.iter().any(|file| file.label() == job.label);
        if !on_disk {
            answer.add(
                &job.label,
                format!("loaded in {} from no file and in no registry", job.domain),
            );
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub()
        .with_command("bootstrap", &["/opt/sanctum/bin/sanctumd"])
        .with_loaded(LoadedJob {
            label: "com.sanctum.bootstrap".to_owned(),
            ..LoadedJob::default()
        })
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_command("old-lab", &["/opt/sanctum/bin/sanctumd"])
}
