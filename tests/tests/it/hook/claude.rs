//! Claude Code's protocol, and the refusals of the others: JSON with exit code 0.

use super::bed::{Bed, NEEDLE, token};
use sanctum_tests::need;
use serde_json::{Value, json};

fn before(tool: &str, input: &Value) -> Value {
    json!({
        "session_id": "s", "transcript_path": "/t", "cwd": "/work", "permission_mode": "default",
        "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": input, "tool_use_id": "u",
    })
}

#[test]
fn each_tool_is_answered_in_its_own_words() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    for (tool, input, decision) in [
        ("Bash", json!({"command": "cat ~/.aws/credentials"}), Some("deny")),
        ("Bash", json!({"command": "git status"}), None),
        ("Bash", json!({"command": "$(cat cmd)"}), Some("ask")),
        ("Read", json!({"file_path": "/home/a/.ssh/id_rsa"}), Some("deny")),
        ("Read", json!({"file_path": "/srv/src/a.rs"}), None),
        ("Grep", json!({"pattern": "k", "path": bed.shown("home/.aws")}), Some("deny")),
        ("Glob", json!({"pattern": "**/*.rs", "path": "/work"}), None),
        ("Write", json!({"file_path": "/srv/a", "content": token()}), Some("deny")),
        ("Edit", json!({"file_path": "/srv/a", "old_string": "b", "new_string": "c"}), None),
        (
            "NotebookEdit",
            json!({"notebook_path": "/srv/n.ipynb", "new_source": token()}),
            Some("deny"),
        ),
        (
            "WebFetch",
            json!({"url": format!("https://example.org/{}", token()), "prompt": ""}),
            Some("deny"),
        ),
        ("TodoWrite", json!({"todos": []}), None),
    ] {
        let said = bed.hook(&["--agent", "claude"], &before(tool, &input)).exits(0).json();
        let told = said["hookSpecificOutput"]["permissionDecision"].as_str();
        assert_eq!(told, decision, "{tool} {input}: {said}");
        let reason = said["hookSpecificOutput"]["permissionDecisionReason"].as_str();
        assert_eq!(reason.is_some_and(|reason| !reason.is_empty()), decision.is_some(), "{said}");
        assert!(decision.is_some() || said == json!({}), "{said}");
    }
}

#[test]
fn a_credential_in_an_output_reaches_the_model_covered() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let mut input = before("Bash", &json!({"command": "printenv"}));
    input["hook_event_name"] = json!("PostToolUse");
    input["tool_response"] =
        json!({"stdout": format!("K={}\n", token()), "stderr": "", "interrupted": false});
    let said = bed.hook(&["--agent", "claude"], &input).exits(0).json();
    let output = &said["hookSpecificOutput"]["updatedToolOutput"];
    assert!(output["stdout"].as_str().is_some_and(|text| text.starts_with("K=")), "{said}");
    assert_eq!(output["interrupted"], false);
    assert!(!said.to_string().contains(NEEDLE));
}

#[test]
fn other_agents_are_refused_in_their_own_words() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let command = json!({"command": "cat ~/.ssh/id_rsa"});
    for (agent, input, pointer, word) in [
        (
            "codex",
            json!({"session_id": "s", "turn_id": "t", "cwd": "/work", "hook_event_name": "PreToolUse", "model": "m",
                "permission_mode": "default", "tool_name": "Bash", "tool_input": command, "tool_use_id": "u"}),
            "/hookSpecificOutput/permissionDecision",
            "deny",
        ),
        (
            "gemini",
            json!({"session_id": "s", "cwd": "/work", "hook_event_name": "BeforeTool", "timestamp": "t",
                "tool_name": "run_shell_command", "tool_input": command}),
            "/decision",
            "deny",
        ),
        (
            "cursor",
            json!({"conversation_id": "c", "hook_event_name": "beforeShellExecution", "cwd": "/work",
                "command": "cat ~/.ssh/id_rsa"}),
            "/permission",
            "deny",
        ),
        (
            "opencode",
            json!({"agent": "opencode", "event": "tool.execute.before", "tool": "bash", "cwd": "/work",
                "session": "s", "args": command}),
            "/decision",
            "deny",
        ),
    ] {
        for words in [&["--agent", agent][..], &[]] {
            let said = bed.hook(words, &input).exits(0).json();
            assert_eq!(said.pointer(pointer), Some(&json!(word)), "{agent}: {said}");
        }
    }
}

#[test]
fn where_nobody_can_be_asked_a_question_is_what_was_configured() {
    let _setpriv = need!("setpriv");
    let bed = Bed::new();
    let input = before("Bash", &json!({"command": "$(cat cmd)"}));
    let told = |words: &[&str]| {
        let said = bed.hook(words, &input).exits(0).json();
        said["hookSpecificOutput"]["permissionDecision"].as_str().map(str::to_owned)
    };
    assert_eq!(told(&["--agent", "claude"]).as_deref(), Some("ask"));
    assert_eq!(told(&["--agent", "claude", "--headless"]).as_deref(), Some("deny"));
    bed.dir("home/.sanctum");
    bed.write("home/.sanctum/config.toml", "[ai_firewall]\nunattended = \"allow\"\n");
    assert_eq!(told(&["--agent", "claude", "--headless"]), None);
    assert_eq!(told(&["--agent", "claude"]).as_deref(), Some("ask"));
}
