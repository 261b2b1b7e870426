//! systemd units as lines of sections, and the programs that they start.

use crate::house::Artefact;
use crate::prove::{Proof, text_of, wrong};
use sanctum_types::{AbsPath, Finding};

/// Sections that our units have.
const SECTIONS: [&str; 4] = ["Unit", "Service", "Timer", "Install"];

/// One `key=value` line with the section that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Line of the file, from 1.
    pub(crate) number: usize,
    /// Section without brackets; empty before the first.
    pub(crate) section: &'a str,
    /// Before the first `=`; the whole line where there is none.
    pub(crate) key: &'a str,
    /// Behind it; none where there is no `=`.
    pub(crate) value: Option<&'a str>,
}

/// The lines of a unit that say something.
pub(crate) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut section = "";
    let mut all = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
            continue;
        }
        let (key, value) = match line.split_once('=') {
            Some((key, value)) => (key.trim(), Some(value.trim())),
            None => (line, None),
        };
        all.push(Line { number: index + 1, section, key, value });
    }
    all
}

/// The programs that a unit starts, without systemd's prefixes.
pub(crate) fn programs(text: &str) -> Vec<&str> {
    let starts = lines(text)
        .into_iter()
        .filter(|line| line.section == "Service" && line.key.starts_with("Exec"));
    starts
        .filter_map(|line| line.value)
        .filter_map(|value| value.split_whitespace().next())
        // systemd.service(5), "Command lines": what may stand before the path.
        .map(|word| word.trim_start_matches(['@', '-', ':', '+', '!', '|']).trim_matches('"'))
        .collect()
}

pub(super) fn read(artefacts: &[&Artefact]) -> Option<Proof> {
    if artefacts.is_empty() {
        return None;
    }
    let findings: Vec<Finding> = artefacts.iter().flat_map(|artefact| judge(artefact)).collect();
    let detail = format!("{} units", artefacts.len());
    Some(Proof::of("systemd, read back", "units", findings, &detail))
}

fn judge(artefact: &Artefact) -> Vec<Finding> {
    let path = artefact.path.as_str();
    let text = match text_of(artefact) {
        Ok(text) => text,
        Err(finding) => return vec![finding],
    };
    let lines = lines(text);
    let mut findings = Vec::new();
    let mut add = |message: String| findings.push(wrong("systemd.unit", path, message));
    for line in &lines {
        if line.value.is_none() {
            add(format!("line {}: `{}` has no value", line.number, line.key));
        }
        if !SECTIONS.contains(&line.section) {
            add(format!("line {}: `{}` stands in [{}]", line.number, line.key, line.section));
        }
    }
    let has = |section: &str, key: &str| {
        lines.iter().any(|line| line.section == section && line.key == key)
    };
    if path.ends_with(".service") && !has("Service", "ExecStart") {
        add("it starts nothing".to_owned());
    }
    if path.ends_with(".timer") && !has("Timer", "OnCalendar") {
        add("it never fires".to_owned());
    }
    for program in programs(text) {
        if let Err(error) = AbsPath::new(program) {
            add(format!("it starts `{program}`: {error}"));
        }
    }
    findings
}
