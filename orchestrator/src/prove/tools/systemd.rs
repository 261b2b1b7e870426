//! systemd's own reader of units, over a root of their own.
//!
//! It ends with 0 on unknown keys, so every line that it says counts. Programs are stood in for by empty
//! scripts and systemd's own targets by empty units: whether the programs are installed is another check's work.

use super::{Looked, Tools, ask, need, obstacle, said, text};
use crate::house::{Artefact, layout};
use crate::prove::readers::unit::programs;
use crate::prove::{Proof, wrong};
use sanctum_host::command::Program;
use sanctum_host::files::{TempDir, write_new};
use sanctum_types::AbsPath;
use std::collections::BTreeSet;
use std::path::Path;

/// systemd's own units that every service stands on (systemd.special(7)).
const TARGETS: [&str; 16] = [
    "sysinit.target",
    "basic.target",
    "shutdown.target",
    "multi-user.target",
    "default.target",
    "timers.target",
    "sockets.target",
    "paths.target",
    "slices.target",
    "local-fs.target",
    "network.target",
    "network-pre.target",
    "network-online.target",
    "time-set.target",
    "time-sync.target",
    "graphical.target",
];

pub(super) fn verify(units: &[&Artefact], tools: &Tools) -> Option<Proof> {
    let name = "systemd-analyze verify";
    (!units.is_empty()).then(|| Proof::from(name, "units", look(units, tools)))
}

fn look(units: &[&Artefact], tools: &Tools) -> Looked {
    let analyze = need(tools.systemd_analyze.as_ref(), "systemd-analyze", "apt install systemd")?;
    let dir = TempDir::new()?;
    let names = furnish(dir.path(), units)?;
    let root = format!("--root={}", text(dir.path()));
    let mut args = vec!["verify", "--man=no", root.as_str()];
    args.extend(names.iter().map(String::as_str));
    let output = ask(analyze, &args)?;
    let lines = said(&output, dir.path());
    if lines.iter().any(|line| line.contains("Failed to initialize manager")) {
        return Err(obstacle(&output, dir.path()));
    }
    let path = layout::SYSTEMD_UNITS;
    let mut findings: Vec<_> =
        lines.into_iter().map(|line| wrong("systemd.verify", path, line)).collect();
    if findings.is_empty() && !output.status.success() {
        let message = format!("systemd-analyze verify ended with {}", output.status);
        findings.push(wrong("systemd.verify", path, message));
    }
    Ok((findings, format!("{} units, not a word", units.len())))
}

/// Writes the units, what stands in for their programs, and systemd's own targets; gives the units' paths.
fn furnish(root: &Path, units: &[&Artefact]) -> Result<Vec<String>, sanctum_host::HostError> {
    let below = |path: &str| root.join(path.trim_start_matches('/'));
    let mut names = Vec::new();
    let mut stand_ins = BTreeSet::new();
    for unit in units {
        let path = below(unit.path.as_str());
        write_new(&path, &unit.bytes)?;
        names.push(text(&path));
        let text = String::from_utf8_lossy(&unit.bytes);
        // Only a normal path stays below the root; what is none is a finding of our own reader.
        let normal = |program: &&str| AbsPath::new(*program).is_ok();
        stand_ins.extend(programs(&text).into_iter().filter(normal).map(below));
    }
    for target in TARGETS {
        let unit = format!("[Unit]\nDescription={target}\n");
        write_new(&below("usr/lib/systemd/system").join(target), unit.as_bytes())?;
    }
    for program in &stand_ins {
        write_new(program, b"#!/bin/sh\n")?;
    }
    let chmod = Program::find(&["chmod"]);
    if let (Some(chmod), false) = (chmod, stand_ins.is_empty()) {
        let paths: Vec<String> = stand_ins.iter().map(|path| text(path)).collect();
        let args: Vec<&str> =
            ["755", "--"].into_iter().chain(paths.iter().map(String::as_str)).collect();
        ask(&chmod, &args)?.success()?;
    }
    Ok(names)
}
