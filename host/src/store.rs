//! The directory that outlives a run: blobs, receipts, small named files, the lock and the key.
//!
//! Owns the crash order: bytes are synced before the name that reveals them, a blob or a named file appears
//! whole or not at all, and a receipt exists only once its `plan.json` does. Only the owner can enter (0700,
//! files 0600). Deliberately absent: what a receipt means.

mod receipt;

pub use receipt::ReceiptLog;

use crate::tree::Tree;
use crate::{Blobs, HostError};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rustix::fs::{FlockOperation, Mode as RawMode, OFlags};
use rustix::io::Errno;
use sanctum_types::{AbsPath, Digest, Mode, Secret};
use sha2::Sha256;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;
use std::time::Duration;

const KEY: &str = "mac.key";
const LOCK: &str = "lock";
/// As long as the hash: RFC 2104, section 3.
const KEY_LEN: usize = 32;
/// How often a bounded wait looks again.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// An open store.
#[derive(Debug)]
pub struct Store {
    tree: Tree,
}

/// Held while the house is changed; given back when dropped, also by a killed process.
#[derive(Debug)]
pub struct StoreLock {
    _file: File,
}

impl Store {
    /// Opens the store and makes what is missing of it, the directories above it included.
    pub fn open(path: &Path) -> Result<Self, HostError> {
        make_dirs(path)?;
        Self::open_existing(path)?.furnished()
    }

    /// Opens a store that is there; nothing is made.
    pub fn open_existing(path: &Path) -> Result<Self, HostError> {
        // The last component is ours, so it is never a link; where it lies is the caller's choice.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let dir = rustix::fs::open(path, flags, RawMode::empty())
            .map(File::from)
            .map_err(|errno| io("open the store", path, errno.into()))?;
        Self::from_dir(dir, &path.display().to_string())
    }

    /// Opens the store in a directory of a tree, without resolving any path again, and makes it when asked to;
    /// none when it is not there.
    pub(crate) fn open_below(
        tree: &Tree,
        path: &AbsPath,
        make: bool,
    ) -> Result<Option<Self>, HostError> {
        let open = || -> Result<Option<Self>, HostError> {
            let Some(dir) = tree.directory(path)? else { return Ok(None) };
            Self::from_dir(dir, &tree.shown(path)).map(Some)
        };
        match open()? {
            Some(store) if make => store.furnished().map(Some),
            Some(store) => Ok(Some(store)),
            None if make => {
                tree.make_dir(path, Mode::PRIVATE_DIR, None)?;
                open()?.map(Self::furnished).transpose()
            }
            None => Ok(None),
        }
    }

    fn from_dir(dir: File, shown: &str) -> Result<Self, HostError> {
        let meta = dir.metadata().map_err(|source| io("look at", Path::new(shown), source))?;
        let refuse = |why| HostError::Untrusted { path: shown.to_owned(), why };
        if meta.uid() != rustix::process::geteuid().as_raw() {
            return Err(refuse("the store belongs to somebody else"));
        }
        if meta.mode() & 0o077 != 0 {
            return Err(refuse("others can enter the store; its mode must be 0700"));
        }
        Ok(Self { tree: Tree::from_file(dir, shown)? })
    }

    /// With the directories that every store has.
    fn furnished(self) -> Result<Self, HostError> {
        for part in ["blobs", "receipts"] {
            let path = at("/", part)?;
            if self.tree.stat(&path)?.is_none() {
                self.tree.make_dir(&path, Mode::PRIVATE_DIR, None)?;
            }
        }
        Ok(self)
    }

    /// Takes the lock, waiting at most that long for another run to end. Leftovers of killed runs are cleared.
    pub fn lock(&self, wait: Duration) -> Result<StoreLock, HostError> {
        let lock = self.locked(&at("/", LOCK)?, wait)?;
        receipt::clear_halves(&self.tree)?;
        Ok(lock)
    }

