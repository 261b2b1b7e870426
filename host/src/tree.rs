//! File operations below one directory descriptor, never through a symbolic link.
//!
//! Owns the walk: each component is opened with `O_NOFOLLOW` from the descriptor of the one before, and every
//! decision is made on what was opened, never on a path that somebody may have swapped since. Files are
//! replaced whole (temporary name, fsync, rename, fsync of the directory) and read back. Deliberately absent:
//! setuid, setgid and sticky bits, writing into an existing file, and access control lists.

mod private;

pub use private::DirLock;

use crate::HostError;
use rustix::fs::{
    AtFlags, FileType, Mode as RawMode, OFlags, RenameFlags, openat, renameat, renameat_with,
    statat, unlinkat,
};
use rustix::io::Errno;
use sanctum_types::{AbsPath, Mode};
use std::fs::{File, Metadata};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// No configuration file of a house comes near this; a larger one is refused rather than read into memory.
const READ_LIMIT: u64 = 16 * 1024 * 1024;
/// Somebody who recreates our temporary name faster than this many times is an attacker, not an accident.
const TEMP_TRIES: usize = 4;

/// Whose files and directories may be passed through and replaced.
#[derive(Clone, Copy, Debug)]
pub struct Trust {
    /// Beside root: the owner of the directory that is the tree's root.
    pub owner: u32,
    /// Whether ancestors must be owned by root or `owner` and closed to others; so at euid 0.
    pub strict: bool,
    /// Further owners that a target, never an ancestor, may have.
    pub target_owner: fn(u32) -> bool,
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whether it is a directory; otherwise it is a regular file.
    pub is_dir: bool,
    /// Permission bits.
    pub mode: Mode,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// Numeric owner of something that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// A directory as the root of everything below it.
#[derive(Debug)]
pub struct Tree {
    root: File,
    shown: String,
    trust: Trust,
}

const DIR: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK);
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
const NEW: OFlags = OFlags::RDWR
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

impl Tree {
    /// Opens the directory. At euid 0 the rules for ancestors are in force.
    ///
    /// The directory's own path is the caller's choice and is resolved as the system does.
    pub fn open(root: &Path) -> Result<Self, HostError> {
        let shown = root.display().to_string();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let file = rustix::fs::open(root, flags, RawMode::empty())
            .map(File::from)
            .map_err(|errno| failed("open", &shown, errno))?;
        Self::from_file(file, &shown)
    }

    /// The tree below an open directory that people know by that path.
    pub(crate) fn from_file(root: File, shown: &str) -> Result<Self, HostError> {
        let owner = metadata(&root, shown)?.uid();
        let strict = rustix::process::geteuid().is_root();
        let shown = shown.trim_end_matches('/').to_owned();
        Ok(Self { root, shown, trust: Trust { owner, strict, target_owner: |_| false } })
    }

    /// The same tree, in which targets may belong to those accounts too.
    #[must_use]
    pub fn with_target_owner(mut self, target_owner: fn(u32) -> bool) -> Self {
        self.trust.target_owner = target_owner;
        self
    }

    /// The path as people see it.
    #[must_use]
    pub fn shown(&self, path: &AbsPath) -> String {
        format!("{}{path}", self.shown)
    }

    /// The root as people see it.
    pub(crate) fn shown_root(&self) -> &str {
        &self.shown
    }

    /// Opens a regular file to read it in pieces, however long it is; none when there is no file.
    pub(crate) fn open_read(&self, path: &AbsPath) -> Result<Option<File>, HostError> {
        let Some((dir, name)) = self.parent(path)? else { return Ok(None) };
        let Some(file) = self.target(&dir, name, path)? else { return Ok(None) };
        Ok((!metadata(&file, &self.shown(path))?.is_dir()).then_some(file))
    }

    /// What is there; none when nothing is, or when its parent is not a directory.
    pub fn stat(&self, path: &AbsPath) -> Result<Option<Entry>, HostError> {
        if path.as_str() == "/" {
            return Ok(Some(entry(&metadata(&self.root, &self.shown)?)));
        }
        let Some((dir, name)) = self.parent(path)? else { return Ok(None) };
        let opened = self.target(&dir, name, path)?;
        opened.map(|file| Ok(entry(&metadata(&file, &self.shown(path))?))).transpose()
    }

