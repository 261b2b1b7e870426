//! What every answer of a credential store means for a read, and what ours promises behind that interface.

use super::*;
use crate::stores::tests::{reference, said, value};
use keyring_core::api::CredentialStoreApi;
use keyring_core::mock;

/// A keychain over the crate's own store for tests, and the entry that both speak of.
fn mocked() -> (Keychain, Entry, SecretRef) {
    let store = mock::Store::new().unwrap();
    let entry = store.build("s", "u", None).unwrap();
    (Keychain { name: "the mock", unattended: false, store }, entry, reference("keychain:s/u"))
}

fn fails_with(entry: &Entry, error: Error) {
    entry.as_any().downcast_ref::<mock::Cred>().unwrap().set_error(error);
}

#[test]
fn only_no_entry_is_absent_and_no_other_makers_words_are_repeated() {
    let (keychain, entry, item) = mocked();
    keychain.put(&item, &value(b"planted")).unwrap();
    let foreign = || Box::new(std::io::Error::other("planted"));
    let pair = || {
        let one = || keychain.store.build("s", "u", None).unwrap();
        vec![one(), one()]
    };
    for (error, wanted) in [
        (Error::NoEntry, "absent"),
        (
            KeychainError::Locked.into(),
            "cannot use the mock: it is locked, and only a person can unlock it",
        ),
        (KeychainError::NoAnswer(5).into(), "cannot use the mock: it did not answer within 5 s"),
        (
            Error::NoStorageAccess(foreign()),
            "cannot use the mock: it answered with a failure of its own",
        ),
        (
            Error::PlatformFailure(foreign()),
            "cannot use the mock: it answered with a failure of its own",
        ),
        (Error::Ambiguous(pair()), "cannot use the mock: 2 items have that service and account"),
        (
            Error::BadEncoding(b"planted".to_vec()),
            "cannot use the mock: it answered something else",
        ),
        (
            Error::BadDataFormat(b"planted".to_vec(), foreign()),
            "cannot use the mock: it answered something else",
        ),
        (
            Error::NotSupportedByStore("planted".to_owned()),
            "cannot use the mock: it answered that it cannot do that",
        ),
        (Error::NoDefaultStore, "cannot use the mock: it answered that it cannot do that"),
    ] {
        let words = format!("{error:?}");
        fails_with(&entry, error);
        assert_eq!(said(keychain.get(&item)), wanted, "{words}");
    }
    assert_eq!(said(keychain.get(&item)), "present planted");
}

#[test]
fn a_verb_that_fails_is_no_success_and_what_was_there_stays() {
    let (keychain, entry, item) = mocked();
    keychain.put(&item, &value(b"old")).unwrap();
    fails_with(&entry, KeychainError::Locked.into());
    assert!(keychain.put(&item, &value(b"new")).is_err());
    fails_with(&entry, KeychainError::Dialog.into());
    assert!(keychain.remove(&item).is_err());
    assert_eq!(said(keychain.get(&item)), "present old");
    assert_eq!(keychain.list().unwrap(), std::slice::from_ref(&item));
    assert!(keychain.remove(&item).unwrap() && !keychain.remove(&item).unwrap());
}

#[test]
fn the_store_is_the_one_that_was_chosen_and_never_a_default_of_the_process() {
    let (keychain, _, item) = mocked();
    keychain.put(&item, &value(b"here")).unwrap();
    let (other, ..) = mocked();
    assert_eq!(said(other.get(&item)), "absent");
    assert!(keyring_core::get_default_store().is_none());
}

/// On a Mac this would be the tester's own keychain.
#[cfg(target_os = "linux")]
#[test]
fn behind_the_interface_no_session_is_no_access_and_a_name_is_a_whole_one() {
    let chosen = Chosen { whose: Whose::Login, session_bus: None };
    for (service, user) in [("", "u"), ("s", "")] {
        assert!(matches!(chosen.build(service, user, None), Err(Error::Invalid(..))));
    }
    let modifiers = HashMap::from([("target", "elsewhere")]);
    assert!(matches!(chosen.build("s", "u", Some(&modifiers)), Err(Error::Invalid(..))));
    let entry = chosen.build("s", "u", None).unwrap();
    assert_eq!(entry.get_specifiers(), Some(("s".to_owned(), "u".to_owned())));
    let all: [keyring_core::Result<()>; 5] = [
        entry.get_secret().map(|_| ()),
        entry.set_secret(b"v"),
        entry.delete_credential(),
        entry.get_credential().map(|_| ()),
        chosen.search(&HashMap::new()).map(|_| ()),
    ];
    for answer in all {
        assert!(matches!(answer, Err(Error::NoStorageAccess(_))), "{answer:?}");
    }
}
