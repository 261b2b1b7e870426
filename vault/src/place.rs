//! Where a vault is on a machine: its file in one directory, its counter in another.

use crate::store::{Source, StoreError};
use sanctum_host::HostError;
use sanctum_host::log_file::LogFile;
use sanctum_host::tree::Tree;
use sanctum_types::{AbsPath, PathError};
use std::path::Path;

/// The vault's file.
pub const LOG: &str = "vault.log";
/// How far it had come.
pub const COUNTER: &str = "vault.counter";

/// Two directories of the account that serves the vault; whoever can put back both goes unseen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The file's.
    pub log: AbsPath,
    /// The counter's.
    pub counter: AbsPath,
}

impl Home {
    /// Opens both files below the directory that stands for `/`, and makes what is missing; one process has them.
    ///
    /// # Errors
    /// [`HostError::Locked`] when another one has; others can write or read them, or they cannot be made.
    pub fn open(&self, root: &Path) -> Result<Source, StoreError> {
        let log = file(root, &self.log, LOG)?;
        let counter = file(root, &self.counter, COUNTER)?;
        Ok(Source { log: Box::new(log), counter: Box::new(counter) })
    }

    /// Whether there is a vault; nothing is made and nothing is locked.
    ///
    /// # Errors
    /// Nobody can look.
    pub fn is_there(&self, root: &Path) -> Result<bool, StoreError> {
        let tree = Tree::open(root)?;
        Ok(tree.stat(&self.log.join(LOG).map_err(formed)?)?.is_some())
    }
}

fn file(root: &Path, dir: &AbsPath, name: &str) -> Result<LogFile, StoreError> {
    let tree = Tree::open(root)?;
    tree.furnish(dir)?;
    Ok(LogFile::open(tree, dir.join(name).map_err(formed)?)?)
}

fn formed(_: PathError) -> HostError {
    HostError::Untrusted { path: LOG.to_owned(), why: "its path cannot be formed" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::tests::{CHEAP, passphrase};
    use crate::store::tests::{path, put};
    use crate::store::{Store, Terms};

    #[test]
    fn a_vault_on_a_disk_is_one_processs_and_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| AbsPath::new(name).unwrap();
        let home = Home { log: at("/deep/vault"), counter: at("/state") };
        assert!(!home.is_there(dir.path()).unwrap());
        let p = passphrase("p");
        let store =
            Store::create(home.open(dir.path()).unwrap(), std::slice::from_ref(&p), CHEAP).unwrap();
        store.change(put("a", b"x")).unwrap();
        store.compact().unwrap();
        assert!(matches!(home.open(dir.path()), Err(StoreError::Files(_))));
        let next = store.rekey(std::slice::from_ref(&p), CHEAP).unwrap();
        next.change(put("a", b"y")).unwrap();
        drop((store, next));
        let (store, _) = Store::open(home.open(dir.path()).unwrap(), &p, Terms::default()).unwrap();
        assert_eq!(store.value(&path("a"), None).unwrap().unwrap().value.as_slice(), b"y");
        assert!(home.is_there(dir.path()).unwrap());
    }
}
