//! The real binary and a house for it to work on: a folder with an instance file, a home and a root.
//!
//! The binary is the one that cargo builds from this checkout, never one from PATH. Each run gets an empty
//! environment but `HOME` and `TMPDIR`, and the folder as working directory.
#![expect(clippy::disallowed_methods, reason = "the real binary is started on real files")]

use super::tree::{self, Tree};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// The smallest house that the project ships.
pub(crate) const SMALL: &str = include_str!("../../../../examples/minimal/instance.yaml");
/// The full house that the project ships.
pub(crate) const MANOR: &str = include_str!("../../../../examples/manor/instance.yaml");

/// Path of the `sanctum` of this checkout; the first caller builds it.
pub(crate) fn sanctum() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built("sanctum"))
}

/// Path of the `sanctumd` of this checkout; the first caller builds it.
pub(crate) fn sanctumd() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built("sanctumd"))
}

/// Copies a program to where everybody may start it. A child copies: a descriptor of ours that writes the file could live
/// on in the fork of another test, and what is open for writing cannot be started (ETXTBSY).
pub(crate) fn copy_program(from: &Path, to: &Path) {
    let install = sanctum_tests::tool("install");
    let copied = Command::new(install).args(["-m", "755"]).arg(from).arg(to).status();
    assert!(copied.expect("install starts").success(), "a copy of {}", from.display());
}

fn built(name: &str) -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--package", "sanctum-cli", "--bin", name])
        .args(["--message-format", "json"])
        .current_dir(checkout())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{name} does not build");
    let messages = String::from_utf8(output.stdout).expect("cargo speaks UTF-8");
    let path = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    path.expect("cargo names the binary")
}

/// The root of the checkout.
pub(crate) fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is a folder of the root")
}

/// A folder of this test's own, in memory where that is possible: a test that applies a thousand times would
/// otherwise wait for a disk most of the time.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a temporary folder")
}

/// What a run of the binary came to.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout.clone()).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr.clone()).expect("stderr is UTF-8"),
        }
    }

    /// The report, under `--json`.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The same run, if it ended with that exit code.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The same run, if its standard error has that text.
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no {text:?} in {}", self.stderr);
        self
    }
}

/// Verbs that read receipts, and take no instance and no node.
const OF_RECEIPTS: [&str; 5] = ["confirm", "rollback", "recover", "uninstall", "history"];

/// A house on disk. Everything of it is gone when it is dropped.
pub(crate) struct House {
    dir: TempDir,
    node: Option<&'static str>,
}

impl House {
    /// The root stands for the hub.
    pub(crate) fn new(instance: &str) -> Self {
        Self::of(instance, None)
    }

    /// The root stands for that node.
    pub(crate) fn of(instance: &str, node: Option<&'static str>) -> Self {
        let house = Self { dir: folder(), node };
        for part in ["home", "tmp", "root"] {
            fs::create_dir(house.at(part)).expect("a folder");
        }
        house.instance(instance);
        house
    }

    /// A path in the house's folder.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes the instance file.
    pub(crate) fn instance(&self, text: &str) {
        fs::write(self.at("house.yaml"), text).expect("the instance file is written");
    }

    /// Writes a file below the root, with the folders above it.
    pub(crate) fn put(&self, name: &str, text: &str, mode: u32) {
        let path = self.at("root").join(name);
        fs::create_dir_all(path.parent().expect("a file has a parent")).expect("folders");
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
    }

    /// What is below the root, without the store.
    pub(crate) fn tree(&self) -> Tree {
        Tree::of(&self.at("root"))
    }

    /// The house's arguments after those of the verb.
    pub(crate) fn arguments(&self, verb: &[&str]) -> Vec<String> {
        let path = |name: &str| self.at(name).to_str().expect("a path in UTF-8").to_owned();
        let option = |name: &str, value: String| [name.to_owned(), value];
        let words = verb.iter().map(|word| (*word).to_owned());
        let all = words.chain(option("--root", path("root")));
        if verb.first().is_some_and(|verb| OF_RECEIPTS.contains(verb)) {
            return all.collect();
        }
        let node = self.node.iter().flat_map(|node| option("--node", (*node).to_owned()));
        all.chain(option("--instance", path("house.yaml"))).chain(node).collect()
    }

    /// A program in the house's surroundings.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.at("home")).env("TMPDIR", self.at("tmp"));
        command.current_dir(self.dir.path()).stdin(Stdio::null());
        command
    }

    /// Runs a verb below the root.
    pub(crate) fn run(&self, verb: &[&str]) -> Ran {
        self.bare(&self.arguments(verb))
    }

    /// Runs the binary with just these arguments.
    pub(crate) fn bare<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Ran {
        let output = self.command(sanctum()).args(arguments).output().expect("sanctum starts");
        Ran::of(&output)
    }

    /// Applies, and the second plan is empty.
    pub(crate) fn applied(instance: &str) -> Self {
        let house = Self::new(instance);
        house.run(&["apply", "--yes"]).exits(0);
        house.run(&["plan"]).exits(0);
        house
    }

    /// A house of its own that looks the same.
    pub(crate) fn twin(&self) -> Self {
        let twin = Self::of("", self.node);
        fs::copy(self.at("house.yaml"), twin.at("house.yaml")).expect("a copy");
        fs::remove_dir(twin.at("root")).expect("it is empty");
        tree::copy(&self.at("root"), &twin.at("root"));
        twin
    }

    /// Identifier and status of each receipt, oldest first.
    pub(crate) fn receipts(&self) -> Vec<(String, String)> {
        let history = self.run(&["history", "--json"]).exits(0).json();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let receipts = history["receipts"].as_array().expect("a list");
        receipts.iter().map(|receipt| (text(&receipt["id"]), text(&receipt["status"]))).collect()
    }
}
