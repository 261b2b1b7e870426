//! What a scan comes to: findings that show no secret, what could not be scanned, and how much was.
//!
//! Invariant: nothing here holds a byte of a secret beyond its kind's public prefix. A piece that was not read is in
//! [`Report::not_scanned`] and never counts as clean. Deliberately absent: how a report is written.

use crate::validate::Validity;
use sanctum_types::{Severity, UnixTime};
use serde::Serialize;

/// From what a piece of text came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A file below a path that was given.
    File,
    /// A file in the history of a repository.
    History,
    /// The message of a commit or an annotated tag.
    Message,
    /// A file as it stands in the index.
    Staged,
    /// The URL of a remote.
    Remote,
    /// The history of a shell or another line editor.
    Shell,
    /// A property list.
    Plist,
    /// The arguments of a process.
    Arguments,
    /// The environment of a process.
    Environment,
    /// What a container engine says of a container.
    Container,
}

impl Source {
    /// As reports spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::History => "history",
            Self::Message => "message",
            Self::Staged => "staged",
            Self::Remote => "remote",
            Self::Shell => "shell",
            Self::Plist => "plist",
            Self::Arguments => "arguments",
            Self::Environment => "environment",
            Self::Container => "container",
        }
    }
}

/// The first commit that shows a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// Its name, in hexadecimal.
    pub id: String,
    /// When its author wrote it.
    pub authored: UnixTime,
    /// Its place among the commits of its history: of two that show a secret, the one with the smaller one counts.
    #[serde(skip)]
    pub order: u64,
}

/// Why a finding is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "by", content = "reason")]
pub enum Accepted {
    /// A mark in the text, with its reason.
    Mark(String),
    /// A fingerprint of the baseline or the list of the owner, with its reason where it has one.
    Fingerprint(Option<String>),
}

/// One secret somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// From what.
    pub source: Source,
    /// Where: a path, inside archives behind `!`, or the name of a process or container.
    pub path: String,
    /// Line of its first byte, from 1.
    pub line: usize,
    /// Column of its first byte in characters, from 1.
    pub column: usize,
    /// Line of the character behind its last one.
    pub end_line: usize,
    /// Column of that character.
    pub end_column: usize,
    /// The encodings around it, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<&'static str>,
    /// The line around it, secrets replaced by marks.
    pub preview: String,
    /// The first commit that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// Its fingerprint under the baseline's key, where one is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Whether it still opens something, where that was to be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity: Option<Validity>,
    /// Why it does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Accepted>,
}

/// Something that was not read, or not as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NotScanned {
    /// What.
    pub subject: String,
    /// What stood in the way.
    pub cause: String,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Files, members of archives, objects of repositories, environments and so on that were read.
    pub pieces: u64,
    /// Their bytes, after unpacking.
    pub bytes: u64,
    /// Files that are binary by content.
    pub binary: u64,
    /// Commits whose trees were looked at.
    pub commits: u64,
}

/// What a scan came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Findings that count, by path, line and rule.
    pub findings: Vec<Finding>,
    /// Findings that are accepted.
    pub accepted: Vec<Finding>,
    /// What was not scanned.
    pub not_scanned: Vec<NotScanned>,
    /// Findings and remarks that were left out because there are too many.
    pub left_out: u64,
    /// How much was looked at.
    pub counts: Counts,
}
