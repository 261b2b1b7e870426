//! The planner: wanted, seen, remembered in; sorted steps out. Pure, so that its laws can be tested.
//!
//! Order: accounts, directories (parents first), files with what is loaded from them, then what is no longer
//! wanted, back to what was there before the first apply. A directory is never removed here: it may hold
//! what others put there. Rollback and uninstall remove it when it is empty. The boot job is the first file that
//! comes and the last that goes: while anything is left to undo, the next boot knows who undoes it, and before what.

use crate::house::layout;
use crate::plan::managed::{Managed, ManagedPath};
use crate::plan::restore::restore_step;
use crate::plan::step::{FORMAT, Guard, Plan, Step};
use crate::plan::want::{Want, WantDir, WantFile};
use sanctum_host::{Blobs, FileState, LoadedState, Observed, Op, PathState, Unit};
use sanctum_types::{AbsPath, AccountName, Digest, NodeName};

/// What a plan is made for.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    /// The node.
    pub node: &'a NodeName,
    /// Digest of the instance file.
    pub instance: Digest,
}

/// Makes the plan. `blobs` holds wanted bytes, seen bytes, and those of loaded definitions that we once wrote.
#[must_use]
pub fn plan(
    target: &Target<'_>,
    want: &Want,
    seen: &Observed,
    managed: &Managed,
    blobs: &Blobs,
) -> Plan {
    let accounts = want.accounts.iter().filter_map(|name| account_step(name, seen));
    let dirs = want
        .dirs
        .iter()
        .filter_map(|(path, dir)| dir_step(path, dir, seen, managed.paths.get(path)));
    let (boot, others): (Vec<_>, Vec<_>) =
        want.files.iter().partition(|(path, _)| is_boot_job(path));
    let files = boot.into_iter().chain(others).filter_map(|(path, file)| {
        let known = managed.paths.get(path);
        file_step(path, file, seen, known, blobs)
    });
    let unwanted = managed
        .paths
        .iter()
        .filter(|(path, _)| !want.files.contains_key(path) && !want.dirs.contains_key(path));
    let (boot, others): (Vec<_>, Vec<_>) = unwanted.partition(|(path, _)| is_boot_job(path));
    let gone =
        others.into_iter().chain(boot).filter_map(|(path, at)| restore_step(path, at, seen, blobs));
    let steps = accounts.chain(dirs).chain(files).chain(gone).collect();
    Plan { format: FORMAT, node: target.node.clone(), instance: target.instance, steps }
}

/// Whether this file is the job that takes back at boot what nobody confirmed.
pub(super) fn is_boot_job(path: &AbsPath) -> bool {
    layout::BOOT_JOBS.contains(&path.as_str())
}

fn account_step(name: &AccountName, seen: &Observed) -> Option<Step> {
    if seen.accounts.contains(name) {
        return None;
    }
    Some(Step {
        id: format!("account:{name}"),
        part: None,
        lockout: false,
        foreign: false,
        guard: Guard { account: Some((name.clone(), false)), ..Guard::default() },
        act: vec![Op::Account { name: name.clone() }],
        undo: vec![Op::NoAccount { name: name.clone() }],
    })
}

fn dir_step(
    path: &AbsPath,
    want: &WantDir,
    seen: &Observed,
    known: Option<&ManagedPath>,
) -> Option<Step> {
    let before = seen.at(path);
    let undo = match &before {
        PathState::Dir(state) if !want.exact || *state == want.state => return None,
        PathState::Dir(state) => Op::Dir { path: path.clone(), state: state.clone() },
        // A file where a directory must be: the act fails on every host, and the plan shows why.
        PathState::File(_) | PathState::Absent => Op::Absent { path: path.clone() },
    };
    let undo = if matches!(before, PathState::File(_)) { vec![] } else { vec![undo] };
    Some(Step {
        id: format!("dir:{path}"),
        part: None,
        lockout: false,
        foreign: is_foreign(known, &before, &PathState::Dir(want.state.clone())),
        guard: Guard { path: Some((path.clone(), before)), ..Guard::default() },
        act: vec![Op::Dir { path: path.clone(), state: want.state.clone() }],
        undo,
    })
}

