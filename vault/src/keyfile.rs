//! An agent's key on disk, in the two spellings that the published clients open.
//!
//! `NAME.key` is the seed in hexadecimal. `NAME.key.enc` is hexadecimal of salt (16), nonce (24) and NaCl's secretbox of the seed under PBKDF2-HMAC-SHA256 of a passphrase
//! with 100,000 rounds, which is what they do and no more than they open.

use crate::crypt::{NotSealed, hex, random, unhex};
use crypto_secretbox::aead::generic_array::GenericArray;
use crypto_secretbox::{AeadInPlace as _, KeyInit as _, XSalsa20Poly1305};
use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

const SALT: usize = 16;
const NONCE: usize = 24;
const TAG: usize = 16;
const SEED: usize = 32;
/// As the published clients have it.
const ROUNDS: u32 = 100_000;

/// A key file that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Not 64 hexadecimal digits.
    #[error("it is not the hexadecimal of 32 bytes")]
    Plain,
    /// Not 176 hexadecimal digits.
    #[error("it is not the hexadecimal of 88 bytes")]
    Sealed,
    /// Another passphrase.
    #[error("this passphrase does not open it")]
    Passphrase,
}

/// An agent's secret key.
pub struct AgentKey(SigningKey);

impl AgentKey {
    /// A new one.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub fn new() -> Result<Self, NotSealed> {
        let seed = Zeroizing::new(random::<SEED>()?);
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The key that the vault is told.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// The signature of a challenge.
    #[must_use]
    pub fn sign(&self, challenge: &[u8]) -> [u8; 64] {
        use ed25519_dalek::Signer as _;
        self.0.sign(challenge).to_bytes()
    }

    /// What a `.key` holds.
    #[must_use]
    pub fn plain(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}\n", hex(self.0.as_bytes())))
    }

    /// Reads a `.key`.
    ///
    /// # Errors
    /// It is none.
    pub fn from_plain(text: &[u8]) -> Result<Self, BadKey> {
        let bytes = std::str::from_utf8(text).ok().and_then(|text| unhex(text.trim()));
        Self::of(&bytes.ok_or(BadKey::Plain)?).ok_or(BadKey::Plain)
    }

    /// What a `.key.enc` holds.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub fn sealed(&self, passphrase: &[u8]) -> Result<String, NotSealed> {
        let (salt, nonce) = (random::<SALT>()?, random::<NONCE>()?);
        let mut seed = Zeroizing::new(*self.0.as_bytes());
        let tag = cipher(passphrase, &salt)
            .encrypt_in_place_detached(&GenericArray::from(nonce), &[], seed.as_mut_slice())
            .map_err(|_| NotSealed)?;
        // The seed is its ciphertext by now; NaCl has the tag before it.
        Ok(format!("{}{}{}{}\n", hex(&salt), hex(&nonce), hex(&tag), hex(seed.as_slice())))
    }

    /// Reads a `.key.enc`.
    ///
    /// # Errors
    /// It is none, or another passphrase's.
    pub fn from_sealed(text: &[u8], passphrase: &[u8]) -> Result<Self, BadKey> {
        let bytes = std::str::from_utf8(text).ok().and_then(|text| unhex(text.trim()));
        let bytes = bytes.ok_or(BadKey::Sealed)?;
        let (salt, rest) = bytes.split_first_chunk::<SALT>().ok_or(BadKey::Sealed)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(BadKey::Sealed)?;
        let (tag, body) = rest.split_first_chunk::<TAG>().ok_or(BadKey::Sealed)?;
        let mut seed = Zeroizing::new(body.to_vec());
        if seed.len() != SEED {
            return Err(BadKey::Sealed);
        }
        let (nonce, tag) = (GenericArray::from(*nonce), GenericArray::from(*tag));
        cipher(passphrase, salt)
            .decrypt_in_place_detached(&nonce, &[], &mut seed, &tag)
            .map_err(|_| BadKey::Passphrase)?;
        Self::of(&seed).ok_or(BadKey::Sealed)
    }

    /// Whether a text has the form of a `.key.enc`, whatever passphrase opens it.
    #[must_use]
    pub fn is_sealed(text: &[u8]) -> bool {
        let bytes = std::str::from_utf8(text).ok().and_then(|text| unhex(text.trim()));
        bytes.is_some_and(|bytes| bytes.len() == SALT + NONCE + TAG + SEED)
    }

    fn of(seed: &[u8]) -> Option<Self> {
        let mut own = Zeroizing::new([0; SEED]);
        if seed.len() != SEED {
            return None;
        }
        own.copy_from_slice(seed);
        Some(Self(SigningKey::from_bytes(&own)))
    }
}

fn cipher(passphrase: &[u8], salt: &[u8]) -> XSalsa20Poly1305 {
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2::pbkdf2_hmac::<sha2::Sha256>(passphrase, salt, ROUNDS, key.as_mut_slice());
    XSalsa20Poly1305::new(GenericArray::from_slice(key.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_both_spellings() {
        let key = AgentKey::new().unwrap();
        let same = |other: Result<AgentKey, BadKey>| other.unwrap().public() == key.public();
        assert!(same(AgentKey::from_plain(key.plain().as_bytes())));
        let sealed = key.sealed(b"p").unwrap();
        assert_eq!(sealed.trim().len(), 176);
        assert!(same(AgentKey::from_sealed(sealed.as_bytes(), b"p")));
        let failure = |text: &str, by: &[u8]| AgentKey::from_sealed(text.as_bytes(), by).err();
        assert_eq!(failure(&sealed, b"q"), Some(BadKey::Passphrase));
        assert_eq!(failure(&key.plain(), b"p"), Some(BadKey::Sealed));
        assert!(AgentKey::is_sealed(sealed.as_bytes()));
        for bad in [&*key.plain(), "", sealed.get(..174).unwrap(), "zz"] {
            assert!(!AgentKey::is_sealed(bad.as_bytes()), "{bad}");
        }
        for bad in ["", "00", "zz", sealed.as_str()] {
            assert_eq!(AgentKey::from_plain(bad.as_bytes()).err(), Some(BadKey::Plain));
        }
    }
}
