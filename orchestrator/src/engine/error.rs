//! Why a transaction was not begun, or could not be recorded.

use crate::receipt::HistoryError;
use sanctum_host::{HostError, Unit};

/// What stands in the way of a transaction.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The node could not be looked at.
    #[error("cannot observe the node")]
    Observe(#[source] HostError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] HostError),
    /// The receipts cannot be used.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A header could not be written as JSON.
    #[error("cannot encode the receipt")]
    Encode(#[source] serde_json::Error),
    /// Somebody else changed what we wrote.
    #[error("somebody else changed since sanctum wrote them: {steps}")]
    Foreign {
        /// Addresses of the steps.
        steps: String,
    },
    /// A unit runs from what nobody knows, and a rollback could only end it.
    #[error("{unit} runs already, from {from}, and a rollback could not bring it back")]
    Displaced {
        /// The unit.
        unit: Unit,
        /// Where its definition lives, as far as that is known.
        from: String,
    },
    /// A dead process left a receipt half-done.
    #[error("receipt {id} was interrupted and is not taken back yet")]
    Interrupted {
        /// Its name.
        id: String,
    },
    /// A receipt waits for the owner's word.
    #[error("receipt {id} waits to be confirmed")]
    Unconfirmed {
        /// Its name.
        id: String,
    },
    /// There is no such receipt, or none at all.
    #[error("there is no receipt {id} to take back")]
    NoReceipt {
        /// What was asked for.
        id: String,
    },
    /// Somebody else changed what is to be taken back.
    #[error("changed by somebody else since receipt {id}: {steps}")]
    Conflict {
        /// The receipt.
        id: String,
        /// Addresses of the steps.
        steps: String,
    },
    /// Confirming over a connection that is older than the change proves nothing.
    #[error("this SSH connection is older than receipt {id}: it proves nothing")]
    OldSession {
        /// The receipt.
        id: String,
    },
    /// Applied over SSH, and confirmed from somewhere that is not an SSH connection.
    #[error("receipt {id} was applied over SSH, and this is not an SSH connection")]
    NoSession {
        /// The receipt.
        id: String,
    },
    /// Everything was done, and the last mark of the receipt could not be written.
    #[error("receipt {id} is done and could not be closed")]
    Unclosed {
        /// The receipt.
        id: String,
        /// Why.
        #[source]
        source: HostError,
    },
    /// There is no store to change anything under.
    #[error("nothing was ever applied here")]
    NoStore,
    /// Nothing waits to be confirmed.
    #[error("nothing waits to be confirmed")]
    NothingToConfirm,
}