/// The verbs that bring a path to a state.
pub(super) fn put(path: &AbsPath, state: &PathState) -> Op {
    match state {
        PathState::Absent => Op::Absent { path: path.clone() },
        PathState::Dir(state) => Op::Dir { path: path.clone(), state: state.clone() },
        PathState::File(state) => Op::File { path: path.clone(), state: state.clone() },
    }
}

fn file_step(
    path: &AbsPath,
    want: &WantFile,
    seen: &Observed,
    known: Option<&ManagedPath>,
    blobs: &Blobs,
) -> Option<Step> {
    let before = seen.at(path);
    let after = PathState::File(want.state.clone());
    let ran = want.unit.as_ref().and_then(|unit| seen.loaded.get(unit)).cloned();
    let runs = want
        .unit
        .as_ref()
        .is_none_or(|_| ran.as_ref().and_then(|ran| ran.blob) == Some(want.state.blob));
    if before == after && runs {
        return None;
    }
    let mut act = Vec::new();
    if before != after {
        act.push(put(path, &after));
    }
    if let Some(unit) = &want.unit {
        act.push(Op::Loaded { unit: unit.clone(), from: path.clone() });
    }
    Some(Step {
        id: format!("file:{path}"),
        part: Some(want.part),
        lockout: want.lockout,
        foreign: is_foreign(known, &before, &after),
        undo: undo_file(
            path,
            &before,
            &after,
            want.unit.as_ref().map(|unit| (unit, ran.as_ref())),
            blobs,
        ),
        guard: Guard {
            path: Some((path.clone(), before)),
            unit: want.unit.clone().map(|unit| (unit, ran)),
            account: None,
        },
        act,
    })
}

/// Somebody else changed the file since we wrote it, to something that is not what we want either.
pub(super) fn is_foreign(
    known: Option<&ManagedPath>,
    before: &PathState,
    after: &PathState,
) -> bool {
    known.is_some_and(|at| at.last != *before && before != after)
}

/// Brings back the file and what ran: a unit that ran an older definition gets that definition again first.
pub(super) fn undo_file(
    path: &AbsPath,
    before: &PathState,
    after: &PathState,
    unit: Option<(&Unit, Option<&LoadedState>)>,
    blobs: &Blobs,
) -> Vec<Op> {
    let restore = (before != after).then(|| put(path, before));
    let Some((unit, ran)) = unit else { return restore.into_iter().collect() };
    let unload = Op::Unloaded { unit: unit.clone() };
    let Some(ran) = ran else {
        let mut undo: Vec<Op> = restore.into_iter().collect();
        undo.insert(if unit.reloads_in_place() { undo.len() } else { 0 }, unload);
        return undo;
    };
    let from = ran.from.clone().unwrap_or_else(|| path.clone());
    let load = Op::Loaded { unit: unit.clone(), from: from.clone() };
    let before_blob = match before {
        PathState::File(state) => Some(state.blob),
        PathState::Dir(_) | PathState::Absent => None,
    };
    match (ran.blob, before_blob) {
        // It ran something else than what the file held: put that there for as long as the load takes.
        (Some(old), was) if was != Some(old) && from == *path && blobs.get(&old).is_some() => {
            let state = template(before, after).map(|state| FileState { blob: old, ..state });
            let mut undo: Vec<Op> = state
                .map(|state| Op::File { path: path.clone(), state })
                .into_iter()
                .chain([load])
                .collect();
            undo.push(put(path, before));
            undo
        }
        (_, Some(_)) => restore.into_iter().chain([load]).collect(),
        (_, None) => [unload].into_iter().chain(restore).collect(),
    }
}

fn template(before: &PathState, after: &PathState) -> Option<FileState> {
    [before, after].into_iter().find_map(|state| match state {
        PathState::File(state) => Some(state.clone()),
        PathState::Dir(_) | PathState::Absent => None,
    })
}

#[cfg(test)]
mod tests;
