//! What the reader of shell commands is held to: corpora, own cases, laws, bounds.

mod bounds;
mod corpora;
mod laws;
mod ordinary;
mod own;
mod rewrite;

use super::{Context, Decision, Judgement, NoView, Policy, Report, judge, read};

/// A house with one project.
pub(super) fn context() -> Context<'static> {
    Context {
        home: "/home/dev",
        cwd: "/home/dev/project",
        project: "/home/dev/project",
        view: &NoView,
    }
}

pub(super) fn report(command: &str) -> Report {
    read(command, &context())
}

pub(super) fn judged(command: &str) -> Judgement {
    judge(&report(command), &Policy { home: "/home/dev".to_owned(), ..Policy::default() })
}

pub(super) fn decided(command: &str) -> Decision {
    judged(command).decision
}

/// Undoes the escapes of the data files.
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some(c) => out.push(c),
            None => out.push('\\'),
        }
    }
    out
}
