//! nft's own check, by the kernel and without loading: as root, or in a network namespace where we are root.

use super::{LIMIT, Looked, Tools, need, obstacle, said};
use crate::house::Artefact;
use crate::prove::{Obstacle, Proof, wrong};
use sanctum_host::accounts::effective_uid;
use sanctum_host::command::{Options, Output, Program, run};
use sanctum_host::files::TempDir;
use sanctum_host::{HostError, live::argv};
use sanctum_types::Secret;

pub(super) fn check(file: &Artefact, tools: &Tools) -> Proof {
    Proof::from("nft -c", file.path.as_str(), look(file, tools))
}

fn look(file: &Artefact, tools: &Tools) -> Looked {
    let nft = need(tools.nft.as_ref(), "nft", "apt install nftables")?;
    let dir = TempDir::new()?;
    let output = match effective_uid() {
        0 => asked(nft, &[], file)?,
        _ => {
            let unshare = need(tools.unshare.as_ref(), "unshare", "apt install util-linux")?;
            asked(unshare, &["-rn", nft.path().as_str()], file)?
        }
    };
    let lines = said(&output, dir.path());
    // The kernel's answer to whoever may not ask; the ruleset was not looked at.
    if lines.iter().any(|line| line.contains("Operation not permitted")) {
        return Err(Obstacle::Denied {
            program: output.program,
            needs: "root, or a user namespace of its own",
        });
    }
    if output.program.contains("unshare") && lines.iter().any(|line| line.starts_with("unshare:")) {
        return Err(obstacle(&output, dir.path()));
    }
    if output.status.success() && lines.is_empty() {
        return Ok((Vec::new(), "the kernel would take it".to_owned()));
    }
    let path = file.path.as_str();
    let mut findings: Vec<_> =
        lines.into_iter().map(|line| wrong("nft.check", path, line)).collect();
    if findings.is_empty() {
        findings.push(wrong("nft.check", path, format!("nft -c ended with {}", output.status)));
    }
    Ok((findings, String::new()))
}

fn asked(program: &Program, before: &[&str], file: &Artefact) -> Result<Output, HostError> {
    let check = argv::nft_check();
    let args: Vec<&str> = before.iter().copied().chain(check.iter().map(String::as_str)).collect();
    let stdin = Some(Secret::new(file.bytes.clone()));
    run(program, &args, Options { stdin, timeout: LIMIT, ..Options::default() })
}
