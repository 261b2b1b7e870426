//! From effects to one verdict with one reason.
//!
//! Every effect has a decision of its own; the worst one decides, so more effects never make a verdict milder. What could not be
//! derived is at least `ask`.

use super::Report;
use super::effect::{Effect, Place, Reason, Secrecy, THROUGH};
use super::tables;
use crate::sensitive::{self, Grade};

/// What to do with a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// Nothing against it.
    Allow,
    /// A person decides.
    Ask,
    /// It must not run.
    Deny,
}

/// What an owner can set. The default is the built-in floor; a stricter one can be made, a milder one is the caller's doing.
#[derive(Debug, Clone)]
pub struct Policy {
    /// For what could not be derived.
    pub underived: Decision,
    /// Further paths that must not be read, in the form of the built-in table (`~/notes/**`, `**/*.vault`).
    pub sensitive: Vec<String>,
    /// The home that `~` means in `sensitive`.
    pub home: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self { underived: Decision::Ask, sensitive: Vec::new(), home: "/root".to_owned() }
    }
}

/// The verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The worst of all.
    pub decision: Decision,
    /// For a person; empty when allowed.
    pub reason: String,
    /// The effect that decided; `None` when it was something that could not be derived, or nothing.
    pub effect: Option<Effect>,
}

/// Judges a report.
#[must_use]
pub fn judge(report: &Report, policy: &Policy) -> Judgement {
    let mut worst = Judgement { decision: Decision::Allow, reason: String::new(), effect: None };
    for effect in &report.effects {
        let (decision, reason) = one(effect, policy);
        if decision > worst.decision {
            worst = Judgement { decision, reason, effect: Some(effect.clone()) };
        }
    }
    if let Some(reason) = report.underived.first()
        && policy.underived > worst.decision
    {
        worst = Judgement {
            decision: policy.underived,
            reason: Reason::text(*reason).to_owned(),
            effect: None,
        };
    }
    worst
}

/// Whether an effect is denied whatever the owner set.
pub(super) fn denied(effect: &Effect) -> bool {
    one(effect, &Policy::default()).0 == Decision::Deny
}

fn one(effect: &Effect, policy: &Policy) -> (Decision, String) {
    match effect {
        Effect::Reads { path, secrecy } => {
            // A link is told with what it leads to, which comes first.
            let real = path.split(THROUGH).next().unwrap_or(path);
            let listed = policy.sensitive.iter().any(|p| super::path_fits(real, p, &policy.home));
            if *secrecy == Secrecy::Credential || listed {
                (Decision::Deny, format!("Reads {}: {path}", tables::what(real)))
            } else {
                (Decision::Allow, String::new())
            }
        }
        Effect::Writes { path, place, secrecy } => writes(path, *place, *secrecy),
        Effect::Deletes { path, tree, place } => deletes(path, *tree, *place),
        Effect::Runs { .. } | Effect::Installs(_) => (Decision::Allow, String::new()),
        Effect::RunsHidden { origin } => {
            (Decision::Deny, format!("Runs code that comes from {origin}"))
        }
        Effect::Shows { what, certain: true } => {
            (Decision::Deny, format!("Shows a credential: {what}"))
        }
        Effect::Shows { what, certain: false } => {
            (Decision::Ask, format!("May show credentials: {what}"))
        }
        Effect::Sends { what, over, header: false } => {
            (Decision::Deny, format!("Sends a secret over the network: {what} to {over}"))
        }
        Effect::Sends { what, over, header: true } => {
            (Decision::Ask, format!("Hands a credential to a server: {what} to {over}"))
        }
        Effect::Destroys { what } | Effect::Disables { what } => (Decision::Deny, what.clone()),
        Effect::Touches { what } => (Decision::Ask, what.clone()),
    }
}

fn writes(path: &str, place: Place, secrecy: Secrecy) -> (Decision, String) {
    match place {
        Place::Protected(what) if sensitive::grade(what) == Grade::Ask => {
            (Decision::Ask, format!("Changes {what}: {path}"))
        }
        Place::Protected(what) => (Decision::Deny, format!("Changes {what}: {path}")),
        Place::Device => (Decision::Deny, format!("Overwrites a device: {path}")),
        Place::History => {
            (Decision::Deny, format!("Changes the history of the repository by hand: {path}"))
        }
        // `.env` is made by developers; a key or a store is not.
        _ if secrecy == Secrecy::Credential && !sensitive::made_by_hand(path) => {
            (Decision::Deny, format!("Overwrites a credential: {path}"))
        }
        _ => (Decision::Allow, String::new()),
    }
}

fn deletes(path: &str, tree: bool, place: Place) -> (Decision, String) {
    match place {
        Place::Protected(what) if what.starts_with("what") && !tree => {
            (Decision::Ask, format!("Deletes {what}: {path}"))
        }
        Place::Protected(what) => (Decision::Deny, format!("Deletes {what}: {path}")),
        // All that is in it, one by one.
        Place::SystemRoot | Place::Home if !tree && path.ends_with("/*") => {
            (Decision::Deny, format!("Deletes every file of a directory: {path}"))
        }
        Place::SystemRoot if tree => {
            (Decision::Deny, format!("Deletes a system directory: {path}"))
        }
        Place::Home if tree => (Decision::Deny, format!("Deletes the home directory: {path}")),
        Place::ProjectRoot if tree => {
            (Decision::Deny, format!("Deletes the whole project: {path}"))
        }
        Place::Device => (Decision::Deny, format!("Overwrites a device: {path}")),
        Place::History => {
            (Decision::Deny, format!("Deletes the history of the repository: {path}"))
        }
        Place::Packaged if tree => (Decision::Ask, format!("Deletes what a package keeps: {path}")),
        Place::System | Place::Outside if tree => {
            (Decision::Deny, format!("Deletes outside the project: {path}"))
        }
        Place::Unknown if tree => (Decision::Ask, Reason::Target.text().to_owned()),
        Place::System => (Decision::Ask, format!("Deletes a file of the system: {path}")),
        _ => (Decision::Allow, String::new()),
    }
}
