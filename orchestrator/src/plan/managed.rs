//! What sanctum remembers of a node: derived from its receipts, never stored by itself.
//!
//! For each path that a receipt touched: what was there before the first apply, and what we last wrote. The
//! second tells our own old version from a foreign edit; the first is what uninstall brings back.

use crate::plan::step::Step;
use sanctum_host::{LoadedState, Op, PathState, Scope, Unit};
use sanctum_types::{AbsPath, AccountName};
use std::collections::{BTreeMap, BTreeSet};

/// A path that receipts touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedPath {
    /// What was there before the first apply.
    pub original: PathState,
    /// What we last wrote.
    pub last: PathState,
    /// What is loaded from it, and what ran of that unit before the first apply.
    pub unit: Option<(Unit, Option<LoadedState>)>,
}

/// Everything that receipts touched and did not take back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Managed {
    /// By path.
    pub paths: BTreeMap<AbsPath, ManagedPath>,
    /// Accounts that we made.
    pub accounts: BTreeSet<AccountName>,
}

impl Managed {
    /// Takes note of a step that is done and not undone.
    pub fn record(&mut self, step: &Step) {
        for op in &step.act {
            match op {
                Op::Account { name } => {
                    self.accounts.insert(name.clone());
                }
                Op::NoAccount { name } => {
                    self.accounts.remove(name);
                }
                _ => {}
            }
        }
        let (Some((path, before)), Some(after)) = (&step.guard.path, step.after()) else { return };
        let entry = self.paths.entry(path.clone()).or_insert_with(|| ManagedPath {
            original: before.clone(),
            last: before.clone(),
            unit: None,
        });
        entry.last = after;
        if entry.unit.is_none() {
            entry.unit.clone_from(&step.guard.unit);
        }
        let unloads = step.act.iter().any(|op| matches!(op, Op::Unloaded { .. }));
        if entry.last == entry.original && (entry.unit.is_none() || unloads) {
            self.paths.remove(path);
        }
    }

    /// What must be looked at besides the wanted state.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope {
            paths: self.paths.keys().cloned().collect(),
            units: self.paths.values().filter_map(|at| Some(at.unit.as_ref()?.0.clone())).collect(),
            accounts: self.accounts.clone(),
        }
    }
}
