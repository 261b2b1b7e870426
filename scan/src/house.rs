//! Known places of a house: property lists, git's configurations, and the files that a scan of the house reads.
//!
//! Deliberately absent: the owner's documents and code, which are paths of their own on the command line.

use crate::content::Name;
use crate::finding::Source;
use crate::git::Repository;
use crate::history::cause;
use crate::scanner::Scanner;
use crate::{content, walk};
use sanctum_host::{files, look};
use std::path::{Path, PathBuf};

/// Bytes of a configuration of git's.
const LIMIT: u64 = 4 * 1024 * 1024;
/// Where launchd and preferences keep their lists, of the system and below a home.
const PLISTS: [&str; 3] =
    ["/Library/LaunchAgents", "/Library/LaunchDaemons", "/Library/Preferences"];
const PLISTS_OF_HOME: [&str; 2] = ["Library/LaunchAgents", "Library/Preferences"];
/// Configuration of the system: `/etc`, Homebrew's on both kinds of Mac, and sanctum's own.
const SYSTEM: [&str; 5] =
    ["/etc", "/usr/local/etc", "/opt/homebrew/etc", "/opt/sanctum", "/var/lib/sanctum"];
/// Below a home: where programs keep configuration and, all too often, keys.
const OF_HOME: [&str; 10] = [
    ".aws",
    ".azure",
    ".config",
    ".docker",
    ".gnupg",
    ".kube",
    ".sanctum",
    ".ssh",
    "bin",
    "Library/Application Support/Claude",
];

/// Property lists of launchd and of preferences.
pub(crate) fn plists(scanner: &Scanner<'_>, homes: &[PathBuf]) {
    let own = homes.iter().flat_map(|home| PLISTS_OF_HOME.iter().map(|name| home.join(name)));
    let all = PLISTS.iter().map(PathBuf::from).chain(own);
    walk::scan(scanner, Source::Plist, &there(scanner, all), false);
}

/// The files that a scan of the house reads: what lies in a home itself, and the folders above.
#[must_use]
pub fn paths(scanner: &Scanner<'_>, homes: &[PathBuf]) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
    for home in homes {
        all.extend(OF_HOME.iter().map(|name| home.join(name)));
        match look::list(home) {
            Ok(names) => {
                let names = names.unwrap_or_default();
                let file = |path: &PathBuf| {
                    look::at_itself(path)
                        .ok()
                        .flatten()
                        .is_some_and(|facts| facts.kind == look::Kind::File)
                };
                // Histories are read as what they are.
                let names = names.iter().filter(|name| !name.ends_with("_history"));
                all.extend(names.map(|name| home.join(name)).filter(file));
            }
            Err(error) => scanner.not_scanned(home.display().to_string(), cause(&error)),
        }
    }
    there(scanner, all.into_iter())
}

fn there(scanner: &Scanner<'_>, paths: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let is_there = |path: &PathBuf| match look::at(path) {
        Ok(found) => found.is_some(),
        Err(error) => {
            scanner.not_scanned(path.display().to_string(), cause(&error));
            false
        }
    };
    paths.filter(is_there).collect()
}

/// The configurations of a repository: remotes' URLs, those that are pushed to or put in their place, and headers.
pub(crate) fn git_configs(scanner: &Scanner<'_>, repository: &Repository) {
    let mut all = vec![repository.common_dir.join("config")];
    all.extend([repository.git_dir.join("config.worktree")]);
    all.dedup();
    for path in all {
        config(scanner, &path);
    }
}

fn config(scanner: &Scanner<'_>, path: &Path) {
    let shown = || path.display().to_string();
    match files::read_optional(path, LIMIT) {
        Ok(Some(text)) => {
            let name = Name::new(Source::Remote, &shown);
            content::file(scanner, name, &text.as_slice(), &mut Vec::new());
        }
        Ok(None) => {}
        Err(error) => scanner.not_scanned(shown(), cause(&error)),
    }
}
