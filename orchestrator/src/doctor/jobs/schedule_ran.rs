//! `jobs/schedule-ran`.

use crate::doctor::jobs::look::owed;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "jobs/schedule-ran",
    severity: Severity::Error,
    on: On::Any,
    title: "every scheduled job has done its work at least once",
    why: "A healer was found after months with a state file that had never existed: it had not fired once, \
          and its schedule, its property list and its place on the list of jobs were all in order.",
    fix: Fix::Run("sanctum job NAME, and read what it says"),
    needs: &[Need::Runs],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let mut answer = Answer::default();
    for (name, moment, last) in owed(looked)? {
        let Some(last) = answer.see(last) else { continue };
        if last.served.is_none() && moment.0 > 0 {
            answer.add(&name, "its moment went by, and it has never done its work");
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    crate::doctor::jobs::look::with_run(Some(1_795_300_000))
}

#[cfg(test)]
fn bad() -> Looked {
    crate::doctor::jobs::look::with_run(None)
}
