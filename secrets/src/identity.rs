//! age identities: who can open what this house encrypts to itself.
//!
//! An identity file is age's own format (one key a line, comments behind `#`) or an SSH private key. It is read at the
//! moment of use and only when nobody else could have read it. An error names a file and a line, never what is on it.
//! Deliberately absent: keys under a passphrase, which no service could open; `sops::identities` asks for theirs.

use crate::envelope;
use age::secrecy::{ExposeSecret as _, SecretString};
use age::{ssh, x25519};
use sanctum_host::HostError;
use sanctum_host::tree::Tree;
use sanctum_types::{AbsPath, Mode, Secret};
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// How every private key of OpenSSH and its forerunners begins (RFC 7468).
const PEM: &[u8] = b"-----BEGIN ";

/// As for the file store.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// Why there is no identity to work with.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be reached, or others could have read it.
    #[error("cannot use an age identity")]
    Host(#[source] Box<HostError>),
    /// None of the files is there.
    #[error("there is no age identity (looked for {})", .looked.join(", "))]
    Missing {
        /// Where they were looked for.
        looked: Vec<String>,
    },
    /// A line is something else.
    #[error("line {line} of {path} is no age identity")]
    Line {
        /// The file.
        path: String,
        /// From one.
        line: usize,
    },
    /// It is encrypted, and nobody is asked for a passphrase.
    #[error("the age identity {path} needs a passphrase")]
    Passphrase {
        /// The file.
        path: String,
    },
    /// A recipient that the house should encrypt to.
    #[error("`{0}` is no age recipient or SSH public key")]
    Recipient(String),
}

/// One private key.
#[derive(Clone)]
pub enum Key {
    /// age's own kind.
    Native(x25519::Identity),
    /// An SSH key without passphrase.
    Ssh(ssh::Identity),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Native(_) => "Native(..)",
            Self::Ssh(_) => "Ssh(..)",
        })
    }
}

impl Key {
    /// It as age asks for it.
    #[must_use]
    pub fn as_identity(&self) -> &dyn age::Identity {
        match self {
            Self::Native(key) => key,
            Self::Ssh(key) => key,
        }
    }

    /// Its public half.
    #[must_use]
    pub fn recipient(&self) -> Option<Recipient> {
        match self {
            Self::Native(key) => Some(Box::new(key.to_public())),
            Self::Ssh(key) => {
                ssh::Recipient::try_from(key.clone()).ok().map(|key| Box::new(key) as _)
            }
        }
    }
}

/// A public key that age encrypts to.
pub type Recipient = Box<dyn age::Recipient + Send>;

/// Where identities are, and who else can open what is written.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The directory that stands for `/`.
    pub root: PathBuf,
    /// Files of identities in the order in which they are tried; those that are not there are passed over.
    pub identities: Vec<AbsPath>,
    /// Further recipients in their own spelling: `age1..`, `ssh-ed25519 ..`; such as the recovery key.
    pub recipients: Vec<String>,
}

impl Keys {
    /// Every identity that is there.
    ///
    /// # Errors
    /// There is none, or a file that is there cannot be used.
    pub fn load(&self) -> Result<Vec<Key>, IdentityError> {
        let tree = Tree::open(&self.root).map_err(host)?;
        let mut keys = Vec::new();
        for path in &self.identities {
            if let Some(bytes) = tree.read_private(path).map_err(host)? {
                keys.extend(parse_identities(&tree.shown(path), &bytes)?);
            }
        }
        if keys.is_empty() {
            let looked = self.identities.iter().map(|path| tree.shown(path)).collect();
            return Err(IdentityError::Missing { looked });
        }
        Ok(keys)
    }

    /// Every identity that is there, as the text of an identity file, and the first file that is an SSH key: what the
    /// SOPS engine takes.
    ///
    /// # Errors
    /// As [`Keys::load`].
    pub(crate) fn for_sops(&self) -> Result<(Zeroizing<String>, Option<PathBuf>), IdentityError> {
        let tree = Tree::open(&self.root).map_err(host)?;
        // Room for forty keys of 75 bytes: growth would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(4096));
        let mut ssh = None;
        for path in &self.identities {
            let Some(bytes) = tree.read_private(path).map_err(host)? else { continue };
            for key in parse_identities(&tree.shown(path), &bytes)? {
                match key {
                    Key::Native(key) => {
                        text.push_str(key.to_string().expose_secret());
                        text.push('\n');
                    }
                    Key::Ssh(_) => {
                        ssh.get_or_insert_with(|| PathBuf::from(tree.shown(path)));
                    }
                }
            }
        }
        Ok((text, ssh))
    }

