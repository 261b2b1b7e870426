//! Paths that tools name: what they are by the one table of sensitive paths, which commands are judged by too.
//!
//! A path is made absolute and normal by its text alone: no link is followed, so the caller hands in what a
//! link leads to as a path of its own. `~`, `$HOME` and every home directory of the system's usual form are one and the same, for a
//! secret of another person is one too. A path that holds `*`, `?` or `[…]` is matched as what it could mean.

mod glob;

pub use crate::sensitive::Grade;

pub(crate) use glob::overlap;

use crate::sensitive::{self, Below, Writer};
use crate::shell::Secrecy;

/// What is done with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Use {
    /// Its content is read or searched.
    Read,
    /// It is written, moved or deleted.
    Write,
}

/// What the text of a path is read with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The home directory, absolute; empty where it is not known.
    pub home: String,
    /// The working directory, absolute; empty where it is not known.
    pub cwd: String,
    /// Whether names differ in case only where they are different files: not so on macOS.
    pub ignore_case: bool,
}

/// A path that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// What it is, after "Reads" or "Writes".
    pub what: &'static str,
    /// What the use comes to.
    pub grade: Grade,
    /// The path as a person knows it: below `~` where it is below a home directory.
    pub shown: String,
}

/// The path without `.`, `..`, doubled separators, `~` and variables for the home directory, absolute where that can be known.
/// A home directory comes out as `~`, whosever it is.
#[must_use]
pub fn normal(path: &str, place: &Place) -> String {
    let path = path.trim().strip_prefix("file://").unwrap_or(path.trim());
    if let Some(rest) = of_somebody(path) {
        return as_home(&squash(rest));
    }
    let joined = match home_relative(path) {
        Some(rest) if place.home.is_empty() => return as_home(&squash(rest)),
        Some(rest) => format!("{}/{rest}", place.home),
        None if path.starts_with('/') => path.to_owned(),
        None if place.cwd.is_empty() => return squash(path).trim_start_matches('/').to_owned(),
        None => format!("{}/{path}", place.cwd),
    };
    let whole = unwrapped(&squash(&entered(&joined, place)), place);
    below_home(&whole, place).map_or(whole, |rest| as_home(&rest))
}

fn as_home(rest: &str) -> String {
    let rest = rest.trim_start_matches('/');
    if rest.is_empty() { "~".to_owned() } else { format!("~/{rest}") }
}

fn home_relative(path: &str) -> Option<&str> {
    ["~", "$HOME", "${HOME}"].iter().find_map(|home| {
        let rest = path.strip_prefix(home)?;
        if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
    })
}

/// What stands below `~name`.
fn of_somebody(path: &str) -> Option<&str> {
    let (name, rest) = path.strip_prefix('~')?.split_once('/')?;
    let named =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    named.then_some(rest)
}

/// Without empty and `.` components, `..` resolved by text.
fn squash(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// A path through Linux's `/proc/PID/cwd` or `/proc/PID/root`, with what that leads to: `..` behind it leaves that, not `/proc`.
fn entered(path: &str, place: &Place) -> String {
    let parts: Vec<&str> =
        path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let ["proc", _, rest @ ..] = parts.as_slice() else { return path.to_owned() };
    let rest = if let ["task", _, rest @ ..] = rest { rest } else { rest };
    match rest {
        ["root", rest @ ..] => entered(&format!("/{}", rest.join("/")), place),
        ["cwd", rest @ ..] if !place.cwd.is_empty() => format!("{}/{}", place.cwd, rest.join("/")),
        _ => path.to_owned(),
    }
}

/// Without the ways in which the same file has another name: macOS keeps `/etc`, `/tmp` and `/var` below `/private` and all of its
/// data volume below `/System/Volumes/Data`; Linux shows every root and working directory below `/proc`.
fn unwrapped(path: &str, place: &Place) -> String {
    let mut path = path.to_owned();
    for prefix in ["/System/Volumes/Data/", "/private/etc/", "/private/tmp/", "/private/var/"] {
        let keep = prefix.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if let Some(rest) = strip(&path, prefix, place.ignore_case) {
            path = if keep == "Data" { format!("/{rest}") } else { format!("/{keep}/{rest}") };
        }
    }
    let mut parts = path.splitn(5, '/').skip(1);
    if let (Some("proc"), Some(_), Some(what), rest) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    {
        let rest = rest.unwrap_or_default();
        match what {
            "root" => return squash(rest),
            "cwd" if !place.cwd.is_empty() => return squash(&format!("{}/{rest}", place.cwd)),
            _ => {}
        }
    }
    path
}

fn strip<'a>(path: &'a str, prefix: &str, ignore_case: bool) -> Option<&'a str> {
    let head = path.get(..prefix.len())?;
    let same = if ignore_case { head.eq_ignore_ascii_case(prefix) } else { head == prefix };
    if same { path.get(prefix.len()..) } else { None }
}

