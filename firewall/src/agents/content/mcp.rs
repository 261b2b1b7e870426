//! Tools of MCP servers: paths that their arguments name, rules by tool, rules in CEL, and what becomes of the rest.
//!
//! Arguments are data of any shape, so every string in them is looked at. What cannot be looked at in bounds is asked about.

use super::super::json::Json;
use super::super::paths::{self, Place, Use, overlap};
use super::super::request::{Decision, Judgement, Request, Tool};
use super::Policy;
use super::cel::{CelRule, Facts};

/// What a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Nothing against it.
    Allow,
    /// Allowed, with a remark.
    Warn,
    /// The person is asked.
    Ask,
    /// Not allowed.
    Deny,
}

impl Action {
    /// All of them with their words.
    pub const ALL: [(&'static str, Self); 4] =
        [("allow", Self::Allow), ("warn", Self::Warn), ("ask", Self::Ask), ("deny", Self::Deny)];

    /// The action of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(word, _)| *word == name).map(|(_, action)| action)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, action)| *action == self).map_or("", |(word, _)| *word)
    }

    fn judged(self, reason: String) -> Judgement {
        match self {
            Self::Allow => Judgement::allow(),
            Self::Warn => {
                Judgement { context: Some(format!("sanctum: {reason}")), ..Judgement::allow() }
            }
            Self::Ask => Judgement::ask(reason),
            Self::Deny => Judgement::deny(reason),
        }
    }
}

/// Paths that a tool may not be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct McpRule {
    /// The tool, as `tool`, `server__tool` or the agent's whole name, with `*`.
    pub tool: String,
    /// Paths that it may not be given, each with all below it.
    pub restricted_paths: Vec<String>,
    /// Whether a tool that it names is one no more that no rule names.
    pub settles: bool,
}

/// The rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct McpPolicy {
    /// Paths by tool.
    pub rules: Vec<McpRule>,
    /// Rules in CEL.
    pub cel: Vec<CelRule>,
    /// What becomes of a tool that no rule names.
    pub default: Action,
}

impl Default for McpPolicy {
    fn default() -> Self {
        Self { rules: Vec::new(), cel: Vec::new(), default: Action::Ask }
    }
}

/// Texts that name paths are that many at most; a call with more is asked about.
const MOST_PATHS: usize = 128;
/// Bytes of all of them.
const MOST_BYTES: usize = 64 << 10;
/// Arguments that hold a command, by name.
const COMMANDS: &[&str] = &["command", "cmd", "script", "shell_command"];

pub(super) fn judge(request: &Request, place: &Place, policy: &Policy<'_>) -> Judgement {
    let Tool::Mcp { server, tool } = &request.tool else { return Judgement::allow() };
    let names = [
        request.tool_name.clone(),
        tool.clone(),
        format!("{server}__{tool}"),
        format!("mcp__{server}__{tool}"),
    ];
    let Some(paths) = paths_in(&request.input) else {
        return Judgement::ask(format!(
            "Passes more paths to `{}` than are looked at",
            request.tool_name
        ));
    };
    let mut judgement = arguments(request, place, policy);
    let mut named = false;
    for rule in policy
        .mcp
        .rules
        .iter()
        .filter(|rule| names.iter().any(|name| overlap(&rule.tool, name, false)))
    {
        named |= rule.settles;
        if let Some(path) = paths.iter().find(|path| restricted(rule, path, place)) {
            let shown = paths::normal(path, place);
            judgement = judgement.worse(Judgement::deny(format!(
                "Passes a restricted path to `{}`: {shown}",
                request.tool_name
            )));
        }
    }
    if !policy.mcp.cel.is_empty() {
        let size = i64::try_from(request.input.to_string().len()).unwrap_or(i64::MAX);
        let facts = Facts { tool_name: request.tool_name.clone(), paths, payload_size: size };
        for (at, rule) in policy.mcp.cel.iter().enumerate() {
            let (judged, spoke) = by_cel(at, rule, &facts);
            named |= spoke && rule.settles;
            judgement = judgement.worse(judged);
        }
    }
    if !named && judgement.decision == Decision::Allow {
        let reason = format!("No rule names the MCP tool `{}`", request.tool_name);
        judgement = judgement.worse(policy.mcp.default.judged(reason));
    }
    judgement
}

/// A tool that nobody knows is no tool of a server, so that no rule speaks of it; what it is given is looked at all the same.
pub(super) fn judge_arguments(request: &Request, place: &Place, policy: &Policy<'_>) -> Judgement {
    if paths_in(&request.input).is_none() {
        return Judgement::ask(format!(
            "Passes more paths to `{}` than are looked at",
            request.tool_name
        ));
    }
    arguments(request, place, policy)
}

