//! The recovery bundle: every secret of a house in one file that age opens.
//!
//! docs/formats/recovery-bundle.md is its page. The content is one JSON document, encrypted to recipients or under a
//! passphrase, so that `age -d` alone reads it on a machine without sanctum. It brings a key of its own for its
//! fingerprints, since the house's may be lost with the house. Deliberately absent: files, and which secrets go in.

use super::fingerprint::HouseKey;
use crate::envelope;
use crate::identity::{Key, Recipient};
use crate::stores::Value;
use age::armor::Format;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sanctum_types::{Secret, SecretRef, ServiceName};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The format that is written; every older one stays readable.
pub const FORMAT: u32 = 1;
/// What the document says it is.
const KIND: &str = "sanctum-recovery";
/// One secret of a bundle.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: ServiceName,
    /// Its source when the bundle was made.
    pub reference: SecretRef,
    /// Its caches then.
    pub caches: Vec<SecretRef>,
    /// Its value.
    pub value: Value,
}

/// A house's secrets.
#[derive(Debug)]
pub struct Bundle {
    /// Which house, by its slug.
    pub house: String,
    /// When it was made, in seconds since 1970.
    pub made_at: i64,
    /// The secrets by name.
    pub entries: Vec<Entry>,
}

/// Whom a bundle is for.
pub enum Lock {
    /// Anybody who has one of the identities.
    Recipients(Vec<Recipient>),
    /// Whoever knows it.
    Passphrase(Secret<String>),
}

