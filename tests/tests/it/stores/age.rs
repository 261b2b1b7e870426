//! Debian's `age`, both ways: what it wrote is read, and what is written it reads.
#![expect(clippy::disallowed_methods, reason = "counterparts in a folder of the test's own")]

use sanctum_secrets::identity::{fresh, parse_recipient};
use sanctum_secrets::places::Places;
use sanctum_secrets::stores::Value;
use sanctum_tests::need;
use sanctum_types::{AbsPath, SecretRef};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

struct Bed {
    dir: tempfile::TempDir,
    places: Places,
}

impl Bed {
    /// A machine of the test's own; its relative `age:` files lie in `/repo`.
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut places = Places::machine(dir.path()).expect("places");
        places.base = AbsPath::new("/repo").expect("a path");
        fs::create_dir_all(dir.path().join("repo")).expect("a folder");
        fs::create_dir_all(dir.path().join("etc/sanctum")).expect("a folder");
        Self { dir, places }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn identity(&self, text: &[u8]) {
        let path = self.path("etc/sanctum/identity");
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
    }

    fn get(&self, reference: &str) -> Vec<u8> {
        let reference = SecretRef::parse(reference).expect("a reference");
        let found = self.places.store(&reference).expect("a store").get(&reference);
        found.known().expect("known").expect("there").expose().clone()
    }

    fn put(&self, reference: &str, value: &[u8]) {
        let reference = SecretRef::parse(reference).expect("a reference");
        let store = self.places.store(&reference).expect("a store");
        store.put(&reference, &Value::new(value.to_vec())).expect("a put");
    }
}

fn run(program: &Path, args: &[&str], input: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut child = Command::new(program)
        .args(args)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a counterpart");
    child.stdin.take().expect("a pipe").write_all(input).expect("input");
    let output = child.wait_with_output().expect("an end");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

const VALUES: [&[u8]; 4] =
    [b"", b"one line\n", "ünï \u{0} bytes \u{fffd}".as_bytes(), &[0xff; 70_000]];

#[test]
fn files_cross_both_ways_binary_and_armored() {
    let (age, keygen) = need!("age", "age-keygen");
    let bed = Bed::new();
    let made = run(&keygen, &[], b"");
    bed.identity(&made);
    let identity = bed.path("etc/sanctum/identity").display().to_string();
    let recipient = run(&keygen, &["-y", &identity], b"");
    let recipient = String::from_utf8(recipient).expect("text").trim().to_owned();
    for (at, value) in VALUES.iter().enumerate() {
        let file = bed.path(&format!("repo/{at}.age")).display().to_string();
        for armor in [&[][..], &["-a"]] {
            let args = [armor, &["-r", &recipient, "-o", &file]].concat();
            run(&age, &args, value);
            assert_eq!(bed.get(&format!("age:{at}.age")), *value);
            // A rewrite keeps the form, and age reads it.
            let new = [value, &b"new"[..]].concat();
            bed.put(&format!("age:{at}.age"), &new);
            assert_eq!(run(&age, &["-d", "-i", &identity, &file], b""), new);
            let armored = fs::read(&file).expect("a file").starts_with(b"-----BEGIN AGE");
            assert_eq!(armored, !armor.is_empty());
        }
    }
}

#[test]
fn age_opens_the_embedded_store_with_the_identity_that_it_made() {
    let (age, keygen) = need!("age", "age-keygen");
    let bed = Bed::new();
    bed.put("keychain:svc/me", b"quoted \" and \xc3\xbc");
    bed.put("keychain:svc/bytes", b"\xff\x00");
    let identity = bed.path("etc/sanctum/identity").display().to_string();
    let store = bed.path("etc/sanctum/secrets/.store.age").display().to_string();
    let plain = run(&age, &["-d", "-i", &identity, &store], b"");
    let json: serde_json::Value = serde_json::from_slice(&plain).expect("JSON");
    assert_eq!(
        json,
        serde_json::json!({ "format": 1, "items": [
            { "service": "svc", "account": "bytes", "base64": "/wA=" },
            { "service": "svc", "account": "me", "text": "quoted \" and ü" },
        ]})
    );
    // And a store that age wrote is ours.
    let recipient = run(&keygen, &["-y", &identity], b"");
    let recipient = String::from_utf8(recipient).expect("text");
    let plain =
        "{\"format\":1,\"items\":[{\"service\":\"s\",\"account\":\"a\",\"text\":\"theirs\"}]}";
    run(&age, &["-r", recipient.trim(), "-o", &store], plain.as_bytes());
    fs::set_permissions(&store, fs::Permissions::from_mode(0o600)).expect("a mode");
    assert_eq!(bed.get("keychain:s/a"), b"theirs");
}

#[test]
fn our_identities_are_age_s_and_ssh_keys_are_identities() {
    let (age, keygen, ssh) = need!("age", "age-keygen", "ssh-keygen");
    let bed = Bed::new();
    let (text, recipient) = fresh();
    bed.identity(text.as_bytes());
    let identity = bed.path("etc/sanctum/identity").display().to_string();
    assert_eq!(run(&keygen, &["-y", &identity], b""), format!("{recipient}\n").as_bytes());
    assert!(parse_recipient(&recipient).is_ok());
    let key = bed.path("key").display().to_string();
    run(&ssh, &["-q", "-t", "ed25519", "-N", "", "-C", "me", "-f", &key], b"");
    fs::copy(&key, bed.path("etc/sanctum/identity")).expect("a copy");
    let file = bed.path("repo/ssh.age").display().to_string();
    run(&age, &["-R", &format!("{key}.pub"), "-o", &file], b"by ssh");
    assert_eq!(bed.get("age:ssh.age"), b"by ssh");
    bed.put("age:ssh.age", b"back");
    assert_eq!(run(&age, &["-d", "-i", &key, &file], b""), b"back");
    // Its passphrase would have to be asked for.
    run(&ssh, &["-q", "-p", "-N", "a passphrase", "-f", &key], b"");
    fs::copy(&key, bed.path("etc/sanctum/identity")).expect("a copy");
    let reference = SecretRef::parse("age:ssh.age").expect("a reference");
    let store = bed.places.store(&reference).expect("a store");
    let error = store.get(&reference).known().expect_err("it is locked");
    assert!(sanctum_types::chain(&error).contains("needs a passphrase"));
}
