//! Rules of launchd that its own error messages do not tell, for our property lists and anybody's.
//!
//! Each rule was paid for by a job that did not run and said nothing. [`lint_one`] sees one file,
//! [`lint_all`] what only shows between files, [`lint_jobs`] what property lists do not say. Absent on purpose:
//! looking at the machine; whether a program exists is another check's work.

use super::Job;
use crate::house::layout;
use plist::{Dictionary, Value};
use sanctum_types::{AbsPath, Finding, Severity};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Cursor;

/// The rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// No strict reader can read it.
    Unreadable,
    /// `--` in a comment: launchd reads it, strict readers do not.
    DashesInComment,
    /// No label, or another than the file's name.
    Label,
    /// No program.
    NoProgram,
    /// The program is not an absolute path.
    RelativeProgram,
    /// `~` in a path: launchd expands nothing.
    Tilde,
    /// A path with a version in it, which the next upgrade removes.
    VersionedPath,
    /// A place that privacy controls or a cloud keeps from a job.
    PrivatePlace,
    /// A session type in a daemon, which then does not load (error 5).
    SessionInDaemon,
    /// KeepAlive starts a job at load whatever else is said.
    KeepAliveStartsIt,
    /// An empty calendar entry fires every minute.
    EmptyCalendar,
    /// A calendar entry whose missing field means every value.
    WildcardCalendar,
    /// What runs by the clock has no ExitTimeOut and is killed after 20 seconds.
    NoExitTimeOut,
    /// Environment variables, which every user of the machine can read.
    Environment,
    /// One label in two places.
    DuplicateLabel,
    /// Two jobs on one port.
    DuplicatePort,
    /// A log file outside the directories that are made for it.
    LogPlace,
}

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lint {
    /// The rule.
    pub rule: Rule,
    /// The file or job.
    pub subject: String,
    /// What was seen; never the value of an environment variable.
    pub seen: String,
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.rule.message())?;
        if self.seen.is_empty() { Ok(()) } else { write!(f, " ({})", self.seen) }
    }
}

impl Rule {
    /// The rule's stable name, as findings carry it.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Unreadable => "launchd.unreadable",
            Self::DashesInComment => "launchd.dashes-in-comment",
            Self::Label => "launchd.label",
            Self::NoProgram => "launchd.no-program",
            Self::RelativeProgram => "launchd.relative-program",
            Self::Tilde => "launchd.tilde",
            Self::VersionedPath => "launchd.versioned-path",
            Self::PrivatePlace => "launchd.private-place",
            Self::SessionInDaemon => "launchd.session-in-daemon",
            Self::KeepAliveStartsIt => "launchd.keep-alive-starts-it",
            Self::EmptyCalendar => "launchd.empty-calendar",
            Self::WildcardCalendar => "launchd.wildcard-calendar",
            Self::NoExitTimeOut => "launchd.no-exit-time-out",
            Self::Environment => "launchd.environment",
            Self::DuplicateLabel => "launchd.duplicate-label",
            Self::DuplicatePort => "launchd.duplicate-port",
            Self::LogPlace => "launchd.log-place",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::Unreadable => "a strict reader cannot read it",
            Self::DashesInComment => "`--` in a comment, which strict readers refuse",
            Self::Label => "the label is missing or not the file's name",
            Self::NoProgram => "it has no program",
            Self::RelativeProgram => "its program is not an absolute path",
            Self::Tilde => "`~` in a path, which launchd does not expand",
            Self::VersionedPath => "a path that the next upgrade removes",
            Self::PrivatePlace => "a place that privacy controls or a cloud keep from a job",
            Self::SessionInDaemon => "a session type in a daemon, which then does not load",
            Self::KeepAliveStartsIt => "KeepAlive starts it at load although RunAtLoad is not true",
            Self::EmptyCalendar => "an empty calendar entry, which fires every minute",
            Self::WildcardCalendar => "a calendar entry whose missing field means every value",
            Self::NoExitTimeOut => "no ExitTimeOut: it is killed 20 seconds after SIGTERM",
            Self::Environment => "environment variables, which everybody can read",
            Self::DuplicateLabel => "its label is used in another file too",
            Self::DuplicatePort => "its port is another job's too",
            Self::LogPlace => "its log is outside the log directories of the house",
        }
    }
}

