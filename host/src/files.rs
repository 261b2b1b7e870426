//! Files that the owner names on the command line: read with a bound, written without replacing.
//!
//! These are the owner's own files, so links are followed. What a plan touches goes through [`crate::tree`].

#![expect(clippy::disallowed_methods, reason = "this crate is the one home of effects")]

use crate::HostError;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, Error, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

fn failed(verb: &'static str, path: &Path, source: Error) -> HostError {
    HostError::Io { verb, path: path.display().to_string(), source }
}

/// Reads a regular file of at most `limit` bytes.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, HostError> {
    let read = || -> io::Result<Vec<u8>> {
        // Opening a device can do something, and a FIFO must not make a command wait for ever: neither is opened, and what
        // becomes one in between is opened without blocking and refused.
        if !std::fs::metadata(path)?.is_file() {
            return Err(Error::other("not a regular file"));
        }
        let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
        let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(Error::other("not a regular file"));
        }
        // One allocation: growth would leave copies behind, and the file may hold a secret.
        let room = usize::try_from(about.len().min(limit)).unwrap_or(0);
        let mut bytes = Vec::with_capacity(room.saturating_add(1));
        file.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(Error::other(format!("larger than {limit} bytes")));
        }
        Ok(bytes)
    };
    read().map_err(|source| failed("read", path, source))
}

/// Reads a file that may be absent.
pub fn read_optional(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, HostError> {
    match read(path, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(HostError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
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
    let write = || -> io::Result<()> {
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            std::fs::DirBuilder::new().recursive(true).create(dir)?;
        }
        let mut file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        // What somebody is told about next is there after a power cut too.
        sync_above(path)
    };
    write().map_err(|source| failed("write", path, source))
}

/// Makes a new file beside the one whose place it will take: only for the owner of that one to read, and on the disk with its name.
///
/// # Errors
/// [`HostError::Io`], also where something has the name.
pub fn write_successor(place: &Path, fresh: &Path, bytes: &[u8]) -> Result<(), HostError> {
    let write = || -> io::Result<()> {
        let old = std::fs::metadata(place)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(fresh)?;
        let own = file.metadata()?;
        // Before there is anything in it.
        if (own.uid(), own.gid()) != (old.uid(), old.gid()) {
            fchown(&file, Some(old.uid()), Some(old.gid()))?;
        }
        file.write_all(bytes)?;
        file.sync_all()?;
        sync_above(fresh)
    };
    write().map_err(|source| failed("write", fresh, source))
}

/// Gives a file that is on the disk the place of another; it is there after a power cut too.
///
/// # Errors
/// [`HostError::Io`]; the place has what it had, or the file.
pub fn take_place(fresh: &Path, place: &Path) -> Result<(), HostError> {
    over(fresh, place)
        .and_then(|()| sync_above(place))
        .map_err(|source| failed("replace", place, source))
}

/// Removes a file.
///
/// # Errors
/// [`HostError::Io`], also where nothing is there.
pub fn remove(path: &Path) -> Result<(), HostError> {
    std::fs::remove_file(path).map_err(|source| failed("remove", path, source))
}

/// The file that a path leads to, whatever links are on the way.
///
/// # Errors
/// [`HostError::Io`], also where nothing is there.
pub fn followed(path: &Path) -> Result<PathBuf, HostError> {
    std::fs::canonicalize(path).map_err(|source| failed("find", path, source))
}

/// What its directory says of a name is on the disk.
fn sync_above(path: &Path) -> io::Result<()> {
    let above = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    File::open(above.unwrap_or(Path::new(".")))?.sync_all()
}

/// Writes a file beside its place and lets `take` bring it there: whenever this ends, the place has all of it or what it had
/// before, and nothing lies beside it.
///
/// The new file is made with `mode` and then dressed, while it is empty; it and the directory are synced.
pub(crate) fn settle(
    place: &Path,
    mode: u32,
    bytes: &[u8],
    dress: impl FnOnce(&File) -> io::Result<()>,
    take: impl FnOnce(&Path, &Path) -> io::Result<()>,
) -> io::Result<()> {
    let dir = match place.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    let name = place.file_name().ok_or_else(|| Error::other("no file name"))?;
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).map_err(Error::other)?;
    let fresh = format!(".{}.{:016x}.tmp", name.to_string_lossy(), u64::from_ne_bytes(random));
    let fresh = dir.join(fresh);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&fresh)?;
    let taken = dress(&file)
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| file.sync_all())
        .and_then(|()| take(&fresh, place));
    if let Err(error) = taken {
        let _ = std::fs::remove_file(&fresh);
        return Err(error);
    }
    File::open(dir)?.sync_all()
}

