//! Proofs at the edge: run before anything is changed, printed one a line, and refused when one failed.

use crate::failure::{Exit, Failure};
use crate::output::{Out, Paint};
use crate::session::Session;
use crate::site::Place;
use sanctum_orchestrator::house::Artefact;
use sanctum_orchestrator::prove::{self, Obstacle, Outcome, Proof, Tools};
use sanctum_types::{Finding, chain};
use std::collections::BTreeSet;

/// The tools of this machine, and which of the absent ones were named already.
pub struct Bench {
    /// What is here.
    pub tools: Tools,
    absent: BTreeSet<&'static str>,
}

impl Bench {
    /// These tools, and nothing said yet.
    #[must_use]
    pub const fn new(tools: Tools) -> Self {
        Self { tools, absent: BTreeSet::new() }
    }
}

/// Reads back what is rendered, before it may enter a plan that is shown or saved.
pub fn read(session: &Session, artefacts: &[Artefact]) -> Result<(), Failure> {
    refuse(&prove::readers(&session.house()?, artefacts))
}

/// Proves what is rendered, with our own readers and, unless they are skipped, with the tools that are here; on
/// the machine itself also whether its jobs run what root alone could have put there. Nothing is changed yet.
pub fn before(
    session: &Session,
    artefacts: &[Artefact],
    tools: Option<&Tools>,
) -> Result<Vec<Proof>, Failure> {
    let house = session.house()?;
    let mut proofs = prove::readers(&house, artefacts);
    refuse(&proofs)?;
    if let Some(tools) = tools {
        proofs.extend(prove::tools(&house, artefacts, tools));
    }
    if session.site.place == Place::Machine {
        proofs.extend(prove::machine::before(&house, artefacts, tools));
    }
    refuse(&proofs)?;
    Ok(proofs)
}

/// Looks, once it is applied, at what is in force on the machine, and says what is not as it should be. It is
/// applied all the same: what is left to do is the owner's, and the hints say what.
pub fn after(
    out: Out,
    session: &Session,
    artefacts: &[Artefact],
    tools: &Tools,
) -> Result<(), Failure> {
    if session.site.place != Place::Machine {
        return Ok(());
    }
    for proof in prove::machine::live(&session.house()?, artefacts, tools) {
        for finding in proof.findings() {
            let hint = finding.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
            out.warn(&format!("{}: {}{hint}", proof.name, words(finding)));
        }
        if let Some(obstacle) = proof.could_not_check() {
            out.progress(&obstacle.to_string());
        }
    }
    Ok(())
}

/// The end of a verb one of whose proofs failed.
fn refuse(proofs: &[Proof]) -> Result<(), Failure> {
    let failed: Vec<&Proof> = proofs.iter().filter(|proof| !proof.findings().is_empty()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = failed.iter().map(|proof| proof.name.as_str()).collect();
    let message =
        format!("the rendered house is wrong by {}; nothing was changed", names.join(", "));
    let mut failure = Failure::new(Exit::Failed, message);
    let findings: Vec<&Finding> = failed.iter().flat_map(|proof| proof.findings()).collect();
    for finding in &findings {
        failure = failure.hint(words(finding));
    }
    let hints: BTreeSet<&str> = findings.iter().filter_map(|f| f.hint.as_deref()).collect();
    Err(hints.into_iter().fold(failure, Failure::hint))
}

impl Bench {
    /// Prints one line a proof, and its findings below it; an absent program is named once.
    pub fn show(&mut self, out: Out, proofs: &[Proof]) {
        for proof in proofs {
            let name = &proof.name;
            match &proof.outcome {
                Outcome::Passed(detail) => {
                    out.line(Paint::Good, &format!("  proved      {name}: {detail}"));
                }
                Outcome::Failed(findings) => {
                    out.line(Paint::Bad, &format!("  wrong       {name}: {}", proof.subject));
                    lines(out, findings);
                }
                Outcome::CouldNotCheck(Obstacle::NotHere { program, get }) => {
                    if self.absent.insert(program) {
                        out.line(Paint::Note, &format!("  not here    {program} ({get})"));
                    }
                }
                Outcome::CouldNotCheck(obstacle) => {
                    out.line(Paint::Note, &format!("  not looked  {name}: {}", chain(obstacle)));
                }
            }
        }
    }
}

/// Findings one a line; a hint that holds for several in a row stands below the last of them.
fn lines(out: Out, findings: &[Finding]) {
    let next = findings.iter().skip(1).map(|next| next.hint.as_ref()).chain([None]);
    for (finding, next) in findings.iter().zip(next) {
        out.line(Paint::Bad, &format!("              {}", words(finding)));
        if let Some(hint) = finding.hint.as_ref().filter(|hint| Some(*hint) != next) {
            out.line(Paint::Plain, &format!("              hint: {hint}"));
        }
    }
}

/// The subject is not said twice.
fn words(finding: &Finding) -> String {
    if finding.message.starts_with(&finding.subject) {
        return finding.message.clone();
    }
    format!("{}: {}", finding.subject, finding.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanctum_types::Severity;

    fn finding(message: &str) -> Finding {
        let text = str::to_owned;
        Finding {
            severity: Severity::Error,
            kind: text("k"),
            subject: text("/etc/x"),
            message: text(message),
            hint: Some(text("do this")),
        }
    }

    #[test]
    fn one_wrong_proof_ends_the_verb_and_an_absent_tool_does_not() {
        let absent = Outcome::CouldNotCheck(Obstacle::NotHere { program: "nft", get: "apt" });
        let proof =
            |name: &str, outcome| Proof { name: name.to_owned(), subject: "s".to_owned(), outcome };
        let mut proofs = vec![proof("a", Outcome::Passed(String::new())), proof("b", absent)];
        assert!(refuse(&proofs).is_ok());
        let wrong = vec![finding("line 3 is odd"), finding("/etc/x is a link")];
        proofs.push(proof("sshd -t", Outcome::Failed(wrong)));
        let failure = refuse(&proofs).unwrap_err();
        assert_eq!(failure.exit, Exit::Failed);
        assert_eq!(
            failure.text(),
            "error: the rendered house is wrong by sshd -t; nothing was changed\n\
             hint: /etc/x: line 3 is odd\nhint: /etc/x is a link\nhint: do this"
        );
    }
}
