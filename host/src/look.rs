//! Looking without touching: what is at a path of this machine, as the system answers it.
//!
//! Links are followed, because what a job starts is what its path leads to. Nothing is created, opened for writing or
//! judged here. "Nothing is there" is an answer; "not allowed to look" is an error that says so, and on macOS names
//! the privacy controls, which deny root too (EPERM, where permissions alone answer EACCES).

#![expect(clippy::disallowed_methods, reason = "this crate is the one home of effects")]

use crate::HostError;
use sanctum_types::UnixTime;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// What something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Dir,
    /// A regular file.
    File,
    /// A socket.
    Socket,
    /// A device, a FIFO, or a link that leads nowhere.
    Other,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What it is.
    pub kind: Kind,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// User id of its owner.
    pub uid: u32,
    /// Group id of its owner.
    pub gid: u32,
    /// Bytes.
    pub size: u64,
    /// When its content last changed.
    pub modified: UnixTime,
    /// When its inode last changed: also a rename, a mode, an owner.
    pub changed: UnixTime,
    /// Device and inode.
    pub inode: (u64, u64),
}

/// What the path leads to; none when nothing is there.
pub fn at(path: &Path) -> Result<Option<Facts>, HostError> {
    answer("look at", path, std::fs::metadata(path).map(|meta| facts(&meta)))
}

/// What is at the path itself, links not followed; none when nothing is there.
pub fn at_itself(path: &Path) -> Result<Option<Facts>, HostError> {
    answer("look at", path, std::fs::symlink_metadata(path).map(|meta| facts(&meta)))
}

/// Where a symbolic link points; none when nothing is there or it is no link.
pub fn link(path: &Path) -> Result<Option<String>, HostError> {
    match std::fs::read_link(path) {
        Ok(target) => Ok(Some(target.to_string_lossy().into_owned())),
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(None),
        Err(error) => answer("follow", path, Err(error)),
    }
}

/// The first bytes of a regular file; none when nothing is there.
pub fn head(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, HostError> {
    let read = || -> std::io::Result<Vec<u8>> {
        // A FIFO must not make a look wait for ever.
        let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
        let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        if !file.metadata()?.is_file() {
            return Err(std::io::Error::other("not a regular file"));
        }
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    answer("read", path, read())
}

/// The names in a directory, sorted; none when nothing is there. A name that is not UTF-8 is shown with U+FFFD.
pub fn list(path: &Path) -> Result<Option<Vec<String>>, HostError> {
    let names = std::fs::read_dir(path).and_then(|entries| {
        let mut names = entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<std::io::Result<Vec<String>>>()?;
        names.sort();
        Ok(names)
    });
    answer("list", path, names)
}

fn facts(meta: &std::fs::Metadata) -> Facts {
    let kind = match meta.file_type() {
        kind if kind.is_dir() => Kind::Dir,
        kind if kind.is_file() => Kind::File,
        kind if kind.is_socket() => Kind::Socket,
        _ => Kind::Other,
    };
    Facts {
        kind,
        mode: meta.mode() & 0o7777,
        uid: meta.uid(),
        gid: meta.gid(),
        size: meta.size(),
        modified: UnixTime(meta.mtime()),
        changed: UnixTime(meta.ctime()),
        inode: (meta.dev(), meta.ino()),
    }
}

fn answer<T>(
    verb: &'static str,
    path: &Path,
    said: std::io::Result<T>,
) -> Result<Option<T>, HostError> {
    let absent = |kind| matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory);
    match said {
        Ok(seen) => Ok(Some(seen)),
        Err(error) if absent(error.kind()) => Ok(None),
        Err(source) => Err(HostError::Io {
            verb,
            path: path.display().to_string(),
            source: denied(source, cfg!(target_os = "macos")),
        }),
    }
}

/// EPERM on a look is what macOS's privacy controls answer (TCC), to root as well.
pub(crate) fn denied(error: std::io::Error, mac: bool) -> std::io::Error {
    let eperm = error.raw_os_error() == Some(rustix::io::Errno::PERM.raw_os_error());
    if mac && eperm {
        let words = "denied by the privacy controls of macOS: give the terminal Full Disk Access";
        return std::io::Error::new(ErrorKind::PermissionDenied, words);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privacy_controls_are_told_from_permissions() {
        let error =
            |errno: rustix::io::Errno| std::io::Error::from_raw_os_error(errno.raw_os_error());
        let (eperm, eacces) = (rustix::io::Errno::PERM, rustix::io::Errno::ACCESS);
        assert!(denied(error(eperm), true).to_string().contains("Full Disk Access"));
        for (errno, mac) in [(eperm, false), (eacces, true), (eacces, false)] {
            assert_eq!(denied(error(errno), mac).raw_os_error(), Some(errno.raw_os_error()));
        }
        // Neither is "nothing there".
        let said: Result<Option<()>, _> = answer("list", Path::new("/x"), Err(error(eperm)));
        assert!(said.is_err());
    }

    #[test]
    fn nothing_there_is_an_answer_and_not_a_file_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let (file, gone) = (dir.path().join("f"), dir.path().join("gone"));
        std::fs::write(&file, "abcdef").unwrap();
        std::os::unix::fs::symlink("f", dir.path().join("l")).unwrap();
        assert_eq!(at(&gone).unwrap(), None);
        assert_eq!(at(&file.join("below")).unwrap(), None);
        assert_eq!(head(&gone, 3).unwrap(), None);
        assert_eq!(list(&gone).unwrap(), None);
        assert_eq!(head(&file, 3).unwrap().unwrap(), b"abc");
        assert_eq!(list(dir.path()).unwrap().unwrap(), ["f", "l"]);
        assert_eq!(at(&dir.path().join("l")).unwrap().unwrap().kind, Kind::File);
        assert_eq!(at_itself(&dir.path().join("l")).unwrap().unwrap().kind, Kind::Other);
        assert_eq!(link(&dir.path().join("l")).unwrap().as_deref(), Some("f"));
        assert_eq!(link(&file).unwrap(), None);
        assert!(head(dir.path(), 3).is_err(), "a directory is no file");
    }
}
