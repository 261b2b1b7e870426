//! The root key, how it is wrapped for each way to open a vault, and the keys that are made from it.
//!
//! The root key lives while it is wrapped or its subkeys are derived, and no longer; all of them are wiped when they are dropped, which is
//! what sealing a vault means. The parameters of Argon2 stand in the file and are bounded before they cost anything.

use crate::crypt::{self, Bound, KEY, NotSealed, hex, unhex, unhex_array};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

/// Bytes of a vault's id.
pub const ID: usize = 16;
const SALT: usize = 16;
/// No file makes whoever opens it spend more memory than this, in KiB.
const MOST_MEMORY: u32 = 1 << 20;
const MOST_PASSES: u32 = 64;
const MOST_LANES: u32 = 16;

/// What a passphrase costs whoever tries one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// KiB of memory.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Cost {
    /// The second recommended option of RFC 9106, section 4.
    fn default() -> Self {
        Self { memory: 64 * 1024, passes: 3, lanes: 4 }
    }
}

/// What opens a vault.
#[derive(Clone)]
pub enum Opener {
    /// A person's.
    Passphrase(Zeroizing<Vec<u8>>),
    /// 32 bytes of a key file or another store, for a boot with nobody there.
    Key(Zeroizing<[u8; KEY]>),
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Passphrase(_) => "Passphrase(..)",
            Self::Key(_) => "Key(..)",
        })
    }
}

impl Opener {
    /// A key as its file has it: 64 hexadecimal digits.
    #[must_use]
    pub fn key(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let bytes = unhex(text.trim())?;
        let mut key = Zeroizing::new([0; KEY]);
        if bytes.len() != KEY {
            return None;
        }
        key.copy_from_slice(&bytes);
        Some(Self::Key(key))
    }

    /// A new key and its text.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub fn new_key() -> Result<(Self, Zeroizing<String>), NotSealed> {
        let key = Zeroizing::new(crypt::random::<KEY>()?);
        let text = Zeroizing::new(format!("{}\n", hex(key.as_slice())));
        Ok((Self::Key(key), text))
    }
}

/// The root key under one opener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Wrap {
    /// Argon2id.
    Passphrase {
        /// Its cost.
        cost: Cost,
        /// Hexadecimal.
        salt: String,
        /// Hexadecimal.
        sealed: String,
    },
    /// A key.
    Key {
        /// Hexadecimal.
        sealed: String,
    },
}

/// Why a root key is not wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrapError {
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] NotSealed),
    /// Costs that no file may have.
    #[error("Argon2id does not take this cost, or this passphrase")]
    Cost,
}

pub(crate) struct RootKey(Zeroizing<[u8; KEY]>);

impl RootKey {
    pub(crate) fn new() -> Result<Self, NotSealed> {
        Ok(Self(Zeroizing::new(crypt::random()?)))
    }

    pub(crate) fn wrap(
        &self,
        vault: &[u8; ID],
        opener: &Opener,
        cost: Cost,
    ) -> Result<Wrap, WrapError> {
        match opener {
            Opener::Passphrase(text) => {
                let salt: [u8; SALT] = crypt::random()?;
                let key = stretch(text, &salt, cost).ok_or(WrapError::Cost)?;
                let sealed = crypt::seal(&key, &bound(vault, Some((cost, &salt))), &*self.0)?;
                Ok(Wrap::Passphrase { cost, salt: hex(&salt), sealed: hex(&sealed) })
            }
            Opener::Key(key) => {
                let sealed = crypt::seal(key, &bound(vault, None), &*self.0)?;
                Ok(Wrap::Key { sealed: hex(&sealed) })
            }
        }
    }

    /// None when no wrap opens with that.
    pub(crate) fn unwrap(vault: &[u8; ID], opener: &Opener, wraps: &[Wrap]) -> Option<Self> {
        wraps.iter().find_map(|wrap| match (wrap, opener) {
            (Wrap::Passphrase { cost, salt, sealed }, Opener::Passphrase(text)) => {
                let salt: [u8; SALT] = unhex_array(salt)?;
                let key = stretch(text, &salt, *cost)?;
                Self::opened(&key, &bound(vault, Some((*cost, &salt))), sealed)
            }
            (Wrap::Key { sealed }, Opener::Key(key)) => {
                Self::opened(key, &bound(vault, None), sealed)
            }
            _ => None,
        })
    }

    fn opened(key: &[u8; KEY], bound: &Bound, sealed: &str) -> Option<Self> {
        let plain = crypt::open(key, bound, &unhex(sealed)?)?;
        let mut root = Zeroizing::new([0; KEY]);
        if plain.len() != KEY {
            return None;
        }
        root.copy_from_slice(&plain);
        Some(Self(root))
    }
}

