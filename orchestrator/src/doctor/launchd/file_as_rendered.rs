//! `launchd/file-as-rendered`.

use crate::doctor::lint::{Answer, Fix, Lint, On, Seen};
use crate::doctor::looked::{Looked, Need};
use crate::house::{Artefact, Part};
use sanctum_types::{AbsPath, CouldNotCheck, Severity};

pub(super) static LINT: Lint = Lint {
    id: "launchd/file-as-rendered",
    severity: Severity::Error,
    on: On::Macos,
    title: "every property list of the house is there and as it is rendered",
    why: "A live property list was renamed during an experiment, another was edited by hand and forgotten. \
          Both services ran on until the next reboot, and then the one was absent and the other was what \
          it had been made for an afternoon.",
    fix: Fix::Apply,
    needs: &[Need::Wanted, Need::Plists],
    judge,
    #[cfg(test)]
    good,
    #[cfg(test)]
    bad,
};

fn judge(looked: &Looked) -> Seen {
    let wanted = looked.wanted()?;
    let plists = looked.plists()?;
    let rendered: Vec<&Artefact> =
        wanted.artefacts.iter().filter(|artefact| artefact.part == Part::Launchd).collect();
    let there = |path: &AbsPath| plists.iter().find(|file| file.path == *path);
    if !rendered.is_empty() && rendered.iter().all(|artefact| there(&artefact.path).is_none()) {
        return Err(CouldNotCheck {
            subject: "property lists of the house".to_owned(),
            cause: "nothing of the house is applied here yet".to_owned(),
        });
    }
    let mut answer = Answer::of(plists);
    for artefact in rendered {
        match there(&artefact.path) {
            None if plists.unseen.iter().any(|unseen| unseen.subject == artefact.path.as_str()) => {
            }
            None => answer.add(&artefact.path, "it is not there"),
            Some(file) if file.bytes != artefact.bytes => {
                answer.add(&artefact.path, "somebody changed it since it was rendered");
            }
            Some(file) if file.mode != artefact.mode.bits() => {
                let (is, should) = (file.mode, artefact.mode.bits());
                answer.add(
                    &artefact.path,
                    format!("its mode is {is:04o} and should be {should:04o}"),
                );
            }
            Some(_) => {}
        }
    }
    Ok(answer)
}

#[cfg(test)]
fn good() -> Looked {
    rendered(crate::doctor::fixture::plain_hub())
}

#[cfg(test)]
fn bad() -> Looked {
    let mut looked = rendered(crate::doctor::fixture::plain_hub());
    looked.plists.as_mut().unwrap().all.remove(0);
    looked
}

#[cfg(test)]
fn rendered(looked: Looked) -> Looked {
    let files = looked.wanted().unwrap().artefacts.clone();
    let jobs = files.into_iter().filter(|artefact| artefact.part == Part::Launchd);
    jobs.fold(looked, |looked, file| looked.with_plist_bytes(file.path.as_str(), file.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_is_seen_and_what_was_never_applied_is_not_called_missing() {
        let subjects = |looked: &Looked| {
            let found = judge(looked).unwrap().found;
            found.into_iter().map(|found| found.message).collect::<Vec<_>>()
        };
        let mut looked = good();
        assert!(subjects(&looked).is_empty());
        let first = looked.plists.as_mut().unwrap().all.first_mut().unwrap();
        first.bytes.push(b'\n');
        assert_eq!(subjects(&looked), ["somebody changed it since it was rendered"]);
        let mut looked = good();
        looked.plists.as_mut().unwrap().all.first_mut().unwrap().mode = 0o666;
        assert_eq!(subjects(&looked), ["its mode is 0666 and should be 0644"]);
        looked.plists = Ok(crate::doctor::Many::default());
        assert!(judge(&looked).is_err());
    }
}
