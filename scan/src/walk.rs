//! Files below paths, by all threads at once: names are listed and contents scanned in the same pool.
//!
//! Depth first, so that few folders are open at a time. Links are not followed, devices and FIFOs not opened, what the
//! kernel makes up is left alone, and a folder that cannot be entered is told. Files that git ignores are scanned: that is
//! where keys are. Repositories that are met come back for their history.

use crate::content::{self, Name};
use crate::finding::Source;
use crate::scanner::Scanner;
use sanctum_host::folder::{Entry, EntryKind, Folder, OpenFile};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Folders in folders: PATH_MAX of Linux allows two thousand of one letter.
const DEPTH: usize = 256;
/// Files of one folder that a thread takes at once; the rest goes to the pool.
const BATCH: usize = 64;

/// A folder that is being walked.
struct Node {
    folder: Folder,
    name: OsString,
    above: Option<Arc<Node>>,
    depth: usize,
    /// Whether it is a git directory, whose objects are read as git has them.
    git: bool,
}

impl Node {
    fn path(&self) -> PathBuf {
        let mut names = vec![self.name.as_os_str()];
        let mut here = &self.above;
        while let Some(node) = here {
            names.push(node.name.as_os_str());
            here = &node.above;
        }
        names.iter().rev().collect()
    }

    fn shown(&self, name: &OsString) -> String {
        self.path().join(name).to_string_lossy().into_owned()
    }
}

enum Work {
    Folder(Arc<Node>, OsString),
    Files(Arc<Node>, Vec<OsString>),
}

#[derive(Default)]
struct Queue {
    work: Vec<Work>,
    busy: usize,
    repositories: Vec<PathBuf>,
}

struct Pool<'p, 's> {
    scanner: &'p Scanner<'s>,
    source: Source,
    git: bool,
    queue: Mutex<Queue>,
    news: Condvar,
}

/// Whether something was left out by name: an entry without a slash is a name at any depth, one with a slash a path and all
/// below it.
#[must_use]
pub fn is_excluded(exclude: &[String], path: &Path) -> bool {
    exclude.iter().any(|entry| match entry.contains('/') {
        true => path.starts_with(entry.trim_end_matches('/')),
        false => path.iter().any(|name| name.to_str() == Some(entry)),
    })
}

/// Scans everything below the paths; gives the repositories that were met. `git` says whether git directories are entered.
pub fn scan(scanner: &Scanner<'_>, source: Source, paths: &[PathBuf], git: bool) -> Vec<PathBuf> {
    let pool = Pool { scanner, source, git, queue: Mutex::default(), news: Condvar::new() };
    let mut buffer = Vec::new();
    for path in paths {
        pool.root(path, &mut buffer);
    }
    drop(buffer);
    let hands = pool.hands();
    std::thread::scope(|scope| {
        for _ in 1..hands {
            scope.spawn(|| pool.work());
        }
        pool.work();
    });
    let queue = pool.queue.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut found = queue.repositories;
    found.sort();
    found.dedup();
    found
}

impl Pool<'_, '_> {
    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many threads there is work for: a folder may hold any amount, a batch of files keeps one busy.
    fn hands(&self) -> usize {
        let queue = self.lock();
        let any = queue.work.iter().any(|work| matches!(work, Work::Folder(..)));
        self.scanner.hands(if any { usize::MAX } else { queue.work.len() })
    }

    fn put(&self, work: impl IntoIterator<Item = Work>) {
        self.lock().work.extend(work);
        self.news.notify_all();
    }

    /// A path that the owner named: a link is followed, because it was named.
    fn root(&self, path: &Path, buffer: &mut Vec<u8>) {
        let shown = || path.display().to_string();
        let opened = OpenFile::open(path);
        if let Ok(Some(file)) = opened {
            return content::file(self.scanner, Name::new(self.source, &shown), &file, buffer);
        }
        match Folder::open(path) {
            Ok(folder) => {
                // Paths below the current folder are shown as they would be typed.
                let name = if path == Path::new(".") { OsString::new() } else { path.into() };
                self.folder(Node { folder, name, above: None, depth: 0, git: false });
            }
            Err(error) => self.scanner.not_scanned(shown(), error),
        }
    }

