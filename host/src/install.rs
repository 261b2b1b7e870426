//! Versions of our own binaries below a root-owned prefix: new ones appear whole, the one before stays.
//!
//! `PREFIX/versions/<name>/` holds the binaries of one version; `PREFIX/bin` is a link to one of them and is
//! replaced by one rename, so that both binaries change at the same moment. `PREFIX/previous` names the one
//! before. The prefix and all above it must be root's where root installs.

#![expect(clippy::disallowed_methods, reason = "this crate is the one home of effects")]

use crate::{Blobs, HostError, trust};
use sanctum_types::AbsPath;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// The link that jobs run from.
const BIN: &str = "bin";
/// The link to the version before.
const PREVIOUS: &str = "previous";
/// Where versions are.
const VERSIONS: &str = "versions";
/// A binary of ours is far smaller.
const LIMIT: u64 = 256 * 1024 * 1024;

/// What came of installing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Where the binaries are now.
    pub bin: PathBuf,
    /// The version's name.
    pub version: String,
    /// The version before, where there is one.
    pub previous: Option<String>,
}

fn io<'p>(verb: &'static str, path: &'p Path) -> impl Fn(std::io::Error) -> HostError + 'p {
    move |source| HostError::Io { verb, path: path.display().to_string(), source }
}

/// Copies the binaries into a version of their own and points `bin` to it.
pub fn install(prefix: &Path, version: &str, binaries: &[PathBuf]) -> Result<Installed, HostError> {
    let mut contents = Vec::new();
    for path in binaries {
        contents.push((path, crate::files::read(path, LIMIT)?));
    }
    let all: Vec<u8> = contents.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
    let version = format!("{version}-{}", Blobs::digest(&all).short());
    trusted(nearest(prefix))?;
    make_dirs(prefix)?;
    trusted(prefix)?;
    let dir = prefix.join(VERSIONS).join(&version);
    make_dirs(&dir)?;
    for (path, bytes) in &contents {
        let name =
            path.file_name().ok_or_else(|| io("name", path)(std::io::Error::other("no name")))?;
        write(&dir.join(name), bytes)?;
    }
    sync_dir(&dir)?;
    let before = current(prefix, BIN)?;
    if before.as_deref() != Some(version.as_str()) {
        if let Some(before) = &before {
            point(prefix, PREVIOUS, before)?;
        }
        point(prefix, BIN, &version)?;
    }
    Ok(Installed { bin: prefix.join(BIN), version, previous: current(prefix, PREVIOUS)? })
}

/// Points `bin` back to the version before, which then is the one to come back from.
pub fn rollback(prefix: &Path) -> Result<Installed, HostError> {
    trusted(prefix)?;
    let (Some(now), Some(before)) = (current(prefix, BIN)?, current(prefix, PREVIOUS)?) else {
        let none = std::io::Error::other("there is no version before this one");
        return Err(io("go back in", prefix)(none));
    };
    let there = prefix.join(VERSIONS).join(&before);
    if !there.is_dir() {
        return Err(io("go back to", &there)(std::io::ErrorKind::NotFound.into()));
    }
    point(prefix, BIN, &before)?;
    point(prefix, PREVIOUS, &now)?;
    Ok(Installed { bin: prefix.join(BIN), version: before, previous: Some(now) })
}

/// Where root installs, only root may be able to write.
fn trusted(prefix: &Path) -> Result<(), HostError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let text = prefix.to_str().and_then(|text| AbsPath::new(text).ok()).ok_or_else(|| {
        HostError::Untrusted {
            path: prefix.display().to_string(),
            why: "it is not an absolute path",
        }
    })?;
    Ok(trust::check_root_owned(&text)?)
}

/// The path itself where something is there, or the first directory above it that is.
fn nearest(path: &Path) -> &Path {
    let there = |path: &&Path| std::fs::symlink_metadata(path).is_ok();
    path.ancestors().find(there).unwrap_or(path)
}

/// Makes a directory and what is missing above it. What is made is open to all to read, whatever the umask:
/// jobs with accounts of their own start what is in there.
fn make_dirs(path: &Path) -> Result<(), HostError> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|path| std::fs::symlink_metadata(path).is_err()).collect();
    for dir in missing.into_iter().rev() {
        std::fs::DirBuilder::new().mode(0o755).create(dir).map_err(io("create", dir))?;
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(dir, open).map_err(io("open", dir))?;
    }
    Ok(())
}

/// The version that a link names; none when there is no link.
fn current(prefix: &Path, link: &str) -> Result<Option<String>, HostError> {
    let path = prefix.join(link);
    match std::fs::read_link(&path) {
        Ok(target) => Ok(target.file_name().map(|name| name.to_string_lossy().into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        // A directory of that name, from another way to install: never replaced silently.
        Err(source) => Err(io("read the link", &path)(source)),
    }
}

/// Replaces a link by one rename.
fn point(prefix: &Path, link: &str, version: &str) -> Result<(), HostError> {
    let fresh = prefix.join(format!(".{link}.sanctum-new"));
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(io("remove", &fresh)(error));
        }
        _ => {}
    }
    symlink(Path::new(VERSIONS).join(version), &fresh).map_err(io("link", &fresh))?;
    let path = prefix.join(link);
    std::fs::rename(&fresh, &path).map_err(io("replace", &path))?;
    sync_dir(prefix)?;
    match current(prefix, link)? {
        Some(now) if now == version => Ok(()),
        _ => Err(HostError::ReadBack { subject: path.display().to_string() }),
    }
}

