//! The packet filter of this Mac: enabled, our anchor loaded, and evaluated.
//!
//! An anchor that the main ruleset does not reference is loaded and never asked, and only its counters show
//! it. What pfctl prints is read here, so that it is tested anywhere; nothing of it ran on a Mac yet.

use super::is_root;
use crate::house::Artefact;
use crate::pf::check;
use crate::prove::tools::{Looked, ask, need};
use crate::prove::{Obstacle, Proof, Tools, wrong};
use sanctum_host::Unit;
use sanctum_host::command::Program;
use sanctum_host::live::{argv, parse};
use sanctum_types::Finding;

/// One rule of an anchor with how often packets were held against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The rule as pfctl prints it.
    pub rule: String,
    /// Packets that got as far as this rule.
    pub evaluations: u64,
}

/// The arguments that print an anchor's rules with their counters.
#[must_use]
pub fn counters_argv(anchor: &str) -> [String; 3] {
    ["-a".to_owned(), anchor.to_owned(), "-vsr".to_owned()]
}

/// Reads `pfctl -a NAME -vsr`: a rule, and indented below it `[ Evaluations: 12 Packets: 3 ...`. A rule
/// without its counter is left out, so that the count of rules shows it.
#[must_use]
pub fn counters(text: &str) -> Vec<Counted> {
    let mut all = Vec::new();
    let mut rule: Option<&str> = None;
    for line in text.lines() {
        if !line.starts_with(char::is_whitespace) {
            rule = Some(line.trim()).filter(|line| !line.is_empty());
            continue;
        }
        let counted = line
            .trim()
            .strip_prefix("[ Evaluations:")
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        if let (Some(evaluations), Some(rule)) = (counted, rule.take()) {
            all.push(Counted { rule: rule.to_owned(), evaluations });
        }
    }
    all
}

pub(super) fn all(file: &Artefact, tools: &Tools) -> Vec<Proof> {
    let anchor = match &file.unit {
        Some(Unit::PfAnchor { name }) => name.clone(),
        _ => String::new(),
    };
    let pfctl = here(tools);
    let enabled = pfctl.and_then(enabled);
    let evaluated = here(tools).and_then(|pfctl| evaluated(file, &anchor, pfctl));
    vec![
        Proof::from("pf, enabled", "this machine", enabled),
        Proof::from("pf, evaluated", &anchor, evaluated),
    ]
}

fn here(tools: &Tools) -> Result<&Program, Obstacle> {
    if std::env::consts::OS != "macos" {
        return Err(Obstacle::OtherSystem { system: "macOS", what: "pf" });
    }
    let pfctl = need(tools.pfctl.as_ref(), "pfctl", "macOS has it")?;
    if !is_root() {
        return Err(Obstacle::Denied {
            program: "pfctl -s".to_owned(),
            needs: "root, to open /dev/pf",
        });
    }
    Ok(pfctl)
}

fn enabled(pfctl: &Program) -> Looked {
    let args = argv::pfctl_status();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = ask(pfctl, &args)?.success()?;
    Ok((judge_status(&output.text()), "pf is enabled".to_owned()))
}

fn evaluated(file: &Artefact, anchor: &str, pfctl: &Program) -> Looked {
    let args = counters_argv(anchor);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = ask(pfctl, &args)?.success()?;
    let text = String::from_utf8_lossy(&file.bytes);
    let wanted = check(&text).map_or(0, |checked| checked.rule_count());
    Ok(judge_counters(anchor, wanted, &counters(&output.text())))
}

/// What is wrong by `pfctl -s info`.
pub(in crate::prove) fn judge_status(text: &str) -> Vec<Finding> {
    let disabled = || Finding {
        hint: Some("sudo /opt/sanctum/bin/sanctum pf load".to_owned()),
        ..wrong("pf.disabled", "pf", "pf is not enabled: no rule of anybody's is asked")
    };
    (!parse::pf_enabled(text)).then(disabled).into_iter().collect()
}

/// What is wrong by the counters of an anchor that should have `wanted` rules.
pub(in crate::prove) fn judge_counters(
    anchor: &str,
    wanted: usize,
    counted: &[Counted],
) -> (Vec<Finding>, String) {
    let finding = |kind: &str, message: String, hint: &str| Finding {
        hint: Some(hint.to_owned()),
        ..wrong(kind, anchor, message)
    };
    let mut findings = Vec::new();
    if counted.len() != wanted {
        let message = format!("{} rules are loaded, {wanted} are in the file", counted.len());
        findings.push(finding("pf.not-loaded", message, "sudo /opt/sanctum/bin/sanctum pf load"));
    }
    let evaluations = counted.iter().map(|rule| rule.evaluations).max().unwrap_or(0);
    if evaluations == 0 {
        findings.push(finding(
            "pf.not-evaluated",
            "loaded, and no packet was ever held against it".to_owned(),
            "call any port of this Mac from the LAN and look again; if it stays so, set `pf.attach: main` and apply",
        ));
    }
    (findings, format!("{} rules, asked up to {evaluations} times", counted.len()))
}
