//! Stand-in for the `op` program with a service account, strict and with a memory, written from its documented
//! commands; the real one is in no registry that the tests install from. It writes down what it was given, so that a
//! value in an argument is found.
#![expect(clippy::disallowed_methods, reason = "a stand-in in a folder of the test's own")]

pub(crate) use super::one_password::TOKEN;
use super::one_password::{ITEM, Laws, VAULT, laws};
use sanctum_host::files::TempDir;
use sanctum_secrets::stores::one_password::OnePassword;
use sanctum_secrets::stores::one_password::op::{Op, Quota};
use sanctum_secrets::stores::{Store, Value};
use sanctum_types::{AbsPath, Secret, SecretRef};
use serde_json::Value as Json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

const STUB: &str = include_str!("op.py");

/// A folder with the stand-in.
pub(crate) struct Bed(TempDir);

impl Bed {
    pub(crate) fn new() -> Self {
        // Root runs only what root alone could have put there, which no folder below /tmp is.
        let bed = Self(TempDir::new().expect("a folder"));
        bed.write("op", &STUB.replace("@TOKEN@", TOKEN).replace("@VAULT@", VAULT));
        fs::set_permissions(bed.path("op"), fs::Permissions::from_mode(0o755)).expect("a mode");
        bed.write("items.json", "{}");
        bed
    }

    /// A file of it: `op`, `items.json` that it keeps, `given` that it was given.
    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// The items that it keeps.
    #[cfg(target_os = "linux")]
    pub(crate) fn items(&self) -> Vec<Json> {
        let text = fs::read_to_string(self.path("items.json")).expect("items");
        let all: Json = serde_json::from_str(&text).expect("JSON");
        all.as_object().expect("by id").values().cloned().collect()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    fn op(&self, token: &str) -> Op {
        let program = AbsPath::new(self.path("op").display().to_string()).expect("a path");
        Op::new(program, Secret::new(token.to_owned()))
    }

    fn store(&self, token: &str) -> OnePassword {
        OnePassword::new(Box::new(self.op(token)))
    }

    fn given(&self) -> String {
        fs::read_to_string(self.path("given")).expect("what it was given")
    }
}

#[test]
fn fields_are_put_by_standard_input_and_no_argument_holds_a_value() {
    let _ = sanctum_tests::need!("python3");
    let bed = Bed::new();
    let seed = |item: Json| {
        let text = fs::read_to_string(bed.path("items.json")).expect("items");
        let mut all: Json = serde_json::from_str(&text).expect("JSON");
        let id = item["id"].as_str().expect("an id").to_owned();
        all[id] = item;
        bed.write("items.json", &all.to_string());
    };
    laws(&Laws { store: &bed.store(TOKEN), seed: &seed, edits_logins: false });
    let given = bed.given();
    for value in ["first", "second", "third", "hook", "planted-value", "t2"] {
        assert!(!given.contains(&format!("{value}\"")), "{value} is in an argument: {given}");
    }
    // One token, in one variable of that child.
    for line in given.lines() {
        let line: Json = serde_json::from_str(line).expect("a line");
        let env = line["env"].as_object().expect("variables");
        let names: Vec<&str> = env.keys().map(String::as_str).collect();
        let known =
            ["HOME", "LC_ALL", "OP_CACHE", "OP_CONFIG_DIR", "OP_SERVICE_ACCOUNT_TOKEN", "PATH"];
        assert_eq!(names, known);
        assert!(!line["argv"].to_string().contains(TOKEN));
        assert!(
            !fs::exists(env["HOME"].as_str().expect("a path")).expect("a look"),
            "its home is gone"
        );
    }
}

#[test]
fn what_op_refuses_is_unreachable_and_its_words_are_not_repeated() {
    let _ = sanctum_tests::need!("python3");
    let bed = Bed::new();
    let item = SecretRef::parse(ITEM).expect("a reference");
    for (fault, wanted) in [
        ("limit", "rate limit is reached"),
        ("forbidden", "no access"),
        ("crash", "`op` ended with status 2"),
        ("html", "not the documented JSON"),
        ("empty", "not the documented JSON"),
    ] {
        bed.write("fault", fault);
        let store = bed.store(TOKEN);
        for error in [
            store.get(&item).known().map(|_| ()),
            store.put(&item, &Value::new(b"planted-value".to_vec())),
            store.list().map(|_| ()),
        ] {
            let error = error.expect_err("unreachable");
            let said = format!("{} {error:?}", sanctum_types::chain(&error));
            assert!(said.contains(wanted), "{fault}: {said}");
            assert!(!said.contains("planted"), "{fault}: {said}");
        }
    }
    fs::remove_file(bed.path("fault")).expect("no fault");
    let error = bed.store("another-token").get(&item).known().expect_err("refused");
    assert!(sanctum_types::chain(&error).contains("the token is not accepted"));
    let gone = AbsPath::new("/nonexistent/op").expect("a path");
    let gone = OnePassword::new(Box::new(Op::new(gone, Secret::new(TOKEN.to_owned()))));
    let error = sanctum_types::chain(&gone.get(&item).known().expect_err("no program"));
    assert!(error.contains("cannot run `op`") && !error.contains("planted"), "{error}");
}

#[test]
fn what_is_left_of_the_limits_is_told() {
    let _ = sanctum_tests::need!("python3");
    let quota = Bed::new().op(TOKEN).quota().expect("a quota");
    let daily = Quota {
        of: "account".to_owned(),
        action: "read_write".to_owned(),
        limit: 1000,
        used: 12,
        remaining: 988,
        reset: 3600,
    };
    assert_eq!((quota.len(), quota.last()), (3, Some(&daily)));
}
