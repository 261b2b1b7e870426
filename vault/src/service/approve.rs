//! The owner's word on what an agent asks for, where policy wants it: what is asked, what is decided, and that it was used.
//!
//! A question is recorded as an error, which is what makes an alert of it, once: who asks again is only refused again. What is not there is nobody's
//! question.

use super::admin::Office;
use super::agent::Desk;
use super::record::Told;
use super::{Answer, lock};
use crate::approvals::{Ends, Question, State, Undecided, Under, Wanted};
use crate::crypt::{hex, random};
use crate::policy::{Action, Allowed};
use crate::wire::error::APPROVAL;
use crate::wire::request::Said;
use crate::wire::{Code, WireError};
use sanctum_types::{Outcome, Severity};
use serde_json::{Value, json};

/// What the journal has of a question, and the alerts that are made from it.
const ASKED: &str = "vault.approval-ask";
/// Bytes of a name: it is typed.
const ID: usize = 4;

impl Desk<'_> {
    /// Counts one more use, with the owner's word where that is needed: an approval is not used up by what fails to fit into the hour.
    pub(super) fn counted(&self, allowed: &Allowed, wanted: Wanted) -> Result<(), WireError> {
        let take = || {
            let key = |(rule, most): &(String, u32)| (format!("{}/{rule}", self.agent), *most);
            let limits: Vec<_> = allowed.per_hour.iter().map(key).collect();
            let fits = lock(&self.vault.hours).take(&limits, self.now.mono);
            if fits { Ok(()) } else { Err(WireError::from(Code::RateLimited)) }
        };
        let Some(approval) = allowed.approval.filter(|_| !wanted.is_open()) else { return take() };
        if wanted.action != Action::store() && !self.is_there(&wanted) {
            take()?;
            return Err(WireError::from(Code::NotFound).with("resource", wanted.path.as_str()));
        }
        let (now, under) = (self.now.moment(), Under { approval, by: allowed.by.clone() });
        let mut approvals = lock(&self.vault.approvals);
        self.vault.still(self.open, self.agent)?;
        let Some(found) = approvals.look(&wanted, &under, now).cloned() else {
            let id = hex(&random::<ID>().map_err(|_| WireError::from(Code::Internal))?);
            let asked = approvals.ask(id, (wanted, under), now).cloned();
            drop(approvals);
            let asked = asked.map_err(|_| {
                let detail = Some("too many approvals wait for the owner");
                WireError { detail, ..Code::RateLimited.into() }
            })?;
            return Err(self.asked(&asked));
        };
        match found.state {
            State::Asked => Err(self.required(&found)),
            State::Denied => {
                let detail = Some("the owner denied this for now");
                let denied = WireError { detail, ..Code::AccessDenied.into() };
                let path = found.wanted.path.as_str();
                Err(denied.with("agent", self.agent.as_str()).with("resource", path))
            }
            State::Approved => {
                take()?;
                approvals.spend(&found.id);
                drop(approvals);
                self.record_question(&found, "vault.approval-use", (Outcome::Ok, Severity::Info))
            }
        }
    }

    fn is_there(&self, wanted: &Wanted) -> bool {
        self.open.store.index().secret(&wanted.path).is_some()
    }

    /// A new question: in the journal, or not asked.
    fn asked(&self, question: &Question) -> WireError {
        let told = self.record_question(question, ASKED, (Outcome::Refused, Severity::Error));
        match told {
            Ok(()) => self.required(question),
            Err(error) => {
                lock(&self.vault.approvals).end(&Ends::Id(&question.id));
                error
            }
        }
    }

    fn required(&self, question: &Question) -> WireError {
        let Wanted { agent, path, action, target } = &question.wanted;
        let error = WireError::from(Code::ApprovalRequired)
            .with("agent", agent.as_str())
            .with("resource", path.as_str())
            .with("action", action.as_str())
            .with(APPROVAL, question.id.as_str())
            .with("seconds", question.left(self.now.moment()));
        match target {
            Some(target) => error.with("target", target.as_str()),
            None => error,
        }
    }

    fn record_question(
        &self,
        question: &Question,
        action: &'static str,
        (outcome, severity): (Outcome, Severity),
    ) -> Result<(), WireError> {
        let mut details = about(question);
        details.push(("seconds", question.left(self.now.moment()).to_string()));
        let path = question.wanted.path.as_str();
        self.vault.record_at(&self.told(action, path, details), outcome, severity)
    }
}

/// Everything but agent and path.
fn about(question: &Question) -> Vec<(&'static str, String)> {
    let mut all =
        vec![(APPROVAL, question.id.clone()), ("operation", question.wanted.action.to_string())];
    all.extend(question.wanted.target.clone().map(|target| ("target", target)));
    all
}

impl<F: Fn(&'static str, String) -> Told<'static>> Office<'_, F> {
    /// What waits, and what was decided and still counts.
    pub(super) fn approvals(&self) -> Value {
        let now = self.now.moment();
        let shown = |one: &Question| {
            let Wanted { agent, path, action, target } = &one.wanted;
            json!({
                "approval": one.id, "state": one.state.as_str(), "agent": agent.as_str(), "path": path.as_str(),
                "action": action.as_str(), "target": target, "since": one.since.0, "seconds": one.left(now),
                "counts": one.under.approval, "by": one.under.by,
            })
        };
        let approvals = lock(&self.vault.approvals);
        json!({ "approvals": approvals.all(now).map(shown).collect::<Vec<_>>() })
    }

    /// The owner's word.
    pub(super) fn decide(&self, state: State, params: &Said) -> Answer {
        let id = params.text("approval")?.to_owned();
        let minutes = match params.0.get("minutes") {
            None | Some(Value::Null) => None,
            Some(minutes) => {
                let minutes = minutes.as_u64().and_then(|minutes| u32::try_from(minutes).ok());
                Some(minutes.ok_or(WireError::invalid("`minutes` is no number of minutes"))?)
            }
        };
        let now = self.now.moment();
        let (found, minutes) = {
            let approvals = lock(&self.vault.approvals);
            let minutes = approvals.minutes(&id, (state, minutes), now).map_err(undecided)?;
            (approvals.get(&id, now).cloned().ok_or(Code::NotFound)?, minutes)
        };
        let verb = if state == State::Approved { "vault.approve" } else { "vault.deny" };
        let mut told = (self.told)(verb, found.wanted.path.to_string());
        told.details = about(&found);
        told.details.push(("agent", found.wanted.agent.to_string()));
        told.details.push(("minutes", minutes.to_string()));
        self.vault.during(&told, || {
            let mut approvals = lock(&self.vault.approvals);
            approvals.decide(&id, (state, Some(minutes)), now).map_err(undecided)?;
            Ok(json!({
                "approval": id, "state": state.as_str(), "minutes": minutes, "counts": found.under.approval,
                "agent": found.wanted.agent.as_str(), "path": found.wanted.path.as_str(),
                "action": found.wanted.action.as_str(), "target": found.wanted.target,
            }))
        })
    }
}

fn undecided(why: Undecided) -> WireError {
    match why {
        Undecided::Gone => {
            let detail = Some("there is no such approval to be given any more");
            WireError { detail, ..Code::NotFound.into() }
        }
        Undecided::Minutes { most } => {
            let why = format!("from 1 to {most} minutes here");
            WireError::invalid("it does not count for so long").with("why", why)
        }
    }
}
