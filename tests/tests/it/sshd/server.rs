//! An sshd of our own: a configuration like Debian's with a folder of drop-ins, accounts that exist only in its
//! mount namespace, and a server on a free port of loopback.
#![expect(clippy::disallowed_methods, reason = "a real sshd with real files is started and asked")]

use sanctum_orchestrator::house::SshFacts;
use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;

/// Accounts of the server: the bed's own, and one that the house does not know.
const ACCOUNTS: [(&str, u32); 2] = [("sanctum-t", 64_001), ("stranger", 64_002)];
/// The password of every account, and its SHA-512 crypt.
pub(crate) const PASSWORD: &str = "correct horse";
const CRYPT: &str = "$6$sanctumtest$9z513xIkgqmGqD4tE4nyYExePc1.XASgNZwhrjboTHnP2S7.tcQRFtJoqevTj3tD9Kkjkot3mrI8EGVsOnVYx0";

/// A folder with everything that one sshd reads.
pub(crate) struct Site {
    folder: TempDir,
}

impl Site {
    pub(crate) fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().expect("a folder") };
        // The accounts must be able to reach their homes below.
        mode(&site.path(""), 0o755);
        fs::create_dir(site.path("conf.d")).expect("a folder");
        for kind in ["ed25519", "rsa", "ecdsa"] {
            site.keygen(kind, &format!("host_{kind}"));
        }
        site.keygen("ed25519", "client");
        site.accounts();
        let keys = ["ed25519", "rsa", "ecdsa"]
            .map(|kind| format!("HostKey {}\n", site.text(&format!("host_{kind}"))));
        // Debian's own file, with host keys and address of the test.
        let main = format!(
            "Include {}/*.conf\n{}ListenAddress 127.0.0.1\nKbdInteractiveAuthentication no\nUsePAM yes\n\
             X11Forwarding yes\nPrintMotd no\nAcceptEnv LANG LC_*\nSubsystem sftp internal-sftp\nPidFile none\n",
            site.text("conf.d"),
            keys.concat()
        );
        site.write("sshd_config", &main);
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("a path in UTF-8").to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    fn keygen(&self, kind: &str, name: &str) {
        let out = Command::new(sanctum_tests::tool("ssh-keygen"))
            .args(["-q", "-t", kind, "-N", "", "-f", &self.text(name)])
            .output()
            .expect("ssh-keygen");
        assert!(out.status.success(), "{out:?}");
    }

    fn accounts(&self) {
        let mut passwd = fs::read_to_string("/etc/passwd").expect("accounts");
        let mut shadow = String::new();
        passwd = passwd
            .lines()
            .filter(|line| !line.starts_with("root:"))
            .map(|line| format!("{line}\n"))
            .collect();
        let root = ("root", 0);
        for (name, id) in ACCOUNTS.into_iter().chain([root]) {
            let home = self.path(&format!("home-{name}"));
            fs::create_dir_all(home.join(".ssh")).expect("a home");
            fs::copy(self.path("client.pub"), home.join(".ssh/authorized_keys")).expect("a key");
            for path in [home.clone(), home.join(".ssh"), home.join(".ssh/authorized_keys")] {
                mode(&path, if path.is_dir() { 0o755 } else { 0o644 });
                chown(&path, Some(id), Some(id)).expect("an owner");
            }
            passwd += &format!("{name}:x:{id}:{id}::{}:/bin/sh\n", home.display());
            shadow += &format!("{name}:{CRYPT}:19000:0:99999:7:::\n");
        }
        self.write("passwd", &passwd);
        self.write("shadow", &shadow);
    }

    /// Writes a drop-in; one without text is removed.
    pub(crate) fn drop_in(&self, name: &str, text: &str) {
        self.write(&format!("conf.d/{name}"), text);
    }

    /// `sshd -t`: what it says on stderr, or that it is content.
    pub(crate) fn syntax(&self) -> Result<(), String> {
        let out = self.sshd(&["-t"]);
        if out.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&out.stderr).into_owned())
        }
    }

    /// `sshd -T`, for one caller where a context is given.
    pub(crate) fn effective(&self, context: Option<&str>) -> String {
        let caller = context.map_or(Vec::new(), |context| vec!["-C", context]);
        let out = self.sshd(&[&["-T"], &caller[..]].concat());
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).expect("text")
    }

    fn sshd(&self, options: &[&str]) -> Output {
        let mut command = Command::new(sanctum_tests::tool("sshd"));
        command.args(["-f", &self.text("sshd_config")]).args(options).output().expect("sshd")
    }

    /// Starts the server; it ends with the guard.
    pub(crate) fn start(&self) -> Server<'_> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        // In a mount namespace of its own: the accounts and the run directory are nobody else's.
        let script = "mount -t tmpfs -o mode=755 none /run && mkdir -m 755 /run/sshd \
            && mount --bind \"$1/passwd\" /etc/passwd && mount --bind \"$1/shadow\" /etc/shadow \
            && exec \"$2\" -D -e -f \"$1/sshd_config\" -p \"$3\"";
        let sshd = sanctum_tests::tool("sshd");
        let log = fs::File::create(self.path("log")).expect("a log");
        let child = Command::new(sanctum_tests::tool("unshare"))
            .args(["--mount", "sh", "-c", script, "sh", &self.text("")])
            .args([sshd.to_str().expect("a path in UTF-8"), &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("a server");
        let server = Server { site: self, child, port };
        server.wait();
        server
    }
}

