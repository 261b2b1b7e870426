//! `sanctum vault agent register` and `rotate`: the key files of an agent as the published client opens them, and whatever a kill leaves of them.
#![expect(clippy::disallowed_methods, reason = "real programs on real files")]

use super::clients::Client;
use super::{Served, command, journal};
use crate::cli::program::{folder, sanctum};
use sanctum_vault::client::Client as Own;
use sanctum_vault::keyfile::AgentKey;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Of the agents' keys; the vault has another.
const OWN: &str = "of the agent";

struct Scene {
    served: Served,
    root: PathBuf,
    _dir: tempfile::TempDir,
}

/// An unsealed vault with the agents `plain` and `sealed`.
fn scene() -> Scene {
    let dir = folder();
    let root = dir.path().join("root");
    let served = Served::start(root.clone());
    served.vault(&["unseal"]).exits(0);
    served.fed(&["put", "a/b", "--stdin"], b"one").exits(0);
    let rule = ["policy", "set", "all", "--agent", "*", "--path", "**", "--action", "retrieve"];
    served.vault(&rule).exits(0);
    let scene = Scene { served, root, _dir: dir };
    std::fs::write(scene.root.join("own"), OWN).expect("a file");
    private(&scene.root.join("own"));
    scene.served.vault(&["agent", "register", "plain", "--plain"]).exits(0);
    scene.verb("register", "sealed", &[]);
    scene
}

fn private(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
}

impl Scene {
    fn words<'a>(&self, verb: &'a str, name: &'a str, more: &[&'a str]) -> Vec<String> {
        let own = self.root.join("own").display().to_string();
        let mut all: Vec<String> =
            ["agent", verb, name].iter().chain(more).map(|word| (*word).to_owned()).collect();
        if name == "sealed" {
            all.extend(["--key-passphrase-file".to_owned(), own]);
        }
        all
    }

    fn verb(&self, verb: &str, name: &str, more: &[&str]) -> Value {
        let words = self.words(verb, name, &[more, &["--json"]].concat());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.served.vault(&words).exits(0).json()["vault"].take()
    }

    fn file(&self, name: &str) -> PathBuf {
        let end = if name == "sealed" { "key.enc" } else { "key" };
        self.root.join(format!(".sanctum/keys/{name}.{end}"))
    }

    /// Whether the vault takes the key in that file.
    fn opens(&self, name: &str, path: &Path) -> bool {
        let Ok(text) = std::fs::read(path) else { return false };
        let key = AgentKey::from_plain(&text);
        let Ok(key) = key.or_else(|_| AgentKey::from_sealed(&text, OWN.as_bytes())) else {
            return false;
        };
        let mut own = Own::connect(&self.root.join(".sanctum/vault.sock")).expect("it is served");
        own.authenticate(name, &key).is_ok()
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.root.join(".sanctum/keys")).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect();
        names.sort();
        names
    }
}

fn successor(path: &Path) -> PathBuf {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    fresh.into()
}

#[test]
fn the_published_client_opens_the_key_that_took_the_place_of_another() {
    let python = sanctum_tests::need!("sanctum-ai-python");
    let scene = scene();
    let class = ("sanctum_ai", "SanctumClient");
    let options = |name: &str| match name {
        "sealed" => json!({ "passphrase": OWN }),
        _ => json!({}),
    };
    for name in ["plain", "sealed"] {
        let mut before = Client::python(&python, &scene.root, class, (name, &options(name)));
        assert_eq!(before.ok("connect", json!([])), true);
        assert_eq!(before.ok("retrieve", json!(["a/b"])), "one");
        let old = std::fs::read(scene.file(name)).expect("a key");
        let told = scene.verb("rotate", name, &[]);
        let file = scene.file(name).display().to_string();
        assert_eq!(told, json!({ "agent": name, "key": file, "finished": false }));
        let new = std::fs::read(scene.file(name)).expect("a key");
        assert!(new != old && new.len() == old.len());
        let mode = std::fs::metadata(scene.file(name)).expect("facts").permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        // What was open is over, and the old key opens nothing.
        before.refused("retrieve", json!(["a/b"]), ("SessionExpired", "SESSION_EXPIRED"));
        std::fs::write(scene.root.join("old"), &old).expect("a copy");
        assert!(!scene.opens(name, &scene.root.join("old")));
        let mut after = Client::python(&python, &scene.root, class, (name, &options(name)));
        assert_eq!(after.ok("connect", json!([])), true);
        assert_eq!(after.ok("retrieve", json!(["a/b"])), "one");
    }
    assert_eq!(scene.names(), ["plain.key", "sealed.key.enc"]);
    assert!(journal(&scene.root).contains("vault.agent-rotate"));
}

