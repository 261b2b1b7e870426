#[cfg(not(target_os = "macos"))]
use super::here::decide;
use super::*;

#[cfg(not(target_os = "macos"))]
#[test]
fn a_session_that_is_missing_never_changes_the_store() {
    for (whose, embedded, installed, keyring) in [
        (Whose::Machine, false, false, Keyring::Embedded),
        (Whose::Machine, false, true, Keyring::Embedded),
        (Whose::Person, false, true, Keyring::Login),
        (Whose::Person, false, false, Keyring::Embedded),
        (Whose::Person, true, true, Keyring::Embedded),
    ] {
        assert_eq!(decide(whose, embedded, installed), keyring, "{whose:?} {embedded} {installed}");
    }
}

#[test]
fn a_token_that_lies_in_its_own_store_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let mut places = Places::machine(root.path()).unwrap();
    let reference = SecretRef::parse("op://v/i/f").unwrap();
    assert!(matches!(places.store(&reference), Err(StoreError::NotSetUp { .. })));
    let via = Via::Connect("http://127.0.0.1:1".to_owned());
    let token = SecretRef::parse("op://v/token/f").unwrap();
    places.one_password = Some(OnePasswordAccess { via: via.clone(), token });
    assert!(matches!(places.store(&reference), Err(StoreError::Circle { .. })));
    let token = SecretRef::parse("file:none").unwrap();
    places.one_password = Some(OnePasswordAccess { via, token });
    assert!(matches!(places.store(&reference), Err(StoreError::Token { .. })));
}

/// The keys that `sops` has, opened by nothing else than the person's home.
#[test]
fn a_person_s_documents_open_with_the_keys_that_sops_has() {
    use crate::identity::fresh;
    use crate::sops::datakey::recipients_group;
    use crate::sops::opened::{Recipe, encrypt};
    use crate::sops::selectors::Selector;
    use sanctum_host::files;
    use sanctum_types::UnixTime;

    let dir = tempfile::tempdir().unwrap();
    let home = AbsPath::new(dir.path().to_string_lossy()).unwrap();
    let (text, recipient) = fresh();
    files::write_new(&dir.path().join(CONFIG).join(KEYS), text.as_bytes()).unwrap();
    let recipe = Recipe {
        selector: Selector::of(|_| None).unwrap(),
        groups: vec![recipients_group(&[recipient]).unwrap()],
        threshold: None,
        mac_only_encrypted: false,
    };
    let mut opened = encrypt(b"a: value\n", crate::sops::Format::Yaml, &recipe).unwrap();
    let sealed = opened.sealed(UnixTime(1_795_348_800)).unwrap();
    files::write_new(&dir.path().join("s.yaml"), sealed.as_bytes()).unwrap();
    let reference = SecretRef::parse(&format!("sops:{home}/s.yaml#a")).unwrap();
    let places = Places::person(&home).unwrap();
    let Reading::Present(value) = places.store(&reference).unwrap().get(&reference) else {
        panic!("it is there")
    };
    assert_eq!(value.expose(), b"value");
}
