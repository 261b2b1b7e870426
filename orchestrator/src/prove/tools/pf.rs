//! pfctl's own parser, which loads nothing under `-n`.

use super::{Looked, Tools, ask, need, said, text};
use crate::house::Artefact;
use crate::prove::{Obstacle, Proof, wrong};
use sanctum_host::files::{TempDir, write_new};
use sanctum_host::{Unit, live::argv};

pub(super) fn pfctl(file: &Artefact, tools: &Tools) -> Proof {
    Proof::from("pfctl -n", file.path.as_str(), look(file, tools))
}

fn look(file: &Artefact, tools: &Tools) -> Looked {
    let pfctl = need(tools.pfctl.as_ref(), "pfctl", "macOS has it")?;
    let dir = TempDir::new()?;
    let copy = dir.path().join("sanctum");
    write_new(&copy, &file.bytes)?;
    let anchor = match &file.unit {
        Some(Unit::PfAnchor { name }) => name.as_str(),
        _ => "sanctum",
    };
    let args = argv::pfctl_check(anchor, &text(&copy));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = ask(pfctl, &args)?;
    let lines: Vec<String> =
        said(&output, dir.path()).into_iter().filter(|line| !is_noise(line)).collect();
    if lines.iter().any(|line| line.contains("/dev/pf")) {
        return Err(Obstacle::Denied { program: output.program, needs: "root, to open /dev/pf" });
    }
    if output.status.success() && lines.is_empty() {
        return Ok((Vec::new(), "taken without a word".to_owned()));
    }
    let path = file.path.as_str();
    let mut findings: Vec<_> =
        lines.into_iter().map(|line| wrong("pf.pfctl", path, line)).collect();
    if findings.is_empty() {
        findings.push(wrong("pf.pfctl", path, format!("pfctl -n ended with {}", output.status)));
    }
    Ok((findings, String::new()))
}

/// What Apple's pfctl says on every call, also when all is well.
pub(in crate::prove) fn is_noise(line: &str) -> bool {
    line.starts_with("No ALTQ")
        || line.starts_with("ALTQ related")
        || line.starts_with("pfctl: Use of -f option")
        || line.starts_with("present in the main ruleset")
        || line.starts_with("See /etc/pf.conf")
}
