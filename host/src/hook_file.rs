//! Programs that another program starts by their names in a folder, such as git's hooks: put there, set aside, put back.
//!
//! Nothing is ever replaced: a name that is taken is an error. Deliberately absent: which programs.

#![expect(clippy::disallowed_methods, reason = "this crate is the one home of effects")]

use crate::HostError;
use crate::files::settle;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::path::Path;

fn failed(verb: &'static str, path: &Path, source: std::io::Error) -> HostError {
    HostError::Io { verb, path: path.display().to_string(), source }
}

/// Makes a program that everybody may run, and the folder where it is missing.
///
/// # Errors
/// Something has its name, or it cannot be written; then there is nothing.
pub fn place(path: &Path, bytes: &[u8]) -> Result<(), HostError> {
    let write = || -> std::io::Result<()> {
        if let Some(dir) = path.parent() {
            std::fs::DirBuilder::new().recursive(true).create(dir)?;
        }
        let take = |fresh: &Path, path: &Path| {
            Ok(renameat_with(CWD, fresh, CWD, path, RenameFlags::NOREPLACE)?)
        };
        settle(path, 0o755, bytes, |_| Ok(()), take)
    };
    write().map_err(|source| failed("write", path, source))
}

/// Gives a file, or a link, another name in its folder.
///
/// # Errors
/// The name is taken, or the system refuses.
pub fn rename(from: &Path, to: &Path) -> Result<(), HostError> {
    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)
        .map_err(|errno| failed("rename", from, errno.into()))
}

/// Takes a file away.
///
/// # Errors
/// The system refuses.
pub fn remove(path: &Path) -> Result<(), HostError> {
    std::fs::remove_file(path).map_err(|source| failed("remove", path, source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn nothing_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("hooks/one"), dir.path().join("hooks/two"));
        place(&one, b"1").unwrap();
        assert!(place(&one, b"2").is_err());
        assert_eq!(std::fs::read(&one).unwrap(), b"1");
        assert_eq!(std::fs::metadata(&one).unwrap().permissions().mode() & 0o100, 0o100);
        place(&two, b"2").unwrap();
        assert!(rename(&one, &two).is_err());
        remove(&two).unwrap();
        rename(&one, &two).unwrap();
        assert_eq!(std::fs::read_dir(dir.path().join("hooks")).unwrap().count(), 1);
    }
}
