//! What keeps hooks that are installed from running: settings of other files, words in what starts the agent, a trust that is
//! still to be given.
//!
//! Text in, findings out: whoever has the files hands them in. Deliberately absent: what another program does with an option that
//! is in none of these tables.

use super::super::json::{Json, Node, parse_settings};
use super::super::request::Agent;
use super::place::{Os, Scope, settings_path, skips};
use super::{OurSeat, SettingsError, ours, tree};
use sanctum_types::AbsPath;
use toml::de::{DeTable, DeValue};

/// Files of a machine, as far as the caller may read them.
pub trait Files {
    /// The text of a file; none where it is not there or cannot be read.
    fn text(&self, path: &str) -> Option<String>;
    /// The names in a directory; none where it is not there.
    fn names(&self, dir: &str) -> Vec<String>;
}

/// Whose settings are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whose<'a> {
    /// The person's home directory.
    pub home: &'a str,
    /// The directory of a project, where one is looked at.
    pub project: Option<&'a str>,
    /// The system.
    pub os: Os,
}

/// Something that keeps hooks from running.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skip {
    /// The file.
    pub place: String,
    /// The setting, option or variable.
    pub what: String,
    /// Whether root's own hooks run all the same.
    pub spares_managed: bool,
}

/// Words by which an agent is started without its hooks, or with other settings than those that hooks are installed in.
struct Words {
    agent: Agent,
    program: &'static str,
    /// Options, which count on a line that starts the program.
    options: &'static [&'static str],
    /// Variables, which count wherever they are set to something.
    variables: &'static [&'static str],
}

/// Sources: the agents' own pages on their command lines and environment.
const WORDS: &[Words] = &[
    Words {
        agent: Agent::Claude,
        program: "claude",
        options: &["--bare", "--safe-mode", "--setting-sources", "disableAllHooks"],
        variables: &["CLAUDE_CODE_SIMPLE", "CLAUDE_CONFIG_DIR"],
    },
    Words {
        agent: Agent::Codex,
        program: "codex",
        options: &[
            "--disable hooks",
            "--disable=hooks",
            "--disable codex_hooks",
            "features.hooks=false",
            "features.codex_hooks=false",
        ],
        variables: &["CODEX_HOME"],
    },
    Words {
        agent: Agent::Gemini,
        program: "gemini",
        options: &[],
        variables: &["GEMINI_CLI_SYSTEM_SETTINGS_PATH", "GEMINI_CLI_HOME"],
    },
    Words {
        agent: Agent::OpenCode,
        program: "opencode",
        options: &["--pure"],
        variables: &["OPENCODE_PURE"],
    },
];

/// Start-up files of shells, below the home directory.
const START_UP: &[&str] = &[
    ".bash_aliases",
    ".bash_profile",
    ".bashrc",
    ".config/fish/config.fish",
    ".profile",
    ".zprofile",
    ".zshenv",
    ".zshrc",
];
/// Directories of jobs, below the home directory.
const JOBS: &[&str] = &[".config/systemd/user", "Library/LaunchAgents"];

/// The name of the program that a person starts; none for the plain form.
#[must_use]
pub fn program_of(agent: Agent) -> Option<&'static str> {
    match agent {
        Agent::Cursor => Some("cursor-agent"),
        Agent::Plain => None,
        _ => WORDS.iter().find(|words| words.agent == agent).map(|words| words.program),
    }
}

/// The agent that a command line starts, by the name of its program.
#[must_use]
pub fn agent_of(program: &str) -> Option<Agent> {
    let name = program.rsplit('/').next().unwrap_or_default();
    match name {
        "cursor" | "cursor-agent" => Some(Agent::Cursor),
        _ => WORDS.iter().find(|words| words.program == name).map(|words| words.agent),
    }
}

/// Whether this variable makes some agent start without its hooks.
pub(crate) fn moves_hooks(variable: &str) -> bool {
    WORDS.iter().any(|words| words.variables.contains(&variable))
}

