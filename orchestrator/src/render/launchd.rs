//! The jobs of a macOS node as LaunchDaemons, and as LaunchAgents where a graphical session is needed.
//!
//! Every job is rendered; only those whose verb the installed binary implements are loaded. Log and state
//! directories are planned with the job, because launchd answers error 5 where they are missing.

use crate::house::{Artefact, House, Part, layout};
use crate::instance::model::Os;
use crate::jobs::launchd::{KeepAlive, LaunchdJob, PlistError, ProcessType};
use crate::jobs::{Job, JobError, RunsAs, Start, account, jobs, lint, schedule};
use jiff::tz::TimeZone;
use sanctum_host::Unit;
use sanctum_types::{AbsPath, Mode, PathError};

/// Why there are no property lists.
#[derive(Debug, thiserror::Error)]
pub enum LaunchdError {
    /// The jobs.
    #[error("cannot derive the jobs of this node")]
    Jobs(#[from] JobError),
    /// The zone that the machine's clock shows.
    #[error("the machine's time zone cannot be used")]
    MachineZone(#[source] schedule::ScheduleError),
    /// One property list.
    #[error(transparent)]
    Plist(#[from] PlistError),
    /// A path.
    #[error("job `{label}` has no usable path")]
    Path {
        /// The job's label.
        label: String,
        /// Why.
        #[source]
        source: PathError,
    },
    /// What was rendered breaks a rule of launchd.
    #[error("the rendered jobs break {} rules of launchd, first: {}", .0.len(), first(.0))]
    Lint(Vec<lint::Lint>),
}

fn first(lints: &[lint::Lint]) -> String {
    lints.first().map(ToString::to_string).unwrap_or_default()
}

/// Renders the jobs of a macOS node; nothing for a Linux node.
pub fn render(house: &House<'_>) -> Result<Vec<Artefact>, LaunchdError> {
    if house.facts.os != Os::Macos {
        return Ok(Vec::new());
    }
    let zone = schedule::zone(&house.facts.timezone).map_err(LaunchdError::MachineZone)?;
    let jobs = jobs(house)?;
    let artefacts = jobs
        .iter()
        .map(|job| artefact(job, &zone))
        .collect::<Result<Vec<Artefact>, LaunchdError>>()?;
    let files: Vec<(&AbsPath, &[u8])> =
        artefacts.iter().map(|artefact| (&artefact.path, artefact.bytes.as_slice())).collect();
    let mut lints = lint::lint_all(&files);
    lints.extend(lint::lint_jobs(&jobs));
    if lints.is_empty() { Ok(artefacts) } else { Err(LaunchdError::Lint(lints)) }
}

fn artefact(job: &Job, zone: &TimeZone) -> Result<Artefact, LaunchdError> {
    let agent = matches!(job.account, RunsAs::Session(_));
    let folder = if agent { layout::LAUNCH_AGENTS } else { layout::LAUNCH_DAEMONS };
    let path = AbsPath::new(format!("{folder}/{}.plist", job.label))
        .map_err(|source| LaunchdError::Path { label: job.label.to_string(), source })?;
    let label = job.label.clone();
    Ok(Artefact {
        path,
        bytes: launchd_job(job, zone)?.to_plist()?,
        mode: Mode::PUBLIC,
        owner: layout::root_owner(Os::Macos),
        // An agent belongs to the session that loads it at its next login.
        unit: (job.implemented && !agent).then_some(Unit::LaunchdJob { label }),
        lockout: false,
        part: Part::Launchd,
        dirs: account::dirs(Os::Macos, job)?,
        accounts: account::made(job),
    })
}

/// A failing service is started again after this many seconds: longer than launchd's own 10, so that the log of
/// a night of failing stays readable.
const THROTTLE: u32 = 30;
/// Only the account itself reads what a job writes.
const UMASK: u32 = 0o077;
/// Open files of what serves many clients; launchd's own soft limit is 256.
const OPEN_FILES: u32 = 4096;
/// What a job that has keys in memory may lock of it; the same as systemd's units say.
const LOCKED: u32 = 67_108_864;

fn launchd_job(job: &Job, zone: &TimeZone) -> Result<LaunchdJob, LaunchdError> {
    let stays = job.start == Start::Stays;
    let log = |name: &str| {
        account::log_dir(&job.name)?
            .join(name)
            .map_err(|source| LaunchdError::Path { label: job.label.to_string(), source })
    };
    let (user_name, group_name) = match &job.account {
        // launchd knows one group of a job: that of the journal's socket where it has to be in it.
        RunsAs::Account(name) => {
            let own = account::is_made(name).then(|| name.clone());
            (Some(name.clone()), job.group.clone().or(own))
        }
        RunsAs::Root | RunsAs::Session(_) => (None, None),
    };
    Ok(LaunchdJob {
        label: job.label.clone(),
        program_arguments: job.command.clone(),
        run_at_load: !matches!(job.start, Start::Clock(_)),
        keep_alive: if stays { KeepAlive::Always } else { KeepAlive::No },
        fire: match &job.start {
            Start::Clock(schedule) => Some(schedule::fire(schedule, zone)),
            Start::Stays | Start::Boot => None,
        },
        throttle_interval: THROTTLE,
        exit_timeout: job.exit_timeout,
        umask: UMASK,
        user_name,
        group_name,
        standard_out: log("out.log")?,
        standard_error: log("err.log")?,
        process_type: match (&job.start, job.interactive) {
            (_, true) => ProcessType::Interactive,
            (Start::Clock(_), false) => ProcessType::Background,
            (Start::Stays | Start::Boot, false) => ProcessType::Standard,
        },
        session_type: matches!(job.account, RunsAs::Session(_)).then_some("Aqua"),
        open_files: (stays && (job.keeps_keys || !job.ports.is_empty())).then_some(OPEN_FILES),
        locked_memory: job.keeps_keys.then_some(LOCKED),
    })
}

#[cfg(test)]
mod tests;
