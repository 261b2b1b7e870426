//! What opens the vault with nobody there: keys in age files, in documents of SOPS and in the Secret Service of a session, and what happens where they
//! cannot be had.
#![expect(clippy::disallowed_methods, reason = "real programs on real files")]

use super::{LONG, PASSPHRASE, Served, command, journal};
use crate::cli::owner;
use crate::cli::program::{House, Ran, SMALL, copy_program, folder, sanctumd};
use crate::stores::boot::sops_document;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Debian's `nobody`.
const NOBODY: u32 = 65534;

/// What the service of that place says at its start, until it listens.
fn warned(root: &Path, options: &[&str]) -> (Child, String) {
    let mut service = command(sanctumd(), root);
    service.args(["--only", "vault", "--root"]).arg(root).args(options);
    let mut child =
        service.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    Served::reach(root);
    let mut said = vec![0; 4096];
    let read = child.stderr.as_mut().expect("a pipe").read(&mut said).expect("words");
    said.truncate(read);
    (child, String::from_utf8(said).expect("UTF-8"))
}

fn ended(mut child: Child) {
    child.kill().expect("it runs");
    child.wait().expect("it ended");
}

#[test]
fn a_key_in_an_age_file_opens_it_at_its_start_and_is_in_no_words() {
    let dir = folder();
    let root = dir.path().join("root");
    let key = ["--key-ref", "age:/keys/vault.age"];
    let mut served = Served::made(root.clone(), &[&["init"][..], &key].concat(), &key);
    served.vault(&["status"]).exits(0);
    served.fed(&["put", "a/b", "--stdin"], b"one").exits(0);
    served.again();
    assert_eq!(served.vault(&["get", "a/b", "--stdout"]).exits(0).stdout, "one");
    let sealed = fs::read(root.join("keys/vault.age")).expect("the file");
    assert!(sealed.starts_with(b"age-encryption.org/v1"));
    // A new root key for the key that is there already; then by hand, which makes nobody the owner.
    served.vault(&["rekey"]).exits(2).says("--key-ref REF");
    served.vault(&[&["rekey"][..], &key].concat()).exits(0);
    assert_eq!(fs::read(root.join("keys/vault.age")).expect("the file"), sealed);
    served.vault(&["seal"]).exits(0);
    served.vault(&[&["unseal"][..], &key].concat()).exits(0);
    assert_eq!(served.vault(&["get", "a/b", "--stdout"]).exits(0).stdout, "one");
    served.vault(&["unseal", "--key-ref", "hunter2"]).exits(2);
    let refused = served.vault(&["unseal", "--key-ref", "hunter2"]).exits(2).stderr.clone();
    assert!(!refused.contains("hunter2"), "{refused}");
    let told = journal(&root);
    assert!(told.contains("age:/keys/vault.age") && told.contains("vault.key"), "{told}");
    served.again();
    served.vault(&["rekey", "--without-key-file"]).exits(0);
    drop(served);
    let (child, said) = warned(&root, &key);
    assert!(said.contains("age:/keys/vault.age does not open the vault"), "{said}");
    ended(child);
}

