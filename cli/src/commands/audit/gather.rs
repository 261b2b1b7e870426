//! Every journal that this caller may look at: of a directory root, of the machine, of its jobs, of the owner.

use crate::commands::Context;
use crate::failure::Failure;
use crate::record;
use crate::site::{HERE, Place};
use sanctum_host::journal::merge::{Story, Unread};
use sanctum_host::journal::scan::Line;
use sanctum_host::journal::{JournalError, Places, may_run};
use sanctum_host::{HostError, RootHost, Store, files};
use sanctum_orchestrator::house::layout;
use std::path::Path;

/// Reads and verifies all of them.
pub(in crate::commands) fn gather(
    context: &Context,
    second: Option<&Path>,
    keep: &dyn Fn(&Line<'_>) -> bool,
) -> Result<Story, Failure> {
    let mut story = Story::default();
    let may_run = may_run()?;
    let mut all = Vec::new();
    let mut add = |what: &str, places: Result<Option<Places>, JournalError>| match places {
        Ok(Some(places)) => {
            story.add(&places, keep, &may_run);
            all.push(places);
        }
        Ok(None) => {}
        Err(error) => story.unread.push(Unread { what: what.to_owned(), error }),
    };
    if let Place::Root(dir) = Place::of(&context.common) {
        add(&dir.display().to_string(), of_root(&dir, second));
    } else {
        let store = layout::store(HERE);
        add(store, of_machine(Path::new(store), second));
        for dir in of_jobs(Path::new(store))? {
            let places = Places::look_at(&dir.join("journal"), &dir.join("witness"));
            add(&dir.display().to_string(), places);
        }
        if let Some(home) = &context.around.home {
            let (streams, witness) = record::of_owner(home);
            add(&streams.display().to_string(), Places::look_at(&streams, &witness));
        }
    }
    for places in &all {
        story.hold(places);
    }
    story.settle();
    Ok(story)
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