/// Over whatever is there.
fn over(fresh: &Path, place: &Path) -> io::Result<()> {
    std::fs::rename(fresh, place)
}

/// The facts of the regular file that has the place; what is no regular file is not replaced.
fn replaced(found: io::Result<Metadata>) -> io::Result<Option<Metadata>> {
    match found {
        Ok(facts) if !facts.is_file() => Err(Error::other("not a regular file")),
        Ok(facts) => Ok(Some(facts)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces or makes a file of the owner's, only for its owner to read.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), HostError> {
    settle(path, 0o600, bytes, |_| Ok(()), over).map_err(|source| failed("write", path, source))
}

/// Replaces a file of the owner's as a whole, or makes it: after a crash it is the old one or the new one.
///
/// Mode and owner of the old file are kept; a new one is only for its owner. Where the path is a link, what it leads to is
/// replaced.
///
/// # Errors
/// [`HostError::Io`], also for a link that leads nowhere; the old file is then as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), HostError> {
    let write = || -> io::Result<()> {
        let target = match std::fs::canonicalize(path) {
            Ok(target) => target,
            // What a link should lead to may be on a disk that is not mounted; the link is the owner's.
            Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => {
                path.to_path_buf()
            }
            Err(error) => return Err(error),
        };
        let old = replaced(std::fs::metadata(&target))?;
        let dress = |file: &File| {
            let Some(old) = &old else { return Ok(()) };
            let own = file.metadata()?;
            if (own.uid(), own.gid()) != (old.uid(), old.gid()) {
                fchown(file, Some(old.uid()), Some(old.gid()))?;
            }
            // Permission bits only: a file that is replaced does not keep a set-uid bit.
            file.set_permissions(Permissions::from_mode(old.mode() & 0o777))
        };
        settle(&target, 0o600, bytes, dress, over)
    };
    write().map_err(|source| failed("replace", path, source))
}

/// Replaces a file as a whole, or makes it, so that everybody may read it and only its owner, who is this process's account, may
/// change it; so are the directories above it that are missing. A file that fewer could read stays so, in its group. A link at the
/// path is replaced, not followed.
///
/// # Errors
/// [`HostError::Io`]; the old file is then as it was.
pub fn publish(path: &Path, bytes: &[u8]) -> Result<(), HostError> {
    let write = || -> io::Result<()> {
        let dir = path.parent().ok_or_else(|| Error::other("no directory"))?;
        let missing = dir.ancestors().take_while(|dir| !dir.exists());
        for dir in missing.collect::<Vec<_>>().into_iter().rev() {
            std::fs::create_dir(dir)?;
            // Whatever the mask says: programs of other accounts read what lies here.
            std::fs::set_permissions(dir, Permissions::from_mode(0o755))?;
        }
        let old = match std::fs::symlink_metadata(path) {
            Ok(facts) if facts.is_symlink() => None,
            found => replaced(found)?,
        };
        let dress = |file: &File| {
            let mut mode = 0o644;
            if let Some(old) = &old {
                if file.metadata()?.gid() != old.gid() {
                    fchown(file, None, Some(old.gid()))?;
                }
                mode = old.mode() & 0o644 | 0o600;
            }
            file.set_permissions(Permissions::from_mode(mode))
        };
        settle(path, 0o600, bytes, dress, over)
    };
    write().map_err(|source| failed("write", path, source))
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
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made.map_err(|source| failed("create", path, source)),
    }
}

