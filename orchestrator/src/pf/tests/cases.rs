//! The measured verdicts of a real pfctl of Apple's generation.

use super::super::{Machine, check_for};
use std::net::IpAddr;

const CASES: &str = include_str!("../../../../tests/cases/pf-verdicts.json");

#[derive(serde::Deserialize)]
struct Case {
    input: String,
    accept: bool,
    expanded: String,
    stderr: String,
}

/// The interfaces of the machine on which the verdicts were measured, as its antispoof expansions show them.
fn measured_on() -> Machine {
    let net = |ip: &str, bits| (ip.parse::<IpAddr>().unwrap(), bits);
    Machine::with([
        ("en0".to_owned(), vec![]),
        ("en1".to_owned(), vec![net("192.168.1.11", 24)]),
        ("lo0".to_owned(), vec![net("127.0.0.1", 8)]),
        ("bridge100".to_owned(), vec![net("10.10.10.1", 24)]),
    ])
}

/// Linux knows no protocol of this name; macOS does.
fn depends_on_the_machine(case: &Case) -> bool {
    case.stderr.contains("unknown protocol icmp6")
}

#[test]
fn every_measured_verdict_and_expansion_agrees() {
    let cases: Vec<Case> = serde_json::from_str(CASES).unwrap();
    assert!(cases.len() >= 64);
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| !depends_on_the_machine(case)) {
        match check_for(&case.input, &measured_on()) {
            Ok(checked) if case.accept => {
                if checked.expanded() != case.expanded {
                    wrong.push(format!(
                        "{}wanted:\n{}got:\n{}",
                        case.input,
                        case.expanded,
                        checked.expanded()
                    ));
                }
            }
            Ok(_) => wrong.push(format!("accepted: {}({})", case.input, case.stderr)),
            Err(remarks) if case.accept => {
                wrong.push(format!("refused: {}{remarks:?}", case.input));
            }
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n---\n"));
}
