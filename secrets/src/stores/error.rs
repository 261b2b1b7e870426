//! Why a store did not do what it was asked: by operation and thing, never with a value.
//!
//! What a store or a program answered is not repeated either, since an answer may hold the secret. [`StoreError::way_out`]
//! is the one place that says what a person can do.

use super::embedded::format::FormatError;
use super::keychain::KeychainError;
use super::one_password::OnePasswordError;
use crate::identity::IdentityError;
use crate::resolve::ResolveError;
use crate::sops::SopsError;
use sanctum_host::HostError;
use sanctum_types::SecretRef;

/// A store's refusal or silence.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A reference of another kind.
    #[error("{store} does not keep `{reference}`")]
    Foreign {
        /// Which store.
        store: String,
        /// What it was asked for.
        reference: SecretRef,
    },
    /// The reference names nothing that could be in that store.
    #[error("`{reference}` is no name for {store}: {why}")]
    Name {
        /// Which store.
        store: String,
        /// What it was asked for.
        reference: SecretRef,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The value cannot be kept there.
    #[error("{store} cannot keep the value of `{reference}`: {why}")]
    Value {
        /// Which store.
        store: String,
        /// Under which name.
        reference: SecretRef,
        /// What is wrong with it, in words that hold nothing of it.
        why: &'static str,
    },
    /// What was written is not what is read.
    #[error("{store} gives another value for `{reference}` than was put there")]
    ReadBack {
        /// Which store.
        store: String,
        /// Under which name.
        reference: SecretRef,
    },
    /// What was taken away is still there.
    #[error("{store} still has `{reference}`, which it took away")]
    StillThere {
        /// Which store.
        store: String,
        /// Under which name.
        reference: SecretRef,
    },
    /// A file of the store cannot be reached, or must not be trusted.
    #[error("cannot reach {store}")]
    Host {
        /// Which store.
        store: String,
        /// Why.
        #[source]
        source: Box<HostError>,
    },
    /// There is no age identity to work with.
    #[error("cannot open {store}")]
    Identity {
        /// Which store.
        store: String,
        /// Why.
        #[source]
        source: IdentityError,
    },
    /// None of our identities opens the file, or it is damaged.
    #[error("cannot decrypt {path}")]
    Closed {
        /// The file.
        path: String,
        /// What age says.
        #[source]
        source: Box<age::DecryptError>,
    },
    /// It could not be encrypted.
    #[error("cannot encrypt {path}")]
    Seal {
        /// The file.
        path: String,
        /// What age says.
        #[source]
        source: Box<age::EncryptError>,
    },
    /// A rewrite would shut somebody out.
    #[error("{path} is encrypted to {theirs} recipients, of which only {ours} are known here")]
    Recipients {
        /// The file.
        path: String,
        /// As many as its header has.
        theirs: usize,
        /// As many as a rewrite would have.
        ours: usize,
    },
    /// What was decrypted is no store.
    #[error("{path} holds no store")]
    Format {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: FormatError,
    },
    /// A keychain of the system.
    #[error("cannot use {store}")]
    Keychain {
        /// Which one.
        store: String,
        /// Why.
        #[source]
        source: KeychainError,
    },
    /// A SOPS document.
    #[error("cannot use the SOPS document {path}")]
    Sops {
        /// The document.
        path: String,
        /// Why.
        #[source]
        source: Box<SopsError>,
    },
    /// A SOPS document that is not there. Nobody knows what it would hold.
    #[error("there is no SOPS document {path}")]
    NoDocument {
        /// Where it should be.
        path: String,
    },
    /// A SOPS document that would keep the value as it is.
    #[error("{path} keeps `{key}` in clear text")]
    Clear {
        /// The document.
        path: String,
        /// The path in it.
        key: String,
    },
    /// 1Password.
    #[error("cannot use {store}")]
    OnePassword {
        /// Which way to it.
        store: String,
        /// Why.
        #[source]
        source: Box<OnePasswordError>,
    },
    /// It is the machine's, and who asks is not root.
    #[error("{store} is the machine's: only root reads it")]
    Machines {
        /// Which store.
        store: String,
    },
    /// Nobody said how it is reached.
    #[error("{store} is not set up here")]
    NotSetUp {
        /// Which store.
        store: String,
    },
    /// Its token would have to come out of it.
    #[error("the token of {store} cannot be kept as `{reference}`")]
    Circle {
        /// Which store.
        store: String,
        /// Where the token is said to be.
        reference: SecretRef,
    },
    /// Its token cannot be had.
    #[error("cannot get the token of {store}")]
    Token {
        /// Which store.
        store: String,
        /// Why.
        #[source]
        source: Box<ResolveError>,
    },
    /// It does not answer.
    #[error("{store} does not answer")]
    Away {
        /// Which store.
        store: String,
    },
}

/// What a service does instead of waiting for a person.
const UNATTENDED: &str =
    "unlock it in your session; what must be there without one is kept as file:NAME or age:FILE";

impl StoreError {
    /// What a person can do about it: a command, or a store that would do.
    #[must_use]
    pub fn way_out(&self) -> Option<String> {
        match self {
            Self::Identity { source: IdentityError::Passphrase { .. }, .. } => {
                Some("nothing here asks for it: put an identity without passphrase in its place".to_owned())
            }
            Self::Keychain { source, .. } => {
                let way = match source {
                    KeychainError::Ambiguous(_) => {
                        "take the others away with the program that made them"
                    }
                    KeychainError::NotHere => "keep it as file:NAME or age:FILE",
                    _ => UNATTENDED,
                };
                Some(way.to_owned())
            }
            Self::NoDocument { path } => Some(format!("make it: sanctum sops encrypt -i {path}")),
            Self::Clear { .. } => Some(
                "choose a key that the document's selectors encrypt (unencrypted_suffix, encrypted_regex)"
                    .to_owned(),
            ),
            Self::Machines { .. } => Some("run it as root: sudo /opt/sanctum/bin/sanctum".to_owned()),
            Self::Circle { .. } => Some("keep the token as file:NAME".to_owned()),
            Self::Token { source, .. } => source.way_out(),
            Self::Recipients { .. } => {
                Some("name its further recipients, or encrypt it anew with age".to_owned())
            }
            _ => None,
        }
    }
}
