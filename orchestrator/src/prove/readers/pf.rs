//! The anchor, decided for every interface, transport, family and port.

use crate::house::{Artefact, House};
use crate::pf::{Checked, Mismatch, check, prove};
use crate::prove::{Proof, text_of, wrong};
use crate::render::pf_anchor::intents;
use sanctum_types::{Diagnostic, Finding};

/// Mismatches that are shown; one wrong rule can be wrong for every flow.
const SHOWN: usize = 12;

pub(super) fn read(house: &House<'_>, artefact: &Artefact) -> Proof {
    let path = artefact.path.as_str();
    let (findings, detail) = match text_of(artefact) {
        Ok(text) => judge(house, path, text),
        Err(finding) => (vec![finding], String::new()),
    };
    Proof::of("pf anchor, every port", path, findings, &detail)
}

/// The main ruleset with our line in it: other people's rules, so only that pfctl would still take it.
pub(super) fn read_main(artefact: &Artefact) -> Proof {
    let path = artefact.path.as_str();
    let findings = match text_of(artefact).map(check) {
        Ok(Ok(_)) => Vec::new(),
        Ok(Err(errors)) => errors
            .iter()
            .map(|at| wrong("pf.refused", path, format!("{}:{}: {}", at.line, at.col, at.message)))
            .collect(),
        Err(finding) => vec![finding],
    };
    Proof::of("pf main ruleset, read back", path, findings, "taken, with our line in it")
}

fn judge(house: &House<'_>, path: &str, text: &str) -> (Vec<Finding>, String) {
    let remark = |kind: &'static str| {
        move |remark: &Diagnostic| {
            wrong(kind, path, format!("{}:{}: {}", remark.line, remark.col, remark.message))
        }
    };
    let checked = match check(text) {
        Ok(checked) => checked,
        Err(errors) => return (errors.iter().map(remark("pf.refused")).collect(), String::new()),
    };
    // What pfctl takes in silence is no less a mistake in a file that nobody writes by hand.
    let mut findings: Vec<Finding> = checked
        .warnings()
        .iter()
        .map(remark("pf.doubtful"))
        .chain(not_quick(path, &checked))
        .collect();
    let wanted = match intents(house) {
        Ok(wanted) => wanted,
        Err(error) => {
            findings.push(wrong("pf.intent", path, error.to_string()));
            return (findings, String::new());
        }
    };
    match prove(&checked, &wanted) {
        Ok(proved) => {
            let detail = format!(
                "{} flows × 65,536 ports decided as the registry says, {} rules",
                proved.intents,
                checked.rule_count()
            );
            (findings, detail)
        }
        Err(mismatches) => {
            findings.extend(mismatches.iter().take(SHOWN).map(|m| differs(path, m)));
            (findings, String::new())
        }
    }
}

/// Without `quick`, an anchor that another program evaluates after ours would have the last word.
fn not_quick(path: &str, checked: &Checked) -> Vec<Finding> {
    let expanded = checked.expanded();
    let rules =
        expanded.lines().filter(|line| line.starts_with("pass") || line.starts_with("block"));
    rules
        .filter(|line| {
            !line.split_whitespace().take_while(|word| *word != "on").any(|w| w == "quick")
        })
        .map(|line| wrong("pf.not-quick", path, format!("not `quick`: {line}")))
        .collect()
}

fn differs(path: &str, mismatch: &Mismatch) -> Finding {
    let Mismatch { flow, ports: (low, high), wanted, got } = mismatch;
    let rule = got.rule.as_ref().map_or_else(
        || "no rule decides".to_owned(),
        |rule| format!("line {}: {}", rule.line, rule.text),
    );
    let message = format!(
        "{:?} {} {:?} {} ports {low} to {high}: wanted {wanted:?}, got {:?} ({rule})",
        flow.direction,
        flow.on,
        flow.proto,
        flow.family.keyword(),
        got.outcome
    );
    wrong("pf.differs", path, message)
}
