//! The drop-in as sshd reads a file: the first value of a keyword counts, and `Match` ends all that is global.

use crate::house::{Artefact, House};
use crate::prove::{Proof, text_of, wrong};
use crate::render::sshd::{Effective, check_effective, expected, matches_in, parse_effective};
use sanctum_types::Finding;

/// What the drop-in may say beside the keywords whose effect is judged: how sshd prints it differs by release.
const UNJUDGED: [&str; 1] = ["persourcepenalties"];

pub(super) fn read(house: &House<'_>, artefact: &Artefact) -> Proof {
    let path = artefact.path.as_str();
    let (findings, detail) = match text_of(artefact) {
        Ok(text) => judge(house, path, text),
        Err(finding) => (vec![finding], String::new()),
    };
    Proof::of("sshd drop-in, read back", path, findings, &detail)
}

fn judge(house: &House<'_>, path: &str, text: &str) -> (Vec<Finding>, String) {
    let mut findings: Vec<Finding> =
        matches_in(text).iter().map(|found| wrong("ssh.match", path, found.to_string())).collect();
    let said = first_values(text);
    let wanted = match expected(house) {
        Ok(wanted) => wanted,
        Err(error) => {
            findings.push(wrong("ssh.expectation", path, error.to_string()));
            return (findings, String::new());
        }
    };
    let strange = said
        .keys()
        .filter(|keyword| !wanted.contains_key(*keyword) && !UNJUDGED.contains(&keyword.as_str()));
    findings.extend(strange.map(|keyword| {
        wrong("ssh.unknown-keyword", path, format!("{keyword} is not a keyword of this drop-in"))
    }));
    let weak = check_effective(&wanted, &said);
    findings.extend(weak.iter().map(|found| wrong("ssh.weaker", path, found.to_string())));
    (findings, format!("{} keywords, no Match", said.len()))
}

/// The global part, each keyword with its first value; `AllowUsers` is the exception that collects.
fn first_values(text: &str) -> Effective {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let global: Vec<&str> = lines
        .take_while(|line| {
            !line
                .split(|c: char| c.is_whitespace() || c == '=')
                .next()
                .is_some_and(|word| word.trim_matches('"').eq_ignore_ascii_case("match"))
        })
        .collect();
    let mut said = parse_effective(&global.join("\n"));
    for (keyword, values) in &mut said {
        if keyword != "allowusers" {
            values.truncate(1);
        }
    }
    said
}
