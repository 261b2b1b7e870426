//! One transaction on one node: history, plan, receipt and host brought together.
//!
//! Owns the order of things: recover first, observe, plan, keep every blob that acting or undoing needs, write
//! the receipt's header, then act. The caller holds the store's lock for as long as an engine changes things.

mod back;
mod error;

pub use back::{Confirmation, TakenBack};
pub use error::EngineError;

use crate::apply::{self, Outcome};
use crate::plan::{self, Managed, Plan, Step, Target, Want};
use crate::receipt::{Header, History, Kind, Mark, Marks, Receipt, Status};
use sanctum_host::store::{ReceiptLog, Store};
use sanctum_host::{Blobs, Host, HostError, Observed, PathState, Scope, clock};
use sanctum_types::{AbsPath, Digest, UnixTime};

/// A node's store and host.
pub struct Engine<'a> {
    /// Receipts and blobs; none where nothing was ever applied and nothing is to be changed now.
    pub store: Option<&'a Store>,
    /// The machine.
    pub host: &'a mut dyn Host,
}

/// What was wanted, seen and remembered, and the plan that follows.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// What was seen.
    pub seen: Observed,
    /// What is remembered.
    pub managed: Managed,
}

/// How a plan is to be applied.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Which verb asks.
    pub kind: Kind,
    /// Seconds for the owner's confirmation, where a step can lock out.
    pub confirm_within: Option<u32>,
    /// The SSH session that asks, where there is one.
    pub session: Option<String>,
    /// The boot that this is.
    pub boot: Option<String>,
    /// Replace what somebody else changed.
    pub overwrite_foreign: bool,
    /// The time of asking.
    pub now: UnixTime,
}

/// Marks that go to a receipt on disk.
pub(crate) struct Log(pub(crate) ReceiptLog);

impl Marks for Log {
    fn mark(&mut self, mark: &Mark) -> Result<(), HostError> {
        let line = serde_json::to_string(mark).map_err(|error| HostError::Damaged {
            path: "progress".to_owned(),
            detail: error.to_string(),
        })?;
        self.0.append(&line)
    }
}

impl Terms {
    /// Terms of a verb that needs no confirmation and leaves what somebody else changed alone.
    #[must_use]
    pub const fn plain(kind: Kind, now: UnixTime) -> Self {
        Self {
            kind,
            confirm_within: None,
            session: None,
            boot: None,
            overwrite_foreign: false,
            now,
        }
    }
}

