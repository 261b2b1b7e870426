//! Findings that are accepted by fingerprint: a baseline of what was there, or the owner's list with reasons.
//!
//! A fingerprint is HMAC-SHA-256 over rule, path and secret under a random key that stands in the file, cut to 128 bits:
//! the file shows no secret, and a line that moves keeps its fingerprint. Whoever has the file can test a guess against
//! it, which is why it belongs beside the code and no guessable password is left in it. Deliberately absent: finding
//! such a file below what is scanned; only a file that the owner names, or has at home, is believed.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::collections::BTreeMap;

/// Version of the file.
pub const FORMAT: u32 = 1;
/// Bytes of such a file; a hundred thousand entries fit.
pub const LIMIT: u64 = 32 * 1024 * 1024;

/// Why a baseline is refused.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is not JSON of this shape.
    #[error("the baseline cannot be read")]
    Json(#[from] serde_json::Error),
    /// Another version.
    #[error("the baseline has format {0}, and this version reads {FORMAT}")]
    Format(u32),
    /// The key is not 32 bytes in hexadecimal.
    #[error("the key of the baseline is not 64 hexadecimal digits")]
    Key,
    /// A fingerprint is not 16 bytes in hexadecimal.
    #[error("entry {0} of the baseline has no fingerprint of 32 hexadecimal digits")]
    Fingerprint(usize),
    /// A date is none.
    #[error("entry {number} of the baseline has no usable date")]
    Until {
        /// Which entry, from 1.
        number: usize,
        /// What is wrong.
        #[source]
        source: jiff::Error,
    },
}

/// One accepted finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its fingerprint under the file's key.
    pub fingerprint: String,
    /// The rule, for people.
    pub rule: String,
    /// The path, for people.
    pub path: String,
    /// Why it is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The last day on which it is accepted, such as `2027-01-31`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u32,
    key: String,
    accepted: Vec<Entry>,
}

/// A list of accepted findings with its key.
#[derive(Clone)]
pub struct Baseline {
    key: [u8; 32],
    entries: BTreeMap<[u8; 16], (Entry, Option<jiff::civil::Date>)>,
}

impl std::fmt::Debug for Baseline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Baseline({} entries)", self.entries.len())
    }
}