impl From<&Lint> for Finding {
    fn from(lint: &Lint) -> Self {
        let severity = match lint.rule {
            Rule::DashesInComment | Rule::NoExitTimeOut | Rule::LogPlace => Severity::Warn,
            _ => Severity::Error,
        };
        Self {
            severity,
            kind: lint.rule.kind().to_owned(),
            subject: lint.subject.clone(),
            message: lint.to_string(),
            hint: None,
        }
    }
}

/// Judges one property list.
#[must_use]
pub fn lint_one(path: &AbsPath, bytes: &[u8]) -> Vec<Lint> {
    let mut lints = Lints { subject: path.to_string(), found: Vec::new() };
    if dashes_in_comment(bytes) {
        lints.add(Rule::DashesInComment, "");
    }
    match Value::from_reader(Cursor::new(bytes)) {
        Ok(Value::Dictionary(dict)) => {
            label(&mut lints, path, &dict);
            program(&mut lints, &dict);
            places(&mut lints, &dict);
            domain(&mut lints, path, &dict);
            starts(&mut lints, &dict);
        }
        Ok(_) => lints.add(Rule::Unreadable, "not a dictionary"),
        Err(error) => lints.add(Rule::Unreadable, &error.to_string()),
    }
    lints.found
}

/// Judges property lists one by one and against each other.
#[must_use]
pub fn lint_all(files: &[(&AbsPath, &[u8])]) -> Vec<Lint> {
    let mut found: Vec<Lint> =
        files.iter().flat_map(|(path, bytes)| lint_one(path, bytes)).collect();
    let mut owners: BTreeMap<String, &AbsPath> = BTreeMap::new();
    for (path, bytes) in files {
        let Ok(value) = Value::from_reader(Cursor::new(bytes)) else { continue };
        let Some(label) = value.as_dictionary().and_then(|dict| string(dict, "Label")) else {
            continue;
        };
        if let Some(first) = owners.insert(label.to_owned(), path) {
            let seen = format!("`{label}` in {first}");
            found.push(Lint { rule: Rule::DuplicateLabel, subject: path.to_string(), seen });
        }
    }
    found
}

/// Judges jobs before they are property lists.
#[must_use]
pub fn lint_jobs(jobs: &[Job]) -> Vec<Lint> {
    let mut found = Vec::new();
    let mut owners = BTreeMap::new();
    for job in jobs {
        for port in &job.ports {
            if let Some(first) = owners.insert(*port, &job.name) {
                let seen = format!("{} of `{first}`", port.0);
                found.push(Lint {
                    rule: Rule::DuplicatePort,
                    subject: job.label.to_string(),
                    seen,
                });
            }
        }
    }
    found
}

struct Lints {
    subject: String,
    found: Vec<Lint>,
}

impl Lints {
    fn add(&mut self, rule: Rule, seen: &str) {
        self.found.push(Lint { rule, subject: self.subject.clone(), seen: seen.to_owned() });
    }
}

/// XML 1.0 §2.5: a comment must not hold `--`, nor end in `--->`.
fn dashes_in_comment(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.split("<!--").skip(1).any(|rest| {
        let comment = rest.split_once("-->").map_or(rest, |(comment, _)| comment);
        comment.contains("--") || comment.ends_with('-')
    })
}

fn string<'a>(dict: &'a Dictionary, key: &str) -> Option<&'a str> {
    dict.get(key).and_then(Value::as_string)
}

fn arguments(dict: &Dictionary) -> Vec<&str> {
    let list = dict.get("ProgramArguments").and_then(Value::as_array);
    list.map(|list| list.iter().filter_map(Value::as_string).collect()).unwrap_or_default()
}

