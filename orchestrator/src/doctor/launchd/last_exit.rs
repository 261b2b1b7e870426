//! `launchd/last-exit`.

#[cfg(test)]
use crate::doctor::launchd::LoadedJob;
use crate::doctor::launchd::{LastExit, OURS};
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/last-exit",
    severity: Severity::Warn,
    on: On::Macos,
    title: "no job of the house ended badly the last time",
    why: "launchd keeps the last status of every job and tells nobody. A weekly restart ended with status \
          5 for weeks, and the service that it was to restart ran unsupervised for three days.",
    fix: Fix::Run("sudo launchctl print DOMAIN/LABEL, then its log below /var/log/sanctum"),
    needs: &[Need::Loaded],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let loaded = looked.loaded()?;
    let mut answer = Answer::of(loaded);
    for job in loaded.iter().filter(|job| job.label.starts_with(OURS)) {
        match &job.last_exit {
            Some(LastExit::Code(code)) if *code != 0 => {
                let runs =
                    job.runs.map(|runs| format!(", started {runs} times")).unwrap_or_default();
                answer.add(&job.label, format!("it ended with status {code}{runs}"));
            }
            // launchd stops a job by SIGTERM, which is no failure of its own.
            Some(LastExit::Signal(signal)) if !signal.ends_with(": 15") => {
                answer.add(&job.label, format!("it was ended by a signal: {signal}"));
            }
            Some(LastExit::Code(_) | LastExit::Signal(_) | LastExit::Never) | None => {}
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_loaded(LoadedJob {
        label: "com.sanctum.proxy".to_owned(),
        last_exit: Some(LastExit::Signal("Terminated: 15".to_owned())),
        ..LoadedJob::default()
    })
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_loaded(LoadedJob {
        label: "com.sanctum.proxy".to_owned(),
        last_exit: Some(LastExit::Code(5)),
        ..LoadedJob::default()
    })
}
