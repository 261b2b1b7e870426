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
fn the_machines_keychain_is_roots_and_needs_no_session() {
    let root = tempfile::tempdir().unwrap();
    let item = SecretRef::parse("keychain://system/s/a").unwrap();
    let machine = Places::machine(root.path()).unwrap();
    let store = machine.store(&item).unwrap();
    assert!(store.unattended());
    // Below a directory it is that directory's, also on a Mac.
    assert!(store.name().contains("encrypted store"), "{}", store.name());
    let mut person = Places::person(&AbsPath::new("/home/me").unwrap()).unwrap();
    for keyring in [None, Some(Keyring::Login), Some(Keyring::Embedded)] {
        person.keyring = keyring;
        let refused = person.store(&item).map(|store| store.name()).unwrap_err();
        assert!(matches!(refused, StoreError::Machines { .. }), "{refused:?}");
        assert!(refused.way_out().unwrap().contains("sudo"));
    }
    let login = Keychain::login(None).get(&item).known();
    assert!(matches!(login, Err(StoreError::Foreign { .. })), "{login:?}");
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

#[test]
fn what_did_not_answer_says_what_would_help() {
    use crate::house::{HouseKey, sight::Sight};
    let root = tempfile::tempdir().unwrap();
    let machine = Places::machine(root.path()).unwrap();
    let place = SecretRef::parse("sops:/none.yaml#a").unwrap();
    let store = machine.store(&place).unwrap();
    let sight = Sight::of(&*store, &place, &HouseKey::read(&[1; 32]).unwrap());
    let Sight::Unreachable(words) = sight else { panic!("{sight:?}") };
    assert!(words.ends_with("(make it: sanctum sops encrypt -i /none.yaml)"), "{words}");
}
