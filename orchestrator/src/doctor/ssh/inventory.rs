//! What was once found on this machine and confirmed: its host keys and who may log in, bound to one generation.
//!
//! A generation is one life of a machine: a rebuilt guest has new keys rightly, and everybody who pinned the old ones
//! has to be told. The file is root's and holds fingerprints, never keys. Deliberately absent: writing it, which the
//! verb that took the owner's word does.

use super::look::{AuthorizedFile, HostKey};
use crate::house::layout;
use crate::instance::model::Os;
use russh::keys::{HashAlg, PublicKey};
use sanctum_types::CouldNotCheck;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Its name below the store's directory.
pub const FILE: &str = "ssh-inventory.json";
/// The only format there is.
pub const FORMAT: u32 = 1;

/// What was found and confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// Always [`FORMAT`].
    pub format: u32,
    /// The machine's generation when it was taken.
    pub generation: String,
    /// Fingerprints by the key's algorithm.
    pub host_keys: BTreeMap<String, String>,
    /// Who may log in, by account.
    pub authorized: BTreeMap<String, BTreeSet<Authorized>>,
}

/// One key that may log in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorized {
    /// `SHA256:...`.
    pub fingerprint: String,
    /// What stands before the key, such as `restrict,command="..."`; empty for a key that may do everything.
    #[serde(default)]
    pub options: String,
}

/// Where it is on a node.
#[must_use]
pub fn path(os: Os) -> String {
    format!("{}/{FILE}", layout::store(os))
}

/// A line of an authorized_keys file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A key.
    Key(Authorized),
    /// No key that is understood: sshd may understand it.
    Unknown {
        /// Its number, from 1.
        number: usize,
    },
}

impl Inventory {
    /// Reads the file.
    ///
    /// # Errors
    /// Its subject is the file, where it is no inventory of this format.
    pub fn read(bytes: &[u8]) -> Result<Self, CouldNotCheck> {
        let failed = |cause: String| CouldNotCheck { subject: FILE.to_owned(), cause };
        let read: Self =
            serde_json::from_slice(bytes).map_err(|error| failed(error.to_string()))?;
        match read.format {
            FORMAT => Ok(read),
            other => Err(failed(format!("format {other} is not known"))),
        }
    }

    /// How it differs from one that was recorded before, in words; all of it where there was none.
    #[must_use]
    pub fn news(&self, before: Option<&Self>) -> Vec<String> {
        let none = Self::default();
        let old = before.unwrap_or(&none);
        let mut news = Vec::new();
        if before.is_some_and(|before| before.generation != self.generation) {
            news.push("this machine is not the one that was recorded".to_owned());
        }
        for (algorithm, fingerprint) in &self.host_keys {
            match old.host_keys.get(algorithm) {
                Some(known) if known == fingerprint => {}
                Some(known) => {
                    news.push(format!("host key {fingerprint} ({algorithm}) instead of {known}"));
                }
                None => news.push(format!("host key {fingerprint} ({algorithm})")),
            }
        }
        let gone =
            old.host_keys.iter().filter(|(algorithm, _)| !self.host_keys.contains_key(*algorithm));
        news.extend(
            gone.map(|(algorithm, known)| format!("no host key {known} ({algorithm}) any more")),
        );
        let users: BTreeSet<&String> =
            self.authorized.keys().chain(old.authorized.keys()).collect();
        let (empty, word) = (BTreeSet::new(), |key: &Authorized| match key.options.len() {
            0 => key.fingerprint.clone(),
            bytes => format!("{} with options of {bytes} bytes", key.fingerprint),
        });
        for user in users {
            let now = self.authorized.get(user).unwrap_or(&empty);
            let then = old.authorized.get(user).unwrap_or(&empty);
            news.extend(
                now.difference(then).map(|key| format!("{user} may log in with {}", word(key))),
            );
            news.extend(
                then.difference(now)
                    .map(|key| format!("{user} may not log in with {} any more", word(key))),
            );
        }
        news
    }

