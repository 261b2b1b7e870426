//! What is kept of an agent's settings, so that removing gives back the exact bytes.
//!
//! One file an agent, in what the owner's programs remember, for the owner only: settings may hold secrets. Of root's settings it is
//! in root's store. Deliberately absent: when it counts.

use super::seat::Seat;
use crate::commands::Context;
use crate::failure::Failure;
use crate::record;
use crate::site::{HERE, Place};
use sanctum_firewall::agents::Agent;
use sanctum_firewall::agents::settings::{Scope, Undo};
use sanctum_host::{RootHost, Store, files, hook_file};
use sanctum_orchestrator::house::layout;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Two settings files and what JSON needs to hold them.
const LIMIT: u64 = 64 << 20;

/// A receipt.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Receipt {
    pub(super) format: u32,
    /// The file, by its path.
    pub(super) file: String,
    /// What it held before the hooks; none where there was none.
    pub(super) before: Option<String>,
    /// What it held with them.
    pub(super) after: Option<String>,
}

impl Receipt {
    pub(super) fn undo(self) -> Undo {
        Undo { before: self.before, after: self.after }
    }
}

fn path(context: &Context, agent: Agent) -> Result<PathBuf, Failure> {
    let dir = record::state_of_owner(&context.around)?.join("hooks");
    Ok(dir.join(format!("{}.json", agent.name())))
}

/// Root's store, where there is one.
fn store(place: &Place) -> Result<Option<Store>, Failure> {
    Ok(match place {
        Place::Machine => {
            let path = Path::new(layout::store(HERE));
            if files::is_there(path) { Some(Store::open_existing(path)?) } else { None }
        }
        Place::Root(dir) if !files::is_there(dir) => None,
        Place::Root(dir) => RootHost::open(dir, layout::root_owner(HERE))?.existing_store()?,
    })
}

fn name(agent: Agent) -> String {
    format!("hooks-{}.json", agent.name())
}

/// The receipt, where there is one that can be read.
pub(super) fn read(context: &Context, seat: &Seat) -> Result<Option<Receipt>, Failure> {
    let bytes = match seat.scope {
        Scope::User => files::read_optional(&path(context, seat.agent)?, LIMIT)?,
        Scope::Managed => match store(&seat.place)? {
            Some(store) => store.read_file(&name(seat.agent))?,
            None => None,
        },
    };
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Makes the directories of a file of the owner's programs.
pub(super) fn make_dirs(path: &Path) -> Result<(), Failure> {
    if let Some(dir) = path.parent() {
        if let Some(above) = dir.parent() {
            files::make_dir(above)?;
        }
        files::make_private_dir(dir)?;
    }
    Ok(())
}

/// Keeps a receipt.
pub(super) fn write(context: &Context, seat: &Seat, receipt: &Receipt) -> Result<(), Failure> {
    let bytes = serde_json::to_vec(receipt)?;
    if seat.scope == Scope::Managed {
        // The journal has opened it by now.
        let none = || Failure::failed("root's store is not there");
        let store = store(&seat.place)?.ok_or_else(none)?;
        return Ok(store.write_file(&name(seat.agent), &bytes)?);
    }
    let path = path(context, seat.agent)?;
    make_dirs(&path)?;
    Ok(files::write_private(&path, &bytes)?)
}

/// Forgets it: the settings are as they were.
pub(super) fn forget(context: &Context, seat: &Seat) -> Result<(), Failure> {
    if seat.scope == Scope::Managed {
        let Some(store) = store(&seat.place)? else { return Ok(()) };
        if store.read_file(&name(seat.agent))?.is_some() {
            store.remove_file(&name(seat.agent))?;
        }
        return Ok(());
    }
    let path = path(context, seat.agent)?;
    if files::is_there(&path) {
        hook_file::remove(&path)?;
    }
    Ok(())
}
