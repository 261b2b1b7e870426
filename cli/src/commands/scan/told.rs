//! A scan of the house in the journal: one event for each place of a finding, which alerts hear, and one for the scan.
//!
//! Looking changes nothing, so a scan that cannot be recorded is shown all the same, with why it is not recorded.

use crate::commands::Context;
use crate::failure::Failure;
use crate::record::Recorder;
use crate::site::{HERE, Place};
use sanctum_host::{Store, files};
use sanctum_orchestrator::house::layout;
use sanctum_scan::{Finding, Report};
use sanctum_types::{Action, AuditEvent, Outcome, Phase, Severity, chain};
use std::collections::BTreeMap;
use std::path::Path;

/// Findings that are told one by one; a house with more has one problem, and the last event says how many.
const MOST: usize = 50;

/// Records the report; why it is not recorded, where it is not.
pub(super) fn tell(context: &Context, report: &Report) -> Option<String> {
    let told = recorder(context).and_then(|recorder| record(&recorder, report));
    told.err().map(|failure| chain(&*failure.error))
}

fn record(recorder: &Recorder, report: &Report) -> Result<(), Failure> {
    // A secret in ten environments is one thing to do.
    let mut places = BTreeMap::<(&str, &str), &Finding>::new();
    for finding in &report.findings {
        places.entry((finding.path.as_str(), finding.rule)).or_insert(finding);
    }
    for finding in places.values().take(MOST) {
        let details = BTreeMap::from([
            ("rule".to_owned(), finding.rule.to_owned()),
            ("line".to_owned(), finding.line.to_string()),
            ("source".to_owned(), finding.source.as_str().to_owned()),
            ("what".to_owned(), finding.title.to_owned()),
        ]);
        let severity = finding.severity.max(Severity::Error);
        let subject = sanctum_firewall::redact(&finding.path).text;
        let how = (Outcome::Found, severity);
        recorder.sink().record(&event(recorder, ("scan.found", subject), how, details)?)?;
    }
    let details = BTreeMap::from([
        ("findings".to_owned(), report.findings.len().to_string()),
        ("accepted".to_owned(), report.accepted.len().to_string()),
        ("not_scanned".to_owned(), report.not_scanned.len().to_string()),
        ("pieces".to_owned(), report.counts.pieces.to_string()),
    ]);
    let how = match (report.findings.is_empty(), report.not_scanned.is_empty()) {
        (false, _) => (Outcome::Found, Severity::Error),
        (true, false) => (Outcome::CouldNotCheck, Severity::Warn),
        (true, true) => (Outcome::Ok, Severity::Info),
    };
    recorder.sink().record(&event(recorder, ("scan.run", "house".to_owned()), how, details)?)?;
    recorder.seal()
}

fn event(
    recorder: &Recorder,
    (action, subject): (&str, String),
    (outcome, severity): (Outcome, Severity),
    details: BTreeMap<String, String>,
) -> Result<AuditEvent, Failure> {
    Ok(AuditEvent {
        actor: recorder.actor().clone(),
        action: Action::new(action)?,
        subject,
        phase: Phase::Single,
        outcome,
        severity,
        details,
    })
}

/// Root's store, where something was applied; nothing is made for a look.
fn root(context: &Context) -> Result<Recorder, Failure> {
    let store = Path::new(layout::store(HERE));
    if !files::is_there(store) {
        return Err(Failure::failed("nothing was applied here, so there is no journal"));
    }
    Recorder::of_store(&Store::open_existing(store)?, &Place::Machine, None, &context.around)
}

/// A job's own journal where a job runs this, as `sanctum job` records there; else the account's.
fn recorder(context: &Context) -> Result<Recorder, Failure> {
    match context.around.job.as_deref() {
        Some(job) if context.around.euid != 0 => Recorder::of_job(job, &context.around),
        Some(job) => root(context)?.acting(&format!("job:{job}")),
        None if context.around.euid == 0 => root(context),
        None => Recorder::of_account(&context.around),
    }
}
