use super::*;
use crate::sops::node::dotted;
use age::secrecy::ExposeSecret as _;
use proptest::prelude::*;

fn person() -> (String, Identities) {
    let identity = age::x25519::Identity::generate();
    (identity.to_public().to_string(), Identities::of(identity.to_string().expose_secret()))
}

fn recipe(recipient: &str, setting: Option<(&'static str, &str)>) -> Recipe {
    Recipe {
        groups: vec![datakey::recipients_group(&[recipient.to_owned()]).unwrap()],
        threshold: None,
        selector: Selector::of(|name| {
            setting.filter(|(n, _)| *n == name).map(|(_, t)| t.to_owned())
        })
        .unwrap(),
        mac_only_encrypted: false,
    }
}

fn sealed(text: &str, format: Format, recipe: &Recipe) -> String {
    encrypt(text.as_bytes(), format, recipe)
        .unwrap()
        .sealed(UnixTime(1_800_000_000))
        .unwrap()
        .to_string()
}

const DOCUMENT: &str = "{\n\t\"a\": \"one\",\n\t\"b\": [\n\t\t\"x\",\n\t\t\"x\",\n\t\t2.5,\n\t\ttrue,\n\t\tnull,\n\t\t\"\"\n\t],\n\t\"c_unencrypted\": 7\n}\n";

#[test]
fn a_document_closes_and_opens_and_one_change_is_one_line() {
    let (recipient, identities) = person();
    let first = sealed(DOCUMENT, Format::Json, &recipe(&recipient, None));
    assert!(!first.contains("one") && first.contains("\"c_unencrypted\": 7"));
    let mut opened = open(first.as_bytes(), Format::Json, &identities).unwrap();
    assert_eq!(&**opened.plain().unwrap(), DOCUMENT.as_bytes());
    assert_eq!(format!("{opened:?}"), "Opened(..)");
    assert_eq!(opened.extract(&dotted("b[1]").unwrap()).unwrap(), Node::text("x"));
    opened.set(&dotted("b[1]").unwrap(), &Node::text("y")).unwrap();
    let second = opened.sealed(UnixTime(1_800_000_001)).unwrap();
    let changed: Vec<_> =
        first.lines().zip(second.lines()).filter(|(old, new)| old != new).collect();
    assert_eq!(changed.len(), 3, "the value, lastmodified and mac: {changed:?}");
    let again = open(second.as_bytes(), Format::Json, &identities).unwrap();
    assert_eq!(
        &**again.plain().unwrap(),
        DOCUMENT.replacen("\"x\",\n\t\t2", "\"y\",\n\t\t2", 1).as_bytes()
    );
}

#[test]
fn what_the_owner_edits_keeps_the_ciphertext_of_what_he_left() {
    let (recipient, identities) = person();
    let first = sealed(DOCUMENT, Format::Json, &recipe(&recipient, None));
    let mut opened = open(first.as_bytes(), Format::Json, &identities).unwrap();
    opened.replace(DOCUMENT.replace("\"one\"", "\"two\"").as_bytes()).unwrap();
    let second = opened.sealed(UnixTime(1_800_000_001)).unwrap();
    let kept = first.lines().filter(|line| second.contains(line)).count();
    assert_eq!(kept, first.lines().count() - 3);
    opened.replace(b"{\"sops\": 1}").unwrap_err();
}

#[test]
fn tampering_is_noticed() {
    let (recipient, identities) = person();
    let text = sealed(DOCUMENT, Format::Json, &recipe(&recipient, None));
    let open = |text: &str| open(text.as_bytes(), Format::Json, &identities).map(drop);
    open(&text).unwrap();
    assert!(matches!(open(&text.replace("d\": 7", "d\": 8")), Err(SopsError::MacMismatch)));
    assert!(matches!(open(&text.replace("\"\"", "\"clear\"")), Err(SopsError::Value(_))));
    // What is no text was written in by hand; the empty text and null are never encrypted.
    assert!(matches!(open(&text.replace("null", "7")), Err(SopsError::Value(_))));
    assert!(matches!(open(&text.replace("\"mac\"", "\"ma\"")), Err(SopsError::MacMismatch)));
    assert!(matches!(
        open(&text.replace("T08:00:00Z", "T08:00:01Z")),
        Err(SopsError::MacUnreadable)
    ));
    assert!(matches!(open(&text.replace("\"a\":", "\"z\":")), Err(SopsError::Value(_))));
    assert!(matches!(
        open(&text.replace("\"version\": \"3.11.0\"", "\"version\": \"\"")),
        Err(SopsError::Metadata(MetadataError::Missing("version")))
    ));
    assert!(matches!(open(DOCUMENT), Err(SopsError::Metadata(MetadataError::NotThere))));
    let (_, stranger) = person();
    let refused = super::open(text.as_bytes(), Format::Json, &stranger).unwrap_err().to_string();
    assert!(refused.contains(&recipient), "{refused}");
}

#[test]
fn a_key_in_clear_is_not_authenticated_as_in_the_original() {
    let (recipient, identities) = person();
    let text = sealed(DOCUMENT, Format::Json, &recipe(&recipient, None));
    let renamed = text.replace("c_unencrypted", "d_unencrypted");
    assert!(open(renamed.as_bytes(), Format::Json, &identities).is_ok());
}

#[test]
fn a_new_data_key_changes_every_value_and_no_plaintext() {
    let ((a, first), (b, second)) = (person(), person());
    let text = sealed(DOCUMENT, Format::Json, &recipe(&a, None));
    let mut opened = open(text.as_bytes(), Format::Json, &first).unwrap();
    let groups = [datakey::recipients_group(&[a.clone(), b.clone()]).unwrap()];
    let old = opened.key.clone();
    opened.rotate(&groups, None).unwrap();
    let rotated = opened.sealed(UnixTime(1)).unwrap();
    let enc = |text: &str| {
        text.lines().filter(|line| line.contains("ENC[")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(enc(&text).iter().all(|line| !rotated.contains(line.as_str())));
    let mut again = open(rotated.as_bytes(), Format::Json, &second).unwrap();
    assert_eq!(&**again.plain().unwrap(), DOCUMENT.as_bytes());
    // Who was once let in has the old key still.
    assert_ne!(*again.key, *old);
    let was = Cipher::new(&old);
    let leaves = again.sealed.leaves(0).unwrap();
    for (item, leaf) in again.items[0].iter().zip(&leaves).filter(|(item, _)| item.sealed) {
        let What::Value(Scalar::Str(text)) = &leaf.what else { panic!("not sealed: {leaf:?}") };
        assert_eq!(was.open(text, &item.place), Err(CipherError::Authentication));
    }
    again.update_keys(&[datakey::recipients_group(&[a]).unwrap()], None).unwrap();
    let text = again.sealed_as_it_was().unwrap();
    assert!(open(text.as_bytes(), Format::Json, &second).is_err());
    assert!(open(text.as_bytes(), Format::Json, &first).is_ok());
    assert_eq!(enc(&text), enc(&rotated));
}

proptest! {
    #[test]
    fn any_bytes_of_a_binary_file_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let (recipient, identities) = person();
        let text = encrypt(&bytes, Format::Binary, &recipe(&recipient, None)).unwrap().sealed(UnixTime(0)).unwrap();
        let opened = open(text.as_bytes(), Format::Binary, &identities).unwrap();
        prop_assert_eq!(&**opened.plain().unwrap(), &bytes[..]);
    }

    #[test]
    fn dotenv_and_ini_come_back_byte_for_byte(values in proptest::collection::vec("[a-zé ]{0,8}", 1..6), comment in "[a-z]{1,5}") {
        let (recipient, identities) = person();
        let mut env = format!("#{comment}\n\n");
        let mut ini = format!("; {comment}\nroot = x\n\n[s]\n");
        for (at, value) in values.iter().enumerate() {
            env.push_str(&format!("K{at}={value}\n"));
            ini.push_str(&format!("k{at} = {}\n", value.trim()).replace("= \n", "=\n"));
        }
        for (text, format) in [(env, Format::Dotenv), (ini, Format::Ini)] {
            let closed = sealed(&text, format, &recipe(&recipient, None));
            let opened = open(closed.as_bytes(), format, &identities).unwrap();
            prop_assert_eq!(String::from_utf8_lossy(&opened.plain().unwrap()).into_owned(), text);
        }
    }
}
