//! One lint, and what its function answers.
//!
//! The function is pure: it sees what was looked at and nothing else. It answers `Err` when what it needs could not be
//! looked at as a whole; an [`Answer`] can also say that single things could not be looked at, and then what was found
//! among the others still counts.

use super::looked::{Looked, Many, Need};
use crate::instance::model::Os;
use sanctum_types::{CouldNotCheck, Finding, Severity};
use std::fmt::Display;

/// Something that should hold.
pub struct Lint {
    /// `family/name`; the file of the lint has the same name.
    pub id: &'static str,
    /// How bad it is when it does not hold.
    pub severity: Severity,
    /// On which nodes it means anything.
    pub on: On,
    /// What holds, in one line.
    pub title: &'static str,
    /// Why it should: what happened where it did not.
    pub why: &'static str,
    /// What to do.
    pub fix: Fix,
    /// What must have been looked at; everything else is not there when it runs.
    pub needs: &'static [Need],
    /// Judges.
    pub judge: fn(&Looked) -> Seen,
    /// A house where it holds.
    #[cfg(test)]
    pub good: fn() -> Looked,
    /// A house where it does not.
    #[cfg(test)]
    pub bad: fn() -> Looked,
}

/// What a lint's function gives back.
pub type Seen = super::looked::Seen<Answer>;

/// On which nodes a lint means anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// Every node.
    Any,
    /// Nodes that run macOS.
    Macos,
    /// Nodes that run Linux.
    Linux,
}

/// What to do about a lint that does not hold. A file of the house that is not as it is rendered is always put right by
/// `sanctum apply`, whatever stands here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fix {
    /// `sanctum apply` puts it right.
    Apply,
    /// This command puts it right; words in capitals stand for what the finding names.
    Run(&'static str),
    /// A decision or an edit that only the owner can make.
    Edit(&'static str),
}

/// What was found, and what could not be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// How many things were looked at.
    pub looked_at: usize,
    /// What is not as it should be.
    pub found: Vec<Found>,
    /// What could not be looked at.
    pub unseen: Vec<CouldNotCheck>,
}

/// One thing that is not as it should be; the lint gives it severity and kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is about: a path, a label, a port.
    pub subject: String,
    /// What was seen; never a secret value.
    pub message: String,
    /// What to do, where it is more exact than what the lint says.
    pub hint: Option<String>,
}

impl On {
    /// Whether nodes of that system are meant.
    #[must_use]
    pub fn suits(self, os: Os) -> bool {
        match self {
            Self::Any => true,
            Self::Macos => os == Os::Macos,
            Self::Linux => os == Os::Linux,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Any => "every system",
            Self::Macos => "macOS",
            Self::Linux => "Linux",
        }
    }
}

impl Fix {
    /// What to type or to do.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Apply => "sanctum apply",
            Self::Run(command) => command,
            Self::Edit(what) => what,
        }
    }
}

impl Lint {
    /// The part of the id before the `/`.
    #[must_use]
    pub fn family(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(family, _)| family)
    }

    /// A finding of this lint.
    #[must_use]
    pub fn finding(&self, found: Found) -> Finding {
        Finding {
            severity: self.severity,
            kind: self.id.to_owned(),
            subject: found.subject,
            message: found.message,
            hint: Some(found.hint.unwrap_or_else(|| self.fix.text().to_owned())),
        }
    }
}

impl Answer {
    /// Nothing found among that many things.
    #[must_use]
    pub fn over(looked_at: usize) -> Self {
        Self { looked_at, ..Self::default() }
    }

    /// Nothing found yet among many things, and those that could not be looked at.
    #[must_use]
    pub fn of<T>(many: &Many<T>) -> Self {
        Self { looked_at: many.all.len(), found: Vec::new(), unseen: many.unseen.clone() }
    }

    /// The same with those of some other things that could not be looked at.
    #[must_use]
    pub fn beside<T>(mut self, many: &Many<T>) -> Self {
        self.unseen.extend(many.unseen.iter().cloned());
        self
    }

    /// One more finding.
    pub fn add(&mut self, subject: &(impl Display + ?Sized), message: impl Into<String>) {
        let (subject, message) = (subject.to_string(), message.into());
        self.found.push(Found { subject, message, hint: None });
    }

    /// One more finding with what to do about this one.
    pub fn add_with(
        &mut self,
        subject: &(impl Display + ?Sized),
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let (subject, message) = (subject.to_string(), message.into());
        self.found.push(Found { subject, message, hint: Some(hint.into()) });
    }

    /// A whole observation, or the remark that it is missing; what was found without it still counts.
    pub fn part<'a, T: ?Sized>(&mut self, seen: super::looked::Seen<&'a T>) -> Option<&'a T> {
        seen.map_err(|unseen| self.unseen.push(unseen)).ok()
    }

    /// An observation of many things; those that could not be seen are told, and the others still count.
    pub fn many<'a, T>(&mut self, seen: super::looked::Seen<&'a Many<T>>) -> Option<&'a Many<T>> {
        let many = self.part(seen)?;
        self.unseen.extend(many.unseen.iter().cloned());
        Some(many)
    }

    /// One thing was looked at, or it could not be; gives it back where it was.
    pub fn see<T>(&mut self, seen: super::looked::Seen<T>) -> Option<T> {
        match seen {
            Ok(seen) => {
                self.looked_at += 1;
                Some(seen)
            }
            Err(unseen) => {
                self.unseen.push(unseen);
                None
            }
        }
    }
}
