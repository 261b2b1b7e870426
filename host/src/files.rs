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
        // A FIFO must not make a command wait for ever: it is opened without blocking and then refused.
        let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
        let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        if !file.metadata()?.is_file() {
            return Err(std::io::Error::other("not a regular file"));
        }
        let mut bytes = Vec::new();
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

/// Makes a directory and what is missing above it.
pub fn make_dir(path: &Path) -> Result<(), HostError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .create(path)
        .map_err(|source| failed("create", path, source))
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
    /// Makes one below the system's directory for temporary files, only for its owner to enter.
    pub fn new() -> Result<Self, HostError> {
        use std::os::unix::fs::DirBuilderExt as _;
        let mut random = [0_u8; 8];
        getrandom::fill(&mut random).map_err(|error| {
            failed("make", Path::new("a temporary directory"), std::io::Error::other(error))
        })?;
        let name = format!("sanctum-{:016x}", u64::from_ne_bytes(random));
        let path = std::env::temp_dir().join(name);
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
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // Nothing can be told to anybody here; what is left is in the directory for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
