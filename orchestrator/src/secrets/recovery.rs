//! What is remembered of recovery bundles: when each was made and rehearsed, and the fingerprints of what it holds.
//!
//! The file is root's, or its owner's alone, because whole fingerprints stand in it. Deliberately absent: the bundles.

use sanctum_types::UnixTime;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The file in the store, or in a person's state directory.
pub const FILE: &str = "recovery.json";
/// Bundles that are remembered: years of them at one a quarter.
const REMEMBERED: usize = 32;
/// Days after which a rehearsal says nothing any more: a quarter, as auditors ask for restores.
pub const REHEARSED_WITHIN_DAYS: i64 = 90;

/// Every bundle that is remembered, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Always 1.
    pub format: u32,
    /// The bundles.
    pub bundles: Vec<Made>,
}

/// One bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// SHA-256 of its file.
    pub digest: String,
    /// When it was made.
    pub made_at: UnixTime,
    /// For how many recipients; 0 means under a passphrase.
    pub recipients: usize,
    /// Fingerprints under the house's key, whole, by secret.
    pub secrets: BTreeMap<String, String>,
    /// When it was opened and restored the last time.
    #[serde(default)]
    pub rehearsed_at: Option<UnixTime>,
}

impl Default for Record {
    fn default() -> Self {
        Self { format: 1, bundles: Vec::new() }
    }
}

impl Record {
    /// Reads the file.
    ///
    /// # Errors
    /// It is damaged, or a later version wrote it.
    pub fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        use serde::de::Error as _;
        let record: Self = serde_json::from_slice(bytes)?;
        if record.format == 1 {
            Ok(record)
        } else {
            Err(serde_json::Error::custom("another format than 1"))
        }
    }

    /// The file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Plain maps of texts and numbers are always written.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    /// One more bundle.
    pub fn add(&mut self, made: Made) {
        self.bundles.retain(|known| known.digest != made.digest);
        self.bundles.push(made);
        let over = self.bundles.len().saturating_sub(REMEMBERED);
        self.bundles.drain(..over);
    }

    /// The bundle of that digest was restored; whether it is one of ours.
    pub fn rehearsed(&mut self, digest: &str, now: UnixTime) -> bool {
        let Some(made) = self.bundles.iter_mut().find(|made| made.digest == digest) else {
            return false;
        };
        made.rehearsed_at = Some(now);
        true
    }

    /// The newest bundle.
    #[must_use]
    pub fn newest(&self) -> Option<&Made> {
        self.bundles.last()
    }

    /// When any bundle was rehearsed the last time.
    #[must_use]
    pub fn last_rehearsal(&self) -> Option<UnixTime> {
        self.bundles.iter().filter_map(|made| made.rehearsed_at).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(digest: &str, at: i64) -> Made {
        Made {
            digest: digest.to_owned(),
            made_at: UnixTime(at),
            recipients: 1,
            secrets: BTreeMap::new(),
            rehearsed_at: None,
        }
    }

    #[test]
    fn it_comes_back_and_forgets_the_oldest_alone() {
        let mut record = Record::default();
        for n in 0..40 {
            record.add(made(&format!("d{n}"), n));
        }
        assert_eq!(record.bundles.len(), REMEMBERED);
        assert_eq!(record.newest().map(|made| made.digest.as_str()), Some("d39"));
        assert!(record.rehearsed("d38", UnixTime(7)) && !record.rehearsed("d0", UnixTime(8)));
        assert_eq!(record.last_rehearsal(), Some(UnixTime(7)));
        assert_eq!(Record::decode(&record.encode()).unwrap(), record);
        let later = String::from_utf8(record.encode()).unwrap().replacen(
            "\"format\": 1",
            "\"format\": 2",
            1,
        );
        assert!(Record::decode(later.as_bytes()).is_err());
    }
}