#[test]
fn a_key_is_replaced_where_it_is_meant_and_only_there() {
    let scene = scene();
    let vault = |words: &[&str]| scene.served.vault(words);
    let before = std::fs::read(scene.file("plain")).expect("a key");
    vault(&["agent", "register", "plain", "--plain"]).exits(4).says("vault agent rotate plain");
    let elsewhere = scene.root.join("elsewhere").display().to_string();
    vault(&["agent", "register", "plain", "--plain", "--out", &elsewhere]).exits(4);
    assert!(!Path::new(&elsewhere).exists() && scene.opens("plain", &scene.file("plain")));
    vault(&["agent", "rotate", "nobody"]).exits(4).says("agent register nobody");
    vault(&["agent", "rotate", "No Name"]).exits(2);
    // Another passphrase than the key's changes nothing.
    let vaults = scene.root.join("passphrase").display().to_string();
    vault(&["agent", "rotate", "sealed", "--key-passphrase-file", &vaults]).exits(4);
    vault(&["agent", "rotate", "sealed"]).exits(4).says("no terminal");
    assert!(scene.opens("sealed", &scene.file("sealed")));
    assert_eq!(std::fs::read(scene.file("plain")).expect("a key"), before);
    // Two files of one name, and one that is elsewhere, behind a link.
    let both = scene.root.join(".sanctum/keys/plain.key.enc");
    std::fs::write(&both, "").expect("a file");
    vault(&["agent", "rotate", "plain"]).exits(4).says("--key FILE");
    std::fs::remove_file(&both).expect("removed");
    std::fs::rename(scene.file("plain"), &elsewhere).expect("moved");
    vault(&["agent", "rotate", "plain"]).exits(4).says("--key FILE").says("agent remove plain");
    std::os::unix::fs::symlink(&elsewhere, scene.file("plain")).expect("a link");
    scene.verb("rotate", "plain", &[]);
    assert!(scene.file("plain").is_symlink() && scene.opens("plain", Path::new(&elsewhere)));
    scene.verb("rotate", "plain", &["--key", &elsewhere]);
    assert!(scene.opens("plain", Path::new(&elsewhere)));
    // No key at all.
    std::fs::write(&elsewhere, "no key").expect("a file");
    vault(&["agent", "rotate", "plain"]).exits(4).says("agent remove plain");
    // One that can be read by others is none of the agent's alone.
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(scene.file("sealed"), mode).expect("a mode");
    vault(&["agent", "rotate", "sealed"]).exits(1).says("chmod 600");
}

#[test]
fn what_a_run_left_is_told_to_the_vault_or_was_never_whole() {
    let scene = scene();
    for name in ["plain", "sealed"] {
        let fresh = successor(&scene.file(name));
        let whole = |key: &AgentKey| match name {
            "sealed" => key.sealed(OWN.as_bytes()).expect("random bytes"),
            _ => key.plain().to_string(),
        };
        // Half of one: the vault cannot have been told.
        for length in [0, 40] {
            let all = whole(&AgentKey::new().expect("random bytes"));
            std::fs::write(&fresh, all.get(..length).expect("digits")).expect("a part");
            private(&fresh);
            assert_eq!(scene.verb("rotate", name, &[])["finished"], false);
            assert!(scene.opens(name, &scene.file(name)));
        }
        // A whole one, of which the vault may have been told or not.
        let key = AgentKey::new().expect("random bytes");
        std::fs::write(&fresh, whole(&key)).expect("a key");
        private(&fresh);
        assert_eq!(scene.verb("rotate", name, &[])["finished"], true);
        let text = std::fs::read(scene.file(name)).expect("a key");
        let used = AgentKey::from_plain(&text);
        let used = used.or_else(|_| AgentKey::from_sealed(&text, OWN.as_bytes())).expect("a key");
        assert_eq!(used.public(), key.public());
        assert!(scene.opens(name, &scene.file(name)));
    }
    assert_eq!(scene.names(), ["plain.key", "sealed.key.enc"]);
}

/// What a rotation does to the disk and to the vault, each in its turn.
const CALLS: [&str; 6] = ["fsync", "fchown", "rename", "unlink", "sendto", "recvfrom"];

/// The verb under strace, killed at the entry of that call; whether it was.
fn killed(scene: &Scene, name: &str, (call, number): (&str, usize)) -> bool {
    let mut command = command(&sanctum_tests::tool("strace"), &scene.root);
    // A name of the Linux of one machine: others have `renameat` alone.
    let calls = if call == "rename" { "?rename,?renameat,?renameat2" } else { call };
    command.args(["-qq", "-f", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
    command.args(["-e", &format!("inject={calls}:signal=KILL:when={number}")]);
    command.arg(sanctum()).args(["vault", "--root"]).arg(&scene.root);
    command.arg("--passphrase-file").arg(scene.root.join("passphrase"));
    command.args(scene.words("rotate", name, &[]));
    let ended =
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("strace starts");
    let killed = ended.signal() == Some(9);
    assert!(killed || ended.success(), "{call} {number}: {ended}");
    killed
}

#[test]
fn a_kill_at_any_step_leaves_a_key_that_opens_and_the_next_run_ends_it() {
    let _ = sanctum_tests::need!("strace");
    let scene = scene();
    let (mut kills, mut waited) = (0, 0);
    for name in ["plain", "sealed"] {
        let (file, fresh) = (scene.file(name), successor(&scene.file(name)));
        for call in CALLS {
            for number in 1.. {
                if !killed(&scene, name, (call, number)) {
                    break;
                }
                kills += 1;
                let there = [&file, &fresh].map(|path| scene.opens(name, path));
                assert!(there.contains(&true), "{name}: no key opens after {call} {number}");
                waited += usize::from(there == [false, true]);
                let begun = fresh.exists();
                let told = scene.verb("rotate", name, &[]);
                assert!(begun || told["finished"] == false, "{call} {number}");
                assert!(scene.opens(name, &file), "{name}: after {call} {number}");
                assert!(!fresh.exists());
            }
        }
    }
    assert_eq!(scene.names(), ["plain.key", "sealed.key.enc"]);
    // At each sync, at the rename and around the words with the vault; and the vault knew the key that waited in some.
    assert!(kills >= 12 && waited >= 4, "{kills} kills, {waited} with the other key in force");
}
