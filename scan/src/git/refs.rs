//! Every name under which a repository keeps something: branches, tags, notes, stashes, other work trees' heads.
//!
//! Deliberately absent: symbolic refs but HEAD, which lead to names that are listed anyway.

use super::{GitError, Id, Repository};
use sanctum_host::{files, look};
use std::collections::BTreeMap;
use std::path::Path;

/// Bytes of a file of many refs, or of a log.
const LARGE: u64 = 256 * 1024 * 1024;
/// Folders in folders below `refs`; names of branches have a few slashes.
const DEPTH: usize = 32;

/// All refs by name. A stash's older entries are named by its log; with `logs`, what any log names is there too.
///
/// # Errors
/// A file cannot be read.
pub fn all(repository: &Repository, logs: bool) -> Result<BTreeMap<String, Id>, GitError> {
    let mut refs = packed(
        &files::read_optional(&repository.common_dir.join("packed-refs"), LARGE)?
            .unwrap_or_default(),
    );
    loose(&repository.common_dir.join("refs"), "refs", DEPTH, &mut refs)?;
    heads(&repository.git_dir, "", &mut refs)?;
    if repository.git_dir != repository.common_dir {
        heads(&repository.common_dir, "main/", &mut refs)?;
        loose(&repository.git_dir.join("refs"), "worktree", DEPTH, &mut refs)?;
    }
    let trees = repository.common_dir.join("worktrees");
    for name in files::list(&trees)? {
        heads(&trees.join(&name), &format!("worktrees/{name}/"), &mut refs)?;
    }
    let log = repository.common_dir.join("logs").join("refs").join("stash");
    read_log(&log, "stash", &mut refs)?;
    if logs {
        read_logs(&repository.common_dir.join("logs"), DEPTH, &mut refs)?;
    }
    Ok(refs)
}

/// What HEAD leads to; none before the first commit.
///
/// # Errors
/// A file cannot be read.
pub fn head(repository: &Repository) -> Result<Option<Id>, GitError> {
    let path = repository.git_dir.join("HEAD");
    let said = files::read(&path, super::SMALL)?;
    let said = said.trim_ascii();
    let Some(name) = said.strip_prefix(b"ref:").map(<[u8]>::trim_ascii) else {
        return Ok(Id::parse(said));
    };
    let name = String::from_utf8_lossy(name).into_owned();
    Ok(all(repository, false)?.get(&name).copied())
}

/// HEAD and its kin that name an object themselves.
fn heads(dir: &Path, prefix: &str, refs: &mut BTreeMap<String, Id>) -> Result<(), GitError> {
    for name in ["HEAD", "ORIG_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "FETCH_HEAD"] {
        let said = files::read_optional(&dir.join(name), LARGE)?.unwrap_or_default();
        // FETCH_HEAD has a line for each branch.
        for (number, line) in said.split(|byte| *byte == b'\n').enumerate() {
            let id = line.split(u8::is_ascii_whitespace).next().and_then(Id::parse);
            if let Some(id) = id.filter(|id| !id.is_null()) {
                refs.insert(format!("{prefix}{name}@{number}"), id);
            }
        }
    }
    Ok(())
}

/// `ID NAME` a line; `^ID` is what the tag above leads to.
#[must_use]
pub fn packed(text: &[u8]) -> BTreeMap<String, Id> {
    let row = |line: &[u8]| {
        let blank = memchr::memchr(b' ', line)?;
        let name = String::from_utf8_lossy(line.get(blank + 1..)?).into_owned();
        Some((name, Id::parse(line.get(..blank)?)?))
    };
    text.split(|byte| *byte == b'\n').filter_map(row).collect()
}

fn loose(
    dir: &Path,
    name: &str,
    depth: usize,
    refs: &mut BTreeMap<String, Id>,
) -> Result<(), GitError> {
    let Some(depth) = depth.checked_sub(1) else { return Ok(()) };
    for entry in files::list(dir)? {
        let (path, name) = (dir.join(&entry), format!("{name}/{entry}"));
        match look::at_itself(&path)?.map(|facts| facts.kind) {
            Some(look::Kind::Dir) => loose(&path, &name, depth, refs)?,
            Some(look::Kind::File) => {
                let said = files::read_optional(&path, super::SMALL)?.unwrap_or_default();
                if let Some(id) = Id::parse(said.trim_ascii()) {
                    refs.insert(name, id);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn read_logs(dir: &Path, depth: usize, refs: &mut BTreeMap<String, Id>) -> Result<(), GitError> {
    let Some(depth) = depth.checked_sub(1) else { return Ok(()) };
    for entry in files::list(dir)? {
        let path = dir.join(&entry);
        match look::at_itself(&path)?.map(|facts| facts.kind) {
            Some(look::Kind::Dir) => read_logs(&path, depth, refs)?,
            Some(look::Kind::File) => read_log(&path, &path.display().to_string(), refs)?,
            _ => {}
        }
    }
    Ok(())
}

/// `OLD NEW WHO…` a line.
fn read_log(path: &Path, name: &str, refs: &mut BTreeMap<String, Id>) -> Result<(), GitError> {
    let said = files::read_optional(path, LARGE)?.unwrap_or_default();
    for (number, line) in said.split(|byte| *byte == b'\n').enumerate() {
        for (word, id) in line.split(|byte| *byte == b' ').take(2).filter_map(Id::parse).enumerate()
        {
            if !id.is_null() {
                refs.insert(format!("log {name}@{number}.{word}"), id);
            }
        }
    }
    Ok(())
}