    /// Inode and time of the last change (seconds, nanoseconds): differs whenever the file was written or replaced.
    pub fn stamp(&self, path: &AbsPath) -> Result<Option<(u64, i64, i64)>, HostError> {
        let Some((dir, name)) = self.parent(path)? else { return Ok(None) };
        let Some(file) = self.target(&dir, name, path)? else { return Ok(None) };
        let meta = metadata(&file, &self.shown(path))?;
        Ok(Some((meta.ino(), meta.ctime(), meta.ctime_nsec())))
    }

    /// The bytes of a regular file and what it is; none when there is no file.
    pub fn read(&self, path: &AbsPath) -> Result<Option<(Entry, Vec<u8>)>, HostError> {
        let Some((dir, name)) = self.parent(path)? else { return Ok(None) };
        let Some(file) = self.target(&dir, name, path)? else { return Ok(None) };
        let meta = metadata(&file, &self.shown(path))?;
        if meta.is_dir() {
            return Ok(None);
        }
        Ok(Some((entry(&meta), self.bytes(file, path)?)))
    }

    /// Replaces the file whole and reads it back; its parent must exist. Without ids it belongs to whoever runs.
    pub fn write(
        &self,
        path: &AbsPath,
        bytes: &[u8],
        mode: Mode,
        ids: Option<Ids>,
    ) -> Result<(), HostError> {
        let dir = self.write_unsynced(path, bytes, mode, ids)?;
        self.sync(&dir, path)
    }

    /// As [`Tree::write`], but the new name is durable only once the returned directory is synced.
    pub(crate) fn write_unsynced(
        &self,
        path: &AbsPath,
        bytes: &[u8],
        mode: Mode,
        ids: Option<Ids>,
    ) -> Result<File, HostError> {
        if bytes.len() as u64 > READ_LIMIT {
            // Nobody could read it any more, this very write's reading back first of all.
            return Err(self.failed("write", path, Errno::FBIG));
        }
        let (dir, name) = self.existing_parent("write", path)?;
        if let Some(old) = self.target(&dir, name, path)? {
            let meta = metadata(&old, &self.shown(path))?;
            if meta.is_dir() {
                return Err(self.failed("write", path, Errno::ISDIR));
            }
            self.accept_owner(&meta, path)?;
        }
        let temp = temp_name(name);
        let written = self.fill(&dir, &temp, path, bytes).and_then(|file| {
            self.own(&file, path, mode, ids)?;
            file.sync_all().map_err(|source| self.io("sync", path, source))?;
            renameat(&dir, temp.as_str(), &dir, name)
                .map_err(|errno| self.failed("rename to", path, errno))?;
            Ok(file)
        });
        if written.is_err() {
            // The name is ours by construction; that it may already be gone is no news.
            let _ = unlinkat(&dir, temp.as_str(), AtFlags::empty());
        }
        self.read_back(&dir, path, &written?, bytes)?;
        Ok(dir)
    }

    /// Writes a private file unless one is there already; of two who try at once, one wins and both go on.
    pub(crate) fn create_private(&self, path: &AbsPath, bytes: &[u8]) -> Result<(), HostError> {
        let (dir, name) = self.existing_parent("create", path)?;
        let temp = format!(".{name}.{}.sanctum-new", std::process::id());
        let placed = self.fill(&dir, &temp, path, bytes).and_then(|file| {
            file.sync_all().map_err(|source| self.io("sync", path, source))?;
            match renameat_with(&dir, temp.as_str(), &dir, name, RenameFlags::NOREPLACE) {
                Ok(()) => Ok(()),
                Err(Errno::EXIST) => unlinkat(&dir, temp.as_str(), AtFlags::empty())
                    .map_err(|errno| self.failed("clear up beside", path, errno)),
                Err(errno) => Err(self.failed("rename to", path, errno)),
            }
        });
        placed.and_then(|()| self.sync(&dir, path))
    }

