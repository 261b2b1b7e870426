//! The keys that a node is asked with: an agent's, or files that the caller read.
//!
//! A key is offered to a server only after its host key was judged. Private keys stay in memory that the key crate
//! wipes; a passphrase never comes in here.

use super::client::Session;
use super::error::FleetError;
use super::known_hosts::HostPort;
use russh::client::AuthResult;
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::ssh_key::PublicKey;
use russh::keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::UnixStream;

/// sshd's own default of MaxAuthTries is 6; what is offered beyond only closes the connection.
const MOST_OFFERS: usize = 6;

/// Keys to log in with.
#[derive(Clone, Default)]
pub struct Keys {
    /// Socket of the agent.
    pub agent: Option<PathBuf>,
    /// Of the agent's keys only these; all of them when empty.
    pub only: Vec<PublicKey>,
    /// Keys from files, decrypted.
    pub files: Vec<Arc<PrivateKey>>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let files = self.files.len();
        f.debug_struct("Keys").field("agent", &self.agent).field("files", &files).finish()
    }
}

/// Why a key file gives no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It is not a private key that this client reads.
    #[error("{path} holds no private key of a kind that this client reads")]
    Read {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: russh::keys::Error,
    },
    /// It is encrypted, and the passphrase is missing or wrong.
    #[error("{path} is encrypted and this passphrase does not open it")]
    Locked {
        /// The file.
        path: String,
    },
}

/// A private key as its file holds it.
pub enum KeyFile {
    /// It can be used.
    Open(Box<PrivateKey>),
    /// It needs a passphrase; its public half is readable.
    Locked(Box<PrivateKey>),
}

impl KeyFile {
    /// Reads a file's text.
    pub fn parse(path: &str, text: &str) -> Result<Self, KeyError> {
        match russh::keys::decode_secret_key(text, None) {
            Ok(key) => Ok(Self::Open(Box::new(key))),
            Err(source) => match PrivateKey::from_openssh(text) {
                Ok(key) if key.is_encrypted() => Ok(Self::Locked(Box::new(key))),
                _ => Err(KeyError::Read { path: path.to_owned(), source }),
            },
        }
    }
}

/// Opens a locked key.
pub fn unlock(path: &str, key: &PrivateKey, passphrase: &str) -> Result<PrivateKey, KeyError> {
    key.decrypt(passphrase).map_err(|_| KeyError::Locked { path: path.to_owned() })
}

/// Logs in; tries the agent's keys, then those from files.
pub(super) async fn log_in(
    session: &mut Session,
    host: &HostPort,
    user: &str,
    keys: &Keys,
) -> Result<(), FleetError> {
    let broken = |source| FleetError::Broken { host: host.clone(), source: Box::new(source) };
    let mut offered = 0;
    if let Some(socket) = &keys.agent {
        let mut agent = AgentClient::connect_uds(socket)
            .await
            .map_err(|error| FleetError::Agent(Box::new(error)))?;
        let identities =
            agent.request_identities().await.map_err(|error| FleetError::Agent(Box::new(error)))?;
        for key in wanted(&identities, &keys.only) {
            if offered == MOST_OFFERS || session.is_closed() {
                break;
            }
            offered += 1;
            if by_agent(session, user, key, &mut agent).await? {
                return Ok(());
            }
        }
    }
    for key in &keys.files {
        if offered == MOST_OFFERS || session.is_closed() {
            break;
        }
        offered += 1;
        let key = PrivateKeyWithHashAlg::new(Arc::clone(key), None);
        let result = session.authenticate_publickey(user, key).await.map_err(broken)?;
        if result.success() {
            return Ok(());
        }
    }
    if offered == 0 {
        return Err(FleetError::NoKey { host: host.clone() });
    }
    Err(FleetError::RefusedKey { host: host.clone(), user: user.to_owned(), offered })
}

fn wanted<'a>(identities: &'a [AgentIdentity], only: &'a [PublicKey]) -> Vec<&'a PublicKey> {
    let plain = identities.iter().filter_map(|identity| match identity {
        AgentIdentity::PublicKey { key, .. } => Some(key),
        AgentIdentity::Certificate { .. } => None,
    });
    let named = |key: &&PublicKey| only.iter().any(|one| one.key_data() == key.key_data());
    plain.filter(|key| only.is_empty() || named(key)).collect()
}

async fn by_agent(
    session: &mut Session,
    user: &str,
    key: &PublicKey,
    agent: &mut AgentClient<UnixStream>,
) -> Result<bool, FleetError> {
    // An RSA key signs with SHA-2 (RFC 8332); SHA-1 is not offered.
    let hash = matches!(key.algorithm(), Algorithm::Rsa { .. }).then_some(HashAlg::Sha512);
    let result = session.authenticate_publickey_with(user, key.clone(), hash, agent).await;
    match result {
        Ok(result) => Ok(matches!(result, AuthResult::Success)),
        // A key that the agent will not sign with, such as one that asks for a touch, is one key less.
        Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        let said = |text: &str| match KeyFile::parse("/k", text) {
            Err(error) => format!("{error} {error:?}"),
            Ok(_) => String::new(),
        };
        let text = said("not-a-key-but-secret");
        assert!(text.starts_with("/k holds no private key"), "{text}");
        assert!(!text.contains("not-a-key-but-secret"), "{text}");
    }
}
