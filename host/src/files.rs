//! Files that the owner names on the command line: read with a bound, written without replacing.
//!
//! These are the owner's own files, so links are followed. What a plan touches goes through [`crate::tree`].

#![expect(clippy::disallowed_methods, reason = "this crate is the one home of effects")]

use crate::HostError;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

fn failed(verb: &'static str, path: &Path, source: std::io::Error) -> HostError {
    HostError::Io { verb, path: path.display().to_string(), source }
}

/// Reads a regular file of at most `limit` bytes.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, HostError> {
    let read = || -> std::io::Result<Vec<u8>> {
        // Opening a device can do something, and a FIFO must not make a command wait for ever: neither is opened, and what
        // becomes one in between is opened without blocking and refused.
        if !std::fs::metadata(path)?.is_file() {
            return Err(std::io::Error::other("not a regular file"));
        }
        let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
        let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(std::io::Error::other("not a regular file"));
        }
        // One allocation: growth would leave copies behind, and the file may hold a secret.
        let room = usize::try_from(about.len().min(limit)).unwrap_or(0);
        let mut bytes = Vec::with_capacity(room.saturating_add(1));
        file.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(std::io::Error::other(format!("larger than {limit} bytes")));
        }
        Ok(bytes)
    };
    read().map_err(|source| failed("read", path, source))
}

/// Reads a file that may be absent.
pub fn read_optional(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, HostError> {
    match read(path, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(HostError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether something is at the path.
#[must_use]
pub fn is_there(path: &Path) -> bool {
    path.exists()
}

/// Makes a new file, only for its owner to read, in a directory that is made when it is missing.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), HostError> {
    let write = || -> std::io::Result<()> {
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            std::fs::DirBuilder::new().recursive(true).create(dir)?;
        }
        let mut file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| failed("write", path, source))
}

/// Replaces or makes a file of the owner's, only for its owner to read.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), HostError> {
    let write = || -> std::io::Result<()> {
        let name = path.file_name().ok_or_else(|| std::io::Error::other("no file name"))?;
        let fresh = path.with_file_name(format!(".{}.sanctum-new", name.to_string_lossy()));
        match std::fs::remove_file(&fresh) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)
    };
    write().map_err(|source| failed("write", path, source))
}

/// Replaces a file of the owner's as a whole, or makes it: after a crash it is the old one or the new one.
///
/// A temporary file in the same directory is written, synced and renamed; the directory is synced. Mode and owner of
/// the old file are kept; a new one is only for its owner. Where the path is a link, what it leads to is replaced.
///
/// # Errors
/// [`HostError::Io`]; the old file is then as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), HostError> {
    let write = || -> std::io::Result<()> {
        let target = match std::fs::canonicalize(path) {
            Ok(target) => target,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => path.to_path_buf(),
            Err(error) => return Err(error),
        };
        let dir = match target.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        let name = target.file_name().ok_or_else(|| std::io::Error::other("no file name"))?;
        let mut random = [0_u8; 8];
        getrandom::fill(&mut random).map_err(std::io::Error::other)?;
        let fresh = format!(".{}.{:016x}.tmp", name.to_string_lossy(), u64::from_ne_bytes(random));
        let fresh = dir.join(fresh);
        let written = fill(&fresh, &target, bytes).and_then(|()| std::fs::rename(&fresh, &target));
        if let Err(error) = written {
            let _ = std::fs::remove_file(&fresh);
            return Err(error);
        }
        std::fs::File::open(dir)?.sync_all()
    };
    write().map_err(|source| failed("replace", path, source))
}

/// Writes a file that is about to take the place of another, with the mode and owner of that one.
fn fill(fresh: &Path, old: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(fresh)?;
    match std::fs::metadata(old) {
        Ok(facts) if !facts.is_file() => return Err(std::io::Error::other("not a regular file")),
        Ok(facts) => {
            let own = file.metadata()?;
            if (own.uid(), own.gid()) != (facts.uid(), facts.gid()) {
                std::os::unix::fs::fchown(&file, Some(facts.uid()), Some(facts.gid()))?;
            }
            // Permission bits only: a file that is replaced does not keep a set-uid bit.
            file.set_permissions(std::fs::Permissions::from_mode(facts.mode() & 0o777))?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a directory and what is missing above it.
pub fn make_dir(path: &Path) -> Result<(), HostError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .create(path)
        .map_err(|source| failed("create", path, source))
}

/// Makes a directory that only its owner may enter; one that is there stays as it is.
///
/// # Errors
/// It cannot be made, or something else is there.
pub fn make_private_dir(path: &Path) -> Result<(), HostError> {
    use std::os::unix::fs::DirBuilderExt as _;
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made.map_err(|source| failed("create", path, source)),
    }
}

/// The names in a directory, sorted; none when it is absent.
pub fn list(path: &Path) -> Result<Vec<String>, HostError> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed("list", path, source)),
    };
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// A directory that goes away with this value.
#[derive(Debug)]
pub struct TempDir(std::path::PathBuf);

