use super::*;
use crate::agents::json::parse;
use expect_test::{Expect, expect};

fn call(agent: Agent, name: &str, input: &str) -> Result<Tool, RequestError> {
    of_call(agent, name, &Json::from(parse(input.as_bytes()).unwrap()))
}

fn check(agent: Agent, name: &str, input: &str, want: &Expect) {
    let got = match call(agent, name, input) {
        Ok(tool) => format!("{tool:?}"),
        Err(error) => error.to_string(),
    };
    want.assert_eq(&got);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, one case after the other")]
fn tools_of_every_agent() {
    use Agent::{Claude, Codex, Cursor, Gemini, OpenCode};
    for (agent, name, input, want) in [
        (
            Claude,
            "Bash",
            r#"{"command":"ls"}"#,
            expect![[r#"Command { text: "ls", shell: Posix }"#]],
        ),
        (
            Claude,
            "PowerShell",
            r#"{"command":"dir"}"#,
            expect![[r#"Command { text: "dir", shell: PowerShell }"#]],
        ),
        (
            Claude,
            "Monitor",
            r#"{"command":"tail -f x"}"#,
            expect![[r#"Command { text: "tail -f x", shell: Posix }"#]],
        ),
        (
            Claude,
            "Monitor",
            r#"{"ws":{"url":"wss://a"}}"#,
            expect![[r#"Fetch { target: "wss://a" }"#]],
        ),
        (Claude, "Bash", r#"{"command":7}"#, expect!["tool `Bash` came without its `command`"]),
        (Claude, "Bash", r"{}", expect!["tool `Bash` came without its `command`"]),
        (
            Claude,
            "Write",
            r#"{"file_path":"a","content":"b"}"#,
            expect![[
                r#"Write([FileChange { path: "a", how: Whole, added: ["b"], removed: [] }])"#
            ]],
        ),
        (
            Claude,
            "Write",
            r#"{"file_path":"a"}"#,
            expect!["tool `Write` came without its `content`"],
        ),
        (
            Claude,
            "Edit",
            r#"{"file_path":"a","old_string":"x","new_string":"y"}"#,
            expect![[
                r#"Write([FileChange { path: "a", how: Edit, added: ["y"], removed: ["x"] }])"#
            ]],
        ),
        (
            Claude,
            "Edit",
            r#"{"file_path":"a","old_string":"x"}"#,
            expect!["tool `Edit` came without its `new_string`"],
        ),
        (
            Claude,
            "MultiEdit",
            r#"{"file_path":"a","edits":[{"old_string":"x","new_string":"y"},{"old_string":"p","new_string":"q"}]}"#,
            expect![[
                r#"Write([FileChange { path: "a", how: Edit, added: ["y", "q"], removed: ["x", "p"] }])"#
            ]],
        ),
        (
            Claude,
            "NotebookEdit",
            r#"{"notebook_path":"a.ipynb","new_source":"s"}"#,
            expect![[
                r#"Write([FileChange { path: "a.ipynb", how: Edit, added: ["s"], removed: [] }])"#
            ]],
        ),
        (
            Claude,
            "Read",
            r#"{"file_path":"a"}"#,
            expect![[r#"Read { paths: ["a"], content: None }"#]],
        ),
        (
            Claude,
            "Read",
            r#"{"file_path":["a"]}"#,
            expect!["tool `Read` came without its `file_path`"],
        ),
        (
            Claude,
            "Grep",
            r#"{"pattern":"k","path":"~/.ssh","glob":"id_*"}"#,
            expect![[r#"Search { roots: ["~/.ssh"], globs: ["id_*"] }"#]],
        ),
        (
            Claude,
            "Glob",
            r#"{"pattern":"**/*.rs"}"#,
            expect![[r#"Search { roots: [], globs: ["**/*.rs"] }"#]],
        ),
        (
            Claude,
            "WebFetch",
            r#"{"url":"https://a","prompt":"p"}"#,
            expect![[r#"Fetch { target: "https://a" }"#]],
        ),
        (
            Claude,
            "mcp__files__read_it",
            r"{}",
            expect![[r#"Mcp { server: "files", tool: "read_it" }"#]],
        ),
        (
            Claude,
            "ReadMcpResourceTool",
            r#"{"server":"s","uri":"file:///x"}"#,
            expect![[r#"Mcp { server: "s", tool: "resource" }"#]],
        ),
        (Claude, "TodoWrite", r#"{"todos":[]}"#, expect!["Other"]),
        (Claude, "SomethingNew", r"{}", expect!["Unknown"]),
        (
            Codex,
            "write_stdin",
            r#"{"session_id":1,"chars":"cat x\r"}"#,
            expect![[r#"Command { text: "cat x\n", shell: Posix }"#]],
        ),
        (Codex, "write_stdin", r#"{"session_id":1,"chars":"\u0003"}"#, expect!["Other"]),
        (Codex, "write_stdin", r#"{"session_id":1,"chars":""}"#, expect!["Other"]),
        (
            Codex,
            "Bash",
            r#"{"command":["bash","-lc","cat x | sh"]}"#,
            expect![[r#"Command { text: "cat x | sh", shell: Posix }"#]],
        ),
        (
            Codex,
            "shell",
            r#"{"command":["cat","a b"]}"#,
            expect![[r#"Command { text: "cat 'a b'", shell: Posix }"#]],
        ),
        (
            Codex,
            "apply_patch",
            r#"{"command":"*** Begin Patch\n*** Add File: n\n+x\n*** End Patch\n"}"#,
            expect![[
                r#"Write([FileChange { path: "n", how: Whole, added: ["x\n"], removed: [] }])"#
            ]],
        ),
        (Codex, "apply_patch", r#"{"command":"nothing"}"#, expect!["the patch cannot be read"]),
        (
            Gemini,
            "run_shell_command",
            r#"{"command":"ls"}"#,
            expect![[r#"Command { text: "ls", shell: Posix }"#]],
        ),
        (
            Gemini,
            "replace",
            r#"{"file_path":"a","old_string":"x","new_string":"y"}"#,
            expect![[
                r#"Write([FileChange { path: "a", how: Edit, added: ["y"], removed: ["x"] }])"#
            ]],
        ),
        (
            Gemini,
            "read_many_files",
            r#"{"include":["a","b"]}"#,
            expect![[r#"Read { paths: ["a", "b"], content: None }"#]],
        ),
        (
            Gemini,
            "grep_search",
            r#"{"pattern":"k","dir_path":"d","include_pattern":"*.env"}"#,
            expect![[r#"Search { roots: ["d"], globs: ["*.env"] }"#]],
        ),
        (
            Gemini,
            "mcp_files_read_it",
            r"{}",
            expect![[r#"Mcp { server: "files", tool: "read_it" }"#]],
        ),
        (
            Cursor,
            "Shell",
            r#"{"command":"ls"}"#,
            expect![[r#"Command { text: "ls", shell: Posix }"#]],
        ),
        (
            Cursor,
            "Delete",
            r#"{"path":"a"}"#,
            expect![[r#"Write([FileChange { path: "a", how: Delete, added: [], removed: [] }])"#]],
        ),
        (Cursor, "MCP:query", r"{}", expect![[r#"Mcp { server: "", tool: "query" }"#]]),
        (
            OpenCode,
            "edit",
            r#"{"filePath":"a","oldString":"x","newString":"y"}"#,
            expect![[
                r#"Write([FileChange { path: "a", how: Edit, added: ["y"], removed: ["x"] }])"#
            ]],
        ),
        (
            OpenCode,
            "github_search",
            r"{}",
            expect![[r#"Mcp { server: "github", tool: "search" }"#]],
        ),
    ] {
        check(agent, name, input, &want);
    }
}

#[test]
fn names_are_sorted_and_lower_case() {
    assert!(KINDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert!(KINDS.iter().all(|(name, _)| name.to_ascii_lowercase() == *name));
}

#[test]
fn two_names_of_one_argument_must_agree() {
    for (tool, input, refused) in [
        ("Read", r#"{"file_path":"README.md","path":"/root/.ssh/id_rsa"}"#, true),
        ("Read", r#"{"file_path":"a","path":"a"}"#, false),
        ("Write", r#"{"file_path":"a","content":"x","contents":"y"}"#, true),
        ("Edit", r#"{"file_path":"a","old_string":"x","new_string":"y","newString":"z"}"#, true),
        ("exec_command", r#"{"command":"ls","cmd":"rm -rf /"}"#, true),
        ("exec_command", r#"{"command":null,"cmd":"ls"}"#, true),
        ("exec_command", r#"{"cmd":"ls"}"#, false),
    ] {
        let input = Json::from(crate::agents::json::parse(input.as_bytes()).unwrap());
        let read = of_call(Agent::Cursor, tool, &input);
        assert_eq!(read.is_err(), refused, "{tool} {input:?}: {read:?}");
    }
}
