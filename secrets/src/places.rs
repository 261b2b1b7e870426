//! Where this machine, or this person, keeps secrets; and which store a reference belongs to.
//!
//! It follows from the reference's kind and from what this account has, so that two parts of the house never look in
//! different places, and a store that cannot be reached is never replaced by another one. Deliberately absent: the
//! environment; `cli` reads it and says it here.

use crate::identity::Keys;
use crate::resolve::resolve_line;
use crate::sops::Sources;
use crate::stores::age_file::AgeFileStore;
use crate::stores::embedded::EmbeddedStore;
use crate::stores::file::FileStore;
use crate::stores::keychain::Keychain;
use crate::stores::one_password::connect::Connect;
use crate::stores::one_password::op::Op;
use crate::stores::one_password::{Carrier, OnePassword};
use crate::stores::sops_file::SopsStore;
use crate::stores::{Reading, Store, StoreError, Value};
use sanctum_host::private_io;
use sanctum_types::{AbsPath, SecretRef};
use std::path::Path;

/// Files of secrets of the machine itself; only root enters.
pub const MACHINE: &str = "/etc/sanctum/secrets";
/// Files of a person's secrets, below the home directory.
pub const PERSON: &str = ".sanctum/secrets";
/// The house's own age identity, beside the secrets directory.
pub const IDENTITY: &str = "identity";

/// Where programs keep their configuration below the home (getsops/sops, age/keysource.go: Go's `UserConfigDir`).
pub const CONFIG: &str =
    if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
/// Where SOPS keeps age identities below that.
pub const KEYS: &str = "sops/age/keys.txt";

/// Whose secrets they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The machine's: services of root, with no session.
    Machine,
    /// A person's.
    Person,
}

/// Which store answers for `keychain:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyring {
    /// The person's own: login keychain, or the Secret Service of the session.
    Login,
    /// The System keychain of macOS.
    System,
    /// The encrypted file in the secrets directory.
    Embedded,
}

/// How 1Password is reached, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnePasswordAccess {
    /// The way.
    pub via: Via,
    /// The token of a service account or of a Connect server. It is kept in a store that needs no other one.
    pub token: SecretRef,
}

/// A way to 1Password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// The `op` program.
    Op(AbsPath),
    /// A Connect server, such as `https://connect.example:8443`.
    Connect(String),
}

/// Where secrets are.
#[derive(Clone, Debug)]
pub struct Places {
    /// Whose they are.
    pub whose: Whose,
    /// The directory of `file:` references, which also holds the embedded store.
    pub secrets: AbsPath,
    /// Where relative paths of `age:` and `sops:` start: the directory of the instance file.
    pub base: AbsPath,
    /// age identities and further recipients.
    pub keys: Keys,
    /// The address of the session bus, when this process has a session.
    pub session_bus: Option<String>,
    /// Which store answers for `keychain:`; decided by what this account has when nobody says.
    pub keyring: Option<Keyring>,
    /// Where the owner's own SOPS keys are, beside the house's identities.
    pub sops_keys: Sources,
    /// How 1Password is reached, when it is.
    pub one_password: Option<OnePasswordAccess>,
}

impl Places {
    /// The machine's own: what a service of root finds with no session and no network.
    #[must_use]
    pub fn machine(root: &Path) -> Option<Self> {
        Some(Self::at(Whose::Machine, root, AbsPath::new(MACHINE).ok()?))
    }

    /// A person's own.
    #[must_use]
    pub fn person(home: &AbsPath) -> Option<Self> {
        let secrets = AbsPath::new(format!("{home}/{PERSON}")).ok()?;
        let mut places = Self::at(Whose::Person, Path::new("/"), secrets);
        // Where `sops` itself looks for this person's keys; variables are not believed here.
        places.sops_keys.keys_txt = Some(Path::new(home.as_str()).join(CONFIG).join(KEYS));
        places.sops_keys.home = Some(home.as_str().into());
        Some(places)
    }

