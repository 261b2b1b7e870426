//! Values on their way in and out of this process: standard input and output without buffers that outlive them, no core
//! dump while one is held, and files that are taken away for good.
//!
//! Deliberately absent: terminals, which [`crate::passphrase`] asks.

#![expect(clippy::disallowed_methods, reason = "this crate is the one home of effects")]

use crate::HostError;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{Read as _, Write as _};
use std::path::Path;
use zeroize::Zeroizing;

fn failed(verb: &'static str, path: &str, source: std::io::Error) -> HostError {
    HostError::Io { verb, path: path.to_owned(), source }
}

/// Reads standard input to its end, at most `limit` bytes.
///
/// # Errors
/// It cannot be read, or is longer.
pub fn read_stdin(limit: usize) -> Result<Zeroizing<Vec<u8>>, HostError> {
    // Filled in place: a vector that grows leaves what it held behind.
    let mut bytes = Zeroizing::new(vec![0_u8; limit + 1]);
    let mut length = 0;
    let stdin = std::io::stdin();
    while let Some(room) = bytes.get_mut(length..).filter(|room| !room.is_empty()) {
        match rustix::io::read(&stdin, room) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(failed("read", "standard input", errno.into())),
        }
    }
    if length > limit {
        let error = std::io::Error::other(format!("longer than {limit} bytes"));
        return Err(failed("read", "standard input", error));
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// Writes bytes to standard output and keeps none of them.
///
/// # Errors
/// Nobody takes them.
pub fn write_stdout(bytes: &[u8]) -> Result<(), HostError> {
    let stdout = std::io::stdout();
    stdout.lock().flush().map_err(|error| failed("write to", "standard output", error))?;
    let mut rest = bytes;
    while !rest.is_empty() {
        match rustix::io::write(&stdout, rest) {
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(failed("write to", "standard output", errno.into())),
        }
    }
    Ok(())
}

/// Writes bytes to the terminal of this session, past standard output; false where there is none.
///
/// # Errors
/// It does not take them.
pub fn write_terminal(bytes: &[u8]) -> Result<bool, HostError> {
    let Ok(mut terminal) = std::fs::OpenOptions::new().write(true).open("/dev/tty") else {
        return Ok(false);
    };
    // A file has no buffer of its own.
    terminal.write_all(bytes).map_err(|error| failed("write to", "/dev/tty", error))?;
    Ok(true)
}

/// What core dumps this process could leave before [`no_core_dumps`].
#[derive(Debug)]
pub struct Dumps(Rlimit);

/// From now on this process leaves no core dump and nobody but root can look into its memory.
///
/// # Errors
/// The system refuses.
pub fn no_core_dumps() -> Result<Dumps, HostError> {
    let before = getrlimit(Resource::Core);
    let none = Rlimit { current: Some(0), maximum: before.maximum };
    let refused = |errno: rustix::io::Errno| failed("switch off", "core dumps", errno.into());
    setrlimit(Resource::Core, none).map_err(refused)?;
    undumpable().map_err(refused)?;
    Ok(Dumps(before))
}

impl Dumps {
    /// The limit as it was, for a program that this process becomes.
    ///
    /// # Errors
    /// The system refuses.
    pub fn allow_again(self) -> Result<(), HostError> {
        setrlimit(Resource::Core, self.0)
            .map_err(|errno| failed("bring back", "the limit of core dumps", errno.into()))
    }
}

/// A limit is nothing to a collector behind a pipe (core(5)); this is. It ends with execve(2).
#[cfg(target_os = "linux")]
fn undumpable() -> rustix::io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

/// macOS has the limit alone; attaching to a hardened or root's process needs root there.
#[cfg(not(target_os = "linux"))]
fn undumpable() -> rustix::io::Result<()> {
    Ok(())
}

/// Overwrites a regular file once, in place, and takes it away. Disks that write elsewhere (every SSD, every file system
/// that copies on write) may keep what was there: whoever calls says so.
///
/// # Errors
/// It is no regular file with one name, or it could not be overwritten or removed.
pub fn destroy(path: &Path) -> Result<(), HostError> {
    let shown = path.display().to_string();
    overwrite(path, true).map_err(|source| failed("overwrite", &shown, source))?;
    std::fs::remove_file(path).map_err(|source| failed("remove", &shown, source))
}

/// The same for a file that this process made for a command, whatever that did with it: under all of its names it holds
/// nothing any more, and where it is gone there is nothing to do.
///
/// # Errors
/// It is no regular file any more, or could not be overwritten or removed.
pub fn wipe(path: &Path) -> Result<(), HostError> {
    match overwrite(path, false).and_then(|()| std::fs::remove_file(path)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(failed("wipe", &path.display().to_string(), error))
        }
        _ => Ok(()),
    }
}

fn overwrite(path: &Path, one_name: bool) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
    let nofollow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let mut file = std::fs::OpenOptions::new().write(true).custom_flags(nofollow).open(path)?;
    let facts = file.metadata()?;
    if !facts.is_file() || (one_name && facts.nlink() != 1) {
        return Err(std::io::Error::other("it is no regular file with one name"));
    }
    std::io::copy(&mut std::io::repeat(0).take(facts.len()), &mut file)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destroyed_file_is_gone_and_a_second_name_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (dir.path().join("one"), dir.path().join("other"));
        std::fs::write(&one, "hunter2").unwrap();
        std::fs::hard_link(&one, &other).unwrap();
        assert!(destroy(&one).is_err());
        assert_eq!(std::fs::read(&one).unwrap(), b"hunter2");
        std::fs::remove_file(&other).unwrap();
        // Somebody who has it open sees what is written over it.
        let mut open = std::fs::File::open(&one).unwrap();
        destroy(&one).unwrap();
        let mut seen = Vec::new();
        open.read_to_end(&mut seen).unwrap();
        assert_eq!((seen, one.exists()), (vec![0; 7], false));
    }

    #[test]
    fn what_was_made_for_a_command_holds_nothing_whatever_became_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (dir.path().join("one"), dir.path().join("other"));
        std::fs::write(&one, "hunter2").unwrap();
        std::fs::hard_link(&one, &other).unwrap();
        wipe(&one).unwrap();
        assert_eq!((std::fs::read(&other).unwrap(), one.exists()), (vec![0; 7], false));
        wipe(&one).unwrap();
        // Nothing is written where a link in its place leads.
        std::fs::write(&other, "mine").unwrap();
        std::os::unix::fs::symlink(&other, &one).unwrap();
        assert!(wipe(&one).is_err());
        assert_eq!(std::fs::read(&other).unwrap(), b"mine");
    }
}
