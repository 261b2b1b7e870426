//! A node and its store without the instance file: what the way back needs.
//!
//! Rollback, recovery, confirming and uninstalling must work when the instance file is gone or broken, so the
//! store itself remembers which node it belongs to.

use crate::args::Common;
use crate::failure::{Exit, Failure};
use crate::surroundings::Surroundings;
use sanctum_host::live::Live;
use sanctum_host::{Host, HostError, RootHost, Store, StoreLock, files};
use sanctum_orchestrator::engine::{Engine, EngineError};
use sanctum_orchestrator::house::layout;
use sanctum_orchestrator::instance::model::Os;
use sanctum_types::NodeName;
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

    fn store(&self) -> PathBuf {
        match self {
            Self::Machine => PathBuf::from(layout::store(HERE)),
            Self::Root(dir) => dir.join(sanctum_host::root_host::STORE_DIR),
        }
    }
}

/// Whether a verb changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It only looks.
    Look,
    /// It changes: the store is made when it is missing, and locked.
    Change,
}

/// A node, its host and its store.
pub struct Site {
    /// Which node.
    pub node: NodeName,
    /// Where it is.
    pub place: Place,
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
        let (store, lock) = open_store(&place.store(), access)?;
        if let Some(whose) = whose(store.as_ref())?.filter(|whose| whose.node != node) {
            let error = format!("this is node `{}`, not `{node}`", whose.node);
            return Err(Failure::refused(error).hint(format!(
                "say --node {}, or name another directory with --root",
                whose.node
            )));
        }
        if let (Some(store), Access::Change) = (&store, access) {
            let whose = Whose { format: 1, node: node.clone(), os };
            store.write_file(NODE, &serde_json::to_vec(&whose)?)?;
        }
        Self::with(node, os, place, store, lock)
    }

    /// Opens the node that the store remembers.
    pub fn recall(common: &Common, around: &Surroundings, access: Access) -> Result<Self, Failure> {
        let place = Place::of(common);
        if place == Place::Machine && access == Access::Change {
            crate::machine::may_change(around)?;
        }
        let path = place.store();
        // A store that is not there is not made: there is nothing to take back.
        let known = open_store(&path, Access::Look)?.0;
        let Some(whose) = whose(known.as_ref())? else {
            return Err(Failure::refused(EngineError::NoStore)
                .hint("name the directory with --root, or apply first: sanctum apply"));
        };
        let (store, lock) = open_store(&path, access)?;
        Self::with(whose.node, whose.os, place, store, lock)
    }

    fn with(
        node: NodeName,
        os: Os,
        place: Place,
        store: Option<Store>,
        lock: Option<StoreLock>,
    ) -> Result<Self, Failure> {
        let host: Box<dyn Host> = match &place {
            Place::Machine => Box::new(Live::open(&place.store())?),
            Place::Root(dir) => Box::new(RootHost::open(dir, layout::root_owner(os))?),
        };
        Ok(Self { node, place, host, store, _lock: lock })
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

fn open_store(path: &Path, access: Access) -> Result<(Option<Store>, Option<StoreLock>), Failure> {
    match access {
        Access::Change => {
            let store = Store::open(path)?;
            let lock = store.lock(LOCK_WAIT)?;
            Ok((Some(store), Some(lock)))
        }
        Access::Look => match Store::open_existing(path) {
            Ok(store) => Ok((Some(store), None)),
            Err(HostError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Ok((None, None))
            }
            Err(error) => {
                let failure = Failure::new(Exit::Failed, error);
                Err(failure.hint("look as the user that applied, or with sudo"))
            }
        },
    }
}