/// The options and variables of this text that start the agent without its hooks. `whole` reads the text as one line, as in the
/// definition of a job, else each line stands for itself and remarks of a shell count for nothing.
#[must_use]
pub fn bypasses(agent: Agent, text: &str, whole: bool) -> Vec<String> {
    let Some(words) = WORDS.iter().find(|words| words.agent == agent) else { return Vec::new() };
    let mut found: Vec<&str> = Vec::new();
    let joined;
    let lines: Vec<&str> = if whole {
        joined = text
            .replace(['\n', '\r', '\t'], " ")
            .replace("</string>", " ")
            .replace("<string>", " ");
        vec![&joined]
    } else {
        text.lines().filter(|line| !line.trim_start().starts_with('#')).collect()
    };
    for line in lines {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if names(&line, words.program) {
            found.extend(words.options.iter().copied().filter(|option| line.contains(option)));
        }
        found.extend(words.variables.iter().copied().filter(|name| is_set(&line, name)));
    }
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(str::to_owned).collect()
}

/// Whether a line names a program, by itself or by a path.
fn names(line: &str, program: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    line.match_indices(program).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        let after = line.get(at + program.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// Whether a line sets a variable to something that switches on.
fn is_set(line: &str, name: &str) -> bool {
    let off = |value: &str| {
        let value = value.trim_start_matches(['"', '\'']);
        let value: String = value.chars().take_while(|c| !" \"';<".contains(*c)).collect();
        matches!(value.as_str(), "" | "0" | "false" | "no")
    };
    line.match_indices(name).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default();
        let after = line.get(at + name.len()..).unwrap_or_default();
        if before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            return false;
        }
        if let Some(value) = after.strip_prefix('=') {
            return !off(value);
        }
        let fish = ["set ", "setenv "].iter().any(|word| before.trim_start().starts_with(word));
        if let Some(value) = after.strip_prefix(' ') {
            return fish && !off(value);
        }
        after.strip_prefix("</key>").is_some_and(|value| !off(value.trim_start()))
    })
}

