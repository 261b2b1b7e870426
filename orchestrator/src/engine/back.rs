//! Taking back and confirming: rollback of receipts, recovery after a death, the owner's word.

use crate::apply::{self, RollbackReport};
use crate::engine::{Engine, EngineError, Log};
use crate::receipt::{History, Mark, Marks as _, Receipt, Status};
use sanctum_host::ssh_session::Connection;
use sanctum_host::{Blobs, Op, PathState, Scope};
use sanctum_types::{AbsPath, Digest, UnixTime};
use std::collections::BTreeSet;

/// A receipt that was taken back, or as far as it could be.
#[derive(Debug)]
pub struct TakenBack {
    /// Its name.
    pub id: String,
    /// What came of it.
    pub report: RollbackReport,
    /// What somebody else had written over ours: where, and under which name the store keeps it.
    pub saved: Vec<(AbsPath, Digest)>,
}

/// What came of the owner's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The receipt.
    pub id: String,
}

/// Whether a receipt was left half-done, or not confirmed in time or in its boot.
fn is_lost(receipt: &Receipt, boot: Option<&str>, now: UnixTime) -> bool {
    match receipt.status() {
        Status::Interrupted => true,
        Status::Unconfirmed => {
            let earlier = boot.is_some_and(|boot| receipt.header.boot.as_deref() != Some(boot));
            earlier || receipt.deadline().is_some_and(|deadline| deadline <= now)
        }
        Status::Applied | Status::RolledBack => false,
    }
}

