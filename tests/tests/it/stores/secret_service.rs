//! gnome-keyring on a session bus of the test's own; `secret-tool` (libsecret) is the judge.
#![expect(clippy::disallowed_methods, reason = "a session of the test's own")]

use sanctum_secrets::stores::keychain::{Keychain, KeychainError};
use sanctum_secrets::stores::{Reading, Store, StoreError, Value};
use sanctum_tests::need;
use sanctum_types::SecretRef;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A bus and gnome-keyring; ended with this value.
struct Session {
    children: Vec<Child>,
    dir: tempfile::TempDir,
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

fn reference(text: &str) -> SecretRef {
    SecretRef::parse(text).expect("a reference")
}

fn value(bytes: &[u8]) -> Value {
    Value::new(bytes.to_vec())
}

impl Session {
    /// A bus that knows no services to start: Debian's would start any that is installed.
    fn bare(daemon: &Path) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let config = format!(
            "<busconfig><type>session</type><listen>unix:path={}/bus</listen>\
             <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
             <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>",
            dir.path().display()
        );
        let file = dir.path().join("bus.conf");
        fs::write(&file, config).expect("the configuration");
        let mut bus = Command::new(daemon)
            .arg(format!("--config-file={}", file.display()))
            .args(["--nofork", "--print-address=1"])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a bus");
        let mut line = String::new();
        let out = bus.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("a line");
        Self { children: vec![bus], dir, bus: line.trim_end().to_owned() }
    }

    /// With gnome-keyring; its login keyring is made and unlocked when there is a password.
    fn start((daemon, keyring): (&Path, &Path), password: Option<&str>) -> Self {
        let mut session = Self::bare(daemon);
        let run = session.dir.path().join("run");
        fs::DirBuilder::new().mode(0o700).create(&run).expect("a folder");
        let mut service = session.command(keyring);
        service.args(["--components=secrets", "--foreground"]).stdin(Stdio::piped());
        if password.is_some() {
            service.arg("--unlock");
        }
        let mut service =
            service.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("gnome-keyring");
        let mut input = service.stdin.take().expect("a pipe");
        input.write_all(password.unwrap_or_default().as_bytes()).expect("the password");
        drop(input);
        session.children.push(service);
        session.await_service();
        session
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.dir.path())
            .env("XDG_RUNTIME_DIR", self.dir.path().join("run"))
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus);
        command
    }

    fn await_service(&self) {
        for _ in 0..100 {
            if self
                .keychain()
                .get(&reference("keychain:none/none"))
                .known()
                .map_or_else(|error| !is(&error, &KeychainError::NoService), |_| true)
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("gnome-keyring did not come up in five seconds");
    }

    fn keychain(&self) -> Keychain {
        Keychain::login(Some(self.bus.clone()))
    }

    fn tool(&self, tool: &Path, args: &[&str], input: &[u8]) -> Output {
        let mut child = self
            .command(tool)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a counterpart");
        child.stdin.take().expect("a pipe").write_all(input).expect("input");
        child.wait_with_output().expect("an end")
    }

    /// What a desktop does when its screen is left.
    fn lock(&self, send: &Path) {
        let service = "org.freedesktop.Secret.Service.Lock";
        let login = "array:objpath:/org/freedesktop/secrets/collection/login";
        let args = [
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.secrets",
            "/org/freedesktop/secrets",
            service,
            login,
        ];
        let said = self.tool(send, &args, b"");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    }
}

fn is(error: &StoreError, wanted: &KeychainError) -> bool {
    matches!(error, StoreError::Keychain { source, .. } if source == wanted)
}

fn judges() -> (PathBuf, PathBuf, PathBuf) {
    let find = sanctum_tests::tool;
    (find("dbus-daemon"), find("gnome-keyring-daemon"), find("secret-tool"))
}

