//! Ensure-verbs as data. Each is idempotent and names its target by type; raw argv is not among them.

use crate::observed::{DirState, FileState};
use sanctum_types::{AbsPath, AccountName, JobLabel};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing to make true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Op {
    /// A directory exists with this mode and owner.
    Dir {
        /// Where.
        path: AbsPath,
        /// Mode and owner.
        state: DirState,
    },
    /// A file exists with these bytes, mode and owner.
    File {
        /// Where.
        path: AbsPath,
        /// Bytes by digest, mode and owner.
        state: FileState,
    },
    /// Nothing is at the path. A directory is removed only when it is empty.
    Absent {
        /// Where.
        path: AbsPath,
    },
    /// The unit runs the definition that `from` holds now.
    Loaded {
        /// What runs.
        unit: Unit,
        /// The file that defines it.
        from: AbsPath,
    },
    /// The unit does not run.
    Unloaded {
        /// What must not run.
        unit: Unit,
    },
    /// A service account without login, and its group of the same name, exist.
    Account {
        /// Its name.
        name: AccountName,
    },
    /// The service account does not exist.
    NoAccount {
        /// Its name.
        name: AccountName,
    },
}

/// Something that the system holds in memory, loaded from a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "unit", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Unit {
    /// A job in launchd's `system` domain.
    LaunchdJob {
        /// Its label.
        label: JobLabel,
    },
    /// A pf anchor, such as `com.apple/sanctum`.
    PfAnchor {
        /// Its path below the main ruleset.
        name: String,
    },
    /// The ssh server, whose configuration is read again. It is never stopped: unloading one of our files
    /// means that the server reads its configuration without it.
    Sshd,
    /// A systemd unit, such as `sanctum-proxy.service`.
    SystemdUnit {
        /// Its name with suffix.
        name: String,
    },
    /// A table of nftables, such as `inet sanctum`.
    NftTable {
        /// `inet`, `ip` or `ip6`.
        family: String,
        /// Its name.
        name: String,
    },
}

impl Unit {
    /// Whether the unit must be told after its file is gone rather than before (see [`Unit::Sshd`]).
    #[must_use]
    pub const fn reloads_in_place(&self) -> bool {
        matches!(self, Self::Sshd)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LaunchdJob { label } => write!(f, "launchd:system/{label}"),
            Self::PfAnchor { name } => write!(f, "pf:{name}"),
            Self::Sshd => f.write_str("sshd"),
            Self::SystemdUnit { name } => write!(f, "systemd:{name}"),
            Self::NftTable { family, name } => write!(f, "nft:{family}/{name}"),
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dir { path, state } => {
                write!(f, "directory {path} {} {}", state.mode, state.owner)
            }
            Self::File { path, state } => {
                write!(f, "file {path} {} {} {}", state.blob.short(), state.mode, state.owner)
            }
            Self::Absent { path } => write!(f, "remove {path}"),
            Self::Loaded { unit, from } => write!(f, "load {unit} from {from}"),
            Self::Unloaded { unit } => write!(f, "unload {unit}"),
            Self::Account { name } => write!(f, "account {name}"),
            Self::NoAccount { name } => write!(f, "remove account {name}"),
        }
    }
}
