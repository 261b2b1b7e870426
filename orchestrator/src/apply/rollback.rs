//! The way back: undo of every step that was begun, in reverse, going on past errors.
//!
//! A directory that we made and that others have filled since is kept and named, not emptied. What somebody
//! else changed after us is a conflict that is found before anything is touched.

use crate::plan::Plan;
use crate::receipt::{Mark, Marks, Receipt};
use sanctum_host::{Blobs, Host, HostError, Observed, Op, PathState, Scope};
use sanctum_types::AbsPath;
use std::collections::{BTreeMap, BTreeSet};

/// What came of a rollback.
#[derive(Debug, Default)]
pub struct RollbackReport {
    /// Steps that are undone.
    pub undone: usize,
    /// Directories of ours that hold somebody else's files.
    pub kept: Vec<AbsPath>,
    /// What could not be undone, with the step's address.
    pub errors: Vec<(String, HostError)>,
}

/// Something that is neither as a receipt left it nor as it found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The receipt.
    pub receipt: String,
    /// The step's address.
    pub id: String,
    /// Where, and what somebody else put there.
    pub found: (AbsPath, PathState),
}

/// Undoes the steps whose numbers are in `standing`. A step whose undo failed keeps standing.
pub fn rollback(
    plan: &Plan,
    standing: &BTreeSet<usize>,
    host: &mut dyn Host,
    blobs: &Blobs,
    marks: &mut dyn Marks,
) -> RollbackReport {
    let mut report = RollbackReport::default();
    // What may have locked the owner out goes first: whatever fails or dies later, the house can be entered.
    let risky = |number: &&usize| plan.steps.get(**number).is_some_and(|step| step.lockout);
    let (first, rest): (Vec<&usize>, Vec<&usize>) = standing.iter().rev().partition(risky);
    for number in first.into_iter().chain(rest) {
        let Some(step) = plan.steps.get(*number) else { continue };
        let errors_before = report.errors.len();
        for op in &step.undo {
            match host.ensure(op, blobs) {
                Ok(()) => {}
                Err(error) => match kept(op, &error) {
                    Some(path) => report.kept.push(path),
                    None => report.errors.push((step.id.clone(), error)),
                },
            }
        }
        if report.errors.len() > errors_before {
            continue;
        }
        match marks.mark(&Mark::Undone(*number)) {
            Ok(()) => report.undone += 1,
            Err(error) => report.errors.push((step.id.clone(), error)),
        }
    }
    report
}

/// The directory that an operation left because it is not empty.
pub(super) fn kept(op: &Op, error: &HostError) -> Option<AbsPath> {
    match (op, error) {
        (Op::Absent { path }, HostError::Io { source, .. })
            if source.kind() == std::io::ErrorKind::DirectoryNotEmpty =>
        {
            Some(path.clone())
        }
        _ => None,
    }
}

/// Finished steps of a chain (newest receipt first) whose path is neither as we left it nor as we found it: a
/// foreign edit since. All of the chain is judged before any of it is touched: an older receipt is judged by what
/// the newer ones bring back.
///
/// Steps that were begun and not finished are not judged, nor is a receipt whose taking back has begun: anything
/// between is our own doing.
pub fn conflicts(chain: &[&Receipt], host: &dyn Host) -> Result<Vec<Conflict>, HostError> {
    judged(chain, |scope| host.observe(scope, &mut Blobs::default()).map(Some))
}

/// The same as far as it can be seen: what cannot be looked at fails its own undo, and must not keep a recovery
/// from the other steps.
pub fn conflicts_seen(receipt: &Receipt, host: &dyn Host) -> Vec<Conflict> {
    judged(&[receipt], |scope| Ok(host.observe(scope, &mut Blobs::default()).ok()))
        .unwrap_or_default()
}

fn judged(
    chain: &[&Receipt],
    look: impl Fn(&Scope) -> Result<Option<Observed>, HostError>,
) -> Result<Vec<Conflict>, HostError> {
    let mut brought_back = BTreeMap::<&AbsPath, PathState>::new();
    let mut found = Vec::new();
    for receipt in chain {
        let done = receipt.done();
        for number in receipt.standing() {
            let Some(step) = receipt.header.plan.steps.get(number) else { continue };
            let (Some((path, before)), Some(after)) = (&step.guard.path, step.after()) else {
                continue;
            };
            let now = match brought_back.insert(path, before.clone()) {
                Some(state) => state,
                None => match look(&step.guard.scope())? {
                    Some(seen) => seen.at(path),
                    None => continue,
                },
            };
            let judged = done.contains(&number) && !receipt.is_being_taken_back();
            let dirs = matches!((&now, &after), (PathState::Dir(_), PathState::Dir(_)));
            if judged && now != after && now != *before && !dirs {
                let (receipt, id) = (receipt.header.id.clone(), step.id.clone());
                found.push(Conflict { receipt, id, found: (path.clone(), now) });
            }
        }
    }
    Ok(found)
}
