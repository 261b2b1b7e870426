//! A folder with repositories and a home, for the real binary and the real git.
#![expect(clippy::disallowed_methods, reason = "the real binary is started on real files")]

use crate::cli::program::{Ran, folder, sanctum};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A token that has the form of one and is none, in parts, so that no scanner takes this file for a leak.
pub(crate) fn token(kind: char) -> String {
    format!("AKIA{}{kind}{}", "Q3EG", "TY7MNBVCXZP")
}

/// What no output may hold of [`token`].
pub(crate) const NEEDLE: &str = "TY7MNBVCXZP";

/// A folder of the test's own with a home.
pub(crate) struct Bed(TempDir);

impl Bed {
    pub(crate) fn new() -> Self {
        let bed = Self(folder());
        fs::create_dir(bed.at("home")).expect("a folder");
        bed
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).expect("a file")
    }

    /// A program in that folder of the bed, with nothing in its environment but a home and the system's programs.
    pub(crate) fn command(&self, program: &Path, dir: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.at("home"))
            .env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("GIT_CONFIG_NOSYSTEM", "1").current_dir(self.at(dir));
        command.stdin(std::process::Stdio::null());
        command
    }

    /// Runs `sanctum scan` in that folder.
    pub(crate) fn scan(&self, dir: &str, arguments: &[&str]) -> Ran {
        let output = self.command(sanctum(), dir).arg("scan").args(arguments).output();
        let ran = Ran::of(&output.expect("sanctum starts"));
        assert!(!ran.stdout.contains(NEEDLE) && !ran.stderr.contains(NEEDLE), "{ran:?}");
        ran
    }

    /// Runs git in that folder; its standard error where it fails.
    pub(crate) fn git(&self, dir: &str, arguments: &[&str]) -> Result<String, String> {
        let git = sanctum_tests::tool("git");
        let who = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
        let output = self.command(&git, dir).args(who).args(arguments).output();
        let output = output.expect("git starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// A new repository.
    pub(crate) fn repository(&self, dir: &str) {
        fs::create_dir_all(self.at(dir)).expect("folders");
        self.git(dir, &["init", "-q", "-b", "main"]).expect("a repository");
    }

    pub(crate) fn commit(&self, dir: &str, message: &str) -> Result<String, String> {
        self.git(dir, &["add", "-A"])?;
        self.git(dir, &["commit", "-q", "-m", message])
    }
}
