//! The way back: undo of every step that was begun, in reverse, going on past errors.
//!
//! A directory that we made and that others have filled since is kept and named, not emptied. What somebody
//! else changed after us is a conflict that is found before anything is touched.

use crate::plan::{Plan, Step};
use crate::receipt::{Mark, Marks, Receipt};
use sanctum_host::{Blobs, Host, HostError, Op, PathState};
use sanctum_types::AbsPath;
use std::collections::BTreeSet;

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
    /// The step's address.
    pub id: String,
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
    for number in standing.iter().rev() {
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

/// Finished steps whose path is neither as we left it nor as we found it: a foreign edit since.
///
/// Steps that were begun and not finished are not judged: anything between is our own doing. A path that a
/// later step touched again is judged by that later step.
pub fn conflicts(receipt: &Receipt, host: &dyn Host) -> Result<Vec<Conflict>, HostError> {
    let mut found = Vec::new();
    for number in receipt.done() {
        let Some(step) = receipt.header.plan.steps.get(number) else { continue };
        if is_conflict(step, host)? {
            found.push(Conflict { id: step.id.clone() });
        }
    }
    Ok(found)
}

fn is_conflict(step: &Step, host: &dyn Host) -> Result<bool, HostError> {
    let (Some((path, before)), Some(after)) = (&step.guard.path, step.after()) else {
        return Ok(false);
    };
    let seen = host.observe(&step.guard.scope(), &mut Blobs::default())?;
    let now = seen.at(path);
    let dir = |state: &PathState| matches!(state, PathState::Dir(_));
    Ok(now != after && now != *before && !(dir(&now) && dir(&after)))
}
