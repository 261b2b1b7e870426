//! `sanctum adopt`: what was found of a house that already runs, turned into a proposal.
//!
//! Pure: the caller reads the files, nothing here changes or opens one. Whatever is not carried over becomes a
//! finding, never silence; a secret in clear text is named by its kind and place and replaced by a reference to fill in.
//! The proposal loads.

mod draft;
mod jobs;
mod old_filters;
mod older;
mod write;

use crate::house::Facts;
use crate::instance::{CleartextCheck, load};
use draft::Draft;
use sanctum_types::{Finding, Severity};

/// A text file that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundText {
    /// Where.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// A property list that was found; it may be binary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundPlist {
    /// Where.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Everything that was found of a running house.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The instance file, of the older schema or of ours.
    pub instance: Option<FoundText>,
    /// The `.node_id` beside it.
    pub node_id: Option<FoundText>,
    /// `com.sanctum.*` jobs of LaunchDaemons and LaunchAgents.
    pub plists: Vec<FoundPlist>,
    /// Anchor files of pf.
    pub anchors: Vec<FoundText>,
    /// Drop-ins of sshd.
    pub drop_ins: Vec<FoundText>,
    /// What is known of the machine, where it was looked at.
    pub facts: Option<Facts>,
}

/// A house proposed from what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The text of an instance file.
    pub instance_yaml: String,
    /// What was not carried over, guessed or odd; worst first.
    pub notes: Vec<Finding>,
}

/// Turns what was found into a proposal.
#[must_use]
pub fn adopt(found: &Found, check: &dyn CleartextCheck) -> Proposal {
    let mut draft = Draft::default();
    let current = found.instance.as_ref().filter(|file| is_current(&file.text));
    if let (None, Some(file)) = (current, &found.instance) {
        older::read(file, check, &mut draft);
    }
    if let Some(file) = &found.node_id {
        older::node_id(file, &mut draft);
    }
    for plist in &found.plists {
        jobs::read(plist, check, &mut draft);
    }
    for anchor in &found.anchors {
        old_filters::anchor(anchor, &mut draft);
    }
    for drop_in in &found.drop_ins {
        old_filters::drop_in(drop_in, &mut draft);
    }
    draft.settle(found.facts.as_ref());
    let instance_yaml = match current {
        Some(file) => {
            draft.note(
                Severity::Info,
                "adopt.current",
                &file.path,
                "already of this format; it is proposed as it is",
            );
            file.text.clone()
        }
        None => write::text(&draft),
    };
    let mut notes = draft.notes;
    if let Err(rejected) = load(&instance_yaml, "proposal", check) {
        notes.extend(rejected.diagnostics.iter().map(|mistake| Finding {
            severity: Severity::Error,
            kind: "adopt.proposal".to_owned(),
            subject: format!("line {} of the proposal", mistake.line),
            message: mistake.message.clone(),
            hint: mistake.hint.clone(),
        }));
    }
    notes.sort_by(|a, b| (b.severity, &a.kind, &a.subject).cmp(&(a.severity, &b.kind, &b.subject)));
    notes.dedup();
    Proposal { instance_yaml, notes }
}

/// Our own format says so in its first key; the older one has no such key.
fn is_current(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("format:"))
}

#[cfg(test)]
mod tests;
