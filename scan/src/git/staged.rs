//! What the next commit adds: each file of the index that differs from HEAD's, against HEAD's own version.
//!
//! A secret that HEAD has in the same file already is not told: the hook stops what is new. Deliberately absent: the
//! work tree, which is not what is committed.

use super::object::{self, CommitObject, Kind, Mode};
use super::store::{Reader, Store};
use super::{GitError, Id, Repository, as_path, index, refs};
use crate::content::{self, Name};
use crate::finding::Source;
use crate::scanner::Scanner;
use crate::walk::is_excluded;
use sanctum_host::files;
use std::collections::BTreeMap;
use std::path::Path;

/// Scans what is staged. `index_file` is another index than the repository's, as git names one to its hooks.
///
/// # Errors
/// The index or HEAD cannot be read.
pub fn scan(
    scanner: &Scanner<'_>,
    repository: &Repository,
    index_file: Option<&Path>,
) -> Result<(), GitError> {
    let own = repository.git_dir.join("index");
    let path = index_file.unwrap_or(&own);
    // Before the first `git add` there is none.
    let Some(bytes) = files::read_optional(path, index::LIMIT)? else { return Ok(()) };
    let entries = index::parse(&bytes, repository.id_length).map_err(|error| GitError::Unread {
        path: path.display().to_string(),
        what: match error {
            index::IndexError::Damaged => "no index of version 2, 3 or 4",
            index::IndexError::Split => "a split index",
        },
    })?;
    let (store, errors) = Store::open(repository);
    if let Some(error) = errors.into_iter().next() {
        return Err(error);
    }
    let mut reader = store.reader();
    let mut before = BTreeMap::new();
    if let Some(head) = refs::head(repository)? {
        let (_, bytes) = reader.read(&head)?;
        let tree = CommitObject::parse(&bytes).map(|commit| commit.tree);
        let tree = tree.ok_or_else(|| super::damaged(Path::new("HEAD"), "expected a commit"))?;
        files_of(&mut reader, tree, repository.id_length, &mut before)?;
    }
    let old = Scanner::new(scanner.settings);
    let left_out = |path: &[u8]| is_excluded(&scanner.settings.exclude, &as_path(path));
    for entry in entries.iter().filter(|entry| entry.mode == Mode::Blob) {
        if before.get(&entry.path) == Some(&entry.id) || left_out(&entry.path) {
            continue;
        }
        let path = || as_path(&entry.path).to_string_lossy().into_owned();
        let name = Name::new(Source::Staged, &path);
        if let Some(id) = before.get(&entry.path) {
            let (_, bytes) = reader.read(id)?;
            content::file(&old, name, &bytes.as_slice(), &mut Vec::new());
        }
        let (_, bytes) = reader.read(&entry.id)?;
        content::file(scanner, name, &bytes.as_slice(), &mut Vec::new());
    }
    scanner.forget(old);
    Ok(())
}

/// Every file of a tree by its path.
fn files_of(
    reader: &mut Reader<'_>,
    tree: Id,
    id_length: usize,
    files: &mut BTreeMap<Vec<u8>, Id>,
) -> Result<(), GitError> {
    let mut next = vec![(tree, Vec::new())];
    // A tree cannot hold itself, but a damaged store can say so; no checkout has that many.
    let mut left = 10_000_000_usize;
    while let Some((id, prefix)) = next.pop() {
        let (kind, bytes) = reader.read(&id)?;
        if kind != Kind::Tree || left == 0 {
            return Err(super::damaged(Path::new("HEAD"), "expected a tree"));
        }
        for (mode, name, id) in object::entries(&bytes, id_length) {
            left = left.saturating_sub(1);
            let path = [&prefix, name].concat();
            match mode {
                Mode::Tree => next.push((id, [path.as_slice(), b"/"].concat())),
                Mode::Blob => {
                    files.insert(path, id);
                }
                Mode::Submodule => {}
            }
        }
    }
    Ok(())
}
