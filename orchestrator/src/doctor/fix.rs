//! Which command would put a finding right.
//!
//! Only `sanctum apply` is ever run for the owner, and only through its own verb, which shows the plan, asks, and
//! refuses an instance that widens anything. Every other remedy is words for the owner to read and type.

use super::lint::Fix;
use super::looked::Looked;
use super::report::Report;
use crate::house::Part;
use crate::instance::model::Os;
use std::collections::BTreeSet;

/// What would put a report's findings right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remedies {
    /// Parts of the house that `sanctum apply` puts right.
    pub apply: BTreeSet<Part>,
    /// What the owner has to type or decide, sorted: the lint, the subject, the words.
    pub by_hand: BTreeSet<(&'static str, String, String)>,
}

/// Sorts findings into what apply does and what the owner does. A file of the house that is not as it is rendered is
/// apply's, whatever was found in it; where nobody could look at it, the lint's own remedy counts.
#[must_use]
pub fn remedies(report: &Report, looked: &Looked) -> Remedies {
    let mut remedies = Remedies::default();
    for verdict in &report.verdicts {
        for finding in verdict.findings() {
            match (changed(looked, &finding.subject), verdict.lint.fix) {
                (Some(part), _) => drop(remedies.apply.insert(part)),
                (None, Fix::Apply) => drop(remedies.apply.insert(jobs(looked.os()))),
                (None, Fix::Run(_) | Fix::Edit(_)) => {
                    let words = finding.hint.clone().unwrap_or_default();
                    remedies.by_hand.insert((verdict.lint.id, finding.subject.clone(), words));
                }
            }
        }
    }
    remedies
}

/// The part of a rendered property list that was seen and is not as it is rendered.
fn changed(looked: &Looked, subject: &str) -> Option<Part> {
    let (wanted, plists) = (looked.wanted().ok()?, looked.plists().ok()?);
    let rendered = wanted.artefacts.iter().find(|artefact| artefact.path.as_str() == subject)?;
    let there = plists.iter().find(|file| file.path.as_str() == subject)?;
    let same = there.bytes == rendered.bytes && there.mode == rendered.mode.bits();
    (!same).then_some(rendered.part)
}

/// What apply itself is the remedy for is always a job that is not as it should be.
const fn jobs(os: Os) -> Part {
    match os {
        Os::Macos => Part::Launchd,
        Os::Linux => Part::Systemd,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::{catalogue, fixture};

    /// What is not as rendered is apply's; the same finding in a file as it is rendered, or in another's, is not.
    #[test]
    fn apply_is_the_remedy_only_where_it_changes_something() {
        let path = "/Library/LaunchDaemons/com.sanctum.bootstrap.plist";
        let all = catalogue::choose(&["launchd/exit-timeout".to_owned()]).unwrap();
        let looked = fixture::plain_hub().with_daemon("bootstrap", "").with_daemon("alien", "");
        let found = remedies(&Report::of(&all, &looked), &looked);
        assert_eq!(found.apply, [Part::Launchd].into());
        let by_hand: Vec<&str> = found.by_hand.iter().map(|(_, path, _)| path.as_str()).collect();
        assert_eq!(by_hand, ["/Library/LaunchDaemons/com.sanctum.alien.plist"]);
        let mut same = looked;
        let file = same.plists.as_mut().unwrap().all.first().unwrap().clone();
        let rendered = same.wanted.as_mut().unwrap();
        let artefact = rendered.artefacts.iter_mut().find(|one| one.path.as_str() == path).unwrap();
        artefact.bytes = file.bytes;
        let found = remedies(&Report::of(&all, &same), &same);
        assert_eq!((found.apply.len(), found.by_hand.len()), (0, 2));
    }

    /// Every lint that says so is put right by a part that has jobs, whatever its family.
    #[test]
    fn what_apply_is_the_remedy_for_names_the_part_that_has_the_job() {
        let all = catalogue::all();
        for lint in all.iter().filter(|lint| lint.fix == Fix::Apply) {
            let found = remedies(&Report::of(&[lint], &(lint.bad)()), &(lint.bad)());
            assert_eq!(found.apply, [Part::Launchd].into(), "{}", lint.id);
        }
        let firewall = catalogue::choose(&["exposure/firewall-at-boot".to_owned()]).unwrap();
        let looked = fixture::plain_barn();
        let found = remedies(&Report::of(&firewall, &looked), &looked);
        assert_eq!(found.apply, [Part::Systemd].into());
    }
}
