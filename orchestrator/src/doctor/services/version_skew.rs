//! `services/version-skew`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::house::layout;
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "services/version-skew",
    severity: Severity::Warn,
    on: On::Any,
    title: "installed and running binaries of sanctum are of one version",
    why: "Three installations of three versions gave one house answers that no version of the program gives. \
          The pair is installed together, and what runs was started from it.",
    fix: Fix::Run("sudo sanctum self install; then restart the jobs that the finding names"),
    needs: &[Need::Versions, Need::Processes],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let processes = looked.processes()?;
    let versions = looked.versions()?;
    let mut answer = Answer::over(1).beside(processes);
    match (&versions.sanctum, &versions.sanctumd) {
        (Some(one), Some(other)) if one != other => {
            answer.add(layout::PREFIX, format!("sanctum is {one} and sanctumd is {other}"));
        }
        (Some(_), None) => answer.add(layout::SANCTUMD, "it is not installed, and sanctum is"),
        (None, Some(_)) => answer.add(layout::SANCTUM, "it is not installed, and sanctumd is"),
        (Some(_), Some(_)) | (None, None) => {}
    }
    let here = env!("CARGO_PKG_VERSION");
    if let Some(installed) = versions.sanctum.as_deref().filter(|version| *version != here) {
        answer.add(layout::SANCTUM, format!("{installed} is installed, and this is {here}"));
    }
    for one in processes.iter().filter(|one| one.name == "sanctumd") {
        let Some(running) = one.program.seen() else { continue };
        let same = running.file.zip(versions.daemon).is_some_and(|(ours, its)| ours.is(its));
        if !same && running.path != layout::SANCTUMD {
            answer.add(
                &running.path,
                format!("process {} is a sanctumd that is not the installed one", one.pid),
            );
        }
    }
    Ok(answer)
}

#[cfg(test)]
impl Looked {
    fn with_versions(mut self, sanctumd: &str) -> Self {
        self.versions = Ok(crate::doctor::services::Versions {
            sanctum: Some(env!("CARGO_PKG_VERSION").to_owned()),
            sanctumd: Some(sanctumd.to_owned()),
            daemon: Some(sanctum_host::processes::FileId { device: Some(1), inode: 7 }),
        });
        self
    }
}

/// `self install` keeps each version at a path of its own, and `bin` is a link to one.
#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_versions(env!("CARGO_PKG_VERSION")).with_running(
        "sanctumd",
        "/opt/sanctum/versions/0.1.0-0123/sanctumd",
        7,
        7,
    )
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_versions("0.0.9")
}
