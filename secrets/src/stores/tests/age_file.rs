use super::*;
use crate::envelope;
use crate::stores::StoreError;
use crate::stores::age_file::AgeFileStore;
use age::armor::Format;
use sanctum_types::Secret;

#[test]
fn a_file_that_nobody_here_can_open_is_unreachable() {
    let bed = Bed::with_identity();
    let (_, stranger) = fresh();
    let theirs = crate::identity::parse_recipient(&stranger).unwrap();
    let sealed = envelope::seal(b"v", &[theirs], Format::Binary).unwrap();
    bed.write("/r/theirs.age", &sealed, 0o644);
    bed.write("/r/rubbish.age", b"hunter2-in-clear", 0o644);
    bed.write("/r/writable.age", &sealed, 0o666);
    let (half, _) = sealed.split_at(sealed.len() - 3);
    bed.write("/r/half.age", half, 0o644);
    let store = bed.store("age:x");
    for (name, why) in [
        ("theirs", "cannot decrypt /r/theirs.age"),
        ("half", "cannot decrypt /r/half.age"),
        ("rubbish", "cannot decrypt /r/rubbish.age"),
        ("writable", "others can write it"),
    ] {
        let reference = reference(&format!("age:/r/{name}.age"));
        let got = said(store.get(&reference));
        assert!(got.contains(why) && !got.contains("hunter2"), "{name}: {got}");
        let put = store.put(&reference, &value(b"w"));
        assert!(put.is_err(), "{name} must not be replaced by somebody who cannot open it");
    }
    assert_eq!(said(store.get(&reference("age:/r/none.age"))), "absent");
    assert_eq!(fs::read(bed.path("/r/theirs.age")).unwrap(), sealed);
}

#[test]
fn a_rewrite_shuts_nobody_out_and_keeps_the_armor() {
    let bed = Bed::with_identity();
    let (_, second) = fresh();
    let mut keys = bed.keys();
    keys.recipients = vec![second.clone()];
    let both = AgeFileStore::new(abs("/r"), keys);
    let item = reference("age:a.age");
    both.put(&item, &value(b"one")).unwrap();
    let alone = AgeFileStore::new(abs("/r"), bed.keys());
    assert_eq!(said(alone.get(&item)), "present one");
    let refused = alone.put(&item, &value(b"two"));
    assert!(
        matches!(refused, Err(StoreError::Recipients { theirs: 2, ours: 1, .. })),
        "{refused:?}"
    );
    both.put(&item, &value(b"two")).unwrap();
    let sealed = fs::read(bed.path("/r/a.age")).unwrap();
    assert_eq!(envelope::recipients_of(&sealed), 2);
    let keys = bed.keys().load().unwrap();
    let ours = bed.keys().recipients(&keys).unwrap();
    let armored = envelope::seal(b"x", &ours, Format::AsciiArmor).unwrap();
    bed.write("/r/b.age", &armored, 0o644);
    alone.put(&reference("age:b.age"), &value(b"y")).unwrap();
    assert!(fs::read(bed.path("/r/b.age")).unwrap().starts_with(b"-----BEGIN AGE"));
    assert_eq!(alone.list().unwrap(), [reference("age:a.age"), reference("age:b.age")]);
}

#[test]
fn an_identity_that_others_could_have_read_opens_nothing() {
    let bed = Bed::with_identity();
    let store = bed.store("age:x");
    store.put(&reference("age:/r/a.age"), &value(b"v")).unwrap();
    fs::set_permissions(bed.path("/etc/sanctum/identity"), fs::Permissions::from_mode(0o644))
        .unwrap();
    assert!(said(store.get(&reference("age:/r/a.age"))).contains("others can read it"));
    fs::remove_file(bed.path("/etc/sanctum/identity")).unwrap();
    let got = said(store.get(&reference("age:/r/a.age")));
    assert!(got.contains("there is no age identity"), "{got}");
    bed.write("/etc/sanctum/identity", b"# mine\nhunter2\n", 0o600);
    let got = said(store.get(&reference("age:/r/a.age")));
    assert!(got.contains("line 2") && !got.contains("hunter2"), "{got}");
}

#[test]
fn what_is_under_a_passphrase_is_unreachable_and_replaced_by_nothing() {
    let bed = Bed::with_identity();
    let passphrase = Secret::new("correct horse".to_owned());
    let locked = |text: &[u8]| envelope::seal_with_passphrase(text, &passphrase).unwrap();
    let (file, item) = (reference("age:/r/locked.age"), reference("keychain:a/b"));
    bed.write("/r/locked.age", &locked(b"v"), 0o644);
    let store = bed.store("age:x");
    let got = said(store.get(&file));
    assert!(got.contains("cannot decrypt /r/locked.age"), "{got}");
    assert!(store.put(&file, &value(b"w")).is_err());
    let identity = locked(fresh().0.as_bytes());
    bed.write("/etc/sanctum/identity", &identity, 0o600);
    for (store, item) in [(bed.store("age:x"), &file), (bed.store("keychain:x/y"), &item)] {
        let StoreError::Identity { source, .. } = store.put(item, &value(b"w")).unwrap_err() else {
            panic!("another refusal");
        };
        assert!(source.to_string().ends_with("needs a passphrase"), "{source}");
    }
    assert_eq!(fs::read(bed.path("/etc/sanctum/identity")).unwrap(), identity);
}
