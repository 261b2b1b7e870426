//! A private key file and its passphrase: what only its owner may read, and what is typed without being shown.
//!
//! The passphrase is asked for on the terminal that the process really has, never read from standard input, so that
//! a pipe cannot give one. It is wiped when it is dropped.

#![expect(clippy::disallowed_methods, reason = "this crate is the one home of effects")]

use crate::HostError;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use zeroize::Zeroizing;

/// The longest passphrase that is read.
const LONGEST: u64 = 1024;
/// Reading, writing and searching by group and others.
const OTHERS: u32 = 0o077;

/// Reads a private key file; one that others can read is refused, as ssh refuses it.
pub fn read_key(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, HostError> {
    let failed = |source| HostError::Io { verb: "read", path: path.display().to_string(), source };
    let facts = std::fs::metadata(path).map_err(failed)?;
    if facts.mode() & OTHERS != 0 {
        let why = "others can read it, so it is no secret: chmod 600";
        return Err(HostError::Untrusted { path: path.display().to_string(), why });
    }
    crate::files::read(path, limit).map(Zeroizing::new)
}

/// Asks on the terminal without showing what is typed; none where there is no terminal.
pub fn ask(question: &str) -> Result<Option<Zeroizing<String>>, HostError> {
    let failed = |source| HostError::Io { verb: "ask on", path: "/dev/tty".to_owned(), source };
    let Ok(tty) = OpenOptions::new().read(true).write(true).open("/dev/tty") else {
        return Ok(None);
    };
    let shown = tcgetattr(&tty).map_err(|error| failed(error.into()))?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    // Before the question: what is typed at once would be shown, or thrown away with what was typed before.
    let quiet = Quiet::new(&tty, &hidden, shown).map_err(failed)?;
    write!(&tty, "{question} ").and_then(|()| (&tty).flush()).map_err(failed)?;
    let mut typed = Zeroizing::new(String::new());
    let mut reader = BufReader::new(std::io::Read::take(&tty, LONGEST));
    let read = reader.read_line(&mut typed).map_err(failed);
    drop(quiet);
    writeln!(&tty).map_err(failed)?;
    read?;
    let end = typed.trim_end_matches(['\r', '\n']).len();
    typed.truncate(end);
    Ok(Some(typed))
}

/// The terminal as it was, brought back however the asking ends.
struct Quiet<'a> {
    tty: &'a File,
    was: Termios,
}

impl<'a> Quiet<'a> {
    fn new(tty: &'a File, hidden: &Termios, was: Termios) -> std::io::Result<Self> {
        tcsetattr(tty, OptionalActions::Flush, hidden)?;
        Ok(Self { tty, was })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // Nothing more can be done about a terminal that is gone.
        let _ = tcsetattr(self.tty, OptionalActions::Now, &self.was);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "k").unwrap();
        for (mode, reads) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read_key(&path, 10).is_ok(), reads, "{mode:o}");
        }
    }
}
