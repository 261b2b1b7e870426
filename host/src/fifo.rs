//! A named pipe that gives bytes to whoever opens it first, once; they are never on a disk.
//!
//! Deliberately absent: a second time. A pipe that is opened again while its first reader still reads would give him
//! everything twice, so the next one waits until this value is dropped.

#![expect(clippy::disallowed_methods, reason = "this crate is the one home of effects")]

use crate::HostError;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The pipe; it is not removed with this value, which is the work of its directory.
#[derive(Debug)]
pub struct Fifo(PathBuf);

impl Fifo {
    /// Makes one, only for its owner, and waits in a thread of its own for a reader.
    ///
    /// # Errors
    /// Something is there already, or the directory takes no pipes.
    pub fn offer(path: &Path, bytes: Zeroizing<Vec<u8>>) -> Result<Self, HostError> {
        let failed = |source| HostError::Io {
            verb: "make a pipe at",
            path: path.display().to_string(),
            source,
        };
        let owner = nix::sys::stat::Mode::S_IRUSR | nix::sys::stat::Mode::S_IWUSR;
        nix::unistd::mkfifo(path, owner).map_err(|errno| failed(errno.into()))?;
        let place = path.to_owned();
        let write = move || {
            // A reader that goes away early has had what it wanted.
            if let Ok(mut pipe) = std::fs::OpenOptions::new().write(true).open(&place) {
                let _ = pipe.write_all(&bytes);
            }
        };
        std::thread::Builder::new().spawn(write).map_err(failed)?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        // One that still waits for a reader has one for a moment, and writes to nobody.
        let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
        let _ = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

    #[test]
    fn the_first_reader_has_it_and_nothing_lies_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        // More than a pipe holds, so that it is written while it is read.
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let fifo = Fifo::offer(&path, Zeroizing::new(bytes.clone())).unwrap();
        let facts = std::fs::metadata(&path).unwrap();
        assert!(facts.file_type().is_fifo() && facts.permissions().mode() & 0o777 == 0o600);
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        drop(fifo);
        assert!(Fifo::offer(&path, Zeroizing::default()).is_err());
    }

    #[test]
    fn one_that_nobody_reads_ends_with_its_value() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        drop(Fifo::offer(&path, Zeroizing::new(b"value".to_vec())).unwrap());
    }
}
