//! Ciphertexts under a credential: bound to its path and version, and wrapped anew under the version in use without their plaintext leaving.

use super::{Work, text, unfit};
use crate::crypt::{self, Bound, NONCE, TAG};
use crate::wire::{Code, WireError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The first byte of a ciphertext.
const FORMAT: u8 = 1;
const VERSION: usize = 4;

/// Which version a ciphertext needs.
pub(super) fn version(params: &Map<String, Value>) -> Result<u32, WireError> {
    parts(&ciphertext(params)?).map(|(version, _)| version)
}

fn key(value: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let made =
        Hkdf::<Sha256>::new(None, value).expand(b"sanctum vault encrypt 1", key.as_mut_slice());
    debug_assert!(made.is_ok());
    key
}

fn bound(path: &str, version: u32) -> Bound {
    Bound::to("sanctum vault encrypt 1").and(path.as_bytes()).number(u64::from(version))
}

pub(super) fn encrypt(work: &Work<'_>) -> Result<Value, WireError> {
    let data = text(work.params, &["data", "plaintext"]);
    let data = data.ok_or(WireError::invalid("`data` is missing"))?;
    wrapped(work.value, work.path, work.version, data.as_bytes())
}

fn wrapped(value: &[u8], path: &str, version: u32, plain: &[u8]) -> Result<Value, WireError> {
    let sealed = crypt::seal(&key(value), &bound(path, version), plain)
        .map_err(|_| WireError::from(Code::Internal))?;
    let mut whole = vec![FORMAT];
    whole.extend_from_slice(&version.to_be_bytes());
    whole.extend_from_slice(&sealed);
    Ok(json!({ "ciphertext": STANDARD.encode(whole), "version": version }))
}

fn ciphertext(params: &Map<String, Value>) -> Result<Vec<u8>, WireError> {
    let text = text(params, &["data", "ciphertext"]);
    let text = text.ok_or(WireError::invalid("`data` is missing"))?;
    STANDARD.decode(text).map_err(|_| WireError::invalid("`data` is not base64"))
}

fn parts(bytes: &[u8]) -> Result<(u32, &[u8]), WireError> {
    let foreign = || WireError::invalid("`data` is no ciphertext of this vault");
    let (format, rest) = bytes.split_first().ok_or_else(foreign)?;
    let (version, sealed) = rest.split_first_chunk::<VERSION>().ok_or_else(foreign)?;
    if *format != FORMAT || sealed.len() < NONCE + TAG {
        return Err(foreign());
    }
    Ok((u32::from_be_bytes(*version), sealed))
}

fn opened(work: &Work<'_>) -> Result<Zeroizing<Vec<u8>>, WireError> {
    let bytes = ciphertext(work.params)?;
    let (version, sealed) = parts(&bytes)?;
    let plain = crypt::open(&key(work.value), &bound(work.path, version), sealed);
    plain.ok_or_else(|| unfit("this credential did not encrypt it"))
}

pub(super) fn decrypt(work: &Work<'_>) -> Result<Value, WireError> {
    let plain = opened(work)?;
    let text = std::str::from_utf8(&plain).map_err(|_| unfit("the plaintext is no text"))?;
    Ok(json!({ "plaintext": text }))
}

/// The same plaintext under the version in use, which is the second argument with its number; `work` is the version of the ciphertext.
///
/// # Errors
/// The ciphertext is not this credential's.
pub fn rewrap(work: &Work<'_>, (number, value): (u32, &[u8])) -> Result<Value, WireError> {
    wrapped(value, work.path, number, &opened(work)?)
}

#[cfg(test)]
mod tests {
    use super::super::Publics;
    use super::super::tests::run;
    use super::*;
    use sanctum_types::UnixTime;

    #[test]
    fn a_ciphertext_opens_for_its_credential_version_and_path() {
        let sealed = run("encrypt", b"k", &json!({ "data": "plain" })).unwrap();
        let data = json!({ "data": sealed["ciphertext"] });
        assert_eq!(run("decrypt", b"k", &data), Ok(json!({ "plaintext": "plain" })));
        assert_eq!(super::super::version("decrypt", data.as_object().unwrap()), Ok(Some(3)));
        assert_eq!(super::super::version("encrypt", &Map::new()), Ok(None));
        assert_eq!(run("decrypt", b"j", &data), Err("OPERATION_FAILED"));
        let params = data.as_object().unwrap();
        let (at, publics) = (UnixTime(0), &Publics::default());
        let elsewhere = Work { path: "a/c", version: 3, value: b"k", params, at, publics };
        assert!(super::super::run("decrypt", &elsewhere).is_err());
        let bytes = STANDARD.decode(sealed["ciphertext"].as_str().unwrap()).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(
                run("decrypt", b"k", &json!({ "data": STANDARD.encode(&changed) })).is_err(),
                "{at}"
            );
            assert!(
                run("decrypt", b"k", &json!({ "data": STANDARD.encode(&bytes[..at]) })).is_err()
            );
        }
    }

    #[test]
    fn a_ciphertext_moves_to_the_version_in_use() {
        let sealed = run("encrypt", b"old", &json!({ "data": "plain" })).unwrap();
        let params = json!({ "data": sealed["ciphertext"] });
        let params = params.as_object().unwrap();
        let (at, publics) = (UnixTime(0), &Publics::default());
        let work = Work { path: "a/b", version: 3, value: b"old", params, at, publics };
        let moved = rewrap(&work, (4, b"new")).unwrap();
        assert_eq!(moved["version"], 4);
        let data = json!({ "data": moved["ciphertext"] });
        assert_eq!(run("decrypt", b"new", &data), Ok(json!({ "plaintext": "plain" })));
        assert_eq!(run("decrypt", b"old", &data), Err("OPERATION_FAILED"));
        assert!(rewrap(&Work { value: b"other", ..work }, (4, b"new")).is_err());
    }
}
