//! The default store where a machine has neither Keychain nor Secret Service: one age file for all its items.
//!
//! It keeps `keychain:service/account`. Its plaintext is JSON that `age -d` shows to a person (docs/formats/secrets.md).
//! The whole file is replaced under a lock, so that a killed writer leaves the old one. An identity is made at the first
//! put. Deliberately absent: merging with a keychain that turns up later; whoever has this file uses this file.

pub mod format;

use super::{LONGEST, Reading, Store, StoreError, Value, keychain_reference};
use crate::envelope;
use crate::identity::{IdentityError, Key, Keys};
use age::armor::Format;
use format::{Content, Item};
use sanctum_host::HostError;
use sanctum_host::tree::{DirLock, Tree};
use sanctum_types::{AbsPath, Mode, SecretRef};
use std::time::Duration;

/// The store's file.
pub const FILE: &str = ".store.age";
/// As for the file store.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// One encrypted file in the secrets directory.
#[derive(Clone, Debug)]
pub struct EmbeddedStore {
    dir: AbsPath,
    keys: Keys,
}

impl EmbeddedStore {
    /// The store of that directory, opened with those keys; the first identity is made when none is there.
    #[must_use]
    pub fn new(dir: AbsPath, keys: Keys) -> Self {
        Self { dir, keys }
    }

    /// Whether the store has been made.
    ///
    /// # Errors
    /// Its directory cannot be looked at.
    pub fn is_there(&self) -> Result<bool, StoreError> {
        let tree = self.tree()?;
        Ok(tree.stat(&self.file(FILE)?).map_err(|source| self.host(source))?.is_some())
    }

    fn host(&self, source: HostError) -> StoreError {
        StoreError::Host { store: self.name(), source: Box::new(source) }
    }

    fn identity(&self, source: IdentityError) -> StoreError {
        StoreError::Identity { store: self.name(), source }
    }

    fn tree(&self) -> Result<Tree, StoreError> {
        Tree::open(&self.keys.root).map_err(|source| self.host(source))
    }

    fn file(&self, name: &str) -> Result<AbsPath, StoreError> {
        self.dir.join(name).map_err(|_| StoreError::Away { store: self.name() })
    }

    fn item(&self, reference: &SecretRef) -> Result<Item, StoreError> {
        match reference.keychain_item() {
            Some((service, account)) => {
                Ok(Item { service: service.to_owned(), account: account.to_owned() })
            }
            None => Err(StoreError::Foreign { store: self.name(), reference: reference.clone() }),
        }
    }

    /// Everything in the store; none when there is no store yet.
    fn content(&self, tree: &Tree) -> Result<Option<Content>, StoreError> {
        let path = self.file(FILE)?;
        let here = tree.own_dir(&self.dir).map_err(|source| self.host(source))?;
        let sealed =
            if here { tree.read_private(&path).map_err(|source| self.host(source))? } else { None };
        let Some(sealed) = sealed else { return Ok(None) };
        let keys = self.keys.load().map_err(|source| self.identity(source))?;
        let path = path.to_string();
        let plain = envelope::open(&sealed, &keys)
            .map_err(|source| StoreError::Closed { path: path.clone(), source })?;
        format::parse(&plain).map(Some).map_err(|source| StoreError::Format { path, source })
    }

    fn save(&self, tree: &Tree, content: &Content, keys: &[Key]) -> Result<(), StoreError> {
        let path = self.file(FILE)?;
        let recipients = self.keys.recipients(keys).map_err(|source| self.identity(source))?;
        let sealed = envelope::seal(&format::render(content), &recipients, Format::Binary)
            .map_err(|source| StoreError::Seal { path: path.to_string(), source })?;
        tree.write(&path, &sealed, Mode::PRIVATE, None).map_err(|source| self.host(source))
    }

    fn lock(&self, tree: &Tree) -> Result<DirLock, StoreError> {
        tree.lock_dir(&self.dir, LOCK_WAIT).map_err(|source| self.host(source))
    }

    fn known_keys(&self) -> Result<Vec<Key>, StoreError> {
        self.keys.load().map_err(|source| self.identity(source))
    }
}

impl Store for EmbeddedStore {
    fn name(&self) -> String {
        format!("the encrypted store {}/{FILE}", self.dir)
    }

    fn unattended(&self) -> bool {
        true
    }

    fn get(&self, reference: &SecretRef) -> Reading {
        let read = || {
            let item = self.item(reference)?;
            let content = self.content(&self.tree()?)?;
            Ok(content.and_then(|mut content| content.remove(&item)))
        };
        read().into()
    }

    fn may_put(&self, reference: &SecretRef) -> Result<(), StoreError> {
        self.item(reference)?;
        let tree = self.tree()?;
        if tree.own_dir(&self.dir).map_err(|source| self.host(source))? {
            tree.may_write(&self.file(FILE)?).map_err(|source| self.host(source))?;
        }
        self.content(&tree).map(drop)
    }

    fn put(&self, reference: &SecretRef, value: &Value) -> Result<(), StoreError> {
        let item = self.item(reference)?;
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
        let content = self.content(&tree)?;
        if content.is_none() {
            // Where a store is, a second identity would open nothing.
            self.keys.make_first().map_err(|source| self.host(source))?;
        }
        let keys = self.known_keys()?;
        let mut content = content.unwrap_or_default();
        content.insert(item.clone(), value.clone());
        self.save(&tree, &content, &keys)?;
        match self.content(&tree)?.and_then(|mut found| found.remove(&item)) {
            Some(found) if found.expose() == value.expose() => Ok(()),
            _ => Err(StoreError::ReadBack { store: self.name(), reference: reference.clone() }),
        }
    }

    fn remove(&self, reference: &SecretRef) -> Result<bool, StoreError> {
        let item = self.item(reference)?;
        let tree = self.tree()?;
        if self.content(&tree)?.is_none() {
            return Ok(false);
        }
        let _lock = self.lock(&tree)?;
        let Some(mut content) = self.content(&tree)? else { return Ok(false) };
        if content.remove(&item).is_none() {
            return Ok(false);
        }
        let keys = self.known_keys()?;
        self.save(&tree, &content, &keys)?;
        match self.content(&tree)? {
            Some(content) if !content.contains_key(&item) => Ok(true),
            _ => Err(StoreError::ReadBack { store: self.name(), reference: reference.clone() }),
        }
    }

    fn list(&self) -> Result<Vec<SecretRef>, StoreError> {
        let content = self.content(&self.tree()?)?.unwrap_or_default();
        let reference = |item: Item| keychain_reference(item.service, item.account);
        Ok(content.into_keys().filter_map(reference).collect())
    }
}
