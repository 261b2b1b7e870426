//! What a shell command would do: text and a context become effects, and effects become a verdict with one reason.
//!
//! [`read`] parses bash, walks it with abstract values and collects [`Effect`]s; [`judge`] maps them to allow, ask or deny.
//! Pure: no file, process, variable or clock is touched; what the machine would answer is asked of a [`View`] that the caller
//! gives. Whatever cannot be derived, or would take too long to derive, is a [`Reason`] in the report, never silence.
//! Deliberately absent: whether a package exists (its names are effects), and any pattern over the raw text of a command.

mod effect;
mod expand;
mod judge;
mod oneliner;
mod parse;
mod program;
mod rewrite;
mod tables;
mod value;
mod walk;
mod wrappers;

#[cfg(test)]
mod tests;

pub use effect::{Ecosystem, Effect, Install, Place, Reason, Secrecy};
pub use judge::{Decision, Judgement, Policy, judge};
pub use rewrite::{only_install, with_option};

pub(crate) use program::unaliased;
pub(crate) use value::{HOLE, ONE, STAR, overlaps};

/// What the machine would answer, given by the caller. Every answer may be "I do not know", which is the default.
pub trait View {
    /// The value of an environment variable that is no secret (`TMPDIR`, `EDITOR`, ...).
    fn variable(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }

    /// Where the symbolic link at this absolute path leads, when it is one.
    fn link(&self, path: &str) -> Option<String> {
        let _ = path;
        None
    }

    /// The names in this absolute directory, for patterns; `None` when it was not looked at.
    fn names(&self, directory: &str) -> Option<Vec<String>> {
        let _ = directory;
        None
    }

    /// Whether the environment of the command may hold a credential. `true` unless the caller looked.
    fn environment_may_hold_secrets(&self) -> bool {
        true
    }
}

/// A view that knows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoView;

impl View for NoView {}

/// Where and for whom the command would run. All paths absolute and without a trailing slash.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The owner's home directory.
    pub home: &'a str,
    /// The directory the command starts in.
    pub cwd: &'a str,
    /// The root of the project the agent works on.
    pub project: &'a str,
    /// What the machine would answer.
    pub view: &'a dyn View,
}

/// What a command would do, as far as it can be derived.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// In the order in which the walk came upon them, without repetition.
    pub effects: Vec<Effect>,
    /// What could not be derived.
    pub underived: Vec<Reason>,
}

/// What reading this absolute path would be, for tools that are no shell.
#[must_use]
pub fn reading(path: &str, context: &Context<'_>) -> Report {
    let path = value::normal(path, Some(context.cwd));
    let secrecy = tables::secrecy(&path, context.home);
    let path = value::shown(&path, context.home);
    Report { effects: vec![Effect::Reads { path, secrecy }], underived: Vec::new() }
}

/// What writing this absolute path would be, for tools that are no shell.
#[must_use]
pub fn writing(path: &str, context: &Context<'_>) -> Report {
    let path = value::normal(path, Some(context.cwd));
    let secrecy = tables::secrecy(&path, context.home);
    let place = tables::place(&path, context);
    let path = value::shown(&path, context.home);
    Report { effects: vec![Effect::Writes { path, place, secrecy }], underived: Vec::new() }
}

/// Whether an effect's path could be what a pattern of the tables' form means (`~/notes/**`, `**/*.vault`).
#[must_use]
pub fn path_fits(path: &str, pattern: &str, home: &str) -> bool {
    let path =
        path.strip_prefix('~').map_or_else(|| path.to_owned(), |rest| format!("{home}{rest}"));
    tables::could_be(&path, &pattern.to_lowercase(), home)
}

/// Whether a variable of this name holds a credential.
#[must_use]
pub fn names_a_credential(variable: &str) -> bool {
    tables::credential_variable(variable)
}

/// Reads a command as bash would and reports what it would do. Never fails, and ends within the limits of `walk`.
#[must_use]
pub fn read(text: &str, context: &Context<'_>) -> Report {
    walk::report(text, context)
}
