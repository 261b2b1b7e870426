//! Kills a run before each of its writes, renames, syncs and removals: what is there afterwards is whole, and a
//! second run ends where an undisturbed one does.

#![expect(clippy::disallowed_methods, reason = "the run is started and killed from outside")]

use sanctum_host::{Blobs, DirState, FileState, Host, Observed, Op, RootHost, Scope, Store, Unit};
use sanctum_types::{AbsPath, AccountName, Digest, Mode, Owner};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const DIR: &str = "SANCTUM_TEST_CRASH_DIR";
/// Every call after which the disk may look different. Opening is not among them: an empty new file looks like
/// one before its first write.
const BOUNDARIES: [&str; 10] = [
    "write",
    "fsync",
    "fdatasync",
    "renameat",
    "renameat2",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "ftruncate",
    "fchmod",
];
const HEADER: &[u8] = b"{\"format\":1}";
const LINES: [&str; 3] = ["{\"step\":1}", "{\"step\":2}", "{\"step\":3}"];
const OLD: &[u8] = b"old bytes\n";
const NEW: &[u8] = b"new bytes that are longer\n";

fn path(text: &str) -> AbsPath {
    AbsPath::new(text).unwrap()
}

fn root() -> Owner {
    Owner::new("root", "wheel")
}

fn ops(blobs: &mut Blobs) -> Vec<Op> {
    let file =
        |blob: Digest| FileState { blob, mode: Mode::PUBLIC, owner: Owner::new("neo", "staff") };
    let state = DirState { mode: Mode::OPEN_DIR, owner: root() };
    vec![
        Op::Account { name: AccountName::new("_sanctum_a").unwrap() },
        Op::Dir { path: path("/etc"), state: state.clone() },
        Op::Dir { path: path("/etc/gone"), state },
        Op::File { path: path("/etc/a"), state: file(blobs.add(OLD)) },
        Op::Loaded { unit: Unit::Sshd, from: path("/etc/a") },
        Op::File { path: path("/etc/a"), state: file(blobs.add(NEW)) },
        Op::Absent { path: path("/etc/gone") },
    ]
}

fn observe(dir: &Path) -> Observed {
    let scope = Scope {
        paths: ["/etc", "/etc/gone", "/etc/a"].map(path).into(),
        units: [Unit::Sshd].into(),
        accounts: [AccountName::new("_sanctum_a").unwrap()].into(),
    };
    RootHost::open(dir, root()).unwrap().observe(&scope, &mut Blobs::default()).unwrap()
}

/// What a run does: blobs first, then a receipt that is opened where it already exists, then the operations.
fn run(dir: &Path) {
    let mut host = RootHost::open(dir, root()).unwrap();
    let store = host.store().unwrap();
    let _lock = store.lock(Duration::ZERO).unwrap();
    let mut blobs = Blobs::default();
    let ops = ops(&mut blobs);
    store.put_blobs(&blobs).unwrap();
    store.mac(b"plan").unwrap();
    let mut log = match store.receipts().unwrap().contains(&"r1".to_owned()) {
        true => store.open_receipt("r1").unwrap(),
        false => store.create_receipt("r1", HEADER).unwrap(),
    };
    for line in LINES.iter().skip(store.read_receipt("r1").unwrap().1.len()) {
        log.append(line).unwrap();
    }
    for op in &ops {
        host.ensure(op, &blobs).unwrap();
    }
    store.write_file("approved.yaml", NEW).unwrap();
}

/// Everything that exists must be whole, before anything is mended.
fn check(dir: &Path) {
    let seen = observe(dir);
    for file in seen.files.values() {
        assert!([OLD, NEW].map(Blobs::digest).contains(&file.blob), "a torn file");
    }
    let place = dir.join(".sanctum");
    let Ok(store) = Store::open_existing(&place) else {
        assert!(!place.exists(), "a store that cannot be opened");
        return;
    };
    let names = std::fs::read_dir(place.join("blobs")).into_iter().flatten().flatten();
    for name in names.filter_map(|entry| entry.file_name().into_string().ok()) {
        if let Some(digest) = Digest::parse(&name) {
            store.get_blob(&digest).unwrap();
        }
    }
    if place.join("receipts").exists() {
        for id in store.receipts().unwrap() {
            let (header, lines) = store.read_receipt(&id).unwrap();
            assert!(
                header == HEADER
                    && LINES.starts_with(&lines.iter().map(|l| &**l).collect::<Vec<_>>())
            );
        }
    }
    let approved = store.read_file("approved.yaml").unwrap();
    assert!(approved.is_none_or(|bytes| bytes == NEW));
}

#[test]
fn killed_at_every_boundary() {
    if let Ok(dir) = std::env::var(DIR) {
        return run(&PathBuf::from(dir));
    }
    if !Path::new("/usr/bin/strace").exists() {
        crate::tier::missing("strace");
        return;
    }
    let whole = dir();
    run(whole.path());
    let expected = observe(whole.path());
    let kills: usize = BOUNDARIES.iter().map(|call| kill_at_each(call, &expected)).sum();
    println!("killed {kills} times");
    assert!(kills > 80, "only {kills} boundaries were reached");
}

/// In memory where that is possible: a killed process, unlike a lost machine, loses nothing that it had written.
fn dir() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// Kills a new run before its first such call, another before its second, until one comes to its end.
fn kill_at_each(call: &str, expected: &Observed) -> usize {
    for at in 1.. {
        let dir = dir();
        let status = Command::new("/usr/bin/strace")
            .args(["-f", "-qqq", "-o", "/dev/null", "-e", &format!("trace={call}")])
            .args(["-e", &format!("inject={call}:signal=KILL:when={at}")])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "crash::killed_at_every_boundary", "--test-threads=1", "-q"])
            .env(DIR, dir.path())
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        check(dir.path());
        run(dir.path());
        assert_eq!(observe(dir.path()), *expected, "killed at {call} {at}");
        check(dir.path());
        if status.success() {
            return at - 1;
        }
    }
    0
}
