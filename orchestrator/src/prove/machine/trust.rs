//! Privileged jobs run only what root alone could have put there.

use crate::house::{Artefact, Part, layout};
use crate::prove::readers::unit::programs;
use crate::prove::{Proof, wrong};
use sanctum_host::trust::{Untrusted, check_program, check_root_owned};
use sanctum_types::{AbsPath, Finding};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

/// What puts the binaries where jobs may run them from.
const INSTALL: &str = "sudo sanctum self install";

/// Checks the program of every job that is loaded as root or as a service account; nothing where none is.
#[must_use]
pub fn trust(artefacts: &[Artefact]) -> Option<Proof> {
    trust_by(artefacts, check_program)
}

pub(in crate::prove) fn trust_by(
    artefacts: &[Artefact],
    check: impl Fn(&AbsPath) -> Result<(), Untrusted>,
) -> Option<Proof> {
    let mut started: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for artefact in artefacts.iter().filter(|artefact| is_loaded(artefact, artefacts)) {
        for program in started_by(artefact) {
            started.entry(program).or_default().insert(artefact.path.as_str());
        }
    }
    let findings: Vec<Finding> = started
        .iter()
        .filter_map(|(program, jobs)| {
            let message = match AbsPath::new(program.as_str()).map(|path| check(&path)) {
                Ok(Ok(())) => return None,
                Ok(Err(untrusted)) => untrusted.to_string(),
                Err(error) => error.to_string(),
            };
            let by = jobs.iter().copied().collect::<Vec<_>>().join(", ");
            let hint = program.starts_with(layout::PREFIX).then(|| INSTALL.to_owned());
            let message = format!("{message}; started by {by}");
            Some(Finding { hint, ..wrong("trust.program", program, message) })
        })
        .collect();
    let detail = format!("{} programs, root-owned all the way", started.len());
    (!started.is_empty()).then(|| Proof::of("trust", "programs of jobs", findings, &detail))
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

fn started_by(artefact: &Artefact) -> Vec<String> {
    if artefact.part == Part::Systemd {
        let text = String::from_utf8_lossy(&artefact.bytes);
        return programs(&text).into_iter().map(str::to_owned).collect();
    }
    let value = plist::Value::from_reader(Cursor::new(artefact.bytes.as_slice())).ok();
    let program = value.as_ref().and_then(|value| {
        let arguments = value.as_dictionary()?.get("ProgramArguments")?.as_array()?;
        arguments.first()?.as_string()
    });
    program.map(str::to_owned).into_iter().collect()
}
