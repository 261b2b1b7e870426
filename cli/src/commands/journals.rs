//! Where journals are: of a directory root, or of the machine, of its jobs and services, of the owner.
//!
//! One list for what reads them (`sanctum audit`) and for what speaks for them (the journal's service). Deliberately
//! absent: what is in them.

use crate::failure::Failure;
use crate::record;
use crate::site::{HERE, Place};
use sanctum_host::journal::{JournalError, Places};
use sanctum_host::{HostError, RootHost, Store, files};
use sanctum_orchestrator::house::layout;
use std::path::Path;

/// A journal's place in words, and what a look at it came to: none where nothing was ever recorded.
pub type Found = (String, Result<Option<Places>, JournalError>);

/// Every journal of a place; `home` is the caller's.
pub fn all(
    place: &Place,
    home: Option<&Path>,
    second: Option<&Path>,
) -> Result<Vec<Found>, Failure> {
    if let Place::Root(dir) = place {
        return Ok(vec![(dir.display().to_string(), of_root(dir, second))]);
    }
    let store = layout::store(HERE);
    let mut all = vec![(store.to_owned(), of_machine(Path::new(store), second))];
    for dir in of_jobs(Path::new(store))? {
        let places = Places::look_at(&dir.join("journal"), &dir.join("witness"));
        all.push((dir.display().to_string(), places));
    }
    if let Some(home) = home {
        let (streams, witness) = record::of_owner(home);
        all.push((streams.display().to_string(), Places::look_at(&streams, &witness)));
    }
    Ok(all)
}

fn of_root(dir: &Path, second: Option<&Path>) -> Result<Option<Places>, JournalError> {
    if !files::is_there(dir) {
        return Ok(None);
    }
    let host = RootHost::open(dir, layout::root_owner(HERE))?;
    match host.existing_store()? {
        Some(store) => Places::look(&store, second),
        None => Ok(None),
    }
}

fn of_machine(path: &Path, second: Option<&Path>) -> Result<Option<Places>, JournalError> {
    let store = match Store::open_existing(path) {
        Ok(store) => store,
        Err(HostError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let known = record::second_place(&Place::Machine, &store);
    let known = known.unwrap_or_else(|_| Some(layout::witness(HERE).into()));
    Places::look(&store, second.or(known.as_deref()))
}

/// Directories of jobs that run as accounts of their own (`account::state_dir`).
fn of_jobs(store: &Path) -> Result<Vec<std::path::PathBuf>, Failure> {
    let (Some(parent), Some(name)) = (store.parent(), store.file_name().and_then(|n| n.to_str()))
    else {
        return Ok(Vec::new());
    };
    let prefix = format!("{name}-");
    let dirs = files::list(parent)?.into_iter().filter(|found| found.starts_with(&prefix));
    Ok(dirs
        .map(|found| parent.join(found))
        .filter(|dir| dir != Path::new(layout::witness(HERE)))
        .collect())
}
