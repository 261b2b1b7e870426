//! Where this machine, or this person, keeps secrets; and which store a reference belongs to.
//!
//! It follows from the reference's kind alone, so that two parts of the house never look in different places. Absent
//! stores are told apart from empty ones. Deliberately absent: the environment; `cli` reads it and says it here.

use crate::identity::Keys;
use crate::stores::age_file::AgeFileStore;
use crate::stores::embedded::EmbeddedStore;
use crate::stores::file::FileStore;
use crate::stores::{Store, StoreError};
use sanctum_types::{AbsPath, SecretRef};
use std::path::Path;

/// Files of secrets of the machine itself; only root enters.
pub const MACHINE: &str = "/etc/sanctum/secrets";
/// Files of a person's secrets, below the home directory.
pub const PERSON: &str = ".sanctum/secrets";
/// The house's own age identity, beside the secrets directory.
const IDENTITY: &str = "identity";

/// Where secrets are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The directory of `file:` references, which also holds the default store.
    pub secrets: AbsPath,
    /// Where relative paths of `age:` and `sops:` start: the directory of the instance file.
    pub base: AbsPath,
    /// age identities and further recipients.
    pub keys: Keys,
    /// The address of the session bus, when this process has a session.
    pub session_bus: Option<String>,
}

impl Places {
    /// The machine's own: what a service of root finds with no session and no network.
    #[must_use]
    pub fn machine(root: &Path) -> Option<Self> {
        Some(Self::at(root, AbsPath::new(MACHINE).ok()?))
    }

    /// A person's own.
    #[must_use]
    pub fn person(home: &AbsPath) -> Option<Self> {
        Some(Self::at(Path::new("/"), AbsPath::new(format!("{home}/{PERSON}")).ok()?))
    }

    fn at(root: &Path, secrets: AbsPath) -> Self {
        // Beside the directory and not in it: who copies the secrets does not copy their key along.
        let identity = secrets.parent().and_then(|up| up.join(IDENTITY).ok());
        let keys = Keys {
            root: root.to_owned(),
            identities: identity.into_iter().collect(),
            recipients: Vec::new(),
            passphrase: None,
        };
        Self { base: secrets.clone(), secrets, keys, session_bus: None }
    }

    /// The store that keeps that reference.
    ///
    /// # Errors
    /// There is no such store here.
    pub fn store(&self, reference: &SecretRef) -> Result<Box<dyn Store>, StoreError> {
        match reference {
            SecretRef::File(_) => Ok(Box::new(self.files())),
            SecretRef::Age(_) => Ok(Box::new(self.age_files())),
            SecretRef::Keychain { .. } => Ok(Box::new(self.embedded())),
            SecretRef::Sops { .. } | SecretRef::OnePassword { .. } => Err(StoreError::Foreign {
                store: "this machine".to_owned(),
                reference: reference.clone(),
            }),
        }
    }

    /// Every store whose content can be listed here, the unattended ones first.
    #[must_use]
    pub fn stores(&self) -> Vec<Box<dyn Store>> {
        vec![Box::new(self.files()), Box::new(self.age_files()), Box::new(self.embedded())]
    }

    fn files(&self) -> FileStore {
        FileStore::new(&self.keys.root, self.secrets.clone())
    }

    fn age_files(&self) -> AgeFileStore {
        AgeFileStore::new(self.base.clone(), self.keys.clone())
    }

    fn embedded(&self) -> EmbeddedStore {
        EmbeddedStore::new(self.secrets.clone(), self.keys.clone())
    }
}
