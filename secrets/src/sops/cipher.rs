//! One value, encrypted: `ENC[AES256_GCM,data:..,iv:..,tag:..,type:..]`.
//!
//! AES-256-GCM; the nonce is as long as `iv` says, and 32 bytes where we make it. The additional data binds a value
//! to the keys on its path. Deliberately absent: which values are encrypted, and the data key's own wrapping.

use super::value::{Kind, Value};
use aes_gcm::aead::AeadInOut as _;
use aes_gcm::aead::consts::{U12, U16, U24, U32, U64};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, KeyInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Bytes of a data key (AES-256).
pub const KEY_BYTES: usize = 32;
/// Bytes of the nonces that the original makes (getsops/sops, aes/cipher.go).
const IV_BYTES: usize = 32;
/// Bytes of a GCM tag.
const TAG_BYTES: usize = 16;
/// What base64 of a tag could hold: six groups of three bytes.
const TAG_ROOM: usize = 18;
/// What every encrypted value begins with.
pub const PREFIX: &str = "ENC[AES256_GCM,data:";

/// The key of a document's values.
pub type DataKey = Zeroizing<[u8; KEY_BYTES]>;

/// Why a value cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// It is not `ENC[..]`.
    #[error("it is not encrypted, although its key says that it should be")]
    NotEncrypted,
    /// A part is not base64, or has no possible length.
    #[error("its `{0}` is damaged")]
    Part(&'static str),
    /// A type that nobody writes.
    #[error("its type is unknown")]
    Type,
    /// The tag does not match: another key, another place, or changed bytes.
    #[error("it was not encrypted with this data key at this place, or was changed")]
    Authentication,
    /// The plaintext is not of its type.
    #[error("its plaintext is not of its type")]
    Spelling,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Random,
}

/// The parts of an encrypted value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Ciphertext without the tag.
    pub data: Vec<u8>,
    /// The nonce.
    pub iv: Vec<u8>,
    /// The tag.
    pub tag: [u8; TAG_BYTES],
    /// The type.
    pub kind: Kind,
}

impl Parts {
    /// Takes `ENC[..]` apart.
    pub fn parse(text: &str) -> Result<Self, CipherError> {
        let mut rest = text.strip_prefix(PREFIX).ok_or(CipherError::NotEncrypted)?;
        // Base64 has no comma.
        let mut before = |next: &str| {
            let (part, follows) = rest.split_once(',')?;
            rest = follows.strip_prefix(next)?;
            Some(part)
        };
        let parts = (before("iv:"), before("tag:"), before("type:"));
        let (Some(data), Some(iv), Some(tag)) = parts else {
            return Err(CipherError::NotEncrypted);
        };
        // A block scalar ends with a line feed that belongs to nobody.
        let kind = rest.trim_end().strip_suffix(']').ok_or(CipherError::NotEncrypted)?;
        let part = |name, text: &str| STANDARD.decode(text).map_err(|_| CipherError::Part(name));
        let mut tag_bytes = [0; TAG_ROOM];
        let length = STANDARD.decode_slice(tag, &mut tag_bytes);
        let tag = tag_bytes.first_chunk().filter(|_| length == Ok(TAG_BYTES));
        Ok(Self {
            data: part("data", data)?,
            iv: part("iv", iv)?,
            tag: *tag.ok_or(CipherError::Part("tag"))?,
            kind: Kind::of(kind).ok_or(CipherError::Type)?,
        })
    }

    /// Puts it together again.
    #[must_use]
    pub fn text(&self) -> String {
        let [data, iv, tag] =
            [&self.data[..], &self.iv[..], &self.tag[..]].map(|part| STANDARD.encode(part));
        format!("{PREFIX}{data},iv:{iv},tag:{tag},type:{}]", self.kind.word())
    }
}

/// Seals and opens values with one data key.
#[derive(Debug)]
pub struct Cipher {
    aes: Aes256,
    usual: AesGcm<Aes256, U32>,
}

impl Cipher {
    /// With that key.
    #[must_use]
    pub fn new(key: &DataKey) -> Self {
        let key = (&**key).into();
        Self { aes: Aes256::new(key), usual: AesGcm::new(key) }
    }

