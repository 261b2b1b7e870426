//! The house's own processes: those that run a program of one of its jobs, or anything of its own prefix.
//!
//! A script's process runs the interpreter, so its first arguments are looked at as well.

use crate::doctor::lint::Answer;
use crate::doctor::looked::{Many, Wanted};
use crate::house::layout;
use sanctum_host::processes::{Argv, OnDiskNow, Process, Running};
use sanctum_host::sight::Sight;
use sanctum_types::CouldNotCheck;
use std::collections::BTreeSet;

/// An interpreter and its options stand before the script.
const BEFORE_A_SCRIPT: usize = 4;

/// The house's own among all processes.
pub fn ours<'a>(
    wanted: &'a Wanted,
    processes: &'a Many<Process>,
) -> impl Iterator<Item = &'a Process> {
    let programs: BTreeSet<&str> =
        wanted.jobs.iter().filter_map(|job| job.command.first()).map(String::as_str).collect();
    processes.iter().filter(move |one| runs(one, |path| is_ours(path) || programs.contains(path)))
}

/// Below the prefix that only our own installer fills.
fn is_ours(path: &str) -> bool {
    path.strip_prefix(layout::PREFIX).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a process runs a program of which this is true, itself or as a script.
pub fn runs(process: &Process, is: impl Fn(&str) -> bool) -> bool {
    let itself = process.program.seen().is_some_and(|running| is(&running.path));
    let words = process.argv.seen().map(Argv::words).unwrap_or_default();
    itself || words.iter().take(BEFORE_A_SCRIPT).any(|word| is(word))
}

/// What it runs, or that it may not be seen; none for what runs nothing.
pub fn running(process: &Process) -> Option<Result<&Running, CouldNotCheck>> {
    match &process.program {
        Sight::Seen(running) => Some(Ok(running)),
        Sight::Absent => None,
        Sight::Denied => Some(Err(CouldNotCheck {
            subject: format!("{} ({})", process.name, process.pid),
            cause: "only root sees what it runs".to_owned(),
        })),
    }
}

/// The house's own processes with what each runs; those that may not be seen are told.
pub fn ours_running<'a>(
    answer: &mut Answer,
    wanted: &'a Wanted,
    processes: &'a Many<Process>,
) -> Vec<(&'a Process, &'a Running)> {
    let seen = |one: &'a Process| Some((one, answer.see(running(one)?)?));
    ours(wanted, processes).filter_map(seen).collect()
}

/// How a process differs from its program on disk, if it does.
#[must_use]
pub fn stale(process: &Process, running: &Running) -> Option<String> {
    let pid = process.pid;
    match running.now() {
        OnDiskNow::Replaced => {
            Some(format!("process {pid} runs an older file than the one that is there now"))
        }
        OnDiskNow::Gone => Some(format!("process {pid} runs a file that is not there any more")),
        OnDiskNow::Same | OnDiskNow::CouldNotSee => process.older_than_its_file().map(|seconds| {
            format!("process {pid} was started {seconds} s before its file was last changed")
        }),
    }
}

#[cfg(test)]
use crate::doctor::looked::Looked;

#[cfg(test)]
impl Looked {
    /// With process 400, which was started from the path when its inode was the first, and is the second now.
    pub(crate) fn with_running(mut self, name: &str, path: &str, ran: u64, now: u64) -> Self {
        use sanctum_host::processes::{FileId, OnDisk};
        use sanctum_types::UnixTime;
        let file = |inode| FileId { device: Some(1), inode };
        let on_disk = OnDisk { file: file(now), modified: UnixTime(1_700_000_000) };
        self.processes.as_mut().unwrap().all.push(Process {
            pid: 400,
            parent: 1,
            uid: 0,
            name: name.to_owned(),
            started: Some(UnixTime(1_700_000_100)),
            program: Sight::Seen(Running {
                path: path.to_owned(),
                file: Some(file(ran)),
                on_disk: Sight::Seen(on_disk),
            }),
            argv: Sight::Seen(Argv::new(vec![path.to_owned()])),
            unit: None,
        });
        self
    }

    /// With a program of a job, and why it cannot be trusted.
    pub(crate) fn with_program(mut self, path: &str, untrusted: Option<&str>) -> Self {
        let program = crate::doctor::services::Program {
            there: Ok(Some(crate::doctor::fixture::file(0o755))),
            file: Some((1, 7)),
            untrusted: Ok(untrusted.map(str::to_owned)),
        };
        let path = sanctum_types::AbsPath::new(path).unwrap();
        self.programs.as_mut().unwrap().0.insert(path, program);
        self
    }
}