#[test]
fn secret_tool_reads_what_we_put_and_we_read_what_it_stored() {
    let _ = need!("dbus-daemon", "gnome-keyring-daemon", "secret-tool");
    let (daemon, keyring, tool) = judges();
    let session = Session::start((&daemon, &keyring), Some("test"));
    let store = session.keychain();
    let ours = reference("keychain:sanctum.tests/ours");
    assert!(matches!(store.get(&ours), Reading::Absent));
    for text in ["first wörd", "second", "with\nlines\n"] {
        store.put(&ours, &value(text.as_bytes())).expect("a put");
        let attributes = ["lookup", "service", "sanctum.tests", "username", "ours"];
        let said = session.tool(&tool, &attributes, b"");
        assert_eq!(String::from_utf8_lossy(&said.stdout), text);
    }
    // The schema is what other programs look for beside the two names.
    let all = ["search", "--all", "xdg:schema", "org.freedesktop.Secret.Generic"];
    let said = session.tool(&tool, &all, b"");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("schema = org.freedesktop.Secret.Generic"), "{said}");
    let stored = ["store", "--label=theirs", "service", "sanctum.tests", "username", "theirs"];
    assert!(session.tool(&tool, &stored, b"from elsewhere").status.success());
    let theirs = reference("keychain:sanctum.tests/theirs");
    let found = store.get(&theirs).known().expect("known").expect("there");
    assert_eq!(found.expose(), b"from elsewhere");
    store.put(&theirs, &value(b"\xff\x00bytes")).expect("a put of bytes");
    let found = store.get(&theirs).known().expect("known").expect("there");
    assert_eq!(found.expose(), b"\xff\x00bytes");
    assert_eq!(store.list().expect("a list"), [ours.clone(), theirs]);
    assert!(store.remove(&ours).expect("gone") && !store.remove(&ours).expect("gone before"));
    let attributes = ["lookup", "service", "sanctum.tests", "username", "ours"];
    assert_eq!(session.tool(&tool, &attributes, b"").status.code(), Some(1));
}

#[test]
fn a_locked_collection_is_unreachable_at_once_and_names_a_store_that_would_do() {
    let (daemon, keyring, send) = need!("dbus-daemon", "gnome-keyring-daemon", "dbus-send");
    let session = Session::start((&daemon, &keyring), Some("test"));
    let store = session.keychain();
    let there = reference("keychain:sanctum.tests/there");
    store.put(&there, &value(b"v")).expect("a put");
    session.lock(&send);
    for reference in [&there, &reference("keychain:sanctum.tests/absent")] {
        let got = store.get(reference).known().map(|_| ());
        for said in [got, store.put(reference, &value(b"w")), store.remove(reference).map(|_| ())] {
            let error = said.expect_err("it is locked");
            assert!(is(&error, &KeychainError::Locked), "{error:?}");
            let way = error.way_out().expect("a way out");
            assert!(way.contains("file:") && way.contains("age:"), "{way}");
        }
    }
    assert!(is(&store.list().expect_err("locked"), &KeychainError::Locked));
    assert!(!store.unattended());
}

#[test]
fn no_bus_no_service_and_no_collection_are_three_answers_and_none_is_absent() {
    let (daemon, keyring) = need!("dbus-daemon", "gnome-keyring-daemon");
    let item = reference("keychain:a/b");
    for gone in [None, Some("unix:path=/nonexistent/bus".to_owned()), Some("rubbish".to_owned())] {
        let error = Keychain::login(gone).get(&item).known().expect_err("no bus");
        assert!(is(&error, &KeychainError::NoSession), "{error:?}");
    }
    let bare = Session::bare(&daemon);
    let error = bare.keychain().get(&item).known().expect_err("no service");
    assert!(is(&error, &KeychainError::NoService), "{error:?}");
    // Started as a service without a login: there is no keyring yet, and making one asks a person.
    let fresh = Session::start((&daemon, &keyring), None);
    let error = fresh.keychain().put(&item, &value(b"v")).expect_err("nowhere to put it");
    assert!(is(&error, &KeychainError::NoCollection), "{error:?}");
    let error = Keychain::system().get(&item).known().expect_err("not of this system");
    assert!(is(&error, &KeychainError::NotHere), "{error:?}");
}

#[test]
fn a_bus_that_says_nothing_has_five_seconds() {
    let _ = need!("dbus-daemon");
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("bus");
    let _mute = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    let store = Keychain::login(Some(format!("unix:path={}", path.display())));
    let start = Instant::now();
    let error = store.get(&reference("keychain:a/b")).known().expect_err("no answer");
    assert!(is(&error, &KeychainError::NoAnswer(5)), "{error:?}");
    assert!(start.elapsed() >= Duration::from_secs(4));
}

#[test]
fn two_items_of_one_name_are_not_guessed_between() {
    let _ = need!("dbus-daemon", "gnome-keyring-daemon", "secret-tool");
    let (daemon, keyring, tool) = judges();
    let session = Session::start((&daemon, &keyring), Some("test"));
    for other in ["one", "two"] {
        let args = ["store", "--label=x", "service", "s", "username", "u", "application", other];
        assert!(session.tool(&tool, &args, other.as_bytes()).status.success());
    }
    let store = session.keychain();
    let item = reference("keychain:s/u");
    for said in [store.get(&item).known().map(|_| ()), store.put(&item, &value(b"v"))] {
        assert!(is(&said.expect_err("two"), &KeychainError::Ambiguous(2)));
    }
    assert!(store.remove(&item).is_err());
}
