//! The mode of one guard in the text of an instance file: one word of one line, everything else as it was.
//!
//! The edit is made on the text, so that comments and order stay, and then read back: the new text must load, and
//! must differ from the old in that mode and in nothing else. A form that this does not know is an error and never
//! a guess. Nothing is written here.

use crate::instance::model::GuardMode;
use crate::instance::{Instance, NoCheck, load};
use serde::Serialize;

/// One of the guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Guard {
    /// Start-up files, credential files and the network.
    Sentinel,
    /// Hooks of coding agents.
    Firewall,
    /// Personal data on its way to a provider.
    Proxy,
}

impl Guard {
    /// All of them, by name.
    pub const ALL: [(&'static str, Self); 3] =
        [("sentinel", Self::Sentinel), ("firewall", Self::Firewall), ("proxy", Self::Proxy)];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sentinel => "sentinel",
            Self::Firewall => "firewall",
            Self::Proxy => "proxy",
        }
    }

    /// The guard of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, guard)| *guard)
    }

    /// Its mode in a house.
    #[must_use]
    pub const fn mode(self, instance: &Instance) -> GuardMode {
        match self {
            Self::Sentinel => instance.guards.sentinel,
            Self::Firewall => instance.guards.firewall,
            Self::Proxy => instance.guards.proxy,
        }
    }

    const fn set(self, instance: &mut Instance, mode: GuardMode) {
        match self {
            Self::Sentinel => instance.guards.sentinel = mode,
            Self::Firewall => instance.guards.firewall = mode,
            Self::Proxy => instance.guards.proxy = mode,
        }
    }
}

/// The word of a mode.
#[must_use]
pub const fn word(mode: GuardMode) -> &'static str {
    match mode {
        GuardMode::Off => "off",
        GuardMode::Observe => "observe",
        GuardMode::Enforce => "enforce",
    }
}

/// Why a text was not edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text does not load to begin with.
    #[error("the instance file does not load")]
    DoesNotLoad,
    /// The edited text would say something else, or nothing that loads.
    #[error("`guards` is written in a form that cannot be edited word by word")]
    UnknownForm,
}

/// The text with that mode of that guard.
pub fn edit(text: &str, guard: Guard, mode: GuardMode) -> Result<String, EditError> {
    let read = |text: &str| load(text, "instance.yaml", &NoCheck).map(|loaded| loaded.instance);
    let mut wanted = read(text).map_err(|_| EditError::DoesNotLoad)?;
    guard.set(&mut wanted, mode);
    let edited = edited(text, guard.name(), word(mode)).ok_or(EditError::UnknownForm)?;
    match read(&edited) {
        Ok(found) if found == wanted => Ok(edited),
        _ => Err(EditError::UnknownForm),
    }
}

fn edited(text: &str, name: &str, mode: &str) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let Some(at) = lines.iter().position(|line| line.starts_with("guards:")) else {
        let gap = if text.ends_with('\n') { "\n" } else { "\n\n" };
        return Some(format!("{text}{gap}guards:\n  {name}: {mode}\n"));
    };
    let head = lines.get(at)?;
    let mut out: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    if head.contains('{') {
        let slot = out.get_mut(at)?;
        *slot = in_braces(head, name, mode)?;
        return Some(out.concat());
    }
    // The block ends at the next line that is not indented; comments and empty lines do not end it.
    let block = lines
        .iter()
        .enumerate()
        .skip(at + 1)
        .take_while(|(_, line)| line.starts_with([' ', '\t', '#']) || line.trim().is_empty());
    let own = block
        .filter_map(|(number, line)| Some((number, line.trim_start().strip_prefix(name)?)))
        .find(|(_, rest)| rest.starts_with(':'));
    if let Some((number, rest)) = own {
        let slot = out.get_mut(number)?;
        let start = slot.len() - rest.len();
        let value = rest.strip_prefix(':')?;
        *slot = format!("{}:{}", slot.get(..start)?, with_word(value, mode)?);
    } else {
        let slot = out.get_mut(at)?;
        if !slot.ends_with('\n') {
            slot.push('\n');
        }
        slot.push_str(&format!("  {name}: {mode}\n"));
    }
    Some(out.concat())
}

/// A value with another word in the place of its own; spaces and a comment behind it stay.
fn with_word(value: &str, mode: &str) -> Option<String> {
    let start = value.len() - value.trim_start().len();
    let word = value.get(start..)?;
    let end = word.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(word.len());
    (end > 0).then(|| {
        format!("{}{mode}{}", value.get(..start).unwrap_or(" "), word.get(end..).unwrap_or(""))
    })
}

fn in_braces(line: &str, name: &str, mode: &str) -> Option<String> {
    let (open, close) = (line.find('{')?, line.find('}')?);
    let inner = line.get(open + 1..close)?;
    let mut found = false;
    let mut entries: Vec<String> = inner
        .split(',')
        .filter(|entry| !entry.trim().is_empty())
        .map(|entry| match entry.split_once(':') {
            Some((key, value)) if key.trim() == name => {
                found = true;
                with_word(value, mode)
                    .map_or_else(|| entry.to_owned(), |value| format!("{key}:{value}"))
            }
            _ => entry.to_owned(),
        })
        .collect();
    if !found {
        let gap = if entries.is_empty() { "" } else { " " };
        entries.push(format!("{gap}{name}: {mode}"));
    }
    Some(format!("{}{{{}}}{}", line.get(..open)?, entries.join(","), line.get(close + 1..)?))
}

#[cfg(test)]
mod tests;