    /// What was found now, to be confirmed.
    #[must_use]
    pub fn of(generation: &str, keys: &[HostKey], authorized: &[AuthorizedFile]) -> Self {
        let mut all = Self { format: FORMAT, generation: generation.to_owned(), ..Self::default() };
        all.host_keys.extend(keys.iter().filter_map(HostKey::shown));
        for file in authorized {
            let known = all.authorized.entry(file.user.clone()).or_default();
            known.extend(lines(&file.text).into_iter().filter_map(|line| match line {
                Line::Key(key) => Some(key),
                Line::Unknown { .. } => None,
            }));
        }
        all
    }
}

/// The lines of an authorized_keys file but for comments.
#[must_use]
pub fn lines(text: &str) -> Vec<Line> {
    let all = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    all.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| key(line).map_or(Line::Unknown { number }, Line::Key))
        .collect()
}

/// A key, or options and a key.
fn key(line: &str) -> Option<Authorized> {
    let read = |text: &str| PublicKey::from_openssh(text).ok();
    let of = |key: PublicKey, options: &str| Authorized {
        fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
        options: options.to_owned(),
    };
    if let Some(key) = read(line) {
        return Some(of(key, ""));
    }
    let (options, rest) = line.split_at_checked(options_len(line))?;
    read(rest.trim()).map(|key| of(key, options))
}

/// Bytes of the options: up to the first space that is in no quotes (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
fn options_len(line: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ' ' | '\t' if !quoted => return at,
            _ => {}
        }
    }
    line.len()
}

#[cfg(test)]
pub(crate) mod fixture {
    /// Two keys that were made for these tests and have no other half any more.
    pub(crate) const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f laptop";
    pub(crate) const OTHER: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIICBgoOEhYaHiImKi4yNjo+QkZKTlJWWl5iZmpucnZ6f phone";
}

#[cfg(test)]
mod tests {
    use super::fixture::{KEY, OTHER};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_options_and_what_is_none() {
        let text = format!("# mine\n{KEY}\n\nrestrict,command=\"/bin/echo a b\" {OTHER}\nno key\n");
        let [Line::Key(first), Line::Key(second), Line::Unknown { number: 5 }] = &lines(&text)[..]
        else {
            panic!("{:?}", lines(&text))
        };
        assert!(
            first.fingerprint.starts_with("SHA256:") && first.fingerprint != second.fingerprint
        );
        assert_eq!(
            (first.options.as_str(), second.options.as_str()),
            ("", "restrict,command=\"/bin/echo a b\"")
        );
    }

    #[test]
    fn an_inventory_comes_back_and_others_are_refused() {
        let file = AuthorizedFile {
            user: "operator".to_owned(),
            text: KEY.to_owned(),
            ..AuthorizedFile::default()
        };
        let inventory = Inventory::of("g1", &[], &[file]);
        let bytes = serde_json::to_vec(&inventory).unwrap();
        assert_eq!(Inventory::read(&bytes).unwrap(), inventory);
        assert!(Inventory::read(b"{}").is_err());
        let newer = String::from_utf8(bytes).unwrap().replace("\"format\":1", "\"format\":2");
        assert_eq!(Inventory::read(newer.as_bytes()).unwrap_err().cause, "format 2 is not known");
    }

    #[test]
    fn news_are_what_changed() {
        let public =
            |key: &str| HostKey { path: String::new(), there: None, public: Some(key.to_owned()) };
        let file = |text: String| AuthorizedFile {
            user: "neo".to_owned(),
            text,
            ..AuthorizedFile::default()
        };
        let old = Inventory::of("g1", &[public(KEY)], &[file(KEY.to_owned())]);
        assert_eq!(old.news(Some(&old)), Vec::<String>::new());
        assert_eq!(old.news(None).len(), 2);
        let new = Inventory::of("g2", &[public(OTHER)], &[file(format!("restrict {KEY}"))]);
        let news = new.news(Some(&old));
        let has = |words: &str| news.iter().any(|line| line.contains(words));
        assert!(has("not the one") && has("(ssh-ed25519) instead of SHA256:"), "{news:?}");
        assert!(has("with options of 8 bytes") && has("may not log in with") && news.len() == 4);
        assert!(
            old.news(Some(&Inventory { host_keys: BTreeMap::new(), ..old.clone() })).len() == 1
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = lines(&String::from_utf8_lossy(&bytes));
            let _ = Inventory::read(&bytes);
        }
    }
}
