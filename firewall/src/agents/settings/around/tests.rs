use super::super::{Agent, Os, install};
use super::*;
use std::collections::BTreeMap;

struct Fake(BTreeMap<String, String>);

impl Files for Fake {
    fn text(&self, path: &str) -> Option<String> {
        self.0.get(path).cloned()
    }

    fn names(&self, dir: &str) -> Vec<String> {
        let below = format!("{dir}/");
        let names = self.0.keys().filter_map(|path| path.strip_prefix(&below));
        names.map(str::to_owned).collect()
    }
}

const WHOSE: Whose<'_> = Whose { home: "/home/a", project: Some("/srv/p"), os: Os::Linux };

fn seen(agent: Agent, path: &str, text: &str) -> Vec<(String, bool)> {
    let files = Fake(BTreeMap::from([(path.to_owned(), text.to_owned())]));
    let found = around(agent, WHOSE, &files);
    assert!(found.iter().all(|skip| skip.place == path), "{found:?}");
    found.into_iter().map(|skip| (skip.what, skip.spares_managed)).collect()
}

fn reads(agent: Agent, path: &str, text: &str, want: Option<(&str, bool)>) {
    let want: Vec<_> = want.into_iter().map(|(what, spares)| (what.to_owned(), spares)).collect();
    assert_eq!(seen(agent, path, text), want, "{path} {text}");
}

#[test]
fn settings_of_other_files_count_where_the_agent_reads_them() {
    let managed = "/etc/claude-code/managed-settings.json";
    for (agent, path, text, want) in [
        (Agent::Claude, managed, "{\"disableAllHooks\": true}", Some(("disableAllHooks", false))),
        (
            Agent::Claude,
            managed,
            "{\"allowManagedHooksOnly\": true}",
            Some(("allowManagedHooksOnly", true)),
        ),
        (Agent::Claude, "/srv/p/.claude/settings.json", "{\"allowManagedHooksOnly\": true}", None),
        (
            Agent::Claude,
            "/srv/p/.claude/settings.json",
            "{\"disableAllHooks\": true}",
            Some(("disableAllHooks", true)),
        ),
        (
            Agent::Claude,
            "/srv/p/.claude/settings.local.json",
            "{ /* mine */ \"disableAllHooks\": true, }",
            Some(("disableAllHooks", true)),
        ),
        (Agent::Claude, "/srv/p/.claude/settings.json", "{\"disableAllHooks\": false}", None),
        (
            Agent::Claude,
            "/srv/p/.claude/settings.json",
            "{\"env\": {\"CLAUDE_CODE_SIMPLE\": \"0\"}}",
            None,
        ),
        (
            Agent::Claude,
            "/srv/p/.claude/settings.json",
            "{\"env\": {\"CLAUDE_CODE_SIMPLE\": true}}",
            Some(("env.CLAUDE_CODE_SIMPLE", true)),
        ),
    ] {
        reads(agent, path, text, want);
    }
}

#[test]
fn settings_of_other_agents_count_where_those_read_them() {
    for (agent, path, text, want) in [
        (
            Agent::Codex,
            "/etc/codex/requirements.toml",
            "allow_managed_hooks_only = true",
            Some(("allow_managed_hooks_only", true)),
        ),
        (Agent::Codex, "/home/a/.codex/config.toml", "allow_managed_hooks_only = true", None),
        (
            Agent::Codex,
            "/srv/p/.codex/config.toml",
            "[features]\ncodex_hooks = false",
            Some(("features.codex_hooks", false)),
        ),
        (
            Agent::Gemini,
            "/etc/gemini-cli/settings.json",
            "{\"hooksConfig\": {\"enabled\": false}}",
            Some(("hooksConfig.enabled", false)),
        ),
        (
            Agent::Gemini,
            "/srv/p/.gemini/settings.json",
            "{\"hooksConfig\": {\"disabled\": [\"sanctum\"]}}",
            Some(("hooksConfig.disabled", true)),
        ),
        (Agent::Gemini, "/srv/p/.claude/settings.json", "{\"disableAllHooks\": true}", None),
    ] {
        reads(agent, path, text, want);
    }
}

