//! Back to what was there before the first apply: for what is no longer wanted, and for uninstall.

use crate::plan::managed::{Managed, ManagedPath};
use crate::plan::planner::{Target, is_boot_job, is_foreign, put, undo_file};
use crate::plan::step::{FORMAT, Guard, Plan, Step};
use sanctum_host::{Blobs, Observed, Op, PathState, Unit};
use sanctum_types::{AbsPath, AccountName};

/// Everything back: files with what ran from them, the boot job's last, then directories that we made (deepest
/// first, and only when they are empty), then accounts that we made.
#[must_use]
pub fn uninstall(target: &Target<'_>, seen: &Observed, managed: &Managed, blobs: &Blobs) -> Plan {
    let (boot, others): (Vec<_>, Vec<_>) =
        managed.paths.iter().partition(|(path, _)| is_boot_job(path));
    let files =
        others.into_iter().chain(boot).filter_map(|(path, at)| restore_step(path, at, seen, blobs));
    let dirs = managed.paths.iter().rev().filter_map(|(path, at)| dir_step(path, at, seen));
    let accounts = managed.accounts.intersection(&seen.accounts).map(account_step);
    let steps = files.chain(dirs).chain(accounts).collect();
    Plan { format: FORMAT, node: target.node.clone(), instance: target.instance, steps }
}

fn dir_step(path: &AbsPath, at: &ManagedPath, seen: &Observed) -> Option<Step> {
    let before = seen.at(path);
    if !matches!(before, PathState::Dir(_)) || before == at.original {
        return None;
    }
    Some(Step {
        id: format!("dir:{path}"),
        part: None,
        lockout: false,
        foreign: false,
        act: vec![put(path, &at.original)],
        undo: vec![put(path, &before)],
        guard: Guard { path: Some((path.clone(), before)), ..Guard::default() },
    })
}

fn account_step(name: &AccountName) -> Step {
    Step {
        id: format!("account:{name}"),
        part: None,
        lockout: false,
        foreign: false,
        guard: Guard { account: Some((name.clone(), true)), ..Guard::default() },
        act: vec![Op::NoAccount { name: name.clone() }],
        undo: vec![Op::Account { name: name.clone() }],
    }
}

/// No longer wanted: back to what was there before the first apply.
pub(super) fn restore_step(
    path: &AbsPath,
    at: &ManagedPath,
    seen: &Observed,
    blobs: &Blobs,
) -> Option<Step> {
    let before = seen.at(path);
    if matches!(before, PathState::Dir(_)) || matches!(at.last, PathState::Dir(_)) {
        return None;
    }
    let ran = at.unit.as_ref().and_then(|(unit, _)| seen.loaded.get(unit)).cloned();
    let originally = at.unit.as_ref().and_then(|(_, ran)| ran.clone());
    let restore = (before != at.original).then(|| put(path, &at.original));
    let act: Vec<Op> = match (&at.unit, &originally, &at.original) {
        (None, _, _) => restore.into_iter().collect(),
        (Some((unit, _)), Some(_), PathState::File(file))
            if ran.as_ref().and_then(|ran| ran.blob) != Some(file.blob) =>
        {
            restore
                .into_iter()
                .chain([Op::Loaded { unit: unit.clone(), from: path.clone() }])
                .collect()
        }
        (Some(_), Some(_), PathState::File(_)) => restore.into_iter().collect(),
        (Some((unit, _)), _, _) => {
            let unload = ran.is_some().then(|| Op::Unloaded { unit: unit.clone() });
            if unit.reloads_in_place() {
                restore.into_iter().chain(unload).collect()
            } else {
                unload.into_iter().chain(restore).collect()
            }
        }
    };
    if act.is_empty() {
        return None;
    }
    let unit = at.unit.as_ref().map(|(unit, _)| (unit, ran.as_ref()));
    Some(Step {
        id: format!("file:{path}"),
        part: None,
        lockout: at.unit.as_ref().is_some_and(|(unit, _)| can_lock_out(unit)),
        foreign: is_foreign(Some(at), &before, &at.original),
        undo: undo_file(path, &before, &at.original, unit, blobs),
        guard: Guard {
            path: Some((path.clone(), before)),
            unit: at.unit.as_ref().map(|(unit, _)| (unit.clone(), ran)),
            account: None,
        },
        act,
    })
}

/// Whether a wrong definition of the unit can cut the owner off.
const fn can_lock_out(unit: &Unit) -> bool {
    match unit {
        Unit::Sshd | Unit::PfAnchor { .. } | Unit::NftTable { .. } => true,
        Unit::LaunchdJob { .. } | Unit::SystemdUnit { .. } => false,
    }
}