/// The names in a directory, sorted; none when it is absent.
pub fn list(path: &Path) -> Result<Vec<String>, HostError> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
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
            failed("make", Path::new("a temporary directory"), Error::other(error))
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
        let loose = dir.path().join("loose");
        std::os::unix::fs::symlink(dir.path().join("gone"), &loose).expect("a link");
        assert!(replace(&loose, b"").is_err());
        assert!(loose.is_symlink() && !dir.path().join("gone").exists());
    }

    #[test]
    fn what_is_published_is_for_everybody_unless_it_was_for_fewer() {
        let dir = TempDir::new().expect("a directory");
        let file = dir.path().join("made/here/settings.json");
        let mode = |path: &Path| std::fs::metadata(path).expect("facts").mode() & 0o7777;
        publish(&file, b"1").expect("published");
        assert_eq!((mode(&file), mode(&dir.path().join("made"))), (0o644, 0o755));
        for (was, is) in [
            (0o600, 0o600),
            (0o640, 0o640),
            (0o644, 0o644),
            (0o444, 0o644),
            (0o666, 0o644),
            (0o4755, 0o644),
        ] {
            std::fs::set_permissions(&file, Permissions::from_mode(was)).expect("mode");
            publish(&file, b"2").expect("published");
            assert_eq!(mode(&file), is, "{was:o}");
        }
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        publish(&link, b"3").expect("published");
        assert!(!link.is_symlink() && std::fs::read(&file).expect("read") == b"2");
        assert!(publish(&dir.path().join("made"), b"").is_err());
        assert_eq!(list(dir.path()).expect("names"), ["link", "made"]);
        assert_eq!(list(&dir.path().join("made/here")).expect("names"), ["settings.json"]);
    }

    #[test]
    fn a_private_file_is_for_its_owner_alone_whatever_it_replaces() {
        let dir = TempDir::new().expect("a directory");
        let file = dir.path().join("a");
        for was in [None, Some(0o644), Some(0o666)] {
            if let Some(was) = was {
                std::fs::set_permissions(&file, Permissions::from_mode(was)).expect("mode");
            }
            write_private(&file, b"x").expect("written");
            assert_eq!(std::fs::metadata(&file).expect("facts").mode() & 0o7777, 0o600);
        }
    }

    #[test]
    fn a_successor_waits_beside_the_place_and_takes_it_as_a_whole() {
        let dir = TempDir::new().expect("a directory");
        let (file, fresh) = (dir.path().join("a"), dir.path().join("a.new"));
        assert!(write_successor(&file, &fresh, b"new").is_err(), "no place to take");
        std::fs::write(&file, "old").expect("written");
        std::fs::set_permissions(&file, Permissions::from_mode(0o400)).expect("mode");
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&file, Some(65_534), Some(65_534)).expect("given away");
        }
        write_successor(&file, &fresh, b"new").expect("written");
        assert!(write_successor(&file, &fresh, b"other").is_err(), "one at a time");
        assert_eq!(std::fs::read(&file).expect("read"), b"old");
        let owner = |path: &Path| std::fs::metadata(path).expect("facts").uid();
        assert_eq!(owner(&fresh), owner(&file));
        take_place(&fresh, &file).expect("taken");
        assert_eq!(std::fs::read(&file).expect("read"), b"new");
        assert_eq!(std::fs::metadata(&file).expect("facts").mode() & 0o7777, 0o600);
        assert_eq!(list(dir.path()).expect("names"), ["a"]);
        remove(&file).expect("removed");
        assert!(remove(&file).is_err() && followed(&file).is_err());
    }

    #[test]
    fn what_does_not_take_its_place_leaves_nothing() {
        let dir = TempDir::new().expect("a directory");
        let file = dir.path().join("a");
        write_private(&file, b"old").expect("written");
        let refused = |_: &Path, _: &Path| Err(Error::other("no"));
        assert!(settle(&file, 0o600, b"new", |_| Ok(()), refused).is_err());
        assert!(settle(&file, 0o600, b"new", |_| Err(Error::other("no")), over).is_err());
        assert_eq!(std::fs::read(&file).expect("read"), b"old");
        assert_eq!(list(dir.path()).expect("names"), ["a"]);
    }

    #[test]
    fn the_environment_names_the_place_for_others_and_never_for_root() {
        assert_eq!(temporary(false).expect("a place"), std::env::temp_dir());
        let place = temporary(true).expect("a place of root's");
        assert!(ROOTS.iter().any(|path| Path::new(path) == place), "{place:?}");
    }
}
