//! What is remembered beside the stores: the key of the fingerprints and the recovery bundles that were made.
//!
//! Root's is in the store, a person's below the home directory; only the account that works here reads either. The key is
//! made once, at the first change. Deliberately absent: values.

use crate::failure::{Exit, Failure};
use crate::record::state_of_owner;
use crate::site::{HERE, Place};
use crate::surroundings::Surroundings;
use sanctum_host::{HostError, RootHost, Store, files, passphrase, random};
use sanctum_orchestrator::house::layout;
use sanctum_secrets::house::HouseKey;
use sanctum_secrets::house::fingerprint::LENGTH;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// The file of the key.
pub(super) const KEY: &str = "fingerprints.key";
/// As for every verb that changes something.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// A record of bundles is a few lines each.
const LIMIT: u64 = 1024 * 1024;

/// Where it is.
pub(in crate::commands) enum Memory {
    /// In the store of a machine or of a directory that stands for one.
    Store(Store),
    /// In the owner's home.
    Home(PathBuf),
    /// Nothing was ever remembered here.
    Nothing,
}

impl Memory {
    /// To look at; nothing is made.
    pub(in crate::commands) fn look(place: &Place, around: &Surroundings) -> Result<Self, Failure> {
        let existing = |found: Result<Store, HostError>| match found {
            Ok(store) => Ok(Self::Store(store)),
            Err(HostError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self::Nothing)
            }
            Err(error) => Err(Failure::failed(error)),
        };
        match place {
            Place::Root(dir) if !files::is_there(dir) => Ok(Self::Nothing),
            Place::Root(dir) => {
                let host = RootHost::open(dir, layout::root_owner(HERE))?;
                Ok(host.existing_store()?.map_or(Self::Nothing, Self::Store))
            }
            Place::Machine if around.euid == 0 => {
                existing(Store::open_existing(Path::new(layout::store(HERE))))
            }
            Place::Machine => Ok(Self::Home(state_of_owner(around)?)),
        }
    }

    /// To change; it is made when it is missing.
    pub(in crate::commands) fn open(place: &Place, around: &Surroundings) -> Result<Self, Failure> {
        match place {
            Place::Root(dir) => {
                files::make_dir(dir)?;
                Ok(Self::Store(RootHost::open(dir, layout::root_owner(HERE))?.store()?))
            }
            Place::Machine if around.euid == 0 => {
                Ok(Self::Store(Store::open(Path::new(layout::store(HERE)))?))
            }
            Place::Machine => Ok(Self::Home(state_of_owner(around)?)),
        }
    }

    /// A file of it.
    pub(in crate::commands) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        Ok(match self {
            Self::Store(store) => store.read_file(name)?,
            Self::Home(dir) => files::read_optional(&dir.join(name), LIMIT)?,
            Self::Nothing => None,
        })
    }

    /// Replaces a file of it.
    pub(in crate::commands) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Store(store) => store.write_file(name, bytes)?,
            Self::Home(dir) => {
                files::make_dir(dir)?;
                files::write_private(&dir.join(name), bytes)?;
            }
            Self::Nothing => return Err(Failure::new(Exit::Bug, "nothing is remembered here")),
        }
        Ok(())
    }

    /// The key, where there is one.
    pub(in crate::commands) fn known_key(&self) -> Result<Option<HouseKey>, Failure> {
        let bytes = match self {
            // A key that others can read is refused, as ssh refuses one.
            Self::Home(dir) if files::is_there(&dir.join(KEY)) => {
                Some(passphrase::read_key(&dir.join(KEY), LIMIT)?)
            }
            Self::Home(_) | Self::Nothing => None,
            Self::Store(store) => store.read_file(KEY)?.map(Zeroizing::new),
        };
        let Some(bytes) = bytes else { return Ok(None) };
        HouseKey::read(&bytes).map(Some).ok_or_else(|| {
            Failure::failed(format!("{KEY} is damaged: it does not have {LENGTH} bytes"))
                .hint("move it away; a new one is made, and what was recorded of bundles means nothing to it")
        })
    }

    /// The key, which is made at its first use; two first runs make one.
    pub(in crate::commands) fn key(&self) -> Result<HouseKey, Failure> {
        if let Some(key) = self.known_key()? {
            return Ok(key);
        }
        let _lock = match self {
            Self::Store(store) => Some(store.lock(LOCK_WAIT)?),
            Self::Home(_) | Self::Nothing => None,
        };
        if let Some(key) = self.known_key()? {
            return Ok(key);
        }
        let bytes = fresh()?;
        match self {
            // Whoever comes second finds the first one's.
            Self::Home(dir) => match files::write_new(&dir.join(KEY), &*bytes) {
                Ok(()) => {}
                Err(HostError::Io { source, .. })
                    if source.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            },
            Self::Store(_) | Self::Nothing => self.write(KEY, &*bytes)?,
        }
        self.known_key()?.ok_or_else(|| Failure::failed("the key of the fingerprints vanished"))
    }
}

/// A key for one run: whoever only looks makes none that lasts.
pub(super) fn passing_key() -> Result<HouseKey, Failure> {
    Ok(HouseKey::new(fresh()?))
}

fn fresh() -> Result<Zeroizing<[u8; LENGTH]>, Failure> {
    let mut bytes = Zeroizing::new([0; LENGTH]);
    random::fill(&mut *bytes)?;
    Ok(bytes)
}