    /// Whether another process changes the house now.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let lock = at("/", LOCK).and_then(|path| self.locked(&path, Duration::ZERO));
        matches!(lock, Err(HostError::Locked { .. }))
    }

    /// Takes the lock of that name, waiting at most that long: what several processes write in turn has one of its own,
    /// so that it waits for no apply.
    pub fn lock_named(&self, name: &str, wait: Duration) -> Result<StoreLock, HostError> {
        self.locked(&small(name)?, wait)
    }

    fn locked(&self, path: &AbsPath, wait: Duration) -> Result<StoreLock, HostError> {
        let shown = self.tree.shown(path);
        let mut file = self.tree.open_private(path)?;
        let mut left = wait;
        loop {
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK) if left.is_zero() => {
                    let mut pid = String::new();
                    // The holder may not have written its number yet.
                    let _ = (&file).take(20).read_to_string(&mut pid);
                    let holder = match pid.trim() {
                        "" => "another process".to_owned(),
                        pid => format!("process {pid}"),
                    };
                    return Err(HostError::Locked { path: shown, holder });
                }
                Err(Errno::WOULDBLOCK) => {
                    let nap = LOCK_POLL.min(left);
                    std::thread::sleep(nap);
                    left = left.saturating_sub(nap);
                }
                Err(errno) => {
                    return Err(HostError::Io { verb: "lock", path: shown, source: errno.into() });
                }
            }
        }
        file.rewind()
            .and_then(|()| file.set_len(0))
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(|source| HostError::Io { verb: "write", path: shown, source })?;
        Ok(StoreLock { _file: file })
    }

    /// A private directory of the store as a tree of its own, made when it is missing.
    pub(crate) fn below(&self, name: &str) -> Result<Tree, HostError> {
        let path = at("/", name)?;
        if self.tree.stat(&path)?.is_none() {
            self.tree.make_dir(&path, Mode::PRIVATE_DIR, None)?;
        }
        self.existing_below(name)?.ok_or_else(|| HostError::Untrusted {
            path: self.tree.shown(&path),
            why: "it vanished while it was made",
        })
    }

    /// The same where it is there; nothing is made.
    pub(crate) fn existing_below(&self, name: &str) -> Result<Option<Tree>, HostError> {
        let path = at("/", name)?;
        let Some(dir) = self.tree.directory(&path)? else { return Ok(None) };
        Tree::from_file(dir, &self.tree.shown(&path)).map(Some)
    }

    /// The store's directory as people see it.
    #[must_use]
    pub fn shown(&self) -> String {
        self.tree.shown_root().to_owned()
    }

    /// Keeps all of them under their digests, with one sync of the directory.
    pub fn put_blobs(&self, blobs: &Blobs) -> Result<(), HostError> {
        let mut last = None;
        for (digest, bytes) in blobs.iter() {
            last = self.put_unsynced(digest, bytes)?.or(last);
        }
        last.map_or(Ok(()), |dir| at("/", "blobs").and_then(|path| self.tree.sync(&dir, &path)))
    }

    /// Whether the bytes of that digest are kept.
    pub fn has_blob(&self, digest: &Digest) -> Result<bool, HostError> {
        Ok(self.tree.stat(&at("/blobs", &digest.to_string())?)?.is_some())
    }

    /// The bytes of that digest, checked against it.
    pub fn get_blob(&self, digest: &Digest) -> Result<Vec<u8>, HostError> {
        let path = blob(digest)?;
        let (_, bytes) = self.tree.read(&path)?.ok_or(HostError::NoBlob { digest: *digest })?;
        if Blobs::digest(&bytes) == *digest {
            return Ok(bytes);
        }
        Err(damaged(self.tree.shown(&path), "its bytes do not have the digest of its name"))
    }

    /// Replaces a small file of that name whole. A name is one component that does not start with a dot.
    pub fn write_file(&self, name: &str, bytes: &[u8]) -> Result<(), HostError> {
        self.tree.write(&small(name)?, bytes, Mode::PRIVATE, None)
    }

    /// The bytes of the small file; none when it was never written.
    pub fn read_file(&self, name: &str) -> Result<Option<Vec<u8>>, HostError> {
        Ok(self.tree.read(&small(name)?)?.map(|(_, bytes)| bytes))
    }

    /// The small file is gone.
    pub fn remove_file(&self, name: &str) -> Result<(), HostError> {
        self.tree.remove(&small(name)?)
    }

    /// HMAC-SHA-256 of the message under the key of this store, which is made at its first use.
    pub fn mac(&self, message: &[u8]) -> Result<[u8; 32], HostError> {
        Ok(self.keyed(message)?.finalize().into_bytes().into())
    }

    /// Whether the tag is the message's, compared in constant time.
    pub fn mac_verify(&self, message: &[u8], tag: &[u8]) -> Result<bool, HostError> {
        Ok(self.keyed(message)?.verify_slice(tag).is_ok())
    }

    fn keyed(&self, message: &[u8]) -> Result<Hmac<Sha256>, HostError> {
        let key = self.key()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(key.expose())
            .map_err(|_| damaged(KEY.to_owned(), "an HMAC key of 32 bytes"))?;
        mac.update(message);
        Ok(mac)
    }

    fn key(&self) -> Result<Secret<Vec<u8>>, HostError> {
        let path = at("/", KEY)?;
        let shown = self.tree.shown(&path);
        if self.tree.stat(&path)?.is_none() {
            let mut fresh = vec![0; KEY_LEN];
            getrandom::fill(&mut fresh).map_err(|error| HostError::Io {
                verb: "draw random bytes for",
                path: shown.clone(),
                source: std::io::Error::other(error.to_string()),
            })?;
            let fresh = Secret::new(fresh);
            self.tree.create_private(&path, fresh.expose())?;
        }
        let (_, bytes) = self.tree.read(&path)?.ok_or_else(|| HostError::Io {
            verb: "read",
            path: shown.clone(),
            source: std::io::ErrorKind::NotFound.into(),
        })?;
        let key = Secret::new(bytes);
        if key.expose().len() == KEY_LEN {
            return Ok(key);
        }
        Err(damaged(shown, "the key does not have 32 bytes"))
    }

    /// The directory that needs a sync, unless the blob was there already.
    fn put_unsynced(&self, digest: &Digest, bytes: &[u8]) -> Result<Option<File>, HostError> {
        // A blob that is there but damaged is replaced: its right bytes are at hand.
        if self.get_blob(digest).is_ok() {
            return Ok(None);
        }
        self.tree.write_unsynced(&blob(digest)?, bytes, Mode::PRIVATE, None).map(Some)
    }
}

