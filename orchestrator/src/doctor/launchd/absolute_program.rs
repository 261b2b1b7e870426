//! `launchd/absolute-program`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "launchd/absolute-program",
    severity: Severity::Error,
    on: On::Macos,
    title: "every job names its program from `/` on",
    why: "launchd expands neither `~` nor variables, starts in `/`, and looks a bare name up in a PATH \
          that is not the one of a terminal. The job that worked when it was typed ends with status 78 or \
          127 as a job, and its log stays empty.",
    fix: Fix::Edit("write the whole path of the program and of every file that it is given"),
    needs: &[Need::Plists],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let plists = looked.plists()?;
    let mut answer = Answer::of(plists);
    for file in plists.iter().filter(|file| file.read.is_ok()) {
        match file.command().first() {
            None if file.get("BundleProgram").is_none() => {
                answer.add(&file.path, "it has no program");
            }
            Some(program) if !program.starts_with('/') => {
                answer.add(&file.path, format!("its program is `{program}`"));
            }
            _ => {}
        }
        for place in file.places().into_iter().filter(|place| place.starts_with("~/")) {
            answer.add(&file.path, format!("`{place}`: launchd does not expand `~`"));
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::fixture::plain_hub().with_command("proxy", &["/opt/sanctum/bin/sanctumd"])
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::fixture::plain_hub().with_command("proxy", &["node", "~/agent/main.js"])
}
