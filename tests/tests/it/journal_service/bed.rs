//! A running `sanctumd --only journal` on a folder of its own, and the words of its wire.

use crate::cli::program::{Ran, folder, sanctum, sanctumd};
use rustix::process::{Pid, Signal, kill_process};
use sanctum_host::journal::socket::JournalClient;
use sanctum_host::journal::socket::wire;
use sanctum_types::{Action, Actor, AuditEvent, Outcome, Phase, Severity};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Nothing here takes as long.
pub(super) const LONG: Duration = Duration::from_secs(30);

pub(super) struct Bed {
    pub(super) dir: TempDir,
    child: Served,
}

/// A process that ends with its test.
struct Served(Child);

pub(super) fn command(program: &Path, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", dir).env("TMPDIR", dir).current_dir(dir);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The service on a folder, with those arguments.
pub(super) fn service(dir: &Path, more: &[&str]) -> Command {
    std::fs::create_dir_all(dir.join("root")).expect("a folder");
    let mut command = command(sanctumd(), dir);
    command.args(["--only", "journal", "--root"]).arg(dir.join("root")).args(more);
    command
}

impl Bed {
    pub(super) fn new() -> Self {
        Self::with(folder(), &[])
    }

    pub(super) fn with(dir: TempDir, more: &[&str]) -> Self {
        let child = service(dir.path(), more).spawn().expect("it starts");
        let this = Self { dir, child: Served(child) };
        this.up();
        this
    }

    fn up(&self) {
        let begun = Instant::now();
        while UnixStream::connect(self.socket()).is_err() {
            assert!(begun.elapsed() < LONG, "nobody listens");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts it again after its end.
    pub(super) fn again(self) -> Self {
        let (dir, mut child) = (self.dir, self.child);
        child.0.wait().expect("it ended");
        Self::with(dir, &[])
    }

    pub(super) fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.root().join("run/sanctum/journal.sock")
    }

    pub(super) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.0.id()).expect("a process id");
        kill_process(Pid::from_raw(pid).expect("not 0"), signal).expect("a process of this test");
    }

    pub(super) fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.0.try_wait().expect("a child") {
                return status;
            }
            assert!(begun.elapsed() < LONG, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it as a service manager does.
    pub(super) fn drained(mut self) -> TempDir {
        self.signal(Signal::TERM);
        assert_eq!(self.ended().code(), Some(0));
        self.dir
    }

    pub(super) fn client(&self) -> JournalClient {
        JournalClient::new(self.socket(), LONG)
    }

    pub(super) fn line(&self) -> Line {
        let stream = UnixStream::connect(self.socket()).expect("somebody listens");
        stream.set_read_timeout(Some(LONG)).expect("a timeout");
        Line(stream)
    }

    pub(super) fn health(&self) -> Ran {
        let mut command = command(sanctumd(), self.dir.path());
        command.args(["--health", "journal", "--json", "--root"]).arg(self.root());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Ran::of(&command.output().expect("it starts"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // In a failed test it may still run.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A connection that says what the test wants.
pub(super) struct Line(pub(super) UnixStream);

impl Line {
    pub(super) fn say(&mut self, value: &Value) {
        let frame = wire::encode(value.to_string().as_bytes()).expect("a frame");
        self.raw(&frame);
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("it listens");
    }

    /// The next answer; none when the connection is closed.
    pub(super) fn hear(&mut self) -> Option<Value> {
        let mut header = [0; 4];
        self.0.read_exact(&mut header).ok()?;
        let mut bytes = vec![0; u32::from_be_bytes(header) as usize];
        self.0.read_exact(&mut bytes).expect("a whole frame");
        Some(serde_json::from_slice(&bytes).expect("JSON"))
    }

    pub(super) fn ask(&mut self, value: &Value) -> Value {
        self.say(value);
        self.hear().expect("an answer")
    }
}

/// A request to record something.
pub(super) fn append(subject: &str) -> Value {
    json!({ "append": {
        "action": "load.write", "subject": subject, "phase": "single", "outcome": "ok", "severity": "info",
    } })
}

pub(super) fn event(actor: &str, subject: &str) -> AuditEvent {
    AuditEvent {
        actor: Actor::new(actor).expect("a word"),
        action: Action::new("load.write").expect("a word"),
        subject: subject.to_owned(),
        phase: Phase::Single,
        outcome: Outcome::Ok,
        severity: Severity::Info,
        details: [].into(),
    }
}

/// What `sanctum audit` says of a folder.
pub(super) fn audit(dir: &Path, words: &[&str]) -> Ran {
    let mut command = command(sanctum(), dir);
    command.arg("audit").args(words).args(["--json", "--root"]).arg(dir.join("root"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    Ran::of(&command.output().expect("it starts"))
}

/// The entries of a folder's journal, which holds.
pub(super) fn entries(dir: &Path) -> Vec<Value> {
    audit(dir, &["verify"]).exits(0);
    audit(dir, &[]).exits(0).json()["entries"].as_array().expect("a list").clone()
}
