//! Long-lived children: each in a process group of its own, with a log file, ended by TERM and then KILL.
//!
//! Owns starting, seeing the end, and stopping a whole group. A child has the fixed environment of
//! [`crate::command`], standard input at its end, and `/` as directory; at euid 0 it runs as the account that it is
//! given, and only a program that root alone could have put there is started. Deliberately absent: when to do any of
//! it, which `sanctum_orchestrator::supervise` decides, and secrets, which no child gets on argv or in its environment.

#![expect(clippy::disallowed_methods, reason = "this crate is the one home of effects")]

pub mod control;
pub mod group;
pub mod qmp;

use crate::clock::Monotonic;
use crate::command::Program;
use crate::{HostError, accounts, trust};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// The PATH of every child, as in [`crate::command`].
const PATH: &str = "/usr/bin:/bin:/usr/sbin:/sbin";
/// A log of this size is moved aside at the next start; one older log is kept.
const LOG_LIMIT: u64 = 10 * 1024 * 1024;
/// Between two looks at a child that was told to end.
const POLL: Duration = Duration::from_millis(20);
/// SIGKILL cannot be refused; a child that is still there is stuck in the kernel.
const KILL_WAIT: Duration = Duration::from_secs(5);

/// What to start.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The program.
    pub program: Program,
    /// Its arguments.
    pub args: Vec<String>,
    /// Where its standard output and error go, one after the other.
    pub log: PathBuf,
    /// The account that it runs as; looked at only at euid 0, where it must exist.
    pub account: Option<String>,
}

/// Makes the directory of a supervisor's state file, socket and logs, for its owner alone.
pub fn make_state_dir(path: &std::path::Path) -> Result<(), HostError> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    let make = || -> std::io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path.join("logs"))?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
    };
    make().map_err(|source| HostError::Io {
        verb: "create",
        path: path.display().to_string(),
        source,
    })
}

/// Columns of the terminal that standard output is; none when it is none.
#[must_use]
pub fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With an exit status.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        // A status has one of the two (wait(2)).
        status.code().map_or_else(|| Self::Signal(status.signal().unwrap_or_default()), Self::Code)
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// How a child was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It had ended before.
    Already(Ended),
    /// It ended in time when it was asked to.
    Asked(Ended),
    /// It had to be killed.
    Killed,
}

/// A child that was started. Dropping it leaves it running; [`Running::stop`] ends it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    ended: Option<Ended>,
}

impl Running {
    /// Starts a child.
    ///
    /// # Errors
    /// Where the program is not to be trusted or does not start, its account does not exist, or the log cannot be
    /// written.
    pub fn start(spec: &Spec) -> Result<Self, HostError> {
        let path = spec.program.path().as_str();
        let failed = |source| HostError::Io { verb: "start", path: path.to_owned(), source };
        let mut command = Command::new(path);
        command
            .args(&spec.args)
            .env_clear()
            .env("PATH", PATH)
            .env("LC_ALL", "C")
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::null());
        if accounts::effective_uid() == 0 {
            trust::check_program(spec.program.path())?;
            // The standard library also clears the supplementary groups when root gives a user id.
            let account = account(spec)?;
            command.uid(account.0).gid(account.1);
        }
        let (out, err) = logs(spec)?;
        let child = command.stdout(out).stderr(err).spawn().map_err(failed)?;
        Ok(Self { child, ended: None })
    }

    /// Its process, which is also the number of its group.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, when it has.
    pub fn ended(&mut self) -> Option<Ended> {
        if self.ended.is_none() {
            // An error means that there is nothing to wait for, which only happens after an end.
            self.ended = self.child.try_wait().ok().flatten().map(Ended::from);
        }
        self.ended
    }

    /// Ends it and everything of its group: TERM, then KILL when the time is over.
    pub fn stop(&mut self, grace: Duration) -> Stopped {
        let pid = self.pid();
        if let Some(ended) = self.ended() {
            group::kill(pid);
            return Stopped::Already(ended);
        }
        group::terminate(pid);
        let asked = self.wait(grace);
        // Whatever it left behind in its group goes with it.
        group::kill(pid);
        if let Some(ended) = asked {
            return Stopped::Asked(ended);
        }
        self.wait(KILL_WAIT);
        Stopped::Killed
    }

    fn wait(&mut self, limit: Duration) -> Option<Ended> {
        let start = Monotonic::now();
        loop {
            if let Some(ended) = self.ended() {
                return Some(ended);
            }
            if start.elapsed() >= limit {
                return None;
            }
            std::thread::sleep(POLL);
        }
    }
}

fn account(spec: &Spec) -> Result<(u32, u32), HostError> {
    let missing = |name: &str| HostError::Io {
        verb: "find the account",
        path: name.to_owned(),
        source: std::io::ErrorKind::NotFound.into(),
    };
    let Some(name) = spec.account.as_deref() else { return Err(missing("of the service")) };
    let account = accounts::by_name(name)?.ok_or_else(|| missing(name))?;
    Ok((account.uid, account.gid))
}

/// The log twice, opened to append; only its owner reads it.
fn logs(spec: &Spec) -> Result<(Stdio, Stdio), HostError> {
    let path = &spec.log;
    let open = || -> std::io::Result<(Stdio, Stdio)> {
        if std::fs::symlink_metadata(path).is_ok_and(|facts| facts.len() > LOG_LIMIT) {
            std::fs::rename(path, path.with_extension("log.1"))?;
        }
        let file = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok((file.try_clone()?.into(), file.into()))
    };
    open().map_err(|source| HostError::Io {
        verb: "write",
        path: path.display().to_string(),
        source,
    })
}

#[cfg(test)]
mod tests;
