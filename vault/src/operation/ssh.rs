//! Signatures of an SSH key, in the shapes of the agent protocol (RFC 4253, section 6.6, RFC 8709): the key stays here.
//!
//! The credential is an Ed25519 key: an unencrypted OpenSSH file, PKCS#8, or a seed.

use super::sign::{pem, seed};
use super::{Work, text, unfit};
use crate::wire::WireError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

const ALGORITHM: &[u8] = b"ssh-ed25519";
/// The beginning of OpenSSH's files (its PROTOCOL.key).
const MAGIC: &[u8] = b"openssh-key-v1\0";

/// The public half, as it stands in `authorized_keys`.
pub(super) fn public_key(work: &Work<'_>) -> Result<Value, WireError> {
    let key = key(work.value)?;
    Ok(json!({ "public_key": line(&key) }))
}

/// `data` is base64 of what is to be signed, and so is the signature in its envelope.
pub(super) fn sign(work: &Work<'_>) -> Result<Value, WireError> {
    let data = text(work.params, &["data"]).ok_or(WireError::invalid("`data` is missing"))?;
    let data = STANDARD.decode(data).map_err(|_| WireError::invalid("`data` is not base64"))?;
    let key = key(work.value)?;
    let mut blob = string(ALGORITHM);
    blob.extend(string(&key.sign(&data).to_bytes()));
    Ok(json!({ "signature": STANDARD.encode(blob), "public_key": line(&key) }))
}

fn line(key: &SigningKey) -> String {
    let mut blob = string(ALGORITHM);
    blob.extend(string(key.verifying_key().as_bytes()));
    format!("ssh-ed25519 {}", STANDARD.encode(blob))
}

fn string(bytes: &[u8]) -> Vec<u8> {
    crate::wire::frame::encode(bytes)
}

fn key(value: &[u8]) -> Result<SigningKey, WireError> {
    let Some(file) = pem(value, "OPENSSH PRIVATE KEY") else {
        return Ok(SigningKey::from_bytes(&*seed(value)?));
    };
    openssh(&file).ok_or_else(|| unfit("the credential is no unencrypted Ed25519 key of OpenSSH"))
}

/// Cipher, key derivation, its options, how many, public half; then twice the same number, name, public half, seed and public half.
fn openssh(file: &[u8]) -> Option<SigningKey> {
    let rest = file.strip_prefix(MAGIC)?;
    let (cipher, rest) = taken(rest)?;
    let (derivation, rest) = taken(rest)?;
    let (_, rest) = taken(rest)?;
    let (count, rest) = rest.split_first_chunk::<4>()?;
    let (_, rest) = taken(rest)?;
    let (inside, _) = taken(rest)?;
    let (one, inside) = inside.split_first_chunk::<4>()?;
    let (other, inside) = inside.split_first_chunk::<4>()?;
    let (name, inside) = taken(inside)?;
    let (public, inside) = taken(inside)?;
    let (both, _) = taken(inside)?;
    let plain = cipher == b"none" && derivation == b"none" && u32::from_be_bytes(*count) == 1;
    let (seed, _) = both.split_first_chunk::<32>()?;
    let key = SigningKey::from_bytes(seed);
    let fits = plain && one == other && name == ALGORITHM && both.len() == 64;
    (fits && key.verifying_key().as_bytes() == public).then_some(key)
}

fn taken(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;

    /// As `ssh-keygen -t ed25519` writes it; that real ones are read is shown with `ssh-keygen` itself.
    fn file() -> String {
        written(b"none", b"none")
    }

    /// With these words for how it is encrypted; it is not.
    fn written(cipher: &[u8], derivation: &[u8]) -> String {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = string(key.verifying_key().as_bytes());
        let both = string(&key.to_keypair_bytes());
        let inside =
            [&[1; 8][..], &string(ALGORITHM), &public, &both, &string(b"x"), &[1, 2, 3]].concat();
        let blob = string(&[string(ALGORITHM), public].concat());
        let head = [&string(cipher)[..], &string(derivation), &string(b""), &[0, 0, 0, 1]].concat();
        let whole = [MAGIC, &head, &blob, &string(&inside)].concat();
        let label = "OPENSSH PRIVATE KEY";
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(whole))
    }

    #[test]
    fn a_key_of_openssh_signs_and_its_public_half_is_told() {
        let signed = run("ssh_sign", file().as_bytes(), &json!({ "data": "ZA==" })).unwrap();
        let told = run("ssh_public_key", file().as_bytes(), &json!({})).unwrap();
        assert_eq!(told["public_key"], signed["public_key"]);
        let blob = STANDARD.decode(signed["signature"].as_str().unwrap()).unwrap();
        let (name, rest) = taken(&blob).unwrap();
        let (signature, _) = taken(rest).unwrap();
        assert_eq!(name, ALGORITHM);
        let signature = ed25519_dalek::Signature::from_slice(signature).unwrap();
        let public = SigningKey::from_bytes(&[7; 32]).verifying_key();
        assert!(public.verify_strict(b"d", &signature).is_ok());
    }

    #[test]
    fn what_is_cut_or_changed_is_no_key() {
        let text = file();
        let file = pem(text.as_bytes(), "OPENSSH PRIVATE KEY").unwrap();
        assert!(openssh(&file).is_some());
        for length in 0..file.len() {
            assert!(openssh(&file[..length]).is_none(), "{length}");
        }
        for (cipher, derivation) in [("aes256-ctr", "none"), ("none", "bcrypt")] {
            let sealed = written(cipher.as_bytes(), derivation.as_bytes());
            let sealed = pem(sealed.as_bytes(), "OPENSSH PRIVATE KEY").unwrap();
            assert!(openssh(&sealed).is_none(), "{cipher}");
        }
        // Two numbers that are the same in a file that was decrypted as it should be (PROTOCOL.key of OpenSSH).
        let mut torn = file.to_vec();
        let checks = torn.windows(8).position(|bytes| bytes == [1; 8]).unwrap();
        torn[checks] = 2;
        assert!(openssh(&torn).is_none());
        for (value, params) in [
            ("sk-1", json!({ "data": "ZA==" })),
            (&text, json!({})),
            (&text, json!({ "data": "not base64" })),
        ] {
            assert!(run("ssh_sign", value.as_bytes(), &params).is_err());
        }
    }
}
