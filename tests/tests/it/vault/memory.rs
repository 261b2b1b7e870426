//! The memory of the service: locked where the system allows it without a limit, never dumped, and what it says of both is so.
#![expect(clippy::disallowed_methods, reason = "real programs on real files")]

use super::{LONG, PASSPHRASE, Served, command};
use crate::cli::program::{Ran, copy_program, folder, sanctum, sanctumd};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Any account but root.
const NOBODY: u32 = 65_534;
/// `CAP_IPC_LOCK` of capabilities(7).
const IPC_LOCK: u64 = 1 << 14;

/// A word of `/proc/PID/status`, or of our own.
fn told(pid: &str, name: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()).expect(name).to_owned()
}

fn kib(pid: &str, name: &str) -> u64 {
    told(pid, name).parse().expect("a number")
}

fn no_core(pid: &str) -> bool {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("it runs");
    let line = limits.lines().find_map(|line| line.strip_prefix("Max core file size"));
    line.expect("a limit").split_whitespace().next() == Some("0")
}

#[test]
fn memory_is_locked_where_nothing_limits_it_and_stays_small() {
    let map = std::fs::read_to_string("/proc/self/uid_map").expect("a map");
    let whole = map.split_whitespace().eq(["0", "0", "4294967295"]);
    let caps = u64::from_str_radix(&told("self", "CapEff"), 16).expect("a number");
    if !whole || caps & IPC_LOCK == 0 {
        return sanctum_tests::note_skipped(module_path!(), "CAP_IPC_LOCK is not there");
    }
    let dir = folder();
    let served = Served::made(dir.path().join("root"), &["init"], &["--require-locked-memory"]);
    let pid = served.child.id().to_string();
    let is_locked = || kib(&pid, "VmLck") >= kib(&pid, "VmRSS");
    assert!(is_locked() && no_core(&pid));
    served.vault(&["unseal"]).exits(0);
    served.fed(&["put", "a/b", "--stdin"], b"one").exits(0);
    let before = kib(&pid, "VmRSS");
    // A stack of 512 KiB for each of these, of which next to nothing is touched.
    let socket = served.root.join(".sanctum/vault.sock");
    let held: Vec<UnixStream> =
        (0..100).map(|_| UnixStream::connect(&socket).expect("it listens")).collect();
    let begun = Instant::now();
    let threads = || std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").count();
    while threads() < 100 {
        assert!(begun.elapsed() < LONG, "it does not serve them");
        std::thread::sleep(Duration::from_millis(10));
    }
    let there = kib(&pid, "VmRSS");
    assert!(there < before + 100 * 512 / 2, "{before} and then {there} KiB: stacks were filled");
    let status = served.vault(&["status", "--json"]).exits(0).json();
    assert_eq!(status["vault"]["memory_locked"], true);
    // What was mapped since is locked too.
    assert!(is_locked());
    drop(held);
    let said = served.vault(&["status"]).exits(0);
    assert!(!said.stdout.contains("not locked"), "{}", said.stdout);
}

/// Copies of our programs that another account may start, and a folder of its own.
struct Limited {
    root: PathBuf,
    programs: PathBuf,
    _dir: tempfile::TempDir,
}