    fn at(whose: Whose, root: &Path, secrets: AbsPath) -> Self {
        // Beside the directory and not in it: who copies the secrets does not copy their key along.
        let identity = secrets.parent().and_then(|up| up.join(IDENTITY).ok());
        let keys = Keys {
            root: root.to_owned(),
            identities: identity.into_iter().collect(),
            recipients: Vec::new(),
        };
        Self {
            whose,
            base: secrets.clone(),
            secrets,
            keys,
            session_bus: None,
            keyring: None,
            sops_keys: Sources::default(),
            one_password: None,
        }
    }

    /// The store that keeps that reference.
    ///
    /// # Errors
    /// There is no such store here, or its own token cannot be had.
    pub fn store(&self, reference: &SecretRef) -> Result<Box<dyn Store>, StoreError> {
        // Whoever opens a store is about to hold what is in it.
        private_io::no_core_dumps().map_err(|source| StoreError::Host {
            store: "any store".to_owned(),
            source: Box::new(source),
        })?;
        match reference {
            SecretRef::File(_) => Ok(Box::new(self.files())),
            SecretRef::Age(_) => Ok(Box::new(self.age_files())),
            SecretRef::Keychain { .. } => self.keychain(),
            SecretRef::SystemKeychain { .. } => self.system_keychain(),
            SecretRef::OnePassword { .. } => self.one_password(),
            SecretRef::Sops { file, .. } => Ok(Box::new(self.sops(file)?)),
        }
    }

    /// Every store whose content can be listed here, the unattended ones first.
    #[must_use]
    pub fn stores(&self) -> Vec<Box<dyn Store>> {
        let mut all: Vec<Box<dyn Store>> = vec![
            Box::new(self.files()),
            Box::new(self.age_files()),
            Box::new(Later { name: "the keychain", places: self.clone(), open: Self::keychain }),
        ];
        if self.one_password.is_some() {
            let (name, open) = ("1Password", Self::one_password as Open);
            all.push(Box::new(Later { name, places: self.clone(), open }));
        }
        all
    }

    fn files(&self) -> FileStore {
        FileStore::new(&self.keys.root, self.secrets.clone())
    }

    fn age_files(&self) -> AgeFileStore {
        AgeFileStore::new(self.base.clone(), self.keys.clone())
    }

    /// The store that is one SOPS document.
    ///
    /// # Errors
    /// The file is no path.
    pub fn sops(&self, file: &str) -> Result<SopsStore, StoreError> {
        SopsStore::new(&self.base, file, self.keys.clone(), self.sops_keys.clone())
    }

    /// Which store answers for `keychain:` here.
    ///
    /// # Errors
    /// The secrets directory cannot be looked at.
    pub fn answers_for_keychain(&self) -> Result<Keyring, StoreError> {
        match self.keyring {
            Some(said) => Ok(said),
            None if self.rehearsed() => Ok(Keyring::Embedded),
            None => Ok(here::keyring(self, self.embedded().is_there()?)),
        }
    }

    fn embedded(&self) -> EmbeddedStore {
        EmbeddedStore::new(self.secrets.clone(), self.keys.clone())
    }

    fn keychain(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(self.opened(self.answers_for_keychain()?, self.embedded()))
    }

    /// The machine's own keychain, whatever else answers for `keychain:` here.
    fn system_keychain(&self) -> Result<Box<dyn Store>, StoreError> {
        if self.whose == Whose::Person {
            return Err(StoreError::Machines { store: "the System keychain".to_owned() });
        }
        let keyring = if self.rehearsed() { Keyring::Embedded } else { here::OF_THE_MACHINE };
        Ok(self.opened(keyring, self.embedded()))
    }

    fn opened(&self, keyring: Keyring, embedded: EmbeddedStore) -> Box<dyn Store> {
        match keyring {
            Keyring::Login => Box::new(Keychain::login(self.session_bus.clone())),
            Keyring::System => Box::new(Keychain::system()),
            Keyring::Embedded => Box::new(embedded),
        }
    }

    /// Below a directory that stands for a machine nothing outside it is touched.
    fn rehearsed(&self) -> bool {
        self.keys.root != Path::new("/")
    }

