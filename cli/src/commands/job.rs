//! `sanctum job NAME`: what launchd and systemd start at the candidate times of a scheduled job.
//!
//! launchd knows only the Mac's own clock, so a job is started whenever the house's time could be meant, and
//! the gate decides here, on the house's clock, once for each scheduled moment.

use super::Context;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use crate::record::{self, Deed, Recorder};
use crate::session::Opened;
use crate::site::HERE;
use crate::verbs;
use sanctum_host::tree::Tree;
use sanctum_host::{clock, command, files};
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::jobs::{account, one_shot_verb, schedule};
use sanctum_types::{AbsPath, ServiceName, UnixTime};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A job that says nothing about its time may take as long as launchd gives it to end (jobs' ExitTimeOut).
const DEFAULT_TIMEOUT: u64 = 600;

/// Runs the job when it is due.
pub fn run(context: &Context, name: &str) -> Result<Exit, Failure> {
    let opened = Opened::read_approved(&context.common, context.out)?;
    let name = ServiceName::new(name).map_err(|error| Failure::new(Exit::Usage, error))?;
    let Some(entry) = opened.instance.schedules.get(&name) else {
        let known: Vec<&str> = opened.instance.schedules.keys().map(ServiceName::as_str).collect();
        return Err(Failure::new(Exit::Usage, format!("the instance schedules no job `{name}`"))
            .hint(format!("it schedules: {}", known.join(", "))));
    };
    let clockwork = schedule::Schedule::new(&entry.cron, &opened.instance.instance.timezone)?;
    let state = state_file(&name)?;
    let last = files::read_optional(&state, account::LAST_RUN_LIMIT)?
        .and_then(|bytes| account::read_last_run(&bytes));
    let now = clock::now();
    let gate = schedule::due(now, &clockwork, last);
    if gate != schedule::Gate::Run {
        let words = if gate == schedule::Gate::NotYet { "not due yet" } else { "already ran" };
        context
            .out
            .data(&serde_json::json!({ "format": 1, "job": name, "ran": false, "why": words }));
        context.out.line(Paint::Plain, &format!("{name}: {words}"));
        return Ok(Exit::Done);
    }
    let (program, args) = program(context, &entry.command)?;
    remembers(context, &name)?;
    let timeout = entry.exit_timeout.map_or(DEFAULT_TIMEOUT, u64::from);
    let env = BTreeMap::from([("SANCTUM_JOB", name.to_string())]);
    let timeout = Duration::from_secs(timeout);
    let options = command::Options { timeout, env, ..Default::default() };
    let recorder = recorder(context, &name);
    let deed = Deed::new("job.run", name.as_str())
        .with("program", entry.command.first().map_or("", String::as_str));
    record::during(context, recorder, &deed, |notes| {
        let output = command::run(&program, &args, options)?;
        if let Some(code) = output.status.code() {
            notes.insert("status".to_owned(), code.to_string());
        }
        let own = !entry.command.first().is_some_and(|word| word.starts_with('/'));
        finish(context, &name, (output, own), (&state, now))
    })
}

fn finish(
    context: &Context,
    name: &ServiceName,
    (output, own): (command::Output, bool),
    (state, now): (&Path, UnixTime),
) -> Result<Exit, Failure> {
    // What a job says goes to a log file that people and other programs read.
    let said = |bytes: &[u8]| sanctum_firewall::redact(&String::from_utf8_lossy(bytes)).text;
    let (stdout, stderr) = (said(&output.stdout), said(&output.stderr));
    if !context.out.json {
        context.out.raw(&stdout);
        context.out.remarks(&stderr);
    }
    // A verb of sanctum's that found something did its work, and told the journal itself.
    let found = own && output.status.code() == Some(i32::from(Exit::Differences.code()));
    let done = if found { Ok(output) } else { output.success() };
    done.map_err(|error| {
        Failure::failed(error)
            .with("job", name.as_str().into())
            .with("stdout", stdout.as_str().into())
            .with("stderr", stderr.as_str().into())
    })?;
    // Only a success serves the moment: a job that failed is owed until the next one.
    files::write_private(state, format!("{}\n", now.0).as_bytes())?;
    context.out.data(&serde_json::json!({
        "format": 1, "job": name, "ran": true, "found": found, "stdout": stdout, "stderr": stderr,
    }));
    let (paint, words) =
        if found { (Paint::Bad, "done, with findings") } else { (Paint::Good, "done") };
    context.out.line(paint, &format!("{name}: {words}"));
    Ok(Exit::Done)
}

/// Root's jobs are told of in root's store, others in the directory of their own state.
fn recorder(context: &Context, name: &ServiceName) -> Result<Recorder, Failure> {
    if context.around.euid == 0 {
        Recorder::of_account(&context.around)?.acting(&format!("job:{name}"))
    } else {
        Recorder::of_job(name.as_str(), &context.around)
    }
}

/// A job that could not remember that it ran would run again at every candidate time, so it does not run at all. Root's
/// directory is made here: systemd and launchd make those of jobs with an account of their own.
fn remembers(context: &Context, name: &ServiceName) -> Result<(), Failure> {
    let dir = PathBuf::from(account::state_dir(HERE, name)?.as_str());
    if context.around.euid == 0 {
        files::make_private_dir(&dir)?;
    }
    let file = AbsPath::new(format!("/{}", account::LAST_RUN))?;
    let may = Tree::open(&dir).and_then(|tree| tree.may_write(&file));
    may.map_err(|error| {
        Failure::failed(error)
            .hint("nobody would know that the job ran, so it does not")
            .hint("sanctum apply makes the directory where it is missing")
    })
}

fn state_file(name: &ServiceName) -> Result<PathBuf, Failure> {
    Ok(PathBuf::from(account::last_run_file(HERE, name)?.as_str()))
}

/// An absolute program as it is, or a verb of this binary when it implements it.
fn program<'w>(
    context: &Context,
    words: &'w [String],
) -> Result<(command::Program, Vec<&'w str>), Failure> {
    let first = words.first().map(String::as_str).unwrap_or_default();
    let all = || words.iter().map(String::as_str);
    if let Ok(path) = AbsPath::new(first) {
        return Ok((command::Program::new(path), all().skip(1).collect()));
    }
    if verbs::JOBS.contains(&one_shot_verb(words).as_str()) {
        // The binary that the job runs, which is the installed one.
        let own = context.around.exe.as_deref().and_then(Path::to_str).unwrap_or(layout::SANCTUM);
        return Ok((command::Program::new(AbsPath::new(own)?), all().collect()));
    }
    Err(Failure::refused(format!("`sanctum {first}` is not part of this version"))
        .hint(format!("this version implements: {}", verbs::JOBS.join(", ")))
        .hint(format!("an absolute command runs as it is, such as {}", layout::SANCTUM)))
}
