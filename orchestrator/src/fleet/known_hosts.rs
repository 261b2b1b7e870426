//! known_hosts as OpenSSH writes it, and what it says of one key (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").
//!
//! Pure: texts go in, a [`Verdict`] comes out. Nothing is ever learnt here. A host of which other keys are recorded
//! and not this one has *changed*, whatever the algorithm. `@cert-authority` lines are not used: this version offers no host certificates.

use hmac::{Hmac, KeyInit as _, Mac as _};
use russh::keys::ssh_key::HashAlg;
use sha1::Sha1;

pub use russh::keys::ssh_key::PublicKey;

/// One host as it is looked up: a name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    /// Name or address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl HostPort {
    /// How known_hosts spells it: the port only where it is not 22.
    #[must_use]
    pub fn spelled(&self) -> String {
        let host = self.host.to_ascii_lowercase();
        if self.port == 22 { host } else { format!("[{host}]:{}", self.port) }
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.host.contains(':'), self.port) {
            (_, 22) => f.write_str(&self.host),
            (true, port) => write!(f, "[{}]:{port}", self.host),
            (false, port) => write!(f, "{}:{port}", self.host),
        }
    }
}

/// What the records say of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is recorded.
    Known,
    /// Nothing is recorded of the host.
    Unknown,
    /// Other keys of the host are recorded.
    Changed {
        /// Where, as `path:line`, and the recorded key's fingerprint.
        recorded: Vec<(String, String)>,
    },
    /// It is marked as revoked.
    Revoked {
        /// Where, as `path:line`.
        at: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Marker {
    None,
    Revoked,
}

#[derive(Clone, Debug)]
struct Entry {
    at: String,
    marker: Marker,
    hosts: String,
    key: PublicKey,
}

/// The records of one or more files, the first that knows a host counting before the later.
#[derive(Clone, Debug, Default)]
pub struct KnownHosts {
    files: Vec<Vec<Entry>>,
}

impl KnownHosts {
    /// Reads one more file. Lines that are none are passed over, as OpenSSH does.
    pub fn add(&mut self, path: &str, text: &str) {
        let entries = text
            .lines()
            .enumerate()
            .filter_map(|(n, line)| entry(&format!("{path}:{}", n + 1), line))
            .collect();
        self.files.push(entries);
    }

    /// Judges the key that a host showed.
    #[must_use]
    pub fn judge(&self, host: &HostPort, key: &PublicKey) -> Verdict {
        let spelled = host.spelled();
        let all = || self.files.iter().flatten();
        // A revoked key is refused for whatever host the line names, from whichever file.
        let revoked = all().find(|entry| {
            entry.marker == Marker::Revoked
                && same(&entry.key, key)
                && matches(&entry.hosts, &spelled)
        });
        if let Some(entry) = revoked {
            return Verdict::Revoked { at: entry.at.clone() };
        }
        let recorded: Vec<&Entry> = self.recorded(&spelled);
        if recorded.iter().any(|entry| same(&entry.key, key)) {
            return Verdict::Known;
        }
        if recorded.is_empty() {
            return Verdict::Unknown;
        }
        let recorded =
            recorded.iter().map(|entry| (entry.at.clone(), fingerprint(&entry.key))).collect();
        Verdict::Changed { recorded }
    }

    /// The algorithms of the keys that are recorded of a host: a server that has several keys is asked for one of these.
    #[must_use]
    pub fn algorithms(&self, host: &HostPort) -> Vec<russh::keys::Algorithm> {
        self.recorded(&host.spelled()).iter().map(|entry| entry.key.algorithm()).collect()
    }

    /// The records of the first file that has any.
    fn recorded(&self, spelled: &str) -> Vec<&Entry> {
        self.files
            .iter()
            .map(|file| {
                file.iter()
                    .filter(|entry| entry.marker == Marker::None && matches(&entry.hosts, spelled))
                    .collect::<Vec<_>>()
            })
            .find(|entries| !entries.is_empty())
            .unwrap_or_default()
    }
}

/// `SHA256:` and the digest in base64, as ssh-keygen prints it.
#[must_use]
pub fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

fn same(one: &PublicKey, other: &PublicKey) -> bool {
    one.key_data() == other.key_data()
}

fn entry(at: &str, line: &str) -> Option<Entry> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (marker, rest) = match line.split_once(char::is_whitespace)? {
        ("@revoked", rest) => (Marker::Revoked, rest.trim_start()),
        (word, _) if word.starts_with('@') => return None,
        _ => (Marker::None, line),
    };
    let mut words = rest.split_whitespace();
    let (hosts, kind, key) = (words.next()?, words.next()?, words.next()?);
    let key = PublicKey::from_openssh(&format!("{kind} {key}")).ok()?;
    Some(Entry { at: at.to_owned(), marker, hosts: hosts.to_owned(), key })
}

/// Whether a list of patterns covers a host: one must match and none with `!` may.
fn matches(patterns: &str, spelled: &str) -> bool {
    if let Some(rest) = patterns.strip_prefix("|1|") {
        return hashed(rest, spelled);
    }
    let mut covered = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if glob(&pattern.to_ascii_lowercase(), spelled) => return false,
            Some(_) => {}
            None => covered |= glob(&pattern.to_ascii_lowercase(), spelled),
        }
    }
    covered
}

/// `salt|hash` in base64: HMAC-SHA-1 of the name under the salt (ssh-keygen -H).
fn hashed(rest: &str, spelled: &str) -> bool {
    let Some((salt, hash)) = rest.split_once('|') else { return false };
    let (Some(salt), Some(hash)) = (base64(salt), base64(hash)) else { return false };
    let Ok(mac) = Hmac::<Sha1>::new_from_slice(&salt) else { return false };
    mac.chain_update(spelled).verify_slice(&hash).is_ok()
}

/// `*` and `?`, in time of pattern times text: the last star is the only one that is ever gone back to.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while let Some(c) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(one) if *one == '?' || one == c => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

/// Standard base64 with padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.trim_end_matches('=').as_bytes();
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for digit in digits {
        let value = ALPHABET.iter().position(|one| one == digit)?;
        bits = (bits << 6 | u32::try_from(value).ok()?) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// One line of a known_hosts file for a host and a key.
#[must_use]
pub fn line(host: &HostPort, key: &PublicKey) -> Option<String> {
    let mut key = key.clone();
    key.set_comment("");
    Some(format!("{} {}", host.spelled(), key.to_openssh().ok()?.trim()))
}

/// A known_hosts text in which a host has exactly these keys; lines of other hosts stay as they are.
///
/// Only lines that name this host alone are replaced: those are the ones that this function writes.
#[must_use]
pub fn pin(text: &str, host: &HostPort, keys: &[PublicKey]) -> String {
    let spelled = host.spelled();
    let ours = |line: &str| line.split_whitespace().next() == Some(spelled.as_str());
    let kept = text.lines().filter(|line| !ours(line)).map(str::to_owned);
    let new = keys.iter().filter_map(|key| line(host, key));
    kept.chain(new).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests;
