//! What came of the lints: one verdict each, and how many of each kind.
//!
//! A verdict's outcome is one of three. What could not be looked at stands beside findings where both are true: the
//! findings count, and the report still says that it did not see everything.

use super::boot;
use super::lint::{Answer, Lint};
use super::looked::Looked;
use sanctum_types::{CouldNotCheck, Finding};
use serde::Serialize;
use serde_json::{Value, json};

/// What came of one lint.
pub struct Verdict {
    /// Which.
    pub lint: &'static Lint,
    /// What came of it.
    pub outcome: Outcome,
    /// What could not be looked at; with `Holds` always empty.
    pub unseen: Vec<CouldNotCheck>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds for so many things.
    Holds(usize),
    /// It does not; never empty.
    Violated(Vec<Finding>),
    /// Nobody could look at all of it, and what was seen is as it should be.
    CouldNotLook,
}

/// What came of all of them.
pub struct Report {
    /// In the order of the catalogue.
    pub verdicts: Vec<Verdict>,
    /// Lints that mean nothing on this node.
    pub elsewhere: usize,
}

/// What a family tells beyond findings.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Its key in the report for programs.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// Its lines for people.
    pub lines: Vec<String>,
    /// The same for programs.
    pub data: Value,
}

/// How many lints came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    /// They hold.
    pub holds: usize,
    /// They do not.
    pub violated: usize,
    /// Nobody could look.
    pub could_not_look: usize,
    /// They mean nothing on this node.
    pub elsewhere: usize,
}

impl Verdict {
    /// Asks one lint.
    #[must_use]
    pub fn of(lint: &'static Lint, looked: &Looked) -> Self {
        let answer = (lint.judge)(looked)
            .unwrap_or_else(|unseen| Answer { unseen: vec![unseen], ..Answer::default() });
        let Answer { looked_at, found, mut unseen } = answer;
        unseen.dedup();
        let outcome = match (found.is_empty(), unseen.is_empty()) {
            (false, _) => {
                Outcome::Violated(found.into_iter().map(|found| lint.finding(found)).collect())
            }
            (true, false) => Outcome::CouldNotLook,
            (true, true) => Outcome::Holds(looked_at),
        };
        Self { lint, outcome, unseen }
    }

    /// Its findings; empty unless it is violated.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match &self.outcome {
            Outcome::Violated(findings) => findings,
            Outcome::Holds(_) | Outcome::CouldNotLook => &[],
        }
    }

    /// The verdict for `--json`: `outcome` is `holds`, `violated` or `could-not-look`.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut all = json!({ "id": self.lint.id, "severity": self.lint.severity });
        let (outcome, key, value) = match &self.outcome {
            Outcome::Holds(count) => ("holds", "looked_at", json!(count)),
            Outcome::Violated(findings) => ("violated", "findings", json!(findings)),
            Outcome::CouldNotLook => ("could-not-look", "unseen", json!(self.unseen)),
        };
        if let Some(map) = all.as_object_mut() {
            map.insert("outcome".to_owned(), json!(outcome));
            map.insert("unseen".to_owned(), json!(self.unseen));
            map.insert(key.to_owned(), value);
        }
        all
    }
}

impl Report {
    /// Asks the lints that mean something on the node that was looked at.
    #[must_use]
    pub fn of(lints: &[&'static Lint], looked: &Looked) -> Self {
        let here: Vec<&'static Lint> =
            lints.iter().copied().filter(|lint| lint.on.suits(looked.os())).collect();
        let verdicts: Vec<Verdict> = here.iter().map(|lint| Verdict::of(lint, looked)).collect();
        Self { elsewhere: lints.len() - verdicts.len(), verdicts }
    }

    /// Whether something could not be looked at, be it beside findings.
    #[must_use]
    pub fn is_partly_unseen(&self) -> bool {
        self.verdicts.iter().any(|verdict| !verdict.unseen.is_empty())
    }

    /// What the families tell beyond findings, for those whose lints were asked.
    #[must_use]
    pub fn sections(&self, looked: &Looked) -> Vec<Section> {
        let asked = |family: &str| self.verdicts.iter().any(|one| one.lint.family() == family);
        if asked("boot") { boot::report::section(looked).into_iter().collect() } else { Vec::new() }
    }

    /// How many came out how.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { elsewhere: self.elsewhere, ..Counts::default() };
        for verdict in &self.verdicts {
            match verdict.outcome {
                Outcome::Holds(_) => counts.holds += 1,
                Outcome::Violated(_) => counts.violated += 1,
                Outcome::CouldNotLook => counts.could_not_look += 1,
            }
        }
        counts
    }
}