/// Everything around the settings of this agent that keeps its hooks from running.
#[must_use]
pub fn around(agent: Agent, whose: Whose<'_>, files: &dyn Files) -> Vec<Skip> {
    let mut found = settings_around(agent, whose, files);
    let mut add = |path: &str, whole: bool| {
        let Some(text) = files.text(path) else { return };
        let place = path.to_owned();
        found.extend(bypasses(agent, &text, whole).into_iter().map(|what| Skip {
            place: place.clone(),
            spares_managed: what.starts_with("disable")
                || what.contains("_DIR")
                || what.contains("_HOME"),
            what,
        }));
    };
    START_UP.iter().for_each(|name| add(&format!("{}/{name}", whose.home), false));
    for dir in JOBS {
        let dir = format!("{}/{dir}", whose.home);
        let is_job = |name: &String| name.ends_with(".service") || name.ends_with(".plist");
        for name in files.names(&dir).into_iter().filter(is_job) {
            add(&format!("{dir}/{name}"), true);
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The part of [`around`] that is in settings of the agent: root's, and the project's.
#[must_use]
pub fn settings_around(agent: Agent, whose: Whose<'_>, files: &dyn Files) -> Vec<Skip> {
    let mut found = Vec::new();
    let of_project = |name: &str| whose.project.map(|project| format!("{project}/{name}"));
    let mut json = |path: Option<String>, root: bool| {
        let Some(path) = path else { return };
        let Some(Ok(node)) = files.text(&path).map(|text| parse_settings(&text)) else { return };
        let mut names = skips(agent, &node);
        // Only root can say so, by the vendor's page; anywhere else it means nothing.
        names.retain(|name| root || name != "allowManagedHooksOnly");
        names.extend(variables_in(agent, &node));
        found.extend(names.into_iter().map(|what| Skip {
            place: path.clone(),
            spares_managed: !root || what == "allowManagedHooksOnly",
            what,
        }));
    };
    json(settings_path(agent, Scope::Managed, whose.os).map(str::to_owned), true);
    match agent {
        Agent::Claude => {
            json(of_project(".claude/settings.json"), false);
            json(of_project(".claude/settings.local.json"), false);
        }
        // Gemini CLI merges its files, and root's is the last word; a project's list of switched-off names is added to all.
        Agent::Gemini => json(of_project(".gemini/settings.json"), false),
        Agent::Codex => {
            let own = Some(format!("{}/.codex/config.toml", whose.home));
            let roots = ["requirements.toml", "config.toml", "managed_config.toml"];
            let roots = roots.map(|name| (Some(format!("/etc/codex/{name}")), true));
            let others = [(own, false), (of_project(".codex/config.toml"), false)];
            for (path, root) in roots.into_iter().chain(others) {
                let Some(path) = path else { continue };
                let Some(text) = files.text(&path) else { continue };
                let names = super::place::codex_config_skips(&text).into_iter();
                found.extend(
                    names
                        .map(|what| Skip {
                            place: path.clone(),
                            spares_managed: what == "allow_managed_hooks_only",
                            what,
                        })
                        .filter(|skip| root || !skip.spares_managed),
                );
            }
        }
        Agent::Cursor | Agent::OpenCode | Agent::Plain => {}
    }
    found
}

/// Variables that settings set for the agent itself.
fn variables_in(agent: Agent, root: &Node) -> Vec<String> {
    let Some(words) = WORDS.iter().find(|words| words.agent == agent) else { return Vec::new() };
    let Some(env) = root.get("env") else { return Vec::new() };
    let set = |name: &&&str| {
        env.get(name).is_some_and(|value| match value.text() {
            Some(text) => is_set(&format!("{name}={text}"), name),
            None => !value.is(false),
        })
    };
    words.variables.iter().filter(set).map(|name| format!("env.{name}")).collect()
}

/// What Codex thinks of hooks that are in a file: it runs only those that the person has trusted, by their exact definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodexTrust {
    /// Events whose hook waits to be trusted.
    pub waiting: Vec<String>,
    /// Events whose hook was switched off.
    pub off: Vec<String>,
}

/// What Codex's `config.toml` says about our hooks of the file at `path`. Whether a hash that is there is that of the present
/// definition only Codex can say.
pub fn codex_trust(
    path: &str,
    hooks: &str,
    config: Option<&str>,
) -> Result<CodexTrust, SettingsError> {
    let root = tree(hooks)?;
    let parsed = config.and_then(|text| DeTable::parse(text).ok());
    let states = parsed
        .as_ref()
        .and_then(|table| table.get_ref().get("hooks"))
        .and_then(|hooks| hooks.get_ref().as_table())
        .and_then(|hooks| hooks.get("state"))
        .and_then(|state| state.get_ref().as_table());
    let mut trust = CodexTrust::default();
    for OurSeat { event, group, inner } in ours(&root) {
        let Some(inner) = inner else { continue };
        let key = format!("{path}:{}:{group}:{inner}", snake(&event));
        let state = states.and_then(|states| states.get(key.as_str()));
        let state = state.and_then(|state| state.get_ref().as_table());
        let of = |name: &str| state.and_then(|state| state.get(name)).map(toml::Spanned::get_ref);
        if of("enabled").and_then(DeValue::as_bool) == Some(false) {
            trust.off.push(event);
        } else if of("trusted_hash").and_then(DeValue::as_str).is_none_or(str::is_empty) {
            trust.waiting.push(event);
        }
    }
    Ok(trust)
}

/// `PreToolUse`: `pre_tool_use`.
fn snake(event: &str) -> String {
    let mut out = String::new();
    for c in event.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The program that hooks of ours in this text start; none where there are none. Of several the first counts.
#[must_use]
pub fn program_in(agent: Agent, text: &str) -> Option<AbsPath> {
    if agent == Agent::OpenCode {
        let line = text.lines().find_map(|line| line.strip_prefix("const PROGRAM = "))?;
        let node = super::super::json::parse(line.trim().as_bytes()).ok()?;
        return AbsPath::new(Json::from(node).text()?).ok();
    }
    let root = tree(text).ok()?;
    let seat = ours(&root).into_iter().next()?;
    let group = root.get("hooks")?.get(&seat.event)?.items()?.get(seat.group)?;
    let hook = match seat.inner {
        Some(inner) => group.get("hooks")?.items()?.get(inner)?,
        None => group,
    };
    let command = hook.get("command")?.text()?;
    if hook.get("args").is_some() {
        return AbsPath::new(command).ok();
    }
    let (program, _) = command.rsplit_once(" hook")?;
    let program = program.trim();
    let plain = program.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\''));
    AbsPath::new(plain.map_or_else(|| program.to_owned(), |inner| inner.replace(r"'\''", "'"))).ok()
}

#[cfg(test)]
mod tests;
