//! `sanctumd --only vault` and `sanctum vault`, the real binaries on a folder, with the published client in Python where it is there.
#![expect(clippy::disallowed_methods, reason = "real programs on real files")]

mod agent_keys;
#[cfg(target_os = "linux")]
mod approvals;
mod authority;
mod clients;
mod frames;
mod import;
mod kept;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod openers;
mod run;
#[cfg(target_os = "linux")]
mod unlock;
mod uses;
mod wire;

use crate::cli::program::{Ran, folder, sanctum, sanctumd};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

/// Nothing here takes as long, also on a busy machine.
const LONG: Duration = Duration::from_secs(60);
const PASSPHRASE: &str = "a passphrase of the test";

fn command(program: &Path, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", dir).env("TMPDIR", dir).current_dir(dir);
    command.stdin(Stdio::null());
    command
}

/// A vault that is served below a folder; sealed at first. It ends with its test.
pub(crate) struct Served {
    root: PathBuf,
    child: Child,
    more: Vec<String>,
    /// Kept open: who writes into a pipe that nobody reads ends.
    _said: Option<BufReader<ChildStderr>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    pub(crate) fn start(root: PathBuf) -> Self {
        Self::made(root, &["init"], &[])
    }

    pub(crate) fn made(root: PathBuf, init: &[&str], more: &[&str]) -> Self {
        Self::furnish(&root, init);
        let more: Vec<String> = more.iter().map(|word| (*word).to_owned()).collect();
        let child = Self::spawn(&root, &more);
        Self { root, child, more, _said: None }
    }

    /// Served by TCP too, at a port that the system gives.
    pub(crate) fn with_tcp(root: PathBuf) -> (Self, u16) {
        Self::furnish(&root, &["init"]);
        let mut command = command(sanctumd(), &root);
        // Nobody listens there: a vault that went by the environment would reach nothing.
        for name in
            ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        {
            command.env(name, "http://127.0.0.1:1");
        }
        command.args(["--only", "vault", "--listen", "127.0.0.1:0", "--root"]).arg(&root);
        let spawned = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.expect("it starts");
        let mut said = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut port = None;
        let mut line = String::new();
        while port.is_none() {
            line.clear();
            assert!(said.read_line(&mut line).expect("text") > 0, "it does not listen");
            let at = line.trim().split_once("the vault listens at 127.0.0.1:");
            port = at.map(|(_, at)| at.parse().expect("a port"));
        }
        Self::reach(&root);
        (Self { root, child, more: Vec::new(), _said: Some(said) }, port.expect("a port"))
    }

    fn furnish(root: &Path, init: &[&str]) {
        std::fs::create_dir_all(root).expect("a folder");
        Self::passphrase(root);
        verb(root, init, b"").exits(0);
    }

