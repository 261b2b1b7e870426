//! A run of the doctor in the journal of its place.
//!
//! Looking changes nothing, so a run that cannot be recorded is not refused: it goes on, and [`Book::close`] says why
//! the journal does not have it. Nothing is made for it: where nothing was applied there is no journal yet.

use crate::failure::Failure;
use crate::record::Recorder;
use crate::site::{Place, Site};
use crate::surroundings::Surroundings;
use sanctum_host::journal;
use sanctum_orchestrator::doctor::run::Telling;
use sanctum_types::{Action, AuditEvent, AuditSink, NotRecorded, chain};
use std::sync::{Mutex, PoisonError};

/// The journal of the place, or why there is none for this run.
pub(super) struct Book {
    recorder: Option<Recorder>,
    missing: Mutex<Option<String>>,
}

impl Book {
    /// Opens the journal of a place that something was applied to.
    pub(super) fn open(site: &Site, around: &Surroundings) -> Self {
        let opened = if site.place == Place::Machine && around.euid != 0 {
            Err("only root records what is looked at on a machine".to_owned())
        } else if site.store().is_none() {
            Err("nothing was applied here, so there is no journal".to_owned())
        } else {
            Recorder::of_site(site, around).map_err(|failure| chain(&*failure.error))
        };
        match opened {
            Ok(recorder) => Self { recorder: Some(recorder), missing: Mutex::new(None) },
            Err(why) => Self { recorder: None, missing: Mutex::new(Some(why)) },
        }
    }

    /// Whom a run is told to; none where there is nobody.
    pub(super) fn telling(&self) -> Result<Option<Telling<'_>>, Failure> {
        let Some(recorder) = &self.recorder else { return Ok(None) };
        Ok(Some(Telling {
            sink: self,
            actor: recorder.actor().clone(),
            operation: journal::operation()?,
            action: Action::new("doctor.run")?,
        }))
    }

    /// Ends it; why the journal does not have this run whole, if it has not.
    pub(super) fn close(self) -> Option<String> {
        let missing = self.missing.into_inner().unwrap_or_else(PoisonError::into_inner);
        let sealed = self.recorder.as_ref().filter(|_| missing.is_none()).map(Recorder::seal);
        let unsealed = sealed.and_then(Result::err).map(|failure| chain(&*failure.error));
        missing.or(unsealed)
    }
}

impl AuditSink for Book {
    /// What the journal does not take is remembered, and the run goes on.
    fn record(&self, event: &AuditEvent) -> Result<(), NotRecorded> {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        // An end whose start is not there would say nothing.
        let recorder = self.recorder.as_ref().filter(|_| missing.is_none());
        if let Some(Err(error)) = recorder.map(|recorder| recorder.sink().record(event)) {
            *missing = Some(chain(&error));
        }
        Ok(())
    }
}
