//! What secrets need of a [`Tree`] beyond whole files: reads that are wiped, a lock, and a directory of one's own.
//!
//! A file is read only when nobody but root or we could have written or read it. Deliberately absent: what the bytes
//! mean.

use super::{Entry, Tree, entry, metadata};
use crate::HostError;
use rustix::fs::{Access, AtFlags, FlockOperation};
use rustix::io::Errno;
use sanctum_types::{AbsPath, Mode};
use std::fs::File;
use std::io::Read as _;
use std::time::Duration;
use zeroize::Zeroizing;

/// Reading, writing and searching by group and others.
const OTHERS: u32 = 0o077;
/// Writing by group and others.
const OTHERS_WRITE: u32 = 0o022;
/// How often a bounded wait looks again.
const POLL: Duration = Duration::from_millis(20);

type Wiped = Zeroizing<Vec<u8>>;

/// Held while a directory is changed; given back when dropped, also by a killed process.
#[derive(Debug)]
pub struct DirLock {
    _file: File,
}

impl Tree {
    /// The bytes of a file that only its owner, who is root or we, can read; none when there is no file.
    ///
    /// # Errors
    /// [`HostError::Untrusted`] when somebody else could read or write it.
    pub fn read_private(&self, path: &AbsPath) -> Result<Option<Zeroizing<Vec<u8>>>, HostError> {
        let Some((found, bytes)) = self.read_wiped(path)? else { return Ok(None) };
        if found.mode.bits() & OTHERS != 0 {
            return Err(self.untrusted(path, "others can read it, so it is no secret: chmod 600"));
        }
        Ok(Some(bytes))
    }

    /// The same for a file that others may read but not write, such as one that is encrypted.
    ///
    /// # Errors
    /// [`HostError::Untrusted`] when somebody else could write it.
    pub fn read_own(&self, path: &AbsPath) -> Result<Option<Zeroizing<Vec<u8>>>, HostError> {
        let Some((found, bytes)) = self.read_wiped(path)? else { return Ok(None) };
        if found.mode.bits() & OTHERS_WRITE != 0 {
            return Err(self.untrusted(path, "others can write it: chmod go-w"));
        }
        Ok(Some(bytes))
    }

    fn read_wiped(&self, path: &AbsPath) -> Result<Option<(Entry, Wiped)>, HostError> {
        let Some(file) = self.open_read(path)? else { return Ok(None) };
        let meta = metadata(&file, &self.shown(path))?;
        self.accept_as_ours(&entry(&meta), path)?;
        // Room for all of it at once: a vector that grows leaves copies behind that nobody wipes.
        let room = usize::try_from(meta.len().min(super::READ_LIMIT)).unwrap_or(0) + 1;
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        file.take(super::READ_LIMIT + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| self.io("read", path, source))?;
        if bytes.len() as u64 > super::READ_LIMIT {
            return Err(self.untrusted(path, "it is larger than 16 MiB"));
        }
        Ok(Some((entry(&meta), bytes)))
    }

    /// Whether a directory is there that only root and we can change; another one is refused.
    ///
    /// # Errors
    /// [`HostError::Untrusted`] when somebody else could put files there.
    pub fn own_dir(&self, path: &AbsPath) -> Result<bool, HostError> {
        let Some(found) = self.stat(path)?.filter(|found| found.is_dir) else { return Ok(false) };
        self.accept_as_ours(&found, path)?;
        if found.mode.bits() & OTHERS_WRITE != 0 {
            return Err(self.untrusted(path, "others can write it: chmod 700"));
        }
        Ok(true)
    }

    /// Whether [`Tree::write`] could put a file there, as far as that is seen without writing: the directory takes
    /// files of ours, and what is at the path may be replaced.
    ///
    /// # Errors
    /// It could not.
    pub fn may_write(&self, path: &AbsPath) -> Result<(), HostError> {
        let missing = || self.failed("write", path, Errno::NOENT);
        let up = path.parent().ok_or_else(missing)?;
        let dir = self.directory(&up)?.ok_or_else(missing)?;
        self.read_wiped(path)?;
        let wanted = Access::WRITE_OK | Access::EXEC_OK;
        rustix::fs::accessat(&dir, ".", wanted, AtFlags::EACCESS)
            .map_err(|errno| self.failed("write", path, errno))
    }

    /// Makes a directory that only its owner enters, and above it what is missing, which others may pass through; one
    /// that is there must be ours.
    ///
    /// # Errors
    /// It cannot be made, or somebody else could put files there.
    pub fn furnish(&self, path: &AbsPath) -> Result<(), HostError> {
        if self.own_dir(path)? {
            return Ok(());
        }
        if let Some(up) = path.parent().filter(|up| up.as_str() != "/")
            && self.stat(&up)?.is_none()
        {
            self.furnish_above(&up)?;
        }
        self.make_dir(path, Mode::PRIVATE_DIR, None)
    }

    /// Gives a file of ours another name in its directory, durably; what had that name is gone.
    pub(crate) fn rename(&self, from: &AbsPath, to: &AbsPath) -> Result<(), HostError> {
        let missing = || self.failed("rename", from, Errno::NOENT);
        let up = from.parent().filter(|up| to.parent().as_ref() == Some(up)).ok_or_else(missing)?;
        let dir = self.directory(&up)?.ok_or_else(missing)?;
        rustix::fs::renameat(&dir, from.file_name(), &dir, to.file_name())
            .map_err(|errno| self.failed("rename to", to, errno))?;
        self.sync(&dir, to)
    }

    /// What the directory of that file says of names is on the disk.
    pub(crate) fn sync_parent(&self, path: &AbsPath) -> Result<(), HostError> {
        let (dir, _) = self.existing_parent("sync", path)?;
        self.sync(&dir, path)
    }

    fn furnish_above(&self, path: &AbsPath) -> Result<(), HostError> {
        if let Some(up) = path.parent().filter(|up| up.as_str() != "/")
            && self.stat(&up)?.is_none()
        {
            self.furnish_above(&up)?;
        }
        self.make_dir(path, Mode::OPEN_DIR, None)
    }

    /// Locks a directory, waiting at most that long for whoever holds it: who replaces files in it takes turns, since
    /// two writers of one file would share its temporary name. It leaves nothing behind.
    ///
    /// # Errors
    /// [`HostError::Locked`] when the time is over.
    pub fn lock_dir(&self, path: &AbsPath, wait: Duration) -> Result<DirLock, HostError> {
        let missing = || self.failed("lock", path, Errno::NOENT);
        let file = self.directory(path)?.ok_or_else(missing)?;
        let mut left = wait;
        loop {
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(DirLock { _file: file }),
                Err(Errno::WOULDBLOCK) if left.is_zero() => {
                    let holder = "another process".to_owned();
                    return Err(HostError::Locked { path: self.shown(path), holder });
                }
                Err(Errno::WOULDBLOCK) => {
                    let nap = POLL.min(left);
                    std::thread::sleep(nap);
                    left = left.saturating_sub(nap);
                }
                Err(errno) => return Err(self.failed("lock", path, errno)),
            }
        }
    }

    /// Also where the tree is not strict: what holds secrets has no third owner.
    fn accept_as_ours(&self, found: &Entry, path: &AbsPath) -> Result<(), HostError> {
        let us = rustix::process::geteuid().as_raw();
        if found.uid == 0 || found.uid == us {
            return Ok(());
        }
        Err(self.untrusted(path, "it has a foreign owner"))
    }
}
