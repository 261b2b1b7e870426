//! The history of every ref: each commit's message, and each version of each file once.
//!
//! Commits are gone through from the oldest on, parents first, and a tree or a file that was seen is not looked at again:
//! so each file belongs to the first commit that shows it. Deliberately absent: differences between commits; a version of
//! a file is scanned as a whole.

use super::object::{self, CommitObject, Kind, Mode};
use super::store::{Reader, Store, Where};
use super::{GitError, Id, Repository, as_path, refs};
use crate::baseline::hex;
use crate::content::{self, Name};
use crate::finding::{Commit, Source};
use crate::scanner::{Once, Place, Scanner};
use sanctum_types::UnixTime;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Files that a thread takes at once: neighbours of a pack share their bases.
const BATCH: usize = 128;
/// Folders in folders of a tree.
const DEPTH: usize = 512;

struct Node {
    id: Id,
    tree: Id,
    parents: Vec<Id>,
    authored: UnixTime,
    committed: UnixTime,
    order: u64,
}

/// A version of a file.
struct Version {
    id: Id,
    place: Where,
    /// Which commit; none for what no ref leads to.
    commit: Option<usize>,
    path: Box<[u8]>,
}

struct Walk<'w, 's> {
    scanner: &'w Scanner<'s>,
    repository: &'w Repository,
    store: &'w Store,
    shown: String,
    nodes: Vec<Node>,
    seen: HashSet<Id>,
    versions: Vec<Version>,
    shallow: HashSet<Id>,
    missing: u64,
}

/// Scans the history of every ref; with `unreachable` also what only logs name and what nothing names any more.
pub fn scan(scanner: &Scanner<'_>, repository: &Repository, shown: &str, unreachable: bool) {
    let (store, errors) = Store::open(repository);
    for error in errors {
        let subject = if shown.is_empty() { "." } else { shown };
        scanner.not_scanned(subject, sanctum_types::chain(&error));
    }
    let mut walk = Walk {
        scanner,
        repository,
        store: &store,
        shown: shown.to_owned(),
        nodes: Vec::new(),
        seen: HashSet::new(),
        versions: Vec::new(),
        shallow: shallow(repository),
        missing: 0,
    };
    let mut reader = store.reader();
    let read = walk.commits(&mut reader, unreachable);
    let read = read.and_then(|()| if unreachable { walk.rest(&mut reader) } else { Ok(()) });
    drop(reader);
    if let Err(error) = read {
        scanner.not_scanned(walk.subject(), sanctum_types::chain(&error));
    }
    if walk.missing > 0 {
        let cause = format!("{} objects of its history are not here", walk.missing);
        scanner.not_scanned(walk.subject(), cause);
    }
    walk.files();
}

/// Commits whose parents a shallow clone left out.
fn shallow(repository: &Repository) -> HashSet<Id> {
    let path = repository.common_dir.join("shallow");
    let said = sanctum_host::files::read_optional(&path, super::CONFIG).ok().flatten();
    let said = said.unwrap_or_default();
    said.split(|byte| *byte == b'\n').filter_map(Id::parse).collect()
}

impl Walk<'_, '_> {
    /// Reads every commit that a ref leads to, then their trees, the oldest first.
    fn commits(&mut self, reader: &mut Reader<'_>, logs: bool) -> Result<(), GitError> {
        let mut next: Vec<Id> = refs::all(self.repository, logs)?.into_values().collect();
        let mut loose_files = Vec::new();
        while let Some(id) = next.pop() {
            if !self.seen.insert(id) {
                continue;
            }
            let Some((kind, bytes)) = self.object(reader, &id) else { continue };
            match kind {
                Kind::Commit => self.commit(id, &bytes, &mut next),
                Kind::Tag => {
                    if let Some((target, message)) = object::parse_tag(&bytes) {
                        self.message(
                            &id,
                            (UnixTime(0), UnixTime(i64::MAX)),
                            bytes.get(message..).unwrap_or_default(),
                        );
                        next.push(target);
                    }
                }
                // A ref that leads straight to a tree or a file.
                Kind::Tree | Kind::Blob => loose_files.push((id, kind)),
            }
        }
        self.tell_shallow();
        for (order, at) in (0..).zip(self.oldest_first()) {
            let Some(tree) = self.nodes.get(at).map(|node| node.tree) else { continue };
            if let Some(node) = self.nodes.get_mut(at) {
                node.order = order;
            }
            self.tree(reader, tree, Some(at));
            self.scanner.count_commit();
        }
        for (id, kind) in loose_files {
            if kind == Kind::Tree {
                self.seen.remove(&id);
                self.tree(reader, id, None);
            } else {
                let path = format!("object {id}").into_bytes();
                self.version(id, None, path);
            }
        }
        Ok(())
    }

