//! Keyed fingerprints: whether two places hold the same value, without the value.
//!
//! HMAC-SHA-256 under a key of the house's own, so that nobody without it can try short values one by one. A fingerprint
//! is shown by its first digits only. Deliberately absent: where the key is kept.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// Bytes of a key and of a fingerprint (SHA-256).
pub const LENGTH: usize = 32;
/// Bytes that are shown: enough to tell a house's secrets apart by eye, too few to say anything of one.
const SHOWN: usize = 4;

/// The key of a house's fingerprints.
pub struct HouseKey(Zeroizing<[u8; LENGTH]>);

impl HouseKey {
    /// Takes a key in.
    #[must_use]
    pub fn new(bytes: Zeroizing<[u8; LENGTH]>) -> Self {
        Self(bytes)
    }

    /// A key as it is kept; none when it is not of the right length.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; LENGTH]);
        (bytes.len() == LENGTH).then(|| key.copy_from_slice(bytes))?;
        Some(Self(key))
    }

    /// The fingerprint of a value.
    #[must_use]
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length (RFC 2104)")]
    pub fn of(&self, value: &[u8]) -> Fingerprint {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).expect("any length");
        // Kept apart from whatever else may once be signed under the same key.
        mac.update(b"sanctum secret 1\0");
        mac.update(value);
        Fingerprint(mac.finalize().into_bytes().into())
    }

    /// The key itself, for the one file or bundle that keeps it.
    #[must_use]
    pub fn expose(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

impl fmt::Debug for HouseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HouseKey(..)")
    }
}

/// What stands for a value under one house's key. Shown, it is its first eight digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; LENGTH]);

impl Fingerprint {
    /// All of it, for files that only their owner reads; never for people.
    #[must_use]
    pub fn whole(&self) -> String {
        hex(&self.0)
    }

    /// Reads what [`Fingerprint::whole`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; LENGTH];
        if text.len() != 2 * LENGTH || !text.is_ascii() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0.get(..SHOWN).unwrap_or_default()))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> HouseKey {
        HouseKey::new(Zeroizing::new([byte; LENGTH]))
    }

    /// The digits are openssl's: `printf 'sanctum secret 1\0hunter2' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707…`.
    #[test]
    fn it_is_hmac_sha_256_and_shows_little() {
        let print = key(7).of(b"hunter2");
        assert_eq!(print.to_string(), "88706a0d");
        assert!(print.whole().starts_with(&print.to_string()));
        assert_eq!(format!("{print:?}"), format!("Fingerprint({print})"));
        assert_eq!(format!("{:?}", key(7)), "HouseKey(..)");
        assert_eq!(Fingerprint::parse(&print.whole()), Some(print));
        for bad in ["", "07", &"x".repeat(64), &"é".repeat(32), &"0".repeat(65)] {
            assert_eq!(Fingerprint::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn another_house_sees_another_fingerprint() {
        assert_ne!(key(1).of(b"hunter2"), key(2).of(b"hunter2"));
        assert!(HouseKey::read(&[0; 31]).is_none());
        assert_eq!(HouseKey::read(&[9; 32]).map(|key| key.of(b"x")), Some(key(9).of(b"x")));
    }
}
