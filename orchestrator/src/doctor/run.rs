//! One run of the doctor: looked at once, every lint asked, and both ends of it in the journal where there is one.

use super::eyes::Eyes;
use super::lint::Lint;
use super::looked::{Looked, Need};
use super::report::{Counts, Report};
use super::{catalogue, looked};
use sanctum_types::{
    Action, Actor, AuditEvent, AuditSink, NotRecorded, OperationId, Outcome, Phase, Severity,
};
use std::collections::{BTreeMap, BTreeSet};

/// What was looked at and what came of it.
pub struct Run {
    /// What was looked at.
    pub looked: Looked,
    /// What came of it.
    pub report: Report,
}

/// Who tells whom about a run.
pub struct Telling<'a> {
    /// Where events go.
    pub sink: &'a dyn AuditSink,
    /// Who runs it.
    pub actor: Actor,
    /// Ties the end to the start.
    pub operation: OperationId,
    /// `doctor.run`, formed by the caller once.
    pub action: Action,
}

/// Looks and asks. A start that the journal does not take means that nothing is looked at.
pub fn examine(
    eyes: &Eyes<'_>,
    lints: &[&'static Lint],
    telling: Option<&Telling<'_>>,
) -> Result<Run, NotRecorded> {
    let node = eyes.ground.node.as_str();
    if let Some(told) = telling {
        let phase = Phase::Started(told.operation.clone());
        told.sink.record(&event(told, node, phase, Outcome::Pending, BTreeMap::new()))?;
    }
    // What a remedy stands in is asked of the rendered house, whatever the lints need.
    let mut needs: BTreeSet<Need> = catalogue::needs(lints, eyes.ground.facts.os);
    needs.insert(Need::Wanted);
    let looked = looked::Looked::gather(eyes, &needs);
    let report = Report::of(lints, &looked);
    if let Some(told) = telling {
        let counts = report.counts();
        let phase = Phase::Finished(told.operation.clone());
        told.sink.record(&event(told, node, phase, outcome(counts), details(counts)))?;
    }
    Ok(Run { looked, report })
}

const fn outcome(counts: Counts) -> Outcome {
    match counts {
        Counts { violated: 1.., .. } => Outcome::Found,
        Counts { could_not_look: 1.., .. } => Outcome::CouldNotCheck,
        _ => Outcome::Ok,
    }
}

fn details(counts: Counts) -> BTreeMap<String, String> {
    let all = [
        ("holds", counts.holds),
        ("violated", counts.violated),
        ("could-not-look", counts.could_not_look),
    ];
    all.into_iter().map(|(word, count)| (word.to_owned(), count.to_string())).collect()
}

fn event(
    told: &Telling<'_>,
    subject: &str,
    phase: Phase,
    outcome: Outcome,
    details: BTreeMap<String, String>,
) -> AuditEvent {
    let severity = if outcome == Outcome::Found { Severity::Warn } else { Severity::Info };
    let (actor, action) = (told.actor.clone(), told.action.clone());
    AuditEvent { actor, action, subject: subject.to_owned(), phase, outcome, severity, details }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::fixture;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Kept(Mutex<Vec<AuditEvent>>, bool);

    impl AuditSink for Kept {
        fn record(&self, event: &AuditEvent) -> Result<(), NotRecorded> {
            if self.1 {
                return Err(NotRecorded { action: event.action.clone(), source: "full".into() });
            }
            self.0.lock().unwrap().push(event.clone());
            Ok(())
        }
    }

    fn told(sink: &Kept) -> Telling<'_> {
        Telling {
            sink,
            actor: Actor::new("owner").unwrap(),
            operation: OperationId::new("doctor-1").unwrap(),
            action: Action::new("doctor.run").unwrap(),
        }
    }

    #[test]
    fn both_ends_are_told_and_what_cannot_be_told_is_not_done() {
        let ground = fixture::plain_hub().ground;
        let eyes = Eyes::on_machine(&ground);
        let lints = catalogue::choose(&["launchd/agent-needs-session".to_owned()]).unwrap();
        let kept = Kept::default();
        let run = examine(&eyes, &lints, Some(&told(&kept))).unwrap();
        assert_eq!(run.report.counts().holds, 1);
        let events = kept.0.into_inner().unwrap();
        let phases: Vec<_> = events.iter().map(|event| (&event.phase, event.outcome)).collect();
        let id = OperationId::new("doctor-1").unwrap();
        assert_eq!(
            phases,
            [(&Phase::Started(id.clone()), Outcome::Pending), (&Phase::Finished(id), Outcome::Ok)]
        );
        assert!(examine(&eyes, &lints, Some(&told(&Kept(Mutex::default(), true)))).is_err());
        assert!(examine(&eyes, &lints, None).is_ok());
    }

    /// `boot/restarts-after-power-loss` is about Macs and asks pmset, and `boot/unit-fresh` is about Linux: on a Linux
    /// node nobody asks for the first.
    #[test]
    fn nothing_is_looked_at_for_lints_of_another_system() {
        let lints = ["boot/restarts-after-power-loss", "boot/user-units-linger"];
        let lints = catalogue::choose(&lints.map(str::to_owned)).unwrap();
        let ground = fixture::plain_barn().ground;
        let looked = examine(&Eyes::on_machine(&ground), &lints, None).unwrap().looked;
        assert!(looked.power.is_err(), "pmset is not asked on Linux");
        assert_eq!(looked.linger.map(drop).err(), None);
    }
}
