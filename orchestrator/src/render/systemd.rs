//! The jobs of a Linux node as systemd services and timers, for systemd 252 and later.
//!
//! Every unit says all it may do: nothing outside its own state directory is writable, no privilege is gained,
//! and no capability is kept that the job's table does not name. Absent on purpose: which jobs exist.

mod escape;

pub use escape::{EscapeError, exec_line};

use crate::house::{Artefact, House, Part, layout};
use crate::instance::model::Os;
use crate::jobs::on_calendar::on_calendar;
use crate::jobs::{Job, JobError, RunsAs, Start, account, jobs};
use sanctum_host::Unit;
use sanctum_types::{AbsPath, Mode, PathError, ServiceName};

/// Why there are no units.
#[derive(Debug, thiserror::Error)]
pub enum SystemdError {
    /// The jobs.
    #[error("cannot derive the jobs of this node")]
    Jobs(#[from] JobError),
    /// A command.
    #[error("cannot write the command of job `{job}`")]
    Command {
        /// The job.
        job: ServiceName,
        /// Why.
        #[source]
        source: EscapeError,
    },
    /// A path.
    #[error("job `{job}` has no usable path")]
    Path {
        /// The job.
        job: ServiceName,
        /// Why.
        #[source]
        source: PathError,
    },
}

/// Renders the jobs of a Linux node; nothing for a macOS node.
pub fn render(house: &House<'_>) -> Result<Vec<Artefact>, SystemdError> {
    if house.facts.os != Os::Linux {
        return Ok(Vec::new());
    }
    let mut artefacts = Vec::new();
    for job in &jobs(house)? {
        let service = artefact(job, "service", service(job)?)?;
        match &job.start {
            Start::Clock(schedule) => {
                artefacts.push(Artefact { unit: None, ..service });
                artefacts.push(artefact(job, "timer", timer(job, &on_calendar(schedule)))?);
            }
            Start::Stays | Start::Boot => artefacts.push(service),
        }
    }
    Ok(artefacts)
}

/// `sanctum-<name>.service` or `.timer`.
pub(crate) fn unit_name(job: &ServiceName, suffix: &str) -> String {
    format!("sanctum-{job}.{suffix}")
}

fn artefact(job: &Job, suffix: &str, text: String) -> Result<Artefact, SystemdError> {
    let name = unit_name(&job.name, suffix);
    let path = AbsPath::new(format!("{}/{name}", layout::SYSTEMD_UNITS))
        .map_err(|source| SystemdError::Path { job: job.name.clone(), source })?;
    Ok(Artefact {
        path,
        bytes: text.into_bytes(),
        mode: Mode::PUBLIC,
        owner: layout::root_owner(Os::Linux),
        unit: job.implemented.then_some(Unit::SystemdUnit { name }),
        lockout: false,
        part: Part::Systemd,
        // systemd makes the state directory, and logs go to the journal.
        dirs: Vec::new(),
        accounts: account::made(job),
    })
}

/// A unit file in the making: sections of `key=value` lines.
#[derive(Default)]
struct Text(String);

impl Text {
    fn section(&mut self, name: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0.push_str(&format!("[{name}]\n"));
    }

    fn set(&mut self, key: &str, value: &str) {
        self.0.push_str(&format!("{key}={value}\n"));
    }

