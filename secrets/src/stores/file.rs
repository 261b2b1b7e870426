//! The house's secrets directory: one file per secret, for its owner's eyes alone.
//!
//! A file counts only when nobody but root or the directory's owner could have written or read it: no links on the
//! way, one name, mode without group and others, in a directory that others cannot list. Files are replaced whole and
//! durably. What must be there at boot lies here in clear text, which is a declared exception; `doctor` shows it.

use super::{LONGEST, Reading, Store, StoreError, Value, spelled};
use sanctum_host::HostError;
use sanctum_host::tree::{DirLock, Tree};
use sanctum_types::{AbsPath, Mode, SecretRef};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A put holds the lock for a few fsyncs; who holds it longer is stuck.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// The files below one directory.
#[derive(Clone, Debug)]
pub struct FileStore {
    root: PathBuf,
    dir: AbsPath,
}

impl FileStore {
    /// The directory `dir` below the directory that stands for `/`.
    #[must_use]
    pub fn new(root: &Path, dir: AbsPath) -> Self {
        Self { root: root.to_owned(), dir }
    }

    fn host(&self, source: HostError) -> StoreError {
        StoreError::Host { store: self.name(), source: Box::new(source) }
    }

    fn tree(&self) -> Result<Tree, StoreError> {
        Tree::open(&self.root).map_err(|source| self.host(source))
    }

    /// The file of a reference: a name that is neither hidden nor a path.
    fn path(&self, reference: &SecretRef) -> Result<AbsPath, StoreError> {
        let SecretRef::File(name) = reference else {
            return Err(StoreError::Foreign { store: self.name(), reference: reference.clone() });
        };
        let refused =
            |why| StoreError::Name { store: self.name(), reference: reference.clone(), why };
        if name.starts_with('.') {
            return Err(refused("names with a dot in front are the store's own"));
        }
        AbsPath::new(format!("{}/{name}", self.dir)).map_err(|_| refused("it is no file name"))
    }

    fn lock(&self, tree: &Tree) -> Result<DirLock, StoreError> {
        tree.lock_dir(&self.dir, LOCK_WAIT).map_err(|source| self.host(source))
    }

    fn read(&self, reference: &SecretRef) -> Result<Option<Value>, StoreError> {
        let path = self.path(reference)?;
        let tree = self.tree()?;
        let read = || Ok(if tree.own_dir(&self.dir)? { tree.read_private(&path)? } else { None });
        let bytes = read().map_err(|source| self.host(source))?;
        Ok(bytes.map(|mut bytes| Value::new(std::mem::take(&mut *bytes))))
    }
}

impl Store for FileStore {
    fn name(&self) -> String {
        format!("the directory {}", self.dir)
    }

    fn unattended(&self) -> bool {
        true
    }

    fn get(&self, reference: &SecretRef) -> Reading {
        self.read(reference).into()
    }

    fn may_put(&self, reference: &SecretRef) -> Result<(), StoreError> {
        let path = self.path(reference)?;
        let tree = self.tree()?;
        // A directory that is missing is made by the first put.
        if tree.own_dir(&self.dir).map_err(|source| self.host(source))? {
            tree.may_write(&path).map_err(|source| self.host(source))?;
        }
        self.read(reference).map(drop)
    }

    fn put(&self, reference: &SecretRef, value: &Value) -> Result<(), StoreError> {
        let path = self.path(reference)?;
        if value.expose().len() > LONGEST {
            let why = "it is longer than any secret";
            return Err(StoreError::Value {
                store: self.name(),
                reference: reference.clone(),
                why,
            });
        }
        let tree = self.tree()?;
        tree.furnish(&self.dir).map_err(|source| self.host(source))?;
        let _lock = self.lock(&tree)?;
        // The tree compares what it wrote with what is there, by descriptor.
        tree.write(&path, value.expose(), Mode::PRIVATE, None).map_err(|source| self.host(source))
    }

    fn remove(&self, reference: &SecretRef) -> Result<bool, StoreError> {
        let path = self.path(reference)?;
        let tree = self.tree()?;
        if !tree.own_dir(&self.dir).map_err(|source| self.host(source))? {
            return Ok(false);
        }
        let _lock = self.lock(&tree)?;
        let there = tree.stat(&path).map_err(|source| self.host(source))?.is_some();
        tree.remove(&path).map_err(|source| self.host(source))?;
        Ok(there)
    }

    fn list(&self) -> Result<Vec<SecretRef>, StoreError> {
        let tree = self.tree()?;
        if !tree.own_dir(&self.dir).map_err(|source| self.host(source))? {
            return Ok(Vec::new());
        }
        let names = tree.list(&self.dir).map_err(|source| self.host(source))?.unwrap_or_default();
        let mut found = Vec::new();
        for name in names.into_iter().filter(|name| !name.starts_with('.')) {
            let Some(reference) = spelled(SecretRef::File(name)) else { continue };
            // What cannot be looked at, such as a link, is there all the same: a read says what is wrong with it.
            let is_dir =
                |path: &AbsPath| tree.stat(path).ok().flatten().is_some_and(|entry| entry.is_dir);
            if !self.path(&reference).is_ok_and(|path| is_dir(&path)) {
                found.push(reference);
            }
        }
        Ok(found)
    }
}
