//! Which paths are sensitive, and to what: one table for commands and for tools that name a path.
//!
//! `table.txt` is read line by line when it is asked, so that the program starts without a relocation per entry. A path comes in as
//! [`homed`] gives it, in lower case, and may hold the characters for what is not known; it is then what it could be. Deliberately absent: links,
//! which the caller asks the machine about and hands in as paths of their own, and what a verdict is.

mod home;
mod pattern;

#[cfg(test)]
mod tests;

pub(crate) use home::homed;
pub(crate) use pattern::fits;

use crate::shell::Secrecy;

const TABLE: &str = include_str!("sensitive/table.txt");

/// What is said where the text of a path is too long for any file.
const TOO_LONG: &str = "path that is too long to be looked up";

/// What writing a path that is not allowed comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grade {
    /// It is refused.
    Deny,
    /// The person is asked: there are honest reasons for it.
    Ask,
}

/// Who wants to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    /// A command, which can be a package's script.
    Command,
    /// A tool for files.
    Tool,
}

/// What is below a directory that is read as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Below {
    /// Nothing of the table.
    Nothing,
    /// A place of the table, among much else.
    Some,
    /// Little else.
    Store,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Open,
    Deny,
    Private,
    Store,
    WriteOpen,
    Write(Grade, Writer),
}

/// Every pattern with its section and what the section says.
fn lines() -> impl Iterator<Item = (Section, &'static str, &'static str)> {
    let mut section = None;
    TABLE.lines().filter_map(move |line| {
        if let Some(head) = line.strip_prefix('[') {
            let (kind, what) = head.split_once(']')?;
            section = Some((named(kind)?, what.trim_start()));
            return None;
        }
        let (kind, what) = section?;
        Some((kind, what, line))
    })
}

fn named(kind: &str) -> Option<Section> {
    Some(match kind {
        "open" => Section::Open,
        "deny" => Section::Deny,
        "private" => Section::Private,
        "store" => Section::Store,
        "write-open" => Section::WriteOpen,
        "write-deny" => Section::Write(Grade::Deny, Writer::Command),
        "write-ask" => Section::Write(Grade::Ask, Writer::Command),
        "tool" => Section::Write(Grade::Deny, Writer::Tool),
        _ => return None,
    })
}

/// What this path's name says about its content, and what it is.
pub(crate) fn reading(path: &str) -> (Secrecy, &'static str) {
    if path.len() > pattern::LONGEST {
        return (Secrecy::Credential, TOO_LONG);
    }
    let wild = pattern::is_wild(path);
    let parts: Vec<&str> = path.split('/').collect();
    for (section, what, line) in lines() {
        let secrecy = match section {
            // A path with patterns in it may mean a file that is open and one that is not.
            Section::Open if wild => continue,
            Section::Open => Secrecy::Open,
            Section::Deny => Secrecy::Credential,
            Section::Private => Secrecy::Private,
            // What is read comes first in the table.
            Section::Store | Section::WriteOpen | Section::Write(..) => break,
        };
        if pattern::aimed(&parts, line) && fits(&parts, line) {
            return (secrecy, what);
        }
    }
    (Secrecy::Open, "")
}

/// What writing this path, or anything below it, would change.
pub(crate) fn writing(path: &str, writer: Writer) -> Option<(Grade, &'static str)> {
    if path.len() > pattern::LONGEST {
        return Some((Grade::Deny, TOO_LONG));
    }
    let wild = pattern::is_wild(path);
    let parts: Vec<&str> = path.split('/').collect();
    for (section, what, line) in lines() {
        let grade = match section {
            Section::Write(_, Writer::Tool) if writer == Writer::Command => continue,
            Section::Write(grade, _) => Some(grade),
            Section::WriteOpen if !wild => None,
            _ => continue,
        };
        let met = match grade {
            Some(_) => pattern::aimed_at(&parts, line) && pattern::within(&parts, line),
            None => fits(&parts, line),
        };
        if met {
            return grade.map(|grade| (grade, what));
        }
    }
    None
}

/// Whether developers make this file themselves, so that it may be overwritten and deleted.
pub(crate) fn made_by_hand(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    name.contains(".env") || name == ".npmrc" || name.ends_with(".tfvars")
}

/// Whether a file of this name holds variables for a shell, so that a shell that reads it shows nothing of it.
pub(crate) fn holds_variables(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    name.contains("env")
        || name.ends_with("rc")
        || matches!(name.as_str(), ".secrets" | ".dev.vars")
}

/// What moving this directory away would change, because it lies below it.
pub(crate) fn written_below(directory: &str) -> Option<(Grade, &'static str)> {
    let parts: Vec<&str> = directory.trim_end_matches('/').split('/').collect();
    if pattern::is_wild(directory) {
        return None;
    }
    lines()
        .filter_map(|(section, what, line)| match section {
            Section::Write(grade, Writer::Command)
                if !line.starts_with("**") && pattern::starts(&parts, line) =>
            {
                Some((grade, what))
            }
            _ => None,
        })
        .min_by_key(|(grade, _)| *grade == Grade::Ask)
}

/// What a section of writing comes to, by what it says.
pub(crate) fn grade(what: &str) -> Grade {
    let found = lines().find_map(|(section, said, _)| match section {
        Section::Write(grade, _) if said == what => Some(grade),
        _ => None,
    });
    found.unwrap_or(Grade::Deny)
}

/// What is read when all that is in this directory is.
pub(crate) fn below(directory: &str) -> Below {
    let parts: Vec<&str> = directory.trim_end_matches('/').split('/').collect();
    let mut found = Below::Nothing;
    for (section, _, line) in lines() {
        let here = match section {
            Section::Deny if line.starts_with("**") => continue,
            Section::Deny if parts == ["~"] || parts == [""] => Below::Some,
            // All of them are below where the homes are.
            Section::Deny if line.starts_with('~') && home::of_homes(directory) => Below::Some,
            Section::Deny if pattern::starts(&parts, line) => Below::Some,
            Section::Store if fits(&parts, line) => Below::Store,
            Section::Store if pattern::within(&parts, line) => Below::Store,
            _ => continue,
        };
        found = found.max(here);
        if found == Below::Store {
            break;
        }
    }
    found
}