    fn all(&mut self, lines: &[(&str, &str)]) {
        for (key, value) in lines {
            self.set(key, value);
        }
    }
}

fn service(job: &Job) -> Result<String, SystemdError> {
    let mut text = Text::default();
    text.section("Unit");
    text.set("Description", &format!("{} of the house", job.label));
    order(job, &mut text);
    text.section("Service");
    start(job, &mut text)?;
    confine(job, &mut text);
    match job.start {
        Start::Clock(_) => {}
        Start::Boot if early(job) => {
            text.section("Install");
            // A restart of what it follows starts it also where it has not run since boot, for then there is
            // nothing that PartOf would restart.
            let with =
                std::iter::once("sysinit.target").chain(job.after.iter().map(String::as_str));
            text.set("WantedBy", &with.collect::<Vec<_>>().join(" "));
        }
        Start::Boot | Start::Stays => {
            text.section("Install");
            text.set("WantedBy", "multi-user.target");
        }
    }
    Ok(text.0)
}

/// What must come before the network cannot wait for the targets that wait for the network.
fn early(job: &Job) -> bool {
    !job.before.is_empty()
}

fn order(job: &Job, text: &mut Text) {
    let required: Vec<String> =
        job.requires.iter().map(|name| unit_name(name, "service")).collect();
    if !required.is_empty() {
        text.set("Wants", &required.join(" "));
        text.set("After", &required.join(" "));
    }
    if early(job) {
        text.set("DefaultDependencies", "no");
        let after = std::iter::once("local-fs.target").chain(job.after.iter().map(String::as_str));
        text.set("After", &after.collect::<Vec<_>>().join(" "));
        if !job.after.is_empty() {
            text.set("PartOf", &job.after.join(" "));
            text.set("ReloadPropagatedFrom", &job.after.join(" "));
        }
        text.set("Before", &format!("shutdown.target {}", job.before.join(" ")));
        text.set("Conflicts", "shutdown.target");
        if job.before.iter().any(|unit| unit == "network-pre.target") {
            text.set("Wants", "network-pre.target");
        }
    } else if !job.after.is_empty() {
        // A target that wants a unit which is ordered after it is reached without it (systemd.target(5)).
        text.set("After", &job.after.join(" "));
    } else if !job.ports.is_empty() {
        text.set("After", "network.target");
    }
}

/// A oneshot unit may take for ever unless it says otherwise, and the network waits for these. Less would cut the
/// undo of a house in half: taking back 17 steps took 87 s on a busy emulated processor (`tests/boot`).
const BOOT_TIMEOUT: (&str, &str) = ("TimeoutStartSec", "300");

fn start(job: &Job, text: &mut Text) -> Result<(), SystemdError> {
    let line = exec_line(&job.command)
        .map_err(|source| SystemdError::Command { job: job.name.clone(), source })?;
    match job.start {
        // `exec` tells a program that cannot be started from one that ended.
        Start::Stays => text.all(&[("Type", "exec"), ("Restart", "always"), ("RestartSec", "10")]),
        Start::Boot => text.all(&[("Type", "oneshot"), ("RemainAfterExit", "yes"), BOOT_TIMEOUT]),
        Start::Clock(_) => text.set("Type", "oneshot"),
    }
    text.set("ExecStart", &line);
    if early(job) && !job.after.is_empty() {
        text.set("ExecReload", &line);
    }
    text.set("TimeoutStopSec", &job.exit_timeout.to_string());
    text.set("UMask", "0077");
    if let RunsAs::Account(account) = &job.account {
        text.set("User", account.as_str());
        if account::is_made(account) {
            text.set("Group", account.as_str());
        }
        if let Some(group) = &job.group {
            text.set("SupplementaryGroups", group.as_str());
        }
        text.set("StateDirectory", &format!("sanctum-{}", job.name));
        text.set("StateDirectoryMode", "0700");
    }
    if job.runtime_dir {
        // Below /run; others look into it, and only the account puts anything there.
        text.set("RuntimeDirectory", layout::journal_run(Os::Linux).trim_start_matches("/run/"));
        text.set("RuntimeDirectoryMode", "0755");
    }
    Ok(())
}

/// Holds for every job, root's too.
const ALWAYS: &[(&str, &str)] = &[
    ("NoNewPrivileges", "yes"),
    ("LockPersonality", "yes"),
    ("ProtectClock", "yes"),
    ("ProtectHostname", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectKernelModules", "yes"),
    ("RestrictNamespaces", "yes"),
    ("RestrictRealtime", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("SystemCallArchitectures", "native"),
];
/// Holds for every job that is not root with all its capabilities.
const CONFINED: &[(&str, &str)] =
    &[("PrivateDevices", "yes"), ("ProtectControlGroups", "yes"), ("ProtectKernelTunables", "yes")];
/// Holds for what has keys in memory; systemd's own limit of locked memory is 8 MiB, and all of it is locked or nothing.
const KEEPS_KEYS: &[(&str, &str)] = &[("LimitCORE", "0"), ("LimitMEMLOCK", "infinity")];
/// Ports below this one are bound with a capability (`net.ipv4.ip_unprivileged_port_start`).
const FIRST_UNPRIVILEGED_PORT: u16 = 1024;

fn confine(job: &Job, text: &mut Text) {
    text.all(ALWAYS);
    if job.keeps_keys {
        text.all(KEEPS_KEYS);
    }
    let whole_root = job.account == RunsAs::Root && job.capabilities.is_empty();
    if whole_root {
        return;
    }
    // `strict` makes homes unwritable too; `full` leaves them and keeps the system's own directories.
    text.set("ProtectSystem", if job.in_home { "full" } else { "strict" });
    text.all(CONFINED);
    text.set("ProtectProc", if job.sees_processes { "default" } else { "invisible" });
    // A person's own account is chosen for what is in its home.
    let person = matches!(&job.account, RunsAs::Account(account) if !account::is_made(account));
    text.set("ProtectHome", if person { "no" } else { "yes" });
    // The early jobs start before /tmp is set up.
    if !early(job) {
        text.set("PrivateTmp", "yes");
    }
    let low = job.ports.iter().any(|(port, _)| *port < FIRST_UNPRIVILEGED_PORT);
    let mut kept = job.capabilities.clone();
    if low {
        kept.push("CAP_NET_BIND_SERVICE".to_owned());
    }
    text.set("CapabilityBoundingSet", &kept.join(" "));
    if low {
        text.set("AmbientCapabilities", "CAP_NET_BIND_SERVICE");
    }
    let netlink = job.capabilities.iter().any(|kept| kept == "CAP_NET_ADMIN");
    let families = if netlink { "AF_UNIX AF_NETLINK" } else { "AF_UNIX AF_INET AF_INET6" };
    text.set("RestrictAddressFamilies", families);
}

fn timer(job: &Job, lines: &[String]) -> String {
    let mut text = Text::default();
    text.section("Unit");
    text.set("Description", &format!("{} by the house's clock", job.label));
    text.section("Timer");
    for line in lines {
        text.set("OnCalendar", line);
    }
    text.all(&[("Persistent", "true"), ("AccuracySec", "1s")]);
    text.section("Install");
    text.set("WantedBy", "timers.target");
    text.0
}

#[cfg(test)]
mod tests;
