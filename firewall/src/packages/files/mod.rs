//! Files that name packages: requirement files, manifests and lock files, each by its own small reader of lines or of JSON.
//!
//! A reader takes what it knows and passes over the rest: a file that cannot be read names nothing and says so. Every reader is
//! bounded by the length of its text. Deliberately absent: opening anything, and what a range of versions means.

mod lines;
mod lock;
mod manifest;
mod requirements;
pub(super) mod tree;

pub(super) use lines::usual_channel;

use crate::shell::Ecosystem;

/// Requirement files name others; a chain longer than this is not followed.
pub const MAX_DEPTH: usize = 5;
/// Files that one install has read.
pub const MAX_FILES: usize = 64;
/// Longer texts are not read: the lock files of large projects have some MiB.
pub(super) const MAX_TEXT: usize = 16 << 20;

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Words as an install would have them.
    pub names: Vec<(Ecosystem, String)>,
    /// Pinned by a lock: the name and its version.
    pub locked: Vec<(Ecosystem, String)>,
    /// Other files, by the path that stands there; the flag says whether they only constrain.
    pub more: Vec<(String, bool)>,
    /// What is fetched from elsewhere: addresses and paths.
    pub others: Vec<String>,
    /// What chooses another registry or lets scripts run, in plain words.
    pub steers: Vec<String>,
    /// It is not of the form that its name promises.
    pub unread: bool,
}

/// Reads a file by its name. `ecosystem` is whose install reads it, for names that say nothing (`deps.txt`).
#[must_use]
pub fn read_as(ecosystem: Ecosystem, path: &str, text: &str) -> Read {
    if text.len() > MAX_TEXT {
        return Read { unread: true, ..Read::default() };
    }
    // A byte order mark is part of no name.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let name = path.rsplit('/').next().unwrap_or(path);
    match name {
        "package.json" => manifest::package_json(text),
        "package-lock.json" | "npm-shrinkwrap.json" => lock::package_lock(text),
        "yarn.lock" => lock::yarn(text),
        "pnpm-lock.yaml" => lock::pnpm(text),
        "bun.lock" => lock::bun(text),
        "Cargo.lock" => lock::toml_packages(Ecosystem::Cargo, text),
        "poetry.lock" | "uv.lock" | "pdm.lock" => lock::toml_packages(Ecosystem::Pypi, text),
        "Pipfile.lock" => lock::pipfile(text),
        "Gemfile.lock" | "gems.locked" => lock::gemfile(text),
        "Cargo.toml" => manifest::cargo(text),
        "pyproject.toml" => manifest::pyproject(text),
        "Pipfile" => manifest::pipfile(text),
        "go.mod" => manifest::go(text),
        "Gemfile" | "gems.rb" => manifest::gemfile(text),
        "Brewfile" => manifest::brewfile(text),
        _ if ecosystem == Ecosystem::Brew => manifest::brewfile(text),
        _ if name.ends_with(".yml") || name.ends_with(".yaml") => lines::environment(text),
        _ if ecosystem == Ecosystem::Conda => lines::conda(text),
        _ => requirements::read(text),
    }
}
