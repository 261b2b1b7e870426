//! The one error edge: what happened, to what, what to do next, and a documented exit code.

use std::error::Error;
use std::fmt::Write as _;

/// Exit codes; `sanctum --help` lists them for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Failed; nothing was changed.
    Failed,
    /// The command line is wrong.
    Usage,
    /// Differences or findings.
    Differences,
    /// Refused: stale, not approved, not confirmed, a foreign edit in the way.
    Refused,
    /// Failed, and everything that was begun is rolled back.
    RolledBack,
    /// Rolling back was not possible as a whole.
    Incomplete,
    /// A bug of sanctum.
    Bug,
    /// A code of a verb that keeps somebody else's protocol: the original's of `sops`, a child's of what runs one.
    Protocol(u8),
}

impl Exit {
    /// The number that the process ends with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Differences => 3,
            Self::Refused => 4,
            Self::RolledBack => 5,
            Self::Incomplete => 6,
            Self::Bug => 70,
            Self::Protocol(code) => code,
        }
    }
}

/// An error on its way to the terminal.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened; its sources are printed below it.
    pub error: Box<dyn Error + Send + Sync>,
    /// The exact next commands.
    pub hints: Vec<String>,
    /// What else the report says under `--json`.
    pub more: serde_json::Map<String, serde_json::Value>,
}

impl Failure {
    /// A failure with an exit code.
    pub fn new(exit: Exit, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { exit, error: error.into(), hints: Vec::new(), more: serde_json::Map::new() }
    }

    /// Something failed.
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::Failed, error)
    }

    /// Something was refused.
    pub fn refused(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::Refused, error)
    }

    /// The same failure with one more hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same failure with one more entry of its report.
    #[must_use]
    pub fn with(mut self, key: &str, value: serde_json::Value) -> Self {
        self.more.insert(key.to_owned(), value);
        self
    }

    /// The text for standard error; not redacted yet.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("error: {}", self.error);
        let mut source = self.error.source();
        while let Some(cause) = source {
            let _ = write!(text, "\n  caused by: {cause}");
            source = cause.source();
        }
        for hint in &self.hints {
            let _ = write!(text, "\nhint: {hint}");
        }
        text
    }

    /// The same as data, for `--json`; not redacted yet.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let mut causes = Vec::new();
        let mut source = self.error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        let mut all = self.more.clone();
        all.insert("format".to_owned(), 1.into());
        all.insert("error".to_owned(), self.error.to_string().into());
        all.insert("causes".to_owned(), causes.into());
        all.insert("hints".to_owned(), self.hints.clone().into());
        all.insert("exit".to_owned(), self.exit.code().into());
        serde_json::Value::Object(all)
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::failed(error)
    }
}