#[test]
fn words_that_leave_hooks_out_are_found_in_start_up_files_and_jobs() {
    for (agent, path, text, want) in [
        (Agent::Claude, ".bashrc", "alias c='claude --bare'", "--bare"),
        (Agent::Claude, ".bashrc", "# alias c='claude --bare'", ""),
        (Agent::Claude, ".bashrc", "git init --bare", ""),
        (Agent::Claude, ".bashrc", "claudette --bare", ""),
        (Agent::Claude, ".bashrc", "/opt/bin/claude --bare -p x", "--bare"),
        (Agent::Claude, ".zshenv", "export CLAUDE_CODE_SIMPLE=1", "CLAUDE_CODE_SIMPLE"),
        (Agent::Claude, ".zshenv", "export CLAUDE_CODE_SIMPLE=0", ""),
        (Agent::Claude, ".zshenv", "export CLAUDE_CODE_SIMPLE=\"\"", ""),
        (Agent::Claude, ".zshenv", "export NOT_CLAUDE_CODE_SIMPLE=1", ""),
        (Agent::Claude, ".zshenv", "unset CLAUDE_CONFIG_DIR", ""),
        (
            Agent::Claude,
            ".config/fish/config.fish",
            "set -gx CLAUDE_CONFIG_DIR /tmp/x",
            "CLAUDE_CONFIG_DIR",
        ),
        (Agent::Codex, ".profile", "codex  --disable   hooks", "--disable hooks"),
        (Agent::Codex, ".profile", "codex -c features.hooks=false", "features.hooks=false"),
        (Agent::OpenCode, ".profile", "opencode --pure", "--pure"),
        (Agent::OpenCode, ".profile", "claude --bare", ""),
        (Agent::Cursor, ".profile", "claude --bare", ""),
        (
            Agent::Claude,
            "Library/LaunchAgents/x.plist",
            "<string>/usr/local/bin/claude</string>\n<string>--safe-mode</string>",
            "--safe-mode",
        ),
        (
            Agent::Claude,
            "Library/LaunchAgents/x.plist",
            "<key>CLAUDE_CODE_SIMPLE</key><string>1</string>",
            "CLAUDE_CODE_SIMPLE",
        ),
        (Agent::Claude, ".config/systemd/user/x.service", "ExecStart=claude \\\n --bare", "--bare"),
        (Agent::Claude, ".config/systemd/user/x.txt", "ExecStart=claude --bare", ""),
    ] {
        let found: Vec<String> = seen(agent, &format!("/home/a/{path}"), text)
            .into_iter()
            .map(|(what, _)| what)
            .collect();
        let want: Vec<&str> = Some(want).filter(|want| !want.is_empty()).into_iter().collect();
        assert_eq!(found, want, "{path} {text}");
    }
}

#[test]
fn the_program_that_hooks_start_is_read_back() {
    for program in ["/opt/sanctum/bin/sanctum", "/home/a/my tools/sanctum", "/home/o'neil/sanctum"]
    {
        let path = AbsPath::new(program).unwrap();
        for agent in [Agent::Claude, Agent::Codex, Agent::Gemini, Agent::Cursor, Agent::OpenCode] {
            let text = install(agent, None, &path).unwrap().text.unwrap();
            assert_eq!(program_in(agent, &text).as_ref(), Some(&path), "{agent:?} {text}");
        }
    }
    assert_eq!(program_in(Agent::Claude, "{}"), None);
    assert_eq!(program_in(Agent::Claude, "{ not"), None);
}

#[test]
fn codex_runs_what_is_trusted_and_not_switched_off() {
    let path = AbsPath::new("/opt/sanctum/bin/sanctum").unwrap();
    let hooks =
        install(Agent::Codex, Some("{\"hooks\": {\"PreToolUse\": [{\"hooks\": []}]}}"), &path)
            .unwrap();
    let hooks = hooks.text.unwrap();
    let state = |key: &str, more: &str| format!("[hooks.state.\"/h/hooks.json:{key}\"]\n{more}\n");
    let hash = "trusted_hash = \"sha256:1\"";
    // Somebody's group comes first in PreToolUse, so that ours is the second.
    let all = [
        state("pre_tool_use:1:0", hash),
        state("post_tool_use:0:0", hash),
        state("permission_request:0:0", hash),
    ]
    .concat();
    let trust = |config: Option<&str>| codex_trust("/h/hooks.json", &hooks, config).unwrap();
    assert_eq!(trust(Some(&all)), CodexTrust::default());
    assert_eq!(trust(None).waiting, ["PreToolUse", "PostToolUse", "PermissionRequest"]);
    assert_eq!(trust(Some(&all.replace(":1:0", ":0:0"))).waiting, ["PreToolUse"]);
    assert_eq!(trust(Some(&all.replacen(hash, "trusted_hash = \"\"", 1))).waiting, ["PreToolUse"]);
    let off = all.replacen(hash, "trusted_hash = \"sha256:1\"\nenabled = false", 1);
    assert_eq!(
        trust(Some(&off)),
        CodexTrust { waiting: Vec::new(), off: vec!["PreToolUse".to_owned()] }
    );
}