/// Words in the name of a tool that changes what it is given the path of.
const CHANGES: &[&str] = &[
    "write", "edit", "create", "delete", "move", "append", "patch", "update", "remove", "save",
    "put", "rename", "insert", "replace", "copy", "upload", "set", "chmod", "mkdir", "link",
    "touch",
];

/// A rule that cannot be read or gives no answer counts as one that denies.
fn by_cel(at: usize, rule: &CelRule, facts: &Facts) -> (Judgement, bool) {
    match rule.holds(facts) {
        Ok(false) => (Judgement::allow(), false),
        Ok(true) => {
            let reason =
                format!("MCP rule {} of `mcp_cel_rules` holds for `{}`", at + 1, facts.tool_name);
            (rule.action.judged(reason), true)
        }
        Err(error) => {
            let reason =
                format!("MCP rule {} of `mcp_cel_rules` cannot be decided: {error}", at + 1);
            (Judgement::deny(reason), true)
        }
    }
}

fn restricted(rule: &McpRule, path: &str, place: &Place) -> bool {
    let path = paths::normal(path, place);
    rule.restricted_paths.iter().any(|restricted| {
        let restricted = paths::normal(restricted, place);
        let below = format!("{}/**", restricted.trim_end_matches("/**").trim_end_matches('/'));
        overlap(&restricted, &path, place.ignore_case) || overlap(&below, &path, place.ignore_case)
    })
}

/// What the arguments themselves say, whatever the rules: sensitive paths, commands, secrets.
fn arguments(request: &Request, place: &Place, policy: &Policy<'_>) -> Judgement {
    let input = &request.input;
    let mut judgement = Judgement::allow();
    let name = request.tool_name.to_lowercase();
    let changes = CHANGES.iter().any(|word| name.contains(word));
    let mut see = |text: &str| {
        let Some(path) = whole_path(text) else { return };
        let mut taken = std::mem::replace(&mut judgement, Judgement::allow());
        if let Some(met) = paths::meet(path, place, Use::Read) {
            taken = taken.worse(Judgement::deny(format!("Reads {}: {}", met.what, met.shown)));
        }
        if let Some(met) = paths::meet(path, place, Use::Write).filter(|_| changes) {
            let reason = format!("Writes {}: {}", met.what, met.shown);
            taken = taken.worse(match met.grade {
                paths::Grade::Deny => Judgement::deny(reason),
                paths::Grade::Ask => Judgement::ask(reason),
            });
        }
        judgement = taken;
    };
    input.texts(&mut see);
    for name in COMMANDS {
        if let Some(Json::Text(text)) = input.get(name) {
            judgement = judgement.worse((policy.command)(text, Some(place.cwd.as_str())));
        }
    }
    let mut secret = None;
    input.texts(&mut |text| {
        secret = secret.or_else(|| super::write::credential(text, "", &[], policy));
    });
    match secret {
        Some((title, _)) => {
            let whom = match request.tool {
                Tool::Mcp { .. } => "an MCP server".to_owned(),
                _ => format!("the tool `{}`", request.tool_name),
            };
            judgement.worse(Judgement::deny(format!("Passes a secret ({title}) to {whom}")))
        }
        None => judgement,
    }
}

/// A text that is a path as a whole.
fn whole_path(text: &str) -> Option<&str> {
    let text = text.trim();
    // Names of files have spaces, but none before a slash or a home: that is prose.
    let prose = text.contains(" /") || text.contains(" ~");
    let one_line = !prose && !text.contains(['\n', '\0']) && text.len() <= 4096;
    (one_line && looks_like_path(text)).then_some(text)
}

fn looks_like_path(text: &str) -> bool {
    let address = text.contains("://") && !text.starts_with("file://");
    !address
        && (text.starts_with(['/', '~', '.'])
            || text.starts_with("$HOME")
            || text.starts_with("file://")
            || text.contains('/'))
}

/// Every path that the arguments name, as a whole text or as a word of one; none if there are more than are looked at.
#[must_use]
pub fn paths_in(input: &Json) -> Option<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    let mut bytes = 0_usize;
    let mut add = |text: &str| {
        if !found.iter().any(|path| path == text) && found.len() <= MOST_PATHS {
            bytes = bytes.saturating_add(text.len());
            found.push(text.to_owned());
        }
    };
    input.texts(&mut |text| {
        if let Some(path) = whole_path(text) {
            add(path);
        }
        let ends = |c: char| c.is_whitespace() || "\"'`()<>,;=|&".contains(c);
        text.split(ends).filter(|word| looks_like_path(word) && *word != text).for_each(&mut add);
    });
    (found.len() <= MOST_PATHS && bytes <= MOST_BYTES).then_some(found)
}
