//! Signatures: HMAC-SHA-256, Ed25519, ES256 and RS256 (RFC 7518), by the key that the credential is.
//!
//! RSA and ECDSA are `ring`'s, which computes both in constant time.

use super::{Work, text, unfit};
use crate::crypt;
use crate::wire::{Code, WireError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use ed25519_dalek::{SigningKey, VerifyingKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// What stands before the seed in the PKCS#8 document of an Ed25519 key (RFC 8410, section 7).
const ED25519_PKCS8: [u8; 16] =
    [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

pub(super) fn sign(work: &Work<'_>) -> Result<Value, WireError> {
    let data = text(work.params, &["data", "payload"]);
    let data = data.ok_or(WireError::invalid("`data` is missing"))?.as_bytes();
    let algorithm = text(work.params, &["algorithm"]).unwrap_or("hmac-sha256");
    let signature = match algorithm {
        "hmac-sha256" => {
            let mac = Hmac::<Sha256>::new_from_slice(work.value);
            let mut mac = mac.map_err(|_| unfit("the credential is no key"))?;
            mac.update(data);
            STANDARD.encode(mac.finalize().into_bytes())
        }
        "es256" | "ES256" => STANDARD.encode(es256(work.value, data)?),
        "rs256" | "RS256" => STANDARD.encode(rs256(work.value, data)?),
        "ed25519" => {
            let seed = seed(work.value)?;
            let public = work.publics.of(&seed);
            let expanded = ExpandedSecretKey::from(&*seed);
            STANDARD.encode(raw_sign::<Sha512>(&expanded, data, &public).to_bytes())
        }
        _ => return Err(WireError::invalid("`algorithm` is hmac-sha256, ed25519, es256 or rs256")),
    };
    Ok(json!({ "signature": signature, "algorithm": algorithm }))
}

/// r and s, 32 bytes each (RFC 7518, section 3.4).
fn es256(key: &[u8], data: &[u8]) -> Result<Vec<u8>, WireError> {
    let unfit = || unfit("the credential is no P-256 key as PKCS#8 in PEM, with its public half");
    let document = pem(key, "PRIVATE KEY").ok_or_else(unfit)?;
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &document, &random)
        .map_err(|_| unfit())?;
    let signed = pair.sign(&random, data).map_err(|_| WireError::from(Code::Internal))?;
    Ok(signed.as_ref().to_vec())
}

/// PKCS#1 v1.5 with SHA-256 (RFC 7518, section 3.3).
fn rs256(key: &[u8], data: &[u8]) -> Result<Vec<u8>, WireError> {
    let unfit = || unfit("the credential is no RSA key of 2048 to 4096 bits in PEM");
    let pair = match pem(key, "PRIVATE KEY") {
        Some(document) => RsaKeyPair::from_pkcs8(&document),
        None => RsaKeyPair::from_der(&pem(key, "RSA PRIVATE KEY").ok_or_else(unfit)?),
    };
    let pair = pair.map_err(|_| unfit())?;
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), data, &mut signature)
        .map_err(|_| WireError::from(Code::Internal))?;
    Ok(signature)
}

/// The document below that label (RFC 7468).
pub(super) fn pem(value: &[u8], label: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(value).ok()?;
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let body = text.split_once(&begin)?.1.split_once(&end)?.0;
    let digits: Zeroizing<String> =
        Zeroizing::new(body.chars().filter(|one| !one.is_ascii_whitespace()).collect());
    STANDARD.decode(digits.as_bytes()).ok().map(Zeroizing::new)
}

/// Public halves of the Ed25519 keys that were used last. To compute one costs as much as to sign, and nothing of it is secret.
///
/// A signature with another key's public half would give the private one away (RFC 8032, section 5.1.6, uses both), so each is found by the digest of its own
/// seed and by nothing that could name another one, as a path and a version might after a secret was removed and made again.
#[derive(Debug, Default)]
pub struct Publics(Mutex<BTreeMap<[u8; 32], VerifyingKey>>);

impl Publics {
    /// As many as an agent signs with at a time.
    const MOST: usize = 64;

    fn of(&self, seed: &[u8; 32]) -> VerifyingKey {
        let digest = Sha256::new_with_prefix(b"sanctum public half").chain_update(seed).finalize();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(public) = known.get(digest.as_slice()) {
            return *public;
        }
        if known.len() >= Self::MOST {
            known.clear();
        }
        let public = SigningKey::from_bytes(seed).verifying_key();
        known.insert(digest.into(), public);
        public
    }
}

