//! What goes into the planner and what comes out of it.

use super::Notice;
use sanctum_types::ServiceName;
use serde::{Deserialize, Serialize};

/// Milliseconds since the supervisor started, on a clock that nobody can set.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Moment(pub u64);

impl Moment {
    /// This moment and some milliseconds more.
    #[must_use]
    pub const fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds since an earlier moment; 0 when it is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// What a look was made with; each sees what the one before cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// The process exists: all that is known of a service without ports and without a probe.
    Alive,
    /// A port accepts.
    Tcp,
    /// A status.
    Http,
    /// The content.
    Contract,
    /// The work itself.
    EndToEnd,
}

impl Rung {
    /// The word of the instance file and of reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Tcp => "tcp",
            Self::Http => "http",
            Self::Contract => "contract",
            Self::EndToEnd => "end-to-end",
        }
    }
}

/// Who holds a port that is not theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Squatter {
    /// The port.
    pub port: u16,
    /// The process, where the system says.
    pub pid: Option<u32>,
    /// Its program, where the system says.
    pub exe: Option<String>,
}

impl std::fmt::Display for Squatter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "port {} is held by ", self.port)?;
        match (self.pid, &self.exe) {
            (Some(pid), Some(exe)) => write!(f, "{exe} (process {pid})"),
            (Some(pid), None) => write!(f, "process {pid}"),
            (None, _) => f.write_str("a process that this account may not see"),
        }
    }
}

/// What a look came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// As it should be.
    Green,
    /// Not as it should be.
    Red,
    /// It could not be looked at: neither good nor bad news.
    Unknown,
    /// Another process holds its port, whatever that answers.
    Foreign(Squatter),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// Only time has passed.
    Tick,
    /// A look that a command asked for.
    Probed {
        /// At which service.
        service: ServiceName,
        /// With what.
        rung: Rung,
        /// What came of it.
        seen: Seen,
        /// The same in words, without values of the body.
        saw: String,
    },
    /// The process was started.
    Started {
        /// Which service.
        service: ServiceName,
        /// Its process.
        pid: u32,
    },
    /// The process ended, or could not be started.
    Exited {
        /// Which service.
        service: ServiceName,
        /// How, in words.
        how: String,
    },
    /// It was not started: another process holds its port.
    Squatted {
        /// Which service.
        service: ServiceName,
        /// Who holds it.
        by: Squatter,
    },
    /// The process is gone because a command asked for it.
    Stopped {
        /// Which service.
        service: ServiceName,
    },
    /// The owner ends a quarantine.
    Released {
        /// Which service.
        service: ServiceName,
    },
    /// Everything is to end.
    Drain,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Stop what is left of it and start it, for the first time or after a release.
    Start(ServiceName),
    /// The same, as the operation of that id.
    Heal {
        /// Which service.
        service: ServiceName,
        /// Ties the end to the start.
        operation: String,
    },
    /// Look at it.
    Probe(ServiceName),
    /// Stop it.
    Stop(ServiceName),
    /// Tell it.
    Tell(Notice),
}