/// Why there is no bundle, or none that can be believed.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// There is nobody to encrypt it for.
    #[error("there is no recipient to encrypt the bundle for")]
    Nobody,
    /// age could not encrypt.
    #[error("the bundle cannot be encrypted")]
    Encrypt(#[source] Box<age::EncryptError>),
    /// What is given does not open it, or it is no age file.
    #[error("the bundle does not open with what is given")]
    Open(#[source] Box<age::DecryptError>),
    /// It is encrypted the other way.
    #[error("the bundle is encrypted {0}")]
    Otherwise(&'static str),
    /// The content is not a bundle. The parser's own words may repeat a value, so they are not kept.
    #[error("the content is no recovery bundle (line {line}, column {column})")]
    Shape {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// A later version wrote it.
    #[error("the bundle has format {0}; this version reads {FORMAT}")]
    Format(u32),
    /// A value does not have the fingerprint that stands beside it.
    #[error("the value of `{0}` is not what was put into the bundle")]
    Damaged(ServiceName),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    format: u32,
    kind: &'a str,
    house: &'a str,
    made_at: i64,
    /// Base64 of the key of the fingerprints below.
    fingerprint_key: &'a str,
    #[serde(borrow)]
    secrets: Vec<WrittenEntry<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEntry<'a> {
    name: ServiceName,
    #[serde(rename = "ref")]
    reference: SecretRef,
    #[serde(default)]
    caches: Vec<SecretRef>,
    /// Base64, which JSON never escapes, so that no copy of it is made on the way in.
    value: &'a str,
    fingerprint: String,
}

impl Bundle {
    /// Writes and encrypts; `key` is fresh and lives in this bundle alone.
    ///
    /// # Errors
    /// There is nobody to encrypt for, or age refuses.
    pub fn seal(&self, key: &HouseKey, lock: &Lock) -> Result<Vec<u8>, BundleError> {
        let plain = self.write(key);
        let sealed = match lock {
            Lock::Passphrase(passphrase) => envelope::seal_with_passphrase(&plain, passphrase),
            Lock::Recipients(all) if all.is_empty() => return Err(BundleError::Nobody),
            Lock::Recipients(all) => envelope::seal(&plain, all, Format::AsciiArmor),
        };
        sealed.map_err(BundleError::Encrypt)
    }

    fn write(&self, key: &HouseKey) -> Zeroizing<Vec<u8>> {
        let values: Vec<Zeroizing<String>> = self
            .entries
            .iter()
            .map(|one| Zeroizing::new(STANDARD.encode(one.value.expose())))
            .collect();
        let secrets = self.entries.iter().zip(&values).map(|(one, value)| WrittenEntry {
            name: one.name.clone(),
            reference: one.reference.clone(),
            caches: one.caches.clone(),
            value,
            fingerprint: key.of(one.value.expose()).whole(),
        });
        let fingerprint_key = Zeroizing::new(STANDARD.encode(key.expose()));
        let written = Written {
            format: FORMAT,
            kind: KIND,
            house: &self.house,
            made_at: self.made_at,
            fingerprint_key: &fingerprint_key,
            secrets: secrets.collect(),
        };
        // Names and references are short; what grows past this leaves a copy of a value behind in freed memory.
        let room: usize = values.iter().map(|value| value.len() + 8192).sum();
        let mut text = Zeroizing::new(Vec::with_capacity(room + 8192));
        // Writing to memory does not fail, and no type of `Written` refuses to be written.
        let _ = serde_json::to_writer_pretty(&mut *text, &written);
        text
    }

    /// Decrypts and reads; every value is compared with its fingerprint.
    ///
    /// # Errors
    /// It does not open, is not a bundle, or does not hold what was put in.
    pub fn open(
        sealed: &[u8],
        keys: &[Key],
        passphrase: Option<&Secret<String>>,
    ) -> Result<Self, BundleError> {
        let plain = decrypt(sealed, keys, passphrase)?;
        let shape = |error: &serde_json::Error| BundleError::Shape {
            line: error.line(),
            column: error.column(),
        };
        let written: Written<'_> = serde_json::from_slice(&plain).map_err(|error| shape(&error))?;
        let nowhere = || BundleError::Shape { line: 1, column: 1 };
        if written.kind != KIND {
            return Err(nowhere());
        }
        if written.format != FORMAT {
            return Err(BundleError::Format(written.format));
        }
        let key = Zeroizing::new(STANDARD.decode(written.fingerprint_key).map_err(|_| nowhere())?);
        let key = HouseKey::read(&key).ok_or_else(nowhere)?;
        let mut entries = Vec::new();
        for one in written.secrets {
            let value = Value::new(STANDARD.decode(one.value).map_err(|_| nowhere())?);
            if key.of(value.expose()).whole() != one.fingerprint {
                return Err(BundleError::Damaged(one.name));
            }
            let (name, reference, caches) = (one.name, one.reference, one.caches);
            entries.push(Entry { name, reference, caches, value });
        }
        let (house, made_at) = (written.house.to_owned(), written.made_at);
        Ok(Self { house, made_at, entries })
    }
}

/// Whether a passphrase opens it, and no identity does.
///
/// # Errors
/// It is no age file.
pub fn is_under_passphrase(sealed: &[u8]) -> Result<bool, BundleError> {
    let armor = age::armor::ArmoredReader::new(sealed);
    let decryptor = age::Decryptor::new_buffered(armor);
    Ok(decryptor.map_err(|error| BundleError::Open(Box::new(error)))?.is_scrypt())
}

fn decrypt(
    sealed: &[u8],
    keys: &[Key],
    passphrase: Option<&Secret<String>>,
) -> Result<Zeroizing<Vec<u8>>, BundleError> {
    let opened = match (is_under_passphrase(sealed)?, passphrase) {
        (false, Some(_)) => return Err(BundleError::Otherwise("to recipients: name an identity")),
        (true, None) => return Err(BundleError::Otherwise("under a passphrase")),
        (false, None) => envelope::open(sealed, keys),
        (true, Some(passphrase)) => envelope::open_with_passphrase(sealed, passphrase),
    };
    opened.map_err(BundleError::Open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> HouseKey {
        HouseKey::read(&[5; 32]).unwrap()
    }

    fn bundle(values: &[Vec<u8>]) -> Bundle {
        let entry = |(n, value): (usize, &Vec<u8>)| Entry {
            name: ServiceName::new(format!("secret-{n}")).unwrap(),
            reference: SecretRef::File(format!("s{n}")),
            caches: vec![SecretRef::Age(format!("/c{n}.age"))],
            value: Value::new(value.clone()),
        };
        let entries = values.iter().enumerate().map(entry).collect();
        Bundle { house: "manor".to_owned(), made_at: 1_795_327_200, entries }
    }

    fn shown(result: Result<Bundle, BundleError>) -> String {
        result.map_or_else(|error| error.to_string(), |_| "opened".to_owned())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_goes_in_comes_out(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6)) {
            let identity = age::x25519::Identity::generate();
            let lock = Lock::Recipients(vec![Box::new(identity.to_public())]);
            let sealed = bundle(&values).seal(&key(), &lock).unwrap();
            for value in values.iter().filter(|value| value.len() > 8) {
                prop_assert!(!sealed.windows(value.len()).any(|window| window == value.as_slice()));
            }
            let back = Bundle::open(&sealed, &[Key::Native(identity)], None).unwrap();
            let out: Vec<Vec<u8>> = back.entries.iter().map(|one| one.value.expose().clone()).collect();
            prop_assert_eq!(&out, &values);
            prop_assert_eq!(back.house, "manor");
            prop_assert_eq!(&back.entries.len(), &values.len());
        }
    }

    #[test]
    fn what_does_not_open_says_what_would() {
        let one = age::x25519::Identity::generate();
        let lock = Lock::Recipients(vec![Box::new(one.to_public())]);
        let sealed = bundle(&[b"hunter2".to_vec()]).seal(&key(), &lock).unwrap();
        let other = [Key::Native(age::x25519::Identity::generate())];
        let said = shown(Bundle::open(&sealed, &other, None));
        assert_eq!(said, "the bundle does not open with what is given");
        let words = Secret::new("open sesame".to_owned());
        let said = shown(Bundle::open(&sealed, &[], Some(&words)));
        assert_eq!(said, "the bundle is encrypted to recipients: name an identity");
        assert!(matches!(Bundle::open(b"junk", &[], None), Err(BundleError::Open(_))));
        let nobody = bundle(&[]).seal(&key(), &Lock::Recipients(Vec::new()));
        assert!(matches!(nobody, Err(BundleError::Nobody)));
    }

    fn sealed_text(text: &str) -> (Vec<u8>, [Key; 1]) {
        let identity = age::x25519::Identity::generate();
        let sealed = age::encrypt(&identity.to_public(), text.as_bytes()).unwrap();
        (sealed, [Key::Native(identity)])
    }

    #[test]
    fn what_is_not_a_bundle_is_refused_without_its_text() {
        let text =
            String::from_utf8(bundle(&[b"hunter2".to_vec()]).write(&key()).to_vec()).unwrap();
        let (sealed, opens) = sealed_text(&text);
        assert_eq!(shown(Bundle::open(&sealed, &opens, None)), "opened");
        let other = STANDARD.encode(b"hunter3");
        for (from, to, says) in [
            ("\"format\": 1", "\"format\": 2", "the bundle has format 2; this version reads 1"),
            (
                &*STANDARD.encode(b"hunter2"),
                &*other,
                "the value of `secret-0` is not what was put into the bundle",
            ),
            ("sanctum-recovery", "else", "the content is no recovery bundle (line 1, column 1)"),
            ("\"house\"", "\"hunter9\"", "the content is no recovery bundle (line 4, column 11)"),
        ] {
            let (sealed, opens) = sealed_text(&text.replace(from, to));
            assert_eq!(shown(Bundle::open(&sealed, &opens, None)), says);
        }
    }
}
