use super::*;
use crate::sops::opened::{Recipe, encrypt};
use crate::sops::selectors::Selector;
use crate::sops::{Format, datakey};
use crate::stores::StoreError;
use sanctum_types::UnixTime;

const PLAIN: &str = "# the house\na:\n  key: old # why\n  port: 8443\n  on: true\nlist:\n- one\n- two\nnote_unencrypted: hello\nnothing: null\n\"a.b\": dotted\n";

/// A document for that recipient.
fn document(bed: &Bed, path: &str, recipient: &str) -> String {
    let recipe = Recipe {
        groups: vec![datakey::recipients_group(&[recipient.to_owned()]).unwrap()],
        threshold: None,
        selector: Selector::of(|_| None).unwrap(),
        mac_only_encrypted: false,
    };
    let mut opened = encrypt(PLAIN.as_bytes(), Format::of_path(Path::new(path)), &recipe).unwrap();
    let text = opened.sealed(UnixTime(1_795_348_800)).unwrap().to_string();
    bed.write(path, text.as_bytes(), 0o640);
    text
}

fn bed() -> (Bed, String) {
    let bed = Bed::new();
    let (text, recipient) = fresh();
    bed.write("/etc/sanctum/identity", text.as_bytes(), 0o600);
    (bed, recipient)
}

#[test]
fn values_are_read_by_path_and_one_put_changes_one_value() {
    let (bed, recipient) = bed();
    let before = document(&bed, "/r/s.yaml", &recipient);
    let store = bed.store("sops:/r/s.yaml#a.key");
    assert!(store.unattended());
    for (key, wanted) in [
        ("a.key", "present old"),
        ("a.port", "present 8443"),
        ("a.on", "present true"),
        ("list[1]", "present two"),
        ("note_unencrypted", "present hello"),
        ("a\\.b", "present dotted"),
        ("nothing", "absent"),
        ("none", "absent"),
        ("a.none", "absent"),
        ("list[7]", "absent"),
        ("a", "a map or a list"),
        ("a..b", "no path of keys"),
    ] {
        let got = said(store.get(&reference(&format!("sops:/r/s.yaml#{key}"))));
        assert!(got == wanted || got.contains(wanted), "{key}: {got}");
    }
    store.put(&reference("sops:/r/s.yaml#a.key"), &value(b"fresh")).unwrap();
    let after = fs::read_to_string(bed.path("/r/s.yaml")).unwrap();
    let changed: Vec<_> = before.lines().zip(after.lines()).filter(|(a, b)| a != b).collect();
    assert_eq!(changed.len(), 3, "the value, lastmodified and mac: {changed:?}");
    assert_eq!(mode(&bed.path("/r/s.yaml")), 0o640);
    store.put(&reference("sops:/r/s.yaml#new.deep"), &value(b"made")).unwrap();
    assert_eq!(said(store.get(&reference("sops:/r/s.yaml#new.deep"))), "present made");
    assert!(store.remove(&reference("sops:/r/s.yaml#new.deep")).unwrap());
    assert!(!store.remove(&reference("sops:/r/s.yaml#new.deep")).unwrap());
    let listed: Vec<String> = store.list().unwrap().iter().map(ToString::to_string).collect();
    let wanted = ["a.key", "a.on", "a.port", "a\\.b", "list[0]", "list[1]", "note_unencrypted"];
    assert_eq!(listed, wanted.map(|key| format!("sops:/r/s.yaml#{key}")));
}

#[test]
fn a_value_is_never_put_where_the_document_keeps_clear_text() {
    let (bed, recipient) = bed();
    let before = document(&bed, "/r/s.yaml", &recipient);
    let store = bed.store("sops:/r/s.yaml#a.key");
    let clear = store.put(&reference("sops:/r/s.yaml#note_unencrypted"), &value(b"planted"));
    assert!(matches!(clear, Err(StoreError::Clear { .. })), "{clear:?}");
    let empty = store.put(&reference("sops:/r/s.yaml#a.key"), &value(b""));
    assert!(matches!(empty, Err(StoreError::Value { .. })), "{empty:?}");
    assert_eq!(fs::read_to_string(bed.path("/r/s.yaml")).unwrap(), before);
}

#[test]
fn a_document_that_cannot_be_trusted_is_unreachable() {
    let (bed, recipient) = bed();
    let text = document(&bed, "/r/s.yaml", &recipient);
    bed.write("/r/changed.yaml", text.replace("hello", "hullo").as_bytes(), 0o644);
    bed.write("/r/clear.yaml", b"a:\n  key: hunter2\n", 0o644);
    bed.write("/r/rubbish.yaml", b"a: [hunter2\n", 0o644);
    bed.write("/r/writable.yaml", text.as_bytes(), 0o666);
    document(&bed, "/r/theirs.yaml", &fresh().1);
    for (name, wanted) in [
        ("changed", "MAC"),
        ("clear", "cannot use the SOPS document"),
        ("rubbish", "cannot use the SOPS document"),
        ("writable", "others can write it"),
        ("theirs", "cannot use the SOPS document"),
        ("none", "there is no SOPS document"),
    ] {
        let item = reference(&format!("sops:/r/{name}.yaml#a.key"));
        let store = bed.store(&item.to_string());
        let got = [
            said(store.get(&item)),
            chain(&store.put(&item, &value(b"planted")).expect_err("refused")),
            chain(&store.remove(&item).expect_err("refused")),
            chain(&store.list().expect_err("refused")),
        ];
        for got in got {
            assert!(got.contains(wanted), "{name}: {got}");
            assert!(!got.contains("hunter2") && !got.contains("planted"), "{name}: {got}");
        }
    }
}

#[test]
fn every_format_keeps_values() {
    let (bed, recipient) = bed();
    let recipe = Recipe {
        groups: vec![datakey::recipients_group(&[recipient]).unwrap()],
        threshold: None,
        selector: Selector::of(|_| None).unwrap(),
        mac_only_encrypted: false,
    };
    for (name, plain, key) in [
        ("s.json", "{\"a\": {\"key\": \"old\"}}", "a.key"),
        ("s.env", "KEY=old\n", "KEY"),
        ("s.ini", "[a]\nkey = old\n", "a.key"),
    ] {
        let format = Format::of_path(Path::new(name));
        let mut opened = encrypt(plain.as_bytes(), format, &recipe).unwrap();
        let text = opened.sealed(UnixTime(1_795_348_800)).unwrap();
        bed.write(&format!("/r/{name}"), text.as_bytes(), 0o600);
        let item = reference(&format!("sops:/r/{name}#{key}"));
        let store = bed.store(&item.to_string());
        assert_eq!(said(store.get(&item)), "present old", "{name}");
        store.put(&item, &value(b"new")).unwrap();
        assert_eq!(said(store.get(&item)), "present new", "{name}");
        assert_eq!(store.list().unwrap(), [item], "{name}");
    }
}

#[test]
fn the_owner_s_own_sops_keys_open_it_too() {
    let (bed, _) = bed();
    let (text, recipient) = fresh();
    document(&bed, "/r/s.yaml", &recipient);
    let item = reference("sops:/r/s.yaml#a.key");
    assert!(said(bed.store("sops:/r/s.yaml#a").get(&item)).contains("cannot use"));
    let mut places = bed.places.clone();
    places.sops_keys.age_key = Some(sanctum_types::Secret::new(text.to_string()));
    assert_eq!(said(places.store(&item).unwrap().get(&item)), "present old");
}
