//! `jobs/schedule-served`.

use crate::doctor::jobs::look::owed;
use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "jobs/schedule-served",
    severity: Severity::Error,
    on: On::Any,
    title: "every scheduled job did its work at its last moment",
    why: "launchd dropped the timers of five jobs after a sleep, and nothing else changed: they were \
          loaded, their last status was 0, and they never ran again. Only the age of what a job leaves \
          behind shows that.",
    fix: Fix::Run(
        "sanctum job NAME, then look at its log; if it stays overdue, bootout and bootstrap it",
    ),
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
        if let Some(served) = last.served.filter(|served| *served < moment) {
            let late = looked.ground.now.0.saturating_sub(moment.0) / 3600;
            let words =
                format!("overdue for {late} h: it did its work last at Unix time {}", served.0);
            answer.add(&name, words);
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
    crate::doctor::jobs::look::with_run(Some(1_794_000_000))
}
