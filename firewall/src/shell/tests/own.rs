//! Own cases over the classes of bypass: `cases.txt`, one a line.

use super::{Decision, judged, unescaped};

const CASES: &str = include_str!("../../../tests-data/shell/cases.txt");

#[test]
fn every_case_has_its_verdict() {
    let mut wrong = Vec::new();
    for line in CASES.lines().filter(|l| !l.starts_with('#') && !l.is_empty()) {
        let mut cells = line.splitn(3, '\t');
        let (expected, class, command) = (
            cells.next().unwrap(),
            cells.next().unwrap(),
            unescaped(cells.next().unwrap_or_else(|| panic!("{line}"))),
        );
        let judgement = judged(&command);
        let got = match judgement.decision {
            Decision::Allow => "allow",
            Decision::Ask => "ask",
            Decision::Deny => "deny",
        };
        if got != expected {
            wrong.push(format!(
                "{class}: {expected}, but {got}: {command:?}  ({})",
                judgement.reason
            ));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn there_are_400_cases_and_half_of_them_are_neighbours() {
    let cases: Vec<&str> = CASES.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).collect();
    let allowed = cases.iter().filter(|l| l.starts_with("allow\t")).count();
    assert!(cases.len() >= 400, "{}", cases.len());
    assert!(allowed >= 300, "{allowed} of {}", cases.len());
    let mut sorted = cases.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), cases.len(), "a case stands twice");
}

#[test]
fn the_reason_names_the_path() {
    assert_eq!(
        judged("cat ~/.aws/credentials").reason,
        "Reads sensitive credential path: ~/.aws/credentials"
    );
    assert_eq!(judged("rm -rf ~").reason, "Deletes the home directory: ~");
}
