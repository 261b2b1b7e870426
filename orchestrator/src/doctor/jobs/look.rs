//! When scheduled jobs did their work the last time, and since when they could have.

use crate::doctor::eyes::{Eyes, nothing_runs};
use crate::doctor::looked::{Looked, Seen, unseen};
use crate::jobs::schedule::Schedule;
use crate::jobs::{Start, account};
use crate::render::systemd::unit_name;
use sanctum_types::{AbsPath, CouldNotCheck, ServiceName, UnixTime};
use std::collections::BTreeMap;

/// A moment that went by less than an hour ago may still be served: `sanctum job` is started at candidate times.
const GRACE: i64 = 3600;

/// By job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs(pub BTreeMap<ServiceName, Seen<LastRun>>);

/// What is known of one job's runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastRun {
    /// When it did its work the last time; none when it never did.
    pub served: Option<UnixTime>,
    /// Since when its file is as it is; none when it has none.
    pub since: Option<UnixTime>,
}

/// The state file of every scheduled job that this version implements.
pub fn runs(eyes: &Eyes<'_>) -> Seen<Runs> {
    let wanted = eyes.wanted()?;
    let mut all = BTreeMap::new();
    let timed = wanted.jobs.iter().filter(|job| job.implemented);
    for job in timed.filter(|job| matches!(job.start, Start::Clock(_))) {
        if !eyes.is_machine() {
            return Err(nothing_runs("last runs of schedules"));
        }
        let mut files = wanted.artefacts.iter().map(|artefact| &artefact.path);
        let file = files.find(|path| {
            let name = path.file_name();
            name == format!("{}.plist", job.label) || name == unit_name(&job.name, "timer")
        });
        all.insert(job.name.clone(), one(eyes, &job.name, file));
    }
    Ok(Runs(all))
}

fn one(eyes: &Eyes<'_>, name: &ServiceName, file: Option<&AbsPath>) -> Seen<LastRun> {
    let path =
        account::last_run_file(eyes.ground.facts.os, name).map_err(|error| unseen(name, &error))?;
    let served = match eyes.head(&path, account::LAST_RUN_LIMIT)? {
        None => None,
        Some(bytes) => Some(account::read_last_run(&bytes).ok_or_else(|| CouldNotCheck {
            subject: path.to_string(),
            cause: "it does not hold a Unix time".to_owned(),
        })?),
    };
    let since = match file {
        Some(file) => eyes.at(file)?.and_then(|there| there.modified),
        None => None,
    };
    Ok(LastRun { served, since })
}

/// The schedules of the node with the moment that each should have served by now and what is known of it.
pub(super) fn owed(looked: &Looked) -> Seen<Vec<(ServiceName, UnixTime, Seen<LastRun>)>> {
    let runs = looked.runs()?;
    let instance = &looked.ground.instance;
    let by = UnixTime(looked.ground.now.0.saturating_sub(GRACE));
    let mut all = Vec::new();
    for (name, last) in &runs.0 {
        let Some(entry) = instance.schedules.get(name) else { continue };
        let schedule = Schedule::new(&entry.cron, &instance.instance.timezone)
            .map_err(|error| unseen(name, &error))?;
        let since = last.as_ref().ok().and_then(|last| last.since);
        // A moment before the job was there is nobody's.
        if let Some(moment) =
            schedule.latest(by).filter(|moment| since.is_none_or(|at| at < *moment))
        {
            all.push((name.clone(), moment, last.clone()));
        } else {
            all.push((name.clone(), UnixTime(0), last.clone()));
        }
    }
    Ok(all)
}

/// A node with the schedule `scan`, every day at six, and when it did its work the last time.
#[cfg(test)]
pub(super) fn with_run(served: Option<i64>) -> Looked {
    let mut looked = crate::doctor::fixture::barn(&serde_json::json!({ "schedules": {
        "scan": { "node": "barn", "cron": "0 6 * * *", "command": ["/opt/scan/bin/scan"] },
    } }));
    let last = LastRun { served: served.map(UnixTime), since: Some(UnixTime(1_700_000_000)) };
    looked.runs.as_mut().unwrap().0.insert(ServiceName::new("scan").unwrap(), Ok(last));
    looked
}