impl Engine<'_> {
    /// Every receipt of the store.
    pub fn history(&self) -> Result<History, EngineError> {
        self.store.map_or_else(|| Ok(History::default()), history)
    }

    fn store(&self) -> Result<&'_ Store, EngineError> {
        self.store.ok_or(EngineError::NoStore)
    }

    /// Looks at the node and plans for what is wanted.
    pub fn plan(
        &self,
        target: &Target<'_>,
        want: &Want,
        blobs: &mut Blobs,
    ) -> Result<Planned, EngineError> {
        let managed = self.history()?.managed();
        let seen = self.observe(want.scope(), &managed, blobs)?;
        let plan = plan::plan(target, want, &seen, &managed, blobs);
        Ok(Planned { plan, seen, managed })
    }

    /// Looks at the node and plans to bring back what was there before the first apply.
    pub fn plan_uninstall(
        &self,
        target: &Target<'_>,
        blobs: &mut Blobs,
    ) -> Result<Planned, EngineError> {
        let managed = self.history()?.managed();
        let seen = self.observe(Scope::default(), &managed, blobs)?;
        let plan = plan::uninstall(target, &seen, &managed, blobs);
        Ok(Planned { plan, seen, managed })
    }

    fn observe(
        &self,
        mut scope: Scope,
        managed: &Managed,
        blobs: &mut Blobs,
    ) -> Result<Observed, EngineError> {
        let more = managed.scope();
        scope.paths.extend(more.paths);
        scope.units.extend(more.units);
        scope.accounts.extend(more.accounts);
        let seen = self.host.observe(&scope, blobs).map_err(EngineError::Observe)?;
        self.remember_bytes(&seen, managed, blobs)?;
        Ok(seen)
    }

    /// Bytes that only the store still has: definitions that run although their file changed, and originals.
    fn remember_bytes(
        &self,
        seen: &Observed,
        managed: &Managed,
        blobs: &mut Blobs,
    ) -> Result<(), EngineError> {
        let original = managed.paths.values().filter_map(|at| match &at.original {
            PathState::File(file) => Some(file.blob),
            PathState::Dir(_) | PathState::Absent => None,
        });
        let running = seen.loaded.values().filter_map(|ran| ran.blob);
        let Some(store) = self.store else { return Ok(()) };
        for digest in original.chain(running).collect::<std::collections::BTreeSet<Digest>>() {
            if blobs.get(&digest).is_none() && store.has_blob(&digest)? {
                blobs.add(&store.get_blob(&digest)?);
            }
        }
        Ok(())
    }

    /// Refuses while something old is half-done or waits for the owner's word; asked before the owner is.
    pub fn require_settled(&self) -> Result<(), EngineError> {
        refuse_pending(&self.history()?)
    }

    /// Applies a plan under a new receipt. Refuses before anything is touched; afterwards either everything
    /// is done, or everything is taken back, or the report says what could not be.
    pub fn apply(
        &mut self,
        plan: &Plan,
        blobs: &Blobs,
        terms: &Terms,
        progress: &mut dyn FnMut(usize, &Step),
    ) -> Result<(Receipt, Outcome), EngineError> {
        let history = self.history()?;
        refuse_pending(&history)?;
        let foreign: Vec<&str> =
            plan.steps.iter().filter(|step| step.foreign).map(|step| step.id.as_str()).collect();
        if !terms.overwrite_foreign && !foreign.is_empty() {
            return Err(EngineError::Foreign { steps: foreign.join(", ") });
        }
        let displaced = plan.steps.iter().find_map(Step::displaces);
        if let Some((unit, ran)) = displaced.filter(|_| !terms.overwrite_foreign) {
            let from = ran.from.as_ref().map_or("a place that is not known", AbsPath::as_str);
            return Err(EngineError::Displaced { unit: unit.clone(), from: from.to_owned() });
        }
        let mut needed = Blobs::default();
        for digest in plan.blobs() {
            needed.add(blobs.get(&digest).ok_or(HostError::NoBlob { digest })?);
        }
        self.store()?.put_blobs(&needed)?;
        let header = header(plan, terms, &history);
        let text = serde_json::to_vec(&header).map_err(EngineError::Encode)?;
        let mut log = Log(self.store()?.create_receipt(&header.id, &text)?);
        let outcome = apply::apply(plan, self.host, blobs, &mut log, progress);
        let last = match &outcome {
            Outcome::Done { .. } => Some(Mark::Finished(clock::now())),
            Outcome::RolledBack(_) => Some(Mark::RolledBack(terms.now)),
            Outcome::Incomplete(..) => None,
        };
        let close = |mark: Mark| log.mark(&mark);
        let unclosed = |source| EngineError::Unclosed { id: header.id.clone(), source };
        last.map_or(Ok(()), close).map_err(unclosed)?;
        Ok((self.receipt(&header.id)?, outcome))
    }

    fn receipt(&self, id: &str) -> Result<Receipt, EngineError> {
        let (header, lines) = self.store()?.read_receipt(id)?;
        Ok(Receipt::parse(id, &header, &lines)?)
    }
}

fn header(plan: &Plan, terms: &Terms, history: &History) -> Header {
    Header {
        format: plan::step::FORMAT,
        id: history.next_id(terms.now),
        at: terms.now,
        kind: terms.kind,
        confirm_within: terms.confirm_within.filter(|_| is_risky(plan)),
        session: terms.session.clone(),
        boot: terms.boot.clone(),
        plan: plan.clone(),
    }
}

/// Whether a mistake in a plan could lock the owner out, so that it needs the owner's confirmation.
#[must_use]
pub fn is_risky(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| step.lockout)
}

/// Every receipt of a store.
pub fn history(store: &Store) -> Result<History, EngineError> {
    let mut history = History::default();
    for id in store.receipts()? {
        let (header, lines) = store.read_receipt(&id)?;
        history.receipts.push(Receipt::parse(&id, &header, &lines)?);
    }
    Ok(history)
}

/// Nothing new is begun while something old is half-done or waits for the owner's word.
fn refuse_pending(history: &History) -> Result<(), EngineError> {
    if let Some(receipt) = history.interrupted() {
        return Err(EngineError::Interrupted { id: receipt.header.id.clone() });
    }
    if let Some(receipt) = history.unconfirmed() {
        return Err(EngineError::Unconfirmed { id: receipt.header.id.clone() });
    }
    Ok(())
}

/// What a receipt's status means to a reader of `sanctum history`.
#[must_use]
pub const fn status_word(status: Status) -> &'static str {
    match status {
        Status::Interrupted => "interrupted",
        Status::Unconfirmed => "unconfirmed",
        Status::Applied => "applied",
        Status::RolledBack => "rolled back",
    }
}