    /// Opens a value at a place. An empty text is an empty text.
    pub fn open(&self, text: &str, place: &str) -> Result<Value, CipherError> {
        if text.is_empty() {
            return Ok(Value { kind: Kind::Str, bytes: Zeroizing::default() });
        }
        let mut parts = Parts::parse(text)?;
        let mut bytes = Zeroizing::new(std::mem::take(&mut parts.data));
        self.decrypt(&parts, place.as_bytes(), &mut bytes)?;
        Value::spelled(parts.kind, bytes).ok_or(CipherError::Spelling)
    }

    fn decrypt(&self, parts: &Parts, place: &[u8], bytes: &mut [u8]) -> Result<(), CipherError> {
        macro_rules! with {
            ($gcm:expr) => {{
                let nonce = parts.iv.as_slice().try_into().map_err(|_| CipherError::Part("iv"))?;
                $gcm.decrypt_inout_detached(nonce, place, bytes.into(), (&parts.tag).into())
            }};
        }
        // The lengths that writers of SOPS files use; the original's is 32.
        let opened = match parts.iv.len() {
            IV_BYTES => with!(self.usual),
            12 => with!(AesGcm::<Aes256, U12>::from(self.aes.clone())),
            16 => with!(AesGcm::<Aes256, U16>::from(self.aes.clone())),
            24 => with!(AesGcm::<Aes256, U24>::from(self.aes.clone())),
            64 => with!(AesGcm::<Aes256, U64>::from(self.aes.clone())),
            _ => return Err(CipherError::Part("iv")),
        };
        opened.map_err(|_| CipherError::Authentication)
    }

    /// Seals a value at a place with a fresh nonce. An empty text stays empty.
    pub fn seal(&self, value: &Value, place: &str) -> Result<String, CipherError> {
        if value.is_empty() {
            return Ok(String::new());
        }
        let mut iv = [0_u8; IV_BYTES];
        sanctum_host::random::fill(&mut iv).map_err(|_| CipherError::Random)?;
        let mut data = value.bytes.to_vec();
        let tag = self
            .usual
            .encrypt_inout_detached((&iv).into(), place.as_bytes(), data.as_mut_slice().into())
            .map_err(|_| CipherError::Authentication)?;
        Ok(Parts { data, iv: iv.to_vec(), tag: tag.into(), kind: value.kind }.text())
    }
}

/// A fresh data key.
pub fn fresh_key() -> Result<DataKey, CipherError> {
    let mut key = DataKey::default();
    sanctum_host::random::fill(&mut *key).map_err(|_| CipherError::Random)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_sealed_opens_at_its_place_and_nowhere_else(
            bytes in proptest::collection::vec(any::<u8>(), 0..80), place in "[a-z:]{0,12}",
        ) {
            let cipher = Cipher::new(&fresh_key().unwrap());
            let value = Value { kind: Kind::Str, bytes: Zeroizing::new(bytes) };
            let text = cipher.seal(&value, &place).unwrap();
            prop_assert_eq!(&cipher.open(&text, &place).unwrap(), &value);
            if !value.is_empty() {
                let nonce = |text: &str| Parts::parse(text).unwrap().iv;
                prop_assert_eq!(nonce(&text).len(), 32);
                // A nonce that comes twice gives the key of the tags away.
                prop_assert_ne!(nonce(&text), nonce(&cipher.seal(&value, &place).unwrap()));
                let elsewhere = cipher.open(&text, &format!("{place}x"));
                prop_assert_eq!(elsewhere, Err(CipherError::Authentication));
            }
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,60}", tail in ".{0,20}") {
            let _ = Parts::parse(&text);
            let _ = Parts::parse(&format!("{PREFIX}{text},iv:{tail},tag:{tail},type:str]"));
        }
    }

    #[test]
    fn a_shorter_nonce_is_read_too() {
        let key = DataKey::default();
        let mut data = b"value".to_vec();
        let gcm = AesGcm::<Aes256, U12>::new((&*key).into());
        let tag = gcm
            .encrypt_inout_detached((&[7_u8; 12]).into(), b"a:", data.as_mut_slice().into())
            .unwrap();
        let text = Parts { data, iv: vec![7; 12], tag: tag.into(), kind: Kind::Str }.text();
        assert_eq!(&*Cipher::new(&key).open(&text, "a:").unwrap().bytes, b"value");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cipher = Cipher::new(&DataKey::default());
        for (text, error) in [
            ("plain", CipherError::NotEncrypted),
            ("ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]", CipherError::Part("tag")),
            ("ENC[AES256_GCM,data:A,iv:AA==,tag:AA==,type:str]", CipherError::Part("data")),
        ] {
            assert_eq!(cipher.open(text, ""), Err(error));
        }
    }
}
