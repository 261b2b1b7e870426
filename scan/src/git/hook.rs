//! The pre-commit hook that scans what is staged: put in, and taken out so that nothing of it remains.
//!
//! A hook that is there already is kept under another name and runs first. `core.hooksPath` of the repository is
//! respected; one of the whole account is not touched, because that would be every repository's hook, and refused, because
//! git would not run ours. Invariant: only a file that holds exactly our text is taken away.

use super::config::Config;
use super::{GitError, Repository};
use sanctum_host::{HostError, files, hook_file, look};
use std::path::{Path, PathBuf};

/// Name of the hook.
const HOOK: &str = "pre-commit";
/// Name of the hook that was there before.
const BEFORE: &str = "pre-commit.before-sanctum";
/// Bytes of a hook that is compared with ours.
const LIMIT: u64 = 1024 * 1024;
/// The key that moves hooks elsewhere: section and name.
const HOOKS_PATH: (&str, &str) = ("core", "hookspath");
/// git's configuration of an account, below its home, and that of a machine (git-config(1), FILES).
const OF_HOME: [&str; 2] = [".gitconfig", ".config/git/config"];
const OF_MACHINE: &str = "/etc/gitconfig";

/// Why a hook is not put in or taken out.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file cannot be read or changed.
    #[error(transparent)]
    Host(#[from] HostError),
    /// Our hook was changed by somebody.
    #[error("{0} was changed since it was put in")]
    Changed(String),
    /// Both names are taken.
    #[error("{0} is there already and is no hook of ours")]
    Taken(String),
    /// git looks for hooks where none is put from here.
    #[error(
        "git looks for the hooks of this repository in {0} (core.hooksPath), which is not this repository's"
    )]
    Elsewhere(String),
    /// The program's path cannot stand in a script.
    #[error("the path of this program holds a quote: {0}")]
    Program(String),
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// It is there now; the hook of before, if any, runs first.
    Installed {
        /// The hook.
        path: PathBuf,
        /// Whether another hook is kept.
        chained: bool,
    },
    /// It was there already.
    AlreadyThere(PathBuf),
    /// It is gone, and what was there before is back.
    Removed {
        /// The hook.
        path: PathBuf,
        /// Whether another hook is back.
        restored: bool,
    },
    /// There was none.
    NotThere(PathBuf),
}

/// The hook's text.
///
/// # Errors
/// The program's path cannot stand in quotes.
pub fn script(program: &Path) -> Result<String, HookError> {
    let program = program.display().to_string();
    if program.contains(['\'', '\n']) {
        return Err(HookError::Program(program));
    }
    Ok(format!(
        "#!/bin/sh\n\
         # Put here by `sanctum scan hook install`; `sanctum scan hook remove` takes it out and puts back what was here.\n\
         before=\"$(dirname \"$0\")/{BEFORE}\"\n\
         if [ -x \"$before\" ]; then\n    \"$before\" \"$@\" || exit $?\nfi\n\
         if ! [ -x '{program}' ]; then\n    \
         echo 'sanctum is not at {program}: nothing was scanned; see: sanctum scan hook remove' >&2\n    exit 1\nfi\n\
         exec '{program}' scan --staged --index-file \"${{GIT_INDEX_FILE:-}}\"\n"
    ))
}

/// Where the repository's hooks are.
///
/// # Errors
/// In a home, by `~`: many repositories' hooks.
pub fn folder(repository: &Repository) -> Result<PathBuf, HookError> {
    match repository.config.value(HOOKS_PATH.0, None, HOOKS_PATH.1) {
        Some(path) if path.starts_with('~') => Err(HookError::Elsewhere(path)),
        // A relative one begins where hooks run: at the top of the work tree.
        Some(path) if !path.is_empty() => Ok(repository.shown().join(path)),
        _ => Ok(repository.common_dir.join("hooks")),
    }
}

/// Where every repository of the account or the machine has its hooks, unless it says where itself. `include` is not followed.
fn of_everybody(home: Option<&Path>) -> Result<Option<String>, HookError> {
    let own = home.into_iter().flat_map(|home| OF_HOME.map(|name| home.join(name)));
    for path in own.chain([PathBuf::from(OF_MACHINE)]) {
        let Some(text) = files::read_optional(&path, super::CONFIG)? else { continue };
        let found = Config::parse(&text).value(HOOKS_PATH.0, None, HOOKS_PATH.1);
        if let Some(path) = found.filter(|path| !path.is_empty()) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Puts the hook in. `home` is whose configuration of git counts beside the repository's.
///
/// # Errors
/// [`HookError`]; then everything is as it was.
pub fn install(
    repository: &Repository,
    program: &Path,
    home: Option<&Path>,
) -> Result<Done, HookError> {
    let script = script(program)?;
    let folder = folder(repository)?;
    if repository.config.value(HOOKS_PATH.0, None, HOOKS_PATH.1).is_none()
        && let Some(path) = of_everybody(home)?
    {
        return Err(HookError::Elsewhere(path));
    }
    let (path, before) = (folder.join(HOOK), folder.join(BEFORE));
    match look::at_itself(&path)? {
        None => {
            // One that was set aside runs first again.
            let chained = look::at_itself(&before)?.is_some();
            hook_file::place(&path, script.as_bytes())?;
            Ok(Done::Installed { path, chained })
        }
        Some(_) if is_ours(&path, &script) => Ok(Done::AlreadyThere(path)),
        Some(_) if is_somehow_ours(&path) => Err(HookError::Changed(path.display().to_string())),
        Some(_) if look::at_itself(&before)?.is_some() => {
            Err(HookError::Taken(before.display().to_string()))
        }
        Some(_) => {
            hook_file::rename(&path, &before)?;
            if let Err(error) = hook_file::place(&path, script.as_bytes()) {
                hook_file::rename(&before, &path)?;
                return Err(error.into());
            }
            Ok(Done::Installed { path, chained: true })
        }
    }
}

/// Takes the hook out.
///
/// # Errors
/// [`HookError`]; a hook that is not exactly ours is left as it is.
pub fn remove(repository: &Repository, program: &Path) -> Result<Done, HookError> {
    let script = script(program)?;
    let folder = folder(repository)?;
    let (path, before) = (folder.join(HOOK), folder.join(BEFORE));
    if look::at_itself(&path)?.is_none() || !is_somehow_ours(&path) {
        return Ok(Done::NotThere(path));
    }
    if !is_ours(&path, &script) {
        return Err(HookError::Changed(path.display().to_string()));
    }
    hook_file::remove(&path)?;
    let restored = look::at_itself(&before)?.is_some();
    if restored {
        hook_file::rename(&before, &path)?;
    }
    Ok(Done::Removed { path, restored })
}

fn is_ours(path: &Path, script: &str) -> bool {
    files::read(path, LIMIT).is_ok_and(|bytes| bytes == script.as_bytes())
}

/// Whether a hook says of itself that it was put in by this verb.
fn is_somehow_ours(path: &Path) -> bool {
    let said = files::read(path, LIMIT).unwrap_or_default();
    memchr::memmem::find(&said, b"# Put here by `sanctum scan hook install`").is_some()
}
