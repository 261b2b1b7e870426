//! Why a store does not do something.

use crate::crypt::NotSealed;
use crate::keys::WrapError;
use crate::log::NotAVault;
use sanctum_host::HostError;
use std::sync::Arc;

/// Why a store does not do something. Nothing of a value is in it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The files.
    #[error("the vault's files cannot be used")]
    Files(#[source] Arc<HostError>),
    /// It is something else.
    #[error("cannot read the vault")]
    Format(#[from] NotAVault),
    /// There is one already.
    #[error("there is a vault already")]
    There,
    /// Neither this passphrase nor this key opens it.
    #[error("this does not open the vault")]
    WrongKey,
    /// A root key is not wrapped.
    #[error("the key of the vault cannot be wrapped")]
    Wrap(#[from] WrapError),
    /// Something that was acknowledged is not as it was written.
    #[error("the vault is damaged at record {seq}")]
    Damaged {
        /// Which.
        seq: u64,
    },
    /// The file is an older one, or another one.
    #[error("the vault was put back: it has come to record {here}, and its counter knows {known}")]
    PutBack {
        /// The last record.
        here: u64,
        /// What the counter says.
        known: u64,
    },
    /// The counter is gone, or of another vault.
    #[error(
        "the counter of the vault is gone or damaged, so nobody can tell whether the vault was put back"
    )]
    NoCounter,
    /// An earlier failure left nobody knowing what is on the disk.
    #[error("the vault writes nothing more after an earlier failure")]
    Stopped,
    /// The journal did not take it.
    #[error("the journal did not record what was to be changed")]
    Unrecorded,
    /// The system has no random bytes.
    #[error(transparent)]
    Random(#[from] NotSealed),
    /// More than a vault takes.
    #[error("a {what} has at most {most} bytes")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// Bytes.
        most: usize,
    },
    /// There is none.
    #[error("there is no such thing in the vault")]
    NotThere,
}

impl From<HostError> for StoreError {
    fn from(source: HostError) -> Self {
        Self::Files(Arc::new(source))
    }
}