    fn object(
        &mut self,
        reader: &mut Reader<'_>,
        id: &Id,
    ) -> Option<(Kind, std::sync::Arc<Vec<u8>>)> {
        match reader.read(id) {
            Ok(held) => Some(held),
            Err(GitError::Missing(_)) => {
                self.missing += 1;
                None
            }
            Err(error) => {
                let subject = format!("{} object {id}", self.subject());
                self.scanner.not_scanned(subject, sanctum_types::chain(&error));
                None
            }
        }
    }

    fn commit(&mut self, id: Id, bytes: &[u8], next: &mut Vec<Id>) {
        let Some(commit) = CommitObject::parse(bytes) else {
            return self.scanner.not_scanned(format!("{} commit {id}", self.subject()), "damaged");
        };
        self.message(
            &id,
            (commit.authored, commit.committed),
            bytes.get(commit.message..).unwrap_or_default(),
        );
        let parents = if self.shallow.contains(&id) { Vec::new() } else { commit.parents };
        next.extend(&parents);
        self.nodes.push(Node {
            id,
            tree: commit.tree,
            parents,
            authored: commit.authored,
            committed: commit.committed,
            order: u64::MAX,
        });
    }

    fn message(&self, id: &Id, (authored, committed): (UnixTime, UnixTime), message: &[u8]) {
        let order = u64::try_from(committed.0).unwrap_or(0);
        let commit = Commit { id: id.to_string(), authored, order };
        let path = || PathBuf::from(&self.shown).join("message").to_string_lossy().into_owned();
        self.scanner.piece(
            &Place {
                source: Source::Message,
                path: &path,
                commit: Some(&commit),
                once: Once::ByPath,
                lines: None,
            },
            message,
        );
    }

    fn tell_shallow(&self) {
        if !self.shallow.is_empty() {
            let cause = "its history is shallow: older commits are not here";
            self.scanner.not_scanned(self.subject(), cause);
        }
    }

    fn subject(&self) -> &str {
        if self.shown.is_empty() { "." } else { &self.shown }
    }

