//! Hooks in settings files: put in, found, and taken out so that every byte is as it was.

use super::bed::Bed;
use sanctum_tests::need;
use serde_json::json;

const AGENTS: [(&str, &str); 5] = [
    ("claude", ".claude/settings.json"),
    ("codex", ".codex/hooks.json"),
    ("gemini", ".gemini/settings.json"),
    ("cursor", ".cursor/hooks.json"),
    ("opencode", ".config/opencode/plugins/sanctum.js"),
];

#[test]
fn what_is_put_in_is_taken_out_byte_for_byte() {
    let _setpriv = need!("setpriv");
    let odd = "{\r\n\t// mine\r\n\t\"model\": \"x\",\r\n\t\"hooks\": { \"Stop\": [] }, \r\n}";
    for (agent, file) in AGENTS {
        let bed = Bed::new();
        let (path, home) = (format!("home/{file}"), file.split('/').next().expect("a folder"));
        let state = |code: i32| {
            let said = bed.run(&["hooks", "status", agent, "--json"], b"").exits(code).json();
            said["agents"][0]["state"].as_str().expect("a state").to_owned()
        };
        assert_eq!(state(3), "absent", "{agent}");
        bed.run(&["hooks", "install", agent], b"").exits(0);
        let installed = bed.read(&path);
        assert!(installed.contains(&bed.shown("sanctum")), "{installed}");
        if agent == "codex" {
            bed.write("home/.codex/config.toml", &trusted(&bed));
        }
        assert_eq!(state(0), "installed", "{agent}");
        bed.run(&["hooks", "install", agent], b"").exits(0);
        assert_eq!(bed.read(&path), installed, "{agent}");
        bed.run(&["hooks", "remove", agent], b"").exits(0);
        assert!(!bed.is_there(&path), "{agent}");
        assert!(bed.is_there(&format!("home/{home}")));
        if agent == "opencode" {
            bed.write(&path, "export const Mine = 1\n");
            bed.run(&["hooks", "install", agent], b"").exits(4);
            assert_eq!(bed.read(&path), "export const Mine = 1\n");
            continue;
        }
        bed.write(&path, odd);
        bed.run(&["hooks", "install", agent], b"").exits(0);
        assert!(bed.read(&path).contains("// mine"));
        let said = bed.run(&["hooks", "remove", agent, "--json"], b"").exits(0).json();
        assert_eq!(said["state"], "removed");
        assert_eq!(bed.read(&path), odd, "{agent}");
        bed.run(&["hooks", "remove", agent], b"").exits(0);
        assert_eq!(bed.read(&path), odd, "{agent}");
        bed.write(&path, "{ not json");
        bed.run(&["hooks", "install", agent], b"").exits(4).says("line 1");
        assert_eq!(bed.read(&path), "{ not json", "{agent}");
    }
}

#[test]
fn what_changed_since_stays_and_only_what_is_ours_goes() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let path = "home/.claude/settings.json";
    bed.run(&["hooks", "install", "claude"], b"").exits(0);
    let changed = bed.read(path).replacen('{', "{\n  \"model\": \"mine\",", 1);
    bed.write(path, &changed);
    bed.run(&["hooks", "status", "claude"], b"").exits(0);
    bed.run(&["hooks", "remove", "claude"], b"").exits(0);
    assert_eq!(bed.read(path).split_whitespace().collect::<String>(), "{\"model\":\"mine\"}");
}

/// What another file held before its hooks is not given to this one.
#[test]
fn a_receipt_of_another_file_is_not_believed() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let (path, receipt) = ("home/.claude/settings.json", "home/.sanctum/state/hooks/claude.json");
    bed.run(&["hooks", "install", "claude"], b"").exits(0);
    let other = json!({
        "format": 1, "file": bed.shown("home/elsewhere.json"), "before": "{\"theirs\": 1}", "after": "{}",
    });
    bed.write(receipt, &other.to_string());
    bed.write(path, "{}");
    bed.run(&["hooks", "install", "claude"], b"").exits(0);
    bed.run(&["hooks", "remove", "claude"], b"").exits(0);
    assert_eq!(bed.read(path), "{}");
}

