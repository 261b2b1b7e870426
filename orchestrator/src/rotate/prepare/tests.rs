//! What is refused before anybody is asked, and what a rehearsal says.

use super::*;
use serde_json::json;

fn house(place: &str, rotation: &serde_json::Value) -> Instance {
    serde_json::from_value(json!({
        "format": 1,
        "instance": { "name": "House", "slug": "house", "timezone": "UTC" },
        "users": { "owner": "operator" },
        "nodes": { "hub": { "type": "hub" }, "barn": { "type": "satellite" } },
        "networks": { "lan": { "subnet": "192.168.1.0/24" } },
        "services": { "proxy": { "node": "hub" }, "far": { "node": "barn" } },
        "secrets": {
            "mgmt": { "ref": "file:mgmt" },
            "key": { "ref": place, "rotation": rotation },
            "plain": { "ref": "file:plain" },
        },
    }))
    .unwrap()
}

fn asked(
    instance: &Instance,
    name: &str,
    keyring: Keyring,
    unattended: bool,
) -> Result<Prepared, Refusal> {
    let dir = tempfile::tempdir().unwrap();
    let mut places = Places::machine(dir.path()).unwrap();
    places.keyring = Some(keyring);
    let store = places.store(&SecretRef::File("mgmt".to_owned())).unwrap();
    let value = sanctum_secrets::stores::Value::new(b"management-key".to_vec());
    store.put(&SecretRef::File("mgmt".to_owned()), &value).unwrap();
    let node = NodeName::new("hub").unwrap();
    let setting = Setting {
        places: &places,
        os: Os::Linux,
        node: &node,
        unattended,
        sandbox: false,
        fleet: None,
        last_key: None,
    };
    prepare(instance, &ServiceName::new(name).unwrap(), &setting)
}

#[test]
fn a_login_keychain_is_refused_in_a_job_and_the_way_out_is_said() {
    let router = json!({ "kind": { "openrouter": {} }, "management": "mgmt" });
    for (place, keyring, unattended, fits) in [
        ("keychain:a/b", Keyring::Login, true, false),
        ("keychain:a/b", Keyring::Login, false, true),
        ("keychain:a/b", Keyring::Embedded, true, true),
        ("keychain:a/b", Keyring::System, true, true),
        ("keychain://system/a/b", Keyring::Login, true, true),
        ("file:a", Keyring::Login, true, true),
    ] {
        let done = asked(&house(place, &router), "key", keyring, unattended);
        assert_eq!(done.is_ok(), fits, "{place} {keyring:?} {unattended}: {:?}", done.err());
        if let Err(refusal) = done {
            assert!(matches!(refusal, Refusal::NeedsSession { .. }));
            assert!(refusal.way_out().unwrap().contains("keychain://system/"));
        }
    }
}

/// The secret itself needs none; what its rotation reads beside it does.
#[test]
fn a_job_reads_no_other_secret_of_a_login_keychain_either() {
    let token = json!({ "kind": { "openrouter": {} }, "management": "mgmt",
        "reload": [{ "http": { "url": "https://x.example/", "token": "asked" } }] });
    let management = json!({ "kind": { "openrouter": {} }, "management": "asked" });
    for rotation in [token, management] {
        let mut house = house("file:a", &rotation);
        let asked_for = SecretRef::parse("keychain:a/b").unwrap();
        let name = ServiceName::new("asked").unwrap();
        house.secrets.insert(name, SecretEntry::at(asked_for));
        let refused = asked(&house, "key", Keyring::Login, true).unwrap_err();
        assert!(matches!(refused, Refusal::NeedsSession { .. }), "{refused}");
        // An own store of the machine answers, and has none.
        let refused = asked(&house, "key", Keyring::Embedded, true).unwrap_err();
        assert!(matches!(refused, Refusal::Management { .. } | Refusal::Token { .. }), "{refused}");
    }
}

#[test]
fn what_cannot_be_done_is_refused_with_its_reason() {
    let with = |more: &serde_json::Value| {
        let mut rotation = json!({ "kind": { "openrouter": {} }, "management": "mgmt" });
        rotation.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        house("file:a", &rotation)
    };
    let roll = json!({ "kind": { "cloudflare": { "way": "roll" } } });
    for (instance, name, words) in [
        (with(&json!({})), "nobody", "declares no secret"),
        (with(&json!({})), "plain", "has no `rotation`"),
        (with(&roll), "key", "destroys the old value"),
        (with(&json!({ "management": "nobody" })), "key", "declares no secret"),
        (with(&json!({ "management": "plain" })), "key", "cannot be had"),
        (
            with(
                &json!({ "consumers": [{ "vault": { "path": "../a", "socket": "/s", "key": "/k" } }] }),
            ),
            "key",
            "names no path",
        ),
        (with(&json!({ "reload": [{ "service": "far" }] })), "key", "does not run"),
        (
            with(
                &json!({ "consumers": [{ "json": { "node": "barn", "path": "/a", "key": "k" } }] }),
            ),
            "key",
            "cannot be reached",
        ),
    ] {
        let refusal = asked(&instance, name, Keyring::Embedded, true).unwrap_err();
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
}

#[test]
fn a_rehearsal_names_every_call_and_every_write_in_order() {
    let rotation = json!({ "kind": { "openrouter": {} }, "management": "mgmt",
        "consumers": [{ "env": { "path": "/srv/a.env", "variable": "KEY" } }], "reload": [{ "service": "proxy" }] });
    let prepared = asked(&house("file:a", &rotation), "key", Keyring::Embedded, true).unwrap();
    let text = prepared.rehearsal().join("\n");
    let mut at = 0;
    for words in [
        "look whether file:a can be written",
        "look whether env:/srv/a.env#KEY can be written",
        "seal the value before",
        "make a new key: ",
        "POST https://openrouter.ai/api/v1/keys",
        "seal the new value",
        "verify the new value",
        "write the new value to file:a",
        "verify the new value through file:a",
        "write the new value to env:/srv/a.env#KEY",
        "systemctl try-restart -- sanctum-proxy.service",
        "wait until the old key was silent for 24 h, at most 168 h",
        "switch a key off",
        "wait 24 h",
        "remove a key: DELETE",
        "remove the sealed values",
    ] {
        let found = text.get(at..).unwrap().find(words);
        at += found.unwrap_or_else(|| panic!("no {words:?} after {at} in\n{text}"));
    }
}