    fn one_password(&self) -> Result<Box<dyn Store>, StoreError> {
        let store = || "1Password".to_owned();
        let Some(access) = &self.one_password else {
            return Err(StoreError::NotSetUp { store: store() });
        };
        if matches!(access.token, SecretRef::OnePassword { .. }) {
            return Err(StoreError::Circle { store: store(), reference: access.token.clone() });
        }
        let token = resolve_line(&access.token, self)
            .map_err(|error| StoreError::Token { store: store(), source: Box::new(error) })?;
        let carrier: Box<dyn Carrier> = match &access.via {
            Via::Op(program) => Box::new(Op::new(program.clone(), token)),
            Via::Connect(url) => Box::new(Connect::new(url, token).map_err(|source| {
                StoreError::OnePassword { store: store(), source: Box::new(source) }
            })?),
        };
        Ok(Box::new(OnePassword::new(carrier)))
    }
}

type Open = fn(&Places) -> Result<Box<dyn Store>, StoreError>;

/// A store that is opened when it is asked: one that cannot be opened is unreachable.
struct Later {
    name: &'static str,
    places: Places,
    open: Open,
}

impl Store for Later {
    fn name(&self) -> String {
        (self.open)(&self.places).map_or_else(|_| self.name.to_owned(), |store| store.name())
    }

    fn unattended(&self) -> bool {
        (self.open)(&self.places).is_ok_and(|store| store.unattended())
    }

    fn get(&self, reference: &SecretRef) -> Reading {
        (self.open)(&self.places).and_then(|store| store.get(reference).known()).into()
    }

    fn may_put(&self, reference: &SecretRef) -> Result<(), StoreError> {
        (self.open)(&self.places)?.may_put(reference)
    }

    fn put(&self, reference: &SecretRef, value: &Value) -> Result<(), StoreError> {
        (self.open)(&self.places)?.put(reference, value)
    }

    fn remove(&self, reference: &SecretRef) -> Result<bool, StoreError> {
        (self.open)(&self.places)?.remove(reference)
    }

    fn list(&self) -> Result<Vec<SecretRef>, StoreError> {
        (self.open)(&self.places)?.list()
    }
}

#[cfg(target_os = "macos")]
mod here {
    //! macOS has a keychain for everybody.

    use super::{Keyring, Places, Whose};

    /// What answers for `keychain://system/`.
    pub(super) const OF_THE_MACHINE: Keyring = Keyring::System;

    /// An embedded store that is there was made on purpose.
    pub(super) const fn keyring(places: &Places, embedded: bool) -> Keyring {
        match places.whose {
            _ if embedded => Keyring::Embedded,
            Whose::Machine => Keyring::System,
            Whose::Person => Keyring::Login,
        }
    }
}

#[cfg(not(target_os = "macos"))]
mod here {
    //! Linux has a Secret Service where somebody installed one.

    use super::{Keyring, Places, Whose};
    use std::path::Path;

    /// What answers for `keychain://system/`: the machine has no other.
    pub(super) const OF_THE_MACHINE: Keyring = Keyring::Embedded;

    /// Where a service says that the session bus can start it (D-Bus specification, "message bus starting services").
    const ACTIVATION: [&str; 2] = [
        "/usr/share/dbus-1/services/org.freedesktop.secrets.service",
        "/usr/local/share/dbus-1/services/org.freedesktop.secrets.service",
    ];

    pub(super) fn keyring(places: &Places, embedded: bool) -> Keyring {
        let installed =
            ACTIVATION.iter().any(|path| sanctum_host::files::is_there(Path::new(path)));
        decide(places.whose, embedded, installed)
    }

    /// An embedded store that is there was made when there was nothing else, and stays the one: an account whose items
    /// were in two stores would find a different half of them in each session. It does not depend on whether there is a
    /// session now, so that without one a desktop's items are unreachable and not absent.
    pub(super) const fn decide(whose: Whose, embedded: bool, installed: bool) -> Keyring {
        match (whose, embedded, installed) {
            (Whose::Person, false, true) => Keyring::Login,
            _ => Keyring::Embedded,
        }
    }
}

#[cfg(test)]
mod tests;
