//! Where the bytes come from in which credentials are looked for; `firewall` says what one is.
//!
//! Files by content, archives, git's objects, histories, property lists, processes, containers. Invariants: nothing here
//! touches a network, starts a program of somebody else's choosing, or changes anything but git's hook where that was
//! asked for; what could not be read is told and never counts as clean; no secret leaves. docs/formats/scan.md

pub mod archive;
pub mod baseline;
pub mod content;
pub mod finding;
pub mod git;
pub mod history;
pub mod house;
pub mod machine;
pub mod mark;
pub mod plist;
pub mod sarif;
pub mod scanner;
#[cfg(test)]
mod tests;
pub mod text;
pub mod validate;
pub mod walk;

pub use baseline::Baseline;
pub use finding::{Accepted, Finding, NotScanned, Report, Source};
pub use scanner::{Scanner, Settings};

use git::{GitError, Repository};
use std::path::{Path, PathBuf};

/// What is looked at.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Files and folders, or repositories where only their history was asked for.
    pub paths: Vec<PathBuf>,
    /// The files below the paths.
    pub files: bool,
    /// The history of the repositories at or below the paths.
    pub history: bool,
    /// What their logs name and what nothing names any more, too.
    pub unreachable: bool,
    /// The configurations of the repositories at or below the paths, with the URLs of their remotes.
    pub remotes: bool,
    /// What is staged in the repository around the first path.
    pub staged: bool,
    /// Another index than the repository's own.
    pub index_file: Option<PathBuf>,
    /// Histories of shells and other programs below the homes.
    pub shell: bool,
    /// Property lists of launchd and of preferences.
    pub plists: bool,
    /// Arguments and environments of processes.
    pub processes: bool,
    /// Containers of the engines that are here.
    pub containers: bool,
    /// Homes of people.
    pub homes: Vec<PathBuf>,
}

/// Looks at everything that was asked for.
///
/// # Errors
/// What is staged cannot be read: a hook must not let a commit pass then. Everything else that cannot be read is in the
/// report.
pub fn run(scanner: &Scanner<'_>, request: &Request) -> Result<(), GitError> {
    if request.staged {
        let here = request.paths.first().map_or(Path::new("."), PathBuf::as_path);
        let here = std::path::absolute(here)
            .map_err(|source| GitError::Io { path: here.display().to_string(), source })?;
        return git::staged::scan(
            scanner,
            &Repository::above(&here)?,
            request.index_file.as_deref(),
        );
    }
    let git = request.history || request.remotes;
    let mut repositories = Vec::new();
    if request.files {
        repositories = walk::scan(scanner, Source::File, &request.paths, git);
    } else if git {
        repositories.extend(request.paths.iter().cloned());
    }
    let mut seen = Vec::new();
    for path in &repositories {
        one(scanner, request, path, &mut seen);
    }
    if request.shell {
        request.homes.iter().for_each(|home| history::scan(scanner, home));
    }
    if request.plists {
        house::plists(scanner, &request.homes);
    }
    if request.processes {
        machine::processes(scanner);
    }
    if request.containers {
        machine::containers(scanner, &request.homes);
    }
    Ok(())
}

/// One repository, once, however many work trees lead to it.
fn one(scanner: &Scanner<'_>, request: &Request, path: &Path, seen: &mut Vec<(u64, u64)>) {
    // The files of `x/.git` are `x`'s.
    let path = match path.parent() {
        Some(above) if path.file_name().is_some_and(|name| name == ".git") => above,
        _ => path,
    };
    // Paths below the current folder are shown as they would be typed.
    let path = if path == Path::new(".") { Path::new("") } else { path };
    let shown = path.display().to_string();
    let subject = if shown.is_empty() { "." } else { &shown };
    let repository = match Repository::at(path) {
        Ok(Some(repository)) => repository,
        Ok(None) => return scanner.not_scanned(subject, "it is no repository of git"),
        Err(error) => return scanner.not_scanned(subject, sanctum_types::chain(&error)),
    };
    let objects = sanctum_host::look::at(&repository.common_dir.join("objects"));
    if let Ok(Some(facts)) = objects {
        if seen.contains(&facts.inode) {
            return;
        }
        seen.push(facts.inode);
    }
    if request.remotes {
        house::git_configs(scanner, &repository);
    }
    if request.history {
        git::history::scan(scanner, &repository, &shown, request.unreachable);
    }
}
