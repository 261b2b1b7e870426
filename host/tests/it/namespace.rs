//! Runs one test of this binary again in its own mount and network namespaces, so that it can change
//! /etc, /run, accounts and packet filters without touching the machine.

#![expect(clippy::disallowed_methods, reason = "tests arrange the machine from outside")]

pub(crate) use crate::tier::missing;
use std::path::Path;
use std::process::Command;

const INSIDE: &str = "SANCTUM_TEST_INSIDE";

/// Runs `scene` inside; outside this starts the inside and waits for it. Without root it is skipped in the first
/// tier and fails in the second.
#[track_caller]
pub(crate) fn inside(test: &str, scene: fn()) {
    if std::env::var(INSIDE).is_ok() {
        prepare();
        scene();
        return;
    }
    if !rustix::process::geteuid().is_root() {
        missing("root, for namespaces of its own");
        return;
    }
    let status = Command::new("unshare")
        .args(["--mount", "--net", "--propagation", "private"])
        // Servers that a failing scene leaves behind end with their process namespace.
        .args(["--pid", "--fork", "--kill-child", "--mount-proc", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed inside: {status}");
}

/// A program of the test itself, which must succeed.
pub(crate) fn sh(script: &str) -> String {
    let output = Command::new("sh").args(["-euc", script]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{script}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn write(path: &str, text: &str) {
    std::fs::write(path, text).unwrap();
}

pub(crate) fn program(path: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    write(path, text);
    std::fs::set_permissions(Path::new(path), std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn prepare() {
    sh("mount -t tmpfs -o mode=755 none /mnt
        cp -a /etc /mnt/etc && mount --bind /mnt/etc /etc
        mount -t tmpfs -o mode=755 none /run
        ip link set lo up");
}
