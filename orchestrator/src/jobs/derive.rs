//! From a house to the jobs of one node.
//!
//! The registry may say more about a service of sanctum's own (ports, account, another command, or that it is
//! off); it is then still one job. Jobs come out sorted by name.

use super::own::{self, Condition, OwnJob, Place, Run};
use super::schedule::Schedule;
use super::secret::{self, Firewall, SecretJudge};
use super::{Job, JobError, RunsAs, Start, account, vm};
use crate::house::{House, layout};
use crate::instance::Instance;
use crate::instance::model::{GuardMode, NodeType, Os, RunAs, Schedule as Entry, Service};
use crate::instance::registry;
use sanctum_types::ServiceName;
use std::collections::BTreeMap;

/// Seconds that a service gets to end: longer than launchd's own 20, so that a write is not cut off.
const SERVICE_EXIT: u32 = 30;
/// Seconds that a scheduled job gets to end: such jobs write state in several places.
const SCHEDULE_EXIT: u32 = 600;
/// The verb of `sanctum` that asks the gate and then does a scheduled job's work.
pub const GATE_VERB: &str = "job";

/// The jobs of the house's node; a secret among their arguments is refused.
pub fn jobs(house: &House<'_>) -> Result<Vec<Job>, JobError> {
    jobs_judged(house, &Firewall)
}

/// [`jobs`] with another judge of what is a secret.
pub fn jobs_judged(house: &House<'_>, judge: &dyn SecretJudge) -> Result<Vec<Job>, JobError> {
    let jobs = derive(house)?;
    jobs.iter().try_for_each(|job| secret::refuse(job, judge))?;
    Ok(jobs)
}

fn derive(house: &House<'_>) -> Result<Vec<Job>, JobError> {
    let mut jobs = BTreeMap::new();
    if house.node.kind == NodeType::Mobile {
        return Ok(Vec::new());
    }
    for row in own::table() {
        if let Some(job) = own_job(house, row)? {
            insert(&mut jobs, house, job)?;
        }
    }
    for (name, service) in &house.instance.services {
        let here = service.node == *house.name && service.enabled;
        if own::is_reserved(name) {
            return Err(JobError::Reserved { name: name.clone() });
        }
        let command = service.command.as_ref().filter(|_| here && own::row(name).is_none());
        if let Some(command) = command {
            insert(&mut jobs, house, service_job(house, name, service, command)?)?;
        }
    }
    for (name, entry) in &house.instance.schedules {
        if own::row(name).is_some() {
            return Err(JobError::Reserved { name: name.clone() });
        }
        if entry.node == *house.name {
            insert(&mut jobs, house, schedule_job(house, name, entry)?)?;
        }
    }
    let names: Vec<ServiceName> = jobs.keys().cloned().collect();
    for job in jobs.values_mut() {
        job.requires.retain(|required| names.contains(required));
    }
    Ok(jobs.into_values().collect())
}

fn insert(
    jobs: &mut BTreeMap<ServiceName, Job>,
    house: &House<'_>,
    job: Job,
) -> Result<(), JobError> {
    check_command(&job)?;
    let name = job.name.clone();
    match jobs.insert(name.clone(), job) {
        None => Ok(()),
        Some(_) => Err(JobError::Duplicate { node: house.name.to_string(), name }),
    }
}

/// An absolute program, and arguments of characters that XML 1.0 and a unit file can hold.
fn check_command(job: &Job) -> Result<(), JobError> {
    let absolute = |program: &String| sanctum_types::AbsPath::new(program.clone()).is_ok();
    if !job.command.first().is_some_and(absolute) {
        return Err(JobError::Program { job: job.name.clone() });
    }
    let odd = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    match job.command.iter().position(|argument| argument.chars().any(odd)) {
        Some(number) => Err(JobError::Argument { job: job.name.clone(), number }),
        None => Ok(()),
    }
}

fn own_job(house: &House<'_>, row: &OwnJob) -> Result<Option<Job>, JobError> {
    let service = house.instance.services.get(&row.name).filter(|_| row.is_service());
    let here = match (service, row.place) {
        (Some(service), _) => service.enabled && service.node == *house.name,
        (None, Place::Hub) => house.node.kind == NodeType::Hub,
        (None, Place::EveryNode) => true,
    };
    if !here || !row.suits(house.facts.os) || !wanted(house, row) {
        return Ok(None);
    }
    let mut job = match service {
        Some(service) => {
            let command = service.command.clone().unwrap_or_default();
            service_job(house, &row.name, service, &command)?
        }
        None => blank(&row.name),
    };
    if job.command.is_empty() {
        job.command = own_command(house, &row.run)?;
        job.verb = Some(row.verb.clone());
        job.implemented = house.facts.implemented.contains(&row.verb);
    }
    if row.root.is_some() {
        job.account = RunsAs::Root;
    }
    job.in_home = row.login;
    job.keeps_keys = row.keeps_keys;
    job.sees_processes = row.sees_processes;
    if row.login && service.is_none_or(|service| service.run_as.is_none() && !service.gui) {
        let login = registry::login_of(house.instance, house.node);
        job.account = RunsAs::Account(login.clone());
    }
    job.start = if row.stays { Start::Stays } else { Start::Boot };
    job.interactive = row.interactive;
    job.exit_timeout = row.exit_timeout.unwrap_or(SERVICE_EXIT);
    job.before.clone_from(&row.before);
    job.after.clone_from(&row.after);
    job.runtime_dir = row.runtime_dir;
    if row.appends() {
        let journal = vm::name(own::JOURNAL)?;
        let made = matches!(&job.account, RunsAs::Account(name) if account::is_made(name));
        job.group = made.then(|| account::own(&journal));
        if !job.requires.contains(&journal) {
            job.requires.push(journal);
        }
    }
    job.capabilities.clone_from(&row.capabilities);
    Ok(Some(job))
}

