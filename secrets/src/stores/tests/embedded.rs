use super::*;
use crate::envelope;
use crate::stores::StoreError;
use crate::stores::embedded::format::{self, FormatError};
use age::armor::Format;

const FILE: &str = "/etc/sanctum/secrets/.store.age";

#[test]
fn the_first_put_makes_an_identity_and_no_later_one_does() {
    let bed = Bed::new();
    let store = bed.store("keychain:a/b");
    assert_eq!(said(store.get(&reference("keychain:a/b"))), "absent");
    assert!(!bed.path("/etc/sanctum/identity").exists(), "a read makes nothing");
    store.put(&reference("keychain:a/b"), &value(b"v")).unwrap();
    let identity = fs::read(bed.path("/etc/sanctum/identity")).unwrap();
    assert_eq!((mode(&bed.path("/etc/sanctum/identity")), mode(&bed.path(FILE))), (0o600, 0o600));
    store.put(&reference("keychain:a/c"), &value(b"w")).unwrap();
    assert_eq!(fs::read(bed.path("/etc/sanctum/identity")).unwrap(), identity);
    fs::remove_file(bed.path("/etc/sanctum/identity")).unwrap();
    for answer in [
        store.get(&reference("keychain:a/b")).known().map(|_| ()),
        store.put(&reference("keychain:a/b"), &value(b"x")),
        store.remove(&reference("keychain:a/b")).map(|_| ()),
        store.list().map(|_| ()),
    ] {
        let error = chain(&answer.expect_err("nobody can open it"));
        assert!(error.contains("there is no age identity"), "{error}");
    }
    assert!(!bed.path("/etc/sanctum/identity").exists(), "a second key would open nothing");
}

#[test]
fn what_is_not_a_store_is_refused_by_place() {
    for (plain, wanted) in [
        (&b"{}"[..], "line 1"),
        (b"", "line 1"),
        (b"{\"format\":1,\"items\":[],\"more\":1}", "line 1"),
        (b"{\"format\":2,\"items\":[]}", "format 2"),
        (b"{\"format\":1,\"items\":[{\"service\":\"s\",\"account\":\"a\"}]}", "item 0"),
        (b"{\"format\":1,\"items\":[{\"service\":\"s\",\"account\":\"a\",\"base64\":\"hunter2\"}]}", "item 0"),
        (b"{\"format\":1,\"items\":[{\"service\":\"hunter2\",\"account\":\"a\",\"text\":\"hunter2\"},{\"service\":\"hunter2\",\"account\":\"a\",\"text\":\"\"}]}", "item 1"),
        (b"{\"format\":1,\"items\":[{\"service\":\"s\",\"account\":\"a\",\"text\":hunter2}]}", "line 1"),
    ] {
        let error = format::parse(plain).expect_err("refused");
        let said = format!("{error} {error:?}");
        assert!(said.contains(wanted) && !said.contains("hunter2"), "{said}");
    }
    assert!(matches!(format::parse(b"{\"format\":9,\"items\":[]}"), Err(FormatError::Version(9))));
}

#[test]
fn a_damaged_store_is_unreachable() {
    let bed = Bed::with_identity();
    let keys = bed.keys().load().unwrap();
    let ours = bed.keys().recipients(&keys).unwrap();
    let sealed = envelope::seal(b"{\"format\":1}", &ours, Format::Binary).unwrap();
    bed.write(FILE, &sealed, 0o600);
    let store = bed.store("keychain:a/b");
    let error = store.get(&reference("keychain:a/b")).known().expect_err("no store");
    assert!(matches!(error, StoreError::Format { .. }), "{error:?}");
    assert!(store.put(&reference("keychain:a/b"), &value(b"v")).is_err());
    bed.write(FILE, b"", 0o600);
    assert!(store.list().is_err());
    bed.write(FILE, &sealed, 0o644);
    assert!(said(store.get(&reference("keychain:a/b"))).contains("others can read it"));
}

#[test]
fn a_recovery_recipient_opens_the_store_too() {
    let bed = Bed::new();
    let (text, recipient) = fresh();
    let mut places = bed.places.clone();
    places.keys.recipients = vec![recipient];
    let item = reference("keychain:a/b");
    places.store(&item).unwrap().put(&item, &value(b"v")).unwrap();
    bed.write("/recovery", text.as_bytes(), 0o600);
    let mut other = bed.places.clone();
    other.keys.identities = vec![abs("/recovery")];
    assert_eq!(said(other.store(&item).unwrap().get(&item)), "present v");
}

#[test]
fn many_who_put_at_once_all_find_their_items() {
    let bed = Bed::new();
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let places = bed.places.clone();
            scope.spawn(move || {
                for at in 0..4 {
                    let item = reference(&format!("keychain:{writer}/{at}"));
                    places.store(&item).unwrap().put(&item, &value(b"v")).unwrap();
                }
            });
        }
    });
    assert_eq!(bed.store("keychain:a/b").list().unwrap().len(), 12);
}
