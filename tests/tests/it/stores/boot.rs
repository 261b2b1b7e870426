//! What a service needs at boot: with no variable in the environment, no network interface and no session, every
//! unattended store answers, and the others say that they cannot.
//!
//! The child is this very binary, so what it proves is the code that the services link.
#![expect(clippy::disallowed_methods, reason = "a child of the test's own")]

use crate::cli::program::{House, Ran, SMALL, sanctum};
use sanctum_secrets::places::{OnePasswordAccess, Places, Via};
use sanctum_secrets::resolve::{ResolveError, resolve_line};
use sanctum_secrets::stores::Store as _;
use sanctum_secrets::stores::Value;
use sanctum_secrets::stores::keychain::Keychain;
use sanctum_tests::need;
use sanctum_types::SecretRef;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const UNATTENDED: [&str; 4] =
    ["file:token", "age:/repo/token.age", "keychain://system/svc/boot", "keychain:svc/token"];

fn reference(text: &str) -> SecretRef {
    SecretRef::parse(text).expect("a reference")
}

fn places(root: &Path) -> Places {
    Places::machine(root).expect("places")
}

#[test]
#[ignore = "the child, which is started with nothing"]
fn child() {
    assert_eq!(std::env::vars_os().count(), 0, "the environment is empty");
    let interfaces = std::fs::read_to_string("/proc/self/net/dev").expect("interfaces");
    assert!(interfaces.lines().skip(2).all(|line| line.trim().starts_with("lo:")), "{interfaces}");
    let start = Instant::now();
    let mut places = places(&std::env::current_dir().expect("a folder"));
    for text in UNATTENDED {
        assert!(places.store(&reference(text)).expect("a store").unattended(), "{text}");
        let found = resolve_line(&reference(text), &places).expect(text);
        assert_eq!(found.expose(), "planted", "{text}");
    }
    let login = Keychain::login(None).get(&reference("keychain:svc/token")).known();
    assert!(login.is_err(), "without a session a keychain is not empty");
    let via = Via::Connect("http://127.0.0.1:9".to_owned());
    places.one_password = Some(OnePasswordAccess { via, token: reference("file:token") });
    let away = resolve_line(&reference("op://v/i/f"), &places);
    assert!(matches!(away, Err(ResolveError::Unreachable { .. })), "{away:?}");
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn unattended_stores_answer_with_no_environment_no_interface_and_no_session() {
    let (unshare, env) = need!("unshare", "env");
    let dir = tempfile::tempdir().expect("a folder");
    // The embedded store first: its put makes the identity that the age file needs.
    for text in UNATTENDED.iter().rev() {
        let places = places(dir.path());
        let store = places.store(&reference(text)).expect("a store");
        store.put(&reference(text), &Value::new(b"planted\n".to_vec())).expect("a put");
    }
    let output = Command::new(unshare)
        .arg("--net")
        .arg(env)
        .arg("-i")
        .arg(std::env::current_exe().expect("this binary"))
        .args(["--exact", "stores::boot::child", "--ignored", "--nocapture"])
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .output()
        .expect("a child");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{why}");
}

/// A document with one value, `a.token` of `s.yaml` in the repository, for the identity of that machine.
pub(crate) fn sops_document(root: &Path) {
    use sanctum_secrets::sops::opened::{Recipe, encrypt};
    use sanctum_secrets::sops::{Format, datakey, selectors::Selector};
    let identity = std::fs::read_to_string(root.join("etc/sanctum/identity")).expect("an identity");
    let recipient = identity.lines().find_map(|line| line.strip_prefix("# public key: "));
    let group = datakey::recipients_group(&[recipient.expect("its public half").to_owned()]);
    let recipe = Recipe {
        groups: vec![group.expect("a recipient")],
        threshold: None,
        selector: Selector::of(|_| None).expect("the usual one"),
        mac_only_encrypted: false,
    };
    let mut opened = encrypt(b"a:\n  token: planted\n", Format::Yaml, &recipe).expect("sealed");
    let text = opened.sealed(sanctum_types::UnixTime(1_795_348_800)).expect("closed");
    std::fs::write(root.join("repo/s.yaml"), text.as_bytes()).expect("a document");
}

/// The binary that services run, started with nothing: what it says of a channel that cannot be reached shows whether
/// the channel's token was there.
#[test]
fn the_real_binary_resolves_with_no_environment_no_interface_and_no_session() {
    let (unshare, env) = need!("unshare", "env");
    for text in [
        "file:token",
        "keychain:svc/token",
        "keychain://system/svc/token",
        "age:/repo/token.age",
        "sops:/repo/s.yaml#a.token",
    ] {
        let channel =
            "{name: gone, via: {ntfy: {url: \"http://127.0.0.1:1\", topic: house, token: token}}}";
        let more = format!(
            "\nsecrets:\n  token: {{ref: \"{text}\"}}\nalerts:\n  channels:\n    - {channel}\n"
        );
        let house = House::new(&format!("{SMALL}{more}"));
        let run = || {
            let mut command = house.command(&unshare);
            command.env_clear().arg("--net").arg(&env).arg("-i").arg(sanctum());
            let arguments = house.arguments(&["alerts", "test", "--channel", "gone"]);
            Ran::of(&command.args(arguments).output().expect("sanctum starts")).exits(3)
        };
        let without = run().stdout;
        assert!(!without.contains("cannot reach"), "{text}: {without}");
        let root = house.at("root");
        // The embedded store's put makes the identity that age files and documents need.
        for item in ["keychain:svc/identity", text] {
            match reference(item) {
                SecretRef::Sops { .. } => {
                    std::fs::create_dir_all(root.join("repo")).expect("a folder");
                    sops_document(&root);
                }
                item => {
                    let store = places(&root).store(&item).expect("a store");
                    store.put(&item, &Value::new(b"planted\n".to_vec())).expect("a put");
                }
            }
        }
        let with = run().stdout;
        assert!(with.contains("not delivered: cannot reach 127.0.0.1"), "{text}: {with}");
        assert!(!with.contains("planted"), "{text}: {with}");
    }
}