fn wanted(house: &House<'_>, row: &OwnJob) -> bool {
    match row.when {
        None => true,
        Some(Condition::Named) => house.instance.services.contains_key(&row.name),
        Some(Condition::Vm) => house.instance.vm.is_some(),
        Some(Condition::Sentinel) => house.instance.guards.sentinel != GuardMode::Off,
        Some(Condition::Proxy) => house.instance.guards.proxy != GuardMode::Off,
    }
}

fn own_command(house: &House<'_>, run: &Run) -> Result<Vec<String>, JobError> {
    let with = |program: &str, arguments: &[String]| {
        std::iter::once(program.to_owned()).chain(arguments.iter().cloned()).collect()
    };
    Ok(match run {
        Run::Sanctum(arguments) => with(layout::SANCTUM, arguments),
        Run::Sanctumd(service) => with(layout::SANCTUMD, &["--only".to_owned(), service.clone()]),
        Run::Program(command) => command.clone(),
        Run::Vmnet => {
            let Some(vm) = vm::of(house)? else { return Ok(Vec::new()) };
            with(layout::SOCKET_VMNET, &vm.network.socket_vmnet_arguments()?)
        }
        Run::Vm => {
            let Some(vm) = vm::of(house)? else { return Ok(Vec::new()) };
            vm.machine.command()?
        }
    })
}

fn blank(name: &ServiceName) -> Job {
    Job {
        name: name.clone(),
        label: registry::job_label(name),
        verb: None,
        implemented: true,
        command: Vec::new(),
        start: Start::Stays,
        account: RunsAs::Account(account::own(name)),
        ports: Vec::new(),
        requires: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
        runtime_dir: false,
        group: None,
        in_home: false,
        keeps_keys: false,
        sees_processes: false,
        capabilities: Vec::new(),
        exit_timeout: SERVICE_EXIT,
        interactive: false,
    }
}

fn service_job(
    house: &House<'_>,
    name: &ServiceName,
    service: &Service,
    command: &[String],
) -> Result<Job, JobError> {
    let mut job = blank(name);
    job.command = command.to_vec();
    job.verb = daemon_verb(command);
    job.implemented = job.verb.as_ref().is_none_or(|verb| house.facts.implemented.contains(verb));
    job.ports = service.ports.iter().map(|port| port.get()).collect();
    job.requires.clone_from(&service.requires);
    if service.gui && house.facts.os != Os::Macos {
        return Err(JobError::SessionOnLinux { job: name.clone() });
    }
    job.account = service_account(house.instance, name, service)?;
    Ok(job)
}

/// Who a service runs as: the owner's session, whom it names, or an account of its own.
///
/// # Errors
/// Root without a reason.
pub fn service_account(
    instance: &Instance,
    name: &ServiceName,
    service: &Service,
) -> Result<RunsAs, JobError> {
    match &service.run_as {
        _ if service.gui => Ok(RunsAs::Session(instance.users.owner.clone())),
        Some(run_as) => runs_as(name, run_as),
        None => Ok(RunsAs::Account(account::own(name))),
    }
}

/// `sanctumd --only X` is as good as the verb X; any other program implements itself.
pub(crate) fn daemon_verb(command: &[String]) -> Option<String> {
    match command {
        [program, only, verb, ..] if program == layout::SANCTUMD && only == "--only" => {
            Some(verb.clone())
        }
        _ => None,
    }
}

fn runs_as(name: &ServiceName, run_as: &RunAs) -> Result<RunsAs, JobError> {
    let reason = run_as.reason.as_ref().is_some_and(|reason| !reason.trim().is_empty());
    match (run_as.user.as_str(), reason) {
        ("root", true) => Ok(RunsAs::Root),
        ("root", false) => Err(JobError::RootWithoutReason { job: name.clone() }),
        _ => Ok(RunsAs::Account(run_as.user.clone())),
    }
}

fn schedule_job(house: &House<'_>, name: &ServiceName, entry: &Entry) -> Result<Job, JobError> {
    let zone = &house.instance.instance.timezone;
    let schedule = Schedule::new(&entry.cron, zone)
        .map_err(|source| JobError::Schedule { job: name.clone(), source })?;
    let mut job = blank(name);
    let own = entry.command.first().is_none_or(|program| !program.starts_with('/'));
    job.verb = own.then(|| one_shot_verb(&entry.command));
    let known = |verb: &str| house.facts.implemented.contains(verb);
    job.implemented = job.verb.as_deref().is_none_or(known);
    job.implemented &= known(GATE_VERB);
    job.command = vec![layout::SANCTUM.to_owned(), GATE_VERB.to_owned(), name.to_string()];
    job.start = Start::Clock(schedule);
    job.exit_timeout = entry.exit_timeout.unwrap_or(SCHEDULE_EXIT);
    job.account = match &entry.run_as {
        Some(run_as) => runs_as(name, run_as)?,
        None => RunsAs::Account(account::house()),
    };
    Ok(job)
}

/// `secret rotate gateway-token --if-older-than 85d` needs the verb `secret-rotate`.
#[must_use]
pub fn one_shot_verb(arguments: &[String]) -> String {
    let plain = |word: &&String| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let words = arguments.iter().take_while(|word| !word.starts_with('-')).take(2);
    words.take_while(plain).cloned().collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests;