    /// Opens a private file for reading and writing in place (a lock, a log), and makes it when it is missing.
    pub(crate) fn open_private(&self, path: &AbsPath) -> Result<File, HostError> {
        let (dir, name) = self.existing_parent("open", path)?;
        let missing = self.target(&dir, name, path)?.is_none();
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&dir, name, flags, RawMode::RUSR | RawMode::WUSR)
            .map(File::from)
            .map_err(|errno| self.failed("open", path, errno))?;
        let meta = metadata(&file, &self.shown(path))?;
        if !meta.is_file() || meta.nlink() > 1 {
            return Err(self.untrusted(path, "it is not a file with one name"));
        }
        self.accept_owner(&meta, path)?;
        if missing {
            self.sync(&dir, path)?;
        }
        Ok(file)
    }

    /// A directory exists with this mode, whatever the umask; its parent must exist.
    pub fn make_dir(&self, path: &AbsPath, mode: Mode, ids: Option<Ids>) -> Result<(), HostError> {
        let (parent, name) = self.existing_parent("create", path)?;
        match rustix::fs::mkdirat(&parent, name, RawMode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(self.failed("create", path, errno)),
        }
        let Some(dir) = self.target(&parent, name, path)? else {
            return Err(self.untrusted(path, "vanished while it was made"));
        };
        let meta = metadata(&dir, &self.shown(path))?;
        if !meta.is_dir() {
            return Err(self.failed("create", path, Errno::EXIST));
        }
        self.accept_owner(&meta, path)?;
        self.own(&dir, path, mode, ids)?;
        dir.sync_all().map_err(|source| self.io("sync", path, source))?;
        let now = metadata(&dir, &self.shown(path))?;
        let owned = ids.is_none_or(|ids| ids.uid == now.uid() && ids.gid == now.gid());
        if now.mode() & 0o7777 != mode.bits() || !owned {
            return Err(HostError::ReadBack { subject: self.shown(path) });
        }
        self.sync(&parent, path)
    }

    /// Nothing is at the path, nor what a killed write left beside it; a directory goes only when it is empty.
    pub fn remove(&self, path: &AbsPath) -> Result<(), HostError> {
        let Some((dir, name)) = self.parent(path)? else { return Ok(()) };
        self.clear_temp(&dir, name, path)?;
        let Some(target) = self.target(&dir, name, path)? else { return Ok(()) };
        let meta = metadata(&target, &self.shown(path))?;
        self.accept_owner(&meta, path)?;
        let flags = if meta.is_dir() { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        match unlinkat(&dir, name, flags) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(self.failed("remove", path, errno)),
        }
        match statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => self.sync(&dir, path),
            _ => Err(HostError::ReadBack { subject: self.shown(path) }),
        }
    }

    /// A write that was killed before its rename leaves its temporary file; a directory of that name is not ours.
    fn clear_temp(&self, dir: &File, name: &str, path: &AbsPath) -> Result<(), HostError> {
        let temp = temp_name(name);
        if kind(dir, &temp) != Some(FileType::RegularFile) {
            return Ok(());
        }
        match unlinkat(dir, temp.as_str(), AtFlags::empty()) {
            Ok(()) => self.sync(dir, path),
            Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(self.failed("clear up beside", path, errno)),
        }
    }

    /// The names in a directory, sorted; none when there is no directory.
    pub fn list(&self, path: &AbsPath) -> Result<Option<Vec<String>>, HostError> {
        let Some(dir) = self.directory(path)? else { return Ok(None) };
        let entries =
            rustix::fs::Dir::read_from(&dir).map_err(|errno| self.failed("list", path, errno))?;
        let mut names = Vec::new();
        for found in entries {
            let found = found.map_err(|errno| self.failed("list", path, errno))?;
            // No path of ours can name what is not UTF-8, so such a name is shown, never matched.
            let name = found.file_name().to_string_lossy().into_owned();
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        names.sort();
        Ok(Some(names))
    }

    /// The directory's descriptor; none when a component is missing or is a file.
    pub(crate) fn directory(&self, path: &AbsPath) -> Result<Option<File>, HostError> {
        let mut here = self.root.try_clone().map_err(|source| self.io("open", path, source))?;
        self.accept_ancestor(&here, "/", path)?;
        for name in path.components() {
            here = match openat(&here, name, DIR, RawMode::empty()) {
                Ok(next) => File::from(next),
                Err(Errno::NOENT) => return Ok(None),
                // Linux says ENOTDIR for a link under O_DIRECTORY, others ELOOP; the type tells which.
                Err(Errno::NOTDIR | Errno::LOOP | Errno::MLINK) => {
                    return match kind(&here, name) {
                        Some(FileType::Symlink) => {
                            Err(self.untrusted(path, "a symbolic link is on the way to it"))
                        }
                        Some(FileType::Directory) => {
                            Err(self.untrusted(path, "it changed while it was opened"))
                        }
                        _ => Ok(None),
                    };
                }
                Err(errno) => return Err(self.failed("open", path, errno)),
            };
            self.accept_ancestor(&here, name, path)?;
        }
        Ok(Some(here))
    }

    fn parent<'p>(&self, path: &'p AbsPath) -> Result<Option<(File, &'p str)>, HostError> {
        let Some(up) = path.parent() else {
            return Err(self.untrusted(path, "it is the root directory"));
        };
        Ok(self.directory(&up)?.map(|dir| (dir, path.file_name())))
    }

    fn existing_parent<'p>(
        &self,
        verb: &'static str,
        path: &'p AbsPath,
    ) -> Result<(File, &'p str), HostError> {
        self.parent(path)?.ok_or_else(|| self.failed(verb, path, Errno::NOENT))
    }

    /// Opens what may be looked at: a directory, or a regular file with one name and a known owner.
    fn target(&self, dir: &File, name: &str, path: &AbsPath) -> Result<Option<File>, HostError> {
        // Opening a device can act on it, so the type is asked first; the opened file decides.
        let why = match kind(dir, name) {
            None | Some(FileType::RegularFile | FileType::Directory) => None,
            Some(FileType::Symlink) => Some("it is a symbolic link"),
            Some(_) => Some("it is neither a file nor a directory"),
        };
        if let Some(why) = why {
            return Err(self.untrusted(path, why));
        }
        let file = match openat(dir, name, FILE, RawMode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP | Errno::MLINK) => {
                return Err(self.untrusted(path, "it is a symbolic link"));
            }
            Err(errno) => return Err(self.failed("open", path, errno)),
        };
        let meta = metadata(&file, &self.shown(path))?;
        if meta.is_dir() {
            return Ok(Some(file));
        }
        if !meta.is_file() {
            return Err(self.untrusted(path, "it is neither a file nor a directory"));
        }
        if meta.nlink() > 1 {
            return Err(self.untrusted(path, "it has another name (hard link)"));
        }
        self.accept_owner(&meta, path)?;
        Ok(Some(file))
    }

    fn accept_ancestor(&self, dir: &File, name: &str, path: &AbsPath) -> Result<(), HostError> {
        if !self.trust.strict {
            return Ok(());
        }
        let meta = metadata(dir, name)?;
        if meta.uid() != 0 && meta.uid() != self.trust.owner {
            return Err(self.untrusted(path, "a directory on the way to it has a foreign owner"));
        }
        if meta.mode() & 0o022 != 0 && meta.mode() & 0o1000 == 0 {
            return Err(self.untrusted(path, "others can write a directory on the way to it"));
        }
        Ok(())
    }

    fn accept_owner(&self, meta: &Metadata, path: &AbsPath) -> Result<(), HostError> {
        let uid = meta.uid();
        let known = uid == 0 || uid == self.trust.owner || (self.trust.target_owner)(uid);
        if known || !self.trust.strict {
            return Ok(());
        }
        Err(self.untrusted(path, "it has a foreign owner"))
    }

    fn fill(
        &self,
        dir: &File,
        temp: &str,
        path: &AbsPath,
        bytes: &[u8],
    ) -> Result<File, HostError> {
        for _ in 0..TEMP_TRIES {
            match openat(dir, temp, NEW, RawMode::RUSR | RawMode::WUSR) {
                Ok(file) => {
                    let mut file = File::from(file);
                    file.write_all(bytes).map_err(|source| self.io("write", path, source))?;
                    return Ok(file);
                }
                // Left by a run that was killed.
                Err(Errno::EXIST) => match unlinkat(dir, temp, AtFlags::empty()) {
                    Ok(()) | Err(Errno::NOENT) => {}
                    Err(errno) => return Err(self.failed("clear the way to", path, errno)),
                },
                Err(errno) => return Err(self.failed("write", path, errno)),
            }
        }
        Err(self.untrusted(path, "somebody keeps taking its temporary name"))
    }

    /// Owner first: changing it may clear bits that the mode then sets.
    fn own(
        &self,
        file: &File,
        path: &AbsPath,
        mode: Mode,
        ids: Option<Ids>,
    ) -> Result<(), HostError> {
        if let Some(ids) = ids {
            std::os::unix::fs::fchown(file, Some(ids.uid), Some(ids.gid))
                .map_err(|source| self.io("give an owner to", path, source))?;
        }
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode.bits()))
            .map_err(|source| self.io("set the mode of", path, source))
    }

    fn read_back(
        &self,
        dir: &File,
        path: &AbsPath,
        written: &File,
        bytes: &[u8],
    ) -> Result<(), HostError> {
        let differs = || HostError::ReadBack { subject: self.shown(path) };
        let ours = metadata(written, &self.shown(path))?;
        let file = File::from(
            openat(dir, path.file_name(), FILE, RawMode::empty())
                .map_err(|errno| self.failed("read back", path, errno))?,
        );
        let now = metadata(&file, &self.shown(path))?;
        let same = (now.dev(), now.ino(), now.mode(), now.uid(), now.gid())
            == (ours.dev(), ours.ino(), ours.mode(), ours.uid(), ours.gid());
        let found = zeroize::Zeroizing::new(self.bytes(file, path)?);
        if !same || now.nlink() != 1 || *found != bytes {
            return Err(differs());
        }
        Ok(())
    }

    fn bytes(&self, file: File, path: &AbsPath) -> Result<Vec<u8>, HostError> {
        // Room for all of it at once, so that no copy of a secret is left behind by growth.
        let room = file.metadata().map_or(0, |meta| meta.len().min(READ_LIMIT));
        let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or(0) + 1);
        file.take(READ_LIMIT + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| self.io("read", path, source))?;
        if bytes.len() as u64 > READ_LIMIT {
            return Err(self.untrusted(path, "it is larger than 16 MiB"));
        }
        Ok(bytes)
    }

    pub(crate) fn sync(&self, dir: &File, path: &AbsPath) -> Result<(), HostError> {
        dir.sync_all().map_err(|source| self.io("sync the directory of", path, source))
    }

    fn untrusted(&self, path: &AbsPath, why: &'static str) -> HostError {
        HostError::Untrusted { path: self.shown(path), why }
    }

    fn failed(&self, verb: &'static str, path: &AbsPath, errno: Errno) -> HostError {
        failed(verb, &self.shown(path), errno)
    }

    fn io(&self, verb: &'static str, path: &AbsPath, source: std::io::Error) -> HostError {
        HostError::Io { verb, path: self.shown(path), source }
    }
}

/// Where a file's bytes are until they are whole.
fn temp_name(name: &str) -> String {
    format!(".{name}.sanctum-new")
}

fn kind(dir: &File, name: &str) -> Option<FileType> {
    statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)
        .ok()
        .map(|stat| FileType::from_raw_mode(stat.st_mode))
}

fn metadata(file: &File, shown: &str) -> Result<Metadata, HostError> {
    file.metadata().map_err(|source| HostError::Io {
        verb: "look at",
        path: shown.to_owned(),
        source,
    })
}

fn entry(meta: &Metadata) -> Entry {
    Entry {
        is_dir: meta.is_dir(),
        mode: Mode::from_bits(meta.mode()),
        uid: meta.uid(),
        gid: meta.gid(),
    }
}

fn failed(verb: &'static str, shown: &str, errno: Errno) -> HostError {
    HostError::Io { verb, path: shown.to_owned(), source: errno.into() }
}

#[cfg(test)]
mod tests;
