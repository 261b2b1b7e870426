//! A private file that is written in place: a log that grows at its end, slots that are overwritten.
//!
//! One process has it at a time. Nothing here is durable before [`LogFile::sync`] said so, but for a replacement, which is
//! whole and durable or not there at all. Deliberately absent: what the bytes mean.

use crate::HostError;
use crate::tree::Tree;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use sanctum_types::AbsPath;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::{Mutex, PoisonError, RwLock};

/// Beside the file, until a replacement is whole.
const NEXT: &str = ".next";

/// An open file, kept from other processes.
#[derive(Debug)]
pub struct LogFile {
    tree: Tree,
    path: AbsPath,
    file: RwLock<File>,
    /// What is beside it, and is to take its place.
    staged: Mutex<Option<File>>,
}

impl LogFile {
    /// Opens the file, or makes an empty one, for its owner alone; its directory must be there and be ours.
    ///
    /// # Errors
    /// [`HostError::Locked`] when another process has it; [`HostError::Untrusted`] when others could have written it.
    pub fn open(tree: Tree, path: AbsPath) -> Result<Self, HostError> {
        if let Some(dir) = path.parent() {
            tree.own_dir(&dir)?;
        }
        // What somebody else could read or write is refused before it is opened for writing.
        tree.may_write(&path)?;
        let file = tree.open_private(&path)?;
        if tree.stat(&path)?.is_some_and(|entry| entry.mode.bits() & 0o077 != 0) {
            let why = "others can read or write it: chmod 600";
            return Err(HostError::Untrusted { path: tree.shown(&path), why });
        }
        lock(&file, &tree.shown(&path))?;
        // A replacement that failed late has the name already: whoever builds on what is here now has to find it after a crash too.
        tree.sync_parent(&path)?;
        Ok(Self { tree, path, file: RwLock::new(file), staged: Mutex::default() })
    }

    /// Bytes in it.
    ///
    /// # Errors
    /// What the system says.
    pub fn size(&self) -> Result<u64, HostError> {
        self.with("look at", |file| Ok(file.metadata()?.len()))
    }

    /// Fills the buffer from that offset on.
    ///
    /// # Errors
    /// There are not as many bytes, or they cannot be read.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), HostError> {
        self.with("read", |file| file.read_exact_at(buffer, offset))
    }

    /// Writes the bytes at that offset.
    ///
    /// # Errors
    /// Not all of them were taken; some may be there.
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), HostError> {
        self.with("write", |file| file.write_all_at(bytes, offset))
    }

    /// What was written is on the disk when this returns.
    ///
    /// # Errors
    /// Nobody knows what of it is.
    pub fn sync(&self) -> Result<(), HostError> {
        self.with("sync", File::sync_data)
    }

    /// Cuts it to that length, durably.
    ///
    /// # Errors
    /// What the system says.
    pub fn cut(&self, length: u64) -> Result<(), HostError> {
        self.with("cut", |file| file.set_len(length).and_then(|()| file.sync_all()))
    }

    /// Those bytes are beside it, whole and durable, and wait for [`LogFile::swap`].
    ///
    /// # Errors
    /// They are not; nothing has changed, and what they took of the disk is given back.
    pub fn stage(&self, bytes: &[u8]) -> Result<(), HostError> {
        let next = self.next()?;
        self.tree.remove(&next)?;
        let done = self.beside(&next, bytes);
        let mut staged = self.staged.lock().unwrap_or_else(PoisonError::into_inner);
        *staged = None;
        match done {
            Ok(file) => *staged = Some(file),
            Err(error) => {
                let _ = self.tree.remove(&next);
                return Err(error);
            }
        }
        Ok(())
    }

    /// The same place holds what was staged instead; a killed process leaves the old bytes.
    ///
    /// # Errors
    /// After one, nobody knows which of both is there.
    pub fn swap(&self) -> Result<(), HostError> {
        let staged = self.staged.lock().unwrap_or_else(PoisonError::into_inner).take();
        let file = staged.ok_or_else(|| HostError::Untrusted {
            path: self.shown(),
            why: "nothing waits beside it",
        })?;
        let mut held = self.file.write().unwrap_or_else(PoisonError::into_inner);
        self.tree.rename(&self.next()?, &self.path)?;
        *held = file;
        Ok(())
    }

    fn next(&self) -> Result<AbsPath, HostError> {
        AbsPath::new(format!("{}{NEXT}", self.path)).map_err(|_| HostError::Untrusted {
            path: self.shown(),
            why: "its path cannot be formed",
        })
    }

    fn beside(&self, next: &AbsPath, bytes: &[u8]) -> Result<File, HostError> {
        let file = self.tree.open_private(next)?;
        let shown = self.shown();
        let io = |verb, source| HostError::Io { verb, path: shown.clone(), source };
        file.write_all_at(bytes, 0).map_err(|source| io("write beside", source))?;
        file.sync_all().map_err(|source| io("sync beside", source))?;
        lock(&file, &shown)?;
        Ok(file)
    }

    fn shown(&self) -> String {
        self.tree.shown(&self.path)
    }

    fn with<T>(
        &self,
        verb: &'static str,
        act: impl FnOnce(&File) -> std::io::Result<T>,
    ) -> Result<T, HostError> {
        let file = self.file.read().unwrap_or_else(PoisonError::into_inner);
        act(&file).map_err(|source| HostError::Io { verb, path: self.shown(), source })
    }
}

fn lock(file: &File, shown: &str) -> Result<(), HostError> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(()),
        Err(Errno::WOULDBLOCK) => {
            let holder = "another process".to_owned();
            Err(HostError::Locked { path: shown.to_owned(), holder })
        }
        Err(errno) => {
            Err(HostError::Io { verb: "lock", path: shown.to_owned(), source: errno.into() })
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "files of the test's own")]
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn open(dir: &std::path::Path) -> Result<LogFile, HostError> {
        LogFile::open(Tree::open(dir).unwrap(), AbsPath::new("/log").unwrap())
    }

    #[test]
    fn it_is_written_in_place_cut_and_replaced_by_one_process() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("log.next"), "left by a killed one").unwrap();
        let log = open(dir.path()).unwrap();
        log.write_at(0, b"0123456789").unwrap();
        log.cut(5).unwrap();
        assert!(matches!(open(dir.path()), Err(HostError::Locked { .. })));
        assert!(log.swap().is_err());
        log.stage(b"a first one").unwrap();
        log.stage(b"another").unwrap();
        log.swap().unwrap();
        log.write_at(7, b" one").unwrap();
        log.sync().unwrap();
        let mut seen = [0; 11];
        log.read_at(0, &mut seen).unwrap();
        assert_eq!((&seen, log.size().unwrap()), (b"another one", 11));
        assert!(log.read_at(1, &mut seen).is_err());
        // Also what took its place is kept from others.
        assert!(matches!(open(dir.path()), Err(HostError::Locked { .. })));
        drop(log);
        assert_eq!(std::fs::read(dir.path().join("log")).unwrap(), b"another one");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_others_can_read_or_a_link_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("log");
        std::fs::write(&at, "x").unwrap();
        std::fs::set_permissions(&at, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(open(dir.path()), Err(HostError::Untrusted { .. })));
        std::fs::remove_file(&at).unwrap();
        std::os::unix::fs::symlink("elsewhere", &at).unwrap();
        assert!(matches!(open(dir.path()), Err(HostError::Untrusted { .. })));
    }
}
