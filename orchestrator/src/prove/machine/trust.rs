//! Privileged jobs run only what root alone could have put there, and write only where root lets them.

mod taken;

pub(in crate::prove) use taken::{Taken, What};

use crate::house::{Artefact, Part, layout};
use crate::prove::{Proof, wrong};
use sanctum_host::accounts::{by_name, by_uid};
use sanctum_host::trust::{
    Untrusted, check_dir, check_given, check_log, check_program, check_root_owned, left_behind,
};
use sanctum_types::{AbsPath, Finding};
use std::collections::{BTreeMap, BTreeSet};

/// What puts the binaries where jobs may run them from.
const INSTALL: &str = "sudo sanctum self install";
/// What to do about a place that somebody else can change: it is left as it is, because of what may be in it.
const GIVE: &str =
    "see what is there (ls -la), then give it to root or to the job's account with sudo chown";

/// Checks what every job takes that is loaded as root or as a service account; nothing where none is.
#[must_use]
pub fn trust(artefacts: &[Artefact]) -> Option<Proof> {
    trust_by(artefacts, |taken, path| {
        let owner = owner(taken, path);
        match taken.what {
            What::Program => check_program(path),
            What::Log => check_log(path, owner),
            What::Dir => check_dir(path, owner),
            What::Given => check_given(path),
        }
    })
}

/// Who may own the end of the way beside root: the job's account. One that is not there yet may have been there and
/// gone with a rollback; what it left belongs to nobody, and the plan gives it to the account that it makes.
fn owner(taken: &Taken, path: &AbsPath) -> u32 {
    let Some(name) = taken.account.as_deref() else { return 0 };
    // A database that does not answer owns nothing.
    let Ok(account) = by_name(name) else { return 0 };
    if let Some(account) = account {
        return account.uid;
    }
    let dir = if taken.what == What::Log { path.parent() } else { Some(path.clone()) };
    let is_account = |uid| !matches!(by_uid(uid), Ok(None));
    dir.and_then(|dir| left_behind(&dir, is_account)).unwrap_or(0)
}

pub(in crate::prove) fn trust_by(
    artefacts: &[Artefact],
    check: impl Fn(&Taken, &AbsPath) -> Result<(), Untrusted>,
) -> Option<Proof> {
    let mut jobs: BTreeMap<Taken, BTreeSet<&str>> = BTreeMap::new();
    for artefact in artefacts.iter().filter(|artefact| is_loaded(artefact, artefacts)) {
        for taken in taken::by(artefact) {
            jobs.entry(taken).or_default().insert(artefact.path.as_str());
        }
    }
    let findings: Vec<Finding> = jobs
        .iter()
        .filter_map(|(taken, jobs)| {
            let message = match AbsPath::new(taken.path.as_str()).map(|path| check(taken, &path)) {
                Ok(Ok(())) => return None,
                Ok(Err(untrusted)) => untrusted.to_string(),
                Err(error) => error.to_string(),
            };
            Some(judged(taken, &message, &jobs.iter().copied().collect::<Vec<_>>().join(", ")))
        })
        .collect();
    let programs = jobs.keys().filter(|taken| taken.what == What::Program).count();
    let places = jobs.len() - programs;
    let detail = format!("{programs} programs, root-owned all the way; {places} places to write");
    (!jobs.is_empty()).then(|| Proof::of("trust", "programs and logs of jobs", findings, &detail))
}

fn judged(taken: &Taken, message: &str, jobs: &str) -> Finding {
    let path = taken.path.as_str();
    match taken.what {
        What::Program => Finding {
            hint: path.starts_with(layout::PREFIX).then(|| INSTALL.to_owned()),
            ..wrong("trust.program", path, format!("{message}; started by {jobs}"))
        },
        What::Log | What::Dir | What::Given => {
            let message = format!("{message}; written by {jobs}");
            Finding { hint: Some(GIVE.to_owned()), ..wrong("trust.place", path, message) }
        }
    }
}

/// The prefix of our own binaries belongs to root, with everything above it.
pub(super) fn prefix() -> Proof {
    let findings = match AbsPath::new(layout::PREFIX).map(|path| check_root_owned(&path)) {
        Ok(Ok(())) => Vec::new(),
        Ok(Err(untrusted)) => vec![finding(untrusted.to_string())],
        Err(error) => vec![finding(error.to_string())],
    };
    Proof::of("ownership", layout::PREFIX, findings, "root-owned all the way")
}

fn finding(message: String) -> Finding {
    Finding { hint: Some(INSTALL.to_owned()), ..wrong("trust.prefix", layout::PREFIX, message) }
}

/// A job is loaded by itself, or by the timer of the same name.
fn is_loaded(artefact: &Artefact, all: &[Artefact]) -> bool {
    let timer = artefact.path.as_str().strip_suffix(".service").map(|stem| format!("{stem}.timer"));
    let timed = |other: &&Artefact| Some(other.path.as_str()) == timer.as_deref();
    matches!(artefact.part, Part::Launchd | Part::Systemd)
        && (artefact.unit.is_some()
            || all.iter().find(timed).is_some_and(|timer| timer.unit.is_some()))
}