impl Limited {
    fn new() -> Self {
        let dir = folder();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(dir.path(), mode).expect("a mode");
        let (root, programs) = (dir.path().join("root"), dir.path().join("bin"));
        for path in [&root, &programs] {
            std::fs::create_dir(path).expect("a folder");
        }
        std::fs::set_permissions(&programs, std::fs::Permissions::from_mode(0o755))
            .expect("a mode");
        for program in [sanctum(), sanctumd()] {
            copy_program(program, &programs.join(program.file_name().expect("a name")));
        }
        let word = root.join("passphrase");
        std::fs::write(&word, format!("{PASSPHRASE}\n")).expect("a file");
        std::fs::set_permissions(&word, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        for path in [&root, &word] {
            chown(path, Some(NOBODY), Some(NOBODY)).expect("the test is root");
        }
        Self { root, programs, _dir: dir }
    }

    /// As that account, with so many KiB that it may lock.
    fn command(&self, name: &str, limit: &str, args: &[&str]) -> Command {
        let setpriv = sanctum_tests::tool("setpriv");
        let mut command = command(Path::new("/bin/sh"), &self.root);
        let script = format!("ulimit -l {limit} && exec \"$@\"");
        command.args(["-c", &script, "sh"]).arg(setpriv);
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]);
        command.arg(self.programs.join(name)).args(args);
        command
    }

    fn vault(&self, args: &[&str]) -> Ran {
        let root = self.root.to_str().expect("UTF-8");
        let word = self.root.join("passphrase");
        let head = ["vault", "--root", root, "--passphrase-file", word.to_str().expect("UTF-8")];
        let mut command = self.command("sanctum", "64", &[&head[..], args].concat());
        Ran::of(&command.output().expect("it ends"))
    }

    /// Served, with what it says in a file.
    fn serve(&self, limit: &str, more: &[&str]) -> (Child, PathBuf) {
        let root = self.root.to_str().expect("UTF-8");
        let args = [&["--only", "vault", "--root", root][..], more].concat();
        let said = self.root.join("said");
        let file = std::fs::File::create(&said).expect("a file");
        let mut command = self.command("sanctumd", limit, &args);
        let child = command.stdout(Stdio::null()).stderr(file).spawn().expect("it starts");
        (child, said)
    }

    fn reached(&self) {
        let begun = Instant::now();
        while UnixStream::connect(self.root.join(".sanctum/vault.sock")).is_err() {
            assert!(begun.elapsed() < LONG, "nobody listens");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn under_a_limit_nothing_is_locked_and_it_says_so_or_does_not_serve() {
    if !rustix::process::geteuid().is_root() {
        return sanctum_tests::note_skipped(module_path!(), "only root can become another account");
    }
    let limited = Limited::new();
    limited.vault(&["init"]).exits(0);
    let (mut refused, said) = limited.serve("8192", &["--require-locked-memory"]);
    assert_eq!(refused.wait().expect("it ends").code(), Some(4));
    let told_limit = std::fs::read_to_string(&said).expect("text");
    assert!(told_limit.contains("at most 8192 KiB"), "{told_limit}");
    assert!(told_limit.contains("LimitMEMLOCK=infinity"), "{told_limit}");

    let (child, said) = limited.serve("8192", &[]);
    let child = super::uses::Running(child);
    limited.reached();
    let pid = child.0.id().to_string();
    let words = std::fs::read_to_string(&said).expect("text");
    assert_eq!(words.matches("memory is not locked: at most 8192 KiB").count(), 1, "{words}");
    // A lock of a part would be one that memory grows out of.
    assert_eq!((kib(&pid, "VmLck"), no_core(&pid)), (0, true));
    // Nobody but root looks into it (PR_SET_DUMPABLE, proc(5)), also not the account that it runs as.
    let environ = std::fs::metadata(format!("/proc/{pid}/environ")).expect("it runs");
    assert_eq!(environ.uid(), 0);
    limited.vault(&["unseal"]).exits(0);
    let status = limited.vault(&["status", "--json"]).exits(0).json();
    assert_eq!(status["vault"]["memory_locked"], false);
    let said = limited.vault(&["status"]).exits(0);
    assert!(said.stdout.contains("not locked"), "{}", said.stdout);
    drop(child);
    let journal = super::journal(&limited.root);
    assert_eq!(journal.matches("\"vault.memory\"").count(), 2, "{journal}");

    let lifted = Command::new("/bin/sh").args(["-c", "ulimit -l unlimited"]).status();
    if !lifted.expect("it ends").success() {
        let why = "the limit cannot be lifted without CAP_SYS_RESOURCE";
        return sanctum_tests::note_skipped(module_path!(), why);
    }
    // Without a limit the same account locks.
    let (child, _) = limited.serve("unlimited", &["--require-locked-memory"]);
    let child = super::uses::Running(child);
    limited.reached();
    let pid = child.0.id().to_string();
    assert!(kib(&pid, "VmLck") >= kib(&pid, "VmRSS"));
    let status = limited.vault(&["status", "--json"]).exits(3).json();
    assert_eq!(status["vault"]["memory_locked"], true);
}
