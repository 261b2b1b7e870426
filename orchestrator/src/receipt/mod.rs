//! Write-ahead receipts: what was going to be done, how far it came, and what became of it.
//!
//! A receipt is a header (the whole plan with its undo, written before the first verb) and marks, one JSON
//! object a line, each on disk before what it announces. The status is derived from the marks, never stored.

pub mod history;

pub use history::{History, HistoryError};

use crate::plan::Plan;
use sanctum_host::HostError;
use sanctum_types::{Digest, UnixTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a receipt is about; on disk before anything is touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`crate::plan::step::FORMAT`].
    pub format: u32,
    /// Its name: a sequence number and the time, so that names sort by age.
    pub id: String,
    /// When it was begun.
    pub at: UnixTime,
    /// Which verb began it.
    pub kind: Kind,
    /// Seconds within which the owner must confirm; none where nothing in it can lock anybody out.
    pub confirm_within: Option<u32>,
    /// The SSH session that began it, where there was one: confirming needs another.
    #[serde(default)]
    pub session: Option<String>,
    /// The boot in which it was begun: what was not confirmed by the next one is taken back.
    #[serde(default)]
    pub boot: Option<String>,
    /// The plan, with the undo of every step.
    pub plan: Plan,
}

/// Which verb began a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `sanctum apply`.
    Apply,
    /// `sanctum uninstall`.
    Uninstall,
}

/// One line of progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// The step of this number is about to be done.
    Begin(usize),
    /// It is done and read back.
    Done(usize),
    /// Taking back begins: from here on the receipt is half-done until it is rolled back.
    TakingBack(UnixTime),
    /// The step of this number is undone.
    Undone(usize),
    /// All steps are done.
    Finished(UnixTime),
    /// Every step that was begun is undone.
    RolledBack(UnixTime),
    /// The owner confirmed that the house can still be entered.
    Confirmed(UnixTime),
}

/// How far a receipt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Neither finished nor taken back: the process died, or is at it.
    Interrupted,
    /// Finished, and the owner has not confirmed yet.
    Unconfirmed,
    /// Finished.
    Applied,
    /// Taken back.
    RolledBack,
}

/// A receipt as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its header.
    pub header: Header,
    /// Its marks, in order.
    pub marks: Vec<Mark>,
}

impl Receipt {
    /// Its status, from its marks.
    #[must_use]
    pub fn status(&self) -> Status {
        let has = |wanted: fn(&Mark) -> bool| self.marks.iter().any(wanted);
        let finished = has(|mark| matches!(mark, Mark::Finished(_)));
        if has(|mark| matches!(mark, Mark::RolledBack(_))) {
            Status::RolledBack
        } else if !finished || self.is_being_taken_back() {
            Status::Interrupted
        } else if self.header.confirm_within.is_some()
            && !has(|mark| matches!(mark, Mark::Confirmed(_)))
        {
            Status::Unconfirmed
        } else {
            Status::Applied
        }
    }

    /// Whether taking it back was begun, by a process that may have died at it since.
    #[must_use]
    pub fn is_being_taken_back(&self) -> bool {
        self.marks.iter().any(|mark| matches!(mark, Mark::TakingBack(_) | Mark::Undone(_)))
    }

    /// When it was finished.
    #[must_use]
    pub fn finished(&self) -> Option<UnixTime> {
        self.marks.iter().find_map(|mark| match mark {
            Mark::Finished(at) => Some(*at),
            _ => None,
        })
    }

    /// When the watchdog takes it back unless it is confirmed, counted from when it was finished.
    #[must_use]
    pub fn deadline(&self) -> Option<UnixTime> {
        let within = self.header.confirm_within?;
        Some(self.finished().unwrap_or(self.header.at).plus(i64::from(within)))
    }

    /// Numbers of the steps that were begun and are not undone.
    #[must_use]
    pub fn standing(&self) -> BTreeSet<usize> {
        self.select(|mark| match mark {
            Mark::Begin(step) => Some((*step, true)),
            Mark::Undone(step) => Some((*step, false)),
            _ => None,
        })
    }

    /// Numbers of the steps that are done and not undone.
    #[must_use]
    pub fn done(&self) -> BTreeSet<usize> {
        self.select(|mark| match mark {
            Mark::Done(step) => Some((*step, true)),
            Mark::Undone(step) => Some((*step, false)),
            _ => None,
        })
    }

    fn select(&self, of: fn(&Mark) -> Option<(usize, bool)>) -> BTreeSet<usize> {
        let mut set = BTreeSet::new();
        for (step, is_in) in self.marks.iter().filter_map(of) {
            if is_in {
                set.insert(step);
            } else {
                set.remove(&step);
            }
        }
        set
    }

    /// The digest of the plan, for people.
    #[must_use]
    pub fn plan_digest(&self) -> Digest {
        self.header.plan.digest()
    }
}

/// Where marks go; each is durable when `mark` returns.
pub trait Marks {
    /// Appends one mark.
    fn mark(&mut self, mark: &Mark) -> Result<(), HostError>;
}

/// Marks in memory, for laws.
impl Marks for Vec<Mark> {
    fn mark(&mut self, mark: &Mark) -> Result<(), HostError> {
        self.push(mark.clone());
        Ok(())
    }
}
