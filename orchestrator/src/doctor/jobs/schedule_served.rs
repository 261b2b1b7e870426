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
    with(Some(1_795_300_000))
}

#[cfg(test)]
fn bad() -> Looked {
    with(Some(1_794_000_000))
}

#[cfg(test)]
fn with(served: Option<i64>) -> Looked {
    use crate::doctor::jobs::LastRun;
    use sanctum_types::{ServiceName, UnixTime};
    let mut looked = crate::doctor::fixture::barn(&serde_json::json!({ "schedules": {
        "scan": { "node": "barn", "cron": "0 6 * * *", "command": ["/opt/scan/bin/scan"] },
    } }));
    let last = LastRun { served: served.map(UnixTime), since: Some(UnixTime(1_700_000_000)) };
    looked.runs.as_mut().unwrap().0.insert(ServiceName::new("scan").unwrap(), Ok(last));
    looked
}
