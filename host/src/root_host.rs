//! A host whose files are real below a directory and whose running state is a ledger beside them.
//!
//! Owners, loaded units and accounts are written to `.sanctum/ledger.json` below the directory instead of to
//! the machine, so no privilege is needed and nothing outside the directory changes. It refuses what
//! [`crate::MemHost`] refuses. Deliberately absent: changing a file's real owner, and starting anything.

use crate::store::Store;
use crate::tree::Tree;
use crate::{Blobs, DirState, FileState, Host, HostError, LoadedState, Observed, Op, Scope, Unit};
use sanctum_types::{AbsPath, Owner};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The store's directory below the root; no plan may reach into it.
pub const STORE_DIR: &str = ".sanctum";
const LEDGER: &str = "ledger.json";
const FORMAT: u32 = 1;

/// A directory as a machine.
#[derive(Debug)]
pub struct RootHost {
    tree: Tree,
    store: PathBuf,
    default_owner: Owner,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ledger {
    format: u32,
    owners: BTreeMap<AbsPath, Owner>,
    /// Loaded units and accounts; its paths stay empty, because those are real.
    running: Observed,
}

impl RootHost {
    /// Opens the directory, which must exist. What the ledger does not know belongs to `default_owner`.
    pub fn open(dir: &Path, default_owner: Owner) -> Result<Self, HostError> {
        Ok(Self { tree: Tree::open(dir)?, store: dir.join(STORE_DIR), default_owner })
    }

    /// Where the store of this root is.
    #[must_use]
    pub fn store_path(&self) -> &Path {
        &self.store
    }

    /// The store of this root, made when it is missing. It is opened from the root's own descriptor, so that
    /// swapping the root's path for a link leads nowhere.
    pub fn store(&self) -> Result<Store, HostError> {
        let made = Store::open_below(&self.tree, &self.store_dir()?, true)?;
        made.ok_or_else(|| self.damaged(&"the store vanished while it was made"))
    }

    /// The store of this root; none when nothing was ever kept. Nothing is made.
    pub fn existing_store(&self) -> Result<Option<Store>, HostError> {
        Store::open_below(&self.tree, &self.store_dir()?, false)
    }

    fn store_dir(&self) -> Result<AbsPath, HostError> {
        AbsPath::new(format!("/{STORE_DIR}")).map_err(|error| self.damaged(&error))
    }

    fn ledger(&self) -> Result<Ledger, HostError> {
        let empty =
            Ledger { format: FORMAT, owners: BTreeMap::new(), running: Observed::default() };
        let Some(store) = self.existing_store()? else { return Ok(empty) };
        let Some(bytes) = store.read_file(LEDGER)? else { return Ok(empty) };
        let ledger: Ledger =
            serde_json::from_slice(&bytes).map_err(|error| self.damaged(&error))?;
        if ledger.format == FORMAT {
            return Ok(ledger);
        }
        Err(self.damaged(&format_args!("format {} is not known", ledger.format)))
    }

    fn change(&self, change: impl FnOnce(&mut Ledger)) -> Result<(), HostError> {
        let before = self.ledger()?;
        let mut after = before.clone();
        change(&mut after);
        if after == before {
            return Ok(());
        }
        let bytes = serde_json::to_vec_pretty(&after).map_err(|error| self.damaged(&error))?;
        self.store()?.write_file(LEDGER, &bytes)
    }

    fn damaged(&self, detail: &dyn std::fmt::Display) -> HostError {
        HostError::Damaged {
            path: self.store.join(LEDGER).display().to_string(),
            detail: detail.to_string(),
        }
    }

    /// The store and the root itself are not part of the machine that this directory stands for.
    fn within(&self, path: &AbsPath) -> Result<(), HostError> {
        if path.components().next().is_none_or(|first| first == STORE_DIR) {
            let why = "it is the root itself or its store";
            return Err(HostError::Untrusted { path: self.tree.shown(path), why });
        }
        Ok(())
    }

    fn owner_exists(&self, owner: &Owner, path: &AbsPath) -> Result<(), HostError> {
        let service = owner.user.starts_with("_sanctum");
        if service
            && !self.ledger()?.running.accounts.iter().any(|name| name.as_str() == owner.user)
        {
            return Err(HostError::Io {
                verb: "give an owner to",
                path: self.tree.shown(path),
                source: std::io::ErrorKind::NotFound.into(),
            });
        }
        Ok(())
    }

    fn own(&self, path: &AbsPath, owner: &Owner) -> Result<(), HostError> {
        self.change(|ledger| {
            ledger.owners.insert(path.clone(), owner.clone());
        })
    }

    fn load(&self, unit: &Unit, from: &AbsPath) -> Result<(), HostError> {
        self.within(from)?;
        let (_, bytes) = self.tree.read(from)?.ok_or_else(|| HostError::Io {
            verb: "load",
            path: self.tree.shown(from),
            source: std::io::ErrorKind::NotFound.into(),
        })?;
        let state = LoadedState { from: Some(from.clone()), blob: Some(Blobs::digest(&bytes)) };
        self.change(|ledger| {
            ledger.running.loaded.insert(unit.clone(), state);
        })
    }
}

impl Host for RootHost {
    fn observe(&self, scope: &Scope, blobs: &mut Blobs) -> Result<Observed, HostError> {
        let ledger = self.ledger()?;
        let mut seen = ledger.running;
        seen.loaded.retain(|unit, _| scope.units.contains(unit));
        seen.accounts.retain(|name| scope.accounts.contains(name));
        for path in &scope.paths {
            self.within(path)?;
            let owner = || ledger.owners.get(path).unwrap_or(&self.default_owner).clone();
            if let Some((entry, bytes)) = self.tree.read(path)? {
                let blob = blobs.add(&bytes);
                let state = FileState { blob, mode: entry.mode, owner: owner() };
                seen.files.insert(path.clone(), state);
            } else if let Some(entry) = self.tree.stat(path)?.filter(|entry| entry.is_dir) {
                let state = DirState { mode: entry.mode, owner: owner() };
                seen.dirs.insert(path.clone(), state);
            }
        }
        Ok(seen)
    }

    fn ensure(&mut self, op: &Op, blobs: &Blobs) -> Result<(), HostError> {
        match op {
            Op::Dir { path, state } => {
                self.within(path)?;
                self.owner_exists(&state.owner, path)?;
                self.tree.make_dir(path, state.mode, None)?;
                self.own(path, &state.owner)
            }
            Op::File { path, state } => {
                self.within(path)?;
                self.owner_exists(&state.owner, path)?;
                let bytes =
                    blobs.get(&state.blob).ok_or(HostError::NoBlob { digest: state.blob })?;
                self.tree.write(path, bytes, state.mode, None)?;
                self.own(path, &state.owner)
            }
            Op::Absent { path } => {
                self.within(path)?;
                self.tree.remove(path)?;
                self.change(|ledger| {
                    ledger.owners.remove(path);
                })
            }
            Op::Loaded { unit, from } => self.load(unit, from),
            Op::Unloaded { unit } => self.change(|ledger| {
                ledger.running.loaded.remove(unit);
            }),
            Op::Account { name } => self.change(|ledger| {
                ledger.running.accounts.insert(name.clone());
            }),
            Op::NoAccount { name } => self.change(|ledger| {
                ledger.running.accounts.remove(name);
            }),
        }
    }
}
