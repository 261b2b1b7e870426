//! What doctor and drift find, in a form that the desk takes.
//!
//! Only lints that may be asked every few minutes; proofs and negative probes are for a person who asks. Of drift only
//! what somebody else did is told: what the owner has not applied yet is the owner's own doing. Nothing is changed.

use crate::commands::{Context, doctor};
use crate::failure::Failure;
use crate::session::{Opened, Session};
use crate::site::{Access, Place};
use sanctum_host::Blobs;
use sanctum_orchestrator::doctor::run::examine as ask;
use sanctum_orchestrator::doctor::{Verdict, catalogue};
use sanctum_orchestrator::drift::{self, Drift, DriftLine};
use sanctum_types::{Finding, NodeName, Severity};
use std::collections::BTreeSet;

/// Looks at the house: what doctor found, and what drifted.
pub(super) fn examine(
    context: &Context,
    opened: &Opened,
    node: &NodeName,
) -> Result<(Vec<Finding>, Vec<Finding>), Failure> {
    let place = Place::of(&context.common);
    let around = &context.around;
    let mut session =
        Session::at(opened.clone(), node.clone(), place.clone(), around, Access::Look)?;
    let found = {
        let Session { opened, facts, .. } = &session;
        let ground = doctor::ground(&place, node, (&opened.instance, &opened.text), facts);
        let eyes = doctor::eyes(&place, &ground)?;
        let run = ask(&eyes, &catalogue::light(), None)?;
        let all = run.report.verdicts.iter().flat_map(Verdict::findings);
        all.filter(|finding| finding.severity >= Severity::Warn).cloned().collect()
    };
    let mut blobs = Blobs::default();
    let want = session.want(session.artefacts(&BTreeSet::new())?, &mut blobs)?;
    let planned = session.plan(&want, &mut blobs)?;
    let drifted = drift::drift(&want, &planned.managed, &planned.seen);
    Ok((found, drifted.into_iter().filter_map(finding).collect()))
}

fn finding(line: DriftLine) -> Option<Finding> {
    let (kind, message) = match line.drift {
        Drift::ForeignEdit => {
            ("drift.foreign-edit", "somebody else changed it since it was applied")
        }
        Drift::Missing => ("drift.missing", "it was applied, and it is gone"),
        Drift::NotLoaded => {
            ("drift.not-loaded", "its file is right, and something else runs, or nothing")
        }
        Drift::Pending | Drift::Outdated | Drift::Orphan | Drift::NoAccount => return None,
    };
    Some(Finding {
        severity: Severity::Error,
        kind: kind.to_owned(),
        subject: line.subject,
        message: message.to_owned(),
        hint: Some("sanctum drift, then sanctum plan".to_owned()),
    })
}
