//! The lints' report for people and for programs.
//!
//! People see what is wrong and what was not seen, grouped by its cause; what holds is counted. Programs see all of it.

use crate::output::{Out, Paint};
use sanctum_orchestrator::doctor::fix::{Remedies, remedies};
use sanctum_orchestrator::doctor::run::Run;
use sanctum_orchestrator::doctor::{Lint, Outcome, Verdict, catalogue};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Every chosen lint with its reason.
pub(super) fn list(out: Out, lints: &[&'static Lint]) {
    if out.json {
        let all: Vec<Value> = lints.iter().map(|lint| describe(lint)).collect();
        return out.data(&json!({ "format": 1, "lints": all }));
    }
    out.raw(&catalogue::page(lints));
}

fn describe(lint: &Lint) -> Value {
    json!({
        "id": lint.id, "severity": lint.severity, "on": lint.on.word(),
        "title": lint.title, "why": lint.why, "fix": lint.fix.text(),
    })
}

/// What was found, family by family, and the counts.
pub(super) fn report(out: Out, run: &Run) {
    let mut unseen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for verdict in &run.report.verdicts {
        if let Outcome::Violated(_) = verdict.outcome {
            violated(out, verdict);
        }
        for one in &verdict.unseen {
            unseen.entry(&one.cause).or_default().insert(verdict.lint.id);
        }
    }
    for (cause, ids) in unseen {
        let ids: Vec<&str> = ids.into_iter().collect();
        out.line(Paint::Note, &format!("  not looked  {}: {cause}", ids.join(", ")));
    }
    for section in run.report.sections(&run.looked) {
        out.line(Paint::Head, section.title);
        section.lines.iter().for_each(|line| out.line(Paint::Plain, &format!("  {line}")));
    }
    let counts = run.report.counts();
    let painted = if counts.violated == 0 { Paint::Good } else { Paint::Bad };
    out.line(
        painted,
        &format!(
            "{} lints hold, {} violated, {} could not look ({} are for another system)",
            counts.holds, counts.violated, counts.could_not_look, counts.elsewhere
        ),
    );
}

fn violated(out: Out, verdict: &Verdict) {
    let lint = verdict.lint;
    let severity = format!("{:?}", lint.severity).to_lowercase();
    out.line(Paint::Bad, &format!("  violated    {} ({severity})", lint.id));
    out.line(Paint::Plain, &format!("              should be: {}", lint.title));
    let findings = verdict.findings();
    for (position, finding) in findings.iter().enumerate() {
        out.line(Paint::Plain, &format!("              {}: {}", finding.subject, finding.message));
        let next = findings.get(position + 1).and_then(|next| next.hint.as_ref());
        if let Some(hint) = finding.hint.as_ref().filter(|hint| next != Some(*hint)) {
            out.line(Paint::Note, &format!("              next: {hint}"));
        }
    }
}

/// The report as data.
pub(super) fn data(run: &Run) -> Value {
    let Remedies { apply, by_hand } = remedies(&run.report, &run.looked);
    let by_hand: Vec<Value> = by_hand
        .iter()
        .map(|(lint, subject, words)| json!({ "lint": lint, "subject": subject, "do": words }))
        .collect();
    let sections: BTreeMap<&str, Value> = run
        .report
        .sections(&run.looked)
        .into_iter()
        .map(|section| (section.name, section.data))
        .collect();
    json!({
        "counts": run.report.counts(),
        "verdicts": run.report.verdicts.iter().map(Verdict::json).collect::<Vec<_>>(),
        "remedies": { "apply": apply, "by_hand": by_hand },
        "reports": sections,
    })
}
