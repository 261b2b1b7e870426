//! Root's settings of agents, on a machine of their own: written where the agents look, read back by everybody, and given back.

use super::bed::{Machine, SANCTUM, Said, is_there, on_a_machine, sh, write};
use std::process::Command;

const FILES: [(&str, &str); 4] = [
    ("claude", "/etc/claude-code/managed-settings.json"),
    ("codex", "/etc/codex/hooks.json"),
    ("gemini", "/etc/gemini-cli/settings.json"),
    ("cursor", "/etc/cursor/hooks.json"),
];

/// Owner, group, mode, size and content of everything in the directories that are written.
fn everything() -> String {
    sh("for dir in /etc/claude-code /etc/codex /etc/gemini-cli /etc/cursor; do
        [ ! -e $dir ] || find $dir -exec stat -c '%n %U:%G %a %s' {} + -type f -exec sha256sum {} +
    done | sort")
}

#[expect(clippy::disallowed_methods, reason = "the installed binary is started by root")]
fn root(words: &[&str]) -> Said {
    Said::of(&Command::new(SANCTUM).args(words).output().expect("sanctum starts"))
}

/// What the owner is told of root's file.
#[track_caller]
fn state(machine: &Machine, agent: &str) -> (Option<i32>, String) {
    let said = owner(machine, &format!("{SANCTUM} hooks status {agent} --json"));
    let all = said.json();
    let managed = all["agents"].as_array().expect("a list").iter();
    let found = managed.filter(|one| one["scope"] == "managed").map(|one| one["state"].clone());
    (said.code, found.map(|state| state.as_str().expect("a word").to_owned()).collect())
}

fn owner(machine: &Machine, script: &str) -> Said {
    let mut command = machine.as_owner(&["env", "-i", "HOME=/home/alma", "sh", "-c", script]);
    Said::of(&command.current_dir("/home/alma").output().expect("a shell starts"))
}

#[test]
fn root_s_hooks_are_written_run_and_given_back() {
    on_a_machine("live::hooks::root_s_hooks_are_written_run_and_given_back", |machine| {
        for (agent, file) in FILES {
            assert!(!is_there(file), "the machine is bare: {file}");
            // Root does not put a program there that is nobody's to trust.
            root_from("/run/built/sanctum", &["hooks", "install", agent, "--managed"])
                .expect(4, "self install");
        }
        machine.install();
        for (agent, file) in FILES {
            let install = ["hooks", "install", agent, "--managed"];
            assert_eq!(
                state(machine, agent).1,
                "",
                "nothing is told of what is not there: {agent}"
            );
            owner(machine, &format!("{SANCTUM} {}", install.join(" ")))
                .expect(4, "only root writes");
            assert!(!is_there(file), "a refusal leaves nothing: {file}");
            root(&install).done();
            let dir = file.rsplit_once('/').expect("a folder").0;
            let modes = sh(&format!("stat -c '%U:%G %a' {dir} {file}"));
            assert_eq!(modes, "root:root 755\nroot:root 644\n", "{agent}");
            assert_eq!(state(machine, agent), (Some(0), "installed".to_owned()), "{agent}");
            let before = everything();
            root(&install).done();
            assert_eq!(everything(), before, "twice is once: {agent}");
        }
        answered(machine);
        // The person's own settings cannot take root's away.
        sh("install -d -o alma /home/alma/.claude
            echo '{\"disableAllHooks\": true}' > /home/alma/.claude/settings.json");
        assert_eq!(state(machine, "claude"), (Some(0), "installed".to_owned()));
        for (agent, file) in FILES {
            root(&["hooks", "remove", agent, "--managed"]).done();
            assert!(!is_there(file), "{file}");
            assert_eq!(state(machine, agent).1, "", "{agent}");
        }
    });
}

/// What the settings of Claude Code start, started as they say, answers; and the journal of the machine knows who put it there.
#[track_caller]
fn answered(machine: &Machine) {
    let text = super::bed::read(FILES[0].1).expect("root's settings");
    let settings: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let hook = &settings["hooks"]["PreToolUse"][0]["hooks"][0];
    let words: Vec<&str> =
        hook["args"].as_array().expect("words").iter().filter_map(|it| it.as_str()).collect();
    let program = hook["command"].as_str().expect("a program");
    assert_eq!(program, SANCTUM);
    let asks = r#"{"session_id":"s","cwd":"/home/alma","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"cat ~/.ssh/id_ed25519"}}"#;
    let said = owner(machine, &format!("echo '{asks}' | {program} {}", words.join(" ")));
    said.done();
    assert_eq!(said.json()["hookSpecificOutput"]["permissionDecision"], "deny", "{said:#?}");
    let told = root(&["audit", "--json"]).json().to_string();
    assert!(told.contains("hooks.install") && told.contains(FILES[0].1), "{told}");
}

#[expect(clippy::disallowed_methods, reason = "a binary at another place is started")]
fn root_from(program: &str, words: &[&str]) -> Said {
    let _built = super::bed::built();
    Said::of(&Command::new(program).args(words).output().expect("sanctum starts"))
}

#[test]
fn what_root_had_written_there_comes_back_byte_for_byte() {
    on_a_machine("live::hooks::what_root_had_written_there_comes_back_byte_for_byte", |machine| {
        machine.install();
        for (agent, file) in FILES {
            let dir = file.rsplit_once('/').expect("a folder").0;
            sh(&format!("mkdir -p {dir}"));
            write(file, "{\r\n\t// root's\r\n\t\"model\": \"x\", \r\n}");
            sh(&format!("chmod 640 {file}"));
            let before = everything();
            root(&["hooks", "install", agent, "--managed"]).done();
            assert_ne!(everything(), before, "{agent}");
            assert_eq!(sh(&format!("stat -c '%U:%G %a' {file}")), "root:root 640\n", "{agent}");
            assert!(
                super::bed::read(file).is_some_and(|text| text.contains("// root's")),
                "{agent}"
            );
            root(&["hooks", "remove", agent, "--managed"]).done();
            assert_eq!(everything(), before, "{agent}");
            // What others could change is not root's to build on.
            sh(&format!("chown alma {dir}"));
            root(&["hooks", "install", agent, "--managed"]).expect(4, "cannot be trusted");
            sh(&format!("chown root {dir}"));
            assert_eq!(everything(), before, "{agent}");
        }
    });
}
