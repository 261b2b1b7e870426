//! Secrets as age files of their own, `age:file`: what `age -d` opens, and what `age -r` wrote.
//!
//! The file's bytes are the value. It may lie anywhere, in a repository too; others may read it and never write it. A
//! rewrite goes to everybody who could open the file before, or it is refused, since a header does not say who they are.

use super::{LONGEST, Reading, Store, StoreError, Value};
use crate::envelope;
use crate::identity::{Key, Keys};
use age::armor::Format;
use sanctum_host::HostError;
use sanctum_host::tree::{DirLock, Tree};
use sanctum_types::{AbsPath, Mode, SecretRef};
use std::path::PathBuf;
use std::time::Duration;

/// As for the file store.
const LOCK_WAIT: Duration = Duration::from_secs(10);
/// How such files are called.
const EXTENSION: &str = ".age";

/// age files, relative ones from one directory on.
#[derive(Clone, Debug)]
pub struct AgeFileStore {
    root: PathBuf,
    base: AbsPath,
    keys: Keys,
}

impl AgeFileStore {
    /// Files whose relative paths start at `base`, opened with those keys.
    #[must_use]
    pub fn new(base: AbsPath, keys: Keys) -> Self {
        Self { root: keys.root.clone(), base, keys }
    }

    fn host(&self, source: HostError) -> StoreError {
        StoreError::Host { store: self.name(), source: Box::new(source) }
    }

    fn tree(&self) -> Result<Tree, StoreError> {
        Tree::open(&self.root).map_err(|source| self.host(source))
    }

    fn path(&self, reference: &SecretRef) -> Result<AbsPath, StoreError> {
        let SecretRef::Age(file) = reference else {
            return Err(StoreError::Foreign { store: self.name(), reference: reference.clone() });
        };
        let path =
            if file.starts_with('/') { AbsPath::new(file.clone()) } else { self.base.join(file) };
        let why = "it is no path without detours";
        path.map_err(|_| StoreError::Name { store: self.name(), reference: reference.clone(), why })
    }

    fn keys(&self) -> Result<Vec<Key>, StoreError> {
        self.keys.load().map_err(|source| StoreError::Identity { store: self.name(), source })
    }

    fn open(&self, path: &AbsPath, sealed: &[u8]) -> Result<Value, StoreError> {
        let opened = envelope::open(sealed, &self.keys()?);
        opened
            .map(|mut bytes| Value::new(std::mem::take(&mut *bytes)))
            .map_err(|source| StoreError::Closed { path: path.to_string(), source })
    }

    fn read(&self, reference: &SecretRef) -> Result<Option<Value>, StoreError> {
        let path = self.path(reference)?;
        let sealed = self.tree()?.read_own(&path).map_err(|source| self.host(source))?;
        sealed.map(|sealed| self.open(&path, &sealed)).transpose()
    }

    fn lock(&self, tree: &Tree, path: &AbsPath) -> Result<DirLock, StoreError> {
        let up = path.parent().ok_or_else(|| StoreError::Away { store: self.name() })?;
        tree.lock_dir(&up, LOCK_WAIT).map_err(|source| self.host(source))
    }

    /// The value sealed for whoever can open the file that it replaces.
    fn seal(
        &self,
        path: &AbsPath,
        old: Option<&[u8]>,
        value: &Value,
    ) -> Result<Vec<u8>, StoreError> {
        let keys = self.keys()?;
        let ours = self
            .keys
            .recipients(&keys)
            .map_err(|source| StoreError::Identity { store: self.name(), source })?;
        let theirs = old.map_or(0, envelope::recipients_of);
        if theirs > ours.len() {
            let (path, ours) = (path.to_string(), ours.len());
            return Err(StoreError::Recipients { path, theirs, ours });
        }
        let format = old.map_or(Format::Binary, envelope::format_of);
        envelope::seal(value.expose(), &ours, format)
            .map_err(|source| StoreError::Seal { path: path.to_string(), source })
    }
}

impl Store for AgeFileStore {
    fn name(&self) -> String {
        format!("the age files of {}", self.base)
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
        tree.may_write(&path).map_err(|source| self.host(source))?;
        let old = tree.read_own(&path).map_err(|source| self.host(source))?;
        if let Some(old) = &old {
            self.open(&path, old)?;
        }
        // Sealing nothing for everybody shows that everybody can be sealed for.
        self.seal(&path, old.as_ref().map(|old| old.as_slice()), &Value::new(Vec::new())).map(drop)
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
        if let Some(up) = path.parent()
            && tree.stat(&up).map_err(|source| self.host(source))?.is_none()
        {
            tree.furnish(&up).map_err(|source| self.host(source))?;
        }
        let _lock = self.lock(&tree, &path)?;
        let old = tree.read_own(&path).map_err(|source| self.host(source))?;
        if let Some(old) = &old {
            // Who cannot open it has no business to replace it.
            self.open(&path, old)?;
        }
        let sealed = self.seal(&path, old.as_ref().map(|old| old.as_slice()), value)?;
        tree.write(&path, &sealed, Mode::PRIVATE, None).map_err(|source| self.host(source))?;
        match self.read(reference)? {
            Some(found) if found.expose() == value.expose() => Ok(()),
            _ => Err(StoreError::ReadBack { store: self.name(), reference: reference.clone() }),
        }
    }

    fn remove(&self, reference: &SecretRef) -> Result<bool, StoreError> {
        let path = self.path(reference)?;
        let tree = self.tree()?;
        if tree.stat(&path).map_err(|source| self.host(source))?.is_none() {
            return Ok(false);
        }
        let _lock = self.lock(&tree, &path)?;
        let there = tree.stat(&path).map_err(|source| self.host(source))?.is_some();
        tree.remove(&path).map_err(|source| self.host(source))?;
        Ok(there)
    }

    /// The files of the base directory itself whose names end as age files do.
    fn list(&self) -> Result<Vec<SecretRef>, StoreError> {
        let names = self.tree()?.list(&self.base).map_err(|source| self.host(source))?;
        Ok(names
            .unwrap_or_default()
            .into_iter()
            .filter(|name| name.ends_with(EXTENSION) && !name.starts_with('.'))
            .map(SecretRef::Age)
            .collect())
    }
}
