//! The agents' settings files: where the hooks go, whether they stand, and how they go away.
//!
//! Text in, text out. A file is edited in place, so that comments, order and layout stay; what is not JSON is refused with its
//! place and stays as it is. Installing twice changes nothing, and removing gives back the bytes that were there. Absent
//! on purpose: reading or writing any file.

mod around;
mod edit;
mod place;
mod plugin;
mod want;

pub(crate) use around::moves_hooks;
pub use around::{
    CodexTrust, Files, Skip, Whose, agent_of, around, bypasses, codex_trust, program_in,
    program_of, settings_around,
};
pub use place::{Os, Scope, codex_config_skips, settings_path};
pub use plugin::plugin;

use super::json::{Json, JsonError, Layout, Node, parse_settings};
use super::request::Agent;
use edit::{Seat, append, cut};
use sanctum_types::{AbsPath, Diagnostic};
use std::collections::BTreeSet;
use want::{Want, is_ours, wanted};

/// Why a settings file was not edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// It is not JSON, comments and trailing commas aside.
    #[error("the settings are not JSON")]
    Json(#[from] JsonError),
    /// A place where hooks belong holds something else.
    #[error("`{key}` at line {line}, column {col} is not {wanted}")]
    Shape {
        /// The member.
        key: String,
        /// What it must be.
        wanted: &'static str,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        col: usize,
    },
    /// A member of hooks occurs twice; which of both an agent reads is its own affair.
    #[error("`{key}` at line {line}, column {col} occurs a second time")]
    Twice {
        /// The member.
        key: String,
        /// Line of the second one, from 1.
        line: usize,
        /// Column of the second one, from 1.
        col: usize,
    },
    /// A file of this name is there and is none of ours.
    #[error("the plugin file holds something that sanctum has not written")]
    ForeignPlugin,
    /// This agent keeps no settings.
    #[error("agent `{0}` has no settings to install hooks in")]
    NoSettings(&'static str),
}

/// A text that was edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The file as it is to be; none where it is to go.
    pub text: Option<String>,
    /// How it was, for the receipt.
    pub undo: Undo,
}

/// What a receipt keeps, so that removing gives back the exact bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// The file before; none where there was none.
    pub before: Option<String>,
    /// The file after; none where it went.
    pub after: Option<String>,
}

/// How the hooks of an agent stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// None are there.
    Absent,
    /// All are there, as they are installed.
    Installed,
    /// Some are there, and something about them is not as it is installed.
    Tampered(Vec<String>),
    /// All are there, and a setting keeps them from running.
    Skipped(Vec<String>),
}

/// Puts the hooks into the settings. `text` is the file, if there is one; one that holds nothing counts as none.
pub fn install(
    agent: Agent,
    text: Option<&str>,
    program: &AbsPath,
) -> Result<Edited, SettingsError> {
    if agent == Agent::OpenCode {
        return plugin::install(text, program);
    }
    let wants = known(agent, program)?;
    let before = text.map(str::to_owned);
    let mut now = match text {
        Some(text) if !text.trim().is_empty() => text.to_owned(),
        _ => "{}\n".to_owned(),
    };
    let stale = |now: &str| -> Result<bool, SettingsError> {
        let root = tree(now)?;
        Ok(ours(&root).into_iter().any(|seat| !stands(&root, &seat, &wants)))
    };
    if stale(&now)? {
        now = without_ours(&now)?;
    }
    if agent == Agent::Cursor && tree(&now)?.get("version").is_none() {
        now = add(&now, &[], "version", Json::Number("1".to_owned()))?;
    }
    for want in &wants {
        if !has(&tree(&now)?, want) {
            now = add(&now, &["hooks", want.event], "", want.group.clone())?;
        }
    }
    let after = Some(now);
    Ok(Edited { text: after.clone(), undo: Undo { before, after } })
}