/// 32 bytes, their hexadecimal, or PKCS#8 in PEM.
pub(super) fn seed(value: &[u8]) -> Result<Zeroizing<[u8; 32]>, WireError> {
    let unfit = || unfit("the credential is no seed of 32 bytes and no Ed25519 key in PEM");
    let written = std::str::from_utf8(value).ok().and_then(|text| crypt::unhex(text.trim()));
    let document = pem(value, "PRIVATE KEY");
    let inside = document.as_ref().and_then(|document| document.strip_prefix(&ED25519_PKCS8));
    let bytes = match (value.len(), &written, inside) {
        (32, _, _) => value,
        (_, Some(bytes), _) => bytes.as_slice(),
        (_, None, Some(bytes)) => bytes,
        (_, None, None) => return Err(unfit()),
    };
    Ok(Zeroizing::new(bytes.try_into().map_err(|_| unfit())?))
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair as _, UnparsedPublicKey};

    #[test]
    fn signatures_are_those_of_the_standards() {
        // RFC 4231, test case 2, and RFC 8032, section 7.1, test 1.
        let jefe = json!({ "data": "what do ya want for nothing?" });
        let mac = STANDARD.encode(
            &*crypt::unhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
                .unwrap(),
        );
        assert_eq!(run("sign", b"Jefe", &jefe).unwrap()["signature"], mac);
        assert_eq!(
            run("sign_payload", b"Jefe", &json!({ "payload": "what do ya want for nothing?" }))
                .unwrap()["signature"],
            mac
        );
        let halves = ["9d61b19deffd5a60ba844af492ec2cc4", "4449c5697b326919703bac031cae7f60"];
        let signed =
            run("sign", halves.concat().as_bytes(), &json!({ "algorithm": "ed25519", "data": "" }))
                .unwrap();
        let bytes = STANDARD.decode(signed["signature"].as_str().unwrap()).unwrap();
        assert!(crypt::hex(&bytes).starts_with("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974"));
        assert_eq!(
            run("sign", b"short", &json!({ "algorithm": "ed25519", "data": "" })),
            Err("OPERATION_FAILED")
        );
        assert_eq!(
            run("sign", b"k", &json!({ "algorithm": "md5", "data": "" })),
            Err("INVALID_REQUEST")
        );
        assert_eq!(run("shred", b"k", &json!({})), Err("UNKNOWN_OPERATION"));
    }

    proptest::proptest! {
        #[test]
        fn a_public_half_that_is_remembered_changes_no_signature(
            seeds in proptest::collection::vec(proptest::array::uniform32(0_u8..3), 1..90),
            data in "[a-z]{0,40}",
        ) {
            use ed25519_dalek::Signer as _;
            let publics = Publics::default();
            for seed in seeds.iter().chain(&seeds) {
                let params = json!({ "algorithm": "ed25519", "data": data });
                let params = params.as_object().unwrap();
                let at = sanctum_types::UnixTime(0);
                let work =
                    Work { path: "a/b", version: 1, value: seed, params, at, publics: &publics };
                let signature = SigningKey::from_bytes(seed).sign(data.as_bytes());
                let expected = STANDARD.encode(signature.to_bytes());
                proptest::prop_assert_eq!(&sign(&work).unwrap()["signature"], &expected);
            }
        }
    }

    #[test]
    fn es256_signs_with_a_document_and_nothing_else() {
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .unwrap();
        let wrapped = |label: &str| {
            let body = STANDARD.encode(document.as_ref());
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
        };
        let params = json!({ "algorithm": "ES256", "data": "d" });
        let signed = run("sign", wrapped("PRIVATE KEY").as_bytes(), &params).unwrap();
        let signature = STANDARD.decode(signed["signature"].as_str().unwrap()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            document.as_ref(),
            &SystemRandom::new(),
        );
        let public = UnparsedPublicKey::new(
            &ECDSA_P256_SHA256_FIXED,
            pair.unwrap().public_key().as_ref().to_vec(),
        );
        assert!(
            public.verify(b"d", &signature).is_ok() && public.verify(b"e", &signature).is_err()
        );
        let failed = Err("OPERATION_FAILED");
        assert_eq!(run("sign", wrapped("CERTIFICATE").as_bytes(), &params), failed);
        assert_eq!(run("sign", b"sk-1", &params), failed);
        let rsa = json!({ "algorithm": "rs256", "data": "d" });
        assert_eq!(run("sign", wrapped("PRIVATE KEY").as_bytes(), &rsa), failed);
        let ed = json!({ "algorithm": "ed25519", "data": "d" });
        assert_eq!(run("sign", wrapped("PRIVATE KEY").as_bytes(), &ed), failed);
    }
}
