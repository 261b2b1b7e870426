//! `sanctum vault agent rotate`: at every moment the key that the vault knows is on the disk.

use super::{LONG, Served, command};
use crate::cli::program::{folder, sanctum};
use sanctum_vault::client::Client;
use sanctum_vault::keyfile::AgentKey;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

fn private(path: &Path, text: &str) -> String {
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("a mode");
    path.to_str().expect("UTF-8").to_owned()
}

fn proves(root: &Path, key: Option<AgentKey>) -> bool {
    let mut client = Client::connect(&root.join(".sanctum/vault.sock")).expect("it is served");
    key.is_some_and(|key| client.authenticate("x", &key).is_ok())
}

fn plain(path: &Path) -> Option<AgentKey> {
    AgentKey::from_plain(&fs::read(path).ok()?).ok()
}

fn keys(root: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(root.join(".sanctum/keys")).expect("a folder");
    all.map(|entry| entry.expect("an entry").path()).collect()
}

#[test]
fn the_file_keeps_its_form_and_the_old_key_opens_nothing() {
    let dir = folder();
    let root = dir.path().join("root");
    let served = Served::start(root.clone());
    served.vault(&["unseal"]).exits(0);
    served.vault(&["agent", "rotate", "x"]).exits(4).says("sanctum vault agent register x");
    served.vault(&["agent", "register", "x", "--plain"]).exits(0);
    served
        .vault(&["agent", "register", "x", "--plain", "--out", "again.key"])
        .exits(2)
        .says("sanctum vault agent rotate x");
    assert!(!root.join("again.key").exists());
    let file = root.join(".sanctum/keys/x.key");
    let old = fs::read(&file).expect("a key");
    served.vault(&["agent", "rotate", "x", "--json"]).exits(0);
    assert!(proves(&root, plain(&file)));
    assert!(!proves(&root, AgentKey::from_plain(&old).ok()));
    assert_eq!(keys(&root), std::slice::from_ref(&file));
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
    // Encrypted, elsewhere.
    let sealed = plain(&file).expect("a key").sealed(b"one").expect("random bytes");
    let other = private(&root.join("x.key.enc"), &sealed);
    let word = private(&root.join("word"), "two\n");
    let args = ["agent", "rotate", "x", "--key", &other, "--new-passphrase-file", &word];
    served.vault(&args).exits(0);
    let open = |word: &[u8]| AgentKey::from_sealed(&fs::read(&other).expect("a key"), word).ok();
    assert!(open(b"one").is_none());
    assert!(proves(&root, open(b"two")) && !proves(&root, plain(&file)));
    // Two files: which one counts is for the owner to say.
    private(&root.join(".sanctum/keys/x.key.enc"), &sealed);
    served.vault(&["agent", "rotate", "x"]).exits(2).says("--key FILE");
    let none = private(&root.join("none"), "no key\n");
    served.vault(&["agent", "rotate", "x", "--key", &none]).exits(4).says("is no key of an agent");
}

#[test]
fn one_that_was_ended_in_between_is_finished_by_the_next() {
    let dir = folder();
    let root = dir.path().join("root");
    let served = Served::start(root.clone());
    served.vault(&["unseal"]).exits(0);
    served.vault(&["agent", "register", "x", "--plain"]).exits(0);
    let file = root.join(".sanctum/keys/x.key");
    let mut left_behind = 0;
    for round in 0..16 {
        let mut child = command(sanctum(), &root);
        child
            .args(["vault", "--root"])
            .arg(&root)
            .arg("--passphrase-file")
            .arg(root.join("passphrase"));
        child.args(["agent", "rotate", "x"]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = child.spawn().expect("it starts");
        // Ended as soon as the file that waits is there, or a little later; where it is too quick, nothing is lost.
        let begun = Instant::now();
        while keys(&root).len() < 2 && begun.elapsed() < LONG {
            if child.try_wait().expect("it is ours").is_some() {
                break;
            }
        }
        std::thread::sleep(Duration::from_micros(round % 8 * 500));
        let _ = child.kill();
        child.wait().expect("it ended");
        left_behind += usize::from(keys(&root).len() > 1);
        assert!(keys(&root).iter().any(|path| proves(&root, plain(path))), "round {round}");
    }
    assert!(left_behind > 0, "none of them was ended in between");
    served.vault(&["agent", "rotate", "x"]).exits(0);
    assert_eq!(keys(&root), std::slice::from_ref(&file));
    assert!(proves(&root, plain(&file)));
}

#[test]
fn what_waits_takes_its_place_only_where_the_vault_knows_it() {
    let dir = folder();
    let root = dir.path().join("root");
    let served = Served::start(root.clone());
    served.vault(&["unseal"]).exits(0);
    served.vault(&["agent", "register", "x", "--plain"]).exits(0);
    let file = root.join(".sanctum/keys/x.key");
    let known = plain(&file).expect("a key");
    let waits = |key: &AgentKey| {
        let digits: String = sanctum_vault::hex(&key.public()).chars().take(32).collect();
        file.with_file_name(format!("x.key.{digits}.next"))
    };
    // The vault was told, and the file was not: its key is of before.
    let before = AgentKey::new().expect("random bytes");
    private(&file, &before.plain());
    private(&waits(&known), &known.plain());
    private(&waits(&before), &before.plain());
    // The first thing that it does, before a passphrase that cannot be asked for.
    let sealed = known.sealed(b"p").expect("random bytes");
    let told = served.vault(&["agent", "rotate", "x", "--json"]).exits(0).json();
    assert_eq!(told["vault"]["finished_earlier"], true);
    assert!(proves(&root, plain(&file)) && keys(&root) == std::slice::from_ref(&file));
    // Nothing is brought into place that the vault does not know.
    private(&waits(&before), &sealed);
    let told = served.vault(&["agent", "rotate", "x", "--json"]).exits(0).json();
    assert_eq!(told["vault"]["finished_earlier"], false);
    assert!(proves(&root, plain(&file)) && keys(&root) == [file]);
}
