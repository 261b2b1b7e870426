//! The thin interpreter: guards, marks, verbs; and the way back.
//!
//! Every step is marked before its first verb. After a failure everything that was begun is undone, in
//! reverse, past further errors, and all of them are reported.

pub mod rollback;

#[cfg(test)]
mod laws;

pub use rollback::{Conflict, RollbackReport, conflicts, conflicts_seen, rollback};

use crate::plan::{Plan, Step};
use crate::receipt::{Mark, Marks};
use sanctum_host::{Blobs, Host, HostError, Op, PathState};
use sanctum_types::AbsPath;
use std::collections::BTreeSet;

/// Why a plan was not applied as a whole.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The world is not as it was when the plan was made.
    #[error("{id} is not as it was when the plan was made")]
    Stale {
        /// The step's address.
        id: String,
    },
    /// A verb failed.
    #[error("{id} failed")]
    Step {
        /// The step's address.
        id: String,
        /// Why.
        #[source]
        source: HostError,
    },
    /// The receipt could not be written: nothing more may be done.
    #[error("cannot write the receipt")]
    Receipt(#[source] HostError),
}

/// What came of applying.
#[derive(Debug)]
pub enum Outcome {
    /// Every step is done.
    Done {
        /// Directories of ours that were to go and hold somebody else's files.
        kept: Vec<AbsPath>,
    },
    /// A step failed and everything that was begun is undone.
    RolledBack(ApplyError),
    /// A step failed and not everything could be undone.
    Incomplete(ApplyError, RollbackReport),
}

/// Does every step, or takes back what it began. `now` is put into the marks; `progress` hears each step.
pub fn apply(
    plan: &Plan,
    host: &mut dyn Host,
    blobs: &Blobs,
    marks: &mut dyn Marks,
    progress: &mut dyn FnMut(usize, &Step),
) -> Outcome {
    let mut begun = BTreeSet::new();
    let mut kept = Kept::default();
    for (number, step) in plan.steps.iter().enumerate() {
        progress(number, step);
        if let Err(error) = one((number, step), host, blobs, marks, (&mut begun, &mut kept)) {
            let report = rollback(plan, &begun, host, blobs, marks);
            return if report.errors.is_empty() {
                Outcome::RolledBack(error)
            } else {
                Outcome::Incomplete(error, report)
            };
        }
    }
    Outcome::Done { kept: kept.dirs }
}

/// What stays although it was to go: directories that others filled, and so the accounts that own them.
#[derive(Default)]
struct Kept {
    dirs: Vec<AbsPath>,
    owners: BTreeSet<String>,
}

impl Kept {
    /// Whether a verb is left undone for what stays.
    fn spares(&self, op: &Op) -> bool {
        matches!(op, Op::NoAccount { name } if self.owners.contains(name.as_str()))
    }

    fn keep(&mut self, dir: AbsPath, step: &Step) {
        if let Some((_, PathState::Dir(state))) = &step.guard.path {
            self.owners.insert(state.owner.user.clone());
        }
        self.dirs.push(dir);
    }
}

fn one(
    (number, step): (usize, &Step),
    host: &mut dyn Host,
    blobs: &Blobs,
    marks: &mut dyn Marks,
    (begun, kept): (&mut BTreeSet<usize>, &mut Kept),
) -> Result<(), ApplyError> {
    let failed = |source| ApplyError::Step { id: step.id.clone(), source };
    let seen = host.observe(&step.guard.scope(), &mut Blobs::default()).map_err(failed)?;
    if !step.guard.holds(&seen) {
        return Err(ApplyError::Stale { id: step.id.clone() });
    }
    marks.mark(&Mark::Begin(number)).map_err(ApplyError::Receipt)?;
    begun.insert(number);
    for op in step.act.iter().filter(|op| !kept.spares(op)).cloned().collect::<Vec<_>>() {
        match host.ensure(&op, blobs) {
            Ok(()) => {}
            // Uninstall leaves a directory of ours that others have filled since.
            Err(error) => match rollback::kept(&op, &error) {
                Some(dir) => kept.keep(dir, step),
                None => return Err(failed(error)),
            },
        }
    }
    marks.mark(&Mark::Done(number)).map_err(ApplyError::Receipt)
}
