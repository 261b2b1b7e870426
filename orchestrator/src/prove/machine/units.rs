//! The jobs of this machine: loaded, and from the files that we wrote.

use crate::house::Artefact;
use crate::prove::tools::{ask, need};
use crate::prove::{Obstacle, Proof, Tools, wrong};
use sanctum_host::Unit;
use sanctum_host::command::Output;
use sanctum_host::live::{argv, parse};
use sanctum_types::Finding;

/// What to do about a job that is not loaded as its file says.
const LOAD: &str =
    "sudo /opt/sanctum/bin/sanctum apply; if it stays so, look at its log below /var/log/sanctum";

/// Every launchd job and systemd unit that is planned as loaded; nothing where none is.
pub(super) fn loaded(artefacts: &[Artefact], tools: &Tools) -> Option<Proof> {
    let units: Vec<(&Unit, &str)> = artefacts
        .iter()
        .filter_map(|artefact| Some((artefact.unit.as_ref()?, artefact.path.as_str())))
        .filter(|(unit, _)| matches!(unit, Unit::LaunchdJob { .. } | Unit::SystemdUnit { .. }))
        .collect();
    let findings: Result<Vec<Vec<Finding>>, Obstacle> =
        units.iter().map(|(unit, path)| look(unit, path, tools)).collect();
    let looked = findings.map(|all| {
        (all.into_iter().flatten().collect(), format!("{} loaded from our files", units.len()))
    });
    (!units.is_empty()).then(|| Proof::from("jobs, in force", "this machine", looked))
}

fn look(unit: &Unit, path: &str, tools: &Tools) -> Result<Vec<Finding>, Obstacle> {
    match unit {
        Unit::LaunchdJob { label } => {
            let launchctl = need(tools.launchctl.as_ref(), "launchctl", "macOS has it")?;
            let args = argv::launchctl_print(label);
            let output = ask(launchctl, &args.iter().map(String::as_str).collect::<Vec<_>>())?;
            Ok(judge_launchd(output.status.success(), &output.text(), path))
        }
        Unit::SystemdUnit { name } => {
            let systemctl = need(tools.systemctl.as_ref(), "systemctl", "systemd has it")?;
            let args = argv::systemctl_show(name);
            let output = ask(systemctl, &args.iter().map(String::as_str).collect::<Vec<_>>())?;
            answered(&output)?;
            Ok(judge_systemd(&output.text(), path))
        }
        Unit::PfAnchor { .. } | Unit::Sshd | Unit::NftTable { .. } => Ok(Vec::new()),
    }
}

/// Without systemd as the init there is nobody to ask.
fn answered(output: &Output) -> Result<(), Obstacle> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or("nothing").to_owned();
    Err(Obstacle::Said { program: output.program.clone(), said })
}

fn finding(path: &str, message: String) -> Finding {
    Finding { hint: Some(LOAD.to_owned()), ..wrong("job.not-loaded", path, message) }
}

/// What is wrong by `launchctl print`, which fails for a job that is not loaded.
pub(in crate::prove) fn judge_launchd(known: bool, text: &str, path: &str) -> Vec<Finding> {
    let from = parse::launchd_path(text).filter(|_| known);
    match from {
        Some(from) if from == path => Vec::new(),
        Some(from) => vec![finding(path, format!("the job is loaded from {from}"))],
        None => vec![finding(path, "the job is not loaded".to_owned())],
    }
}

/// What is wrong by `systemctl show`. A one-shot job that ended well is not active, and right.
pub(in crate::prove) fn judge_systemd(text: &str, path: &str) -> Vec<Finding> {
    let said = parse::properties(text);
    let is = |key: &str| said.get(key).copied().unwrap_or_default();
    let mut findings = Vec::new();
    if is("FragmentPath") != path {
        findings.push(finding(path, format!("the unit is loaded from `{}`", is("FragmentPath"))));
    }
    if is("NeedDaemonReload") == "yes" {
        findings.push(finding(path, "systemd runs an older text of it".to_owned()));
    }
    if is("ActiveState") == "failed" {
        findings.push(finding(path, "it failed".to_owned()));
    }
    if is("UnitFileState") != "enabled" {
        findings.push(finding(path, format!("at boot it is `{}`", is("UnitFileState"))));
    }
    findings
}