/// Makes the directory and those above it, each durable before the one below is used.
pub(crate) fn make_dirs(path: &Path) -> Result<(), HostError> {
    let mut missing = Vec::new();
    let mut here = Some(path);
    while let Some(dir) = here.filter(|dir| !dir.as_os_str().is_empty()) {
        if rustix::fs::stat(dir).is_ok() {
            break;
        }
        missing.push(dir);
        here = dir.parent();
    }
    for dir in missing.into_iter().rev() {
        match std::fs::DirBuilder::new().mode(Mode::PRIVATE_DIR.bits()).create(dir) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(io("create", dir, error));
            }
            _ => {}
        }
        let parent = dir.parent().filter(|up| !up.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(parent, flags, RawMode::empty())
            .map_err(Into::into)
            .and_then(|parent| File::from(parent).sync_all())
            .map_err(|source| io("sync", parent, source))?;
    }
    Ok(())
}

/// Directories and files that are not small named files.
const RESERVED: [&str; 6] = ["blobs", "receipts", "journal", "witness", KEY, LOCK];

fn small(name: &str) -> Result<AbsPath, HostError> {
    if RESERVED.contains(&name) {
        return Err(damaged(name.to_owned(), "the store uses that name itself"));
    }
    at("/", name)
}

fn blob(digest: &Digest) -> Result<AbsPath, HostError> {
    at("/blobs", &digest.to_string())
}

/// A path of the store; names never start with a dot, which is where temporary names live.
fn at(dir: &str, name: &str) -> Result<AbsPath, HostError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let path = AbsPath::new(dir).and_then(|dir| dir.join(name));
    match path {
        Ok(path) if !name.starts_with('.') && name.chars().all(plain) => Ok(path),
        _ => Err(damaged(format!("{name:?}"), "a name of letters, digits, `.`, `_` and `-`")),
    }
}

fn damaged(path: String, detail: &str) -> HostError {
    HostError::Damaged { path, detail: detail.to_owned() }
}

fn io(verb: &'static str, path: &Path, source: std::io::Error) -> HostError {
    HostError::Io { verb, path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests;