impl Baseline {
    /// An empty list under a key of random bytes.
    #[must_use]
    pub const fn new(key: [u8; 32]) -> Self {
        Self { key, entries: BTreeMap::new() }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`BaselineError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BaselineError> {
        let stored: Stored = serde_json::from_slice(bytes)?;
        if stored.format != FORMAT {
            return Err(BaselineError::Format(stored.format));
        }
        let mut list = Self::new(unhex(&stored.key).ok_or(BaselineError::Key)?);
        for (number, entry) in (1..).zip(stored.accepted) {
            let name = unhex(&entry.fingerprint).ok_or(BaselineError::Fingerprint(number))?;
            let until = entry.until.as_ref().map(|date| date.parse()).transpose();
            let until = until.map_err(|source| BaselineError::Until { number, source })?;
            list.entries.insert(name, (entry, until));
        }
        Ok(list)
    }

    /// The file.
    ///
    /// # Errors
    /// None that can happen to these types; serde's signature.
    pub fn encode(&self) -> Result<Vec<u8>, BaselineError> {
        let mut accepted: Vec<Entry> =
            self.entries.values().map(|(entry, _)| entry.clone()).collect();
        accepted.sort_by(|one, two| {
            (&one.path, &one.rule, &one.fingerprint).cmp(&(&two.path, &two.rule, &two.fingerprint))
        });
        let stored = Stored { format: FORMAT, key: hex(&self.key), accepted };
        let mut bytes = serde_json::to_vec_pretty(&stored)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The fingerprint of a secret in a path under this list's key.
    #[must_use]
    pub fn fingerprint(&self, rule: &str, path: &str, secret: &[u8]) -> [u8; 16] {
        keyed(&self.key, &[rule.as_bytes(), path.as_bytes(), secret])
    }

    /// The entry that accepts this fingerprint on that day.
    #[must_use]
    pub fn accepts(&self, fingerprint: &[u8; 16], today: jiff::civil::Date) -> Option<&Entry> {
        let (entry, until) = self.entries.get(fingerprint)?;
        until.is_none_or(|until| today <= until).then_some(entry)
    }

    /// Adds an entry. One that is there keeps its reason and date, unless the new one has a reason of its own.
    pub fn add(&mut self, fingerprint: [u8; 16], entry: Entry) -> Result<(), BaselineError> {
        let until = entry.until.as_ref().map(|date| date.parse()).transpose();
        let until = until.map_err(|source| BaselineError::Until { number: 1, source })?;
        if entry.reason.is_some() || !self.entries.contains_key(&fingerprint) {
            self.entries.insert(fingerprint, (entry, until));
        }
        Ok(())
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Half an HMAC-SHA-256 over parts, each told from the next by its length.
pub(crate) fn keyed(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 16] {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    let whole = mac.finalize().into_bytes();
    let mut half = [0; 16];
    half.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
    half
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A fingerprint from its digits.
#[must_use]
pub fn parse(fingerprint: &str) -> Option<[u8; 16]> {
    unhex(fingerprint)
}

/// So many bytes from as many pairs of hexadecimal digits.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(fingerprint: [u8; 16], reason: Option<&str>, until: Option<&str>) -> Entry {
        Entry {
            fingerprint: hex(&fingerprint),
            rule: "jwt".to_owned(),
            path: "a".to_owned(),
            reason: reason.map(str::to_owned),
            until: until.map(str::to_owned),
        }
    }

    #[test]
    fn an_entry_ends_with_its_day() {
        let mut list = Baseline::new([7; 32]);
        let name = list.fingerprint("jwt", "a", b"x");
        list.add(name, entry(name, Some("test"), Some("2026-11-22"))).unwrap();
        let list = Baseline::parse(&list.encode().unwrap()).unwrap();
        let on = |day: &str| list.accepts(&name, day.parse().unwrap()).is_some();
        assert!(on("2026-11-21") && on("2026-11-22") && !on("2026-11-23"));
    }

    #[test]
    fn a_new_baseline_keeps_the_reasons_of_the_old() {
        let mut list = Baseline::new([7; 32]);
        list.add([1; 16], entry([1; 16], Some("known"), None)).unwrap();
        list.add([1; 16], entry([1; 16], None, None)).unwrap();
        let day = "2026-11-22".parse().unwrap();
        assert_eq!(list.accepts(&[1; 16], day).unwrap().reason.as_deref(), Some("known"));
    }

    proptest! {
        /// Nothing but rule, path and secret together makes a fingerprint, and the file does not hold the secret.
        #[test]
        fn a_fingerprint_is_of_all_three_parts(rule in "[a-z]{1,4}", path in "[a-z]{1,4}", secret in "[A-Z0-9]{12,20}") {
            let mut list = Baseline::new([9; 32]);
            let name = list.fingerprint(&rule, &path, secret.as_bytes());
            let joined = format!("{rule}{path}");
            for (r, p) in [(joined.as_str(), ""), ("", joined.as_str()), (path.as_str(), rule.as_str())] {
                if (r, p) != (rule.as_str(), path.as_str()) {
                    prop_assert_ne!(list.fingerprint(r, p, secret.as_bytes()), name);
                }
            }
            prop_assert_ne!(Baseline::new([8; 32]).fingerprint(&rule, &path, secret.as_bytes()), name);
            list.add(name, entry(name, None, None)).unwrap();
            let bytes = list.encode().unwrap();
            prop_assert!(!String::from_utf8(bytes.clone()).unwrap().contains(&secret));
            prop_assert_eq!(Baseline::parse(&bytes).unwrap().len(), 1);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Baseline::parse(&bytes);
        }
    }
}
