//! The wanted state of one node: artefacts, normalised and sorted, with their bytes in [`Blobs`].

use crate::house::{Artefact, Part};
use sanctum_host::{Blobs, DirState, FileState, Scope, Unit};
use sanctum_types::{AbsPath, AccountName, Mode, Owner};
use std::collections::{BTreeMap, BTreeSet};

/// Why artefacts do not make one wanted state.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum WantError {
    /// Two artefacts want different things at one path.
    #[error("two artefacts want different things at {0}")]
    Path(AbsPath),
    /// Two files want to be the definition of one unit.
    #[error("{unit} is wanted from both {first} and {second}")]
    Unit {
        /// The unit.
        unit: Unit,
        /// The first file.
        first: AbsPath,
        /// The second file.
        second: AbsPath,
    },
    /// A path is wanted both as a file and as a directory.
    #[error("{0} is wanted both as a file and as a directory")]
    Kind(AbsPath),
}

/// A wanted file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantFile {
    /// Bytes, mode and owner.
    pub state: FileState,
    /// What is loaded from it.
    pub unit: Option<Unit>,
    /// Whether a mistake in it can lock the owner out.
    pub lockout: bool,
    /// The part of the house it belongs to.
    pub part: Part,
}

/// A wanted directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantDir {
    /// Mode and owner.
    pub state: DirState,
    /// Whether an existing directory must get this mode and owner. A parent that is only on the way to a file
    /// is created when it is missing and otherwise left as it is.
    pub exact: bool,
}

/// Everything that one node should have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Want {
    /// Directories, parents before children.
    pub dirs: BTreeMap<AbsPath, WantDir>,
    /// Files.
    pub files: BTreeMap<AbsPath, WantFile>,
    /// Service accounts.
    pub accounts: BTreeSet<AccountName>,
}

impl Want {
    /// Joins artefacts; `parent_owner` owns parents that no artefact declares.
    pub fn from_artefacts(
        artefacts: Vec<Artefact>,
        parent_owner: &Owner,
        blobs: &mut Blobs,
    ) -> Result<Self, WantError> {
        let mut want = Self::default();
        let mut units: BTreeMap<Unit, AbsPath> = BTreeMap::new();
        for artefact in artefacts {
            if let Some(unit) = &artefact.unit
                && let Some(first) = units.insert(unit.clone(), artefact.path.clone())
                && first != artefact.path
            {
                return Err(WantError::Unit { unit: unit.clone(), first, second: artefact.path });
            }
            want.add(artefact, blobs)?;
        }
        want.imply_parents(parent_owner);
        match want.files.keys().find(|path| want.dirs.contains_key(path)) {
            Some(path) => Err(WantError::Kind(path.clone())),
            None => Ok(want),
        }
    }

    fn add(&mut self, artefact: Artefact, blobs: &mut Blobs) -> Result<(), WantError> {
        for (path, mode, owner) in artefact.dirs {
            let dir = WantDir { state: DirState { mode, owner }, exact: true };
            match self.dirs.insert(path.clone(), dir.clone()) {
                Some(other) if other != dir => return Err(WantError::Path(path)),
                _ => {}
            }
        }
        self.accounts.extend(artefact.accounts);
        let blob = blobs.add(&artefact.bytes);
        let file = WantFile {
            state: FileState { blob, mode: artefact.mode, owner: artefact.owner },
            unit: artefact.unit,
            lockout: artefact.lockout,
            part: artefact.part,
        };
        match self.files.insert(artefact.path.clone(), file.clone()) {
            Some(other) if other != file => Err(WantError::Path(artefact.path)),
            _ => Ok(()),
        }
    }

    fn imply_parents(&mut self, owner: &Owner) {
        let known: Vec<AbsPath> = self.files.keys().chain(self.dirs.keys()).cloned().collect();
        for path in known {
            let mut up = path.parent();
            while let Some(dir) = up.filter(|dir| dir.as_str() != "/") {
                up = dir.parent();
                self.dirs.entry(dir).or_insert_with(|| WantDir {
                    state: DirState { mode: Mode::OPEN_DIR, owner: owner.clone() },
                    exact: false,
                });
            }
        }
    }

    /// What must be looked at to plan for this, beyond what is already managed.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope {
            paths: self.files.keys().chain(self.dirs.keys()).cloned().collect(),
            units: self.files.values().filter_map(|file| file.unit.clone()).collect(),
            accounts: self.accounts.clone(),
        }
    }
}
