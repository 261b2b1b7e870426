//! The vault as it is served: its socket is there, its account's alone, and somebody answers who says whether it is open.

use crate::doctor::vault::look::{Stands, ask};
use crate::house::{Artefact, House};
use crate::jobs::vault::Served;
use crate::jobs::{self, Job};
use crate::prove::{Obstacle, Proof, wrong};
use sanctum_host::{clock, look};
use sanctum_types::{AbsPath, CouldNotCheck, Finding, Severity};
use std::path::Path;
use std::time::Duration;

const NAME: &str = "vault, in force";
/// A service that was started a moment ago reads its journal first.
const TRIES: u32 = 50;
const NAP: Duration = Duration::from_millis(100);

/// Asks the vault that these artefacts start; nothing where they start none.
pub(super) fn answers(house: &House<'_>, artefacts: &[Artefact]) -> Option<Proof> {
    let jobs = jobs::jobs(house).ok()?;
    let served = Served::among(&jobs).filter(|_| started(&jobs, artefacts))?;
    let looked = at(&served).and_then(|(socket, uid)| {
        let stands = patiently(&socket)?;
        let there = look::at(Path::new(socket.as_str())).map_err(Obstacle::Host);
        let there = there?.map(|facts| (facts.mode, facts.uid));
        Ok(judge(&served, &socket, uid, there, &stands))
    });
    Some(Proof::from(NAME, "this machine", looked))
}

fn started(jobs: &[Job], artefacts: &[Artefact]) -> bool {
    let named = |job: &&Job| job.name.as_str() == crate::instance::vault::NAME;
    let Some(job) = jobs.iter().find(named) else { return false };
    let files =
        [format!("{}.plist", job.label), crate::render::systemd::unit_name(&job.name, "service")];
    let mut loaded = artefacts.iter().filter(|artefact| artefact.unit.is_some());
    loaded.any(|artefact| files.iter().any(|file| file == artefact.path.file_name()))
}

fn at(served: &Served) -> Result<(AbsPath, u32), Obstacle> {
    let account = served.account().map_err(obstacle)?;
    let socket = account.home.as_ref().and_then(|home| served.socket_in(home));
    let socket = socket.ok_or_else(|| {
        let said = format!("the home of {} is not known", served.account);
        Obstacle::Said { program: "the account database".to_owned(), said }
    })?;
    Ok((socket, account.uid))
}

fn obstacle(unseen: CouldNotCheck) -> Obstacle {
    Obstacle::Said { program: unseen.subject, said: unseen.cause }
}

fn patiently(socket: &AbsPath) -> Result<Stands, Obstacle> {
    for _ in 1..TRIES {
        match ask(socket).map_err(obstacle)? {
            Stands::Silent(_) => clock::sleep(NAP),
            stands => return Ok(stands),
        }
    }
    ask(socket).map_err(obstacle)
}

/// What is wrong, and the words for a pass. One that nothing opens at boot is sealed until its owner comes: that is no fault of the house.
fn judge(
    served: &Served,
    socket: &AbsPath,
    uid: u32,
    there: Option<(u32, u32)>,
    stands: &Stands,
) -> (Vec<Finding>, String) {
    let finding = |message: String, hint: String| Finding {
        hint: Some(hint),
        ..wrong("vault.served", socket.as_str(), message)
    };
    let mut findings = Vec::new();
    if let Some((mode, _)) = there.filter(|(mode, _)| mode & 0o777 != 0o600) {
        let words = format!("mode {mode:04o}: others than its account may connect");
        findings.push(finding(words, format!("chmod 600 {socket}")));
    }
    if let Some((_, owner)) = there.filter(|(_, owner)| *owner != uid) {
        let words = format!("it belongs to user id {owner}, not to {}", served.account);
        findings.push(finding(words, "sanctum services why vault".to_owned()));
    }
    let detail = match (stands, served.opened_by()) {
        (Stands::Unsealed, _) => "answers, and is open",
        (Stands::Sealed, None) => "answers, and is sealed: sanctum vault unseal",
        (Stands::Sealed, Some(key)) => {
            let words = format!("it is sealed, though {key} opens it at its start");
            let sealed = finding(words, "sanctum vault unseal".to_owned());
            findings.push(Finding { severity: Severity::Warn, ..sealed });
            ""
        }
        (Stands::Silent(why), _) => {
            findings.push(finding(why.clone(), "sanctum services why vault".to_owned()));
            ""
        }
    };
    (findings, detail.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_is_a_fault_only_where_something_should_have_opened_it() {
        let socket = AbsPath::new("/home/o/.sanctum/vault.sock").unwrap();
        let said = |key: Option<&str>, there: Option<(u32, u32)>, stands: &Stands| {
            let key_file = key.map(|key| AbsPath::new(key).unwrap());
            let served = Served { account: "o".to_owned(), socket: None, key_file, key_ref: None };
            let (findings, detail) = judge(&served, &socket, 501, there, stands);
            assert!(findings.iter().all(|finding| finding.hint.is_some()));
            let all = findings.into_iter().map(|finding| finding.message).chain([detail]);
            all.filter(|words| !words.is_empty()).collect::<Vec<_>>().join("; ")
        };
        let right = Some((0o600, 501));
        assert_eq!(said(None, right, &Stands::Unsealed), "answers, and is open");
        let words = "answers, and is sealed: sanctum vault unseal";
        assert_eq!(said(None, right, &Stands::Sealed), words);
        let words = "it is sealed, though /k opens it at its start";
        assert_eq!(said(Some("/k"), right, &Stands::Sealed), words);
        assert_eq!(said(None, None, &Stands::Silent("nobody".to_owned())), "nobody");
        let words = "mode 0660: others than its account may connect; it belongs to user id 0, not to o; answers, and is open";
        assert_eq!(said(None, Some((0o660, 0)), &Stands::Unsealed), words);
    }
}