    /// Whom a new file is encrypted to: everybody who holds one of these keys, and the further recipients.
    ///
    /// # Errors
    /// A further recipient is not one.
    pub fn recipients(&self, keys: &[Key]) -> Result<Vec<Recipient>, IdentityError> {
        let mut all: Vec<Recipient> = keys.iter().filter_map(Key::recipient).collect();
        for text in &self.recipients {
            all.push(parse_recipient(text)?);
        }
        Ok(all)
    }

    /// Makes the first identity where there is none at all; the file, when one was made. One that is there and cannot be
    /// used is an error of whoever loads it.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn make_first(&self) -> Result<Option<AbsPath>, HostError> {
        let missing = || matches!(self.load(), Err(IdentityError::Missing { .. }));
        let Some(path) = self.identities.first().filter(|_| missing()) else { return Ok(None) };
        let tree = Tree::open(&self.root)?;
        let turn = |up: AbsPath| {
            tree.furnish(&up)?;
            tree.lock_dir(&up, LOCK_WAIT)
        };
        let _lock = path.parent().map(turn).transpose()?;
        // Of two who found none at once, the second takes the first one's: it may have sealed with it already.
        if !missing() {
            return Ok(None);
        }
        let (text, _) = fresh();
        tree.write(path, text.as_bytes(), Mode::PRIVATE, None)?;
        Ok(Some(path.clone()))
    }
}

/// Reads identities in clear text: age's lines, or one SSH key.
///
/// # Errors
/// A line is something else, or the file is under a passphrase.
pub fn parse_identities(path: &str, bytes: &[u8]) -> Result<Vec<Key>, IdentityError> {
    if envelope::is_sealed(bytes) {
        return Err(IdentityError::Passphrase { path: path.to_owned() });
    }
    if bytes.starts_with(PEM) {
        return match ssh::Identity::from_buffer(bytes, None) {
            Ok(key @ ssh::Identity::Unencrypted(_)) => Ok(vec![Key::Ssh(key)]),
            Ok(ssh::Identity::Encrypted(_)) => {
                Err(IdentityError::Passphrase { path: path.to_owned() })
            }
            Ok(ssh::Identity::Unsupported(_)) | Err(_) => {
                Err(IdentityError::Line { path: path.to_owned(), line: 1 })
            }
        };
    }
    let mut keys = Vec::new();
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let key = std::str::from_utf8(line).ok().and_then(|line| line.parse().ok());
        let Some(key) = key else {
            return Err(IdentityError::Line { path: path.to_owned(), line: at + 1 });
        };
        keys.push(Key::Native(key));
    }
    Ok(keys)
}

/// Reads `age1..` or an SSH public key.
///
/// # Errors
/// It is neither.
pub fn parse_recipient(text: &str) -> Result<Recipient, IdentityError> {
    let text = text.trim();
    if let Ok(native) = text.parse::<x25519::Recipient>() {
        return Ok(Box::new(native));
    }
    match text.parse::<ssh::Recipient>() {
        Ok(key) => Ok(Box::new(key)),
        // Somebody may have pasted the private half: then the text is not repeated.
        Err(_) if is_like_private(text) => Err(IdentityError::Recipient("(not shown)".to_owned())),
        Err(_) => Err(IdentityError::Recipient(text.to_owned())),
    }
}

/// Whether it is perhaps a private key: age's own or a plugin's, which Bech32 lets be in small letters, or one in PEM.
fn is_like_private(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    ["SECRET", "PRIVATE", "AGE-PLUGIN-"].iter().any(|word| text.contains(word))
}

/// A new identity: the file's text as `age-keygen` writes it, and the recipient in its spelling.
#[must_use]
pub fn fresh() -> (Zeroizing<String>, String) {
    let key = x25519::Identity::generate();
    let recipient = key.to_public().to_string();
    let secret = key.to_string();
    // One allocation of the whole: a text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(256));
    for part in ["# public key: ", &recipient, "\n", secret.expose_secret(), "\n"] {
        text.push_str(part);
    }
    (text, recipient)
}

/// The passphrase as age takes it.
pub(crate) fn as_age(passphrase: &Secret<String>) -> SecretString {
    SecretString::from(passphrase.expose().clone())
}

fn host(source: HostError) -> IdentityError {
    IdentityError::Host(Box::new(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_half_is_shown_by_nobody() {
        let (text, _) = fresh();
        let secret = text.lines().nth(1).unwrap();
        let keys = parse_identities("f", text.as_bytes()).unwrap();
        assert_eq!(format!("{keys:?}"), "[Native(..)]");
        let ssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n";
        for private in [secret, &secret.to_ascii_lowercase(), "AGE-PLUGIN-FOOBAR-1QVHULF", ssh] {
            let refused = parse_recipient(private).err().unwrap();
            assert!(matches!(&refused, IdentityError::Recipient(text) if text == "(not shown)"));
        }
        let refused = parse_recipient("age1mistyped").err().unwrap();
        assert!(refused.to_string().contains("age1mistyped"));
    }
}
