//! Each protocol's documented inputs, and what is answered beyond yes and no.

use crate::agents::answer::{Call, answer, read};
use crate::agents::json::{Json, parse};
use crate::agents::request::{Agent, Decision, Judgement, Request, Tool};
use expect_test::{Expect, expect};

fn request(input: &str) -> Request {
    read(&Call::default(), input.as_bytes()).1.unwrap()
}

fn check(input: &str, judgement: Judgement, want: &Expect) {
    let reply = answer(&Call::default(), input.as_bytes(), |_| judgement).reply;
    assert_eq!(reply.code, 0, "{}", reply.stderr);
    want.assert_eq(&reply.stdout);
}

fn covered(output: &str) -> Judgement {
    let mut judgement = Judgement::allow();
    judgement.updated_output = Some(Json::from(parse(output.as_bytes()).unwrap()));
    judgement.context = Some("covered".to_owned());
    judgement
}

fn rewritten(input: &str) -> Judgement {
    let mut judgement = Judgement::allow();
    judgement.updated_input = Some(Json::from(parse(input.as_bytes()).unwrap()));
    judgement
}

const CLAUDE_POST: &str = r#"{"session_id":"abc123","transcript_path":"/t.jsonl","cwd":"/w","permission_mode":"default","hook_event_name":"PostToolUse","tool_name":"Bash","tool_input":{"command":"env"},"tool_response":{"stdout":"K=v","stderr":"","interrupted":false,"isImage":false},"tool_use_id":"toolu_01","duration_ms":12}"#;
const CLAUDE_MCP_POST: &str = r#"{"session_id":"abc123","transcript_path":"/t.jsonl","cwd":"/w","hook_event_name":"PostToolUse","tool_name":"mcp__files__read","tool_input":{},"tool_response":[{"type":"text","text":"K=v"}],"tool_use_id":"toolu_01"}"#;