/// Takes the hooks out of the settings. With the receipt's `undo`, and nothing else changed since, the exact bytes come back;
/// else what is ours goes and the rest stays.
pub fn remove(agent: Agent, text: &str, undo: Option<&Undo>) -> Result<Edited, SettingsError> {
    let of = |after: Option<String>| Edited {
        text: after.clone(),
        undo: Undo { before: Some(text.to_owned()), after },
    };
    if let Some(undo) = undo.filter(|undo| undo.after.as_deref() == Some(text)) {
        return Ok(of(undo.before.clone()));
    }
    if agent == Agent::OpenCode {
        return if plugin::is_ours(text) {
            Ok(of(None))
        } else {
            Err(SettingsError::ForeignPlugin)
        };
    }
    Ok(of(Some(without_ours(text)?)))
}

/// How the hooks stand in the settings.
pub fn status(
    agent: Agent,
    text: Option<&str>,
    program: &AbsPath,
) -> Result<Status, SettingsError> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(Status::Absent) };
    if agent == Agent::OpenCode {
        return Ok(plugin::status(text, program));
    }
    let wants = known(agent, program)?;
    let root = tree(text)?;
    let seats = ours(&root);
    let missing = wants.iter().filter(|want| !has(&root, want));
    let mut wrong: Vec<String> =
        missing.map(|want| format!("the hook for {} is missing or changed", want.event)).collect();
    let strange = seats.iter().filter(|seat| !stands(&root, seat, &wants));
    wrong.extend(
        strange.map(|seat| format!("a hook for {} is not as it was installed", seat.event)),
    );
    if seats.is_empty() {
        return Ok(Status::Absent);
    }
    if !wrong.is_empty() {
        wrong.dedup();
        return Ok(Status::Tampered(wrong));
    }
    let skips = place::skips(agent, &root);
    Ok(if skips.is_empty() { Status::Installed } else { Status::Skipped(skips) })
}

/// Settings in a file of another scope that keep the user's hooks from running, by name.
pub fn skipped_by(agent: Agent, text: &str) -> Result<Vec<String>, SettingsError> {
    Ok(place::skips(agent, &parse_settings(text)?))
}

fn known(agent: Agent, program: &AbsPath) -> Result<Vec<Want>, SettingsError> {
    let wants = wanted(agent, program);
    if wants.is_empty() { Err(SettingsError::NoSettings(agent.name())) } else { Ok(wants) }
}

/// The tree of a file whose hooks are named once each.
fn tree(text: &str) -> Result<Node, SettingsError> {
    let root = parse_settings(text)?;
    let hooks = root.get("hooks").and_then(Node::members).unwrap_or_default();
    let of_root = root.members().unwrap_or_default().iter().filter(|member| member.name == "hooks");
    let mut seen = BTreeSet::new();
    let twice = of_root.chain(hooks.iter()).find(|member| !seen.insert(member.name.as_str()));
    let Some(member) = twice else { return Ok(root) };
    let (line, col) = Diagnostic::position(text, member.name_span.start);
    Err(SettingsError::Twice { key: member.name.clone(), line, col })
}

/// Whether the wanted group is there, member for member.
fn has(root: &Node, want: &Want) -> bool {
    groups(root, want.event).iter().any(|group| Json::from(group.clone()) == want.group)
}

fn groups<'a>(root: &'a Node, event: &str) -> &'a [Node] {
    let list = root.get("hooks").and_then(|hooks| hooks.get(event));
    list.and_then(Node::items).unwrap_or_default()
}

/// A hook of ours in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OurSeat {
    event: String,
    group: usize,
    /// Its place among the hooks of its group; none where the group is the hook.
    inner: Option<usize>,
}

fn ours(root: &Node) -> Vec<OurSeat> {
    let mut seats = Vec::new();
    let events = root.get("hooks").and_then(Node::members).unwrap_or_default();
    for event in events {
        for (at, group) in event.node.items().unwrap_or_default().iter().enumerate() {
            let seat = |inner| OurSeat { event: event.name.clone(), group: at, inner };
            if is_ours(group) {
                seats.push(seat(None));
            }
            let inner = group.get("hooks").and_then(Node::items).unwrap_or_default();
            let here = inner.iter().enumerate().filter(|(_, hook)| is_ours(hook));
            seats.extend(here.map(|(inner, _)| seat(Some(inner))));
        }
    }
    seats
}

