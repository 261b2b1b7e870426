//! From an install to the names that it would fetch: those of the command, and those of the files that it reads.
//!
//! Files are asked of the caller by path, in bounded number and depth. A file that is not there names nothing: the client will say
//! so itself.

use super::files::{MAX_DEPTH, MAX_FILES, Read, read_as};
use super::name::{self, Spelling};
use super::redirect;
use super::verdict::{Finding, Weight};
use crate::shell::{Ecosystem, Install};
use std::collections::BTreeSet;

/// The files of a project, as the caller shows them.
pub trait Project {
    /// The text of a file; `~` in the path is the home. None where there is none, or it is not to be read.
    fn text(&self, path: &str) -> Option<String>;
}

/// One package that would be fetched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Whose name it is.
    pub ecosystem: Ecosystem,
    /// As its registry compares names.
    pub name: String,
    /// Exactly this version.
    pub version: Option<String>,
    /// The file that names it; none for the command itself.
    pub from: Option<String>,
}

/// All that an install would fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Named, and so looked up.
    pub wanted: Vec<Wanted>,
    /// Pinned by a lock, and so held against the records only.
    pub locked: Vec<Wanted>,
    /// What can be told without asking anybody.
    pub findings: Vec<Finding>,
    /// The client is led to another registry, so that the owner's says nothing about the names.
    pub redirected: bool,
}

/// Manifests and locks that a client reads where nothing is named.
const fn declared(ecosystem: Ecosystem) -> (&'static [&'static str], &'static [&'static str]) {
    match ecosystem {
        Ecosystem::Npm => (
            &["package.json"],
            &[
                "package-lock.json",
                "npm-shrinkwrap.json",
                "yarn.lock",
                "pnpm-lock.yaml",
                "bun.lock",
            ],
        ),
        Ecosystem::Pypi => (
            &["pyproject.toml", "Pipfile"],
            &["poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock"],
        ),
        Ecosystem::Gem => (&["Gemfile"], &["Gemfile.lock"]),
        Ecosystem::Go => (&["go.mod"], &[]),
        Ecosystem::Cargo => (&["Cargo.toml"], &["Cargo.lock"]),
        Ecosystem::Brew | Ecosystem::Conda => (&[], &[]),
    }
}

/// Reads an install.
#[must_use]
pub fn order(install: &Install, project: &dyn Project) -> Order {
    let mut reader = Reader { install, project, order: Order::default(), seen: BTreeSet::new() };
    reader.order.findings = redirect::commanded(install);
    for word in &install.packages {
        reader.word(install.ecosystem, word, None, false);
    }
    for other in &install.others {
        reader.other(other, None);
    }
    for file in &install.requirements {
        reader.file(file, false, 0);
    }
    for directory in upwards(&install.directory) {
        for name in redirect::project_files(install.ecosystem) {
            let path = join(directory, name);
            if let Some(text) = project.text(&path) {
                reader.order.findings.extend(redirect::configured(&path, &text));
            }
        }
    }
    let nothing = install.packages.is_empty() && install.requirements.is_empty();
    let here = install.others.iter().find_map(|other| local_folder(other, &install.directory));
    if nothing && (install.others.is_empty() || here.is_some()) {
        reader.project(&here.unwrap_or_else(|| install.directory.clone()));
    }
    let mut order = reader.order;
    order.redirected = order.findings.iter().any(|f| {
        f.weight >= Weight::Ask
            && (f.text.starts_with("Installs from")
                || f.text.starts_with("Installs with")
                || f.text.starts_with("The project steers"))
    });
    order
}

/// Directories whose files a client heeds in this one: most look upwards for them. The home's own are the owner's.
fn upwards(directory: &str) -> impl Iterator<Item = &str> {
    /// Deeper projects are not looked through to their top.
    const MOST: usize = 16;
    std::iter::successors(Some(directory), |dir: &&str| {
        let (above, _) = dir.rsplit_once('/')?;
        (!matches!(above, "" | "~")).then_some(above)
    })
    .take(MOST)
}

struct Reader<'a> {
    install: &'a Install,
    project: &'a dyn Project,
    order: Order,
    seen: BTreeSet<String>,
}

