//! One law for every kind of local place: what was written is read, a look changes nothing, and what is not clear is refused.
#![expect(clippy::disallowed_methods, reason = "real files of a test's own folder")]

use super::*;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

fn put(root: &Path, name: &str, text: &str, bits: u32) {
    let path = root.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
}

fn local(root: &Path, name: &str, form: Form) -> LocalFile {
    LocalFile {
        root: root.to_owned(),
        path: AbsPath::new(format!("/{name}")).unwrap(),
        part: Part { value: form, id: None },
    }
}

const fn alone(value: &str) -> Given<'_> {
    Given { value, key: None }
}

fn everything(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                all.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    all.sort();
    all
}

#[test]
fn what_was_written_is_read_and_a_look_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    put(root, "a.env", "A=1\nKEY=old\n", 0o600);
    put(root, "a.json", "{\"k\": {\"key\": \"old\"}}", 0o600);
    let places = Places::machine(root).unwrap();
    let store = |text: &str| StorePlace {
        places: places.clone(),
        reference: SecretRef::parse(text).unwrap(),
    };
    let all: Vec<(&str, Box<dyn Consumer>)> = vec![
        ("env", Box::new(local(root, "a.env", Form::Env("KEY".to_owned())))),
        ("json", Box::new(local(root, "a.json", Form::Json("k.key".to_owned())))),
        ("file", Box::new(store("file:a"))),
        ("keychain", Box::new(store("keychain:a/b"))),
        ("age", Box::new(store("age:a.age"))),
    ];
    // The first put makes the identity that the age file needs.
    for place in ["keychain:a/b", "file:a", "age:a.age"] {
        store(place).write(alone("old")).unwrap();
    }
    for (name, one) in &all {
        let before = everything(root);
        one.may_write().unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
        assert_eq!(one.read().unwrap().as_deref().map(String::as_str), Some("old"), "{name}");
        assert_eq!(everything(root), before, "{name}: a look changed something");
        one.write(alone("sk-new_1.2/3")).unwrap();
        assert_eq!(
            one.read().unwrap().as_deref().map(String::as_str),
            Some("sk-new_1.2/3"),
            "{name}"
        );
    }
    let mode = fs::metadata(root.join("a.env")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
}

#[test]
fn what_is_not_clear_is_refused_and_nothing_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    put(root, "open.env", "KEY=old\n", 0o644);
    put(root, "twice.env", "KEY=a\nKEY=b\n", 0o600);
    put(root, "real.json", "{\"key\": \"old\"}", 0o600);
    symlink(root.join("real.json"), root.join("link.json")).unwrap();
    put(root, "list.json", "{\"key\": [\"old\"]}", 0o600);
    let before = everything(root);
    for (name, form) in [
        ("open.env", Form::Env("KEY".to_owned())),
        ("twice.env", Form::Env("KEY".to_owned())),
        ("link.json", Form::Json("key".to_owned())),
        ("list.json", Form::Json("key".to_owned())),
        ("none.json", Form::Json("key".to_owned())),
        ("no/dir.env", Form::Env("KEY".to_owned())),
    ] {
        let one = local(root, name, form);
        assert!(matches!(one.may_write(), Err(Failure::Never(_))), "{name}");
        assert!(matches!(one.write(alone("new")), Err(Failure::Never(_))), "{name}");
        assert_eq!(everything(root), before, "{name}");
    }
}

#[test]
fn a_line_break_at_the_end_is_no_part_of_a_value() {
    let dir = tempfile::tempdir().unwrap();
    let places = Places::machine(dir.path()).unwrap();
    let reference = SecretRef::File("a".to_owned());
    let one = StorePlace { places, reference };
    assert_eq!(one.read().unwrap(), None);
    for (written, read) in [("v\n", "v"), ("v\r\n", "v"), ("v\n\n", "v\n"), ("v ", "v ")] {
        one.write(alone(written)).unwrap();
        assert_eq!(one.read().unwrap().as_deref().map(String::as_str), Some(read));
    }
}

#[test]
fn a_pair_is_written_and_judged_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    put(root, "a.env", "# kept\nID=AKIDOLD\nSECRET=old\n", 0o600);
    put(root, "new.env", "SECRET=old\n", 0o600);
    put(root, "a.json", "{\"id\": \"AKIDOLD\", \"secret\": \"old\"}", 0o600);
    let pair = |name: &str, form: fn(String) -> Form, value: &str, id: &str| {
        let part = Part { value: form(value.to_owned()), id: Some(form(id.to_owned())) };
        LocalFile { part, ..local(root, name, form(value.to_owned())) }
    };
    for (name, one) in [
        ("a.env", pair("a.env", Form::Env, "SECRET", "ID")),
        ("new.env", pair("new.env", Form::Env, "SECRET", "ID")),
        ("a.json", pair("a.json", Form::Json, "secret", "id")),
    ] {
        one.may_write().unwrap();
        assert_eq!(one.read().unwrap().unwrap().as_str(), "old");
        assert_eq!(one.has_id(Some("AKIDOLD")).unwrap(), name != "new.env");
        let before = everything(root);
        // A key without an id is none of a pair.
        assert_eq!(one.write(alone("new")), Err(Failure::Never(Reason::Settings)), "{name}");
        assert_eq!(everything(root), before);
        one.write(Given { value: "new", key: Some("AKIDNEW") }).unwrap();
        assert_eq!(one.read().unwrap().unwrap().as_str(), "new");
        assert!(one.has_id(Some("AKIDNEW")).unwrap() && !one.has_id(Some("AKIDOLD")).unwrap());
        assert!(!one.has_id(None).unwrap(), "{name}");
    }
    let text = fs::read_to_string(root.join("a.env")).unwrap();
    assert_eq!(text, "# kept\nID=AKIDNEW\nSECRET=new\n");
    // A document without a place for the id is no consumer.
    put(root, "half.json", "{\"secret\": \"old\"}", 0o600);
    let half = pair("half.json", Form::Json, "secret", "id");
    assert_eq!(half.may_write(), Err(Failure::Never(Reason::Unwritable)));
}