#[test]
fn what_keeps_the_key_away_leaves_the_vault_sealed_and_is_told() {
    let dir = folder();
    let root = dir.path().join("root");
    let file = root.join("vault.key").display().to_string();
    fs::create_dir_all(&root).expect("a folder");
    drop(Served::made(root.clone(), &["init", "--key-file", &file], &["--key-file", &file]));
    fs::write(root.join("no.key"), "no key\n").expect("a file");
    fs::set_permissions(root.join("no.key"), fs::Permissions::from_mode(0o600)).expect("a mode");
    let (none, other) = (root.join("gone.key"), root.join("no.key"));
    for (option, place) in [
        ("--key-file", none.display().to_string()),
        ("--key-file", other.display().to_string()),
        ("--key-ref", "age:/gone.age".to_owned()),
        ("--key-ref", "keychain:none/none".to_owned()),
        ("--key-ref", "op://v/i/f".to_owned()),
    ] {
        let (child, said) = warned(&root, &[option, &place]);
        let words = format!("{place} does not open the vault, and it is sealed");
        assert!(said.contains(&words) && said.contains("sanctum vault unseal"), "{said}");
        super::verb(&root, &["status"], b"").exits(3);
        // Nobody asks again by himself; the passphrase opens it as ever.
        super::verb(&root, &["unseal"], b"").exits(0);
        super::verb(&root, &["status"], b"").exits(0);
        ended(child);
        let told = journal(&root);
        assert!(told.contains(&format!("\"by\":\"{place}\"")), "{place}: {told}");
    }
    // The key that is right is recorded too.
    let (child, _) = warned(&root, &["--key-file", &file]);
    super::verb(&root, &["status"], b"").exits(0);
    ended(child);
    // What is no vault ends the service: nobody could open it.
    fs::write(root.join(".sanctum/vault/vault.log"), "no vault").expect("written");
    let mut service = command(sanctumd(), &root);
    service.args(["--only", "vault", "--root"]).arg(&root).args(["--key-file", &file]);
    assert!(!service.output().expect("it ends").status.success());
}

#[test]
fn a_key_in_a_document_of_sops_is_made_there_and_what_is_no_key_stays() {
    let dir = folder();
    let root = dir.path().join("root");
    fs::create_dir_all(root.join("etc/sanctum")).expect("a folder");
    // Its identity is the machine's, which the first age file makes.
    drop(Served::made(dir.path().join("other"), &["init", "--key-ref", "age:/k.age"], &[]));
    let identity = dir.path().join("other/etc/sanctum/identity");
    fs::create_dir(root.join("repo")).expect("a folder");
    fs::copy(identity, root.join("etc/sanctum/identity")).expect("an identity");
    sops_document(&root);
    let before = fs::read(root.join("repo/s.yaml")).expect("the document");
    Served::passphrase(&root);
    super::verb(&root, &["init", "--key-ref", "sops:/repo/s.yaml#a.token"], b"")
        .exits(4)
        .says("is no key of a vault");
    super::verb(&root, &["init", "--key-ref", "sops:/repo/none.yaml#a.b"], b"").exits(1);
    assert_eq!(fs::read(root.join("repo/s.yaml")).expect("the document"), before);
    let key = ["--key-ref", "sops:/repo/s.yaml#a.unseal"];
    let served = Served::made(root.clone(), &[&["init"][..], &key].concat(), &key);
    served.vault(&["status"]).exits(0);
    let text = fs::read_to_string(root.join("repo/s.yaml")).expect("the document");
    assert!(text.contains("unseal: ENC["), "{text}");
}

/// The session of an account that may do nothing special: a bus of its own, and gnome-keyring with an open login keyring.
struct Session {
    house: House,
    children: Vec<Child>,
    bus: String,
}

impl Drop for Session {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Session {
    fn start((daemon, keyring): (&Path, &Path)) -> Self {
        let house = House::new(SMALL);
        // It makes what the account may use.
        drop(owner::command(&house, false));
        copy_program(sanctumd(), &house.at("sanctumd"));
        let run = house.at("home/run");
        fs::create_dir(&run).expect("a folder");
        fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).expect("a mode");
        chown(&run, Some(NOBODY), Some(NOBODY)).expect("the test is root");
        let mut session = Self { house, children: Vec::new(), bus: String::new() };
        let config = format!(
            "<busconfig><type>session</type><listen>unix:path={}/bus</listen>\
             <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
             <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
            run.display()
        );
        fs::write(session.house.at("bus.conf"), config).expect("the configuration");
        let mut bus = session.person(daemon);
        bus.arg(format!("--config-file={}", session.house.at("bus.conf").display()));
        bus.args(["--nofork", "--print-address=1"]).stdout(Stdio::piped());
        let mut bus = bus.stderr(Stdio::null()).spawn().expect("a bus");
        let mut line = String::new();
        let said = bus.stdout.take().expect("a pipe");
        BufReader::new(said).read_line(&mut line).expect("a line");
        line.trim_end().clone_into(&mut session.bus);
        session.children.push(bus);
        let mut service = session.person(keyring);
        service.args(["--components=secrets", "--foreground", "--unlock"]).stdin(Stdio::piped());
        let mut service =
            service.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("gnome-keyring");
        let mut input = service.stdin.take().expect("a pipe");
        input.write_all(b"of the login").expect("the password");
        drop(input);
        session.children.push(service);
        session
    }