#[test]
fn hooks_that_were_softened_or_switched_off_are_found_and_told() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let path = "home/.claude/settings.json";
    let event = json!({
        "session_id": "s", "cwd": "/work", "hook_event_name": "ConfigChange", "source": "user_settings",
        "file_path": bed.shown(path),
    });
    let state = || {
        let said = bed.run(&["hooks", "status", "claude", "--json"], b"").json();
        said["agents"][0]["state"].as_str().expect("a state").to_owned()
    };
    let told = || bed.hook(&["--agent", "claude"], &event).exits(0).json()["decision"].clone();
    assert_eq!(told(), json!(null), "nothing of ours is there");
    bed.run(&["hooks", "install", "claude"], b"").exits(0);
    assert_eq!(told(), json!(null), "the hooks stand");
    let installed = bed.read(path);
    for (text, word) in [
        (installed.replace("PreToolUse", "PreToolUsed"), "tampered"),
        (installed.replace("\"block\"", "\"allow\""), "tampered"),
        (installed.replacen('{', "{\"disableAllHooks\": true,", 1), "skipped"),
        ("{}".to_owned(), "absent"),
    ] {
        bed.write(path, &text);
        assert_eq!((state().as_str(), told()), (word, json!("block")), "{text}");
    }
}

/// Root's settings below a directory that stands for a machine.
#[test]
fn root_s_settings_are_written_for_everybody_to_read_and_given_back() {
    let _setpriv = need!("setpriv");
    let etc = if cfg!(target_os = "macos") { "Library/Application Support" } else { "etc" };
    for (agent, linux, mac) in [
        ("claude", "claude-code/managed-settings.json", "ClaudeCode/managed-settings.json"),
        ("codex", "codex/hooks.json", ""),
        ("gemini", "gemini-cli/settings.json", "GeminiCli/settings.json"),
        ("cursor", "cursor/hooks.json", "Cursor/hooks.json"),
    ] {
        let file = match (cfg!(target_os = "macos"), mac) {
            (true, "") => format!("etc/{linux}"),
            (true, mac) => format!("{etc}/{mac}"),
            (false, _) => format!("{etc}/{linux}"),
        };
        let bed = Bed::new();
        bed.dir("root");
        let (path, root) = (format!("root/{file}"), bed.shown("root"));
        let run = |verb: &str| bed.run(&["hooks", verb, agent, "--managed", "--root", &root], b"");
        run("install").exits(0);
        let installed = bed.read(&path);
        assert!(installed.contains("/opt/sanctum/bin/sanctum"), "{installed}");
        assert_eq!(bed.mode(&path), 0o644, "{agent}");
        let below = path.rsplit_once('/').expect("a folder").0;
        assert_eq!(bed.mode(below), 0o755, "{agent}");
        let said =
            bed.run(&["hooks", "status", agent, "--root", &root, "--json"], b"").exits(0).json();
        assert_eq!(said["agents"][1]["scope"], "managed", "{said}");
        assert_eq!(said["agents"][1]["state"], "installed", "{said}");
        run("install").exits(0);
        assert_eq!(bed.read(&path), installed);
        run("remove").exits(0);
        assert!(!bed.is_there(&path), "{agent}");
        let own = "{\n  // root's\n  \"model\": \"x\"\n}\n";
        bed.write(&path, own);
        bed.set_mode(&path, 0o600);
        run("install").exits(0);
        assert!(bed.read(&path).contains("// root's"));
        assert_eq!(bed.mode(&path), 0o600, "{agent}");
        bed.write(
            &path,
            &bed.read(&path).replace("sanctum\"", "other\"").replace("sanctum hook", "other hook"),
        );
        assert_eq!(
            bed.run(&["hooks", "status", agent, "--root", &root, "--json"], b"").exits(3).json()["agents"]
                [1]["state"],
            "absent"
        );
        bed.write(&path, own);
        run("remove").exits(0);
        assert_eq!(bed.read(&path), own);
    }
    let bed = Bed::new();
    bed.run(&["hooks", "install", "opencode", "--managed"], b"")
        .exits(4)
        .says("no settings of root's");
    bed.run(&["hooks", "install", "claude", "--managed"], b"").exits(4).says("only root writes");
}