/// A running binary cannot be written into, so it is replaced by name.
fn write(path: &Path, bytes: &[u8]) -> Result<(), HostError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let fresh = path.with_file_name(format!(".{name}.sanctum-new"));
    let copy = || -> std::io::Result<()> {
        match std::fs::remove_file(&fresh) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(&fresh)?;
        // The mode of open is cut by the umask; a job's account must be able to run it.
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)
    };
    copy().map_err(io("write", path))?;
    if crate::files::read(path, LIMIT)? == bytes {
        return Ok(());
    }
    Err(HostError::ReadBack { subject: path.display().to_string() })
}

fn sync_dir(path: &Path) -> Result<(), HostError> {
    std::fs::File::open(path).and_then(|dir| dir.sync_all()).map_err(io("sync", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A prefix that root trusts: below root's home, unlike the directory for temporary files.
    fn prefix() -> tempfile::TempDir {
        let home = if rustix::process::geteuid().is_root() { "/root" } else { "." };
        tempfile::tempdir_in(home).expect("a directory")
    }

    fn binaries(dir: &Path, text: &str) -> Vec<PathBuf> {
        ["sanctum", "sanctumd"]
            .iter()
            .map(|name| {
                std::fs::write(dir.join(name), format!("{name} {text}")).expect("a file");
                dir.join(name)
            })
            .collect()
    }

    fn runs(prefix: &Path) -> String {
        std::fs::read_to_string(prefix.join("bin/sanctumd")).expect("a binary")
    }

    #[test]
    fn a_new_version_keeps_the_one_before_and_going_back_twice_is_going_nowhere() {
        let (place, from) = (prefix(), tempfile::tempdir().expect("a directory"));
        let prefix = place.path().join("opt");
        let first = install(&prefix, "1", &binaries(from.path(), "old")).expect("installed");
        assert_eq!((runs(&prefix).as_str(), first.previous), ("sanctumd old", None));
        let second = install(&prefix, "2", &binaries(from.path(), "new")).expect("installed");
        assert_eq!(runs(&prefix), "sanctumd new");
        assert_eq!(second.previous.as_deref(), Some(first.version.as_str()));
        rollback(&prefix).expect("back");
        assert_eq!(runs(&prefix), "sanctumd old");
        rollback(&prefix).expect("forth");
        assert_eq!(runs(&prefix), "sanctumd new");
    }

    #[test]
    fn installing_the_same_again_changes_nothing() {
        let (place, from) = (prefix(), tempfile::tempdir().expect("a directory"));
        let once = install(place.path(), "1", &binaries(from.path(), "x")).expect("installed");
        let twice = install(place.path(), "1", &binaries(from.path(), "x")).expect("installed");
        assert_eq!(once, twice);
        assert!(rollback(place.path()).is_err(), "there is no version before");
    }

    #[test]
    fn root_installs_only_where_nobody_else_can_write() {
        let from = tempfile::tempdir().expect("a directory");
        let open = tempfile::tempdir().expect("a directory");
        let result = install(open.path(), "1", &binaries(from.path(), "x"));
        assert_eq!(result.is_err(), rustix::process::geteuid().is_root());
    }

    #[test]
    fn nothing_is_made_below_a_directory_that_others_can_write() {
        let from = tempfile::tempdir().expect("a directory");
        let open = tempfile::tempdir().expect("a directory");
        let prefix = open.path().join("a/b");
        let result = install(&prefix, "1", &binaries(from.path(), "x"));
        if rustix::process::geteuid().is_root() {
            assert!(matches!(result, Err(HostError::Untrusted { .. })), "{result:?}");
            assert!(!open.path().join("a").exists());
        }
    }

    #[test]
    fn a_closed_umask_does_not_close_what_jobs_start() {
        use std::os::unix::fs::PermissionsExt as _;
        const INSIDE: &str = "SANCTUM_TEST_UMASK";
        const NAME: &str = "install::tests::a_closed_umask_does_not_close_what_jobs_start";
        if std::env::var_os(INSIDE).is_none() {
            // The umask is the process's: a child of its own has it, and no other test beside it.
            let exe = std::env::current_exe().expect("this test");
            let words = format!("umask 077; exec '{}' --exact {NAME}", exe.display());
            let mut child = std::process::Command::new("/bin/sh");
            let output = child.args(["-c", &words]).env(INSIDE, "1").output().expect("a child");
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && text.contains("1 passed"), "{text}");
            return;
        }
        let (place, from) = (prefix(), tempfile::tempdir().expect("a directory"));
        let prefix = place.path().join("opt/sanctum");
        let done = install(&prefix, "1", &binaries(from.path(), "x")).expect("installed");
        let version = prefix.join(VERSIONS).join(&done.version);
        for path in [&place.path().join("opt"), &prefix, &prefix.join(VERSIONS), &version] {
            let mode = std::fs::metadata(path).expect("facts").permissions().mode();
            assert_eq!(mode & 0o777, 0o755, "{path:?}");
        }
        let mode = std::fs::metadata(version.join("sanctumd")).expect("facts").permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
    }
}
