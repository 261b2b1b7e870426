//! A plan for people: one unified diff per file, and every verb that would be done.
//!
//! Text is handed to `hide` before it is shown, because a file that we are about to replace may hold a secret
//! that we know nothing of.

use crate::instance::model::Os;
use crate::plan::{Plan, Step};
use sanctum_host::live::preview::{self, System};
use sanctum_host::{Blobs, Op, PathState};
use sanctum_types::Digest;
use similar::TextDiff;

/// One step, ready to be printed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Shown {
    /// The step's address.
    pub id: String,
    /// `create`, `change`, `remove`, `reload` or `unload`.
    pub change: &'static str,
    /// Somebody else changed what we last wrote.
    pub foreign: bool,
    /// Takes the place of a unit that a rollback could not bring back.
    pub displaces: bool,
    /// Takes part in commit-confirm.
    pub lockout: bool,
    /// Verbs in order.
    pub verbs: Vec<String>,
    /// Commands that a machine would run for them.
    pub commands: Vec<String>,
    /// A unified diff; none where no text changes.
    pub diff: Option<String>,
}

/// Every step of a plan for a node of that system, with its diff. `hide` redacts what must not be shown.
pub fn show(plan: &Plan, blobs: &Blobs, os: Os, hide: &dyn Fn(&str) -> String) -> Vec<Shown> {
    plan.steps.iter().map(|step| one(step, blobs, os, hide)).collect()
}

fn one(step: &Step, blobs: &Blobs, os: Os, hide: &dyn Fn(&str) -> String) -> Shown {
    let system = match os {
        Os::Linux => System::Linux,
        Os::Macos => System::Macos,
    };
    let definition = step.after().as_ref().and_then(content).and_then(|blob| blobs.get(&blob));
    let commands = |op| preview::commands(op, system, definition);
    Shown {
        id: step.id.clone(),
        change: step.change(),
        foreign: step.foreign,
        displaces: step.displaces().is_some(),
        lockout: step.lockout,
        verbs: step.act.iter().map(Op::to_string).collect(),
        commands: step.act.iter().flat_map(commands).collect(),
        diff: diff(step, blobs, hide),
    }
}

fn diff(step: &Step, blobs: &Blobs, hide: &dyn Fn(&str) -> String) -> Option<String> {
    let (path, before) = step.guard.path.as_ref()?;
    let after = step.after()?;
    let (old, new) = (content(before), content(&after));
    if old == new {
        return None;
    }
    let text = |digest: Option<Digest>| match digest {
        None => Some(String::new()),
        Some(digest) => {
            blobs.get(&digest).and_then(|bytes| std::str::from_utf8(bytes).ok()).map(hide)
        }
    };
    let (Some(before_text), Some(after_text)) = (text(old), text(new)) else {
        let name = |digest: Option<Digest>| digest.map_or("absent".to_owned(), |at| at.short());
        return Some(format!("binary {path}: {} -> {}\n", name(old), name(new)));
    };
    let from = if old.is_some() { format!("a{path}") } else { "/dev/null".to_owned() };
    let to = if new.is_some() { format!("b{path}") } else { "/dev/null".to_owned() };
    let diff = TextDiff::from_lines(&before_text, &after_text);
    Some(diff.unified_diff().context_radius(3).header(&from, &to).to_string())
}

const fn content(state: &PathState) -> Option<Digest> {
    match state {
        PathState::File(file) => Some(file.blob),
        PathState::Dir(_) | PathState::Absent => None,
    }
}
