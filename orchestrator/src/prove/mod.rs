//! The proof layer: a rendered node judged by our own readers and by the real programs of this machine.
//!
//! [`readers`] is pure and always runs before anything may enter a plan; [`tools()`] asks the programs that
//! are here, on copies in a directory of its own; [`machine`] looks at what is in force. Invariant: "it is
//! wrong" is [`Outcome::Failed`], "I could not look" is [`Outcome::CouldNotCheck`], and neither is ever the
//! other. Deliberately absent: repairs.

pub mod machine;
mod obstacle;
mod readers;
mod tools;

#[cfg(test)]
mod tests;

pub use obstacle::Obstacle;
pub use readers::readers;
pub(crate) use readers::seed::judge_network;
pub use tools::{Tools, tools};

use crate::house::Artefact;
use sanctum_types::{CouldNotCheck, Finding, Severity, chain};
use serde_json::{Value, json};

/// One check of one thing, with what came of it.
#[derive(Debug)]
pub struct Proof {
    /// What was asked, such as `sshd -t`.
    pub name: String,
    /// Of what: a path, or a part of the machine.
    pub subject: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a check.
#[derive(Debug)]
pub enum Outcome {
    /// It is as it should be; the words say how much was looked at.
    Passed(String),
    /// It is wrong; never empty.
    Failed(Vec<Finding>),
    /// Nobody could look.
    CouldNotCheck(Obstacle),
}

impl Proof {
    /// A proof by findings: none of them is a pass, which `detail` puts into words.
    #[must_use]
    pub fn of(name: &str, subject: &str, findings: Vec<Finding>, detail: &str) -> Self {
        let outcome = match findings.is_empty() {
            true => Outcome::Passed(detail.to_owned()),
            false => Outcome::Failed(findings),
        };
        Self { name: name.to_owned(), subject: subject.to_owned(), outcome }
    }

    /// A proof whose check may have met an obstacle; findings come with the words for a pass.
    pub(crate) fn from(
        name: &str,
        subject: &str,
        looked: Result<(Vec<Finding>, String), Obstacle>,
    ) -> Self {
        match looked {
            Ok((findings, detail)) => Self::of(name, subject, findings, &detail),
            Err(obstacle) => Self {
                name: name.to_owned(),
                subject: subject.to_owned(),
                outcome: Outcome::CouldNotCheck(obstacle),
            },
        }
    }

    /// Its findings; empty unless it failed.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match &self.outcome {
            Outcome::Failed(findings) => findings,
            Outcome::Passed(_) | Outcome::CouldNotCheck(_) => &[],
        }
    }

    /// The check that could not be made, in the house's own form.
    #[must_use]
    pub fn could_not_check(&self) -> Option<CouldNotCheck> {
        match &self.outcome {
            Outcome::CouldNotCheck(obstacle) => Some(CouldNotCheck {
                subject: format!("{} of {}", self.name, self.subject),
                cause: chain(obstacle),
            }),
            Outcome::Passed(_) | Outcome::Failed(_) => None,
        }
    }

    /// The proof for `--json`: `outcome` is `passed`, `failed` or `could-not-check`.
    #[must_use]
    pub fn json(&self) -> Value {
        let (outcome, key, what) = match &self.outcome {
            Outcome::Passed(detail) => ("passed", "detail", json!(detail)),
            Outcome::Failed(findings) => ("failed", "findings", json!(findings)),
            Outcome::CouldNotCheck(obstacle) => {
                ("could-not-check", "cause", json!(chain(obstacle)))
            }
        };
        let mut all = json!({ "name": self.name, "subject": self.subject, "outcome": outcome });
        if let Some(map) = all.as_object_mut() {
            map.insert(key.to_owned(), what);
        }
        all
    }
}

/// How many proofs came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// As they should be.
    pub passed: usize,
    /// Wrong.
    pub failed: usize,
    /// Not looked at.
    pub could_not_check: usize,
}

/// Counts outcomes.
#[must_use]
pub fn summary(proofs: &[Proof]) -> Summary {
    let mut all = Summary::default();
    for proof in proofs {
        match proof.outcome {
            Outcome::Passed(_) => all.passed += 1,
            Outcome::Failed(_) => all.failed += 1,
            Outcome::CouldNotCheck(_) => all.could_not_check += 1,
        }
    }
    all
}

/// A finding of severity `Error` without a hint.
fn wrong(kind: &str, subject: &str, message: impl Into<String>) -> Finding {
    Finding {
        severity: Severity::Error,
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        message: message.into(),
        hint: None,
    }
}

/// The artefact's bytes as text, or the finding that they are none.
fn text_of(artefact: &Artefact) -> Result<&str, Finding> {
    std::str::from_utf8(&artefact.bytes).map_err(|error| {
        let message = format!("not UTF-8 from byte {}", error.valid_up_to());
        wrong("text.utf8", artefact.path.as_str(), message)
    })
}
