//! Directories and files to be read in bulk: names with their kinds, and bytes at an offset into the caller's buffer.
//!
//! Everything below an open folder is reached through its descriptor and never through a symbolic link, so that what is
//! read lies where the walk came from. Nothing but regular files is opened: a FIFO, a device or a socket is not even
//! touched. Errors are the system's own, with the words for macOS's privacy controls; the path is the caller's to add.

use crate::look::denied;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fstat, open, openat, stat, statat};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::io::{Error, Result};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);
/// Without blocking and without a terminal to control: what was a file a moment ago may be a FIFO now.
const FILE: OFlags =
    OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// What an entry of a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A regular file.
    File,
    /// A symbolic link, which is not followed.
    Link,
    /// A FIFO, a socket or a device.
    Special,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, in the file system's own bytes.
    pub name: OsString,
    /// What it is.
    pub kind: EntryKind,
}

/// An open folder.
#[derive(Debug)]
pub struct Folder {
    fd: OwnedFd,
    device: u64,
}

impl Folder {
    /// A folder that the owner named: links on the way are followed.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path) -> Result<Self> {
        Self::of(open(path, FOLDER, Mode::empty()))
    }

    /// A folder in this one.
    ///
    /// # Errors
    /// What the system says; a link is refused.
    pub fn below(&self, name: &OsStr) -> Result<Self> {
        Self::of(openat(&self.fd, name, FOLDER | OFlags::NOFOLLOW, Mode::empty()))
    }

    fn of(opened: rustix::io::Result<OwnedFd>) -> Result<Self> {
        let fd = opened.map_err(answer)?;
        let device = fstat(&fd).map_err(answer)?.st_dev;
        Ok(Self { fd, device: wide(device) })
    }

    /// What is in it, in the file system's order.
    ///
    /// # Errors
    /// What the system says.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        let mut all = Vec::new();
        for entry in Dir::read_from(&self.fd).map_err(answer)? {
            let entry = entry.map_err(answer)?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let kind = match entry.file_type() {
                // Some file systems do not tell with the name.
                FileType::Unknown => match statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                    Err(Errno::NOENT) => continue,
                    Err(errno) => return Err(answer(errno)),
                },
                told => told,
            };
            let name = OsString::from_vec(name.to_bytes().to_vec());
            all.push(Entry { name, kind: kind_of(kind) });
        }
        Ok(all)
    }

    /// Whether this folder is on another file system than the other.
    #[must_use]
    pub const fn is_mounted_below(&self, other: &Self) -> bool {
        self.device != other.device
    }

    /// Whether the kernel makes its files up as they are read (proc, sysfs and their kin).
    #[must_use]
    pub fn is_of_kernel(&self) -> bool {
        kernel::makes_up(&self.fd)
    }

    /// A regular file in it; none when it is something else by now.
    ///
    /// # Errors
    /// What the system says.
    pub fn file(&self, name: &OsStr) -> Result<Option<OpenFile>> {
        match openat(&self.fd, name, FILE | OFlags::NOFOLLOW, Mode::empty()) {
            // A link, or a socket.
            Err(Errno::LOOP | Errno::NXIO) => Ok(None),
            opened => OpenFile::of(opened.map_err(answer)?),
        }
    }
}

/// An open regular file.
#[derive(Debug)]
pub struct OpenFile {
    fd: OwnedFd,
    size: u64,
}

impl OpenFile {
    /// A file that the owner named: links are followed. None when it is no regular file.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let kind = FileType::from_raw_mode(stat(path).map_err(answer)?.st_mode);
        if kind != FileType::RegularFile {
            return Ok(None);
        }
        match open(path, FILE, Mode::empty()) {
            Err(Errno::NXIO) => Ok(None),
            opened => Self::of(opened.map_err(answer)?),
        }
    }

    fn of(fd: OwnedFd) -> Result<Option<Self>> {
        let stat = fstat(&fd).map_err(answer)?;
        let file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        Ok(file.then(|| Self { fd, size: u64::try_from(stat.st_size).unwrap_or(0) }))
    }

    /// Bytes that it had when it was opened.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Fills the buffer from that offset on, as far as there are bytes; gives how many.
    ///
    /// # Errors
    /// What the system says.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
            match rustix::io::pread(&self.fd, room, offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(answer(errno)),
            }
        }
        Ok(filled)
    }
}

const fn kind_of(kind: FileType) -> EntryKind {
    match kind {
        FileType::Directory => EntryKind::Folder,
        FileType::RegularFile => EntryKind::File,
        FileType::Symlink => EntryKind::Link,
        _ => EntryKind::Special,
    }
}

fn answer(errno: Errno) -> Error {
    denied(errno.into(), cfg!(target_os = "macos"))
}

/// Linux's device numbers are u64, those of macOS i32.
#[cfg(target_os = "linux")]
const fn wide(device: u64) -> u64 {
    device
}

#[cfg(not(target_os = "linux"))]
fn wide(device: i32) -> u64 {
    u64::from(device.cast_unsigned())
}

#[cfg(target_os = "linux")]
mod kernel {
    use std::os::fd::OwnedFd;

    /// procfs, sysfs, debugfs, tracefs, securityfs, cgroup, cgroup2 and bpf (linux/magic.h).
    const MADE_UP: [i64; 8] = [
        0x9fa0,
        0x6265_6572,
        0x6462_6720,
        0x7472_6163,
        0x7363_6673,
        0x0027_e0eb,
        0x6367_7270,
        0xcafe_4a11,
    ];

    pub(super) fn makes_up(fd: &OwnedFd) -> bool {
        rustix::fs::fstatfs(fd).is_ok_and(|stat| MADE_UP.contains(&{ stat.f_type }))
    }
}

#[cfg(not(target_os = "linux"))]
mod kernel {
    /// macOS has none but `/dev`, which holds no regular files.
    pub(super) fn makes_up(_: &std::os::fd::OwnedFd) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a folder of the test's own")]
    use super::*;

    #[test]
    fn only_regular_files_open_and_links_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("file"), "0123456789").unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        nix::unistd::mkfifo(&at("fifo"), nix::sys::stat::Mode::S_IRUSR).unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let mut all = folder.entries().unwrap();
        all.sort_by(|one, two| one.name.cmp(&two.name));
        let kinds: Vec<EntryKind> = all.iter().map(|entry| entry.kind).collect();
        let (special, link) = (EntryKind::Special, EntryKind::Link);
        assert_eq!(kinds, [special, EntryKind::File, EntryKind::Folder, link, special]);
        for name in ["link", "socket", "fifo", "folder"] {
            assert!(folder.file(name.as_ref()).unwrap().is_none(), "{name}");
        }
        assert!(folder.below("link".as_ref()).is_err());
        let file = folder.file("file".as_ref()).unwrap().unwrap();
        let mut buffer = [0; 4];
        assert_eq!((file.size(), file.read_at(8, &mut buffer).unwrap()), (10, 2));
        assert_eq!(buffer[..2], *b"89");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_the_kernel_makes_up_is_told() {
        let (root, proc) = (Folder::open("/".as_ref()).unwrap(), Folder::open("/proc".as_ref()));
        let proc = proc.unwrap();
        assert!(proc.is_of_kernel() && !root.is_of_kernel() && proc.is_mounted_below(&root));
    }
}