#[test]
fn claude_output_is_replaced() {
    check(
        CLAUDE_POST,
        covered(r#"{"stdout":"K=[redacted]","stderr":""}"#),
        &expect![[r#"
        {"hookSpecificOutput":{"hookEventName":"PostToolUse","updatedToolOutput":{"stdout":"K=[redacted]","stderr":""},"additionalContext":"covered"}}
    "#]],
    );
    check(
        CLAUDE_MCP_POST,
        covered("[]"),
        &expect![[r#"
        {"hookSpecificOutput":{"hookEventName":"PostToolUse","updatedToolOutput":[],"updatedMCPToolOutput":[],"additionalContext":"covered"}}
    "#]],
    );
    check(
        CLAUDE_POST,
        Judgement::deny("no"),
        &expect![[r#"
        {"decision":"block","reason":"no"}
    "#]],
    );
}

#[test]
fn claude_input_is_rewritten_in_front_of_the_person() {
    let input = r#"{"session_id":"s","transcript_path":"/t","cwd":"/w","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"npm i x"},"tool_use_id":"u"}"#;
    check(
        input,
        rewritten(r#"{"command":"npm i --ignore-scripts x"}"#),
        &expect![[r#"
        {"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"ask","permissionDecisionReason":"","updatedInput":{"command":"npm i --ignore-scripts x"}}}
    "#]],
    );
}

#[test]
fn claude_permissions_prompts_and_settings() {
    let permission = r#"{"session_id":"s","transcript_path":"/t","cwd":"/w","hook_event_name":"PermissionRequest","tool_name":"Bash","tool_input":{"command":"x"},"permission_suggestions":[]}"#;
    check(
        permission,
        Judgement::deny("no"),
        &expect![[r#"
        {"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":{"behavior":"deny","message":"no"}}}
    "#]],
    );
    check(
        permission,
        Judgement::ask("why?"),
        &expect![[r"
        {}
    "]],
    );
    let prompt = r#"{"session_id":"s","transcript_path":"/t","cwd":"/w","hook_event_name":"UserPromptSubmit","prompt":"do it","source":"user"}"#;
    check(
        prompt,
        Judgement::deny("no"),
        &expect![[r#"
        {"decision":"block","reason":"no","hookSpecificOutput":{"hookEventName":"UserPromptSubmit","suppressOriginalPrompt":true}}
    "#]],
    );
    let change = r#"{"session_id":"s","transcript_path":"/t","cwd":"/w","hook_event_name":"ConfigChange","source":"user_settings","file_path":"/h/.claude/settings.json"}"#;
    check(
        change,
        Judgement::deny("no"),
        &expect![[r#"
        {"decision":"block","reason":"no"}
    "#]],
    );
}

const CODEX_POST: &str = r#"{"session_id":"s","turn_id":"t","transcript_path":null,"cwd":"/w","hook_event_name":"PostToolUse","model":"gpt-5","permission_mode":"default","tool_name":"Bash","tool_input":{"command":"env"},"tool_response":"K=v","tool_use_id":"u"}"#;

#[test]
fn codex_is_told_in_what_every_version_knows() {
    assert_eq!(request(CODEX_POST).agent, Agent::Codex);
    check(
        CODEX_POST,
        covered(r#""K=[redacted]""#),
        &expect![[r#"
        {"decision":"block","reason":"K=[redacted]","hookSpecificOutput":{"hookEventName":"PostToolUse","additionalContext":"covered"}}
    "#]],
    );
    let pre = CODEX_POST.replace("PostToolUse", "PreToolUse");
    check(
        &pre,
        rewritten(r#"{"command":"y"}"#),
        &expect![[r#"
        {"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"allow","updatedInput":{"command":"y"}}}
    "#]],
    );
    check(
        &pre,
        Judgement::deny("  "),
        &expect![[r#"
        {"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"not allowed by sanctum"}}
    "#]],
    );
}

const GEMINI_POST: &str = r#"{"session_id":"s","transcript_path":"/t","cwd":"/w","hook_event_name":"AfterTool","timestamp":"2026-01-01T00:00:00Z","tool_name":"run_shell_command","tool_input":{"command":"env"},"tool_response":{"llmContent":"K=v","returnDisplay":"K=v"}}"#;

#[test]
fn gemini_output_is_replaced_by_a_denial() {
    let post = GEMINI_POST;
    assert_eq!(request(post).agent, Agent::Gemini);
    check(
        post,
        covered(r#"{"llmContent":"K=[redacted]","returnDisplay":"x"}"#),
        &expect![[r#"
        {"decision":"deny","reason":"K=[redacted]","hookSpecificOutput":{"hookEventName":"AfterTool","additionalContext":"covered"}}
    "#]],
    );
    let pre = post.replace("AfterTool", "BeforeTool");
    check(
        &pre,
        rewritten(r#"{"command":"y"}"#),
        &expect![[r#"
        {"hookSpecificOutput":{"hookEventName":"BeforeTool","tool_input":{"command":"y"}}}
    "#]],
    );
}

#[test]
fn cursor_events_have_a_shape_each() {
    let common = r#""conversation_id":"c","generation_id":"g","workspace_roots":["/w"]"#;
    let mcp = format!(
        r#"{{{common},"hook_event_name":"beforeMCPExecution","tool_name":"query","tool_input":"{{\"sql\":\"select\"}}","url":"https://db"}}"#
    );
    expect![[r#"Mcp { server: "https://db", tool: "query" } Map([("sql", Text("select"))])"#]]
        .assert_eq(&format!("{:?} {:?}", request(&mcp).tool, request(&mcp).input));
    let read = format!(
        r#"{{{common},"hook_event_name":"beforeReadFile","file_path":"/w/.env","content":"K=v","attachments":[]}}"#
    );
    expect![[r#"Read { paths: ["/w/.env"], content: Some("K=v") }"#]]
        .assert_eq(&format!("{:?}", request(&read).tool));
    check(
        &read,
        Judgement::ask("why?"),
        &expect![[r#"
        {"permission":"deny","user_message":"why?","agent_message":"why?"}
    "#]],
    );
    let edit = format!(
        r#"{{{common},"hook_event_name":"afterFileEdit","file_path":"/w/a","edits":[{{"old_string":"x","new_string":"y"}}]}}"#
    );
    check(
        &edit,
        Judgement::deny("too late"),
        &expect![[r"
        {}
    "]],
    );
    let prompt = format!(
        r#"{{{common},"hook_event_name":"beforeSubmitPrompt","prompt":"p","attachments":[]}}"#
    );
    check(
        &prompt,
        Judgement::deny("no"),
        &expect![[r#"
        {"continue":false,"user_message":"no"}
    "#]],
    );
    let tool = format!(
        r#"{{{common},"hook_event_name":"preToolUse","tool_name":"Shell","tool_input":{{"command":"x"}},"tool_use_id":"u"}}"#
    );
    check(
        &tool,
        rewritten(r#"{"command":"y"}"#),
        &expect![[r#"
        {"permission":"allow","updated_input":{"command":"y"}}
    "#]],
    );
    assert_eq!(request(&tool).cwd.as_deref(), Some("/w"));
}

#[test]
fn the_shim_gets_arguments_and_output_back() {
    let after = r#"{"agent":"opencode","event":"tool.execute.after","tool":"bash","session":"s","cwd":"/w","args":{"command":"env"},"output":"K=v"}"#;
    check(
        after,
        covered(r#""K=[redacted]""#),
        &expect![[r#"
        {"decision":"allow","output":"K=[redacted]"}
    "#]],
    );
    let before = r#"{"agent":"opencode","event":"tool.execute.before","tool":"bash","session":"s","cwd":"/w","args":{"command":"x"}}"#;
    check(
        before,
        rewritten(r#"{"command":"y"}"#),
        &expect![[r#"
        {"decision":"allow","args":{"command":"y"}}
    "#]],
    );
}

#[test]
fn the_plain_form_gives_the_covered_output_back() {
    let after = r#"{"command":"env","stdout":"K=v","stderr":"","exit_code":0}"#;
    check(
        after,
        covered(r#"{"stdout":"K=[redacted]","stderr":""}"#),
        &expect![[r#"
        {"decision":"allow","context":"covered","stdout":"K=[redacted]","stderr":""}
    "#]],
    );
    assert_eq!(request(after).result.unwrap().exit_code, Some(0));
}

#[test]
fn a_writer_by_itself_lets_no_question_through_where_there_is_none() {
    let codex = CODEX_POST.replace("PostToolUse", "PreToolUse");
    let gemini = r#"{"hook_event_name":"BeforeTool","timestamp":"t","tool_name":"read_file","tool_input":{"file_path":"a"}}"#;
    let opencode = r#"{"agent":"opencode","event":"tool.execute.before","tool":"read","args":{"filePath":"a"}}"#;
    let cursor = r#"{"conversation_id":"c","hook_event_name":"preToolUse","tool_name":"Read","tool_input":{"path":"a"}}"#;
    for input in [codex.as_str(), gemini, opencode, cursor] {
        for decision in [Decision::Ask, Decision::Defer, Decision::Deny] {
            let judgement = Judgement::of(decision, "why?");
            let reply = super::write(&request(input), &judgement, Decision::Deny);
            assert!(reply.stdout.contains("\"deny\""), "{decision:?} {input}: {}", reply.stdout);
        }
    }
}

#[test]
fn the_least_of_claude_is_claude() {
    let least = r#"{"tool_name":"Bash","tool_input":{"command":"x"}}"#;
    let request = request(least);
    assert_eq!((request.agent, request.event_name.as_str()), (Agent::Claude, "PreToolUse"));
    check(
        least,
        Judgement::of(Decision::Deny, "no"),
        &expect![[r#"
        {"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"no"}}
    "#]],
    );
}

/// Every kind of answer to Claude Code and the settings that are installed, as a module that its own types are checked against
/// by tests/tools/agent-types.
#[test]
fn answers_for_the_types_of_the_vendor_are_up_to_date() {
    let pre = r#"{"session_id":"s","transcript_path":"/t","cwd":"/w","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"x"},"tool_use_id":"u"}"#;
    let of = |event: &str| pre.replace("PreToolUse", event);
    let permission = of("PermissionRequest");
    let prompt = r#"{"session_id":"s","transcript_path":"/t","cwd":"/w","hook_event_name":"UserPromptSubmit","prompt":"p"}"#;
    let mut context = Judgement::allow();
    context.context = Some("known".to_owned());
    let headless = Call { headless: true, unattended: Decision::Defer, ..Call::default() };
    let mut out = String::from(
        "// Made by a test of sanctum-firewall; do not edit. tests/tools/agent-types/check reads it.\nimport type { SyncHookJSONOutput, Settings } from \"@anthropic-ai/claude-agent-sdk\"\n\nexport const replies: SyncHookJSONOutput[] = [\n",
    );
    for (call, input, judgement) in [
        (Call::default(), pre, Judgement::allow()),
        (Call::default(), pre, Judgement::ask("why?")),
        (Call::default(), pre, Judgement::deny("no")),
        (headless, pre, Judgement::ask("why?")),
        (Call::default(), pre, rewritten(r#"{"command":"y"}"#)),
        (Call::default(), pre, context.clone()),
        (Call::default(), &permission, Judgement::deny("no")),
        (Call::default(), CLAUDE_POST, covered(r#"{"stdout":"","stderr":""}"#)),
        (Call::default(), CLAUDE_POST, Judgement::deny("no")),
        (Call::default(), CLAUDE_MCP_POST, covered("[]")),
        (Call::default(), prompt, Judgement::deny("no")),
        (Call::default(), prompt, context.clone()),
        (Call::default(), &of("SessionStart"), context),
        (Call::default(), &of("ConfigChange"), Judgement::deny("no")),
    ] {
        let reply = answer(&call, input.as_bytes(), |_| judgement).reply;
        out.push_str(&format!("  {},\n", reply.stdout.trim_end()));
    }
    let program = sanctum_types::AbsPath::new("/usr/local/bin/sanctum").unwrap();
    let installed = crate::agents::settings::install(Agent::Claude, None, &program).unwrap();
    out.push_str(&format!("]\n\nexport const settings: Settings = {}", installed.text.unwrap()));
    expect_test::expect_file!["../../../../tests/tools/agent-types/claude.ts"].assert_eq(&out);
}

/// Inputs of tools as the types of Claude Code's own package have them: type, tool, input, what is read of it.
const CALLS: &[(&str, &str, &str, &str)] = &[
    ("BashInput", "Bash", r#"{"command":"ls"}"#, "Command ls"),
    (
        "MonitorInput",
        "Monitor",
        r#"{"command":"ls","description":"d","timeout_ms":1,"persistent":false}"#,
        "Command ls",
    ),
    ("REPLInput", "REPL", r#"{"code":"1"}"#, "Command node -e '1'"),
    ("FileReadInput", "Read", r#"{"file_path":"/a"}"#, "Read /a"),
    ("FileWriteInput", "Write", r#"{"file_path":"/a","content":"c"}"#, "Write /a c"),
    (
        "FileEditInput",
        "Edit",
        r#"{"file_path":"/a","old_string":"b","new_string":"c"}"#,
        "Write /a c",
    ),
    (
        "NotebookEditInput",
        "NotebookEdit",
        r#"{"notebook_path":"/a.ipynb","new_source":"c"}"#,
        "Write /a.ipynb c",
    ),
    ("GrepInput", "Grep", r#"{"pattern":"p","path":"/a"}"#, "Search /a"),
    ("GlobInput", "Glob", r#"{"pattern":"*.rs","path":"/a"}"#, "Search /a *.rs"),
    (
        "WebFetchInput",
        "WebFetch",
        r#"{"url":"https://example.org","prompt":"p"}"#,
        "Fetch https://example.org",
    ),
    ("WebSearchInput", "WebSearch", r#"{"query":"q"}"#, "Fetch q"),
    ("ReadMcpResourceInput", "ReadMcpResourceTool", r#"{"server":"s","uri":"file:///a"}"#, "Mcp s"),
    (
        "ReadMcpResourceDirInput",
        "ReadMcpResourceDirTool",
        r#"{"server":"s","uri":"file:///a"}"#,
        "Mcp s",
    ),
];

#[test]
fn what_is_read_of_each_tool_is_what_its_type_holds() {
    let types: Vec<&str> = CALLS.iter().map(|(name, ..)| *name).collect();
    let mut out = format!(
        "// Made by a test of sanctum-firewall; do not edit. tests/tools/agent-types/check reads it.\nimport type {{ {} }} from \"@anthropic-ai/claude-code/sdk-tools.d.ts\"\n\n",
        types.join(", ")
    );
    for (name, tool, input, want) in CALLS {
        let parsed = Json::from(parse(input.as_bytes()).unwrap());
        let read = crate::agents::tool::of_call(Agent::Claude, tool, &parsed).unwrap();
        let said = match read {
            Tool::Command { text, .. } => format!("Command {text}"),
            Tool::Read { paths, .. } => format!("Read {}", paths.join(" ")),
            Tool::Write(changes) => {
                let all = changes.iter().map(|one| format!("{} {}", one.path, one.added.join(" ")));
                format!("Write {}", all.collect::<Vec<_>>().join(" "))
            }
            Tool::Search { roots, globs } => {
                format!("Search {}", [roots, globs].concat().join(" "))
            }
            Tool::Fetch { target } => format!("Fetch {target}"),
            Tool::Mcp { server, .. } => format!("Mcp {server}"),
            Tool::Unknown | Tool::Other => "Other".to_owned(),
        };
        assert_eq!(said, *want, "{tool}");
        out.push_str(&format!("export const of{name}: {name} = {input}\n"));
    }
    expect_test::expect_file!["../../../../tests/tools/agent-types/tools.ts"].assert_eq(&out);
}

/// `tests/tools/agent-types/check` reads the same against the reference of hooks in Gemini CLI's own package.
#[test]
fn what_gemini_is_told_and_gets_into_its_settings() {
    let pre = GEMINI_POST.replace("AfterTool", "BeforeTool");
    let mut replies: Vec<String> = Vec::new();
    for (event, input, judgement) in [
        ("BeforeTool", pre.as_str(), Judgement::allow()),
        ("BeforeTool", &pre, Judgement::deny("no")),
        ("BeforeTool", &pre, Judgement::ask("why?")),
        ("BeforeTool", &pre, rewritten(r#"{"command":"y"}"#)),
        ("AfterTool", GEMINI_POST, Judgement::allow()),
        ("AfterTool", GEMINI_POST, Judgement::deny("no")),
        ("AfterTool", GEMINI_POST, covered(r#"{"llmContent":"K=[redacted]","returnDisplay":"x"}"#)),
    ] {
        let reply = answer(&Call::default(), input.as_bytes(), |_| judgement).reply;
        replies.push(format!(
            "    {{\"event\": \"{event}\", \"reply\": {}}}",
            reply.stdout.trim_end()
        ));
    }
    let program = sanctum_types::AbsPath::new("/usr/local/bin/sanctum").unwrap();
    let installed = crate::agents::settings::install(Agent::Gemini, None, &program).unwrap();
    let out = format!(
        "{{\n  \"replies\": [\n{}\n  ],\n  \"settings\": {}\n}}\n",
        replies.join(",\n"),
        installed.text.unwrap().trim_end()
    );
    expect_test::expect_file!["../../../../tests/tools/agent-types/gemini.json"].assert_eq(&out);
}

/// Every event that Cursor's SDK knows, by the name that it has there.
const CURSOR_EVENTS: &[&str] = &[
    "afterAgentResponse",
    "afterAgentThought",
    "afterFileEdit",
    "afterMCPExecution",
    "afterShellExecution",
    "afterTabFileEdit",
    "beforeMCPExecution",
    "beforeReadFile",
    "beforeShellExecution",
    "beforeSubmitPrompt",
    "beforeTabFileRead",
    "postToolUse",
    "postToolUseFailure",
    "preCompact",
    "preToolUse",
    "sessionEnd",
    "sessionStart",
    "stop",
    "subagentStart",
    "subagentStop",
    "workspaceOpen",
];

const CURSOR_INPUTS: &[&str] = &[
    r#"{"conversation_id":"c","hook_event_name":"beforeShellExecution","command":"ls","cwd":"/w"}"#,
    r#"{"conversation_id":"c","hook_event_name":"beforeMCPExecution","tool_name":"query","tool_input":"{}","url":"https://db"}"#,
    r#"{"conversation_id":"c","hook_event_name":"beforeReadFile","file_path":"/w/a","content":"x"}"#,
    r#"{"conversation_id":"c","hook_event_name":"preToolUse","tool_name":"Shell","tool_input":{"command":"ls"}}"#,
    r#"{"conversation_id":"c","hook_event_name":"postToolUse","tool_name":"MCP:query","tool_input":{},"tool_output":"{}"}"#,
    r#"{"conversation_id":"c","hook_event_name":"beforeSubmitPrompt","prompt":"p","attachments":[]}"#,
];

/// What a matcher of Cursor's looks at, as far as this was read.
fn subject(request: &Request) -> String {
    match (&request.tool, request.event_name.as_str()) {
        (Tool::Command { text, .. }, "beforeShellExecution") => text.clone(),
        (Tool::Mcp { tool, .. }, _) => format!("MCP:{tool}"),
        (_, "beforeSubmitPrompt") => "UserPromptSubmit".to_owned(),
        (Tool::Read { .. }, _) => "Read".to_owned(),
        _ => request.tool_name.clone(),
    }
}

/// `tests/tools/agent-types/check` gives the same to the judges of hooks in Cursor's own SDK.
#[test]
fn what_cursor_is_told_and_gets_into_its_settings() {
    let (mut replies, mut inputs): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for input in CURSOR_INPUTS {
        let read = request(input);
        let event = &read.event_name;
        inputs.push(format!(
            "    {{\"event\": \"{event}\", \"subject\": \"{}\", \"input\": {input}}}",
            subject(&read)
        ));
        for judgement in [
            Judgement::deny("no"),
            Judgement::ask("why?"),
            Judgement::allow(),
            rewritten(r#"{"command":"y"}"#),
            covered(r#"{"content":[]}"#),
        ] {
            let reply = answer(&Call::default(), input.as_bytes(), |_| judgement).reply;
            replies.push(format!(
                "    {{\"event\": \"{event}\", \"reply\": {}}}",
                reply.stdout.trim_end()
            ));
        }
    }
    replies.dedup();
    for event in CURSOR_EVENTS {
        let input = format!(r#"{{"conversation_id":"c","hook_event_name":"{event}"}}"#);
        let (_, read) = read(&Call::default(), input.as_bytes());
        let refused = matches!(read, Err(crate::agents::tool::RequestError::Event(_)));
        assert!(!refused, "{event}");
    }
    let program = sanctum_types::AbsPath::new("/usr/local/bin/sanctum").unwrap();
    let installed = crate::agents::settings::install(Agent::Cursor, None, &program).unwrap();
    let out = format!(
        "{{\n  \"events\": [\"{}\"],\n  \"inputs\": [\n{}\n  ],\n  \"replies\": [\n{}\n  ],\n  \"settings\": {}\n}}\n",
        CURSOR_EVENTS.join("\", \""),
        inputs.join(",\n"),
        replies.join(",\n"),
        installed.text.unwrap().trim_end()
    );
    expect_test::expect_file!["../../../../tests/tools/agent-types/cursor.json"].assert_eq(&out);
}

/// `tests/tools/agent-types/codex` holds the same against the schemas that Codex's own program carries.
#[test]
fn what_codex_is_told_and_gets_into_its_settings() {
    let pre =
        CODEX_POST.replace("PostToolUse", "PreToolUse").replace(r#","tool_response":"K=v""#, "");
    let permission =
        pre.replace("PreToolUse", "PermissionRequest").replace(r#","tool_use_id":"u""#, "");
    let mut told = Judgement::allow();
    told.context = Some("known".to_owned());
    let (mut replies, mut inputs): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for (schema, input) in [
        ("pre-tool-use", pre.as_str()),
        ("post-tool-use", CODEX_POST),
        ("permission-request", &permission),
    ] {
        assert_eq!(request(input).agent, Agent::Codex, "{schema}");
        inputs.push(format!("    {{\"schema\": \"{schema}\", \"value\": {input}}}"));
        for judgement in [
            Judgement::deny("no"),
            Judgement::deny(""),
            Judgement::ask("why?"),
            Judgement::allow(),
            told.clone(),
            rewritten(r#"{"command":"y"}"#),
            covered(r#""K=[redacted]""#),
        ] {
            let reply = answer(&Call::default(), input.as_bytes(), |_| judgement).reply;
            replies.push(format!(
                "    {{\"schema\": \"{schema}\", \"value\": {}}}",
                reply.stdout.trim_end()
            ));
        }
    }
    replies.dedup();
    let program = sanctum_types::AbsPath::new("/usr/local/bin/sanctum").unwrap();
    let installed = crate::agents::settings::install(Agent::Codex, None, &program).unwrap();
    let out = format!(
        "{{\n  \"inputs\": [\n{}\n  ],\n  \"replies\": [\n{}\n  ],\n  \"settings\": {}\n}}\n",
        inputs.join(",\n"),
        replies.join(",\n"),
        installed.text.unwrap().trim_end()
    );
    expect_test::expect_file!["../../../../tests/tools/agent-types/codex.json"].assert_eq(&out);
}
