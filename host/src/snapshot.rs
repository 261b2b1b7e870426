//! A directory as a value: every path below it with its kind, mode and digest, to compare before and after.

#![expect(clippy::disallowed_methods, reason = "this crate is the one home of effects")]

use crate::root_host::STORE_DIR;
use crate::{Blobs, HostError};
use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// What is at one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// User and group ids.
    pub owner: (u32, u32),
    /// What it holds: a digest of a file, the target of a link, nothing of a directory.
    pub content: String,
}

/// Every path below `dir`, except the store of a root host.
pub fn of(dir: &Path) -> Result<BTreeMap<PathBuf, Entry>, HostError> {
    let mut all = BTreeMap::new();
    walk(dir, Path::new(""), &mut all).map_err(|source| HostError::Io {
        verb: "walk",
        path: dir.display().to_string(),
        source,
    })?;
    Ok(all)
}

fn walk(base: &Path, below: &Path, all: &mut BTreeMap<PathBuf, Entry>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(base.join(below))? {
        let name = below.join(entry?.file_name());
        if name == Path::new(STORE_DIR) {
            continue;
        }
        let path = base.join(&name);
        let meta = std::fs::symlink_metadata(&path)?;
        let content = if meta.is_dir() {
            walk(base, &name, all)?;
            "directory".to_owned()
        } else if meta.is_symlink() {
            format!("link {}", std::fs::read_link(&path)?.display())
        } else {
            format!("file {}", Blobs::digest(&std::fs::read(&path)?))
        };
        let mode = meta.permissions().mode() & 0o7777;
        all.insert(name, Entry { mode, owner: (meta.uid(), meta.gid()), content });
    }
    Ok(())
}
