//! A machine for one scene: namespaces, accounts, a server, and the house file in the owner's home.
//!
//! Everything that a scene mounts, writes or starts ends with its namespaces, whose first process is killed
//! when the test is. Deliberately absent: any stand-in for sshd, ssh, sudo or nft.
#![expect(clippy::disallowed_methods, reason = "a machine is arranged and asked from outside")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const INSIDE: &str = "SANCTUM_TEST_LIVE";
/// The installed binary.
pub(crate) const SANCTUM: &str = "/opt/sanctum/bin/sanctum";
/// The owner's file, below the home of the account that calls sudo.
pub(crate) const INSTANCE: &str = "/home/alma/.sanctum/instance.yaml";
pub(crate) const APPROVED: &str = "/etc/sanctum/instance.yaml";
pub(crate) const DROP_IN: &str = "/etc/ssh/sshd_config.d/00-sanctum.conf";
/// Parts that a machine without systemd can have.
pub(crate) const PARTS: &str = "--only=ssh,nft,instance";

const HOUSE: &str = "\
format: 1
instance: {name: Bed, slug: bed, timezone: UTC}
users: {owner: alma}
nodes:
  hub: {type: hub, os: linux, arch: x86_64}
networks:
  lan: {interface: lan0, subnet: 192.168.7.0/24}
services:
  dashboard: {node: hub, ports: [1111]}
";

const MACHINE: &str = r"
mount -t tmpfs -o mode=755 none /mnt
cp -a /etc /mnt/etc && mount --bind /mnt/etc /etc
for each in /run /opt /home /var/lib /var/log; do mount -t tmpfs -o mode=755 none $each; done
ip link set lo up
ip link add lan0 type veth peer name lan1
ip addr add 192.168.7.10/24 dev lan0
ip link set lan0 up && ip link set lan1 up && ip route add default via 192.168.7.1
mkdir -m 700 /run/keys && ssh-keygen -q -t ed25519 -N '' -f /run/keys/client
for name in alma berta; do
  useradd -m -s /bin/sh $name
  mkdir -m 700 /home/$name/.ssh /home/$name/.sanctum
  cp /run/keys/client.pub /home/$name/.ssh/authorized_keys
  chown -R $name: /home/$name
