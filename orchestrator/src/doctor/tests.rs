//! Every lint is proved on its own two fixtures, and on the good one with each thing that it needs missing.

use super::catalogue;
use super::launchd::NamedPath;
use super::looked::{Looked, Need};
use super::report::{Outcome, Verdict};
use sanctum_types::CouldNotCheck;
use std::collections::BTreeSet;

/// The fixture with only what the lint says it needs: a lint that reads more fails here.
fn only_needed(looked: Looked, needs: &[Need]) -> Looked {
    let missing = Need::ALL.iter().filter(|need| !needs.contains(need));
    missing.fold(looked, |looked, need| looked.without(*need))
}

#[test]
fn every_lint_holds_on_its_good_fixture_and_is_violated_on_its_bad_one() {
    let mut wrong = Vec::new();
    for lint in catalogue::all() {
        let good = Verdict::of(lint, &only_needed((lint.good)(), lint.needs));
        if !matches!(good.outcome, Outcome::Holds(1..)) {
            wrong.push(format!("good {}: {:?} {:?}", lint.id, good.outcome, good.unseen));
        }
        let bad = Verdict::of(lint, &only_needed((lint.bad)(), lint.needs));
        if !matches!(bad.outcome, Outcome::Violated(_)) {
            wrong.push(format!("bad {}: {:?} {:?}", lint.id, bad.outcome, bad.unseen));
        }
        assert!(lint.on.suits((lint.good)().os()) && lint.on.suits((lint.bad)().os()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_lint_needs_and_nobody_saw_is_never_good_news() {
    for lint in catalogue::all() {
        assert!(!lint.needs.is_empty(), "{} needs nothing, so it cannot miss anything", lint.id);
        for need in lint.needs {
            let verdict = Verdict::of(lint, &(lint.good)().without(*need));
            assert_eq!(verdict.outcome, Outcome::CouldNotLook, "{} without {need:?}", lint.id);
            assert!(!verdict.unseen.is_empty());
        }
    }
}

/// What could not be seen of an observation of many things; none where it is of one thing, or tells it thing by thing.
fn unseen_of(looked: &mut Looked, need: Need) -> Option<&mut Vec<CouldNotCheck>> {
    Some(match need {
        Need::Plists => &mut looked.plists.as_mut().unwrap().unseen,
        Need::Loaded => &mut looked.loaded.as_mut().unwrap().unseen,
        Need::Units => &mut looked.units.as_mut().unwrap().unseen,
        Need::Verified => &mut looked.verified.as_mut().unwrap().unseen,
        Need::Linger => &mut looked.linger.as_mut().unwrap().unseen,
        Need::Listeners => &mut looked.listeners.as_mut().unwrap().unseen,
        Need::Probes => &mut looked.probes.as_mut().unwrap().unseen,
        Need::SshdFiles => &mut looked.sshd_files.as_mut().unwrap().unseen,
        Need::HostKeys => &mut looked.host_keys.as_mut().unwrap().unseen,
        Need::Authorized => &mut looked.authorized.as_mut().unwrap().unseen,
        Need::Processes => &mut looked.processes.as_mut().unwrap().unseen,
        Need::Histories => &mut looked.histories.as_mut().unwrap().unseen,
        Need::SecretPlaces => &mut looked.secret_places.as_mut().unwrap().unseen,
        Need::SecretPaths => &mut looked.secret_paths.as_mut().unwrap().unseen,
        Need::SopsDocuments => &mut looked.sops_documents.as_mut().unwrap().unseen,
        Need::VaultPairs => &mut looked.vault_pairs.as_mut().unwrap().unseen,
        Need::AgentKeys => &mut looked.agent_keys.as_mut().unwrap().unseen,
        Need::Rotations => &mut looked.rotations.as_mut().unwrap().unseen,
        Need::SecretLeaks => &mut looked.secret_leaks.as_mut().unwrap().unseen,
        Need::Keepers => &mut looked.keepers.as_mut().unwrap().containers.unseen,
        _ => return None,
    })
}

/// The house with one more thing behind each observation of many that could not be seen: a file that privacy controls
/// deny, a job that launchd would not print. False where the observation is of one thing.
fn deny_one(looked: &mut Looked, need: Need) -> bool {
    let denied = || CouldNotCheck {
        subject: "/Users/operator/Documents/x".to_owned(),
        cause: "denied by the privacy controls of macOS".to_owned(),
    };
    if let Some(unseen) = unseen_of(looked, need) {
        unseen.push(denied());
        return true;
    }
    match need {
        Need::Named => {
            for at in looked.named.as_mut().unwrap().0.values_mut() {
                *at =
                    NamedPath { there: Err(denied()), head: Err(denied()), parent: Err(denied()) };
            }
        }
        Need::Runs => {
            for run in looked.runs.as_mut().unwrap().0.values_mut() {
                *run = Err(denied());
            }
        }
        Need::Programs => {
            for program in looked.programs.as_mut().unwrap().0.values_mut() {
                (program.there, program.untrusted) = (Err(denied()), Err(denied()));
            }
        }
        Need::SecretFiles => {
            for file in looked.secret_files.as_mut().unwrap() {
                file.there = Err(denied());
            }
        }
        _ => return false,
    }
    true
}

#[test]
fn one_thing_that_is_denied_is_never_clean() {
    for lint in catalogue::all() {
        for need in lint.needs {
            let mut looked = (lint.good)();
            if deny_one(&mut looked, *need) {
                let verdict = Verdict::of(lint, &looked);
                assert_eq!(verdict.outcome, Outcome::CouldNotLook, "{} with {need:?}", lint.id);
                let mut looked = (lint.bad)();
                deny_one(&mut looked, *need);
                let verdict = Verdict::of(lint, &looked);
                assert!(!verdict.unseen.is_empty(), "{} with {need:?}", lint.id);
                assert!(!matches!(verdict.outcome, Outcome::Holds(_)), "{} with {need:?}", lint.id);
            }
        }
    }
}

#[test]
fn ids_families_and_words() {
    let all = catalogue::all();
    let ids: BTreeSet<&str> = all.iter().map(|lint| lint.id).collect();
    assert_eq!(ids.len(), all.len(), "an id is used twice");
    for lint in &all {
        let (family, name) = lint.id.split_once('/').unwrap();
        assert!(catalogue::families().any(|known| known == family), "{}", lint.id);
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        assert!(lint.why.len() > 80, "{}: a reason that short teaches nothing", lint.id);
        assert!(lint.why.ends_with('.') && !lint.title.ends_with('.'), "{}", lint.id);
        assert!(!lint.fix.text().is_empty(), "{}", lint.id);
    }
    let chosen = |words: &[&str]| {
        catalogue::choose(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(chosen(&[]).unwrap().len(), all.len());
    assert!(chosen(&["launchd"]).unwrap().iter().all(|lint| lint.family() == "launchd"));
    assert_eq!(chosen(&["launchd/agent-needs-session"]).unwrap().len(), 1);
    let error = chosen(&["lanchd"]).err().unwrap();
    assert_eq!((error.word.as_str(), error.nearest), ("lanchd", Some("launchd")));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test that looks at the sources")]
fn every_file_of_a_family_is_in_the_catalogue() {
    let ids: BTreeSet<String> = catalogue::all().iter().map(|lint| lint.id.to_owned()).collect();
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/doctor");
    let mut in_files = BTreeSet::new();
    for family in catalogue::families() {
        for entry in std::fs::read_dir(dir.join(family)).unwrap() {
            let path = entry.unwrap().path();
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            if text.contains("static LINT: Lint") {
                let name = path.file_stem().unwrap().to_str().unwrap().replace('_', "-");
                in_files.insert(format!("{family}/{name}"));
            }
        }
    }
    assert_eq!(in_files, ids);
}

#[test]
fn the_page_of_lints_is_the_catalogue() {
    expect_test::expect_file!["../../../docs/lints.md"]
        .assert_eq(&catalogue::page(&catalogue::all()));
}