impl Engine<'_> {
    /// Takes back the receipt `id` (the last standing one by default) and everything since, newest first.
    pub fn rollback(
        &mut self,
        id: Option<&str>,
        overwrite_foreign: bool,
        now: UnixTime,
    ) -> Result<Vec<TakenBack>, EngineError> {
        let history = self.readable()?;
        let last = history
            .receipts
            .iter()
            .rev()
            .find(|receipt| receipt.status() != Status::RolledBack)
            .map(|receipt| receipt.header.id.clone());
        let Some(wanted) = id.map(str::to_owned).or(last) else {
            return Err(EngineError::NoReceipt { id: "at all".to_owned() });
        };
        let Some(chain) = history.down_to(&wanted) else {
            return Err(EngineError::NoReceipt { id: wanted });
        };
        let found = apply::conflicts(&chain, self.host).map_err(EngineError::Observe)?;
        if !overwrite_foreign && !found.is_empty() {
            let receipts: BTreeSet<String> =
                found.iter().map(|conflict| conflict.receipt.clone()).collect();
            let steps: Vec<String> = found.into_iter().map(|conflict| conflict.id).collect();
            let id = receipts.into_iter().collect::<Vec<_>>().join(", ");
            return Err(EngineError::Conflict { id, steps: steps.join(", ") });
        }
        let mut taken = Vec::new();
        for receipt in chain {
            let back = self.take_back(receipt, now)?;
            let whole = back.report.errors.is_empty();
            taken.push(back);
            if !whole {
                break;
            }
        }
        Ok(taken)
    }

    /// The receipts that can be read: one damaged old receipt must not keep a newer one from being taken back.
    pub fn readable(&self) -> Result<History, EngineError> {
        let mut history = History::default();
        for id in self.store()?.receipts()? {
            let Ok((header, lines)) = self.store()?.read_receipt(&id) else { continue };
            history.receipts.extend(Receipt::parse(&id, &header, &lines));
        }
        Ok(history)
    }

    fn take_back(&mut self, receipt: &Receipt, now: UnixTime) -> Result<TakenBack, EngineError> {
        let plan = &receipt.header.plan;
        let standing = receipt.standing();
        let saved = self.keep_foreign(receipt)?;
        let mut blobs = Blobs::default();
        let undo = standing.iter().filter_map(|number| plan.steps.get(*number));
        for op in undo.flat_map(|step| &step.undo) {
            // A blob that is lost fails the step that needs it, and no other.
            if let Op::File { state, .. } = op
                && let Ok(bytes) = self.store()?.get_blob(&state.blob)
            {
                blobs.add(&bytes);
            }
        }
        let mut log = Log(self.store()?.open_receipt(&receipt.header.id)?);
        log.mark(&Mark::TakingBack(now))?;
        let report = apply::rollback(plan, &standing, self.host, &blobs, &mut log);
        if report.errors.is_empty() {
            log.mark(&Mark::RolledBack(now))?;
        }
        Ok(TakenBack { id: receipt.header.id.clone(), report, saved })
    }

    /// Keeps the bytes of what somebody else wrote over ours, before they are replaced: the way back after a
    /// lock-out or a crash asks nobody, and must not lose anything either.
    fn keep_foreign(&self, receipt: &Receipt) -> Result<Vec<(AbsPath, Digest)>, EngineError> {
        let mut saved = Vec::new();
        for conflict in apply::conflicts_seen(receipt, self.host) {
            let (path, state) = conflict.found;
            if let PathState::File(file) = state {
                let scope = Scope { paths: [path.clone()].into(), ..Scope::default() };
                let mut blobs = Blobs::default();
                self.host.observe(&scope, &mut blobs).map_err(EngineError::Observe)?;
                self.store()?.put_blobs(&blobs)?;
                saved.push((path, file.blob));
            }
        }
        Ok(saved)
    }

    /// Takes back what a dead process left half-done, and what the owner has not confirmed in time. With the
    /// name of this boot, also what was begun in an earlier one and not confirmed: its watchdog is gone.
    pub fn recover(
        &mut self,
        boot: Option<&str>,
        now: UnixTime,
    ) -> Result<Vec<TakenBack>, EngineError> {
        let history = self.readable()?;
        let lost = history.receipts.iter().rev().filter(|receipt| is_lost(receipt, boot, now));
        let lost: Vec<&Receipt> = lost.collect();
        lost.into_iter().map(|receipt| self.take_back(receipt, now)).collect()
    }

    /// The names of the receipts that [`Engine::recover`] would take back.
    pub fn lost(&self, boot: Option<&str>, now: UnixTime) -> Result<Vec<String>, EngineError> {
        let history = self.readable()?;
        let lost = history.receipts.iter().rev().filter(|receipt| is_lost(receipt, boot, now));
        Ok(lost.map(|receipt| receipt.header.id.clone()).collect())
    }

    /// When the next receipt that waits for the owner's word is taken back.
    pub fn next_deadline(&self) -> Result<Option<UnixTime>, EngineError> {
        let history = self.readable()?;
        let waiting = history.receipts.iter().filter(|at| at.status() == Status::Unconfirmed);
        Ok(waiting.filter_map(Receipt::deadline).min())
    }

    /// Takes the owner's word that the house can still be entered. Over SSH it must come over a connection that
    /// was opened after the change: an older one survives a server that lets nobody in any more.
    pub fn confirm(
        &mut self,
        session: Option<&Connection>,
        now: UnixTime,
    ) -> Result<Confirmation, EngineError> {
        let history = self.history()?;
        let receipt = history.unconfirmed().ok_or(EngineError::NothingToConfirm)?;
        let id = receipt.header.id.clone();
        match (&receipt.header.session, session) {
            (_, Some(here)) if here.opened < receipt.finished().unwrap_or(receipt.header.at) => {
                return Err(EngineError::OldSession { id });
            }
            (Some(applied), Some(here)) if *applied == here.name => {
                return Err(EngineError::OldSession { id });
            }
            // Started over SSH, and this process is not below an SSH server: a terminal multiplexer, or the console.
            (Some(_), None) => return Err(EngineError::NoSession { id }),
            _ => {}
        }
        Log(self.store()?.open_receipt(&id)?).mark(&Mark::Confirmed(now))?;
        Ok(Confirmation { id })
    }
}
