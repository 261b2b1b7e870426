//! The judges are judged first: each counterpart accepts a good input and rejects a bad one, in the way
//! that the other tests rely on.
//!
//! Several exit 0 on bad input; how a rejection shows is written here, once, with its reason.

use std::path::Path;
use std::process::{Command, Output};

use sanctum_tests::need;

fn run(program: &Path, arguments: &[&str], directory: &Path) -> Output {
    #[expect(clippy::disallowed_methods, reason = "a child of the test, not of the product")]
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C.UTF-8");
    command.args(arguments).current_dir(directory).output().expect("a counterpart starts")
}

fn write(path: &Path, text: &str) {
    #[expect(clippy::disallowed_methods, reason = "fixtures in the test's own folder")]
    std::fs::write(path, text).expect("the test's folder is writable");
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn testdir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

const PLIST: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict><key>Label</key><string>a.b</string><key>Umask</key><integer>63</integer></dict></plist>
"#;

#[test]
fn plistlib_reads_values_and_rejects_broken_lists() {
    let plistlib = need!("plistlib-check");
    let dir = testdir();
    let judge = |text: &str| {
        write(&dir.path().join("a.plist"), text);
        run(&plistlib, &["a.plist"], dir.path())
    };
    let good = judge(PLIST);
    assert!(good.status.success(), "{}", stderr(&good));
    let value: serde_json::Value = serde_json::from_slice(&good.stdout).expect("JSON");
    assert_eq!(value, serde_json::json!({"Label": "a.b", "Umask": 63}));
    for (broken, by) in
        [("</dict>", ""), ("<key>Umask</key>", ""), ("Umask", "Label"), ("63", "many")]
    {
        let bad = judge(&PLIST.replace(broken, by));
        assert_eq!(bad.status.code(), Some(1), "{broken} -> {by}: {}", stderr(&bad));
    }
}

#[test]
fn plistutil_reads_what_plistlib_reads() {
    let (plistutil, plistlib) = need!("plistutil-check", "plistlib-check");
    let dir = testdir();
    let judge = |text: &str| {
        write(&dir.path().join("a.plist"), text);
        run(&plistutil, &["a.plist"], dir.path())
    };
    let good = judge(PLIST);
    assert!(good.status.success(), "{}", stderr(&good));
    write(&dir.path().join("again.plist"), &String::from_utf8_lossy(&good.stdout));
    let values = |name| run(&plistlib, &[name], dir.path()).stdout;
    assert_eq!(values("a.plist"), values("again.plist"));
    for broken in ["</dict>", "</string>"] {
        assert_eq!(judge(&PLIST.replace(broken, "")).status.code(), Some(1), "{broken}");
    }
}

#[test]
fn sshd_tests_a_configuration() {
    let (sshd, keygen) = need!("sshd", "ssh-keygen");
    let dir = testdir();
    let key = dir.path().join("host_key");
    let path = key.to_str().expect("UTF-8");
    let made = run(&keygen, &["-q", "-t", "ed25519", "-N", "", "-f", path], dir.path());
    assert!(made.status.success(), "{}", stderr(&made));
    let judge = |line: &str| {
        write(&dir.path().join("sshd_config"), &format!("HostKey {path}\n{line}\n"));
        let config = dir.path().join("sshd_config");
        run(&sshd, &["-t", "-f", config.to_str().expect("UTF-8")], dir.path())
    };
    let good = judge("PermitRootLogin no");
    assert!(good.status.success(), "{}", stderr(&good));
    for bad in ["PermitRootLogin perhaps", "KexAlgorithms none-such", "NoSuchKeyword yes"] {
        assert_ne!(judge(bad).status.code(), Some(0), "{bad}");
    }
}

/// `systemd-analyze verify` exits 0 on an unknown key (seen with 252): any diagnostic is a rejection.
#[test]
fn systemd_analyze_rejects_on_stderr_only() {
    let analyze = need!("systemd-analyze");
    let dir = testdir();
    let judge = |line: &str| {
        write(
            &dir.path().join("a.service"),
            &format!("[Unit]\nDescription=a\n[Service]\nExecStart=/bin/true\n{line}\n"),
        );
        run(&analyze, &["verify", "--man=no", "./a.service"], dir.path())
    };
    let good = judge("Restart=on-failure");
    assert!(good.status.success() && good.stderr.is_empty(), "{}", stderr(&good));
    for bad in ["NoSuchKey=1", "Restart=perhaps"] {
        assert!(stderr(&judge(bad)).contains("a.service"), "{bad}");
    }
    let calendar =
        |expression| run(&analyze, &["calendar", expression], dir.path()).status.success();
    assert!(calendar("*-*-* 06:15:00 America/New_York"));
    assert!(!calendar("*-*-* 26:15:00"));
}

/// Without CAP_NET_ADMIN `nft -c` cannot ask the kernel; the whole suite runs as root (tests/run).
#[test]
fn nft_checks_a_ruleset() {
    let nft = need!("nft");
    let dir = testdir();
    let judge = |rule: &str| {
        let text = format!(
            "table inet t {{\n chain c {{\n type filter hook input priority 0;\n {rule}\n }}\n}}\n"
        );
        write(&dir.path().join("a.nft"), &text);
        run(&nft, &["-c", "-f", "a.nft"], dir.path())
    };
    let good = judge("tcp dport { 22, 1977 } accept");
    assert!(good.status.success(), "{}", stderr(&good));
    for bad in ["tcp dport 65536 accept", "tcp dport 22 perhaps"] {
        assert!(!judge(bad).status.success(), "{bad}");
    }
}

#[test]
fn netplan_generates_or_points_at_the_column() {
    let netplan = need!("netplan");
    let dir = testdir();
    let folder = dir.path().join("etc/netplan");
    #[expect(clippy::disallowed_methods, reason = "fixtures in the test's own folder")]
    std::fs::create_dir_all(&folder).expect("the test's folder is writable");
    let root = dir.path().to_str().expect("UTF-8");
    let judge = |address: &str| {
        let head = "network:\n  version: 2\n  ethernets:\n    lan:\n      match: {name: ens3}\n";
        write(&folder.join("50.yaml"), &format!("{head}      addresses: [{address}]\n"));
        run(&netplan, &["generate", "--root-dir", root], dir.path())
    };
    let good = judge("10.10.10.10/24");
    assert!(good.status.success(), "{}", stderr(&good));
    assert!(dir.path().join("run/systemd/network/10-netplan-lan.network").is_file());
    let bad = judge("10.10.10.10/240");
    assert_eq!(bad.status.code(), Some(1));
    assert!(stderr(&bad).contains("50.yaml:6:18"), "{}", stderr(&bad));
    let refused = run(&netplan, &["generate"], dir.path());
    assert_eq!(refused.status.code(), Some(64), "it would write below /run of this machine");
}

#[test]
fn cloud_init_checks_the_schema() {
    let cloud_init = need!("cloud-init");
    let dir = testdir();
    let judge = |line: &str| {
        write(&dir.path().join("user-data"), &format!("#cloud-config\n{line}\n"));
        run(&cloud_init, &["schema", "-c", "user-data"], dir.path())
    };
    let good = judge("ssh_pwauth: false");
    assert!(good.status.success(), "{}", stderr(&good));
    for bad in ["ssh_pwauth: [1]", "users: []", "runcmd: 7"] {
        assert_eq!(judge(bad).status.code(), Some(1), "{bad}");
    }
    assert_eq!(run(&cloud_init, &["init"], dir.path()).status.code(), Some(64));
}

/// A whole audit needs a server and is made where the sshd profiles are proved; here, that it knows algorithms.
#[test]
fn ssh_audit_tells_good_algorithms_from_bad() {
    let ssh_audit = need!("ssh-audit");
    let dir = testdir();
    let look = |name: &str| {
        let output = run(&ssh_audit, &["--lookup", name], dir.path());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(!look("chacha20-poly1305@openssh.com").contains("[fail]"));
    assert!(look("3des-cbc").contains("[fail]"));
}