    /// A program in the session.
    fn person(&self, program: &Path) -> Command {
        let mut command = self.house.command(&sanctum_tests::tool("setpriv"));
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
        command.env("PATH", "/usr/bin:/bin").env("XDG_RUNTIME_DIR", self.at("run"));
        if !self.bus.is_empty() {
            command.env("DBUS_SESSION_BUS_ADDRESS", &self.bus);
        }
        command
    }

    fn at(&self, name: &str) -> PathBuf {
        self.house.at("home").join(name)
    }

    fn vault(&self, args: &[&str]) -> Ran {
        let mut command = self.person(&self.house.at("sanctum"));
        command.args(["vault", "--passphrase-file"]).arg(self.at("passphrase")).args(args);
        Ran::of(&command.output().expect("it ends"))
    }

    fn serve(&self, key: &[&str]) -> Child {
        let mut command = self.person(&self.house.at("sanctumd"));
        command.args(["--only", "vault"]).args(key);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let begun = Instant::now();
        while UnixStream::connect(self.at(".sanctum/vault.sock")).is_err() {
            assert!(begun.elapsed() < LONG, "nobody listens");
            std::thread::sleep(Duration::from_millis(10));
        }
        child.expect("it starts")
    }
}

#[test]
fn a_key_in_the_secret_service_of_a_session_opens_it_until_the_keyring_is_locked() {
    let (daemon, keyring, tool, send, _setpriv) = sanctum_tests::need!(
        "dbus-daemon",
        "gnome-keyring-daemon",
        "secret-tool",
        "dbus-send",
        "setpriv"
    );
    let session = Session::start((&daemon, &keyring));
    let file = session.at("passphrase");
    fs::write(&file, PASSPHRASE).expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a mode");
    chown(&file, Some(NOBODY), Some(NOBODY)).expect("the test is root");
    let key = ["--key-ref", "keychain:sanctum-vault/unseal"];
    let begun = Instant::now();
    // gnome-keyring takes its name on the bus when it is ready.
    loop {
        let made = session.vault(&[&["init"][..], &key].concat());
        if made.code == Some(0) {
            break;
        }
        assert!(begun.elapsed() < LONG, "{}", made.stderr);
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut look = session.person(&tool);
    look.args(["lookup", "service", "sanctum-vault", "username", "unseal"]);
    let found = look.output().expect("secret-tool").stdout;
    assert_eq!(found.len(), 64, "libsecret finds the key");
    let child = session.serve(&key);
    session.vault(&["status"]).exits(0);
    session.vault(&["seal"]).exits(0);
    session.vault(&[&["unseal"][..], &key].concat()).exits(0);
    ended(child);
    // What a desktop does when its screen is left, and a boot before anybody logs in.
    let mut lock = session.person(&send);
    lock.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets"]);
    lock.args(["/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock"]);
    lock.arg("array:objpath:/org/freedesktop/secrets/collection/login");
    assert!(lock.output().expect("dbus-send").status.success());
    let child = session.serve(&key);
    session.vault(&["status"]).exits(3);
    session.vault(&[&["unseal"][..], &key].concat()).exits(1);
    session.vault(&["unseal"]).exits(0);
    session.vault(&["status"]).exits(0);
    ended(child);
    let told = journal(&session.at(""));
    assert!(told.contains("\"by\":\"keychain:sanctum-vault/unseal\"") && told.contains("\"why\":"));
    assert!(!told.contains(std::str::from_utf8(&found).expect("digits")));
}
