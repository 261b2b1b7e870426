//! A node and its store without the instance file: what the way back needs.
//!
//! Rollback, recovery, confirming and uninstalling must work when the instance file is gone or broken, so the
//! store itself remembers which node it belongs to.

use crate::args::Common;
use crate::failure::Failure;
use crate::surroundings::Surroundings;
use sanctum_host::live::Live;
use sanctum_host::{Host, HostError, MemHost, RootHost, Store, StoreLock, files};
use sanctum_orchestrator::engine::{Engine, EngineError};
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::instance::model::Os;
use sanctum_types::{AbsPath, NodeName};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a verb that changes something waits for another one to end.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// The store's file that says whose it is.
const NODE: &str = "node.json";

/// The system that this binary was built for.
pub const HERE: Os = if cfg!(target_os = "macos") { Os::Macos } else { Os::Linux };

/// Where a node's files go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// This machine.
    Machine,
    /// A directory that stands for a machine.
    Root(PathBuf),
}

impl Place {
    /// The place that the command line names.
    #[must_use]
    pub fn of(common: &Common) -> Self {
        common.root.clone().map_or(Self::Machine, Self::Root)
    }
}

impl Place {
    /// The command line of a verb here, as the owner types it.
    #[must_use]
    pub fn command(&self, verb: &str) -> String {
        match self {
            Self::Machine => format!("sudo {} {verb}", layout::SANCTUM),
            Self::Root(_) => format!("sanctum {verb}"),
        }
    }
}

/// Whether a verb changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It only looks.
    Look,
    /// It only looks, and needs no store: one that is closed to this account is none.
    Glance,
    /// It changes: the store is made when it is missing, and locked.
    Change,
}

/// A node, its host and its store.
pub struct Site {
    /// Which node.
    pub node: NodeName,
    /// Its operating system.
    pub os: Os,
    /// Where it is.
    pub place: Place,
    /// The journal's second place that the instance declares, where it was read.
    pub second_place: Option<AbsPath>,
    host: Box<dyn Host>,
    store: Option<Store>,
    _lock: Option<StoreLock>,
}

#[derive(Serialize, Deserialize)]
struct Whose {
    format: u32,
    node: NodeName,
    os: Os,
}

impl Site {
    /// Opens a node that the instance declares.
    pub fn open(
        node: NodeName,
        os: Os,
        place: Place,
        around: &Surroundings,
        access: Access,
    ) -> Result<Self, Failure> {
        if let (Place::Root(dir), Access::Change) = (&place, access) {
            files::make_dir(dir)?;
        }
        if place == Place::Machine && access == Access::Change {
            crate::machine::may_change(around)?;
        }
        let (host, store) = host_and_store(&place, os, access)?;
        // Two first runs at once must not both become the owner of the store.
        let lock = lock(store.as_ref(), access)?;
        match (whose(store.as_ref())?, &store) {
            (Some(whose), _) if whose.node != node => {
                let error = format!("this is node `{}`, not `{node}`", whose.node);
                return Err(Failure::refused(error).hint(format!(
                    "say --node {}, or name another directory with --root",
                    whose.node
                )));
            }
            (None, Some(store)) if access == Access::Change => {
                let whose = Whose { format: 1, node: node.clone(), os };
                store.write_file(NODE, &serde_json::to_vec(&whose)?)?;
            }
            _ => {}
        }
        Ok(Self { node, os, place, second_place: None, host, store, _lock: lock })
    }

    /// Whether anything was ever applied at the place.
    pub fn is_known(common: &Common) -> Result<bool, Failure> {
        Ok(whose(host_and_store(&Place::of(common), HERE, Access::Look)?.1.as_ref())?.is_some())
    }

    /// Opens the node that the store remembers.
    pub fn recall(common: &Common, around: &Surroundings, access: Access) -> Result<Self, Failure> {
        let place = Place::of(common);
        if place == Place::Machine && access == Access::Change {
            crate::machine::may_change(around)?;
        }
        // A store that is not there is not made: there is nothing to take back. The owner of files that the
        // ledger does not know is not known either before the store is read.
        let (_, known) = host_and_store(&place, HERE, Access::Look)?;
        let Some(whose) = whose(known.as_ref())? else {
            return Err(Failure::refused(EngineError::NoStore)
                .hint("name the directory with --root, or apply first: sanctum apply"));
        };
        let (host, store) = host_and_store(&place, whose.os, access)?;
        let lock = lock(store.as_ref(), access)?;
        let Whose { node, os, .. } = whose;
        Ok(Self { node, os, place, second_place: None, host, store, _lock: lock })
    }

    /// The engine over this node.
    pub fn engine(&mut self) -> Engine<'_> {
        Engine { store: self.store.as_ref(), host: &mut *self.host }
    }

    /// The store, where there is one.
    #[must_use]
    pub const fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }
}

fn whose(store: Option<&Store>) -> Result<Option<Whose>, Failure> {
    let Some(bytes) = store.map(|store| store.read_file(NODE)).transpose()?.flatten() else {
        return Ok(None);
    };
    Ok(Some(serde_json::from_slice(&bytes)?))
}

/// The host and the store of a place. A store is made only for a change.
fn host_and_store(
    place: &Place,
    os: Os,
    access: Access,
) -> Result<(Box<dyn Host>, Option<Store>), Failure> {
    match place {
        // A root that is not there yet is an empty machine to whoever only looks; nothing is made.
        Place::Root(dir) if access != Access::Change && !files::is_there(dir) => {
            Ok((Box::new(MemHost::default()), None))
        }
        Place::Root(dir) => {
            let host = RootHost::open(dir, layout::root_owner(os))?;
            let store = match access {
                Access::Change => Some(host.store()?),
                Access::Look => host.existing_store()?,
                Access::Glance => host.existing_store().ok().flatten(),
            };
            Ok((Box::new(host), store))
        }
        Place::Machine => {
            let path = Path::new(layout::store(HERE));
            let store = match access {
                Access::Change => Some(Store::open(path)?),
                Access::Look => existing(path)?,
                Access::Glance => existing(path).ok().flatten(),
            };
            Ok((Box::new(Live::open(path)?), store))
        }
    }
}

fn existing(path: &Path) -> Result<Option<Store>, Failure> {
    match Store::open_existing(path) {
        Ok(store) => Ok(Some(store)),
        Err(HostError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Ok(None)
        }
        Err(error) => {
            Err(Failure::failed(error).hint("look as the user that applied, or with sudo"))
        }
    }
}

fn lock(store: Option<&Store>, access: Access) -> Result<Option<StoreLock>, Failure> {
    match (store, access) {
        (Some(store), Access::Change) => Ok(Some(store.lock(LOCK_WAIT)?)),
        _ => Ok(None),
    }
}
