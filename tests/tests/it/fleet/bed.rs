//! Servers on addresses of loopback, an owner who asks them, and an instance that names them.
//!
//! sanctum runs as an account that is not root, because root takes neither home nor agent from its environment.
//! The account of the same number exists only in the mount namespaces of the servers.
#![expect(
    clippy::disallowed_methods,
    reason = "real servers with real files are started and asked"
)]

use crate::cli::program::{Ran, sanctum};
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;

/// The account that asks and logs in.
pub(crate) const USER: (&str, u32) = ("sanctum-f", 64_003);
/// Privilege separation without PAM: the test's own accounts, and as few steps as sshd takes.
const CONFIG: &str = "UsePAM no\nPidFile none\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
    PrintMotd no\nPrintLastLog no\nUseDNS no\nLogLevel DEBUG1\nStrictModes yes\nMaxStartups 200\n";

/// What is special about a server.
#[derive(Default)]
pub(crate) struct Sshd<'a> {
    /// sanctum is in its prefix there.
    pub(crate) installed: bool,
    /// More lines of its configuration.
    pub(crate) more: &'a str,
    /// It lets in only callers from this address.
    pub(crate) only_from: Option<&'a str>,
}

/// A folder with an owner's home, keys and an instance.
pub(crate) struct Bed {
    folder: TempDir,
    nodes: Vec<String>,
    pub(crate) port: u16,
}

