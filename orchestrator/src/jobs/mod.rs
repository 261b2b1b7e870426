//! What runs on a node: one list of jobs, before launchd or systemd is thought of.
//!
//! A job's program is an absolute path, its account its own unless root is justified, and it has no environment.
//! [`jobs`] derives the list from the house's own table, the service registry and the schedules. Deliberately
//! absent: the spelling of plists and units, and whether a job is loaded.

pub mod account;
pub mod cron;
pub mod derive;
#[cfg(test)]
pub(crate) mod fixture;
pub mod launchd;
pub mod lint;
pub mod on_calendar;
pub(crate) mod own;
pub mod schedule;
pub mod secret;
pub mod vault;
pub mod vm;

pub use derive::{jobs, jobs_judged, one_shot_verb, service_account};

use crate::instance::model::Transport;
use sanctum_types::{AbsPath, AccountName, JobLabel, NameError, PathError, ServiceName};

/// One thing that a node starts by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its short name, unique on the node.
    pub name: ServiceName,
    /// Its label: `com.sanctum.<name>`.
    pub label: JobLabel,
    /// The verb that its program must implement; none for programs that are not sanctum's.
    pub verb: Option<String>,
    /// Whether the installed binaries implement the verb: only then is the job loaded.
    pub implemented: bool,
    /// Program and arguments; the program is an absolute path.
    pub command: Vec<String>,
    /// When it starts.
    pub start: Start,
    /// Who it runs as.
    pub account: RunsAs,
    /// Ports that it listens on.
    pub ports: Vec<(u16, Transport)>,
    /// Jobs of this node that run first.
    pub requires: Vec<ServiceName>,
    /// Units of the system that start after it, where there is an order to ask for (systemd).
    pub before: Vec<String>,
    /// Units of the system whose work it has to do over: it starts after them and runs again with them (systemd).
    pub after: Vec<String>,
    /// Whether its sockets have a directory that is made before it starts (`layout::journal_run`).
    pub runtime_dir: bool,
    /// The group beside its own that may use the journal's socket, where it hands its events in.
    pub group: Option<AccountName>,
    /// Whether it writes in the home of its account, as a person's programs do.
    pub in_home: bool,
    /// Whether it has keys in memory: no core dump, and memory that it may lock.
    pub keeps_keys: bool,
    /// Whether it looks at processes of other accounts.
    pub sees_processes: bool,
    /// Capabilities that it keeps on Linux.
    pub capabilities: Vec<String>,
    /// Seconds that it is given to end after SIGTERM.
    pub exit_timeout: u32,
    /// Whether it answers people, and is not to be throttled.
    pub interactive: bool,
}

/// When a job starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// At boot, and again whenever it ends.
    Stays,
    /// Once at boot.
    Boot,
    /// By the house's clock.
    Clock(schedule::Schedule),
}

/// Who a job runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunsAs {
    /// Root, for a reason that the registry or the house's own table gives.
    Root,
    /// This account.
    Account(AccountName),
    /// Whoever is logged in at the screen; the owner's name, for its log directory.
    Session(AccountName),
}

/// Why the jobs of a node cannot be derived.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// A label or account name cannot be formed.
    #[error("job `{job}` has no usable name")]
    Name {
        /// The job.
        job: String,
        /// Which rule it breaks.
        #[source]
        source: NameError,
    },
    /// A path of a job cannot be formed.
    #[error("job `{job}` has no usable path")]
    Path {
        /// The job.
        job: String,
        /// Which rule it breaks.
        #[source]
        source: PathError,
    },
    /// Two jobs of a node have one name.
    #[error("two jobs of node `{node}` are called `{name}`")]
    Duplicate {
        /// The node.
        node: String,
        /// The name.
        name: ServiceName,
    },
    /// A service or schedule has the name of a job that is sanctum's alone.
    #[error("`{name}` is a job of sanctum's own: choose another name")]
    Reserved {
        /// The name.
        name: ServiceName,
    },
    /// A command is empty, or its program is not an absolute path.
    #[error("the program of job `{job}` is not an absolute path")]
    Program {
        /// The job.
        job: ServiceName,
    },
    /// An argument cannot stand in a plist or a unit.
    #[error("argument {number} of job `{job}` holds a character that no plist or unit can hold")]
    Argument {
        /// The job.
        job: ServiceName,
        /// Which argument, the program being 0; its text is not repeated.
        number: usize,
    },
    /// An argument looks like a secret; it is not repeated.
    #[error("argument {number} of job `{job}` is {what}: a job gets secrets by reference only")]
    Secret {
        /// The job.
        job: ServiceName,
        /// Which argument, the program being 0.
        number: usize,
        /// The kind of secret.
        what: String,
    },
    /// Root without a reason.
    #[error("job `{job}` runs as root: `run_as.reason` has to say why")]
    RootWithoutReason {
        /// The job.
        job: ServiceName,
    },
    /// A graphical session on Linux.
    #[error("job `{job}` wants a graphical session, which sanctum knows on macOS only")]
    SessionOnLinux {
        /// The job.
        job: ServiceName,
    },
    /// A schedule is not one.
    #[error("schedule `{job}` cannot be read")]
    Schedule {
        /// The job.
        job: ServiceName,
        /// Why.
        #[source]
        source: schedule::ScheduleError,
    },
    /// The virtual machine cannot be described.
    #[error("cannot render the virtual machine")]
    Vm(#[from] sanctum_vm::VmError),
    /// A virtual machine without its network.
    #[error("the house has a virtual machine but no `networks.vm`")]
    NoVmNetwork,
}

/// A path made of constants and validated names.
pub(crate) fn path(job: &ServiceName, text: String) -> Result<AbsPath, JobError> {
    AbsPath::new(text).map_err(|source| JobError::Path { job: job.to_string(), source })
}
