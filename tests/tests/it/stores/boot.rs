//! What a service needs at boot: with no variable in the environment, no network interface and no session, every
//! unattended store answers, and the others say that they cannot.
//!
//! The child is this very binary, so what it proves is the code that the services link.
#![expect(clippy::disallowed_methods, reason = "a child of the test's own")]

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

const UNATTENDED: [&str; 3] = ["file:token", "age:/repo/token.age", "keychain:svc/token"];

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