fn mode(path: &std::path::Path, bits: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(bits)).expect("a mode");
}

/// What this machine's `ssh -Q` says, and which options its sshd reports.
pub(crate) fn facts(site: &Site) -> SshFacts {
    let ask = |what: &str| -> BTreeSet<String> {
        let out =
            Command::new(sanctum_tests::tool("ssh")).args(["-Q", what]).output().expect("ssh");
        String::from_utf8(out.stdout).expect("text").lines().map(str::to_owned).collect()
    };
    let known = site.effective(None);
    let options = ["PerSourceMaxStartups", "PerSourcePenalties"].into_iter();
    let options = options.filter(|option| known.contains(&option.to_ascii_lowercase()));
    SshFacts {
        kex: ask("kex"),
        ciphers: ask("cipher"),
        macs: ask("mac"),
        host_key_algorithms: ask("HostKeyAlgorithms"),
        options: options.map(str::to_owned).collect(),
    }
}

/// A running sshd.
pub(crate) struct Server<'a> {
    site: &'a Site,
    child: Child,
    pub(crate) port: u16,
}

impl Server<'_> {
    fn wait(&self) {
        // Ten seconds on a busy machine.
        for _ in 0..200 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("sshd does not listen: {}", self.log());
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.site.path("log")).unwrap_or_default()
    }

    fn client(&self, user: &str, options: &[&str]) -> Command {
        let mut ssh = Command::new(sanctum_tests::tool("ssh"));
        ssh.args([
            "-F",
            "none",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ]);
        ssh.args(["-o", "ConnectTimeout=10", "-p", &self.port.to_string()]);
        ssh.args(options).arg(format!("{user}@127.0.0.1")).stdin(Stdio::null());
        ssh
    }

    /// Logs in with the key; what `id -un` says there.
    pub(crate) fn by_key(&self, user: &str) -> Option<String> {
        let key = self.site.text("client");
        let mut ssh =
            self.client(user, &["-i", &key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]);
        answer(&ssh.args(["id", "-un"]).output().expect("ssh"))
    }

    /// Logs in with the password, by either of the methods that take one.
    pub(crate) fn by_password(&self, user: &str) -> Option<String> {
        self.site.write("askpass", &format!("#!/bin/sh\necho '{PASSWORD}'\n"));
        mode(&self.site.path("askpass"), 0o700);
        let methods = "PreferredAuthentications=password,keyboard-interactive";
        let mut ssh = self.client(user, &["-o", methods, "-o", "NumberOfPasswordPrompts=1"]);
        ssh.env("SSH_ASKPASS", self.site.path("askpass")).env("SSH_ASKPASS_REQUIRE", "force");
        answer(&ssh.args(["id", "-un"]).output().expect("ssh"))
    }

    /// Reaches the server once more through itself; its greeting, where forwarding is allowed.
    pub(crate) fn through(&self, user: &str) -> Option<String> {
        let (key, to) = (self.site.text("client"), format!("127.0.0.1:{}", self.port));
        let options = ["-i", &key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-W", &to];
        let out = self.client(user, &options).output().expect("ssh");
        let text = String::from_utf8_lossy(&out.stdout).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// ssh-audit's report as JSON.
    pub(crate) fn audit(&self) -> serde_json::Value {
        let out = Command::new(sanctum_tests::tool("ssh-audit"))
            .args(["--skip-rate-test", "--json", "-p", &self.port.to_string(), "127.0.0.1"])
            .output()
            .expect("ssh-audit");
        serde_json::from_slice(&out.stdout).unwrap_or_else(|error| panic!("{error}: {out:?}"))
    }
}

fn answer(out: &Output) -> Option<String> {
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}
