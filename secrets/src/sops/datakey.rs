//! The data key: opened by the keys at hand, wrapped for the recipients of a document.
//!
//! One key group holds the data key itself. Of several each holds a share, and as many as the threshold says open it.
//! PGP and cloud keys are never opened or made here; their entries are kept as long as what they hold is still right.

use super::cipher::{DataKey, KEY_BYTES};
use super::identities::Identities;
use super::metadata::{Group, MasterKey};
use super::recipients::{self, RecipientError};
use super::shamir::{self, ShamirError, Share};
use std::fmt;
use zeroize::Zeroizing;

/// Why a data key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DataKeyError {
    /// No key at hand opens enough groups.
    #[error("no key at hand opens the file: {0}")]
    NotOpened(Missing),
    /// The file names no key at all.
    #[error("the file names no key that could open it")]
    NoKeys,
    /// The shares, or what a recipient holds, is no data key.
    #[error("what the keys hold is no data key of {KEY_BYTES} bytes")]
    Malformed,
    /// The shares do not fit.
    #[error(transparent)]
    Shares(#[from] ShamirError),
    /// A recipient cannot be used.
    #[error(transparent)]
    Recipient(#[from] RecipientError),
    /// A PGP or cloud key would have to be encrypted for.
    #[error(
        "{kind} key {name} would need the new data key, and sanctum encrypts for age and SSH keys only"
    )]
    Foreign {
        /// Which list it is in.
        kind: &'static str,
        /// What it is known by.
        name: String,
    },
    /// There is nobody to encrypt for.
    #[error("there is no recipient to encrypt for")]
    NoRecipients,
}

/// What would open a file.
#[derive(Clone, Debug, Default)]
pub struct Missing {
    /// How many groups are needed.
    pub needed: usize,
    /// For each group, whether it was opened, and its keys as `kind name`.
    pub groups: Vec<(bool, Vec<String>)>,
    /// What was looked at.
    pub looked: Vec<String>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.groups[..] {
            [(_, keys)] => write!(f, "any one of these would: {}", keys.join(", "))?,
            groups => {
                write!(f, "{} of {} key groups are needed", self.needed, groups.len())?;
                for (at, (opened, keys)) in groups.iter().enumerate() {
                    let state = if *opened { "opened by one of" } else { "any one of" };
                    write!(f, "; group {}: {state} {}", at + 1, keys.join(", "))?;
                }
            }
        }
        if !self.looked.is_empty() {
            write!(f, " ({})", self.looked.join("; "))?;
        }
        Ok(())
    }
}

/// Opens the data key of a document.
pub fn open(
    groups: &[Group],
    threshold: Option<usize>,
    identities: &Identities,
) -> Result<DataKey, DataKeyError> {
    if groups.iter().all(Vec::is_empty) {
        return Err(DataKeyError::NoKeys);
    }
    let needed = if groups.len() > 1 { threshold.unwrap_or(groups.len()) } else { 1 };
    let mut parts: Vec<Share> = Vec::new();
    let mut states = Vec::new();
    for group in groups {
        let part = (parts.len() < needed).then(|| open_group(group, identities)).flatten();
        let names = group.iter().map(|key| format!("{} {}", key.kind, key.name())).collect();
        states.push((part.is_some(), names));
        parts.extend(part);
    }
    if parts.len() < needed {
        let missing = Missing { needed, groups: states, looked: identities.remarks() };
        return Err(DataKeyError::NotOpened(missing));
    }
    let bytes = match (groups.len(), parts.first()) {
        (1, Some(part)) => part.clone(),
        _ => shamir::combine(&parts)?,
    };
    let key: [u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| DataKeyError::Malformed)?;
    Ok(Zeroizing::new(key))
}

fn open_group(group: &Group, identities: &Identities) -> Option<Share> {
    let age = group.iter().filter(|key| key.kind == "age");
    age.into_iter().find_map(|key| identities.unwrap(&key.name(), &key.wrapped()?))
}

/// What becomes of entries that hold something already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Old {
    /// The data key is the one that they hold: they stay as they are.
    Keep,
    /// The data key is new: those of age are made anew, and others are refused.
    Renew,
}