impl TempDir {
    /// Makes one, only for its owner to enter: for root below a directory of root's, where no other account can
    /// put links in the way whatever `TMPDIR` says; for others below the system's directory for temporary files.
    ///
    /// # Errors
    /// [`HostError::Untrusted`] when root has no such directory.
    pub fn new() -> Result<Self, HostError> {
        Self::below(&temporary(rustix::process::geteuid().is_root())?)
    }

    /// The same in memory, where the system has a place for that: what lies there is on no disk.
    ///
    /// # Errors
    /// As [`TempDir::new`].
    pub fn in_memory() -> Result<Self, HostError> {
        // Root's directory for this is in memory already on Linux; macOS has no such place.
        let place = std::path::Path::new(MEMORY);
        if !rustix::process::geteuid().is_root() && in_memory(place) {
            return Self::below(place);
        }
        Self::new()
    }

    fn below(place: &Path) -> Result<Self, HostError> {
        use std::os::unix::fs::DirBuilderExt as _;
        let mut random = [0_u8; 8];
        getrandom::fill(&mut random).map_err(|error| {
            failed("make", Path::new("a temporary directory"), std::io::Error::other(error))
        })?;
        let path = place.join(format!("sanctum-{:016x}", u64::from_ne_bytes(random)));
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|source| failed("create", &path, source))?;
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Gives what lies there under a name to an account, which can then come to it but put nothing else in its place.
    ///
    /// # Errors
    /// This process may not give files away.
    pub fn lend(&self, name: &str, account: &crate::accounts::Account) -> Result<(), HostError> {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.0.join(name);
        let io = |source| failed("give away", &path, source);
        std::os::unix::fs::lchown(&path, Some(account.uid), Some(account.gid)).map_err(io)?;
        // The directory stays ours: who could write in it could make root write elsewhere.
        std::fs::set_permissions(&self.0, std::fs::Permissions::from_mode(0o711)).map_err(io)
    }
}

/// Where Linux keeps shared memory (shm_overview(7)): a tmpfs that everybody may make directories in.
const MEMORY: &str = "/dev/shm";

/// Whether a directory is in memory; only Linux has a way to ask that is not a guess.
#[cfg(target_os = "linux")]
fn in_memory(place: &Path) -> bool {
    // TMPFS_MAGIC of statfs(2).
    rustix::fs::statfs(place).is_ok_and(|facts| facts.f_type == 0x0102_1994)
}

/// macOS keeps nothing in memory that can be written to by name.
#[cfg(target_os = "macos")]
const fn in_memory(_place: &Path) -> bool {
    false
}

/// Directories that belong to root and are emptied at boot (hier(7) of both): macOS, then Linux.
const ROOTS: [&str; 3] = ["/private/var/run", "/run", "/var/run"];

/// Where temporary directories are made. The environment is asked for everybody but root.
fn temporary(root: bool) -> Result<std::path::PathBuf, HostError> {
    if !root {
        return Ok(std::env::temp_dir());
    }
    let mut refused = None;
    for candidate in ROOTS.iter().filter_map(|path| sanctum_types::AbsPath::new(*path).ok()) {
        match crate::trust::check_root_owned(&candidate) {
            Ok(()) => return Ok(candidate.as_str().into()),
            Err(why) => refused = Some(why),
        }
    }
    Err(refused.map_or_else(
        || HostError::Untrusted { path: ROOTS.join(", "), why: "it is not there" },
        HostError::from,
    ))
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // Nothing can be told to anybody here; what is left is in the directory for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_works_below_a_directory_of_roots_and_nobody_else_can_enter() {
        use std::os::unix::fs::MetadataExt as _;
        let root = rustix::process::geteuid().is_root();
        let dir = TempDir::new().expect("a directory");
        assert_eq!(std::fs::metadata(dir.path()).expect("facts").mode() & 0o777, 0o700);
        if root {
            let parent = dir.path().parent().expect("a parent");
            assert!(ROOTS.iter().any(|path| Path::new(path) == parent), "{parent:?}");
        }
        let path = dir.path().to_path_buf();
        drop(dir);
        assert!(!path.exists());
    }

    #[test]
    fn a_replaced_file_keeps_its_mode_and_leaves_nothing_beside_it() {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        let dir = TempDir::new().expect("a directory");
        let (file, link) = (dir.path().join("a.json"), dir.path().join("link"));
        std::fs::write(&file, "old").expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("mode");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        replace(&link, b"new").expect("replaced");
        assert_eq!(std::fs::read(&file).expect("read"), b"new");
        assert_eq!(std::fs::metadata(&file).expect("facts").mode() & 0o7777, 0o640);
        replace(&dir.path().join("b"), b"fresh").expect("made");
        assert_eq!(list(dir.path()).expect("names"), ["a.json", "b", "link"]);
        assert!(replace(dir.path(), b"").is_err());
        assert!(replace(&dir.path().join("no/where"), b"").is_err());
    }

    #[test]
    fn the_environment_names_the_place_for_others_and_never_for_root() {
        assert_eq!(temporary(false).expect("a place"), std::env::temp_dir());
        let place = temporary(true).expect("a place of root's");
        assert!(ROOTS.iter().any(|path| Path::new(path) == place), "{place:?}");
    }
}
