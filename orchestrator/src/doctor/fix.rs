//! Which command would put a finding right.
//!
//! Only `sanctum apply` is ever run for the owner, and only through its own verb, which shows the plan, asks, and
//! refuses an instance that widens anything. Every other remedy is words for the owner to read and type.

use super::lint::Fix;
use super::looked::Wanted;
use super::report::Report;
use crate::house::Part;
use std::collections::BTreeSet;

/// What would put a report's findings right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remedies {
    /// Parts of the house that `sanctum apply` puts right.
    pub apply: BTreeSet<Part>,
    /// What the owner has to type or decide, sorted: the lint, the subject, the words.
    pub by_hand: BTreeSet<(&'static str, String, String)>,
}

/// Sorts findings into what apply does and what the owner does. Without a rendered house everything is by hand.
#[must_use]
pub fn remedies(report: &Report, wanted: Option<&Wanted>) -> Remedies {
    let mut remedies = Remedies::default();
    for verdict in &report.verdicts {
        for finding in verdict.findings() {
            let rendered = wanted.and_then(|wanted| part_of(wanted, &finding.subject));
            match (rendered, verdict.lint.fix) {
                (Some(part), _) => drop(remedies.apply.insert(part)),
                (None, Fix::Apply) => remedies.apply.extend(family_part(verdict.lint.family())),
                (None, Fix::Run(_) | Fix::Edit(_)) => {
                    let words = finding.hint.clone().unwrap_or_default();
                    remedies.by_hand.insert((verdict.lint.id, finding.subject.clone(), words));
                }
            }
        }
    }
    remedies
}

/// The part of the rendered file or job that a finding is about.
fn part_of(wanted: &Wanted, subject: &str) -> Option<Part> {
    let is = |label: &str| label == subject;
    let labelled = wanted.jobs.iter().any(|job| is(job.label.as_str()));
    let file = wanted.artefacts.iter().find(|artefact| {
        artefact.path.as_str() == subject
            || labelled && artefact.path.file_name() == format!("{subject}.plist")
    });
    file.map(|artefact| artefact.part)
}

fn family_part(family: &str) -> Option<Part> {
    match family {
        "launchd" => Some(Part::Launchd),
        "boot" => Some(Part::Systemd),
        "ssh" => Some(Part::Ssh),
        "exposure" => Some(Part::Pf),
        _ => None,
    }
}
