//! What 1Password's two carriers must both do, whichever stand-in is asked.

use sanctum_secrets::stores::{Reading, Store, StoreError, Value};
use sanctum_types::SecretRef;
use serde_json::{Value as Json, json};

/// Planted, so that it is found wherever it should not be.
pub(crate) const TOKEN: &str = "planted-service-account-token";
/// The vault `House`.
pub(crate) const VAULT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
/// A reference to an item that is not there at first.
pub(super) const ITEM: &str = "op://House/Gateway key/credential";

/// A store, and a way to put an item behind its back.
pub(super) struct Laws<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) seed: &'a dyn Fn(Json),
    pub(super) edits_logins: bool,
}

fn reference(text: &str) -> SecretRef {
    SecretRef::parse(text).expect("a reference")
}

fn value(text: &str) -> Value {
    Value::new(text.as_bytes().to_vec())
}

/// An item with two sections that both have a field `token`, and a field of another kind that must stay.
fn seeded(id: &str, title: &str, category: &str) -> Json {
    json!({
        "id": id, "title": title, "category": category, "vault": { "id": VAULT }, "version": 3, "tags": ["kept"],
        "sections": [{ "id": "s1", "label": "Live" }, { "id": "s2", "label": "Test" }],
        "fields": [
            { "id": "username", "type": "STRING", "purpose": "USERNAME", "label": "username", "value": "u" },
            { "id": "f1", "type": "CONCEALED", "label": "token", "value": "live", "section": { "id": "s1" } },
            { "id": "f2", "type": "CONCEALED", "label": "token", "value": "test", "section": { "id": "s2" } },
            { "id": "f3", "type": "CONCEALED", "label": "empty" },
        ],
    })
}

fn read(store: &dyn Store, text: &str) -> Option<String> {
    let found = store.get(&reference(text)).known().expect("known");
    found.map(|value| String::from_utf8(value.expose().clone()).expect("text"))
}

pub(super) fn laws(laws: &Laws<'_>) {
    let store = laws.store;
    assert!(!store.unattended());
    assert!(matches!(store.get(&reference(ITEM)), Reading::Absent));
    assert!(!store.remove(&reference(ITEM)).expect("not there"));
    for text in ["first", "second \"quoted\" \\ ünï\nline", "third"] {
        store.put(&reference(ITEM), &value(text)).expect("a put");
        assert_eq!(read(store, ITEM).as_deref(), Some(text));
    }
    assert_eq!(store.list().expect("a list"), [reference(ITEM)]);
    // A second field of the same item, and then it goes without the first.
    let second = "op://House/Gateway key/webhook";
    store.put(&reference(second), &value("hook")).expect("a second field");
    assert!(store.remove(&reference(second)).expect("gone"));
    assert_eq!((read(store, second), read(store, ITEM)), (None, Some("third".to_owned())));
    assert!(store.remove(&reference(ITEM)).expect("gone with its item"));
    assert!(store.list().expect("a list").is_empty());
    sections(laws);
    refusals(laws);
}

fn sections(laws: &Laws<'_>) {
    let store = laws.store;
    (laws.seed)(seeded("cccccccccccccccccccccccccc", "Bank", "DATABASE"));
    assert_eq!(read(store, "op://House/Bank/Live/token").as_deref(), Some("live"));
    assert_eq!(read(store, "op://House/Bank/s2/token").as_deref(), Some("test"));
    assert_eq!(read(store, "op://House/cccccccccccccccccccccccccc/f1").as_deref(), Some("live"));
    assert_eq!(read(store, "op://House/Bank/empty"), None);
    assert_eq!(read(store, "op://House/Bank/none"), None);
    for (text, new) in [
        ("op://House/Bank/Test/token", "t2"),
        ("op://House/Bank/empty", "e"),
        ("op://House/Bank/Live/more", "m"),
    ] {
        store.put(&reference(text), &value(new)).expect("a put");
        assert_eq!(read(store, text).as_deref(), Some(new));
    }
    assert_eq!(read(store, "op://House/Bank/Live/token").as_deref(), Some("live"));
    assert_eq!(read(store, "op://House/Bank/username").as_deref(), Some("u"));
    let listed: Vec<String> =
        store.list().expect("a list").iter().map(ToString::to_string).collect();
    assert_eq!(
        listed,
        [
            "op://House/Bank/Live/more",
            "op://House/Bank/Live/token",
            "op://House/Bank/Test/token",
            "op://House/Bank/empty",
            "op://House/Bank/username",
        ]
    );
}

fn refusals(laws: &Laws<'_>) {
    let store = laws.store;
    (laws.seed)(seeded("dddddddddddddddddddddddddd", "Twin", "PASSWORD"));
    (laws.seed)(seeded("eeeeeeeeeeeeeeeeeeeeeeeeee", "Twin", "PASSWORD"));
    (laws.seed)(seeded("ffffffffffffffffffffffffff", "Site", "LOGIN"));
    for (text, wanted) in [
        ("op://House/Twin/username", "2 items have that name"),
        ("op://House/Bank/token", "2 fields have that name"),
        ("op://Elsewhere/Bank/token", "shows no vault `Elsewhere`"),
        ("op://House/a\"b/token", "cannot be asked for"),
        ("op://House/--help/token", "cannot be asked for"),
        ("file:x", "does not keep"),
    ] {
        let all = [
            store.get(&reference(text)).known().map(|_| ()),
            store.put(&reference(text), &value("planted-value")),
            store.remove(&reference(text)).map(|_| ()),
        ];
        for error in all {
            let error = error.expect_err(text);
            let said = format!("{} {error:?}", sanctum_types::chain(&error));
            assert!(said.contains(wanted) || !said.contains("planted"), "{text}: {said}");
            assert!(sanctum_types::chain(&error).contains(wanted), "{text}: {said}");
        }
    }
    let bytes = store.put(&reference(ITEM), &Value::new(vec![0xff]));
    assert!(matches!(bytes, Err(StoreError::Value { .. })), "{bytes:?}");
    let section = store.put(&reference("op://House/Bank/Nowhere/token"), &value("v"));
    assert!(sanctum_types::chain(&section.expect_err("no section")).contains("no section"));
    let login = store.put(&reference("op://House/Site/username"), &value("v2"));
    assert_eq!(login.is_ok(), laws.edits_logins, "{login:?}");
}
