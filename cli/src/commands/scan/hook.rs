//! `sanctum scan hook install|remove`: git's pre-commit hook of one repository.
//!
//! Deliberately absent: the journal, which tells of the house; a hook is the repository's, and its file says who put it there.

use crate::commands::Context;
use crate::failure::{Exit, Failure};
use crate::output::Paint;
use sanctum_scan::git::hook::{self, Done, HookError};
use sanctum_scan::git::{GitError, Repository};
use serde_json::json;
use std::path::Path;

/// Puts it in.
pub(super) fn install(context: &Context, path: &Path) -> Result<Exit, Failure> {
    let home = context.around.home();
    change(context, path, |repository, program| hook::install(repository, program, home))
}

/// Takes it out.
pub(super) fn remove(context: &Context, path: &Path) -> Result<Exit, Failure> {
    change(context, path, hook::remove)
}

fn change(
    context: &Context,
    path: &Path,
    act: impl Fn(&Repository, &Path) -> Result<Done, HookError>,
) -> Result<Exit, Failure> {
    let path = std::path::absolute(path)?;
    let repository = Repository::above(&path).map_err(|error| match error {
        GitError::None(_) => Failure::new(Exit::Usage, error),
        error => Failure::failed(error),
    })?;
    let program = context.around.exe.clone();
    let program =
        program.ok_or_else(|| Failure::failed("this program does not know its own path"))?;
    let done = act(&repository, &program).map_err(refused)?;
    let (paint, words, path, state) = match &done {
        Done::Installed { path, chained: false } => (Paint::Good, "is in place", path, "installed"),
        Done::Installed { path, chained: true } => {
            (Paint::Good, "is in place; the hook that was there runs first", path, "installed")
        }
        Done::AlreadyThere(path) => (Paint::Good, "is in place already", path, "unchanged"),
        Done::Removed { path, restored: false } => (Paint::Good, "is gone", path, "removed"),
        Done::Removed { path, restored: true } => {
            (Paint::Good, "is gone; the hook that was there before is back", path, "removed")
        }
        Done::NotThere(path) => {
            (Paint::Note, "is no hook of ours; nothing was done", path, "unchanged")
        }
    };
    context.out.line(paint, &format!("{} {words}", path.display()));
    context.out.data(&json!({ "format": 1, "hook": path.display().to_string(), "state": state }));
    Ok(Exit::Done)
}

fn refused(error: HookError) -> Failure {
    match &error {
        HookError::Changed(path) => {
            let hint = format!("take out by hand what is sanctum's in {path}");
            Failure::refused(error).hint(hint)
        }
        HookError::Taken(path) => {
            let hint = format!("look at {path}, and give it another name");
            Failure::refused(error).hint(hint)
        }
        HookError::Elsewhere(_) => {
            Failure::refused(error).hint("in the repository: git config core.hooksPath .git/hooks")
        }
        _ => Failure::failed(error),
    }
}