impl Reader<'_> {
    fn word(&mut self, ecosystem: Ecosystem, word: &str, from: Option<&str>, locked: bool) {
        match name::read(ecosystem, word) {
            Spelling::Named { name, version } => {
                let wanted = Wanted { ecosystem, name, version, from: from.map(str::to_owned) };
                let list = if locked { &mut self.order.locked } else { &mut self.order.wanted };
                if !list.iter().rev().take(8).any(|each| *each == wanted) {
                    list.push(wanted);
                }
            }
            Spelling::NoName if locked => {}
            // What stands in a file may be a secret that was named by mistake: only its path is told.
            Spelling::Unclear | Spelling::NoName if from.is_some() => {
                let path = from.unwrap_or_default();
                self.finding(Weight::Ask, format!("{path} holds a line that names no package"));
            }
            Spelling::Unclear => self.finding(
                Weight::Ask,
                format!("The name of what would be installed cannot be derived: {word}"),
            ),
            Spelling::NoName => {
                self.finding(Weight::Ask, format!("`{word}` is no name of a package"));
            }
        }
    }

    fn finding(&mut self, weight: Weight, text: String) {
        let finding = Finding { weight, text };
        if !self.order.findings.contains(&finding) {
            self.order.findings.push(finding);
        }
    }

    /// What no registry vouches for.
    fn other(&mut self, other: &str, from: Option<&str>) {
        let place = from.map_or(String::new(), |from| format!(", named in {from}"));
        if let Some(tap) = other.strip_prefix("tap:") {
            self.order.wanted.push(Wanted {
                ecosystem: Ecosystem::Brew,
                name: format!("tap:{}", tap.to_lowercase()),
                version: None,
                from: from.map(str::to_owned),
            });
        } else if other.contains("http://") || other.starts_with("git://") {
            self.finding(Weight::Ask, format!("Installs over a connection in the clear{place}"));
        } else if other.contains("://") && !other.contains("git+") && !is_repository(other) {
            self.finding(
                Weight::Ask,
                format!("Installs an archive that no registry vouches for{place}"),
            );
        } else if other.contains("://") || other.contains("git@") || other.contains(':') {
            self.finding(
                Weight::Remark,
                format!("Installs from a repository, past the registry{place}"),
            );
        }
    }

    fn file(&mut self, path: &str, constrains: bool, depth: usize) {
        if path.contains("://") {
            self.finding(Weight::Ask, format!("Reads what to install from an address: {path}"));
            return;
        }
        if !self.seen.insert(path.to_owned()) {
            return;
        }
        if depth > MAX_DEPTH || self.seen.len() > MAX_FILES {
            self.finding(
                Weight::Ask,
                format!("Reads more files of names than are followed: {path}"),
            );
            return;
        }
        let Some(text) = self.project.text(path) else { return };
        let read = read_as(self.install.ecosystem, path, &text);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        // What only constrains is not fetched by itself.
        let names =
            Read { names: if constrains { Vec::new() } else { read.names.clone() }, ..read };
        self.take(path, &names);
        for (more, only) in &names.more {
            let address = more.contains("://");
            let path = if address { more.clone() } else { join(&folder, more) };
            self.file(&path, constrains || *only, depth + 1);
        }
    }

    fn take(&mut self, path: &str, read: &Read) {
        for (ecosystem, word) in &read.names {
            self.word(*ecosystem, word, Some(path), false);
        }
        for (ecosystem, word) in &read.locked {
            self.word(*ecosystem, word, Some(path), true);
        }
        for other in &read.others {
            self.other(other, Some(path));
        }
        for steer in &read.steers {
            let finding = redirect::declared(path, steer);
            self.finding(finding.weight, finding.text);
        }
        if read.unread {
            self.finding(Weight::Ask, format!("What {path} would install cannot be read"));
        }
    }

    /// What the project itself says; a name that its lock pins is not looked up again.
    fn project(&mut self, directory: &str) {
        let (manifests, locks) = declared(self.install.ecosystem);
        for name in locks {
            self.file(&join(directory, name), false, 0);
        }
        let pinned: BTreeSet<(Ecosystem, String)> =
            self.order.locked.iter().map(|w| (w.ecosystem, w.name.clone())).collect();
        for name in manifests {
            self.file(&join(directory, name), false, 0);
        }
        self.order.wanted.retain(|w| !pinned.contains(&(w.ecosystem, w.name.clone())));
    }
}

/// Hosts of repositories give archives of them too, which are no less vouched for than the repository.
fn is_repository(address: &str) -> bool {
    let path = address.split(['#', '?']).next().unwrap_or(address);
    path.ends_with(".git") || path.starts_with("ssh://") || path.starts_with("git+")
}

fn local_folder(other: &str, directory: &str) -> Option<String> {
    let path = other.split('[').next().unwrap_or(other);
    let local =
        path.starts_with(['.', '/', '~']) && !path.ends_with(".whl") && !path.contains("://");
    let archive = path.ends_with(".tgz") || path.ends_with(".tar.gz") || path.ends_with(".zip");
    (local && !archive).then(|| join(directory, path))
}

/// A path below a folder, without `.` and `..`.
fn join(folder: &str, path: &str) -> String {
    let whole =
        if path.starts_with(['/', '~']) { path.to_owned() } else { format!("{folder}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if whole.starts_with('/') { format!("/{joined}") } else { joined }
}