    /// Places of commits, each behind its parents, of those that could come next the oldest.
    fn oldest_first(&self) -> Vec<usize> {
        let places: HashMap<Id, usize> =
            self.nodes.iter().enumerate().map(|(at, node)| (node.id, at)).collect();
        let mut waits = vec![0_usize; self.nodes.len()];
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            for parent in node.parents.iter().filter_map(|id| places.get(id)) {
                if let (Some(wait), Some(list)) = (waits.get_mut(at), children.get_mut(*parent)) {
                    *wait += 1;
                    list.push(at);
                }
            }
        }
        let key = |at: usize| {
            let time = self.nodes.get(at).map_or(0, |node| node.committed.0);
            (std::cmp::Reverse(time), std::cmp::Reverse(at))
        };
        let free = waits.iter().enumerate().filter(|(_, wait)| **wait == 0);
        let mut ready: BinaryHeap<_> = free.map(|(at, _)| key(at)).collect();
        let mut order = Vec::with_capacity(self.nodes.len());
        while let Some((_, std::cmp::Reverse(at))) = ready.pop() {
            order.push(at);
            for child in children.get(at).into_iter().flatten() {
                let Some(wait) = waits.get_mut(*child) else { continue };
                *wait -= 1;
                if *wait == 0 {
                    ready.push(key(*child));
                }
            }
        }
        order
    }

    /// Every file below a tree that was not seen before.
    fn tree(&mut self, reader: &mut Reader<'_>, tree: Id, commit: Option<usize>) {
        let mut next = vec![(tree, Vec::new(), 0)];
        while let Some((id, prefix, depth)) = next.pop() {
            if !self.seen.insert(id) {
                continue;
            }
            let Some((Kind::Tree, bytes)) = self.object(reader, &id) else { continue };
            if depth > DEPTH {
                self.scanner.not_scanned(format!("{} tree {id}", self.subject()), "too deep");
                continue;
            }
            for (mode, name, id) in object::entries(&bytes, self.repository.id_length) {
                let mut path: Vec<u8> = prefix.clone();
                path.extend_from_slice(name);
                match mode {
                    Mode::Tree => {
                        path.push(b'/');
                        next.push((id, path, depth + 1));
                    }
                    Mode::Blob => self.version(id, commit, path),
                    Mode::Submodule => {}
                }
            }
        }
    }

    fn version(&mut self, id: Id, commit: Option<usize>, path: Vec<u8>) {
        if self.seen.insert(id) || commit.is_none() {
            let place = self.store.locate(&id);
            self.versions.push(Version { id, place, commit, path: path.into_boxed_slice() });
        }
    }

    /// What no ref leads to.
    fn rest(&mut self, reader: &mut Reader<'_>) -> Result<(), GitError> {
        for id in self.store.every()? {
            if self.seen.contains(&id) {
                continue;
            }
            let Some((kind, bytes)) = self.object(reader, &id) else { continue };
            match kind {
                Kind::Blob => self.version(id, None, format!("object {id}").into_bytes()),
                Kind::Commit => self.commit(id, &bytes, &mut Vec::new()),
                Kind::Tree | Kind::Tag => {}
            }
        }
        Ok(())
    }

    /// Scans every version, those that lie together in a pack by one thread.
    fn files(&mut self) {
        let excluded = |path: &[u8]| {
            let path = as_path(path);
            crate::walk::is_excluded(&self.scanner.settings.exclude, &path)
        };
        let mut versions = std::mem::take(&mut self.versions);
        versions.retain(|version| !excluded(&version.path));
        versions.sort_unstable_by_key(|version| version.place);
        let at = AtomicUsize::new(0);
        let batches: Vec<&[Version]> = versions.chunks(BATCH).collect();
        let work = || {
            let mut reader = self.store.reader();
            while let Some(batch) = batches.get(at.fetch_add(1, Ordering::Relaxed)) {
                batch.iter().for_each(|version| self.file(&mut reader, version));
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.scanner.hands(batches.len()) {
                scope.spawn(work);
            }
            work();
        });
    }

    fn file(&self, reader: &mut Reader<'_>, version: &Version) {
        let node = version.commit.and_then(|at| self.nodes.get(at));
        let commit = node.map_or_else(
            || Commit {
                id: "0".repeat(2 * self.repository.id_length),
                authored: UnixTime(0),
                order: u64::MAX,
            },
            |node| Commit { id: hex(node.id.bytes()), authored: node.authored, order: node.order },
        );
        let path = || {
            PathBuf::from(&self.shown).join(as_path(&version.path)).to_string_lossy().into_owned()
        };
        match reader.read_located(&version.id, version.place) {
            Ok((_, bytes)) => {
                let name = Name { source: Source::History, path: &path, commit: Some(&commit) };
                content::file(self.scanner, name, &bytes.as_slice(), &mut Vec::new());
            }
            Err(error) => {
                let subject = format!("{} in {}", path(), commit.id);
                self.scanner.not_scanned(subject, sanctum_types::chain(&error));
            }
        }
    }
}