    fn passphrase(root: &Path) {
        let file = root.join("passphrase");
        std::fs::write(&file, format!("{PASSPHRASE}\n")).expect("a file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    }

    fn spawn(root: &Path, more: &[String]) -> Child {
        let mut command = command(sanctumd(), root);
        command.args(["--only", "vault", "--root"]).arg(root).args(more);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        Self::reach(root);
        child
    }

    fn reach(root: &Path) {
        let begun = Instant::now();
        while UnixStream::connect(root.join(".sanctum/vault.sock")).is_err() {
            assert!(begun.elapsed() < LONG, "nobody listens");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Dies by SIGKILL and is there again.
    fn again(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ended");
        self.child = Self::spawn(&self.root, &self.more);
    }

    pub(crate) fn vault(&self, args: &[&str]) -> Ran {
        verb(&self.root, args, b"")
    }

    pub(crate) fn fed(&self, args: &[&str], input: &[u8]) -> Ran {
        verb(&self.root, args, input)
    }
}

fn verb(root: &Path, args: &[&str], input: &[u8]) -> Ran {
    let mut command = command(sanctum(), root);
    command
        .args(["vault", "--root"])
        .arg(root)
        .arg("--passphrase-file")
        .arg(root.join("passphrase"));
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    // One that refuses does not read.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    Ran::of(&child.wait_with_output().expect("it ends"))
}

#[test]
fn what_was_put_is_there_after_a_kill_and_only_for_the_passphrase() {
    let dir = folder();
    let root = dir.path().join("root");
    let mut served = Served::start(root.clone());
    served.vault(&["status"]).exits(3);
    served.vault(&["put", "a/b"]).exits(4);
    served.fed(&["put", "a/b", "--stdin"], b"one").exits(4).says("sanctum vault unseal");
    served.vault(&["unseal"]).exits(0);
    served.vault(&["status"]).exits(0);
    for value in ["one", "two"] {
        served.fed(&["put", "a/b", "--stdin", "--tag", "t"], value.as_bytes()).exits(0);
    }
    served.again();
    served.vault(&["get", "a/b", "--stdout"]).exits(4);
    served.vault(&["unseal"]).exits(0);
    assert_eq!(served.vault(&["get", "a/b", "--stdout"]).exits(0).stdout, "two");
    assert_eq!(served.vault(&["get", "a/b", "--stdout", "--version", "1"]).exits(0).stdout, "one");
    let listed = served.vault(&["list", "--json"]).exits(0).json();
    assert_eq!(listed["vault"]["credentials"][0]["version"], 2);
    std::fs::write(root.join("passphrase"), "another").expect("a file");
    served.vault(&["get", "a/b", "--stdout"]).exits(4).says("AUTH_FAILED");
    // A second one on the same files.
    let mut command = command(sanctumd(), &root);
    let second = command.args(["--only", "vault", "--root"]).arg(&root).output().expect("it ends");
    assert_eq!(second.status.code(), Some(4), "{}", String::from_utf8_lossy(&second.stderr));
    // Nothing of a value is on the disk in clear text, the journal included.
    for entry in walk(&root) {
        let bytes = std::fs::read(&entry).unwrap_or_default();
        let found = ["one", PASSPHRASE]
            .iter()
            .any(|text| bytes.windows(text.len()).any(|window| window == text.as_bytes()));
        let own = entry.ends_with("passphrase");
        assert!(own || !found || !entry.starts_with(root.join(".sanctum")), "{}", entry.display());
    }
}

/// Every event of the journal of that place, as it stands there.
fn journal(root: &Path) -> String {
    let streams = walk(&root.join(".sanctum/state/journal")).into_iter();
    let streams = streams.filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
    streams.map(|path| std::fs::read_to_string(path).expect("a stream")).collect()
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a folder").flatten() {
        if entry.path().is_dir() { all.extend(walk(&entry.path())) } else { all.push(entry.path()) }
    }
    all
}

#[test]
fn a_backup_comes_back_where_its_owner_says_so_and_only_there() {
    let dir = folder();
    let root = dir.path().join("root");
    let served = Served::start(root.clone());
    served.vault(&["unseal"]).exits(0);
    served.fed(&["put", "a/b", "--stdin"], b"one").exits(0);
    let backup = root.join("backup");
    let backup = backup.to_str().expect("UTF-8");
    served.vault(&["backup", backup, "--json"]).exits(0);
    served.vault(&["backup", backup]).exits(4).says("is there already");
    served.fed(&["put", "a/b", "--stdin"], b"two").exits(0);
    served.vault(&["restore", backup, "--replace"]).exits(4).says("sanctum vault seal");
    served.vault(&["seal"]).exits(0);
    // Put back by hand, it is a rollback.
    let log = root.join(".sanctum/vault/vault.log");
    let now = std::fs::read(&log).expect("the vault");
    std::fs::write(&log, std::fs::read(backup).expect("the backup")).expect("written");
    served.vault(&["unseal"]).exits(1).says("put back");
    std::fs::write(&log, now).expect("written");
    served.vault(&["restore", backup]).exits(4).says("--replace");
    std::fs::write(root.join("another"), "another").expect("a file");
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(root.join("another"), mode).expect("a mode");
    let other = root.join("another");
    let other = other.to_str().expect("UTF-8");
    served.vault(&["unseal"]).exits(0);
    assert_eq!(served.vault(&["get", "a/b", "--stdout"]).exits(0).stdout, "two");
    // Another passphrase since: the old backup and its passphrase are not enough.
    served.vault(&["rekey", "--new-passphrase-file", other]).exits(0);
    served.vault(&["seal"]).exits(4).says("AUTH_FAILED");
    std::fs::rename(root.join("passphrase"), root.join("old")).expect("renamed");
    std::fs::copy(other, root.join("passphrase")).expect("copied");
    assert_eq!(served.vault(&["get", "a/b", "--stdout"]).exits(0).stdout, "two");
    served.vault(&["seal"]).exits(0);
    served.vault(&["restore", backup, "--replace"]).exits(4).says("does not open the backup");
    std::fs::rename(root.join("old"), root.join("passphrase")).expect("renamed");
    served.vault(&["restore", backup, "--replace"]).exits(4).says("another passphrase");
    std::fs::remove_file(&log).expect("moved away");
    let restored = served.vault(&["restore", backup, "--json"]).exits(0).json();
    assert_eq!(restored["vault"]["secrets"], 1);
    served.vault(&["unseal"]).exits(0);
    assert_eq!(served.vault(&["get", "a/b", "--stdout"]).exits(0).stdout, "one");
    // The account's journal has it.
    let journal: Vec<u8> = walk(&root.join(".sanctum"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .flat_map(|path| std::fs::read(path).expect("a stream"))
        .collect();
    assert!(String::from_utf8_lossy(&journal).contains("vault.restore"), "{}", walk(&root).len());
}

#[test]
fn a_new_root_key_ends_the_key_file_of_before_and_keeps_what_was_put() {
    let dir = folder();
    let root = dir.path().join("root");
    std::fs::create_dir_all(&root).expect("a folder");
    let key = root.join("vault.key");
    let key = key.to_str().expect("UTF-8");
    let mut served = Served::made(root.clone(), &["init", "--key-file", key], &["--key-file", key]);
    served.vault(&["status"]).exits(0);
    served.fed(&["put", "a/b", "--stdin"], b"one").exits(0);
    served.vault(&["rekey"]).exits(2).says("--without-key-file");
    let fresh = root.join("fresh.key");
    served.vault(&["rekey", "--key-file", fresh.to_str().expect("UTF-8")]).exits(0);
    assert_eq!(served.vault(&["get", "a/b", "--stdout"]).exits(0).stdout, "one");
    std::fs::rename(&fresh, key).expect("renamed");
    served.again();
    assert_eq!(served.vault(&["get", "a/b", "--stdout"]).exits(0).stdout, "one");
    served.vault(&["rekey", "--without-key-file"]).exits(0);
    served.vault(&["lease", "list", "--json"]).exits(0);
    served.vault(&["lease", "revoke"]).exits(2);
    let none = served.vault(&["lease", "revoke", "--agent", "nobody", "--json"]).exits(0).json();
    assert_eq!(none["vault"]["revoked"], 0);
}

#[test]
fn who_only_connects_keeps_nobody_out() {
    let dir = folder();
    let root = dir.path().join("root");
    let served = Served::start(root.clone());
    let socket = root.join(".sanctum/vault.sock");
    // As many as a vault takes, and more.
    let held: Vec<UnixStream> =
        (0..300).map(|_| UnixStream::connect(&socket).expect("it listens")).collect();
    served.vault(&["unseal"]).exits(0);
    served.vault(&["status"]).exits(0);
    drop(held);
}

#[test]
fn another_account_at_the_socket_is_told_nothing() {
    use std::os::unix::process::CommandExt as _;
    if !rustix::process::geteuid().is_root() {
        return sanctum_tests::note_skipped(module_path!(), "only root can become another account");
    }
    /// Any account but root; Debian and macOS both know this number or need not.
    const OTHER: u32 = 65_534;
    let dir = folder();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let (theirs, ours) = (dir.path().join("theirs"), dir.path().join("ours"));
    std::fs::create_dir(&theirs).expect("a folder");
    std::fs::create_dir(&ours).expect("a folder");
    std::fs::set_permissions(&theirs, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    std::os::unix::fs::chown(&theirs, Some(OTHER), Some(OTHER)).expect("given away");
    let socket = theirs.join("vault.sock");
    let listen = "import socket,sys,time\ns=socket.socket(socket.AF_UNIX)\ns.bind(sys.argv[1])\n\
                  s.listen(8)\nprint('there',flush=True)\nsys.stdin.read()\n";
    let mut python = Command::new("python3");
    python.args(["-c", listen]).arg(&socket).uid(OTHER).gid(OTHER).current_dir("/");
    let mut child =
        python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3 starts");
    let mut line = [0; 6];
    std::io::Read::read_exact(child.stdout.as_mut().expect("a pipe"), &mut line).expect("there");
    let status = |socket: &Path| {
        let stream = UnixStream::connect(socket).expect("it listens");
        sanctum_host::journal::socket::trusted(&stream, socket).is_ok()
    };
    // In its own directory it may; where others put it, it may not.
    assert!(status(&socket));
    let moved = ours.join("vault.sock");
    std::fs::rename(&socket, &moved).expect("moved");
    assert!(!status(&moved));
    verb(&ours, &["status", "--socket", moved.to_str().expect("UTF-8")], b"")
        .exits(1)
        .says("cannot reach the vault");
    std::fs::rename(&moved, &socket).expect("moved");
    std::fs::set_permissions(&theirs, std::fs::Permissions::from_mode(0o777)).expect("a mode");
    assert!(!status(&socket));
    child.kill().expect("it runs");
    child.wait().expect("it ended");
}

#[test]
fn a_thousand_writes_and_a_kill_at_any_point_lose_nothing_that_was_acknowledged() {
    use sanctum_vault::client::Client;
    use std::sync::atomic::{AtomicU32, Ordering};
    let dir = folder();
    let root = dir.path().join("root");
    let key = root.join("vault.key");
    let key = key.to_str().expect("UTF-8");
    let mut served = Served::made(root.clone(), &["init", "--key-file", key], &["--key-file", key]);
    let socket = root.join(".sanctum/vault.sock");
    let hex = |text: String| sanctum_vault::hex(text.as_bytes());
    let (mut acknowledged, mut round, mut seed) = (0_u32, 0_u32, 0x9e37_79b9_u32);
    while acknowledged < 1_000 {
        round += 1;
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        // Killed while it writes, after any number of answers.
        let until = acknowledged + 1 + seed % 200;
        let last = AtomicU32::new(acknowledged);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut client = Client::connect(&socket).expect("it is served");
                client.admit("prove", PASSPHRASE).expect("it opens");
                for number in last.load(Ordering::SeqCst) + 1.. {
                    let put =
                        serde_json::json!({ "path": "n/x", "value": hex(number.to_string()) });
                    if client.call("admin.put", put).is_err() {
                        return;
                    }
                    last.store(number, Ordering::SeqCst);
                }
            });
            let begun = Instant::now();
            while last.load(Ordering::SeqCst) < until {
                assert!(begun.elapsed() < LONG, "it does not write");
                std::thread::yield_now();
            }
            served.child.kill().expect("it runs");
            served.child.wait().expect("it ended");
        });
        let told = last.load(Ordering::SeqCst);
        served.child = Served::spawn(&root, &served.more);
        let held: u32 =
            served.vault(&["get", "n/x", "--stdout"]).exits(0).stdout.parse().expect("a number");
        // The one that was on its way may be there.
        assert!(held == told || held == told + 1, "round {round}: {held} after {told}");
        acknowledged = held;
    }
    let listed = served.vault(&["list", "--json"]).exits(0).json();
    assert_eq!(listed["vault"]["credentials"][0]["version"], acknowledged);
}