/// The same groups, with an entry for each recipient.
pub fn wrap(
    key: &DataKey,
    groups: &[Group],
    threshold: Option<usize>,
    old: Old,
) -> Result<Vec<Group>, DataKeyError> {
    if groups.is_empty() || groups.iter().any(Vec::is_empty) {
        return Err(DataKeyError::NoRecipients);
    }
    let parts = if groups.len() == 1 {
        vec![Zeroizing::new(key.to_vec())]
    } else {
        shamir::split(&**key, groups.len(), threshold.unwrap_or(groups.len()))?
    };
    // New shares do not fit to old ones, so several groups cannot keep anything.
    let keep = old == Old::Keep && groups.len() == 1;
    let wrap_one = |entry: &MasterKey, part: &Share| match entry.kind {
        _ if keep && entry.wrapped().is_some_and(|wrapped| !wrapped.is_empty()) => {
            Ok(entry.clone())
        }
        "age" => {
            let recipient = entry.name();
            let wrapped = recipients::wrap(&recipient, part)?;
            Ok(MasterKey::age(&recipient, &wrapped))
        }
        kind => Err(DataKeyError::Foreign { kind, name: entry.name() }),
    };
    groups
        .iter()
        .zip(&parts)
        .map(|(group, part)| group.iter().map(|entry| wrap_one(entry, part)).collect())
        .collect()
}

/// A group of age recipients that hold nothing yet.
pub fn recipients_group(recipients: &[String]) -> Result<Group, DataKeyError> {
    let key = |recipient: &String| {
        recipients::check(recipient)?;
        Ok(MasterKey::age(recipient, ""))
    };
    recipients.iter().map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sops::cipher::fresh_key;
    use age::secrecy::ExposeSecret as _;

    fn person() -> (String, Identities) {
        let identity = age::x25519::Identity::generate();
        let text = identity.to_string();
        (identity.to_public().to_string(), Identities::of(text.expose_secret()))
    }

    #[test]
    fn one_group_opens_with_any_of_its_keys() {
        let ((a, first), (b, second), (_, stranger)) = (person(), person(), person());
        let key = fresh_key().unwrap();
        let group = recipients_group(&[a.clone(), b]).unwrap();
        let groups = wrap(&key, &[group], None, Old::Renew).unwrap();
        assert_eq!(*open(&groups, None, &first).unwrap(), *key);
        assert_eq!(*open(&groups, None, &second).unwrap(), *key);
        let refusal = open(&groups, None, &stranger).unwrap_err().to_string();
        assert!(refusal.contains(&a) && refusal.contains("any one of these would"), "{refusal}");
    }

    #[test]
    fn of_several_groups_the_threshold_opens() {
        let ((a, first), (b, second)) = (person(), person());
        let key = fresh_key().unwrap();
        let one = |recipient: &str| recipients_group(&[recipient.to_owned()]).unwrap();
        let groups = [one(&a), one(&b), one(&a)];
        let groups = wrap(&key, &groups, Some(2), Old::Renew).unwrap();
        assert_eq!(*open(&groups, Some(2), &first).unwrap(), *key);
        let refusal = open(&groups, Some(2), &second).unwrap_err().to_string();
        assert!(
            refusal.contains("2 of 3 key groups are needed; group 1: any one of age "),
            "{refusal}"
        );
        assert!(refusal.contains("group 2: opened by one of age "), "{refusal}");
    }

    #[test]
    fn a_foreign_key_keeps_what_is_still_right_and_stops_what_would_not_be() {
        let (a, _) = person();
        let entry = super::super::text::Node::Map(vec![
            ("fp".to_owned(), super::super::text::Node::text("85D7")),
            ("enc".to_owned(), super::super::text::Node::text("-----BEGIN PGP")),
        ]);
        let mut group = recipients_group(&[a]).unwrap();
        group.push(MasterKey { kind: "pgp", entry });
        let key = fresh_key().unwrap();
        let kept = wrap(&key, &[group.clone()], None, Old::Keep).unwrap();
        assert_eq!(kept[0][1], group[1]);
        let refused = wrap(&key, &[group], None, Old::Renew).unwrap_err().to_string();
        assert!(refused.contains("pgp key 85D7"), "{refused}");
    }
}