fn bound(vault: &[u8; ID], by: Option<(Cost, &[u8; SALT])>) -> Bound {
    let bound = Bound::to("sanctum vault wrap 1").and(vault);
    match by {
        None => bound.and(b"key"),
        Some((cost, salt)) => {
            let costs = [cost.memory, cost.passes, cost.lanes];
            let bound = bound.and(b"passphrase").and(salt);
            costs.into_iter().fold(bound, |bound, one| bound.number(u64::from(one)))
        }
    }
}

fn stretch(text: &[u8], salt: &[u8], cost: Cost) -> Option<Zeroizing<[u8; KEY]>> {
    if cost.memory > MOST_MEMORY || cost.passes > MOST_PASSES || cost.lanes > MOST_LANES {
        return None;
    }
    let params = argon2::Params::new(cost.memory, cost.passes, cost.lanes, Some(KEY)).ok()?;
    let argon = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let mut key = Zeroizing::new([0; KEY]);
    argon.hash_password_into(text, salt, key.as_mut_slice()).ok()?;
    Some(key)
}

/// The keys of an unsealed vault, in one place of the heap so that moving them leaves no copies.
pub(crate) struct Keys(Box<Subkeys>);

struct Subkeys {
    head: [u8; KEY],
    value: [u8; KEY],
    counter: [u8; KEY],
    print: [u8; KEY],
}

impl Drop for Subkeys {
    fn drop(&mut self) {
        for key in [&mut self.head, &mut self.value, &mut self.counter, &mut self.print] {
            key.zeroize();
        }
    }
}

impl Keys {
    pub(crate) fn of(root: &RootKey, vault: &[u8; ID]) -> Self {
        let kdf = Hkdf::<Sha256>::new(Some(vault), root.0.as_slice());
        let zero = [0; KEY];
        let mut keys = Box::new(Subkeys { head: zero, value: zero, counter: zero, print: zero });
        for (key, name) in [
            (&mut keys.head, "head"),
            (&mut keys.value, "value"),
            (&mut keys.counter, "counter"),
            (&mut keys.print, "print"),
        ] {
            // 32 bytes are within what HKDF gives (RFC 5869, section 2.3), so this cannot fail.
            let made = kdf.expand(format!("sanctum vault {name} 1").as_bytes(), key);
            debug_assert!(made.is_ok());
        }
        Self(keys)
    }

    pub(crate) fn head(&self) -> &[u8; KEY] {
        &self.0.head
    }

    pub(crate) fn value(&self) -> &[u8; KEY] {
        &self.0.value
    }

    /// Binds the bytes of a counter to this vault.
    pub(crate) fn counter_tag(&self, bytes: &[u8]) -> [u8; 32] {
        mac(&self.0.counter, bytes)
    }

    /// What stands for a value where a value must not be: it tells equal ones from others, to who reads the journal of this vault alone.
    pub(crate) fn fingerprint(&self, value: &[u8]) -> String {
        hex(mac(&self.0.print, value).get(..16).unwrap_or_default())
    }
}

/// HMAC takes keys of every length, so none is refused.
fn mac(key: &[u8; KEY], bytes: &[u8]) -> [u8; 32] {
    Hmac::<Sha256>::new_from_slice(key).map_or([0; 32], |mut mac| {
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Cheap enough for a hundred of them.
    pub(crate) const CHEAP: Cost = Cost { memory: 8, passes: 1, lanes: 1 };

    pub(crate) fn passphrase(text: &str) -> Opener {
        Opener::Passphrase(Zeroizing::new(text.as_bytes().to_vec()))
    }

    #[test]
    fn a_root_key_opens_for_its_openers_alone() {
        let (vault, root) = ([1; ID], RootKey::new().unwrap());
        let (key, text) = Opener::new_key().unwrap();
        let one = root.wrap(&vault, &passphrase("one"), CHEAP).unwrap();
        let wraps = [one, root.wrap(&vault, &key, CHEAP).unwrap()];
        let opens = |vault: &[u8; ID], by: &Opener| {
            RootKey::unwrap(vault, by, &wraps).is_some_and(|found| *found.0 == *root.0)
        };
        assert!(opens(&vault, &passphrase("one")) && opens(&vault, &key));
        assert!(opens(&vault, &Opener::key(text.as_bytes()).unwrap()));
        assert!(!opens(&vault, &passphrase("two")) && !opens(&[2; ID], &key));
        assert!(!opens(&vault, &Opener::new_key().unwrap().0));
        // The keys that are made from it differ from one another.
        let keys = Keys::of(&root, &vault);
        assert_ne!(keys.head(), keys.value());
        assert_ne!(keys.counter_tag(b"x")[..16], *unhex(&keys.fingerprint(b"x")).unwrap());
    }

    #[test]
    fn a_cost_that_would_stop_the_machine_is_refused() {
        let root = RootKey::new().unwrap();
        for cost in [
            Cost { memory: MOST_MEMORY + 1, ..CHEAP },
            Cost { passes: MOST_PASSES + 1, ..CHEAP },
            Cost { lanes: 0, ..CHEAP },
        ] {
            assert!(root.wrap(&[1; ID], &passphrase("x"), cost).is_err(), "{cost:?}");
        }
    }
}
