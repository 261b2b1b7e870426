//! What a host saw: the pre-image of a plan, keyed and sorted.

use crate::op::Unit;
use sanctum_types::{AbsPath, AccountName, Digest, Mode, Owner};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A regular file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileState {
    /// Digest of its bytes.
    pub blob: Digest,
    /// Permission bits.
    pub mode: Mode,
    /// Owner by name.
    pub owner: Owner,
}

/// A directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirState {
    /// Permission bits.
    pub mode: Mode,
    /// Owner by name.
    pub owner: Owner,
}

/// What runs of a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadedState {
    /// The file it was loaded from, where that is known.
    pub from: Option<AbsPath>,
    /// Digest of the definition that runs; none when the system cannot tell which definition it holds.
    pub blob: Option<Digest>,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum PathState {
    /// Nothing.
    Absent,
    /// A directory.
    Dir(DirState),
    /// A regular file.
    File(FileState),
}

/// Everything in the scope, as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Directories that exist.
    pub dirs: BTreeMap<AbsPath, DirState>,
    /// Files that exist.
    pub files: BTreeMap<AbsPath, FileState>,
    /// Units that run.
    #[serde(with = "units")]
    pub loaded: BTreeMap<Unit, LoadedState>,
    /// Service accounts that exist.
    pub accounts: BTreeSet<AccountName>,
}

impl Observed {
    /// What was seen at the path.
    #[must_use]
    pub fn at(&self, path: &AbsPath) -> PathState {
        match (self.files.get(path), self.dirs.get(path)) {
            (Some(file), _) => PathState::File(file.clone()),
            (None, Some(dir)) => PathState::Dir(dir.clone()),
            (None, None) => PathState::Absent,
        }
    }
}

/// JSON keys are strings, units are not: written as a list of pairs.
mod units {
    use super::{BTreeMap, LoadedState, Unit};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        map: &BTreeMap<Unit, LoadedState>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map.iter())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Unit, LoadedState>, D::Error> {
        Ok(Vec::<(Unit, LoadedState)>::deserialize(deserializer)?.into_iter().collect())
    }
}
