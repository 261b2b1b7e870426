//! `alerts/loop-looks`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use sanctum_types::Severity;

pub(super) static LINT: Lint = Lint {
    id: "alerts/loop-looks",
    severity: Severity::Error,
    on: On::Any,
    title: "the loop of alerts looked lately",
    why: "Houses break in silence: a watcher that had stopped two weeks before was found when somebody asked why \
          there had been no alert. Whatever watches has to be watched by something that does not depend on it.",
    fix: Fix::Run(
        "sudo launchctl kickstart -k system/com.sanctum.alerts, or sudo systemctl restart sanctum-alerts",
    ),
    needs: &[Need::Wanted, Need::Alerts],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

/// The name of the loop's job.
const JOB: &str = "alerts";

fn judge(looked: &Looked) -> Seen {
    let wanted = looked.wanted()?;
    let kept = looked.alerts()?;
    let job = wanted.jobs.iter().find(|job| job.name.as_str() == JOB && job.implemented);
    let Some(job) = job else { return Ok(Answer::default()) };
    let mut answer = Answer::over(1);
    let now = looked.ground.now;
    match &kept.watch {
        None => answer.add(&job.label, "it has never looked at this house"),
        Some(watch) if watch.is_late(now) => {
            let age = now.0.saturating_sub(watch.looked.0);
            answer.add(
                &job.label,
                format!("it looked {age} s ago, and should every {} s", watch.every),
            );
        }
        Some(_) => {}
    }
    Ok(answer)
}

/// A node whose loop looked that long ago.
#[cfg(test)]
fn looked_ago(seconds: i64) -> Looked {
    use crate::alerts::watch::Watch;
    let mut looked = crate::doctor::fixture::plain_barn();
    for job in &mut looked.wanted.as_mut().unwrap().jobs {
        job.implemented |= job.name.as_str() == JOB;
    }
    let then = looked.ground.now.plus(-seconds);
    looked.alerts.as_mut().unwrap().watch = Some(Watch::new(then, 30));
    looked
}

#[cfg(test)]
fn good() -> Looked {
    looked_ago(45)
}

#[cfg(test)]
fn bad() -> Looked {
    looked_ago(3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_never_looked_is_a_finding_where_it_has_a_job() {
        let mut looked = good();
        looked.alerts.as_mut().unwrap().watch = None;
        assert!(!judge(&looked).unwrap().found.is_empty());
        looked.wanted.as_mut().unwrap().jobs.retain(|job| job.name.as_str() != JOB);
        assert!(judge(&looked).unwrap().found.is_empty());
    }
}
