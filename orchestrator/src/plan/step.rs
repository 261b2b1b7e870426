//! Steps: what to do, what must hold before, and how to take it back.

use crate::house::Part;
use sanctum_host::{Blobs, LoadedState, Observed, Op, PathState, Scope, Unit};
use sanctum_types::{AbsPath, AccountName, Digest, NodeName};
use serde::{Deserialize, Serialize};

/// The format number of plans and receipts; every older one stays readable.
pub const FORMAT: u32 = 1;

/// Sorted steps for one node. Holds digests, never bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: u32,
    /// The node it was made for.
    pub node: NodeName,
    /// Digest of the instance file that it was made from.
    pub instance: Digest,
    /// What to do, in order.
    pub steps: Vec<Step>,
}

/// One unit of work: all of `act`, or after a failure all of `undo`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// A stable address, such as `file:/etc/pf.anchors/sanctum`.
    pub id: String,
    /// The part of the house, where the step belongs to one.
    pub part: Option<Part>,
    /// Takes part in commit-confirm.
    pub lockout: bool,
    /// Somebody else changed what we last wrote: not overwritten unless the owner says so.
    pub foreign: bool,
    /// What must hold right before.
    pub guard: Guard,
    /// Verbs, in order.
    pub act: Vec<Op>,
    /// Verbs that bring the pre-image back, in order; fixed when the plan is made.
    pub undo: Vec<Op>,
}

/// The pre-image of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// What was at the path.
    pub path: Option<(AbsPath, PathState)>,
    /// What ran of the unit.
    pub unit: Option<(Unit, Option<LoadedState>)>,
    /// Whether the account existed.
    pub account: Option<(AccountName, bool)>,
}

impl Guard {
    /// What must be looked at to judge it.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope {
            paths: self.path.iter().map(|(path, _)| path.clone()).collect(),
            units: self.unit.iter().map(|(unit, _)| unit.clone()).collect(),
            accounts: self.account.iter().map(|(name, _)| name.clone()).collect(),
        }
    }

    /// Whether the world is still as it was when the plan was made.
    #[must_use]
    pub fn holds(&self, seen: &Observed) -> bool {
        self.path.as_ref().is_none_or(|(path, state)| seen.at(path) == *state)
            && self.unit.as_ref().is_none_or(|(unit, ran)| seen.loaded.get(unit) == ran.as_ref())
            && self.account.as_ref().is_none_or(|(name, was)| seen.accounts.contains(name) == *was)
    }
}

impl Step {
    /// What is at the guarded path once the step is done.
    #[must_use]
    pub fn after(&self) -> Option<PathState> {
        let (path, before) = self.guard.path.as_ref()?;
        let last = self.act.iter().rev().find_map(|op| match op {
            Op::File { path: at, state } if at == path => Some(PathState::File(state.clone())),
            Op::Dir { path: at, state } if at == path => Some(PathState::Dir(state.clone())),
            Op::Absent { path: at } if at == path => Some(PathState::Absent),
            _ => None,
        });
        Some(last.unwrap_or_else(|| before.clone()))
    }

    /// The unit that would not come back, and what is known of it: it runs, and undoing the step ends it, because
    /// no file stands at the path and nobody here has the definition that runs.
    #[must_use]
    pub fn displaces(&self) -> Option<(&Unit, &LoadedState)> {
        let (unit, Some(ran)) = self.guard.unit.as_ref()? else { return None };
        let unloads = |op: &Op| matches!(op, Op::Unloaded { unit: of } if of == unit);
        self.undo.iter().any(unloads).then_some((unit, ran))
    }

    /// The word for people: what happens to the guarded thing.
    #[must_use]
    pub fn change(&self) -> &'static str {
        let before = self.guard.path.as_ref().map(|(_, state)| state);
        match (before, self.after()) {
            (Some(PathState::Absent), Some(PathState::Absent)) => "unload",
            (Some(PathState::Absent), Some(_)) => "create",
            (Some(_), Some(PathState::Absent)) => "remove",
            (Some(before), Some(after)) if *before == after => "reload",
            (Some(_), Some(_)) => "change",
            _ => match self.act.first() {
                Some(Op::NoAccount { .. }) => "remove",
                _ => "create",
            },
        }
    }
}

impl Plan {
    /// Whether there is nothing to do.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The name of this plan: SHA-256 of its JSON, whose maps are sorted.
    #[must_use]
    pub fn digest(&self) -> Digest {
        // Serialising plain data into memory does not fail; an empty text would only make the plan stale.
        Blobs::digest(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// Every blob that acting on or undoing this plan needs.
    #[must_use]
    pub fn blobs(&self) -> std::collections::BTreeSet<Digest> {
        let ops = self.steps.iter().flat_map(|step| step.act.iter().chain(&step.undo));
        ops.filter_map(|op| match op {
            Op::File { state, .. } => Some(state.blob),
            _ => None,
        })
        .collect()
    }
}