fn label(lints: &mut Lints, path: &AbsPath, dict: &Dictionary) {
    match string(dict, "Label") {
        None => lints.add(Rule::Label, "no label"),
        Some(label) if path.file_name() != format!("{label}.plist") => {
            lints.add(Rule::Label, label);
        }
        Some(_) => {}
    }
}

fn program(lints: &mut Lints, dict: &Dictionary) {
    let first = arguments(dict).first().copied();
    match string(dict, "Program").or(first) {
        None | Some("") => lints.add(Rule::NoProgram, ""),
        Some(program) if !program.starts_with('/') => lints.add(Rule::RelativeProgram, program),
        Some(_) => {}
    }
    if dict.get("EnvironmentVariables").is_some() {
        lints.add(Rule::Environment, "");
    }
}

fn places(lints: &mut Lints, dict: &Dictionary) {
    const PRIVATE: [&str; 6] = [
        "/Documents/",
        "/Desktop/",
        "/Downloads/",
        "/CloudStorage/",
        "/Mobile Documents/",
        "/iCloud Drive/",
    ];
    let keys =
        ["Program", "WorkingDirectory", "StandardOutPath", "StandardErrorPath", "StandardInPath"];
    let values = keys.iter().filter_map(|key| string(dict, key)).chain(arguments(dict));
    for value in values {
        let whole = format!("{value}/");
        if value.starts_with('~') || value.contains("=~") {
            lints.add(Rule::Tilde, value);
        }
        if PRIVATE.iter().any(|place| whole.contains(place)) {
            lints.add(Rule::PrivatePlace, value);
        }
        if versioned(value) {
            lints.add(Rule::VersionedPath, value);
        }
    }
    for key in ["StandardOutPath", "StandardErrorPath"] {
        let ours = string(dict, "Label").is_some_and(|label| label.starts_with("com.sanctum."));
        let place = format!("{}/", layout::LOGS);
        if let Some(log) = string(dict, key).filter(|log| ours && !log.starts_with(&place)) {
            lints.add(Rule::LogPlace, log);
        }
    }
}

/// `/Cellar/`, or a folder such as `python@3.12.1` or `1.2.3`: gone after the next upgrade.
fn versioned(path: &str) -> bool {
    let version = |part: &str| {
        let number = part.rsplit_once('@').map_or(part, |(_, number)| number);
        number.contains('.')
            && number.split('.').all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    path.starts_with('/') && (path.contains("/Cellar/") || path.split('/').any(version))
}

fn domain(lints: &mut Lints, path: &AbsPath, dict: &Dictionary) {
    let daemon = path.as_str().contains("/LaunchDaemons/");
    match dict.get("LimitLoadToSessionType") {
        Some(_) if daemon => lints.add(Rule::SessionInDaemon, "LimitLoadToSessionType"),
        Some(_) | None => {}
    }
}

fn starts(lints: &mut Lints, dict: &Dictionary) {
    let flag = |key: &str| dict.get(key).and_then(Value::as_boolean);
    if flag("KeepAlive") == Some(true) && flag("RunAtLoad") != Some(true) {
        lints.add(Rule::KeepAliveStartsIt, "");
    }
    let Some(calendar) = dict.get("StartCalendarInterval") else { return };
    let one = std::slice::from_ref(calendar);
    let entries = calendar.as_array().map_or(one, Vec::as_slice);
    if entries.is_empty() {
        lints.add(Rule::EmptyCalendar, "no entry");
    }
    for entry in entries.iter().filter_map(Value::as_dictionary) {
        let has = |key: &str| entry.get(key).is_some();
        let day = has("Day") || has("Weekday") || has("Month");
        if entry.is_empty() {
            lints.add(Rule::EmptyCalendar, "");
        } else if !has("Minute") {
            lints.add(Rule::WildcardCalendar, "no Minute: every minute");
        } else if day && !has("Hour") {
            lints.add(Rule::WildcardCalendar, "a day but no Hour: every hour");
        }
    }
    if dict.get("ExitTimeOut").is_none() {
        lints.add(Rule::NoExitTimeOut, "");
    }
}

#[cfg(test)]
mod tests;
