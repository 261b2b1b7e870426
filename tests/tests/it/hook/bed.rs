//! A folder with a home and a project, and the real binary run by an account that may do nothing special.
#![expect(clippy::disallowed_methods, reason = "the real binary is started on real files")]

use crate::cli::program::{Ran, copy_program, folder, sanctum};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Debian's `nobody`.
const NOBODY: u32 = 65534;

/// A token that has the form of one and is none, in parts, so that no scanner takes this file for a leak.
pub(crate) fn token() -> String {
    format!("AKIA{}{}", "Q3EG", "ATY7MNBVCXZP")
}

/// What no output may hold of [`token`].
pub(crate) const NEEDLE: &str = "TY7MNBVCXZP";

/// The folder.
pub(crate) struct Bed(TempDir);

impl Bed {
    pub(crate) fn new() -> Self {
        let bed = Self(folder());
        fs::set_permissions(bed.0.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
        bed.dir("home");
        bed.dir("home/project");
        bed.dir("home/project/.git");
        copy_program(sanctum(), &bed.at("sanctum"));
        bed
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn shown(&self, name: &str) -> String {
        self.at(name).to_str().expect("a path in UTF-8").to_owned()
    }

    pub(crate) fn dir(&self, name: &str) {
        fs::create_dir(self.at(name)).expect("a folder");
        self.give(name);
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).expect("a file");
        self.give(name);
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).expect("a file")
    }

    /// A file and the folders above it.
    pub(crate) fn tree(&self, name: &str, text: &str) {
        let mut dir = String::new();
        for part in name.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev() {
            dir.push_str(part);
            if !self.is_there(&dir) {
                self.dir(&dir);
            }
            dir.push('/');
        }
        self.write(name, text);
    }

    /// Permission bits.
    pub(crate) fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.at(name)).expect("it is there").permissions().mode() & 0o7777
    }

    /// Sets them.
    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.at(name), fs::Permissions::from_mode(mode)).expect("our own file");
    }

    pub(crate) fn is_there(&self, name: &str) -> bool {
        self.at(name).exists()
    }

    fn give(&self, name: &str) {
        if root() {
            chown(self.at(name), Some(NOBODY), Some(NOBODY)).expect("the test is root");
        }
    }

    /// The binary with nothing in its environment but a home, in the project.
    pub(crate) fn command(&self) -> Command {
        self.started(self.at("sanctum"))
    }

    /// Another program of ours, copied here, in the same way.
    pub(crate) fn program(&self, from: &std::path::Path, name: &str) -> Command {
        copy_program(from, &self.at(name));
        self.started(self.at(name))
    }

    fn started(&self, program: PathBuf) -> Command {
        let mut command = if root() {
            let mut command = Command::new(sanctum_tests::tool("setpriv"));
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.env_clear().env("HOME", self.at("home")).current_dir(self.at("home/project"));
        command
    }

    /// A run with this on its standard input.
    pub(crate) fn run(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("sanctum starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // Who is told a wrong option reads no input.
        let _ = stdin.write_all(input);
        drop(stdin);
        let ran = Ran::of(&child.wait_with_output().expect("it ends"));
        assert!(!ran.stdout.contains(NEEDLE) && !ran.stderr.contains(NEEDLE), "{ran:?}");
        ran
    }

    /// Everybody may run it.
    pub(crate) fn executable(&self, name: &str) {
        fs::set_permissions(self.at(name), fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    /// A run with these variables besides the home.
    pub(crate) fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = self.command();
        command.args(arguments).envs(variables.iter().copied()).stdin(Stdio::null());
        Ran::of(&command.output().expect("sanctum starts"))
    }

    /// `sanctum hook` with these words and this input.
    pub(crate) fn hook(&self, words: &[&str], input: &Value) -> Ran {
        let words: Vec<&str> = ["hook"].iter().chain(words).copied().collect();
        self.run(&words, input.to_string().as_bytes())
    }
}

fn root() -> bool {
    rustix::process::geteuid().is_root()
}