    fn work(&self) {
        let mut buffer = Vec::new();
        loop {
            let mut queue = self.lock();
            let work = loop {
                if let Some(work) = queue.work.pop() {
                    queue.busy += 1;
                    break work;
                }
                if queue.busy == 0 {
                    self.news.notify_all();
                    return;
                }
                queue = self.news.wait(queue).unwrap_or_else(PoisonError::into_inner);
            };
            drop(queue);
            match work {
                Work::Folder(above, name) => self.enter(&above, name, &mut buffer),
                Work::Files(node, names) => {
                    names.iter().for_each(|name| self.file(&node, name, &mut buffer));
                }
            }
            let mut queue = self.lock();
            queue.busy -= 1;
            if queue.busy == 0 && queue.work.is_empty() {
                self.news.notify_all();
            }
        }
    }

    fn enter(&self, above: &Arc<Node>, name: OsString, buffer: &mut Vec<u8>) {
        let folder = match above.folder.below(&name) {
            Ok(folder) => folder,
            // It went away meanwhile, or became something else.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return self.scanner.not_scanned(above.shown(&name), error),
        };
        if above.depth + 1 >= DEPTH {
            return self.scanner.not_scanned(above.shown(&name), format!("deeper than {DEPTH}"));
        }
        if folder.is_mounted_below(&above.folder) && folder.is_of_kernel() {
            return;
        }
        let node = Node {
            folder,
            name,
            depth: above.depth + 1,
            git: above.git,
            above: Some(Arc::clone(above)),
        };
        if let Some((node, names)) = self.folder(node) {
            names.iter().for_each(|name| self.file(&node, name, buffer));
        }
    }

    /// Lists a folder; its own files that are not many come back, the rest goes to the pool.
    fn folder(&self, mut node: Node) -> Option<(Arc<Node>, Vec<OsString>)> {
        let entries = match node.folder.entries() {
            Ok(entries) => entries,
            Err(error) => {
                self.scanner.not_scanned(node.path().display().to_string(), error);
                return None;
            }
        };
        let has = |name: &str, kind: EntryKind| {
            entries.iter().any(|entry| entry.kind == kind && entry.name == name)
        };
        let git_dir = has("HEAD", EntryKind::File)
            && (has("objects", EntryKind::Folder) && has("refs", EntryKind::Folder)
                || has("commondir", EntryKind::File));
        node.git |= git_dir;
        if git_dir {
            if !self.git {
                return None;
            }
            if !has("commondir", EntryKind::File) {
                self.lock().repositories.push(node.path());
            }
        } else if self.git && has(".git", EntryKind::File) {
            // A work tree whose repository may lie elsewhere.
            self.lock().repositories.push(node.path());
        }
        let node = Arc::new(node);
        let (mut folders, mut files) = (Vec::new(), Vec::new());
        for Entry { name, kind } in entries {
            if self.is_left_out(&node, &name, git_dir) {
                continue;
            }
            match kind {
                EntryKind::Folder => folders.push(Work::Folder(Arc::clone(&node), name)),
                EntryKind::File => files.push(name),
                EntryKind::Link | EntryKind::Special => {}
            }
        }
        let rest = files.split_off(files.len().min(if node.above.is_none() { 0 } else { BATCH }));
        let batches =
            rest.chunks(BATCH).map(|names| Work::Files(Arc::clone(&node), names.to_vec()));
        self.put(folders.into_iter().chain(batches));
        Some((node, files))
    }

    fn is_left_out(&self, node: &Node, name: &OsString, git_dir: bool) -> bool {
        // Objects, the index and remotes are read as what they are.
        if git_dir && (name == "objects" || name == "index" || name == "config") {
            return true;
        }
        let exclude = &self.scanner.settings.exclude;
        !exclude.is_empty() && is_excluded(exclude, &node.path().join(name))
    }

    fn file(&self, node: &Node, name: &OsString, buffer: &mut Vec<u8>) {
        let path = || node.shown(name);
        match node.folder.file(name) {
            Ok(Some(file)) => {
                content::file(self.scanner, Name::new(self.source, &path), &file, buffer);
            }
            Ok(None) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => self.scanner.not_scanned(path(), error),
        }
    }
}