done
rm -f /etc/ssh/sshd_config.d/*
echo 'alma:open sesame' | chpasswd
printf '%s\n' 'alma ALL=(root) NOPASSWD: ALL' 'Defaults:alma verifypw=always, passwd_tries=1' > /etc/sudoers.d/alma
chmod 440 /etc/sudoers.d/alma
mkdir /run/sshd && /usr/sbin/sshd
for n in $(seq 100); do [ -s /run/sshd.pid ] && break; sleep 0.05; done
";

/// A person at a terminal, who knows the password.
const TYPIST: &str = include_str!("../../../tools/typist");
/// Where it is on the machine.
pub(crate) const PERSON: &str = "/run/typist";

/// Runs `scene` in namespaces of its own; the outer process waits for the inner one. The first
/// tier skips it; the second fails without root, because a scene that never ran proves nothing.
pub(crate) fn on_a_machine(test: &str, scene: fn(&Machine)) {
    let needed = ["sshd", "ssh", "ssh-keygen", "sudo", "nft", "ip", "unshare", "script", "strip"];
    if std::env::var_os(INSIDE).is_some() {
        return scene(&Machine::new());
    }
    if sanctum_tests::Tier::of_this_run() == sanctum_tests::Tier::First {
        return sanctum_tests::note_skipped(test, "the first tier does without root and servers");
    }
    assert!(rustix::process::geteuid().is_root(), "{test} needs root for namespaces of its own");
    for name in needed {
        let _there = sanctum_tests::tool(name);
    }
    build();
    let status = Command::new(sanctum_tests::tool("unshare"))
        .args(["--mount", "--net", "--propagation", "private"])
        .args(["--pid", "--fork", "--kill-child", "--mount-proc", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed inside: {status}");
}

/// The binaries under test: cargo builds those of other packages only when it is asked to.
fn build() {
    static BUILT: std::sync::Once = std::sync::Once::new();
    BUILT.call_once(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
        let status = Command::new(cargo)
            .args(["build", "--quiet", "--package", "sanctum-cli", "--manifest-path", manifest])
            .status()
            .unwrap();
        assert!(status.success(), "the binaries do not build");
    });
}

/// Copies of the binaries under test. What only a debugger reads of them is left away: hashing and copying it
/// would take longer than most scenes.
pub(crate) fn built() -> (&'static str, &'static str) {
    let test = std::env::current_exe().unwrap();
    let from = test.parent().unwrap().parent().unwrap();
    for name in ["sanctum", "sanctumd"] {
        let (from, to) = (from.join(name), format!("/run/built/{name}"));
        if !is_there(&to) {
            sh(&format!("mkdir -p /run/built && strip -o {to} {}", from.display()));
        }
    }
    ("/run/built/sanctum", "/run/built/sanctumd")
}

/// What a program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// It ended so, and its standard error holds the words.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, words: &str) {
        assert!(self.code == Some(code) && self.err.contains(words), "{code} {words:?}: {self:#?}");
    }

    #[track_caller]
    pub(crate) fn done(&self) {
        self.expect(0, "");
    }

    /// The one document on its standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// A program of the scene itself, which must succeed.
#[track_caller]
pub(crate) fn sh(script: &str) -> String {
    let said = Said::of(&Command::new("sh").args(["-euc", script]).output().unwrap());
    assert_eq!(said.code, Some(0), "{script}: {said:#?}");
    said.out
}

pub(crate) fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

pub(crate) fn write(path: &str, text: &str) {
    fs::write(path, text).unwrap();
}

pub(crate) fn program(path: &str, text: &str) {
    write(path, text);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

pub(crate) fn is_there(path: &str) -> bool {
    Path::new(path).try_exists().unwrap()
}

/// Waits until it holds; gives up after so many seconds.
#[track_caller]
pub(crate) fn until(seconds: u64, what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(seconds);
    while !holds() {
        assert!(Instant::now() < end, "not within {seconds} s: {what}");
        sleep(Duration::from_millis(100));
    }
}

/// Sleeps past a deadline that began a moment ago; the watchdog naps for up to two seconds.
pub(crate) fn past(seconds: u64) {
    sleep(Duration::from_secs(seconds + 3));
}

/// A child that ends with its guard, if it has not ended before.
pub(crate) struct Guarded(pub(crate) Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _killed = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// The machine that a scene plays on.
pub(crate) struct Machine {
    /// The owner's account.
    owner: &'static str,
}

impl Machine {
    fn new() -> Self {
        sh(MACHINE);
        program(PERSON, TYPIST);
        house(&[], "");
        Self { owner: "alma" }
    }

    /// Puts the binaries where root may run them from.
    pub(crate) fn install(&self) {
        let (sanctum, sanctumd) = built();
        sh(&format!("install -D -t /opt/sanctum/bin {sanctum} {sanctumd}"));
        assert_eq!(
            sh(&format!("stat -c %U:%a {SANCTUM}")),
            "root:755
",
            "{}",
            self.owner
        );
    }

    /// The client's words up to the account, with options of its own.
    pub(crate) fn ssh(&self, options: &[&str], script: &str) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "none", "-i", "/run/keys/client", "-o", "IdentitiesOnly=yes"]);
        for option in [
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
            "BatchMode=yes",
            "ConnectTimeout=10",
        ] {
            ssh.args(["-o", option]);
        }
        ssh.args(options).args([&format!("{}@127.0.0.1", self.owner), script]).stdin(Stdio::null());
        ssh
    }

    /// A script of the owner's over a new SSH connection.
    pub(crate) fn alma(&self, script: &str) -> Said {
        Said::of(&self.ssh(&[], script).output().unwrap())
    }

    /// Whether a new connection gets in.
    pub(crate) fn can_log_in(&self) -> bool {
        self.alma("id -un").out == "alma\n"
    }

    /// As the owner: this command and its arguments, without a terminal.
    pub(crate) fn as_owner(&self, words: &[&str]) -> Command {
        let mut command = Command::new("setpriv");
        let owner = self.owner;
        command.args([&format!("--reuid={owner}"), &format!("--regid={owner}"), "--init-groups"]);
        command.args(words).stdin(Stdio::null());
        command
    }

    /// As the owner would type `sudo sanctum` at a terminal of the console.
    pub(crate) fn sudo(&self, args: &[&str]) -> Command {
        self.as_owner(&[&[PERSON, "sudo", "-n", SANCTUM], args].concat())
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        Said::of(&self.sudo(args).output().unwrap())
    }

    /// The same from a program of the owner's: there is no terminal.
    pub(crate) fn nobody(&self, args: &[&str]) -> Said {
        let words = [&["sudo", "-n", SANCTUM], args].concat();
        Said::of(&self.as_owner(&words).output().unwrap())
    }

    /// Applies the owner's file with consent to all that it widens, and confirms it at once.
    #[track_caller]
    pub(crate) fn apply_and_confirm(&self) {
        self.run(&["apply", PARTS, "--yes", "--approve", &digest()]).done();
        self.run(&["confirm"]).done();
    }

    /// The status of the newest receipt.
    pub(crate) fn status(&self) -> String {
        let said = self.run(&["history", "--json"]);
        said.done();
        let data = said.json();
        let last = data["receipts"].as_array().unwrap().last().unwrap();
        last["status"].as_str().unwrap().to_owned()
    }
}

/// Writes the owner's file: the house with some texts in place of others, and more lines below `services`.
pub(crate) fn house(changes: &[(&str, &str)], more: &str) {
    let mut text = HOUSE.to_owned() + more;
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    write(INSTANCE, &text);
    sh(&format!("chown alma: {INSTANCE}"));
}

/// A house whose SSH server lets only somebody else in.
pub(crate) fn house_of_another() {
    house(&[("owner: alma", "owner: berta")], "");
}

/// The digest of the owner's file, by a tool that is not ours.
pub(crate) fn digest() -> String {
    sh(&format!("sha256sum < {INSTANCE}")).split(' ').next().unwrap().to_owned()
}

/// Lets the next `nft -f` that sanctum starts wait for ever, so that sanctum is caught in the middle: its file
/// is written and not loaded. It is the real nft behind a door.
pub(crate) fn hold_nft() {
    program(
        "/run/nft-door",
        "#!/bin/sh\nif [ \"$1\" = -f ] && [ -e /run/hold ]; then echo $$ > /run/held; exec sleep 600; fi\n\
         exec /run/nft-real \"$@\"\n",
    );
    sh("cp /usr/sbin/nft /run/nft-real
        mount --bind /run/nft-door /usr/sbin/nft && : > /run/hold");
}

/// Lets nft through again and ends the one that waits.
pub(crate) fn release_nft() {
    sh("rm /run/hold && kill $(cat /run/held) && rm /run/held");
}