impl Bed {
    /// Nodes on 127.1.0.1 and so on, in the order given, and a hub that has no address.
    pub(crate) fn new(nodes: &[&str]) -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = free.local_addr().expect("an address").port();
        let nodes = nodes.iter().map(|name| (*name).to_owned()).collect();
        let bed = Self { folder: tempfile::tempdir().expect("a folder"), nodes, port };
        mode(&bed.path(""), 0o755);
        for dir in ["home", "home/.ssh", "home/.sanctum", "keys", "tmp"] {
            fs::create_dir(bed.path(dir)).expect("a folder");
        }
        keygen("ed25519", &bed.path("home/.ssh/id_ed25519"));
        keygen("ed25519", &bed.path("keys/other"));
        for name in &bed.nodes {
            keygen("ed25519", &bed.path(&format!("keys/{name}")));
        }
        let mut passwd = fs::read_to_string("/etc/passwd").expect("accounts");
        let (name, id) = USER;
        passwd += &format!("{name}:x:{id}:{id}::{}:/bin/sh\n", bed.text("home"));
        bed.write("passwd", &passwd);
        bed.write("shadow", &format!("{name}:*:19000:0:99999:7:::\n"));
        let plain: Vec<(&str, &str)> = bed.nodes.iter().map(|name| (name.as_str(), "")).collect();
        bed.instance_with(&plain);
        bed.allow("");
        for path in ["home", "home/.ssh", "home/.sanctum", "home/.ssh/id_ed25519", "tmp"] {
            bed.give(path, 0o700);
        }
        mode(&bed.path("home/.ssh/id_ed25519"), 0o600);
        bed
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("a path in UTF-8").to_owned()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file")
    }

    fn give(&self, name: &str, bits: u32) {
        mode(&self.path(name), bits);
        chown(self.path(name), Some(USER.1), Some(USER.1)).expect("an owner");
    }

    /// Where a node listens.
    pub(crate) fn address(&self, name: &str) -> Ipv4Addr {
        let at = self.nodes.iter().position(|node| node == name).expect("a node of the bed");
        Ipv4Addr::new(127, 1, 0, u8::try_from(at + 1).expect("few nodes"))
    }

    /// Writes the instance; each node with more keys of its entry.
    pub(crate) fn instance_with(&self, nodes: &[(&str, &str)]) {
        let (name, _) = USER;
        let mut text = format!(
            "format: 1\ninstance: {{name: Bed, slug: bed, timezone: UTC}}\nusers: {{owner: {name}}}\n\
             networks: {{lan: {{subnet: 192.0.2.0/24}}}}\nssh: {{port: {}}}\nnodes:\n  hub: {{type: hub, os: linux}}\n",
            self.port
        );
        for (name, more) in nodes {
            let host = self.address(name);
            text += &format!("  {name}: {{type: satellite, host: {host}{more}}}\n");
        }
        self.write("instance.yaml", &text);
        mode(&self.path("instance.yaml"), 0o644);
    }

    /// The owner's key may log in, with these options before it.
    pub(crate) fn allow(&self, options: &str) {
        let key = fs::read_to_string(self.path("home/.ssh/id_ed25519.pub")).expect("a key");
        let space = if options.is_empty() { "" } else { " " };
        self.write("home/.ssh/authorized_keys", &format!("{options}{space}{key}"));
        self.give("home/.ssh/authorized_keys", 0o600);
    }

    /// Nobody may log in.
    pub(crate) fn refuse(&self) {
        self.write("home/.ssh/authorized_keys", "");
    }

    fn record(&self, name: &str, key: &str) {
        let at = format!("[{}]:{}", self.address(name), self.port);
        let mut text = self.known().unwrap_or_default();
        text += &format!(
            "{at} {}",
            fs::read_to_string(self.path(&format!("keys/{key}.pub"))).expect("a key")
        );
        self.write("home/.ssh/known_hosts", &text);
        self.give("home/.ssh/known_hosts", 0o600);
    }

    /// The node's host key is on record.
    pub(crate) fn know(&self, name: &str) {
        self.record(name, name);
    }

    /// Another key is on record of the node.
    pub(crate) fn know_other(&self, name: &str) {
        self.record(name, "other");
    }

    /// Nothing is on record of the node any more.
    pub(crate) fn forget(&self, name: &str) {
        let at = format!("[{}]:{} ", self.address(name), self.port);
        let kept = self.known().unwrap_or_default();
        let kept = kept.lines().filter(|line| !line.starts_with(&at));
        self.write(
            "home/.ssh/known_hosts",
            &kept.map(|line| format!("{line}\n")).collect::<String>(),
        );
    }

    /// The fingerprint of a node's host key, as ssh-keygen says it.
    pub(crate) fn fingerprint(&self, key: &str) -> String {
        let out = Command::new(sanctum_tests::tool("ssh-keygen"))
            .args(["-l", "-f", &self.text(&format!("keys/{key}.pub"))])
            .output()
            .expect("ssh-keygen");
        let text = String::from_utf8(out.stdout).expect("text");
        text.split_whitespace().nth(1).expect("a fingerprint").to_owned()
    }

    /// Runs sanctum as the owner, with the bed's instance.
    pub(crate) fn sanctum(&self, words: &[&str]) -> Ran {
        let instance = self.text("instance.yaml");
        let all = [words, &["--instance", &instance]].concat();
        self.as_owner(sanctum(), &all.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    /// A program as the owner.
    pub(crate) fn owner(&self, program: &Path) -> Command {
        let id = USER.1.to_string();
        // ssh wants to know who calls it, so the account has to be one of the machine's here too.
        let script = "mount --bind \"$1\" /etc/passwd && shift && exec \"$@\"";
        let mut command = Command::new(sanctum_tests::tool("unshare"));
        command.args(["--mount", "sh", "-c", script, "sh", &self.text("passwd")]);
        command.arg(sanctum_tests::tool("setpriv"));
        command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--"]).arg(program);
        command.env_clear().env("HOME", self.path("home")).env("TMPDIR", self.path("tmp"));
        command.current_dir(self.path("home")).stdin(Stdio::null());
        command
    }

    /// Runs a program as the owner.
    pub(crate) fn as_owner(&self, program: &Path, words: &[String]) -> Ran {
        Ran::of(&self.owner(program).args(words).output().expect("it starts"))
    }

    /// Arguments of ssh for a command on a node.
    pub(crate) fn ssh_words(&self, name: &str, command: &str) -> Vec<String> {
        let (key, known) = (self.text("home/.ssh/id_ed25519"), self.text("home/.ssh/known_hosts"));
        let words =
            ["-F", "none", "-o", "BatchMode=yes", "-o", &format!("UserKnownHostsFile={known}")]
                .map(str::to_owned);
        let to = format!("{}@{}", USER.0, self.address(name));
        let more = ["-i", &key, "-p", &self.port.to_string(), &to, command].map(str::to_owned);
        words.into_iter().chain(more).collect()
    }

    /// Starts a node's server with its host key; it ends with the guard.
    pub(crate) fn start(&self, name: &str, sshd: &Sshd<'_>) -> Server {
        let key = format!("HostKey {}\n", self.text(&format!("keys/{name}")));
        let from = sshd.only_from.map_or(String::new(), |from| format!("AllowUsers *@{from}\n"));
        let address = self.address(name);
        let text = format!("{}{CONFIG}{key}{from}ListenAddress {address}\n", sshd.more);
        self.launch(name, &text, sshd.installed)
    }

    fn launch(&self, name: &str, config: &str, installed: bool) -> Server {
        self.write(&format!("{name}.conf"), config);
        let log = self.path(&format!("{name}.log"));
        let server = Server {
            child: self
                .server(name, installed, &[])
                .stderr(fs::File::create(&log).expect("a log"))
                .spawn()
                .expect("a server"),
            log,
        };
        server.wait(self.address(name), self.port);
        server
    }

    /// sshd in a mount namespace of its own, behind the words of another program where there are some.
    pub(crate) fn server(&self, name: &str, installed: bool, before: &[&str]) -> Command {
        let binary = if installed { sanctum().to_str().expect("a path") } else { "" };
        let script = "mount -t tmpfs -o mode=755 none /run && mkdir -m 755 /run/sshd \
            && mount --bind \"$1/passwd\" /etc/passwd && mount --bind \"$1/shadow\" /etc/shadow \
            && mount -t tmpfs -o mode=755 none /opt \
            && if [ -n \"$4\" ]; then mkdir -p /opt/sanctum/bin && touch /opt/sanctum/bin/sanctum \
            && mount --bind \"$4\" /opt/sanctum/bin/sanctum; fi \
            && exec \"$2\" -D -e -f \"$1/$5.conf\" -p \"$3\"";
        let tool = |name: &str| sanctum_tests::tool(name).to_str().expect("a path").to_owned();
        let unshare = tool("unshare");
        let (folder, sshd, port) = (self.text(""), tool("sshd"), self.port.to_string());
        let words = [
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
            folder.trim_end_matches('/'),
            &sshd,
            &port,
            binary,
            name,
        ];
        let line: Vec<&str> =
            before.iter().copied().chain([unshare.as_str()]).chain(words).collect();
        let mut command = Command::new(line[0]);
        command.args(&line[1..]).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

/// Makes a key.
fn keygen(kind: &str, path: &Path) {
    let out = Command::new(sanctum_tests::tool("ssh-keygen"))
        .args(["-q", "-t", kind, "-N", "", "-C", "test", "-f"])
        .arg(path)
        .output()
        .expect("ssh-keygen");
    assert!(out.status.success(), "{out:?}");
}

fn mode(path: &Path, bits: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(bits)).expect("a mode");
}

/// A running sshd.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    fn wait(&self, address: Ipv4Addr, port: u16) {
        // Ten seconds on a busy machine.
        for _ in 0..200 {
            if TcpStream::connect((address, port)).is_ok() {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("sshd does not listen: {}", self.log());
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// What was logged so far does not count.
    pub(crate) fn forget(&self) {
        fs::OpenOptions::new()
            .write(true)
            .open(&self.log)
            .and_then(|file| file.set_len(0))
            .expect("a log");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Changes that single tests make.
impl Bed {
    /// The user's records of host keys.
    pub(crate) fn known(&self) -> Option<String> {
        fs::read_to_string(self.path("home/.ssh/known_hosts")).ok()
    }

    /// The house's own records of host keys.
    pub(crate) fn known_here(&self) -> Option<String> {
        fs::read_to_string(self.path("home/.sanctum/known_hosts")).ok()
    }

    /// The node's key is marked as revoked, behind what is on record.
    pub(crate) fn revoke(&self, name: &str) {
        let key = fs::read_to_string(self.path(&format!("keys/{name}.pub"))).expect("a key");
        let text = format!("{}@revoked * {key}", self.known().unwrap_or_default());
        self.write("home/.ssh/known_hosts", &text);
    }

    /// An instance with as many satellites, the records of their keys, and a configuration that serves for each.
    pub(crate) fn crowd(&self, nodes: u8) {
        let key = fs::read_to_string(self.path("keys/crowd.pub")).expect("a key");
        let (mut known, mut entries) = (String::new(), String::new());
        for n in 1..=nodes {
            known += &format!("[192.0.2.{n}]:{} {key}", self.port);
            entries += &format!("  n{n}: {{type: satellite, host: 192.0.2.{n}}}\n");
        }
        self.write("home/.ssh/known_hosts", &known);
        self.instance_with(&[]);
        let text = fs::read_to_string(self.path("instance.yaml")).expect("an instance");
        self.write("instance.yaml", &(text + &entries));
        self.write("crowd.conf", &format!("{CONFIG}HostKey {}\n", self.text("keys/crowd")));
    }

    /// Runs sanctum as the owner inside a network namespace.
    pub(crate) fn sanctum_inside(&self, namespace: &str, words: &[String]) -> Ran {
        let mut command = Command::new(sanctum_tests::tool("ip"));
        let owner = self.owner(sanctum());
        command.args(["netns", "exec", namespace]).arg(owner.get_program()).args(owner.get_args());
        command.args(words).args(["--instance", &self.text("instance.yaml")]);
        command.env_clear().env("HOME", self.path("home")).env("TMPDIR", self.path("tmp"));
        Ran::of(&command.current_dir(self.path("home")).output().expect("it starts"))
    }

    /// Takes a file away.
    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("it was there");
    }

    /// The owner's key can be read by everybody.
    pub(crate) fn open_key(&self) {
        mode(&self.path("home/.ssh/id_ed25519"), 0o644);
    }

    /// Makes one more host key, of another kind than the nodes'.
    pub(crate) fn other_kind(&self, name: &str) {
        keygen("ecdsa", &self.path(&format!("keys/{name}")));
    }

    /// One host key takes the other's place.
    pub(crate) fn swap_keys(&self, name: &str, other: &str) {
        for end in ["", ".pub"] {
            let (from, to) = (format!("keys/{other}{end}"), format!("keys/{name}{end}"));
            fs::copy(self.path(&from), self.path(&to)).expect("a copy");
        }
    }

    /// Waits until something is at the path.
    pub(crate) fn wait_for(&self, name: &str) {
        for _ in 0..200 {
            if self.path(name).exists() {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("{name} does not come");
    }
}