/// What stands below a home directory: the known one, root's, or one of the system's usual form.
fn below_home(path: &str, place: &Place) -> Option<String> {
    let home = place.home.trim_end_matches('/');
    let whole = format!("{path}/");
    if !home.is_empty()
        && let Some(rest) = strip(&whole, &format!("{home}/"), place.ignore_case)
    {
        return Some(rest.trim_end_matches('/').to_owned());
    }
    for root in ["/root/", "/var/root/"] {
        if let Some(rest) = strip(&whole, root, place.ignore_case) {
            return Some(rest.trim_end_matches('/').to_owned());
        }
    }
    for homes in ["/home/", "/Users/", "/export/home/", "/var/home/"] {
        if let Some(rest) = strip(path, homes, place.ignore_case) {
            let (person, rest) = rest.split_once('/').unwrap_or((rest, ""));
            return (!person.is_empty()).then(|| rest.to_owned());
        }
    }
    None
}

/// What this path is, if it is not allowed for this use.
#[must_use]
pub fn meet(path: &str, place: &Place, wanted: Use) -> Option<Met> {
    let shown = normal(path, place);
    let asked = glob::opened(&shown.to_lowercase());
    let (secrecy, read) = sensitive::reading(&asked);
    let denied = secrecy == Secrecy::Credential;
    let (what, grade) = match wanted {
        Use::Read => denied.then_some((read, Grade::Deny))?,
        Use::Write => match sensitive::writing(&asked, Writer::Tool) {
            Some((grade, what)) => (what, grade),
            // Files of a project's own secrets are made by developers; a key or a store is not.
            None => (denied && !sensitive::made_by_hand(&shown)).then_some((read, Grade::Deny))?,
        },
    };
    Some(Met { what, grade, shown })
}

/// What is met when this directory is looked through, with everything below it. `names` are the patterns that the search is
/// narrowed to; without one it sees every file.
#[must_use]
pub fn meet_below(root: &str, names: &[String], place: &Place) -> Option<Met> {
    if let Some(met) = meet(root, place, Use::Read) {
        return Some(met);
    }
    let base = normal(root, place);
    if holds(root, place) == Below::Store {
        let (what, grade) = ("directory of credentials", Grade::Deny);
        return Some(Met { what, grade, shown: base });
    }
    // What lies in a project is looked through all the time; only a search that is aimed at secrets is met there.
    for name in names {
        let below =
            if name.starts_with(['/', '~', '$']) { name.clone() } else { format!("{base}/{name}") };
        let direct = meet(&below, place, Use::Read);
        let anywhere = name
            .strip_prefix("**/")
            .and_then(|rest| meet(&format!("{base}/{rest}"), place, Use::Read));
        if let Some(met) = direct.or(anywhere).filter(|_| !is_any(name)) {
            return Some(met);
        }
    }
    None
}

/// Whether a search below this directory passes through places of the table, so that somebody should be asked.
#[must_use]
pub fn covers_secrets(root: &str, place: &Place) -> bool {
    holds(root, place) > Below::Nothing
}

fn holds(root: &str, place: &Place) -> Below {
    sensitive::below(&normal(root, place).to_lowercase())
}

/// Whether a pattern of names says no more than "every file", or every file of one kind.
fn is_any(pattern: &str) -> bool {
    pattern.split('/').all(|part| {
        let stem = part.rsplit_once('.').map_or(part, |(stem, _)| stem);
        !stem.is_empty() && stem.chars().all(|c| c == '*')
    })
}

#[cfg(test)]
mod tests;
