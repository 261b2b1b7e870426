//! The place of the socket: taken by one server at a time, and given back by the one that has it.
//!
//! A lock beside the socket tells a living server from a killed one's leavings. The socket gets its mode and group
//! under another name and is renamed into place, so that nobody finds it open for a moment. Removed is only the socket
//! that this server made. Deliberately absent: what is said.

#![expect(
    clippy::disallowed_methods,
    reason = "the socket and its directory are made and removed here"
)]

use super::SocketError;
use super::peer::MAX_PATH;
use rustix::fs::{FlockOperation, flock};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _,
    PermissionsExt as _,
};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Behind the name under which the socket is made.
const MAKING: &str = "~";

/// Who can reach the socket at all; who is heard is decided for each peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// A group that may connect beside the server's own account.
    pub group: Option<u32>,
}

/// A socket that listens.
#[derive(Debug)]
pub struct Bound {
    pub(crate) listener: UnixListener,
    path: PathBuf,
    made: (u64, u64),
    _lock: File,
}

fn failed<'p>(verb: &'static str, path: &'p Path) -> impl Fn(std::io::Error) -> SocketError + 'p {
    move |source| SocketError::Io { verb, path: path.display().to_string(), source }
}

fn untrusted(path: &Path, why: &'static str) -> SocketError {
    SocketError::Untrusted { path: path.display().to_string(), why }
}

impl Bound {
    /// Listens at an absolute path; the listener does not block.
    ///
    /// # Errors
    /// Somebody else serves it, or what is there is not to be trusted.
    pub fn at(path: &Path, gate: Gate) -> Result<Self, SocketError> {
        let making = beside(path, MAKING);
        if making.as_os_str().len() > MAX_PATH {
            let most = MAX_PATH - MAKING.len();
            return Err(SocketError::TooLong { path: path.display().to_string(), most });
        }
        directory(path, gate)?;
        let lock = locked(path)?;
        vacant(path)?;
        vacant(&making)?;
        let listener = UnixListener::bind(&making).map_err(failed("listen at", path))?;
        let ready = || -> std::io::Result<(u64, u64)> {
            let mode = if gate.group.is_some() { 0o660 } else { 0o600 };
            std::os::unix::fs::chown(&making, None, gate.group)?;
            std::fs::set_permissions(&making, Permissions::from_mode(mode))?;
            listener.set_nonblocking(true)?;
            let meta = std::fs::symlink_metadata(&making)?;
            std::fs::rename(&making, path)?;
            Ok((meta.dev(), meta.ino()))
        };
        let made = ready().map_err(|source| {
            // It never was in its place.
            let _ = std::fs::remove_file(&making);
            failed("listen at", path)(source)
        })?;
        Ok(Self { listener, path: path.to_owned(), made, _lock: lock })
    }

    /// What connections are taken from.
    #[must_use]
    pub const fn listener(&self) -> &UnixListener {
        &self.listener
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        let meta = std::fs::symlink_metadata(&self.path);
        if meta.is_ok_and(|meta| (meta.dev(), meta.ino()) == self.made) {
            // What is left is replaced by the next server.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Whether who answers at a path is who may serve there: our own account, root, or the one whose directory the socket is in, where nobody else can put one.
///
/// # Errors
/// Somebody else answers, or nobody can tell.
pub fn trusted(stream: &UnixStream, path: &Path) -> std::io::Result<()> {
    let uid = super::peer::of(stream)?.uid;
    if uid == 0 || uid == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    let dir = path.parent().unwrap_or(path);
    let meta = std::fs::symlink_metadata(dir)?;
    if meta.is_dir() && meta.uid() == uid && meta.mode() & 0o022 == 0 {
        return Ok(());
    }
    Err(std::io::Error::new(ErrorKind::PermissionDenied, "another account answers there"))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The directory is ours or root's, and nobody else can put anything into it. It is made where it is missing.
fn directory(path: &Path, gate: Gate) -> Result<(), SocketError> {
    let Some(dir) = path.parent().filter(|_| path.is_absolute() && path.file_name().is_some())
    else {
        return Err(untrusted(path, "it is not an absolute path of a file"));
    };
    let mode = if gate.group.is_some() { 0o755 } else { 0o700 };
    match DirBuilder::new().recursive(true).mode(mode).create(dir) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(failed("make", dir)(error));
        }
        _ => {}
    }
    let meta = std::fs::symlink_metadata(dir).map_err(failed("look at", dir))?;
    if !meta.is_dir() {
        return Err(untrusted(path, "its directory is not one"));
    }
    if meta.uid() != 0 && meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(untrusted(path, "its directory belongs to somebody else"));
    }
    if meta.mode() & 0o022 != 0 {
        return Err(untrusted(path, "others can write to its directory"));
    }
    Ok(())
}

/// Held as long as the server lives; the system gives it back however that ends.
fn locked(path: &Path) -> Result<File, SocketError> {
    let place = beside(path, ".lock");
    let nofollow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .custom_flags(nofollow)
        .open(&place)
        .map_err(failed("lock", &place))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => {
            Err(SocketError::Served { path: path.display().to_string() })
        }
        Err(errno) => Err(failed("lock", &place)(errno.into())),
    }
}

/// Nothing is at the path, or a socket of ours that nobody answers: that one is removed.
fn vacant(path: &Path) -> Result<(), SocketError> {
    let meta = match std::fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("look at", path)(error)),
    };
    if meta.file_type().is_symlink() {
        return Err(untrusted(path, "it is a symbolic link"));
    }
    if !meta.file_type().is_socket() {
        return Err(untrusted(path, "it is not a socket"));
    }
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(untrusted(path, "the socket there belongs to somebody else"));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
        Ok(_) => return Err(SocketError::Served { path: path.display().to_string() }),
        Err(error) => return Err(failed("ask", path)(error)),
    }
    std::fs::remove_file(path).map_err(failed("replace", path))
}
