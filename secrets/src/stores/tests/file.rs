use super::*;
use crate::stores::{LONGEST, StoreError};
use std::os::unix::fs::symlink;

const DIR: &str = "/etc/sanctum/secrets";

#[test]
fn what_others_could_have_read_or_written_is_unreachable_and_never_absent() {
    let bed = Bed::new();
    bed.write("/etc/sanctum/secrets/good", b"v", 0o600);
    bed.write("/etc/sanctum/secrets/only", b"v", 0o400);
    for (name, mode) in [("open", 0o604), ("group", 0o640), ("all", 0o666)] {
        bed.write(&format!("{DIR}/{name}"), b"v", mode);
    }
    symlink(bed.path(&format!("{DIR}/good")), bed.path(&format!("{DIR}/link"))).unwrap();
    symlink("/nonexistent", bed.path(&format!("{DIR}/dangling"))).unwrap();
    fs::create_dir(bed.path(&format!("{DIR}/dir"))).unwrap();
    bed.write("/elsewhere", b"v", 0o600);
    fs::hard_link(bed.path("/elsewhere"), bed.path(&format!("{DIR}/hard"))).unwrap();
    let store = bed.store("file:x");
    let listed: Vec<String> = store.list().unwrap().iter().map(ToString::to_string).collect();
    let names = ["all", "dangling", "good", "group", "hard", "link", "only", "open"];
    assert_eq!(listed, names.map(|name| format!("file:{name}")), "what is there in any shape");
    for (name, wanted) in [
        ("good", "present v"),
        ("only", "present v"),
        ("none", "absent"),
        ("dir", "absent"),
        ("open", "others can read it"),
        ("group", "others can read it"),
        ("all", "others can read it"),
        ("link", "it is a symbolic link"),
        ("dangling", "it is a symbolic link"),
        ("hard", "it has another name"),
        (".lock", "names with a dot in front"),
    ] {
        let got = said(store.get(&reference(&format!("file:{name}"))));
        assert!(got == wanted || got.contains(wanted), "{name}: {got}");
        assert!(!got.starts_with("cannot") || !got.contains("absent"), "{name}: {got}");
    }
}

#[test]
fn a_directory_that_others_can_write_holds_no_secret() {
    let bed = Bed::new();
    bed.write("/etc/sanctum/secrets/good", b"v", 0o600);
    for mode in [0o777, 0o770, 0o1777, 0o702] {
        fs::set_permissions(bed.path(DIR), fs::Permissions::from_mode(mode)).unwrap();
        let store = bed.store("file:good");
        for error in [
            store.get(&reference("file:good")).known().map(|_| ()),
            store.put(&reference("file:good"), &value(b"w")),
            store.remove(&reference("file:good")).map(|_| ()),
            store.list().map(|_| ()),
        ] {
            let error = chain(&error.expect_err("refused"));
            assert!(error.contains("others can write"), "{mode:o}: {error}");
        }
    }
    assert_eq!(fs::read(bed.path("/etc/sanctum/secrets/good")).unwrap(), b"v");
}

#[test]
fn a_put_is_private_whatever_was_there_and_whatever_the_directory() {
    let bed = Bed::new();
    let store = bed.store("file:token");
    store.put(&reference("file:token"), &value(b"one")).unwrap();
    assert_eq!(mode(&bed.path(DIR)), 0o700);
    assert_eq!(mode(&bed.path("/etc/sanctum")), 0o755);
    bed.write(&format!("{DIR}/token"), b"two", 0o644);
    store.put(&reference("file:token"), &value(b"three")).unwrap();
    assert_eq!(mode(&bed.path(&format!("{DIR}/token"))), 0o600);
    let long = value(&vec![b'x'; LONGEST + 1]);
    let refused = store.put(&reference("file:token"), &long);
    assert!(matches!(refused, Err(StoreError::Value { .. })));
    assert_eq!(said(store.get(&reference("file:token"))), "present three");
    let foreign = store.put(&reference("age:/x"), &value(b"v"));
    assert!(matches!(foreign, Err(StoreError::Foreign { .. })));
}

#[test]
fn two_who_put_at_once_leave_one_of_both_values() {
    let bed = Bed::new();
    let long = |byte: u8| vec![byte; 100_000];
    std::thread::scope(|scope| {
        for byte in *b"ab" {
            let places = bed.places.clone();
            scope.spawn(move || {
                for _ in 0..20 {
                    let store = places.store(&reference("file:x")).unwrap();
                    store.put(&reference("file:x"), &value(&long(byte))).unwrap();
                }
            });
        }
        for _ in 0..100 {
            if let Some(found) = bed.store("file:x").get(&reference("file:x")).known().unwrap() {
                assert!([long(b'a'), long(b'b')].contains(found.expose()));
            }
        }
    });
}