/// Whether the group of this seat is one of those that are wanted.
fn stands(root: &Node, seat: &OurSeat, wants: &[Want]) -> bool {
    let Some(group) = groups(root, &seat.event).get(seat.group) else { return false };
    let group = Json::from(group.clone());
    wants.iter().any(|want| want.event == seat.event && want.group == group)
}

/// Puts a value into the list at `path`, or into the object there under `name`, making what is missing on the way.
fn add(text: &str, path: &[&str], name: &str, value: Json) -> Result<String, SettingsError> {
    let root = tree(text)?;
    let mut here = &root;
    let mut line = vec![&root];
    for (depth, key) in path.iter().enumerate() {
        let Some(members) = here.members() else { return Err(shape(text, here, path, depth)) };
        let Some(member) = members.iter().rev().find(|member| member.name == *key) else {
            let made = make(path.get(depth + 1..).unwrap_or_default(), value);
            return Ok(append(
                text,
                &root,
                &Seat { container: here, name: Some(key), value: &made },
            ));
        };
        here = &member.node;
        line.push(here);
    }
    let fits = if name.is_empty() { here.items().is_some() } else { here.members().is_some() };
    if !fits {
        return Err(shape(text, here, path, path.len()));
    }
    let name = Some(name).filter(|name| !name.is_empty());
    Ok(append(text, &root, &Seat { container: here, name, value: &value }))
}

/// The value inside a list inside the objects of this path.
fn make(path: &[&str], value: Json) -> Json {
    let list = Json::List(vec![value]);
    path.iter().rev().fold(list, |inner, key| Json::map([(*key, inner)]))
}

fn shape(text: &str, node: &Node, path: &[&str], depth: usize) -> SettingsError {
    let (line, col) = Diagnostic::position(text, node.span.start);
    let key = match depth.checked_sub(1).and_then(|at| path.get(at)) {
        Some(key) => (*key).to_owned(),
        None => "the file".to_owned(),
    };
    let wanted = if depth == path.len() { "a list" } else { "an object" };
    SettingsError::Shape { key, wanted, line, col }
}

/// The text without any hook of ours, and without the groups, lists and objects that they leave empty.
fn without_ours(text: &str) -> Result<String, SettingsError> {
    let mut now = text.to_owned();
    // Each round takes one hook away, and a text cannot hold more of them than bytes.
    for _ in 0..text.len() {
        let root = tree(&now)?;
        let Some(seat) = ours(&root).into_iter().next() else { break };
        let Some(ranges) = goes(&now, &root, &seat) else { break };
        ranges.into_iter().for_each(|range| now.replace_range(range, ""));
    }
    Ok(now)
}

/// What goes with this hook: the widest of hook, group, list and object that would hold nothing else.
fn goes(text: &str, root: &Node, seat: &OurSeat) -> Option<Vec<std::ops::Range<usize>>> {
    let hooks = root.get("hooks")?;
    let list = hooks.get(&seat.event)?;
    let group = list.items()?.get(seat.group)?;
    if let Some(inner) = seat.inner {
        let inside = group.get("hooks")?;
        if inside.items()?.len() > 1 {
            return cut(text, inside, inner);
        }
    }
    if list.items()?.len() > 1 {
        return cut(text, list, seat.group);
    }
    let at =
        |node: &Node, name: &str| node.members()?.iter().rposition(|member| member.name == name);
    if hooks.members()?.len() > 1 {
        return cut(text, hooks, at(hooks, &seat.event)?);
    }
    cut(text, root, at(root, "hooks")?)
}

/// The layout of a new file.
const FRESH: Layout<'static> = Layout { unit: "  ", newline: "\n" };

#[cfg(test)]
mod tests;
