//! Where each agent keeps its settings, and which of them keep hooks from running.

use super::super::json::Node;
use super::super::request::Agent;
use toml::de::{DeTable, DeValue};

/// Whose settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The person's own, below their home directory.
    User,
    /// Root's, which the person cannot change.
    Managed,
}

/// The system, where paths differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Os {
    /// macOS.
    Mac,
    /// Linux.
    Linux,
}

/// The file that hooks are installed in: below the home directory for [`Scope::User`], absolute for [`Scope::Managed`].
/// None where the vendor names no such file.
#[must_use]
pub fn settings_path(agent: Agent, scope: Scope, os: Os) -> Option<&'static str> {
    Some(match (agent, scope, os) {
        (Agent::Claude, Scope::User, _) => ".claude/settings.json",
        (Agent::Claude, Scope::Managed, Os::Mac) => {
            "/Library/Application Support/ClaudeCode/managed-settings.json"
        }
        (Agent::Claude, Scope::Managed, Os::Linux) => "/etc/claude-code/managed-settings.json",
        (Agent::Codex, Scope::User, _) => ".codex/hooks.json",
        (Agent::Gemini, Scope::User, _) => ".gemini/settings.json",
        (Agent::Gemini, Scope::Managed, Os::Mac) => {
            "/Library/Application Support/GeminiCli/settings.json"
        }
        (Agent::Gemini, Scope::Managed, Os::Linux) => "/etc/gemini-cli/settings.json",
        (Agent::Cursor, Scope::User, _) => ".cursor/hooks.json",
        (Agent::Cursor, Scope::Managed, Os::Mac) => {
            "/Library/Application Support/Cursor/hooks.json"
        }
        (Agent::Cursor, Scope::Managed, Os::Linux) => "/etc/cursor/hooks.json",
        (Agent::OpenCode, Scope::User, _) => ".config/opencode/plugins/sanctum.js",
        // Codex reads hooks beside the configuration of each layer, and trusts those of the system's.
        (Agent::Codex, Scope::Managed, _) => "/etc/codex/hooks.json",
        (Agent::OpenCode, Scope::Managed, _) | (Agent::Plain, _, _) => return None,
    })
}

/// The settings in this file that keep hooks from running.
pub(super) fn skips(agent: Agent, root: &Node) -> Vec<String> {
    let mut found: Vec<&str> = Vec::new();
    let mut check = |name: &'static str, skips: bool| found.extend(skips.then_some(name));
    let is = |path: &[&str], wanted: bool| {
        let node = path.iter().try_fold(root, |node, key| node.get(key));
        node.is_some_and(|node| node.is(wanted))
    };
    match agent {
        Agent::Claude => {
            check("disableAllHooks", is(&["disableAllHooks"], true));
            check("allowManagedHooksOnly", is(&["allowManagedHooksOnly"], true));
        }
        Agent::Gemini => {
            check("hooksConfig.enabled", is(&["hooksConfig", "enabled"], false));
            check("hooks.enabled", is(&["hooks", "enabled"], false));
            check("tools.enableHooks", is(&["tools", "enableHooks"], false));
            let lists = [["hooksConfig", "disabled"], ["hooks", "disabled"]];
            let named = lists.iter().any(|path| {
                let list = path.iter().try_fold(root, |node, key| node.get(key));
                let names = list.and_then(Node::items).unwrap_or_default();
                names.iter().filter_map(Node::text).any(|name| name.contains("sanctum"))
            });
            check("hooksConfig.disabled", named);
        }
        Agent::Codex | Agent::Cursor | Agent::OpenCode | Agent::Plain => {}
    }
    found.into_iter().map(str::to_owned).collect()
}

/// Settings of Codex's `config.toml`, or of root's `requirements.toml`, that keep hooks from running; a file that cannot be read says nothing, and Codex itself
/// refuses to start with it.
#[must_use]
pub fn codex_config_skips(text: &str) -> Vec<String> {
    let Ok(root) = DeTable::parse(text) else { return Vec::new() };
    let root = root.get_ref();
    let is = |table: &DeTable<'_>, name: &str, wanted: bool| {
        table.get(name).is_some_and(|value| value.get_ref().as_bool() == Some(wanted))
    };
    let mut found = Vec::new();
    if let Some(DeValue::Table(features)) = root.get("features").map(toml::Spanned::get_ref) {
        let off = ["hooks", "codex_hooks"].into_iter().filter(|name| is(features, name, false));
        found.extend(off.map(|name| format!("features.{name}")));
    }
    if is(root, "allow_managed_hooks_only", true) {
        found.push("allow_managed_hooks_only".to_owned());
    }
    found
}
