//! A folder with an age identity, and the real sops in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Two identities, `keys.txt` and `other.txt`, and their recipients.
pub(super) struct Bed {
    pub(super) dir: tempfile::TempDir,
    pub(super) sops: PathBuf,
    pub(super) recipient: String,
    pub(super) other: String,
}

#[expect(
    clippy::disallowed_methods,
    reason = "children and fixtures of the test, not of the product"
)]
impl Bed {
    pub(super) fn new(sops: PathBuf, keygen: &Path) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let make = |name: &str| {
            let path = dir.path().join(name);
            let made =
                Command::new(keygen).arg("-o").arg(&path).output().expect("age-keygen starts");
            assert!(made.status.success());
            let shown =
                Command::new(keygen).arg("-y").arg(&path).output().expect("age-keygen starts");
            String::from_utf8(shown.stdout).expect("UTF-8").trim().to_owned()
        };
        let (recipient, other) = (make("keys.txt"), make("other.txt"));
        Self { dir, sops, recipient, other }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("the test's folder is writable");
        path
    }

    pub(super) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("the file is there")
    }

    pub(super) fn identities(&self) -> String {
        String::from_utf8(self.read("keys.txt")).expect("UTF-8")
    }

    /// A program in the folder, with the identity and nothing else in its environment.
    pub(super) fn run(&self, program: &Path, arguments: &[&str]) -> Output {
        self.command(program, arguments).output().expect("the program starts")
    }

    pub(super) fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.dir.path())
            .env("SOPS_AGE_KEY_FILE", self.path("keys.txt"))
            .env("SOPS_DISABLE_VERSION_CHECK", "1")
            .current_dir(self.dir.path())
            .args(arguments);
        command
    }

    /// The standard output of the real sops, which must not fail.
    pub(super) fn sops(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.run(&self.sops, arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "sops {arguments:?}: {stderr}");
        output.stdout
    }
}

/// The files of a folder in a new one.
#[expect(clippy::disallowed_methods, reason = "fixtures of the test")]
pub(super) fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().expect("a temporary folder");
    for entry in std::fs::read_dir(from).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        std::fs::copy(&path, to.path().join(name)).expect("copied");
    }
    to
}
