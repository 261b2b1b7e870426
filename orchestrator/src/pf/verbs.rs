//! `sanctum pf check` and `sanctum pf decide` as values: what to print, and how to exit.
//!
//! The caller reads the file and prints; the exit code of a file that could not be read (2) is its business.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::{
    Checked, Decision, Direction, Family, Machine, Outcome, Packet, Proto, check_for, decide,
};

/// Exit code of `pf check` when pfctl would accept the file.
pub const ACCEPTED: u8 = 0;
/// Exit code of `pf check` when pfctl would refuse the file.
pub const REJECTED: u8 = 1;

/// What a verb says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// For standard output: the answer, each line ended by a newline.
    pub answer: String,
    /// For standard error: errors and warnings as `path:line:col: message`, the line, a caret.
    pub remarks: String,
    /// `ACCEPTED` or `REJECTED`.
    pub code: u8,
}

/// The question of `pf decide`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The interface the packet is on.
    pub on: String,
    /// Arriving or leaving.
    pub direction: Direction,
    /// Its protocol.
    pub proto: Proto,
    /// Its destination port.
    pub port: u16,
    /// Its source; any when absent.
    pub from: Option<IpAddr>,
    /// Its destination; any when absent.
    pub to: Option<IpAddr>,
}

/// Judges the bytes of a file; bytes that are not UTF-8 count as characters that no keyword has.
#[must_use]
pub fn check_report(path: &str, bytes: &[u8], machine: &Machine) -> Report {
    let text = String::from_utf8_lossy(bytes);
    match check_for(&text, machine) {
        Ok(checked) => {
            let rules = checked.rule_count();
            let answer = format!("{path}: accepted, {rules} rules\n");
            Report { answer, remarks: warnings(&checked, path, &text), code: ACCEPTED }
        }
        Err(errors) => {
            let mut remarks = String::new();
            for error in &errors {
                let _ = writeln!(remarks, "{}", error.render(path, &text));
            }
            Report { answer: String::new(), remarks, code: REJECTED }
        }
    }
}

fn warnings(checked: &Checked, path: &str, text: &str) -> String {
    let mut remarks = String::new();
    for warning in checked.warnings() {
        let mut warning = warning.clone();
        warning.message.insert_str(0, "warning: ");
        let _ = writeln!(remarks, "{}", warning.render(path, text));
    }
    remarks
}

/// Answers what becomes of a packet: `pass`, `block` or `undecidable`, and the rule that decides. Where the
/// addresses leave the family open and the families differ, each has its own line.
#[must_use]
pub fn decide_report(path: &str, bytes: &[u8], machine: &Machine, question: &Question) -> Report {
    let text = String::from_utf8_lossy(bytes);
    let Ok(checked) = check_for(&text, machine) else {
        return check_report(path, bytes, machine);
    };
    let ends = [question.from, question.to];
    let mut families: Vec<Family> = ends.into_iter().flatten().map(Family::of).collect();
    families.dedup();
    if families.len() > 1 {
        let remarks = "the two addresses are of different families\n".to_owned();
        return Report { answer: String::new(), remarks, code: REJECTED };
    }
    if families.is_empty() {
        families = vec![Family::V4, Family::V6];
    }
    let found: Vec<(Family, Decision)> = families
        .iter()
        .map(|family| (*family, decide(&checked, &packet(question, *family))))
        .collect();
    let alike = found.windows(2).all(|pair| match pair {
        [(_, a), (_, b)] => a == b,
        _ => true,
    });
    let mut answer = String::new();
    for (family, decision) in found.iter().take(if alike { 1 } else { found.len() }) {
        let prefix = if alike { String::new() } else { format!("{}: ", family.keyword()) };
        let _ = write!(answer, "{prefix}{}", shown(path, decision));
    }
    Report { answer, remarks: String::new(), code: ACCEPTED }
}

fn packet(question: &Question, family: Family) -> Packet {
    Packet {
        on: question.on.clone(),
        direction: question.direction,
        family,
        proto: question.proto,
        from: question.from,
        to: question.to,
        source_port: None,
        port: question.port,
    }
}

fn shown(path: &str, decision: &Decision) -> String {
    let word = decision.outcome;
    let mut out = match &decision.rule {
        Some(rule) => format!("{word}: {path}:{}: {}\n", rule.line, rule.text),
        None if decision.outcome == Outcome::Pass => format!("{word}: no rule matches\n"),
        None => format!("{word}: it depends on what this file does not say\n"),
    };
    for open in &decision.open {
        let _ = writeln!(out, "  {open}");
    }
    out
}
