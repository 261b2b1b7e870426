//! All receipts of a store, oldest first, and what follows from them.

use crate::plan::Managed;
use crate::receipt::{Header, Kind, Mark, Receipt, Status};
use sanctum_host::HostError;
use sanctum_types::UnixTime;

/// Why the receipts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The store cannot be read.
    #[error("cannot read the receipts")]
    Store(#[from] HostError),
    /// A receipt is not what this sanctum writes.
    #[error("receipt {id} cannot be understood")]
    Syntax {
        /// Its name.
        id: String,
        /// Where.
        #[source]
        source: serde_json::Error,
    },
    /// From a newer sanctum.
    #[error("receipt {id} has format {format}, newer than this sanctum understands")]
    Format {
        /// Its name.
        id: String,
        /// Its format.
        format: u32,
    },
}

/// Receipts, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// By age.
    pub receipts: Vec<Receipt>,
}

impl Receipt {
    /// Reads a header and its lines of marks.
    pub fn parse(id: &str, header: &[u8], lines: &[String]) -> Result<Self, HistoryError> {
        let syntax = |source| HistoryError::Syntax { id: id.to_owned(), source };
        let header: Header = serde_json::from_slice(header).map_err(syntax)?;
        if header.format > crate::plan::step::FORMAT {
            return Err(HistoryError::Format { id: id.to_owned(), format: header.format });
        }
        let marks = lines.iter().map(|line| serde_json::from_str::<Mark>(line).map_err(syntax));
        Ok(Self { header, marks: marks.collect::<Result<_, _>>()? })
    }
}

impl History {
    /// What these receipts manage: everything done and not undone, from the last uninstall on.
    #[must_use]
    pub fn managed(&self) -> Managed {
        let mut managed = Managed::default();
        // A person who undid a receipt by hand marks it as a whole (docs/runbooks/rollback-by-hand.md).
        let standing = |receipt: &&Receipt| receipt.status() != Status::RolledBack;
        for receipt in self.receipts.iter().filter(standing) {
            for number in receipt.done() {
                if let Some(step) = receipt.header.plan.steps.get(number) {
                    managed.record(step);
                }
            }
            if receipt.header.kind == Kind::Uninstall
                && matches!(receipt.status(), Status::Applied | Status::Unconfirmed)
            {
                managed = Managed::default();
            }
        }
        managed
    }

    /// The receipt that a dead process left half-done; only the last one can be.
    #[must_use]
    pub fn interrupted(&self) -> Option<&Receipt> {
        self.receipts.iter().rev().find(|receipt| receipt.status() == Status::Interrupted)
    }

    /// The receipt that waits for the owner's word.
    #[must_use]
    pub fn unconfirmed(&self) -> Option<&Receipt> {
        self.receipts.iter().rev().find(|receipt| receipt.status() == Status::Unconfirmed)
    }

    /// The name of the next receipt: a sequence number that sorts, and the UTC time for people.
    #[must_use]
    pub fn next_id(&self, now: UnixTime) -> String {
        let last = self
            .receipts
            .last()
            .and_then(|receipt| receipt.header.id.split('-').next()?.parse::<u32>().ok());
        let stamp = jiff::Timestamp::from_second(now.0)
            .map_or_else(|_| now.0.to_string(), |at| at.strftime("%Y%m%dT%H%M%SZ").to_string());
        format!("{:06}-{stamp}", last.unwrap_or(0).saturating_add(1))
    }

    /// The receipts to take back, newest first, so that `id` is taken back too. None when it is not there, or
    /// taken back already: what came after it is not asked for.
    #[must_use]
    pub fn down_to(&self, id: &str) -> Option<Vec<&Receipt>> {
        let live = |receipt: &&Receipt| receipt.status() != Status::RolledBack;
        let at = self.receipts.iter().position(|at| at.header.id == id && live(&at))?;
        Some(self.receipts.iter().skip(at).rev().filter(live).collect())
    }
}
