//! What the journal is told: who did what with which path, and what stands for the value.
//!
//! What cannot be recorded is not done. A change is two events, so that one which began and never ended is a finding.

use super::{Answer, Vault, refused};
use crate::store::{Change, Store};
use crate::wire::{Code, WireError};
use sanctum_host::journal;
use sanctum_types::{Action, Actor, AuditEvent, Outcome, Phase, Severity};
use std::collections::BTreeMap;

/// What is told of an access.
pub(super) struct Told<'a> {
    /// `agent:x` or `uid:501`.
    pub(super) actor: String,
    /// `part.verb`.
    pub(super) action: &'a str,
    /// A path, an agent, a policy.
    pub(super) subject: String,
    /// More.
    pub(super) details: Vec<(&'static str, String)>,
}

const fn severity_of(outcome: Outcome) -> Severity {
    match outcome {
        Outcome::Refused => Severity::Warn,
        Outcome::Failed => Severity::Error,
        _ => Severity::Info,
    }
}

fn unrecorded(_: impl std::fmt::Debug) -> WireError {
    Code::Internal.into()
}

impl Vault {
    /// Records an access that was allowed, or was not.
    pub(super) fn record(&self, told: &Told<'_>, outcome: Outcome) -> Result<(), WireError> {
        let severity = severity_of(outcome);
        self.record_at(told, outcome, severity)
    }

    /// The same, of that weight.
    pub(super) fn record_at(
        &self,
        told: &Told<'_>,
        outcome: Outcome,
        severity: Severity,
    ) -> Result<(), WireError> {
        self.tell(told, Phase::Single, (outcome, severity))
    }

    /// Records that it begins, does it, and records how it ended.
    pub(super) fn during(&self, told: &Told<'_>, act: impl FnOnce() -> Answer) -> Answer {
        let id = journal::operation().map_err(unrecorded)?;
        let begun = (Outcome::Pending, severity_of(Outcome::Pending));
        self.tell(told, Phase::Started(id.clone()), begun)?;
        let done = act();
        let outcome = if done.is_ok() { Outcome::Ok } else { Outcome::Failed };
        // It was done; a start without an end is what the journal shows of it.
        let _ = self.tell(told, Phase::Finished(id), (outcome, severity_of(outcome)));
        done
    }

    pub(super) fn record_proof(
        &self,
        agent: &str,
        actor: String,
        proved: bool,
    ) -> Result<(), WireError> {
        let known = crate::identity::AgentName::new(agent).ok();
        let subject = known.map_or_else(|| "no name of an agent".to_owned(), String::from);
        let told = Told { actor, action: "vault.authenticate", subject, details: Vec::new() };
        self.record(&told, if proved { Outcome::Ok } else { Outcome::Refused })
    }

    fn tell(
        &self,
        told: &Told<'_>,
        phase: Phase,
        weight: (Outcome, Severity),
    ) -> Result<(), WireError> {
        self.sink.record(&event(told, phase, weight)?).map_err(unrecorded)
    }
}

/// Makes a change of the store, which records it together with those that it is written with; gives the version.
pub(super) fn changed(store: &Store, told: &Told<'_>, change: Change) -> Result<u32, WireError> {
    let id = journal::operation().map_err(unrecorded)?;
    let begun = (Outcome::Pending, severity_of(Outcome::Pending));
    let begun = event(told, Phase::Started(id), begun)?;
    store.change_told(change, begun).map_err(|error| refused(&error))
}

fn event(
    told: &Told<'_>,
    phase: Phase,
    (outcome, severity): (Outcome, Severity),
) -> Result<AuditEvent, WireError> {
    let details = told.details.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Ok(AuditEvent {
        actor: Actor::new(told.actor.to_ascii_lowercase()).map_err(unrecorded)?,
        action: Action::new(told.action).map_err(unrecorded)?,
        subject: told.subject.clone(),
        phase,
        outcome,
        severity,
        details: details.collect::<BTreeMap<_, _>>(),
    })
}
