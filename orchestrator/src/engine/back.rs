//! Taking back and confirming: rollback of receipts, recovery after a death, the owner's word.

use crate::apply::{self, RollbackReport};
use crate::engine::{Engine, EngineError, Log};
use crate::receipt::{Mark, Marks as _, Receipt, Status};
use sanctum_host::Blobs;
use sanctum_types::UnixTime;

/// A receipt that was taken back, or as far as it could be.
#[derive(Debug)]
pub struct TakenBack {
    /// Its name.
    pub id: String,
    /// What came of it.
    pub report: RollbackReport,
}

/// What came of the owner's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The receipt.
    pub id: String,
}

impl Engine<'_> {
    /// Takes back the receipt `id` (the last standing one by default) and everything since, newest first.
    pub fn rollback(
        &mut self,
        id: Option<&str>,
        overwrite_foreign: bool,
        now: UnixTime,
    ) -> Result<Vec<TakenBack>, EngineError> {
        let history = self.history()?;
        let last = history
            .receipts
            .iter()
            .rev()
            .find(|receipt| receipt.status() != Status::RolledBack)
            .map(|receipt| receipt.header.id.clone());
        let wanted = id.map(str::to_owned).or(last);
        let Some(wanted) = wanted else {
            return Err(EngineError::NoReceipt { id: "at all".to_owned() });
        };
        let Some(chain) = history.down_to(&wanted).filter(|chain| !chain.is_empty()) else {
            return Err(EngineError::NoReceipt { id: wanted });
        };
        let mut taken = Vec::new();
        for receipt in chain {
            // What a rollback that died left in between is our own doing; its conflicts were judged when it began.
            if !overwrite_foreign && !receipt.is_being_taken_back() {
                self.refuse_conflicts(receipt)?;
            }
            let back = self.take_back(receipt, now)?;
            let whole = back.report.errors.is_empty();
            taken.push(back);
            if !whole {
                break;
            }
        }
        Ok(taken)
    }

    fn refuse_conflicts(&self, receipt: &Receipt) -> Result<(), EngineError> {
        let found = apply::conflicts(receipt, self.host).map_err(EngineError::Observe)?;
        if found.is_empty() {
            return Ok(());
        }
        let steps: Vec<String> = found.into_iter().map(|conflict| conflict.id).collect();
        Err(EngineError::Conflict { id: receipt.header.id.clone(), steps: steps.join(", ") })
    }

    fn take_back(&mut self, receipt: &Receipt, now: UnixTime) -> Result<TakenBack, EngineError> {
        let plan = &receipt.header.plan;
        let undo: std::collections::BTreeSet<_> = plan.blobs();
        let mut blobs = Blobs::default();
        for digest in &undo {
            blobs.add(&self.store()?.get_blob(digest)?);
        }
        let mut log = Log(self.store()?.open_receipt(&receipt.header.id)?);
        log.mark(&Mark::TakingBack(now))?;
        let report = apply::rollback(plan, &receipt.standing(), self.host, &blobs, &mut log);
        if report.errors.is_empty() {
            log.mark(&Mark::RolledBack(now))?;
        }
        Ok(TakenBack { id: receipt.header.id.clone(), report })
    }

    /// Takes back what a dead process left half-done, and what the owner has not confirmed in time. With the
    /// name of this boot, also what was begun in an earlier one and not confirmed: its watchdog is gone.
    pub fn recover(
        &mut self,
        boot: Option<&str>,
        now: UnixTime,
    ) -> Result<Vec<TakenBack>, EngineError> {
        let history = self.history()?;
        let lost = |receipt: &&Receipt| match receipt.status() {
            Status::Interrupted => true,
            Status::Unconfirmed => {
                let earlier = boot.is_some_and(|boot| receipt.header.boot.as_deref() != Some(boot));
                earlier || receipt.deadline().is_some_and(|deadline| deadline <= now)
            }
            Status::Applied | Status::RolledBack => false,
        };
        let ids: Vec<&Receipt> = history.receipts.iter().rev().filter(lost).collect();
        ids.into_iter().map(|receipt| self.take_back(receipt, now)).collect()
    }

    /// Takes the owner's word that the house can still be entered. Over SSH it must be another connection
    /// than the one that applied: an open connection survives a server that lets nobody in any more.
    pub fn confirm(
        &mut self,
        session: Option<&str>,
        now: UnixTime,
    ) -> Result<Confirmation, EngineError> {
        let history = self.history()?;
        let receipt = history.unconfirmed().ok_or(EngineError::NothingToConfirm)?;
        let id = receipt.header.id.clone();
        match (&receipt.header.session, session) {
            (Some(applied), Some(here)) if applied == here => {
                return Err(EngineError::SameSession { id });
            }
            // Started over SSH, and this process is not under an SSH server: a terminal multiplexer, perhaps.
            (Some(_), None) => return Err(EngineError::SameSession { id }),
            _ => {}
        }
        Log(self.store()?.open_receipt(&id)?).mark(&Mark::Confirmed(now))?;
        Ok(Confirmation { id })
    }
}