#[test]
fn what_would_start_an_agent_without_its_hooks_is_found_wherever_it_is() {
    let _setpriv = need!("setpriv");
    for (agent, file, text, word) in [
        (
            "claude",
            "home/project/.claude/settings.json",
            "{\"disableAllHooks\": true}",
            "disableAllHooks",
        ),
        (
            "claude",
            "home/project/.claude/settings.local.json",
            "{\"disableAllHooks\": true}",
            "disableAllHooks",
        ),
        (
            "claude",
            "home/project/.claude/settings.json",
            "{\"env\": {\"CLAUDE_CODE_SIMPLE\": \"1\"}}",
            "env.CLAUDE_CODE_SIMPLE",
        ),
        ("claude", "home/.bashrc", "alias c='claude --bare'\n", "--bare"),
        ("claude", "home/.zshrc", "export CLAUDE_CONFIG_DIR=/tmp/other\n", "CLAUDE_CONFIG_DIR"),
        (
            "claude",
            "home/.config/systemd/user/night.service",
            "[Service]\nExecStart=/usr/bin/claude \\\n -p --safe-mode x\n",
            "--safe-mode",
        ),
        (
            "gemini",
            "home/project/.gemini/settings.json",
            "{\"hooksConfig\": {\"enabled\": false}}",
            "hooksConfig.enabled",
        ),
        (
            "gemini",
            "home/.profile",
            "GEMINI_CLI_SYSTEM_SETTINGS_PATH=/tmp/x gemini\n",
            "GEMINI_CLI_SYSTEM_SETTINGS_PATH",
        ),
        ("opencode", "home/.config/fish/config.fish", "set -x OPENCODE_PURE 1\n", "OPENCODE_PURE"),
    ] {
        let bed = Bed::new();
        bed.run(&["hooks", "install", agent], b"").exits(0);
        bed.run(&["hooks", "status", agent], b"").exits(0);
        bed.tree(file, text);
        let said = bed.run(&["hooks", "status", agent, "--json"], b"").exits(3).json();
        let found = said["agents"][0]["findings"].to_string();
        assert!(
            found.contains(word) && found.contains(file.trim_start_matches("home")),
            "{file}: {said}"
        );
        assert_eq!(said["agents"][0]["state"], "skipped", "{said}");
    }
}

#[test]
fn a_hook_that_codex_has_not_been_told_to_trust_is_not_called_installed() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let ran = bed.run(&["hooks", "install", "codex"], b"").exits(0);
    assert!(ran.stdout.contains("/hooks"), "{ran:?}");
    let status = |code: i32, words: &str| {
        let ran = bed.run(&["hooks", "status", "codex"], b"").exits(code);
        assert!(ran.stdout.contains(words), "{words}: {ran:?}");
    };
    status(3, "untrusted");
    bed.run(&["run", "--", "codex"], b"").exits(4).says("/hooks");
    bed.write("home/.codex/config.toml", &trusted(&bed));
    status(0, "installed");
    let off = trusted(&bed).replacen("trusted_hash", "enabled = false\ntrusted_hash", 1);
    bed.write("home/.codex/config.toml", &off);
    status(3, "switched off");
    bed.write("home/.codex/config.toml", &format!("[features]\nhooks = false\n{}", trusted(&bed)));
    status(3, "features.hooks");
}

/// What Codex writes when the person trusts each hook.
fn trusted(bed: &Bed) -> String {
    let path = bed.shown("home/.codex/hooks.json");
    let one = |event: &str| {
        format!("[hooks.state.\"{path}:{event}:0:0\"]\ntrusted_hash = \"sha256:00\"\n")
    };
    ["pre_tool_use", "post_tool_use", "permission_request"].map(one).concat()
}

/// An agent cannot write what its hooks hang on.
#[test]
fn who_would_change_hooks_receipts_or_configuration_is_refused() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let state = [
        ".sanctum/state/hooks/claude.json",
        ".sanctum/state/hooks/dummies.json",
        ".sanctum/config.toml",
    ];
    let files = AGENTS.iter().map(|(_, file)| *file).chain(state).chain([".codex/config.toml"]);
    for file in files {
        for path in [format!("~/{file}"), bed.shown(&format!("home/{file}"))] {
            let ran = bed.hook(&["pre-write"], &json!({"path": path, "content": "{}"}));
            assert_eq!(ran.code, Some(2), "write {path}: {ran:?}");
            for command in [
                format!("rm {path}"),
                format!("echo '{{}}' > {path}"),
                format!("sed -i s/a/b/ {path}"),
            ] {
                let ran = bed.hook(&["pre-bash"], &json!({"command": command}));
                assert_eq!(ran.code, Some(2), "{command}: {ran:?}");
            }
        }
    }
    for path in [
        "/etc/claude-code/managed-settings.json",
        "/etc/codex/hooks.json",
        "/etc/gemini-cli/settings.json",
        "/etc/sanctum/config.toml",
    ] {
        let ran = bed.hook(&["pre-write"], &json!({"path": path, "content": "{}"}));
        assert_eq!(ran.code, Some(2), "write {path}: {ran:?}");
        let ran = bed.hook(&["pre-bash"], &json!({"command": format!("sudo rm -f {path}")}));
        assert_eq!(ran.code, Some(2), "rm {path}: {ran:?}");
    }
    for command in [
        "sanctum hooks remove claude",
        "sanctum hooks dummy mint aws",
        "sanctum config --edit",
        "sanctum guard observe firewall",
    ] {
        let ran = bed.hook(&["pre-bash"], &json!({"command": command}));
        assert_eq!(ran.code, Some(2), "{command}: {ran:?}");
    }
}
